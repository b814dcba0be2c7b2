"""Gestures in the other views of the tab Autoregressive: drawings, masks, what it sees, the race."""

import re
from threading import Event

import pytest
from playwright.sync_api import expect

from demos.autoregressive import mask, race, see
from tests.gestures import (
    DESK,
    PHONE,
    expect_done,
    go_to,
    point,
    stroke,
    url_of,
    wait_for_change,
)
from tests.test_browser import PICTURE, bits, set_number, wait_for_bits

FIELD = "#field canvas"
COMPLETE, MASK, SEE, SCORE, RACE = (
    f"tab=autoregressive&view={name}" for name in ("complete", "mask", "see", "score", "race")
)


# Draw yourself.


CHANGED = "([s, before]) => (document.querySelector(s)?.innerHTML ?? before) !== before"


@pytest.mark.parametrize(
    ("query", "pad", "answer"),
    [(COMPLETE, "#given-pixels", ".four"), (SCORE, "#whole-digit", ".block.verdict")],
)
def test_to_clear_a_sheet_is_not_to_draw(open_page, query, pad, answer):
    page = open_page(reduced_motion=True, query=query)
    before = page.locator(answer).inner_html()
    page.locator(f"{pad} .clear").click()
    page.wait_for_function(CHANGED, arg=[answer, before])
    expect_done(page)


@pytest.mark.parametrize(
    ("query", "canvas"),
    [(COMPLETE, "#given-pixels canvas"), (SCORE, "#whole-digit canvas"), (SEE, FIELD)],
)
def test_beside_a_sheet_a_finger_scrolls(open_page, query, canvas):
    """Fingers draw on the sheet, so on a phone there is paper on both sides of it."""
    page = open_page(PHONE, reduced_motion=True, touch=True, query=query)
    box = page.locator(canvas).bounding_box()
    assert box["x"] >= 24 and PHONE - box["x"] - box["width"] >= 24
    before = url_of(page, canvas)
    touch = page.context.new_cdp_session(page)
    x, y = PHONE - 12, box["y"] + box["height"] / 2
    for kind, points in [
        ("Start", [{"x": x, "y": y}]),
        *(("Move", [{"x": x, "y": y - 20 * k}]) for k in range(1, 7)),
        ("End", []),
    ]:
        touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    page.wait_for_function("scrollY > 0")
    assert url_of(page, canvas) == before


def test_temperature_and_seed_of_the_endings(open_page):
    page = open_page(reduced_motion=True, query=COMPLETE)
    set_number(page, "endings", "5")
    expect(page.get_by_role("group", name="seeds 5 to 8")).to_be_visible()
    expect_done(page)
    set_number(page, "warmth", "0.3")
    expect_done(page, "cold")


@pytest.mark.parametrize(("width", "finger"), [(PHONE, True), (DESK, False)])
def test_a_top_half_gets_four_endings(open_page, width, finger):
    page = open_page(width, reduced_motion=True, touch=finger, query=COMPLETE)
    endings = page.get_by_role("group", name="Four endings by PixelCNN")
    expect(endings.get_by_role("img")).to_have_count(4)
    before = endings.inner_html()
    page.locator("#given-pixels canvas").scroll_into_view_if_needed()
    scrolled = page.evaluate("scrollY")
    stroke(page, "#given-pixels canvas", 28 * 3 + 6, 28 * 12 + 9, finger)
    page.wait_for_function(CHANGED, arg=[".four", before])
    assert page.evaluate("scrollY") == scrolled, "the finger draws, it does not scroll"
    expect_done(page, "complete")


@pytest.mark.parametrize(("width", "finger"), [(PHONE, True), (DESK, False)])
def test_a_drawing_is_scored(open_page, width, finger):
    page = open_page(width, reduced_motion=True, touch=finger, query=SCORE)
    verdict = page.locator(".block.verdict")
    page.locator("#whole-digit .clear").click()
    expect(verdict).to_contain_text("An empty sheet")
    empty = verdict.inner_text()
    stroke(page, "#whole-digit canvas", 28 * 4 + 14, 28 * 23 + 14, finger)
    expect(verdict).not_to_have_text(empty)
    expect(verdict).to_contain_text("test digits")
    expect_done(page, "score")


def test_a_drawing_is_mirrored_turned_and_swapped_in_the_page(open_page):
    page = open_page(reduced_motion=True, query=SCORE)
    sheet, verdict = "#whole-digit canvas", page.locator(".block.verdict")
    first = bits(page, sheet)
    rows = [first[28 * r : 28 * r + 28] for r in range(28)]
    mirrored = "".join(row[::-1] for row in rows)
    swapped = mirrored[::-1].translate(str.maketrans("01", "10"))
    steps = {
        "Mirror it": (mirrored, ["mirror"]),
        "Turn it upside down": (mirrored[::-1], ["mirror"]),
        "Swap ink and paper": (swapped, ["mirror", "swap"]),
    }
    for name, (wanted, done) in steps.items():
        before = verdict.inner_text()
        page.get_by_role("button", name=name).click()
        wait_for_bits(page, wanted, canvas=sheet)
        expect(verdict).not_to_have_text(before)
        expect_done(page, *done)


