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


# Fonts and pictures are there, and what they have moved has been laid out.
QUIET = """async () => {
  const view = document.querySelector("gradio-app:not([hidden])");
  await Promise.all([...view.querySelectorAll("img[src]")].map((image) => image.decode().catch(() => {})));
  await document.fonts.ready;
  for (let k = 0; k < 2; k++) await new Promise(requestAnimationFrame);
}"""


@contextmanager
def at(page: Page, tab, view) -> Iterator[None]:
    """On a view, with what comes by itself arrived. Ends with no error in the page."""
    page.problems.clear()
    page.evaluate("([tab, view]) => gml.go(tab, view)", [tab.ID, view_id(view)])
    page.wait_for_function(
        "(page) => document.querySelector(`gradio-app[data-view=${page}][data-ready]:not([hidden])`)",
        arg=page_of(tab, view),
    )
    page.evaluate(QUIET)
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


def whole(page: Page, kind: str) -> None:
    """Headline, knobs, stage and steps stand on the screen, with nothing to scroll for inside them either."""
    *parts, (_, sideways, _) = page.evaluate(REACH)
    assert sideways <= 0 and len(parts) >= 3
    below = [part for part in parts if part[1] > SCREENS[kind][1] or part[2] > 1]
    assert not below, f"reach below {SCREENS[kind][1]}, or must be scrolled: {below}"


def accessible(page: Page, axe_source: str) -> None:
    """axe finds nothing serious, after a gesture."""
    slider = page.locator("gradio-app:not([hidden]) .knobs input[type=range]").filter(visible=True)
    if slider.count():
        slider.first.press("ArrowRight")
    page.evaluate("(axe) => window.axe || (0, eval)(axe)", axe_source)
    result = page.evaluate("axe.run(document)")
    assert len(result["passes"]) > 15, "axe has looked at the page"
    serious = [v for v in result["violations"] if v["impact"] in ("serious", "critical")]
    lines = [
        f"{v['id']} ({v['impact']}): {node['target']} {node['failureSummary']} {node['html'][:160]}"
        for v in serious
        for node in v["nodes"]
    ]
    assert not lines, "\n".join(lines)


# What a slide's code or its notice stands on, and a strip that the screen's edge cuts.
COVERED = """() => {
  const view = document.querySelector("gradio-app:not([hidden])");
  const marks = [...document.querySelectorAll(".corner > *")].map((part) => part.getBoundingClientRect());
  const meets = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  const found = [];
  for (const part of view.querySelectorAll(".headline *, .knobs *, .stage *, .strip *")) {
    if (part.closest(".sr, defs") || !part.checkVisibility({ visibilityProperty: true })) continue;
    const words = [...part.childNodes].filter((node) => node.nodeType === 3 && node.textContent.trim());
    const drawn = part.matches("canvas, img, button, input, rect, circle, path") ? [part] : [];
    for (const one of [...words, ...drawn]) {
      const range = document.createRange();
      range.selectNode(one);
      const box = one === part ? part.getBoundingClientRect() : range.getBoundingClientRect();
      if (box.width > 2 && marks.some((mark) => meets(mark, box))) found.push(part.outerHTML.slice(0, 90));
    }
  }
  const strips = [...view.querySelectorAll(".strip")].map((strip) => strip.getBoundingClientRect());
  const cut = ({ top, bottom }) => top < innerHeight && bottom > innerHeight + 1;
  return found.concat(strips.filter(cut).map(() => "a strip is cut"));
}"""


def slide(page: Page) -> None:
    """Begin to present, with the code there."""
    page.keyboard.press("p")
    page.wait_for_function("document.querySelector('.corner img')?.naturalWidth > 0")
    page.evaluate(QUIET)


@pytest.mark.parametrize(("tab", "view"), PLACES, ids=IDS)
def test_a_view_on_a_desk_is_whole_and_in_the_dark_readable(walkers, axe_source, tab, view):
    page = walkers("desk")
    with at(page, tab, view):
        whole(page, "desk")
        slide(page)
        try:
            assert page.evaluate(COVERED) == []
        finally:
            page.keyboard.press("Escape")
        page.evaluate("document.body.classList.add('dark')")
        try:
            accessible(page, axe_source)
        finally:
            page.evaluate("document.body.classList.remove('dark')")


@pytest.mark.parametrize(("tab", "view"), PLACES, ids=IDS)
def test_a_view_in_a_hall_is_whole_and_its_slide_readable_from_the_back_row(walkers, tab, view):
    """As a slide no word of headline, knobs and stage is smaller than 24 pixels, and all of it stands on the screen."""
    page = walkers("hall")
    with at(page, tab, view):
        whole(page, "hall")
        slide(page)
        try:
            assert page.evaluate(SMALL) == [] and page.evaluate(COVERED) == []
            bottom = page.locator("gradio-app:not([hidden]) :is(.knobs, .stage)").evaluate_all(
                "(parts) => Math.max(...parts.map((part) => part.getBoundingClientRect().bottom))"
            )
            assert bottom <= 1080.5
        finally:
            page.keyboard.press("Escape")


SMALL = """() => {
  const view = document.querySelector("gradio-app:not([hidden])");
  const zoom = Number(getComputedStyle(document.querySelector("body > main")).zoom);
  const found = [];
  for (const part of view.querySelectorAll(".headline *, .knobs *, .stage *")) {
    const own = [...part.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    const box = part.getBoundingClientRect();
    if (!own || box.width < 2 || box.height < 2 || part.closest("svg, .sr, .katex, [hidden]")) continue;
    const size = parseFloat(getComputedStyle(part).fontSize) * zoom;
    if (size < 23.9) found.push([part.className || part.tagName, part.textContent.slice(0, 40), size]);
  }
  return found;
}"""


@pytest.mark.parametrize(("tab", "view"), PLACES, ids=IDS)
def test_a_phone_sees_the_stage_while_a_knob_is_turned(walkers, axe_source, tab, view):
    """And a swipe that begins on a slider scrolls the page, and does not set it."""
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
        sliders = here.locator(".knobs input[type=range]").filter(visible=True)
        if sliders.count():
            page.evaluate("scrollTo(0, 0)")
            sliders.first.scroll_into_view_if_needed()
            value, top = sliders.first.input_value(), page.evaluate("scrollY")
            box = sliders.first.bounding_box()
            # Beside its thumb, of which a finger may take hold.
            beside = sliders.first.evaluate(
                "(s) => (s.value - s.min) / (s.max - s.min) > 0.5 ? 0.2 : 0.8"
            )
            swipe(page, box["x"] + box["width"] * beside, box["y"] + box["height"] / 2, 120)
            page.wait_for_function("(top) => scrollY > top", arg=top)
            assert sliders.first.input_value() == value
        accessible(page, axe_source)


@pytest.mark.parametrize(("tab", "view"), PLACES, ids=IDS)
@pytest.mark.parametrize("kind", ["zoomed", "forced"])
def test_a_view_survives_zoom_and_forced_colours(walkers, kind, tab, view):
    """At 200 % and in the system's own colours nothing sticks out sideways, and nothing breaks."""
    page = walkers(kind)
    with at(page, tab, view):
        *_, (_, sideways, _) = page.evaluate(REACH)
        assert sideways <= 0


def swipe(page: Page, x: float, y: float, up: float) -> None:
    touch = page.context.new_cdp_session(page)
    path = [[{"x": x, "y": y - up * k / 8}] for k in range(9)]
    kinds = ["touchStart", *["touchMove"] * 8, "touchEnd"]
    for kind, points in zip(kinds, [*path, []], strict=True):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
