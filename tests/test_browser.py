"""A visitor's gestures in a real browser: each test makes one and waits for what should change."""

import json
import re
from threading import Event

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from demos.autoregressive import play, race, see
from tests.gestures import DESK, PHONE, expect_done, point, stroke, url_of, wait_for_change

# What a canvas shows in light mode: 1 ink, 0 paper, "-" not drawn yet.
BITS = """(selector) => {
  const data = document.querySelector(selector).getContext("2d").getImageData(0, 0, 28, 28).data;
  const name = { 26: "1", 255: "0" };
  return [...data].filter((_, k) => k % 4 === 0).map((red) => name[red] ?? "-").join("");
}"""
PICTURE, MAP, FIELD = "#pixel-player .picture", "#pixel-player .map", "#field canvas"


def bits(page: Page, canvas: str = PICTURE) -> str:
    return page.evaluate(BITS, canvas)


def wait_for_bits(page: Page, wanted: str, seconds: float = 20) -> None:
    condition = f"([canvas, wanted]) => ({BITS})(canvas) === wanted"
    page.wait_for_function(condition, arg=[PICTURE, wanted], timeout=1000 * seconds)


def drawn(seed: int = 7, temperature: float = 1, flips: str = "") -> str:
    return play.draw(seed, temperature, flips)[0]["bits"]


def count(page: Page):
    return page.locator("#pixel-player .count")


def set_number(page: Page, knob: str, value: str) -> None:
    page.locator(f"#autoregressive-{knob} input[type=number]").fill(value)


# Watch it being drawn.


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_opens_alive_and_draws_by_itself(open_page, width):
    """The picture is drawn with no click and no request; what the page does by itself ticks nothing."""
    page = open_page(width)
    page.locator("#pixel-player select").select_option("784")
    wait_for_bits(page, drawn())
    expect(count(page)).to_have_text("784")
    expect(page.locator("#pixel-player .play")).to_have_text("Play")
    expect_done(page)


def test_reduced_motion_shows_the_whole_picture_at_once(open_page):
    page = open_page(reduced_motion=True)
    assert count(page).inner_text() == "784" and bits(page) == drawn()


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_play_to_the_end_is_a_step(open_page, width):
    page = open_page(width, reduced_motion=True)
    page.locator("#pixel-player select").select_option("784")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    expect(count(page)).to_have_text("784")
    expect_done(page, "play")


def test_scrubbing_to_the_end_is_not_playing(open_page):
    page = open_page(reduced_motion=True)
    scrub = page.get_by_label("Pixels drawn")
    scrub.fill("300")
    expect(count(page)).to_have_text("300")
    wait_for_bits(page, drawn()[:300] + "-" * 484)
    scrub.fill("784")
    expect(count(page)).to_have_text("784")
    expect_done(page)


def test_pause_and_step(open_page):
    page = open_page()
    page.locator("#pixel-player select").select_option("20")
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    k = int(count(page).inner_text())
    page.get_by_role("button", name="Step", exact=True).click()
    expect(count(page)).to_have_text(str(k + 1))
    assert bits(page) == drawn()[: k + 1] + "-" * (783 - k)
    expect(page.locator("#pixel-player .tip")).to_contain_text(f"{k + 1}")


def test_draw_another_plays_the_next_seed(open_page):
    page = open_page(reduced_motion=True)
    page.get_by_role("button", name="Draw another").click()
    wait_for_bits(page, drawn(8))
    expect(page.locator("#autoregressive-seed input[type=number]")).to_have_value("8")
    expect_done(page)


# Change history.


@pytest.mark.parametrize(("width", "touch"), [(PHONE, True), (DESK, False)])
def test_click_flips_a_drawn_pixel(open_page, width, touch):
    """Stop at pixel 500 and change pixel 300: what came before stays, what follows is drawn anew."""
    page = open_page(width, reduced_motion=True, touch=touch)
    page.get_by_label("Pixels drawn").fill("500")
    at = point(page, PICTURE, 300)
    (page.locator(PICTURE).tap if touch else page.locator(PICTURE).click)(position=at)
    expect(page.get_by_label("Flipped pixels")).to_have_value("300")
    wait_for_bits(page, drawn(flips="300"))
    assert bits(page)[:300] == drawn()[:300] and bits(page) != drawn()
    expect_done(page, "flip")
    page.get_by_role("button", name="Undo flips").click()
    wait_for_bits(page, drawn())
    expect(page.get_by_label("Flipped pixels")).to_have_value("")


def test_a_pixel_that_is_not_drawn_cannot_be_flipped(open_page):
    page = open_page(reduced_motion=True)
    page.get_by_label("Pixels drawn").fill("200")
    page.locator(PICTURE).click(position=point(page, PICTURE, 400))
    expect(page.locator("#pixel-player .hint")).to_contain_text("not drawn yet")
    expect(page.get_by_label("Flipped pixels")).to_have_value("")
    expect_done(page)


@pytest.mark.parametrize(("value", "steps"), [("0.3", ["cold"]), ("0.8", [])])
def test_only_a_low_temperature_is_cold(open_page, value, steps):
    page = open_page(reduced_motion=True)
    set_number(page, "temperature", value)
    wait_for_bits(page, drawn(temperature=float(value)))
    expect_done(page, *steps)


def test_a_refused_flip_is_forgotten(open_page):
    """The 17th flip is refused with a message; the next picture is not taken for its result."""
    flips = ", ".join(map(str, range(0, 160, 10)))
    page = open_page(reduced_motion=True, query=f"tab=autoregressive&flips={flips}")
    wait_for_bits(page, drawn(flips=flips))
    page.locator(PICTURE).click(position=point(page, PICTURE, 600))
    expect(page.get_by_text("up to 16 rising numbers")).to_be_visible()
    page.get_by_role("button", name="Undo flips").click()
    wait_for_bits(page, drawn())
    expect(page.locator("#pixel-player .hint")).not_to_contain_text("flipped")
    expect_done(page)


