"""Styles, codes and their prior in a real browser: one gesture, and what should change."""

import json
import re
from functools import cache

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Page, expect

import checkpoints
from demos.vae import codebook, codes, cvae, prior
from demos.vae.latent import own_digit
from tests.gestures import DESK, PHONE, expect_done, go_to, questions, stroke
from tests.test_browser_vae import image_of

# The picture as the page shows it in light mode: ink 26 and paper 255 in red, where nothing has been exchanged.
LEVELS = """(id) => [...(document.querySelector(id + " .picture")
  ?.getContext("2d").getImageData(0, 0, 28, 28).data ?? [])].filter((_, k) => k % 4 === 0)"""


@cache
def drawing() -> str:
    """The one on the pad at first."""
    return codes.a_digit(codes.DIGIT)


def open_view(open_page, view: str, width: int = DESK, query: str = "", **options) -> Page:
    page = open_page(width, reduced_motion=True, query=f"tab=vae&view={view}{query}", **options)
    if view != "cvae":
        ready = {"codes": "#codes", "prior": "#code-player"}[view]
        page.locator(f"{ready}[data-ready], {ready} [data-ready]").first.wait_for(state="attached")
    return page


def wait_for_levels(page: Page, view: str, ink: torch.Tensor) -> None:
    """Until the page shows this picture, to one level of grey. ink: (28, 28) in [0, 1]."""
    page.wait_for_function(
        f"""([id, wanted]) => {{
          const levels = ({LEVELS})(id);
          return levels.length === 784 && levels.every((v, i) => Math.abs(v - wanted[i]) <= 1.01);
        }}""",
        arg=[view, (255 - 229 * ink.flatten()).tolist()],
        timeout=20_000,
    )


def grid_of(x: str) -> list[int]:
    return codes.quantize(x, "", 0)[0]["codes"]


def decoded(grid: list[int]) -> torch.Tensor:
    return codebook.decoded(codes.NAME, torch.tensor(grid).view(1, 7, 7))[0, 0]


def cell(page: Page, place: int):
    return page.locator("#codes .code-grid button").nth(place)


def code(page: Page, k: int):
    return page.locator(f"#codes .codebook button[data-code='{k}']")


# Codes.


@pytest.mark.parametrize(("width", "finger"), [(PHONE, True), (DESK, False)])
def test_an_exchanged_code_changes_the_picture_in_its_reach_alone(open_page, width, finger):
    """What the page decodes is what torch decodes, before and after."""
    page = open_view(open_page, "codes", width, touch=finger)
    before = grid_of(drawing())
    wait_for_levels(page, "#codes", decoded(before))
    press = "tap" if finger else "click"
    getattr(cell(page, 6), press)()  # the corner at the top right
    expect(cell(page, 6)).to_have_attribute("aria-pressed", "true")
    shown = np.array(page.evaluate(LEVELS, "#codes")).reshape(28, 28)
    getattr(code(page, 17), press)()
    expect(cell(page, 6)).to_have_attribute("data-changed", "")
    expect(page.locator("#codes .said")).to_contain_text("1 of 49")
    if not finger:
        page.mouse.move(1, 1)
    now = np.array(page.evaluate(LEVELS, "#codes")).reshape(28, 28)
    apart = decoded([*before[:6], 17, *before[7:]]) - decoded(before)
    assert (now != shown)[apart.abs().numpy() > 0.02].all()
    assert (now != shown)[:19, 9:].sum() > 3
    now[:19, 9:] = shown[:19, 9:]
    assert (now == shown).all()
    reach = page.locator("#codes .reach").bounding_box()
    frame = page.locator("#codes .picture").bounding_box()
    assert reach["width"] == pytest.approx(19 / 28 * frame["width"], abs=2)
    assert reach["x"] + reach["width"] == pytest.approx(frame["x"] + frame["width"], abs=2)
    expect_done(page, "pick")


def test_terms_and_gradient_follow_an_exchange_and_come_back(open_page):
    page = open_view(open_page, "codes")
    terms = page.locator("#codes .terms")
    at_first = terms.inner_text()
    grid = grid_of(drawing())
    cell(page, 24).click()
    code(page, 96 if grid[24] != 96 else 7).click()
    grid[24] = 96 if grid[24] != 96 else 7
    value, _ = codes.quantize(drawing(), ", ".join(map(str, grid)), 24)
    expect(terms).to_contain_text(f"{value['terms'][0]:.1f} reconstruction")
    expect(page.locator(".mathematics")).to_contain_text(f"{value['terms'][0]:.2f}")
    figures = page.locator("#codes .gradients svg")
    told = [figures.nth(k).get_attribute("aria-label") for k in range(3)]
    assert told[0] == told[1] != told[2] and str(value["to_code"][3]) in told[0]
    page.locator("#codes .undo").click()
    expect(terms).to_have_text(at_first)
    expect(page.locator("#codes .undo")).to_be_disabled()
    code(page, 5).click()
    expect(terms).not_to_have_text(at_first)
    page.locator("#codes .reset").click()
    expect(terms).to_have_text(at_first)
    expect_done(page, "pick", "reset")


