"""Gestures in a real browser: each test makes one and waits for what should change. Here: pixel by pixel."""

import json
import math
import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from demos.autoregressive import play
from tests.gestures import DESK, PHONE, expect_done, point

# What a canvas shows in light mode: 1 ink, 0 paper, "-" not drawn yet.
BITS = """(canvas) => {
  const data = canvas.getContext("2d").getImageData(0, 0, 28, 28).data;
  const name = { 26: "1", 255: "0" };
  return [...data].filter((_, k) => k % 4 === 0).map((red) => name[red] ?? "-").join("");
}"""
PICTURE = "#pixel-player .picture"


def bits(page: Page, canvas: str = PICTURE) -> str:
    return page.locator(canvas).evaluate(BITS)


def wait_for_bits(page: Page, wanted: str, canvas: str = PICTURE) -> None:
    condition = f"""([selector, wanted]) => {{
      const canvas = document.querySelector(selector);
      return canvas && ({BITS})(canvas) === wanted;
    }}"""
    page.wait_for_function(condition, arg=[canvas, wanted], timeout=20_000)


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
    # Counted from 0, the pixel just drawn is number k.
    expect(page.locator("#pixel-player .tip")).to_have_text(re.compile(rf"^pixel\s{k}\s"))


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
    expect(page.locator("#pixel-player .hint")).to_contain_text("Pixel 300 flipped")
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


def test_a_low_temperature_from_a_link_is_nobodys_step(open_page):
    page = open_page(reduced_motion=True, query="tab=autoregressive&temperature=0.3")
    wait_for_bits(page, drawn(temperature=0.3))
    expect_done(page)


@pytest.mark.parametrize(("temperature", "says"), [(1, False), (0.5, True)])
def test_the_line_says_of_which_temperature_its_numbers_are(open_page, temperature, says):
    page = open_page(reduced_motion=True, query=f"tab=autoregressive&temperature={temperature}")
    wait_for_bits(page, drawn(temperature=temperature))
    page.locator(PICTURE).hover(position=point(page, PICTURE, 300))
    value, _ = play.draw(7, temperature, "")
    logit, ink = value["logits"][300], value["bits"][300] == "1"
    p = 1 / (1 + math.exp(-logit / temperature))
    surprise = math.log1p(math.exp(-logit if ink else logit))
    drawn_with, own = (f" at T = {temperature}", " at T = 1") if says else ("", "")
    expect(page.locator("#pixel-player .tip")).to_have_text(
        re.compile(
            rf"^pixel 300 +p\(ink \| past\) = {p:.2f}{drawn_with} +surprise {surprise:.2f}{own} +so far".replace(
                " ", r"\s"
            )
        )
    )


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


# Without a mouse.


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
