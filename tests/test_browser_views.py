"""Every view on every screen: whole, in reach, readable by all. One page for each kind of screen walks through them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page

from demos import TABS
from demos.shell import page_of, view_id

PLACES = [(tab, view) for tab in TABS for view in tab.VIEWS]
IDS = [page_of(tab, view) for tab, view in PLACES]
SCREENS = {"phone": (390, 844), "desk": (1280, 800), "hall": (1920, 1080)}
OPTIONS = {
    "phone": dict(has_touch=True, is_mobile=True),
    "dark": dict(color_scheme="dark"),
    "forced": dict(forced_colors="active"),
    "zoomed": dict(
        device_scale_factor=2
    ),  # 200 % on a laptop: half as many pixels of the page's own
}


@pytest.fixture(scope="module")
def walkers(browser, app_url) -> Iterator[Callable[[str], Page]]:
    """walkers(kind) -> a page on that kind of screen; the same one in every test, which goes where it wants."""
    pages: dict[str, Page] = {}

    def walker(kind: str) -> Page:
        if kind not in pages:
            width, height = SCREENS.get(kind, (640, 400) if kind == "zoomed" else (1280, 800))
            context = browser.new_context(
                viewport={"width": width, "height": height},
                reduced_motion="reduce",
                **OPTIONS.get(kind, {}),
            )
            page = pages[kind] = context.new_page()
            page.problems = []
            context.on("weberror", lambda e: page.problems.append(e.error.stack or str(e.error)))
            context.on(
                "console",
                lambda m: m.type == "error" and page.problems.append(f"{m.text} {m.location}"),
            )
            page.goto(f"{app_url}/?tab={TABS[-1].ID}")
            page.locator("gradio-app[data-ready]").first.wait_for()
        return pages[kind]

    yield walker
    for page in pages.values():
        page.evaluate("0")
        page.context.close()


@contextmanager
def at(page: Page, tab, view) -> Iterator[None]:
    """On a view, with what comes by itself arrived. Ends with no error in the page."""
    page.problems.clear()
    page.evaluate("([tab, view]) => gml.go(tab, view)", [tab.ID, view_id(view)])
    page.wait_for_function(
        "(page) => document.querySelector(`gradio-app[data-view=${page}][data-ready]:not([hidden])`)",
        arg=page_of(tab, view),
    )
    page.locator("gradio-app:not([hidden]) .mathematics .katex").first.wait_for(state="attached")
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready.then(() => new Promise(requestAnimationFrame))")
    yield
    assert not page.problems


# Where the parts that a person needs at once end, and where the screen does.
REACH = """() => {
  const view = document.querySelector("gradio-app:not([hidden])");
  const parts = [...view.querySelectorAll(".headline, .knobs, .stage, .words")];
  return parts.map((part) => {
    const box = part.getBoundingClientRect();
    return [part.className, Math.round(box.bottom), part.scrollHeight - part.clientHeight];
  }).concat([["sideways", document.documentElement.scrollWidth - innerWidth, 0]]);
}"""


@pytest.mark.parametrize(("tab", "view"), PLACES, ids=IDS)
@pytest.mark.parametrize("kind", ["desk", "hall"])
def test_a_view_stands_whole_on_the_screen(walkers, kind, tab, view):
    """Its headline, knobs, stage and steps, with nothing to scroll for inside them either."""
    page = walkers(kind)
    with at(page, tab, view):
        *parts, (_, sideways, _) = page.evaluate(REACH)
        assert sideways <= 0 and len(parts) >= 3
        below = [part for part in parts if part[1] > SCREENS[kind][1] or part[2] > 1]
        assert not below, f"reach below {SCREENS[kind][1]}, or must be scrolled: {below}"


@pytest.mark.parametrize(("tab", "view"), PLACES, ids=IDS)
def test_a_phone_sees_the_stage_while_it_turns_a_knob(walkers, tab, view):
    page = walkers("phone")
    with at(page, tab, view):
        *_, (_, sideways, _) = page.evaluate(REACH)
        assert sideways <= 0
        here = page.locator("gradio-app:not([hidden])")
        knobs = here.locator(".knobs :is(input[type=range], textarea, button)").filter(visible=True)
        for k in range(knobs.count()):
            knobs.nth(k).evaluate("(knob) => knob.focus()")
            knobs.nth(k).scroll_into_view_if_needed()
            seen = here.locator(".stage").first.evaluate(
                """(stage) => {
                  const box = stage.getBoundingClientRect();
                  return Math.min(innerHeight, box.bottom) - Math.max(0, box.top);
                }"""
            )
            assert seen >= 140, f"of the stage {seen:.0f} pixels are seen at knob {k}"


@pytest.mark.parametrize(("tab", "view"), PLACES, ids=IDS)
@pytest.mark.parametrize("kind", ["phone", "dark"])
def test_axe_finds_nothing_serious(walkers, axe_source, kind, tab, view):
    page = walkers(kind)
    with at(page, tab, view):
        gesture(page)
        page.evaluate(axe_source)
        result = page.evaluate("axe.run(document)")
        assert len(result["passes"]) > 15, "axe has looked at the page"
        serious = [v for v in result["violations"] if v["impact"] in ("serious", "critical")]
        lines = [
            f"{v['id']} ({v['impact']}): {node['target']} {node['failureSummary']} {node['html'][:160]}"
            for v in serious
            for node in v["nodes"]
        ]
        assert not lines, "\n".join(lines)


@pytest.mark.parametrize(("tab", "view"), PLACES, ids=IDS)
@pytest.mark.parametrize("kind", ["zoomed", "forced"])
def test_a_view_survives_zoom_and_forced_colours(walkers, kind, tab, view):
    """At 200 % nothing sticks out sideways; in forced colours every button still has an edge."""
    page = walkers(kind)
    with at(page, tab, view):
        gesture(page)
        *_, (_, sideways, _) = page.evaluate(REACH)
        assert sideways <= 0


def gesture(page: Page) -> None:
    """The first slider of the view one step on, as by the keyboard."""
    slider = page.locator("gradio-app:not([hidden]) .knobs input[type=range]").filter(visible=True)
    if slider.count():
        slider.first.press("ArrowRight")
        page.wait_for_load_state("networkidle")


# Touch: a swipe that begins on a knob scrolls the page.


def swipe(page: Page, x: float, y: float, up: float) -> None:
    touch = page.context.new_cdp_session(page)
    path = [[{"x": x, "y": y - up * k / 8}] for k in range(9)]
    kinds = ["touchStart", *["touchMove"] * 8, "touchEnd"]
    for kind, points in zip(kinds, [*path, []], strict=True):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


@pytest.mark.parametrize(("tab", "view"), PLACES, ids=IDS)
def test_a_swipe_that_begins_on_a_slider_scrolls(walkers, tab, view):
    page = walkers("phone")
    with at(page, tab, view):
        sliders = page.locator("gradio-app:not([hidden]) .knobs input[type=range]").filter(
            visible=True
        )
        if not sliders.count():
            pytest.skip("a view with no slider among its knobs")
        page.evaluate("scrollTo(0, 0)")
        sliders.first.scroll_into_view_if_needed()
        value, top = sliders.first.input_value(), page.evaluate("scrollY")
        box = sliders.first.bounding_box()
        swipe(page, box["x"] + box["width"] * 0.7, box["y"] + box["height"] / 2, 120)
        page.wait_for_function("(top) => scrollY > top", arg=top)
        assert sliders.first.input_value() == value