def test_a_code_under_the_pointer_is_tried_with_no_request(open_page):
    page = open_view(open_page, "codes")
    page.wait_for_load_state("networkidle")
    asked = questions(page)
    before = page.evaluate(LEVELS, "#codes")
    code(page, 17).hover()
    page.wait_for_function(
        f"(before) => String(({LEVELS})('#codes')) !== String(before)", arg=before
    )
    page.mouse.move(1, 1)
    page.wait_for_function(
        f"(before) => String(({LEVELS})('#codes')) === String(before)", arg=before
    )
    assert asked == []
    expect_done(page)


def test_before_the_decoder_has_come_the_server_s_pictures_are_shown(open_page):
    page = open_view(open_page, "codes")
    page.context.route("**/later", lambda route: route.abort())
    page.reload()
    page.locator("gradio-app[data-ready] #codes .codebook button").first.wait_for()
    grid = grid_of(drawing())
    wait_for_levels(page, "#codes", decoded(grid))
    before = page.evaluate(LEVELS, "#codes")
    cell(page, 24).click()
    code(page, 96 if grid[24] != 96 else 7).click()
    expect(page.locator("#codes .said")).to_contain_text("1 of 49 exchanged")
    page.wait_for_function(
        f"(before) => String(({LEVELS})('#codes')) !== String(before)", arg=before
    )
    open_page.errors.clear()  # the console's line about the request that was stopped


