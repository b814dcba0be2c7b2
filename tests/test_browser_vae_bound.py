"""The bound, its gap and the two gradients in a real browser: one gesture, one visible change."""

import re

import pytest
from playwright.sync_api import Page, expect

from demos.vae import bound, dials, gap, gradients, latent_map
from demos.vae.latent import own_digit
from tests.gestures import DESK, PHONE, expect_done, go_to, stroke
from tests.test_browser_vae import image_of, knob, open_view

SLIDERS = "The digit that the sliders describe"


def line(page: Page, k: int):
    return page.locator("#bound .lines li").nth(k - 1)


def number(page: Page, k: int):
    return line(page, k).locator(".number")


@pytest.mark.parametrize(("width", "finger"), [(PHONE, True), (DESK, False)])
def test_a_click_and_the_arrow_keys_step_through_the_lines(open_page, width, finger):
    page = open_view(open_page, "bound", width, touch=finger)
    lines = bound.encode(own_digit(3), "2-D")[1]["lines"]
    expect(number(page, 4)).to_have_text(lines[3]["text"])
    expect(number(page, 5)).to_have_text("")
    button = line(page, 2).locator("button")
    button.tap() if finger else button.click()
    expect(number(page, 4)).to_have_text("")
    expect(page.locator("#bound .of-line-note")).to_have_text(lines[1]["note"])
    expect(knob(page, "line")).to_have_value("2")
    for k in range(3, bound.LINES + 1):
        page.keyboard.press("ArrowDown")
        expect(number(page, k)).to_have_text(lines[k - 1]["text"])
    expect(line(page, bound.LINES).locator("button")).to_be_focused()
    expect(page.locator("#bound .of-line svg")).to_have_attribute(
        "aria-label", re.compile("^KL of")
    )
    expect_done(page, "jensen")


def test_jensen_s_step_is_the_one_that_moves_the_dot(open_page):
    page = open_view(open_page, "bound", query="&line=7")
    at = page.locator("#bound .on-axis .dot").evaluate_all(
        "(dots) => dots.map((dot) => dot.getBoundingClientRect().x)"
    )
    axis = page.locator("#bound .on-axis").first.bounding_box()["width"]
    assert max(at[:3]) - min(at[:3]) < 0.15 * axis > max(at[3:]) - min(at[3:])
    assert at[2] - at[3] > 0.5 * axis


@pytest.mark.parametrize(("width", "finger"), [(PHONE, True), (DESK, False)])
def test_a_drawing_is_encoded_and_bounded(open_page, width, finger):
    page = open_view(open_page, "bound", width, touch=finger)
    first = number(page, 1).inner_text()
    page.locator("#encoded-digit .clear").click()
    expect(number(page, 1)).not_to_have_text(first)
    empty = number(page, 1).inner_text()
    stroke(page, "#encoded-digit canvas", 28 * 4 + 14, 28 * 23 + 14, finger)
    expect(number(page, 1)).not_to_have_text(empty)
    expect_done(page, "encode")
    # In sixteen dimensions nobody knows the first line; the others do not wait for it.
    page.get_by_label("16-D").check()
    expect(number(page, 1)).to_have_text("unknown")
    nats = re.match(r"−([\d.]+)", number(page, 4).inner_text())[1]
    expect(page.locator(".mathematics")).to_contain_text(nats.partition(".")[0])
    # Its sixteen numbers go on to the dials.
    page.get_by_role("button", name="Turn its numbers").click()
    expect(page.get_by_alt_text(SLIDERS)).to_be_visible()
    z = [float(knob(page, f"d{k}").input_value()) for k in range(1, 17)]
    expect(page.get_by_alt_text(SLIDERS)).to_have_attribute("src", image_of(dials.decode_16d(*z)))
    expect(page.locator(".views a[aria-current]")).to_have_text(dials.TITLE)
    go_to(page, bound.TITLE)
    expect_done(page, "encode", "onto")


def test_two_numbers_go_on_to_the_map(open_page):
    page = open_view(open_page, "bound")
    page.get_by_role("button", name="Turn its numbers").click()
    expect(page.locator(".views a[aria-current]")).to_have_text(latent_map.TITLE)
    wanted = bound.encode(own_digit(3), "2-D")[0].split(",")
    for name, value in zip(("z1", "z2"), wanted, strict=True):
        expect(knob(page, name)).to_have_value(f"{float(value):g}")