def test_typed_flips_are_drawn(open_page):
    page = open_page(reduced_motion=True)
    page.get_by_label("Flipped pixels").press_sequentially("300")
    page.keyboard.press("Enter")
    wait_for_bits(page, drawn(flips="300"))


def test_pasted_and_deleted_flips_are_drawn(open_page):
    page = open_page(reduced_motion=True, query="tab=autoregressive&flips=300")
    wait_for_bits(page, drawn(flips="300"))
    page.get_by_label("Flipped pixels").fill("310")
    page.keyboard.press("Tab")  # leaving the box is enough
    wait_for_bits(page, drawn(flips="310"))


# Draw yourself.


@pytest.mark.parametrize(("width", "finger"), [(PHONE, True), (DESK, False)])
def test_a_top_half_gets_four_endings(open_page, width, finger):
    page = open_page(width, reduced_motion=True, touch=finger)
    endings = page.get_by_alt_text("Four endings of the same top half")
    before = endings.get_attribute("src")
    page.locator("#top-half canvas").scroll_into_view_if_needed()
    scrolled = page.evaluate("scrollY")
    stroke(page, "#top-half canvas", 28 * 3 + 6, 28 * 12 + 9, finger)
    expect(endings).not_to_have_attribute("src", before)
    assert page.evaluate("scrollY") == scrolled, "the finger draws, it does not scroll"
    expect_done(page, "complete")


@pytest.mark.parametrize(("width", "finger"), [(PHONE, True), (DESK, False)])
def test_a_drawing_is_scored(open_page, width, finger):
    page = open_page(width, reduced_motion=True, touch=finger)
    verdict = page.locator(".block.verdict")
    page.locator("#whole-digit .clear").click()
    expect(verdict).to_contain_text("An empty sheet")
    empty = verdict.inner_text()
    stroke(page, "#whole-digit canvas", 28 * 4 + 14, 28 * 23 + 14, finger)
    expect(verdict).not_to_have_text(empty)
    expect(verdict).to_contain_text("test digits")
    expect_done(page, "score")


def test_a_race_ends_with_the_same_pixels(open_page):
    page = open_page(reduced_motion=True)
    page.get_by_role("button", name="Race", exact=True).click()
    expect(page.locator("#race")).to_contain_text("the same pixels", timeout=120_000)
    expect_done(page)


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
    page = open_page(reduced_motion=True)
    page.get_by_role("button", name="Race", exact=True).click()
    expect(page.locator("#race")).to_contain_text("784 of 784")
    page.get_by_role("button", name="Stop", exact=True).click()
    assert ended.wait(30)


# Look inside.


def field_tip(row: int, col: int, depth: int) -> re.Pattern:
    value = see.look(row, col, depth)
    return re.compile(rf"\b{value['seen']} of the {value['past']}\b")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_field_follows_slider_click_and_arrows(open_page, width):
    page = open_page(width, reduced_motion=True)
    tip = page.locator("#field .tip")
    expect(tip).to_have_text(field_tip(16, 14, 3))
    before = url_of(page, FIELD)
    page.locator("#autoregressive-depth input[type=range]").fill("8")
    expect(tip).to_have_text(field_tip(16, 14, 8))
    wait_for_change(page, FIELD, before)
    page.locator(FIELD).click(position=point(page, FIELD, 20 * 28 + 9))
    expect(tip).to_have_text(field_tip(20, 9, 8))
    page.keyboard.press("ArrowUp")
    expect(tip).to_have_text(field_tip(19, 9, 8))
    expect(page.locator("#autoregressive-row input[type=number]")).to_have_value("19")


# Without a mouse, and in the dark.


def test_the_keyboard_alone_plays_and_flips(open_page):
    page = open_page(reduced_motion=True)
    page.locator(PICTURE).focus()
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    i = 11 * 28 + 13
    expect(page.get_by_label("Flipped pixels")).to_have_value(str(i))
    wait_for_bits(page, drawn(flips=str(i)))
    page.locator("#pixel-player select").select_option("784")
    page.locator(PICTURE).focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_focused()
    page.keyboard.press("Space")
    expect_done(page, "flip", "play")


def test_the_pads_can_be_drawn_on_with_keys(open_page):
    page = open_page(reduced_motion=True)
    before = page.locator(".block.verdict").inner_text()
    page.locator("#whole-digit canvas").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".block.verdict")).not_to_have_text(before)
    expect_done(page, "score")


def test_canvases_follow_the_dark(open_page):
    page = open_page(reduced_motion=True)
    canvases = (PICTURE, MAP, FIELD, "#top-half canvas", "#whole-digit canvas")
    light = {canvas: url_of(page, canvas) for canvas in canvases}
    page.evaluate("document.body.classList.toggle('dark')")
    for canvas in canvases:
        wait_for_change(page, canvas, light[canvas])


# Take it home.


def test_downloads(open_page):
    page = open_page(reduced_motion=True)
    files = {}
    for name in ("Picture (PNG)", "Numbers (JSON)", "Film (GIF)"):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        files[download.value.suggested_filename.rpartition(".")[2]] = download.value.path()
    assert Image.open(files["png"]).size == (560, 560)
    numbers = json.loads(files["json"].read_text())
    assert numbers["bits"] == drawn() and len(numbers["p_ink_given_past"]) == 784
    assert all(0 <= p <= 1 for p in numbers["p_ink_given_past"])
    assert Image.open(files["gif"]).n_frames == 57
