"""The tab Autoencoders in a real browser: each test makes one gesture and waits for what should change."""

import base64
import json
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from demos.vae import bound, dials, film, latent_map, trick
from demos.vae.latent import EDGE
from tests.gestures import (
    DESK,
    PHONE,
    expect_done,
    go_to,
    questions,
    url_of,
    wait_for_change,
)

MAP, PICTURE, PAD = "#latent-map .map", "#latent-map .picture", "#encoded-digit canvas"
# The picture as the page shows it in light mode: grey levels of red, ink 26 and paper 255.
LEVELS = """() => [...document.querySelector("#latent-map .picture")
  .getContext("2d").getImageData(0, 0, 28, 28).data].filter((_, k) => k % 4 === 0)"""


def open_view(open_page, view: str, width: int = DESK, query: str = "", **options) -> Page:
    return open_page(width, reduced_motion=True, query=f"tab=vae&view={view}{query}", **options)


def open_map(open_page, width: int = DESK, query: str = "", **options) -> Page:
    page = open_view(open_page, "latent_map", width, query, **options)
    page.locator("#latent-map [data-ready]").wait_for(state="attached")  # the sheet is read
    return page


def knob(page: Page, name: str):
    return page.locator(f"#vae-{name} input[type=number]")


def wait_for_point(page: Page, z1: float, z2: float) -> None:
    """Until the server's own picture of this point is shown, not what was looked up in the sheet."""
    ink = list(base64.b64decode(latent_map.decode_2d(z1, z2)["ink"]))
    page.wait_for_function(
        f"(ink) => ({LEVELS})().every((red, i) => Math.abs(red - (255 - ink[i] * 229 / 255)) <= 1.01)",
        arg=ink,
        timeout=20_000,
    )


def image_of(html: str) -> str:
    return re.findall(r"(?:src|srcset)=['\"](data:[^'\"]+)", html)[0]


def drag(page: Page, finger: bool, *stops: tuple[float, float]) -> Callable[[], None]:
    """Across the map, up to letting go, which is the call that comes back. stops: fractions of width and height."""
    page.locator(MAP).scroll_into_view_if_needed()
    box = page.locator(MAP).bounding_box()
    at = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in stops]
    if not finger:
        page.mouse.move(**at[0])
        page.mouse.down()
        for p in at[1:]:
            page.mouse.move(**p, steps=12)
        return page.mouse.up
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *points: dict) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": [*points]})

    send("Start", at[0])
    for p in at[1:]:
        send("Move", p)
    return lambda: send("End")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_opens_with_map_and_picture(open_page, width):
    page = open_map(open_page, width)
    wait_for_point(page, *latent_map.START)
    colours = page.evaluate(
        """() => { const m = document.querySelector("#latent-map .map");
        const d = m.getContext("2d").getImageData(0, 0, m.width, m.height).data, seen = new Set();
        for (let k = 0; k < d.length; k += 4) seen.add(d[k] + "," + d[k + 1] + "," + d[k + 2]);
        return seen.size; }"""
    )
    assert colours > 50, "dots of ten colours are on the map"
    expect_done(page)


@pytest.mark.parametrize(("width", "finger"), [(PHONE, True), (DESK, False)])
def test_a_drag_decodes_at_once_with_no_request(open_page, width, finger):
    page = open_map(open_page, width, touch=finger)
    page.wait_for_load_state("networkidle")
    asked = questions(page)
    before, scrolled = url_of(page, PICTURE), page.evaluate("scrollY")
    let_go = drag(page, finger, (0.2, 0.2), (0.5, 0.5), (0.9, 0.85))
    page.wait_for_function(
        "parseFloat(document.querySelector('#latent-map .pointer')?.style.left) > 85"
    )
    assert url_of(page, PICTURE) != before and asked == []
    assert page.evaluate("scrollY") == scrolled, "the finger drags, it does not scroll"
    let_go()
    # At rest the knobs know the point, and the server's own picture takes the place of the mixture.
    for name, start in zip(("z1", "z2"), latent_map.START, strict=True):
        expect(knob(page, name)).not_to_have_value(str(start))
    z = [float(knob(page, name).input_value()) for name in ("z1", "z2")]
    expect(page.locator("#latent-map .tip")).to_contain_text(f"({z[0]:.2f},")
    assert z[0] > 1 and z[1] < -0.7, "at the right, below"
    wait_for_point(page, *z)
    assert len([url for url in asked if "gradio_api" in url]) >= 1
    expect_done(page, "drag")


