"""The tab Diffusion in a real browser: each test makes one gesture and waits for what should change."""

import base64
import json
import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from demos.diffusion import denoise, noising, samplers
from tests.gestures import (
    DESK,
    PHONE,
    expect_done,
    go_to,
    questions,
    stroke,
    url_of,
    wait_for_change,
)

NOISY, CLEAN, PAD = "#denoiser .noisy", "#denoiser .clean", "#noised-digit canvas"
READY = dict(
    denoise="#denoiser [data-steps]",
    noising="#looks img >> nth=2",
    samplers="#samplers img >> nth=1",
)


def open_tab(
    open_page, width: int = DESK, query: str = "", view: str = "denoise", **options
) -> Page:
    page = open_page(
        width, reduced_motion=True, query=f"tab=diffusion&view={view}{query}", **options
    )
    page.locator(READY[view]).wait_for(state="attached")
    return page


def knob(page: Page, name: str):
    return page.locator(f"#diffusion-{name} input[type=number]")


def wait_for_steps(page: Page, done: str) -> None:
    page.locator(f"#denoiser [data-steps='{done}']").wait_for(state="attached")


def images_of(html: str) -> list[str]:
    return re.findall(r"src='(data:[^']+)'", html)


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_every_view_opens_with_its_picture(open_page, width):
    page = open_page(width, reduced_motion=True, query="tab=diffusion")
    wait_for_steps(page, "50/50")
    expect(page.locator("#denoiser .tip")).to_contain_text("50 steps in")
    expect_done(page)
    go_to(page, "Into noise")
    expect(page.locator("#looks img")).to_have_count(3)
    expect_done(page)
    # Drawn when somebody first asks: 186 times through the network.
    page.locator(".views a", has_text="Many samplers").click()
    expect(page.locator("#samplers img")).to_have_count(2, timeout=60_000)
    expect_done(page)


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_scrubbing_goes_back_to_noise_with_no_request(open_page, width):
    page = open_tab(open_page, width)
    page.wait_for_load_state("networkidle")
    asked, digit = questions(page), url_of(page, NOISY)
    scrub = page.get_by_label("Moment of the path")
    scrub.fill("0")
    wait_for_change(page, NOISY, digit)
    expect(page.locator("#denoiser .tip")).to_contain_text("t = 999")
    scrub.fill("15")
    expect_done(page)
    scrub.fill("30")
    page.wait_for_function(
        "([s, d]) => document.querySelector(s)?.toDataURL() === d", arg=[NOISY, digit]
    )
    expect_done(page, "scrub")
    assert asked == []


def test_play_goes_from_noise_to_the_digit(open_page):
    page = open_tab(open_page)
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    expect(page.locator("#denoiser .tip")).to_contain_text("50 steps in")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    expect_done(page)


def test_fewer_steps_and_the_dice(open_page):
    page = open_tab(open_page)
    before = url_of(page, NOISY)
    knob(page, "steps").fill("5")
    wait_for_steps(page, "5/5")
    wait_for_change(page, NOISY, before)
    expect_done(page, "few")
    before = url_of(page, NOISY)
    knob(page, "eta").fill("1")
    wait_for_change(page, NOISY, before)
    expect_done(page, "few", "dice")


def test_a_thousand_steps_can_be_stopped(open_page):
    page = open_tab(open_page)
    knob(page, "steps").fill("1000")
    expect(page.locator("#denoiser .tip")).to_contain_text("to go")
    with page.expect_response(lambda response: response.url.endswith("/reset")):
        page.get_by_role("button", name="Stop", exact=True).click()
    knob(page, "steps").fill("20")
    wait_for_steps(page, "20/20")
    expect_done(page)


@pytest.mark.parametrize(("width", "finger"), [(PHONE, True), (DESK, False)])
def test_noise_on_a_drawing(open_page, width, finger):
    page = open_tab(open_page, width, view="noising", touch=finger)
    first = page.locator("#looks img").first
    before = first.get_attribute("src")
    stroke(page, PAD, 28 * 4 + 4, 28 * 23 + 4, finger)
    expect(first).not_to_have_attribute("src", before)
    expect_done(page, "own")
    knob(page, "t").fill("950")
    expect(page.locator("#looks")).to_contain_text("0.0% of the variance")
    expect_done(page, "own", "noise")