def test_a_race_ends_with_the_same_pixels(open_page):
    page = open_page(reduced_motion=True, query=RACE)
    stop = page.get_by_role("button", name="Stop", exact=True)
    expect(stop).to_be_disabled()
    page.get_by_role("button", name="Race", exact=True).click()
    expect(stop).to_be_enabled()
    expect(page.locator("#race")).to_contain_text("the same pixels", timeout=120_000)
    expect(stop).to_be_disabled()
    expect_done(page, "race")


def test_another_seed_lines_up_another_digit(open_page):
    page = open_page(reduced_motion=True, query=f"{RACE}&race=9")
    lane = page.get_by_alt_text("Digit from the cached sampler")
    wanted = re.search("src='([^']+)'", race.line_up(9))[1]
    expect(lane).to_have_attribute("src", wanted)
    set_number(page, "race", "10")
    expect(lane).not_to_have_attribute("src", wanted)


def test_stop_ends_a_race(open_page, monkeypatch):
    """Not only its pictures: the computation itself."""
    ended = Event()

    def endless(model, u, x=None, temperature=1.0):
        try:
            while True:
                yield u.round()
        finally:
            ended.set()

    monkeypatch.setattr(race, "sample_naive", endless)
    page = open_page(reduced_motion=True, query=RACE)
    page.get_by_role("button", name="Race", exact=True).click()
    expect(page.locator("#race")).to_contain_text("784 of 784")
    stop = page.get_by_role("button", name="Stop", exact=True)
    stop.click()
    assert ended.wait(30)
    expect(stop).to_be_disabled()
    expect_done(page)


# Look inside.


def field_tip(row: int, col: int, depth: int) -> re.Pattern:
    value = see.look(row, col, depth)
    return re.compile(rf"\b{value['seen']}\sof\sthe\s{value['past']}\b")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_field_follows_slider_click_and_arrows(open_page, width):
    page = open_page(width, reduced_motion=True, query=SEE)
    tip = page.locator("#field .tip")
    expect(tip).to_have_text(field_tip(16, 14, 3))
    before = url_of(page, FIELD)
    page.locator("#autoregressive-depth input[type=range]").fill("8")
    expect(tip).to_have_text(field_tip(16, 14, 8))
    wait_for_change(page, FIELD, before)
    expect_done(page)
    page.locator(FIELD).click(position=point(page, FIELD, 20 * 28 + 9))
    expect(tip).to_have_text(field_tip(20, 9, 8))
    page.keyboard.press("ArrowUp")
    expect(tip).to_have_text(field_tip(19, 9, 8))
    expect(page.locator("#autoregressive-row input[type=number]")).to_have_value("19")
    expect_done(page, "pick")
    page.locator("#autoregressive-depth input[type=range]").fill("10")
    expect_done(page, "pick", "deep")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_window_moves_and_its_mask_changes(open_page, width):
    page = open_page(width, reduced_motion=True, query=MASK)
    tip, taps = page.locator("#masks .tip"), page.locator("#masks .taps b")
    expect(tip).to_have_text(re.compile(r"^pixel 406\s+passes 24 of 49 taps$"))
    expect(taps).to_have_text([str(m) for m in mask.kernels()["A"]["mask"]])
    expect_done(page)
    page.locator("#masks canvas").click(position=point(page, "#masks canvas", 28))
    number = page.locator("#autoregressive-pixel input[type=number]")
    expect(number).to_have_value("28")
    # In the second row, at the left edge: 7 taps above and right are there, 4 of them inside.
    expect(tip).to_have_text(re.compile(r"^pixel 28\s+passes 24 of 49 taps\s+20 beyond the edge$"))
    page.keyboard.press("ArrowRight")
    expect(number).to_have_value("29")
    expect_done(page, "move")
    page.get_by_label("B, all others").check()
    expect(tip).to_have_text(re.compile(r"^pixel 29\s+passes 13 of 25 taps"))
    expect(taps).to_have_text([str(m) for m in mask.kernels()["B"]["mask"]])
    expect_done(page, "move", "b")


def test_a_link_brings_the_window_and_its_mask_back(open_page):
    page = open_page(reduced_motion=True, query=f"{MASK}&mask=B&pixel=83")
    expect(page.locator("#masks .tip")).to_have_text(
        re.compile(r"^pixel 83\s+passes 13 of 25 taps\s+4 beyond the edge$")
    )
    expect_done(page)


# Without a mouse, and in the dark.


def test_the_pads_can_be_drawn_on_with_keys(open_page):
    page = open_page(reduced_motion=True, query=SCORE)
    before = page.locator(".block.verdict").inner_text()
    page.locator("#whole-digit canvas").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".block.verdict")).not_to_have_text(before)
    expect_done(page, "score")


def test_canvases_follow_the_dark(open_page):
    page = open_page(reduced_motion=True)
    light = {canvas: url_of(page, canvas) for canvas in (PICTURE, "#pixel-player .map")}
    for title, canvas in {
        "Finish my drawing": "#given-pixels canvas",
        "Masks": "#masks canvas",
        "What it sees": FIELD,
        "How likely?": "#whole-digit canvas",
    }.items():
        go_to(page, title)
        light[canvas] = url_of(page, canvas)
    page.evaluate("document.body.classList.toggle('dark')")
    for canvas, before in light.items():
        wait_for_change(page, canvas, before)