def test_a_link_brings_the_line_and_the_digit_back(open_page):
    page = open_view(open_page, "bound", query="&own=8&model=16-D&line=6")
    lines = bound.encode(own_digit(8), "16-D")[1]["lines"]
    expect(number(page, 6)).to_have_text(lines[5]["text"])
    expect(page.locator("#bound .of-line-note")).to_have_text(lines[5]["note"])
    expect_done(page)


def facts(page: Page) -> str:
    return page.locator("#gap .facts").inner_text()


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_more_draws_close_the_gap(open_page, width):
    page = open_view(open_page, "gap", width)
    dots = page.locator("#gap .drawn")
    expect(dots).to_have_count(100)
    page.get_by_role("button", name="5,000", exact=True).click()
    expect(page.locator("#gap .facts")).to_contain_text("K = 5,000")
    expect(dots).to_have_count(gap.SHOWN)
    expect(knob(page, "draws")).to_have_value("5000")
    expect_done(page, "many")
    page.get_by_role("button", name="1", exact=True).click()
    expect(dots).to_have_count(1)
    page.get_by_label("16-D").check()
    expect(page.locator("#gap .facts")).to_contain_text("unknown")
    expect(page.locator("#gap image")).to_have_count(0)
    expect_done(page, "many", "large")


def test_a_scribble_is_missed_by_the_encoder(open_page):
    page = open_view(open_page, "gap", query="&gap-own=8&draws=5000")
    density = page.locator("#gap image")
    expect(density).to_have_attribute("href", gap.on_plane(own_digit(8)).density)
    before = density.get_attribute("href")
    stroke(page, "#gap-digit canvas", 28, 28 * 27 + 27)
    expect(density).not_to_have_attribute("href", before)
    expect_done(page, "other")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_dice_inside_stop_the_gradient(open_page, width):
    page = open_view(open_page, "gradients", width)
    stop = page.locator("#gradient-path text", has_text="stop")
    passes = page.locator("#gradient-path .back .outside")
    expect(passes).to_be_visible()
    expect(stop).to_be_hidden()
    page.get_by_label("inside").check()
    expect(stop).to_be_visible()
    expect(passes).to_be_hidden()
    expect_done(page, "inside")


@pytest.mark.parametrize(("width", "finger"), [(PHONE, True), (DESK, False)])
def test_fewer_draws_measure_worse(open_page, width, finger):
    page = open_view(open_page, "gradients", width, touch=finger)
    rows = page.locator("#two-gradients svg")
    label = re.search('aria-label="([^"]*)"', gradients.measure_gradients(own_digit(3), "16-D", 10))
    page.locator("#vae-grad-draws input[type=range]").fill("10")
    expect(rows).to_have_attribute("aria-label", label[1])
    expect_done(page, "few")
    page.evaluate("scrollTo(0, 0)")  # the stage, which stays, is not on the pad then
    stroke(page, "#grad-digit canvas", 28 * 4 + 3, 28 * 23 + 3, finger)
    expect(rows).not_to_have_attribute("aria-label", label[1])
    expect_done(page, "few", "draw")


def test_a_link_puts_the_dice_inside(open_page):
    page = open_view(open_page, "gradients", query="&way=inside&grad-draws=10&grad-model=2-D")
    expect(page.locator("#gradient-path text", has_text="stop")).to_be_visible()
    label = re.search('aria-label="([^"]*)"', gradients.measure_gradients(own_digit(3), "2-D", 10))
    expect(page.locator("#two-gradients svg")).to_have_attribute("aria-label", label[1])
    expect_done(page)


def test_hostile_links_leave_the_views_whole(open_page):
    page = open_view(open_page, "bound", query="&line=1e9&own=-5&model=64-D")
    expect(knob(page, "line")).to_have_value(str(bound.LINES))
    expect(knob(page, "own")).to_have_value("0")
    expect(number(page, 7)).to_have_text(re.compile(r"^−[\d.]+ ± [\d.]+$"))
    page = open_view(open_page, "gap", query="&draws=1e9&gap-own=NaN&gap-model=%00")
    expect(knob(page, "draws")).to_have_value("5000")
    expect(page.locator("#gap .facts")).to_contain_text("K = 5,000")