def test_a_click_is_no_drag(open_page):
    page = open_map(open_page)
    drag(page, False, (0.6, 0.6))()
    expect(knob(page, "z1")).not_to_have_value(str(latent_map.START[0]))
    expect_done(page)
    drag(page, False, (0.375, 0.275))()  # no dot is near
    expect_done(page, "gap")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_arrow_keys_move_the_point(open_page, width):
    page = open_map(open_page, width)
    page.locator(MAP).focus()
    before = url_of(page, PICTURE)
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    wait_for_change(page, PICTURE, before)
    # On a slow machine the point rests more than once: the knobs come to where the tip says it is.
    tip = page.locator("#latent-map .tip").inner_text()
    z = [float(v) for v in re.findall(r"-?\d+\.\d\d", tip)]
    for name, v in zip(("z1", "z2"), z, strict=True):
        expect(knob(page, name)).to_have_value(f"{v:g}")
    assert z[0] > latent_map.START[0] and z[1] > latent_map.START[1]
    wait_for_point(page, *z)
    expect_done(page)


def test_the_map_s_own_sliders(open_page):
    page = open_map(open_page)
    pointer = page.locator("#latent-map .pointer")
    before = pointer.get_attribute("style")
    page.locator("#vae-z1 input[type=range]").fill("1.5")
    wait_for_point(page, 1.5, latent_map.START[1])
    assert pointer.get_attribute("style") != before
    page.get_by_role("button", name="To the middle").click()
    wait_for_point(page, 0, 0)
    assert "left: 50%" in pointer.get_attribute("style").replace("left:50%", "left: 50%")
    expect_done(page)


SLIDERS = "The digit that the sliders describe"


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_dial_changes_the_picture(open_page, width):
    page = open_view(open_page, "dials", width)
    picture = page.get_by_alt_text(SLIDERS)
    *z, html = dials.draw_16d(dials.SEED)
    expect(picture).to_have_attribute("src", image_of(html))
    page.locator("#vae-d2 input[type=range]").fill("0.5")
    expect(picture).to_have_attribute("src", image_of(dials.decode_16d(*z[:1], 0.5, *z[2:])))
    expect_done(page)
    page.locator("#vae-d2 input[type=range]").fill("3")
    expect(picture).to_have_attribute("src", image_of(dials.decode_16d(*z[:1], 3, *z[2:])))
    expect_done(page, "dial")


def test_draws_from_the_prior_and_back_to_zero(open_page):
    page = open_view(open_page, "dials")
    picture = page.get_by_alt_text(SLIDERS)
    page.get_by_role("button", name="Draw from the prior").click()
    *z, html = dials.draw_16d(dials.SEED + 1)
    expect(picture).to_have_attribute("src", image_of(html))
    expect(knob(page, "d16")).to_have_value(f"{z[-1]:g}")
    page.get_by_role("button", name="All to zero").click()
    expect(picture).to_have_attribute("src", image_of(dials.decode_16d(*[0] * 16)))
    expect_done(page, "draw")


def test_without_sigma_epsilon_does_not_matter(open_page):
    page = open_view(open_page, "trick")
    image = page.locator("#trick img")
    page.locator("#vae-sigma1 input[type=range]").fill("0")
    values = [*trick.FIRST.values()]
    values[2] = 0
    expect(image).to_have_attribute("src", image_of(trick.reparameterize_2d(*values)))
    expect_done(page)
    page.locator("#vae-sigma2 input[type=range]").fill("0")
    values[3] = 0
    expect(image).to_have_attribute("src", image_of(trick.reparameterize_2d(*values)))
    expect_done(page, "sigma")


def test_epsilon_is_drawn(open_page):
    page = open_view(open_page, "trick")
    page.get_by_role("button", name="Draw epsilon").click()
    expect_done(page, "draw")
    values = [float(knob(page, name).input_value()) for name in trick.FIRST]
    assert values[:4] == [*trick.FIRST.values()][:4] and values[4:] != [1, 0.5]
    assert all(abs(v) <= EDGE for v in values)
    expect(page.locator("#trick img")).to_have_attribute(
        "src", image_of(trick.reparameterize_2d(*values))
    )


def test_a_walk_to_another_digit_and_its_film(open_page):
    page = open_view(open_page, "film")
    page.locator("#vae-to input[type=number]").fill("6")
    source = page.locator("#walk source")
    expect(source).to_have_attribute("srcset", image_of(film.interpolate(3, 6, 4)))
    expect_done(page, "film")
    with page.expect_download() as download:
        page.get_by_role("button", name="Film (GIF)").click()
    assert download.value.suggested_filename == "vae-3-to-6-example4.gif"
    assert Image.open(download.value.path()).n_frames == film.FRAMES