def test_another_noise_through_all_samplers(open_page):
    page = open_tab(open_page, view="samplers")
    expect(page.locator("#samplers img")).to_have_count(2)
    knob(page, "noise").fill("77")
    expect(page.locator("#samplers img").first).to_have_attribute(
        "src", images_of(samplers.compare(77))[0]
    )
    expect_done(page, "samplers")


def test_a_link_brings_the_knobs_back(open_page):
    page = open_tab(open_page, query="&seed=12&steps=4&eta=0.3")
    for name, value in dict(seed="12", steps="4", eta="0.3").items():
        expect(knob(page, name)).to_have_value(value)
    wait_for_steps(page, "4/4")
    expect_done(page)  # what a link sets, nobody has tried
    knob(page, "steps").fill("3")
    wait_for_steps(page, "3/3")
    expect_done(page, "few")


def test_links_to_the_other_views_bring_their_knobs_back(open_page):
    """Old ones too, which name no view."""
    page = open_page(reduced_motion=True, query="tab=diffusion&t=150&grain=8")
    expect(knob(page, "t")).to_have_value("150")
    expect(knob(page, "grain")).to_have_value("8")
    html = noising.add_noise(noising.first_drawing(), 150, 8)
    expect(page.locator("#looks img").first).to_have_attribute("src", images_of(html)[0])
    expect_done(page)
    page = open_tab(open_page, query="&noise=6", view="samplers")
    expect(knob(page, "noise")).to_have_value("6")
    expect(page.locator("#samplers img").first).to_have_attribute(
        "src", images_of(samplers.compare(6))[0]
    )


def test_downloads(open_page):
    page = open_tab(open_page)
    files = {}
    for name in ("Picture (PNG)", "Numbers (JSON)", "Film (GIF)"):
        with page.expect_download() as download:
            page.locator("#denoiser").get_by_role("button", name=name).click()
        files[download.value.suggested_filename.rpartition(".")[2]] = download.value.path()
    assert Image.open(files["png"]).size == (560, 560)
    numbers = json.loads(files["json"].read_text())
    assert len(numbers["x_t"]) == 31 and len(numbers["x_t"][0]) == 784
    assert Image.open(files["gif"]).n_frames == 31


@pytest.mark.parametrize(("view", "canvases"), [("denoise", (NOISY, CLEAN)), ("noising", (PAD,))])
def test_canvases_follow_the_dark(open_page, view, canvases):
    page = open_tab(open_page, view=view)
    light = {canvas: url_of(page, canvas) for canvas in canvases}
    page.evaluate("document.body.classList.toggle('dark')")
    for canvas, before in light.items():
        wait_for_change(page, canvas, before)


def test_a_browser_that_hides_what_its_canvases_hold(open_page):
    """Firefox with its protection from fingerprinting gives noise to whoever reads a canvas: nobody does."""
    page = open_tab(open_page)
    page.evaluate(
        """() => {
          CanvasRenderingContext2D.prototype.getImageData = () => {
            throw new Error("a canvas was read");
          };
        }"""
    )
    before = url_of(page, NOISY)
    knob(page, "seed").fill("8")
    wait_for_change(page, NOISY, before)
    expect(page.locator("#denoiser .tip")).to_contain_text("50 steps in")  # and not a part of them
    with page.expect_download() as download:
        page.locator("#denoiser").get_by_role("button", name="Numbers (JSON)").click()
    numbers = json.loads(download.value.path().read_text())
    *_, (value, _) = denoise.denoise(8, 50, 0, "ddpm-mnist")
    levels = base64.b64decode(value["levels"])
    sent = [round((v + 1) * 127.5) for v in numbers["x_t"][-1]]
    assert bytes(sent) == levels[-3 * 784 : -2 * 784]
