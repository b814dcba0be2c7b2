"""AE against VAE, beta and the number of dimensions in a real browser: one gesture, one visible change."""

import base64
from itertools import combinations
from math import dist

import pytest
from playwright.sync_api import Page, expect

from demos.vae import beta, dims, versus
from tests.gestures import DESK, PHONE, expect_done, questions, stroke, wait_for_change
from tests.test_browser_vae import image_of, knob, open_view

POINT, PRIOR, AROUND = versus.SHOWN
PICTURES = [f"#versus [data-name={name}] .picture" for name in versus.MODELS]
# A picture as the page shows it in light mode: grey levels of red, ink 26 and paper 255.
LEVELS = """(s) => { const c = document.querySelector(s);
  return [...c.getContext("2d").getImageData(0, 0, c.width, c.height).data].filter((_, k) => k % 4 === 0); }"""


def open_versus(open_page, width: int = DESK, query: str = "", **options) -> Page:
    page = open_view(open_page, "versus", width, query, **options)
    page.locator("#versus [data-ready]").wait_for(state="attached")  # the sheets are read
    return page


def wait_for_points(page: Page, z1: float, z2: float) -> None:
    """Until the server's own pictures of this point are shown, not what was looked up."""
    value = versus.side_by_side(POINT, z1, z2, versus.OPENING, 0.3, 0)
    for picture, name in zip(PICTURES, versus.MODELS, strict=True):
        page.wait_for_function(
            f"([s, ink]) => {{ const seen = ({LEVELS})(s); return seen.length === ink.length && "
            "seen.every((red, i) => Math.abs(red - (255 - ink[i] * 229 / 255)) <= 1.01); }",
            arg=[picture, list(base64.b64decode(value["ink"][name]))],
            timeout=20_000,
        )


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_one_pointer_moves_all_maps_with_no_request(open_page, width):
    page = open_versus(open_page, width)
    page.wait_for_load_state("networkidle")
    asked = questions(page)
    before = [page.locator(p).evaluate("(c) => c.toDataURL()") for p in PICTURES]
    page.locator("#versus [data-name=VAE] .map").scroll_into_view_if_needed()
    box = page.locator("#versus [data-name=VAE] .map").bounding_box()
    at = [
        (box["x"] + x * box["width"], box["y"] + y * box["height"])
        for x, y in ((0.2, 0.2), (0.9, 0.8))
    ]
    page.mouse.move(*at[0])
    page.mouse.down()
    page.mouse.move(*at[1], steps=10)
    for picture, old in zip(PICTURES, before, strict=True):
        wait_for_change(page, picture, old)
    assert asked == []
    lefts = page.eval_on_selector_all("#versus .pointer", "(all) => all.map((p) => p.style.left)")
    assert len(set(lefts)) == 1 and float(lefts[0].removesuffix("%")) > 80
    page.mouse.up()
    # At rest the knobs know the point, and the server's own pictures take the place of mixtures.
    expect(knob(page, "y1")).not_to_have_value("-0.5")
    wait_for_points(page, *(float(knob(page, name).input_value()) for name in ("y1", "y2")))
    expect_done(page, "drag")


def test_before_the_sheets_have_come_the_server_draws_what_is_pointed_at(open_page):
    """And names on a map stand apart, none beyond its edge, those that have room where they were."""
    page = open_view(open_page, "versus")
    page.context.route("**/later", lambda route: route.abort())
    page.reload()
    page.locator("#versus [data-ready]").wait_for(state="attached")
    page.locator("#versus [data-name=VAE] .map").click(position={"x": 30, "y": 30})
    expect(knob(page, "y1")).not_to_have_value("-0.5")
    wait_for_points(page, *(float(knob(page, name).input_value()) for name in ("y1", "y2")))
    open_page.errors.clear()  # the console's line about the request that was stopped
    points = page.evaluate(
        "gml.apart([[50, 50], [50, 50], [52, 50], [99, 1], [10, 80]], 10, 5, 95)"
    )
    near = min(dist(a, b) for a, b in combinations(points, 2))
    assert near > 9.9 and all(5 <= v <= 95 for at in points for v in at)
    assert points[3:] == [[95, 5], [10, 80]]


def test_walls_of_draws_and_around_a_digit(open_page):
    page = open_versus(open_page)
    first = page.locator(PICTURES[0]).evaluate("(c) => c.width")
    page.get_by_label(PRIOR).check()
    page.wait_for_function("document.querySelector('#versus .picture')?.width === 112")
    assert first == 28
    expect_done(page, "prior")
    page.get_by_label(AROUND).check()
    expect(page.locator("#versus .tip")).to_contain_text(f"around test digit {versus.OPENING}")
    expect(page.locator("#vae-radius")).to_be_visible()
    expect(page.locator("#vae-y1")).to_be_hidden()
    before = page.locator(PICTURES[0]).evaluate("(c) => c.toDataURL()")
    page.locator("#vae-radius input[type=range]").fill("0.9")
    wait_for_change(page, PICTURES[0], before)
    expect_done(page, "prior", "around")
    # A tap on one map picks the digit that is nearest there, and the other maps follow it.
    page.locator("#versus [data-name=VAE] .map").click(position={"x": 20, "y": 20})
    expect(knob(page, "digit")).not_to_have_value(str(versus.OPENING))
    digit = int(knob(page, "digit").input_value())
    expect(page.locator("#versus .tip")).to_contain_text(f"around test digit {digit}")
    lefts = page.eval_on_selector_all("#versus .pointer", "(all) => all.map((p) => p.style.left)")
    assert len(set(lefts)) == 3, "its place is another on each map"


def test_arrow_keys_move_the_pointer_and_a_link_restores_it(open_page):
    page = open_versus(open_page, query="&y1=1.5&y2=-1")
    wait_for_points(page, 1.5, -1)
    page.locator("#versus [data-name=PCA] .map").focus()
    page.keyboard.press("ArrowLeft")
    expect(knob(page, "y1")).not_to_have_value("1.5")
    wait_for_points(page, *(float(knob(page, name).input_value()) for name in ("y1", "y2")))


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_beta_changes_copies_and_draws(open_page, width):
    page = open_view(open_page, "beta", width)
    drawing = beta.example(*beta.EXAMPLE)
    copies = page.get_by_alt_text("What comes back")

    def answers(b: float) -> str:
        html = beta.beta_vae(b, drawing, 0)
        return html.split('alt="What comes back"')[0].rsplit('src="', 1)[1].split('"')[0]

    expect(copies).to_have_attribute("src", answers(1))
    page.get_by_label(beta.LABELS[16], exact=True).check()
    expect(copies).to_have_attribute("src", answers(16))
    expect(page.locator("#beta .verdict")).to_contain_text("posterior collapse")
    page.get_by_label(beta.LABELS[0], exact=True).check()
    expect(copies).to_have_attribute("src", answers(0))
    expect_done(page, "dear", "free")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_drawing_is_squeezed(open_page, width):
    page = open_view(open_page, "dims", width)
    first = page.get_by_alt_text("Through 2 numbers of the AE")
    expect(first).to_have_attribute("src", image_of(dims.compress(dims.example(*dims.EXAMPLE))))
    page.locator("#squeezed-digit .clear").click()
    expect(first).to_have_attribute("src", image_of(dims.compress("0" * 784)))
    stroke(page, "#squeezed-digit canvas", 28 * 4 + 14, 28 * 23 + 14)
    expect(first).not_to_have_attribute("src", image_of(dims.compress("0" * 784)))
    expect_done(page, "clear", "draw")