def test_picture_and_numbers_to_take_home(open_page):
    page = open_map(open_page)
    files = {}
    for name in ("Picture (PNG)", "Numbers (JSON)"):
        with page.expect_download() as download:
            page.locator("#latent-map").get_by_role("button", name=name).click()
        files[download.value.suggested_filename.rpartition(".")[2]] = download.value.path()
    assert Image.open(files["png"]).size == (560, 560)
    numbers = json.loads(files["json"].read_text())
    assert numbers["z"] == pytest.approx(latent_map.START) and len(numbers["p_ink_given_z"]) == 784


def test_the_map_follows_the_dark(open_page):
    page = open_map(open_page)
    light = {canvas: url_of(page, canvas) for canvas in (MAP, PICTURE)}
    go_to(page, bound.TITLE)
    light |= {PAD: url_of(page, PAD)}
    go_to(page, latent_map.TITLE)
    page.evaluate("document.body.classList.toggle('dark')")
    for canvas, before in light.items():
        wait_for_change(page, canvas, before)


# Links.


def open_link(open_page, wanted: dict[str, float], **options) -> Page:
    """An old link, with no view in it: the view that has its knobs opens."""
    query = "".join(f"&{name}={value}" for name, value in wanted.items())
    page = open_page(reduced_motion=True, query=f"tab=vae{query}", **options)
    for name, value in wanted.items():
        expect(knob(page, name)).to_have_value(f"{value:g}")
    return page


def test_a_link_brings_the_point_back(open_page):
    page = open_link(open_page, dict(z1=1.25, z2=-0.5))
    wait_for_point(page, 1.25, -0.5)


def test_a_link_brings_the_dials_back(open_page):
    wanted = {f"d{k}": round(k / 8 - 1, 2) for k in range(1, 17)}
    page = open_link(open_page, wanted)
    expect(page.get_by_alt_text(SLIDERS)).to_have_attribute(
        "src", image_of(dials.decode_16d(*wanted.values()))
    )


def test_a_link_brings_mu_sigma_and_epsilon_back(open_page):
    wanted = dict(mu1=0.5, mu2=1, sigma1=0.2, sigma2=1.1, epsilon1=-1, epsilon2=2)
    page = open_link(open_page, wanted)
    expect(page.locator("#trick img")).to_have_attribute(
        "src", image_of(trick.reparameterize_2d(*wanted.values()))
    )


def test_a_link_brings_the_walk_back(open_page):
    page = open_link(open_page, {"from": 1, "to": 7, "example": 42})
    expect(page.locator("#walk source")).to_have_attribute(
        "srcset", image_of(film.interpolate(1, 7, 42))
    )


def test_the_address_follows_the_point(open_page):
    page = open_map(open_page)
    drag(page, False, (0.3, 0.3), (0.6, 0.6))()
    page.wait_for_url(re.compile(r"tab=vae&view=latent_map.*&z1=-?[\d.]+&z2=-?[\d.]+"))


@pytest.mark.parametrize(
    ("query", "z1"),
    [
        ("&z1=1e9", "3"),
        ("&z1=-1e9", "-3"),
        ("&z1=NaN", "-0.9"),
        ("&z1=" + quote("<img src=x onerror=window.pwned=1>"), "-0.9"),
        ("&z1=" + "9" * 5000, "-0.9"),
        ("&from=77&example=-5&sigma1=99&d1=Infinity&to=%00", "-0.9"),
    ],
    ids=lambda value: value[:40],
)
def test_a_hostile_link_leaves_the_map_whole(open_page, query, z1):
    page = open_map(open_page, query=query)
    expect(knob(page, "z1")).to_have_value(z1)
    wait_for_point(page, float(z1), latent_map.START[1])
    assert page.evaluate("window.pwned") is None


def test_a_hostile_link_leaves_the_other_views_whole(open_page):
    page = open_view(open_page, "dials", query="&d1=Infinity&d2=1e9&seed=%00")
    assert abs(float(knob(page, "d1").input_value())) <= EDGE
    expect(knob(page, "d2")).to_have_value(f"{EDGE:g}")
    page = open_view(open_page, "trick", query="&sigma1=99&mu1=-99&epsilon1=x")
    expect(knob(page, "sigma1")).to_have_value("1.5")
    expect(knob(page, "mu1")).to_have_value(f"{-EDGE:g}")
    page = open_view(open_page, "film", query="&from=77&example=-5&to=%00")
    expect(page.locator("#walk source")).to_have_attribute(
        "srcset", image_of(film.interpolate(9, 8, 0))
    )
