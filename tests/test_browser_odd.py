"""Browsers that are not as Chromium comes: storing forbidden, drawings not given back, colours chosen, other keys."""

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from demos import TABS
from demos.shell import page_of
from tests import portrait
from tests.gestures import DESK
from tests.test_browser_class import patterns  # noqa: F401 (a fixture)

FORBIDDEN = """for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, {
  get() { throw new DOMException("The operation is insecure.", "SecurityError") } })"""
# What Firefox does against fingerprinting, Tor and LibreWolf always.
NOISE = """const noise = (data) => { data.forEach((_, i) => (data[i] = (53 * i) % 256)); return data };
const get = CanvasRenderingContext2D.prototype.getImageData;
CanvasRenderingContext2D.prototype.getImageData = function (...box) {
  const read = get.apply(this, box);
  noise(read.data);
  return read;
};
const put = CanvasRenderingContext2D.prototype.putImageData;
CanvasRenderingContext2D.prototype.putImageData = function (image, ...at) {
  if (this.canvas.matches(".picture")) window.painted = image.data.reduce((sum, v, i) => sum + v * (i % 97), 0);
  return put.call(this, image, ...at);
};"""


@pytest.fixture
def odd(browser):
    """odd(script, ...) -> a page of a context of its own, in which the script runs before every page's own."""
    contexts, errors = [], []

    def odd(script: str = "", width: int = DESK, **options):
        context = browser.new_context(viewport=dict(width=width, height=844), **options)
        contexts.append(context)
        context.on("weberror", lambda e: errors.append(str(e.error)))
        if script:
            context.add_init_script(script)
        return context.new_page()

    yield odd
    for context in contexts:
        context.close()
    assert errors == []


def opened(page, url: str):
    page.goto(url)
    page.locator("gradio-app[data-ready]").first.wait_for()
    return page


def test_a_student_plays_where_nothing_can_be_stored(odd, app_url, patterns):  # noqa: F811
    code, key = patterns.open()
    page = odd(FORBIDDEN, 390)
    page.goto(f"{app_url}/class")
    expect(page.get_by_text("a reload of this page leaves the room")).to_be_visible()
    page.get_by_label("Code").fill(code)
    page.get_by_label("A nickname").fill("Ada")
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_text("You are in.")).to_be_visible()
    assert page.url == f"{app_url}/class/{code}"
    patterns.advance(code, key, "lobby", 0)
    expect(page.locator(".face img")).to_have_count(3)
    page.locator(".face").first.click()
    page.locator(".vote").click()
    expect(page.locator(".question")).to_contain_text("Counted")
    page.reload()
    expect(page.get_by_text("the reload has left the room")).to_be_visible()
    page.get_by_label("A nickname").fill("Ada again")
    page.get_by_role("button", name="Join").click()
    expect(page.locator(".face img")).to_have_count(3)


def test_views_and_ticks_work_where_nothing_can_be_stored(odd, app_url):
    page = opened(odd(FORBIDDEN), f"{app_url}/?tab=quiz&view=record")
    expect(page.locator(".count").first).to_contain_text("This browser keeps nothing")
    opened(page, f"{app_url}/?tab=autoregressive&view=play")
    scrub = page.locator("#pixel-player [type=range]")  # by hand: nothing plays on beside the click
    scrub.evaluate("(s) => { s.value = s.max; s.dispatchEvent(new Event('input')); }")
    page.locator("#pixel-player .picture").click(position=dict(x=60, y=60))
    expect(page.locator("[data-step=flip]")).to_have_class("done")


def test_the_map_is_drawn_where_no_drawing_is_given_back(odd, app_url):
    page = opened(odd(NOISE), f"{app_url}/?tab=vae&view=latent_map")
    page.wait_for_function("document.querySelector('#latent-map').outerHTML.includes('data-ready')")
    box = page.locator("#latent-map .map").bounding_box()
    before = page.evaluate("painted")
    page.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] / 3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 4)
    page.wait_for_function(
        "(before) => painted !== before", arg=before
    )  # the finger still rests on it
    page.mouse.up()


def test_a_photo_that_is_not_given_back_says_so(odd, app_url):
    page = opened(odd(NOISE), f"{app_url}/?tab=vae&view=own_photo")
    page.locator(".consent input").check()
    jpeg = io.BytesIO()
    portrait.portrait().save(jpeg, "JPEG")
    page.locator(".canvas-photo [type=file]").set_input_files(
        dict(name="me.jpg", mimeType="image/jpeg", buffer=jpeg.getvalue())
    )
    expect(page.locator(".canvas-photo .tip")).to_contain_text("protection against fingerprinting")


def contrast(png: bytes) -> float:
    """Between the lightest and the darkest of a picture's pixels, as WCAG counts it."""
    levels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")) / 255
    linear = np.where(levels <= 0.03928, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    light = np.sort((linear @ [0.2126, 0.7152, 0.0722]).ravel())
    few = max(1, len(light) // 50)
    return (light[-few] + 0.05) / (light[few] + 0.05)


@pytest.mark.parametrize("forced", ["none", "active"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_ticked_or_pressed_is_seen(odd, app_url, scheme, forced):
    page = odd(color_scheme=scheme, forced_colors=forced)
    opened(page, f"{app_url}/?tab=vae&view=own_photo")
    box = page.locator(".consent input")
    box.check()
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    area = box.bounding_box()
    inside = {k: area[k] + 4 for k in "xy"} | {k: area[k] - 8 for k in ("width", "height")}
    assert contrast(page.screenshot(clip=inside)) > 3, "the tick on its ground"
    opened(page, f"{app_url}/?tab=stylegan&view=mixing")
    for buttons in (".mixing-knobs button", ".matrix button:not(.source)"):
        pressed = page.locator(f"{buttons}[aria-pressed=true]").first.element_handle()
        area = pressed.bounding_box()
        around = {k: area[k] - 8 for k in "xy"} | {k: area[k] + 16 for k in ("width", "height")}
        seen = page.screenshot(clip=around)
        pressed.evaluate("(button) => button.setAttribute('aria-pressed', 'false')")
        assert page.screenshot(clip=around) != seen, buttons


def test_keys_are_known_by_their_place_and_a_nameless_one_is_none(odd, quiz_url):
    page = opened(odd(), f"{quiz_url}/?tab=quiz&view=play")
    page.locator("#quiz .table[data-state=asking]").wait_for()
    press = """(words) => document.body.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, ...words }))"""
    for words, k in (
        (dict(key="&", code="Digit1"), 0),  # a French keyboard
        (dict(key="2", code="Numpad2"), 1),
        (dict(key="3", code=""), 2),  # one on the screen
    ):
        page.evaluate(press, words)
        expect(page.locator("#quiz .face").nth(k)).to_have_attribute("aria-pressed", "true")
    page.evaluate(press, dict(key="", code=""))
    page.evaluate(press, dict(key="Dead", code="Digit4"))
    pressed = page.locator("#quiz .face[aria-pressed=true]")
    expect(pressed).to_have_count(3)


@pytest.mark.slow
def test_nothing_sticks_out_at_320_pixels(odd, app_url):
    page = opened(odd("", 320), app_url)
    wide = {}
    for tab in TABS:
        for view in tab.VIEWS:
            name = page_of(tab, view)
            page.evaluate("([tab, view]) => gml.go(tab, view)", name.split("-", 1))
            page.locator(f"gradio-app[data-view='{name}'][data-ready]:not([hidden])").wait_for()
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > 320:
                wide[name] = width
    assert not wide
