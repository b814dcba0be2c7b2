"""The address says where you are: Back, Forward, Reload, Copy link, hostile links, slides through the lecture."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from demos import TABS
from demos.shell import page_of, view_id
from tests.gestures import DESK, HALL, PHONE

PLACES = [(tab, view) for tab in TABS for view in tab.VIEWS]
IDS = [page_of(tab, view) for tab, view in PLACES]


def query(page: Page) -> dict[str, str]:
    return {k: v for k, (v,) in parse_qs(urlsplit(page.url).query).items() if k != "__theme"}


def expect_at(page: Page, tab, view) -> None:
    expect(page.locator(f"gradio-app[data-view={page_of(tab, view)}][data-ready]")).to_be_visible()
    expect(page.locator(".views [aria-current]")).to_have_text(view.TITLE)
    expect(page.locator(".tabs [aria-current]")).to_have_text(tab.TITLE)
    expect(page).to_have_title(f"{view.TITLE} · {tab.TITLE} · Generative Models, Live")
    assert (query(page)["tab"], query(page)["view"]) == (tab.ID, view_id(view))
    assert page.locator("gradio-app:not([hidden])").count() == 1


def knobs(page: Page):
    return page.locator("gradio-app:not([hidden]) .knobs input[type=number]").filter(visible=True)


def turn(page: Page) -> dict[str, str]:
    """Turn the first knob that a link restores; what the address says of it then. Nothing where there is none."""
    here = page.locator("gradio-app:not([hidden])")
    name = here.get_attribute("data-view")
    tab, view = next(p for p in PLACES if page_of(*p) == name)
    site = page.evaluate("gml_site").copy()
    (linked,) = [
        v["knobs"]
        for t in site
        if t["id"] == tab.ID
        for v in t["views"]
        if v["id"] == view_id(view)
    ]
    for knob in linked:
        box = page.locator(f"#{tab.ID}-{knob} input[type=number]").filter(visible=True)
        if not box.count():
            continue
        low, high = (float(box.get_attribute(edge)) for edge in ("min", "max"))
        value = low if float(box.input_value()) > (low + high) / 2 else high
        box.fill(f"{value:g}")
        box.press("Tab")
        page.wait_for_function(
            "([name, value]) => Number(new URLSearchParams(location.search).get(name) ?? NaN) === value",
            arg=[knob, value],
        )
        return {knob: query(page)[knob]}
    return {}


@pytest.mark.parametrize(("tab", "view"), PLACES, ids=IDS)
def test_back_forward_reload_and_copy_link(open_page, tab, view):
    """From a view with a knob turned to another one, and home again by every way that a browser has."""
    page = open_page(DESK, reduced_motion=True, query=f"tab={tab.ID}&view={view_id(view)}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect_at(page, tab, view)
    turned = turn(page)
    other = PLACES[(PLACES.index((tab, view)) + 1) % len(PLACES)]
    page.locator(f".tabs [data-tab={other[0].ID}]").click()
    page.locator(f".views [data-page={page_of(*other)}]").click()
    expect_at(page, *other)
    turned_there = turn(page)
    assert turned_there.items() <= query(page).items()
    while page.locator(f"gradio-app[data-view={page_of(tab, view)}]:not([hidden])").count() == 0:
        page.go_back()
        page.wait_for_function("document.querySelector('.views [aria-current]')")
    expect_at(page, tab, view)
    assert turned.items() <= query(page).items()
    page.reload()
    expect_at(page, tab, view)
    # Answers that the reload has cut off are told in the console, by Gradio's script, in these words.
    cut_off = ("AbortError: signal is aborted", "Unexpected error Connection errored out")
    open_page.errors[:] = [e for e in open_page.errors if not any(words in e for words in cut_off)]
    assert turned.items() <= query(page).items()
    for name, value in turned.items():
        expect(page.locator(f"#{tab.ID}-{name} input[type=number]")).to_have_value(value)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("status").filter(has_text="Link copied")).to_have_count(1)
    assert page.evaluate("navigator.clipboard.readText()") == page.url


HOSTILE = [
    "tab=nope&view=nope",
    "tab=gan&view=nope",
    "tab=gan&view=" + quote("<script>window.pwned=1</script>"),
    "tab=" + quote("<img src=x onerror=window.pwned=1>") + "&seed=5",
    "tab=gan&view=" + "v" * 10_000,
    "tab=" + "t" * 10_000,
    "tab=gan&view=film",  # of another tab
    "tab=gan&view=__proto__&constructor=1",
    "view=%E0%A4%A&tab=%ff%00",
    "tab=gan&tab=vae&view=&view=training",
    "",
]


@pytest.mark.parametrize("link", HOSTILE, ids=[link[:40] or "nothing" for link in HOSTILE])
def test_a_hostile_link_opens_a_whole_view(open_page, link):
    page = open_page(reduced_motion=True, query=link)
    tab = next((t for t in TABS if link.startswith(f"tab={t.ID}&")), TABS[0])
    expect_at(page, tab, tab.VIEWS[0])
    assert page.evaluate("window.pwned") is None


def test_an_old_link_finds_the_view_that_has_its_knob(open_page):
    """Links were copied when a tab was one long page: they have no view."""
    page = open_page(reduced_motion=True, query="tab=gan&from=17&to=3")
    tab = next(t for t in TABS if t.ID == "gan")
    expect_at(page, tab, next(v for v in tab.VIEWS if view_id(v) == "between"))
    expect(page.locator("#gan-from input[type=number]")).to_have_value("17")


def test_a_history_entry_of_a_view_that_has_gone_opens_the_tab(open_page):
    page = open_page(reduced_motion=True, query="tab=gan&view=between")
    tab = next(t for t in TABS if t.ID == "gan")
    page.evaluate("history.pushState(null, '', '?tab=gan&view=was-here-once&seed=oops')")
    page.evaluate("history.pushState(null, '', '?tab=gan&view=between')")
    page.go_back()
    expect_at(page, tab, tab.VIEWS[0])


def test_two_windows_of_one_visitor_do_not_meet(open_page):
    first = open_page(reduced_motion=True, query="tab=gan&view=training&seed=11")
    second = first.context.new_page()
    second.goto(first.url.replace("seed=11", "seed=12"))
    expect(second.locator("#gan-seed input[type=number]")).to_have_value("12")
    first.locator("#gan-seed input[type=number]").fill("40")
    first.locator("#gan-seed input[type=number]").press("Tab")
    first.wait_for_url("**seed=40**")
    assert query(second)["seed"] == "12"


def test_a_phone_that_is_turned_while_a_view_is_drawn_shows_it_whole(open_page):
    page = open_page(PHONE, 844, reduced_motion=True, query="tab=gan")
    page.locator("#gan-seed input[type=number]").fill("77")
    page.set_viewport_size({"width": 844, "height": 390})
    expect(page.locator("#training [data-seed='77']")).to_have_count(1)
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]


def test_a_server_that_is_away_is_a_line_and_the_view_stays(open_page):
    page = open_page(reduced_motion=True, query="tab=gan")
    page.route("**/views/**", lambda route: route.abort())
    page.locator(".views a").nth(1).click()
    expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("does not answer")
    expect(page.locator("gradio-app[data-view=gan-training]")).to_be_visible()
    page.unroute("**/views/**")
    open_page.errors.clear()  # the browser's word about the request that was cut off
    page.locator(".views a").nth(1).click()
    expect(page.locator("gradio-app[data-view=gan-laboratory][data-ready]")).to_be_visible()
    expect(page.locator("main ~ .problem")).to_be_hidden()


def test_arrow_keys_move_along_the_rows(open_page):
    page = open_page(reduced_motion=True, query="tab=gan")
    page.locator(".views a").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".views a").nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("gradio-app[data-view=gan-laboratory]")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".views a").last).to_be_focused()


# Slides.


def test_a_clicker_goes_through_the_whole_lecture_and_back(open_page):
    page = open_page(HALL, 1080, reduced_motion=True, query=f"tab={TABS[0].ID}")
    page.locator("body").press("p")
    expect(page.locator(".shell")).to_be_hidden()
    for tab, view in PLACES[1:]:
        page.keyboard.press("PageDown")
        expect(
            page.locator(f"gradio-app[data-view={page_of(tab, view)}][data-ready]")
        ).to_be_visible()
    page.keyboard.press("PageDown")  # the end of the lecture
    for tab, view in PLACES[-2::-1]:
        page.keyboard.press("PageUp")
        expect(
            page.locator(f"gradio-app[data-view={page_of(tab, view)}][data-ready]")
        ).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".shell")).to_be_visible()
    expect_at(page, *PLACES[0])


def test_the_slide_s_corner_holds_a_code_of_this_very_view(open_page):
    page = open_page(HALL, 1080, reduced_motion=True, query="tab=gan&view=training&seed=31")
    with page.expect_response("**/here.svg?tab=gan&view=training&seed=31") as answer:
        page.keyboard.press("p")
    assert answer.value.headers["content-type"].startswith("image/svg+xml")
    page.wait_for_function("document.querySelector('.corner img')?.naturalWidth > 0")
    page.locator("#gan-seed input[type=number]").fill("32")
    with page.expect_response("**/here.svg?tab=gan&view=training&seed=32"):
        page.locator("#gan-seed input[type=number]").press("Tab")
