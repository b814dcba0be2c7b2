"""What the browser tests have in common: gestures on a canvas, and waiting for what should change."""

from playwright.sync_api import Page, expect

PHONE, DESK, HALL = 390, 1280, 1920
# Busy cores are slow, and a test that passes does not wait for it.
expect.set_options(timeout=20_000)


def wait_for_change(page: Page, canvas: str, before: str) -> None:
    condition = "([s, before]) => (document.querySelector(s)?.toDataURL() ?? before) !== before"
    page.wait_for_function(condition, arg=[canvas, before], timeout=20_000)


def questions(page: Page) -> list[str]:
    """What the page asks its server from now on: a list that grows. Fonts of the equations come whenever they come."""
    asked: list[str] = []
    page.on("request", lambda request: "/gradio_api/" in request.url and asked.append(request.url))
    return asked


def url_of(page: Page, canvas: str) -> str:
    """What is on a canvas, as soon as there is one."""
    return page.locator(canvas).evaluate("(canvas) => canvas.toDataURL()")


def expect_done(page: Page, *steps: str) -> None:
    """Exactly these steps of "Try this" are ticked, in the view that is looked at."""
    here = page.locator("gradio-app:not([hidden])")
    for step in steps:
        expect(here.locator(f"[data-step={step}].done .done-text")).to_have_text(" (done)")
    expect(here.locator("[data-step].done")).to_have_count(len(steps))


def go_to(page: Page, title: str) -> None:
    """To a view of this tab, by its chip."""
    page.locator(".views a", has_text=title).click()
    expect(page.locator(".views a[aria-current]")).to_have_text(title)


def point(page: Page, canvas: str, i: int) -> dict[str, float]:
    """Where pixel i is, from the canvas's corner."""
    box = page.locator(canvas).bounding_box()
    return {"x": (i % 28 + 0.5) * box["width"] / 28, "y": (i // 28 + 0.5) * box["height"] / 28}


def stroke(page: Page, canvas: str, start: int, end: int, finger: bool = False) -> None:
    page.locator(canvas).scroll_into_view_if_needed()
    box = page.locator(canvas).bounding_box()
    at = [point(page, canvas, i) for i in (start, (start + end) // 2, end)]
    at = [{"x": box["x"] + p["x"], "y": box["y"] + p["y"]} for p in at]
    if not finger:
        page.mouse.move(**at[0])
        page.mouse.down()
        for p in at[1:]:
            page.mouse.move(**p)
        return page.mouse.up()
    touch = page.context.new_cdp_session(page)
    for kind, points in zip(("Start", "Move", "Move", "End"), [*at, None], strict=True):
        points = [points] if points else []
        touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