def test_codes_by_keyboard(open_page):
    page = open_view(open_page, "codes")
    cell(page, 0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(cell(page, 8)).to_have_attribute("aria-pressed", "true")
    page.locator("#codes .codebook button").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(cell(page, 8)).to_have_attribute("data-changed", "")
    expect_done(page, "pick")


@pytest.mark.parametrize(("width", "finger"), [(PHONE, True), (DESK, False)])
def test_a_drawing_becomes_codes(open_page, width, finger):
    page = open_view(open_page, "codes", width, touch=finger)
    page.locator("#quantized-digit .clear").click()
    wait_for_levels(page, "#codes", decoded(grid_of("0" * 784)))
    stroke(page, "#quantized-digit canvas", 28 * 6 + 14, 28 * 20 + 14, finger)
    page.wait_for_function(
        f"() => Math.min(...({LEVELS})('#codes'), 255) < 90"
    )  # a stroke has come back
    expect(page.locator("#codes .said")).to_contain_text("nearest")
    expect_done(page, "own")
    page.locator("#vae-drawn input[type=range]").fill("0")
    wait_for_levels(page, "#codes", decoded(grid_of(codes.a_digit(0))))


def test_a_link_brings_the_digit_back(open_page):
    page = open_view(open_page, "codes", query="&drawn=12")
    expect(page.locator("#vae-drawn input[type=number]")).to_have_value("12")
    wait_for_levels(page, "#codes", decoded(grid_of(codes.a_digit(12))))


# Styles.


@pytest.mark.parametrize(("width", "finger"), [(PHONE, True), (DESK, False)])
def test_a_style_goes_through_all_digits(open_page, width, finger):
    page = open_view(open_page, "cvae", width, touch=finger)
    sheet, first = page.locator("#styles img"), own_digit(cvae.DIGIT)
    expect(sheet).to_have_attribute("src", image_of(cvae.style(first, cvae.DIGIT, cvae.SEED)[0]))
    page.locator("#vae-told input[type=range]").fill("8")
    html, _ = cvae.style(first, 8, cvae.SEED)
    expect(sheet).to_have_attribute("src", image_of(html))
    expect(page.locator("#styles [data-told]")).to_have_text("8")
    page.locator("#vae-styles input[type=range]").fill("9999")
    expect(sheet).to_have_attribute("src", image_of(cvae.style(first, 8, 9999)[0]))
    before = page.locator("#styles .verdict b").inner_text()
    page.locator("#styled-digit .clear").click()
    stroke(page, "#styled-digit canvas", 28 * 4 + 14, 28 * 23 + 14, finger)
    expect(page.locator("#styles .verdict b")).not_to_have_text(before)
    expect_done(page, "told", "seed", "draw")


# The prior.


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_grid_is_scrubbed_code_by_code(open_page, width):
    page = open_view(open_page, "prior", width)
    value, _ = prior.write_codes("digits", "8", 7, 1)
    wait_for_levels(page, "#code-player", decoded(value["tokens"]))
    page.wait_for_load_state("networkidle")
    asked = questions(page)
    page.locator("#code-player .scrub").fill("20")
    expect(page.locator("#code-player .count")).to_have_text("20 of 49")
    cells = page.locator("#code-player .code-grid i")
    assert cells.evaluate_all("(all) => all.map((c) => c.textContent)") == [
        *map(str, value["tokens"][:20]),
        *[""] * 29,
    ]
    step = value["steps"][20]
    expect(page.locator("#code-player .likely")).to_contain_text(f"{100 * step['drawn']:.1f} %")
    page.locator("#code-player .step").click()
    expect(page.locator("#code-player .count")).to_have_text("21 of 49")
    assert asked == [], "sent once, scrubbed in the page"
    page.get_by_label("Speed in codes per second").select_option("49")
    page.locator("#code-player .play").click()
    expect(page.locator("#code-player .count")).to_have_text("49 of 49")
    expect_done(page, "play")


def test_another_digit_another_grid(open_page):
    page = open_view(open_page, "prior")
    page.locator("#vae-number").get_by_label("3", exact=True).check()
    wait_for_levels(
        page, "#code-player", decoded(prior.write_codes("digits", "3", 7, 1)[0]["tokens"])
    )
    page.get_by_role("button", name="Write another").click()
    wait_for_levels(
        page, "#code-player", decoded(prior.write_codes("digits", "3", 8, 1)[0]["tokens"])
    )
    page.locator("#vae-temperature input[type=range]").fill("0.3")
    value, _ = prior.write_codes("digits", "3", 8, 0.3)
    wait_for_levels(page, "#code-player", decoded(value["tokens"]))
    expect_done(page, "digit", "cold")
    with page.expect_download() as download:
        page.locator("#code-player").get_by_role("button", name="Numbers (JSON)").click()
    numbers = json.loads(download.value.path().read_text())
    assert numbers["tokens"] == value["tokens"] and "frames" not in numbers
    with page.expect_download() as download:
        page.locator("#code-player").get_by_role("button", name="Picture (PNG)").click()
    assert Image.open(download.value.path()).size == (560, 560)


def test_faces_in_place_of_digits(open_page):
    page = open_view(open_page, "prior")
    strip = page.locator(".strip:visible")
    expect(strip).to_contain_text("drawn digits are named as asked")
    page.locator("#vae-kind").get_by_label("faces").check()
    measured = checkpoints.MANIFEST["image-gpt-vqvae-faces"]["measured"]
    expect(strip).to_contain_text(f"{measured['nats_per_grid']:.1f}")
    expect(strip).not_to_contain_text("digits")
    expect(page.locator(".words li:visible")).to_have_count(2)  # no digit can be asked for
    expect(page.locator("#code-player .count")).to_have_text("64 of 64")
    expect(page.locator("#vae-number")).to_be_hidden()
    value, _ = prior.write_codes("faces", "8", 7, 1)
    cells = page.locator("#code-player .code-grid i")
    assert cells.all_text_contents() == [*map(str, value["tokens"])]
    size = page.locator("#code-player .picture").evaluate("(c) => [c.width, c.height]")
    assert size == [64, 64]
    expect(strip.locator("[data-live]")).to_have_text(re.compile(r"\d+ ms"))


def test_a_link_brings_the_grid_back(open_page):
    page = open_view(open_page, "prior", query="&number=any&start=41&temperature=0.5")
    value, _ = prior.write_codes("digits", "any", 41, 0.5)
    wait_for_levels(page, "#code-player", decoded(value["tokens"]))


def test_views_of_codes_follow_the_dark(open_page):
    page = open_view(open_page, "codes")
    for title, name in ((None, "#codes"), (prior.TITLE, "#code-player")):
        if title:
            go_to(page, title)
            page.locator("#code-player [data-ready], #code-player[data-ready]").first.wait_for(
                state="attached"
            )
        before = page.evaluate(LEVELS, name)
        page.evaluate("document.body.classList.toggle('dark')")
        page.wait_for_function(
            f"([id, before]) => String(({LEVELS})(id)) !== String(before)", arg=[name, before]
        )
