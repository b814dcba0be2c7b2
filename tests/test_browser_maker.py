"""Name the maker in a real browser: by finger, mouse and keys; what was sent before the answer; the matrix."""

import json

import pytest
from playwright.sync_api import Page, expect

from demos.quiz import lineup, rounds
from tests.gestures import DESK, HALL, PHONE, expect_done, go_to

HEIGHTS = {PHONE: 844, DESK: 800, HALL: 1080}
NAMES = ["VAE", "DCGAN", "StyleGAN2"]


def opened(open_page, width: int = DESK, query: str = "tab=quiz", **options) -> Page:
    page = open_page(width, HEIGHTS[width], reduced_motion=True, query=query, **options)
    ready(page)
    return page


def ready(page: Page, number: int = 1, state: str = "asking") -> None:
    page.locator(f".lineup[data-state={state}]").wait_for()
    if state == "asking":
        expect(page.locator(".ask")).to_contain_text(f"Round {number}. Who made face A?")


def chips(page: Page) -> list[str]:
    return page.locator(".verdict-chip").all_inner_texts()


@pytest.mark.parametrize(("width", "touch"), [(PHONE, True), (DESK, False)])
def test_three_makers_are_named_and_the_matrix_knows(open_page, width, touch):
    page = opened(open_page, width, touch=touch)
    act = "tap" if touch else "click"
    reveal = page.get_by_role("button", name="Reveal")
    for face in "ABC":
        expect(reveal).to_be_disabled()
        group = page.get_by_role("group", name=f"Face {face}: its maker")
        getattr(group.get_by_role("button", name="DCGAN"), act)()
        expect(group.locator("[aria-pressed=true]")).to_have_text("2DCGAN")
    first = page.get_by_role("group", name="Face A: its maker")
    getattr(first.get_by_role("button", name="VAE"), act)()  # a choice can be changed
    expect(first.locator("[aria-pressed=true]")).to_have_text("1VAE")
    getattr(reveal, act)()
    ready(page, state="told")
    made = [text.partition(",")[0].partition(":")[0] for text in chips(page)]
    said = ["VAE", "DCGAN", "DCGAN"]
    assert set(made) <= set(NAMES)
    right = sum(a == b for a, b in zip(made, said, strict=True))
    expect(page.locator(".score")).to_have_text(f"{right} of 3 right")
    expect(page.locator(".told:visible")).to_have_count(3)

    def sources() -> list[str]:
        return page.locator(".face img").evaluate_all("(all) => all.map((i) => i.src)")

    before, own = sources(), page.get_by_role("button", name="With all pixels")
    getattr(own, act)()
    pixels = ", ".join("32" if name == "StyleGAN2" else "64" for name in made)
    expect(page.locator(".ask")).to_have_text(f"Drawn with {pixels} pixels a side.")
    assert not set(sources()) & set(before)
    getattr(own, act)()
    assert sources() == before
    expect_done(page, "reveal", "own", *(["all"] if right == 3 else []))
    getattr(page.get_by_role("link", name="Who is taken for whom").last, act)()
    matrix = page.locator("#maker-record")
    expect(matrix).to_contain_text(f"{right} of 3 faces given to their maker")
    expect(matrix.locator("td.same")).to_have_count(3)


def test_a_game_by_keys_alone_outlives_a_reload(open_page):
    page = opened(open_page)
    for number, keys in ((1, "123"), (2, "331")):
        ready(page, number)
        for key in keys:
            page.keyboard.press(key)
        page.keyboard.press("Enter")
        ready(page, state="told")
        page.keyboard.press("Enter")
    ready(page, 3)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("1")
    expect(page.get_by_role("group", name="Face B").locator("[aria-pressed=true]")).to_have_text(
        "1VAE"
    )
    expect(page.locator(".ask")).to_contain_text("Who made face C?")
    page.keyboard.press("Enter")  # not yet
    expect(page.locator(".lineup")).to_have_attribute("data-state", "asking")
    expect(page.locator("[data-step=keys].done")).to_have_count(1)
    kept = json.loads(page.evaluate("sessionStorage.getItem('gml-makers')"))
    assert [one["said"] for one in kept] == [NAMES, ["StyleGAN2", "StyleGAN2", "VAE"]]
    page.reload()
    expect(page.locator(".score")).to_contain_text("of 6 right")
    go_to(page, "Who is taken for whom")
    expect(page.locator("#maker-record")).to_contain_text("of 6 faces given")
    page.get_by_role("button", name="start again").click()
    expect(page.locator("#maker-record")).to_contain_text("the matrix begins here")


def test_the_answer_is_not_in_the_page_before_the_reveal(open_page):
    """Pictures of one length and a token; the makers' names stand on buttons, in one order, whatever the answer."""
    page = opened(open_page)
    shown = page.locator(".face img").evaluate_all("(all) => all.map((i) => i.src.length)")
    assert len(set(shown)) == 1
    value = page.locator(".lineup").evaluate("(table) => table.says()")
    ticket = rounds.read(value[0])
    by = [NAMES[m] for m in lineup.deal(ticket.secret, ticket.number).by]
    names = page.locator(".choices").all_inner_texts()
    assert [n.split() for n in names] == [["1VAE", "2DCGAN", "3StyleGAN2"]] * 3
    assert ticket.secret not in page.content()
    for key in "111":
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    ready(page, state="told")
    assert [text.partition(",")[0].partition(":")[0] for text in chips(page)] == by


@pytest.mark.parametrize("width", HEIGHTS)
def test_a_round_stands_on_the_screen_and_the_faces_fill_it(open_page, width):
    page = opened(open_page, width)
    for key in "123":
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    ready(page, state="told")
    side = page.locator(".face").first.bounding_box()["width"]
    assert side >= {PHONE: 160, DESK: 330, HALL: 540}[width]
    parts = ".headline, .face, .choices, .bar" + ("" if width == PHONE else ", .told, .words")
    bottoms = page.locator(parts).evaluate_all(
        "(all) => all.map((part) => part.getBoundingClientRect().bottom)"
    )
    assert len(bottoms) >= 8 and max(bottoms) <= HEIGHTS[width]


def test_a_refused_answer_does_not_stop_the_game(open_page, monkeypatch):
    page = opened(open_page)
    for key in "123":
        page.keyboard.press(key)
    with monkeypatch.context() as later:
        later.setattr(rounds, "KEY", b"the server was started anew")
        page.keyboard.press("Enter")
        page.locator(".lineup[data-state=lost]").wait_for()
    page.get_by_role("button", name="Next round").click()
    ready(page, 2)


def test_an_old_link_opens_the_view_that_it_names(open_page):
    page = open_page(query="tab=quiz&view=play")
    page.locator(".table[data-state=asking]").wait_for()
    expect(page.locator(".views a[aria-current]")).to_have_text("Real or made?")
