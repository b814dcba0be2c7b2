"""Several models of pixels in a real browser: the switch, given pixels, the history function, scale by scale."""

import pytest
from playwright.sync_api import Page, expect

from demos.autoregressive import family, play
from tests.gestures import DESK, PHONE, expect_done, stroke, url_of, wait_for_change
from tests.test_browser import bits, wait_for_bits

TAB = "tab=autoregressive&view="
GIVEN, PAD = TAB + "complete", "#given-pixels canvas"


def drawn(title: str, seed: int = 7) -> str:
    return play.draw(seed, 1, "", title)[0]["bits"]


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_model_is_switched_while_a_picture_plays(open_page, width):
    page = open_page(width, query=TAB + "play")
    shown = page.locator("#pixel-player .count")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    for title in family.there()[1:]:
        page.get_by_role("radio", name=title, exact=True).check()
        measured = family.measured(title)
        expect(page.locator("[data-live=quality]")).to_contain_text(
            f"{measured['nats_per_image']:.1f}"
        )
        expect(page.locator("[data-live=trained]")).to_have_text(measured["trained"])
    page.locator("#pixel-player .scrub").fill("784")
    expect(shown).to_have_text("784")
    wait_for_bits(page, drawn(family.there()[-1]))
    expect_done(page, "model")
    page.wait_for_function(
        "(title) => new URLSearchParams(location.search).get('model') === title",
        arg=family.there()[-1],
    )
    other = open_page(width, reduced_motion=True, query=page.url.partition("?")[2])
    wait_for_bits(other, drawn(family.there()[-1]))


def brush(page: Page, name: str) -> None:
    page.locator("#given-pixels").get_by_label(name, exact=True).check()


@pytest.mark.parametrize(("width", "finger"), [(PHONE, True), (DESK, False)])
def test_any_pixels_are_painted_and_stay(open_page, width, finger):
    """Opened, inked and papered with three brushes; what is given is in each of the endings."""
    page = open_page(width, reduced_motion=True, touch=finger, query=GIVEN)
    endings = page.locator(".four")
    before = endings.inner_html()
    page.locator("#given-pixels .clear").click()
    page.wait_for_function("(b) => document.querySelector('.four')?.innerHTML !== b", arg=before)
    expect(page.locator(".block.told-given")).to_contain_text("0 pixels given.")
    before = endings.inner_html()
    brush(page, "Paper")
    stroke(page, PAD, 28 * 4 + 4, 28 * 4 + 20, finger)
    page.wait_for_function("(b) => document.querySelector('.four')?.innerHTML !== b", arg=before)
    before = endings.inner_html()
    brush(page, "Ink")
    stroke(page, PAD, 28 * 20 + 6, 28 * 20 + 18, finger)
    page.wait_for_function("(b) => document.querySelector('.four')?.innerHTML !== b", arg=before)
    page.wait_for_function(
        """() => [...document.querySelectorAll('.four img')].every((image) => {
             const canvas = Object.assign(document.createElement('canvas'), { width: 28, height: 28 });
             const pen = canvas.getContext('2d', { willReadFrequently: true });
             if (!image.complete) return false;
             pen.drawImage(image, 0, 0);
             const level = (r, c) => pen.getImageData(c, r, 1, 1).data[0];
             return level(20, 10) < 99 && level(21, 12) < 99 && level(4, 10) > 99 && level(6, 14) > 99;
           })"""
    )
    brush(page, "Open")
    given = page.locator(".block.told-given").inner_text()
    stroke(page, PAD, 28 * 20 + 6, 28 * 20 + 18, finger)
    expect(page.locator(".block.told-given")).not_to_have_text(given)
    expect_done(page, "complete")


def test_the_left_half_alone_is_kept(open_page):
    page = open_page(reduced_motion=True, query=GIVEN)
    before = page.locator(".four").inner_html()
    page.get_by_role("button", name="Left half").click()
    page.wait_for_function("(b) => document.querySelector('.four')?.innerHTML !== b", arg=before)
    expect(page.locator(".block.told-given")).to_contain_text("392 pixels given.")
    expect_done(page, "left")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_one_pixel_is_chosen_for_all_models(open_page, width):
    page = open_page(width, reduced_motion=True, query=TAB + "history")
    rows = page.locator("#histories section")
    expect(rows).to_have_count(len(family.there()))
    maps = [f"#histories section:nth-of-type({k}) canvas" for k in (1, 2)]
    before = [url_of(page, canvas) for canvas in maps]
    expect(page.locator("#histories .tip")).to_contain_text("462")
    page.locator(maps[0]).scroll_into_view_if_needed()
    box = page.locator(maps[0]).bounding_box()
    page.mouse.click(box["x"] + 12.5 * box["width"] / 28, box["y"] + 18.5 * box["height"] / 28)
    expect(page.locator("#histories .tip")).to_contain_text(str(18 * 28 + 12))
    for canvas, old in zip(maps, before, strict=True):
        wait_for_change(page, canvas, old)
    expect(rows.nth(1)).to_contain_text("sees 516 of 516")
    page.locator(maps[1]).press("ArrowDown")
    expect(page.locator("#histories .tip")).to_contain_text(str(19 * 28 + 12))
    expect_done(page, "pick")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_scales_are_played_to_their_end(open_page, width):
    page = open_page(width, reduced_motion=True, query=TAB + "scales")
    left, right = (f"#scales [data-lane='{lane}']" for lane in (0, 1))
    expect(page.locator(f"{left} .count")).to_have_text("done after 4 passes")
    expect(page.locator(f"{right} .count")).to_have_text("done after 70 passes")
    whole = url_of(page, f"{left} canvas")
    page.locator("#scales .scrub").fill("1")
    expect(page.locator(f"{left} .count")).to_have_text("1 of 4 passes")
    expect(page.locator(f"{left} .grids i[data-on]")).to_have_count(1)
    expect(page.locator(f"{right} .grids i[data-on]")).to_have_count(1)
    wait_for_change(page, f"{left} canvas", whole)
    page.locator("#scales .step").click()
    expect(page.locator(f"{left} .grids i[data-on]")).to_have_count(5)
    expect(page.locator(f"{right} .grids i[data-on]")).to_have_count(2)
    page.locator("#scales .speed select").select_option("30")
    page.locator("#scales .play").click()
    expect(page.locator(f"{right} .count")).to_have_text("done after 70 passes")
    assert url_of(page, f"{left} canvas") == whole
    expect_done(page, "scrub", "play")
    page.get_by_role("button", name="Write another").click()
    wait_for_change(page, f"{left} canvas", whole)
    expect(page.locator("[data-live=var]")).to_contain_text("ms")


def test_an_empty_sheet_and_noise_are_scored(open_page):
    page = open_page(reduced_motion=True, query=TAB + "score")
    verdict, sheet = page.locator(".block.verdict"), "#whole-digit canvas"
    page.get_by_role("button", name="Noise").click()
    expect(verdict).to_contain_text("Further out than 99.9 %")
    assert 300 < bits(page, sheet).count("1") < 500
    page.get_by_role("button", name="Empty sheet").click()
    expect(verdict).to_contain_text("An empty sheet: likelier than")
    expect_done(page, "empty")
