"""The tab GAN in a real browser: each test makes one gesture and waits for what should change."""

import io
import json
import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

import checkpoints
from demos.gan import arithmetic, between, training
from tests.gestures import DESK, PHONE, expect_done, go_to, questions, url_of, wait_for_change

FIRST_FACE = "#training figure:first-child canvas"


def image_of(html: str) -> str:
    return re.search(r'src="(data:[^"]+)"', html)[1]


def open_tab(open_page, width: int = DESK, query: str = "", **options) -> Page:
    page = open_page(width, query=f"tab=gan&view=training{query}", **options)
    moments = len(training.moments())
    page.locator(f"#training [data-moments='{moments}']").wait_for(state="attached")
    return page


def scrub_to(page: Page, moment: int) -> None:
    page.locator("#training .scrub").fill(str(moment))
    page.locator(f"#training [data-moment='{moment}']").wait_for(state="attached")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_every_view_opens_with_its_faces(open_page, width):
    page = open_tab(open_page, width)
    value, _ = training.learn(training.SEED)
    for k, verdict in enumerate(value["verdicts"][-1]):
        caption = page.locator("#training figcaption").nth(k)
        expect(caption).to_have_text(f"D: {int(100 * verdict + 0.5)} % real")
    expect(page.locator("#training .tip")).to_contain_text(f"after {value['images'][-1]:,} images")
    expect_done(page)
    go_to(page, "The theorem")
    expect(page.locator("#theorem [data-value=V]")).to_have_text("−0.5029")
    expect_done(page)
    go_to(page, "Why −log D")
    expect(page.locator("#loss [data-value=ratio]")).to_have_text("9.00")
    expect_done(page)
    go_to(page, "Oscillation")
    expect(page.locator("#oscillation [data-factor='1']")).to_have_text("1.0000")
    expect_done(page)
    go_to(page, "From face to face")
    expect(page.locator("#gan-walk img").first).to_be_visible()
    expect_done(page)
    go_to(page, "Arithmetic")
    expect(page.locator("#face-sum img")).to_have_count(8)
    expect_done(page)


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_scrubbing_goes_back_to_noise_with_no_request(open_page, width):
    page = open_tab(open_page, width)
    page.wait_for_load_state("networkidle")
    asked, seen = questions(page), {url_of(page, FIRST_FACE)}
    moments = training.moments()
    for k in reversed(range(len(moments))):
        scrub_to(page, k)
        seen.add(url_of(page, FIRST_FACE))
    assert len(seen) == len(moments), "every moment has a face of its own"
    assert asked == []
    expect(page.locator("#training figcaption").first).to_have_text("D has not begun")
    expect(page.locator("#training .tip")).to_have_text("before training")
    expect_done(page, "scrub")


def test_the_keyboard_scrubs(open_page):
    page = open_tab(open_page)
    before = url_of(page, FIRST_FACE)
    page.locator("#training .scrub").focus()
    page.keyboard.press("ArrowLeft")
    wait_for_change(page, FIRST_FACE, before)
    expect(page.locator("#training .scrub")).to_have_attribute(
        "aria-valuetext", f"after {training.moments()[-2]:,} images"
    )


def test_play_begins_with_noise_and_ends_with_faces(open_page):
    page = open_tab(open_page)
    play = page.locator("#training .play")
    play.click()
    page.locator("#training [data-moment='0']").wait_for(state="attached")
    expect(play).to_have_text("Pause")
    page.locator(f"#training [data-moment='{len(training.moments()) - 1}']").wait_for(
        state="attached"
    )
    expect(play).to_have_text("Play")


def test_other_noise_gives_other_faces(open_page):
    page = open_tab(open_page)
    before = url_of(page, FIRST_FACE)
    page.get_by_role("button", name="Other noise").click()
    page.locator(f"#training [data-seed='{training.SEED + 1}']").wait_for(state="attached")
    wait_for_change(page, FIRST_FACE, before)
    expect(page.locator("#gan-seed input[type=number]")).to_have_value(str(training.SEED + 1))
    expect_done(page, "noise")


def test_a_walk_to_another_face(open_page):
    page = open_page(query="tab=gan&view=between")
    page.locator("#gan-to input[type=number]").fill("40")
    expect(page.locator("#gan-walk img").first).to_have_attribute(
        "src", image_of(between.gan_walk(3, 40))
    )
    expect_done(page, "walk")


def test_a_face_is_put_into_the_sum(open_page):
    page = open_page(query="tab=gan&view=arithmetic")
    page.locator("#gallery").get_by_role("radio", name="B").click()
    a, b, c = arithmetic.first_sum()
    held = b.split(", ")
    other = next(str(k) for k in range(24) if str(k) not in held)
    page.locator("#gallery").get_by_role("button", name=f"Face {other}", exact=True).click()
    later = ", ".join([*held[1:], other])  # the oldest gives way
    expect(page.locator("#gan-b input, #gan-b textarea")).to_have_value(later)
    wanted = arithmetic.arithmetic(a, later, c)
    expect(page.locator("#face-sum img").first).to_have_attribute("src", image_of(wanted))
    expect(page.locator("#face-sum img").nth(3)).to_have_attribute(
        "src", image_of(wanted.split("<figure>")[4])
    )
    expect_done(page, "sum")
    page.locator("#gallery").get_by_role("button", name=f"Face {other}", exact=True).click()
    expect(page.locator("#gan-b input, #gan-b textarea")).to_have_value(", ".join(held[1:]))


def test_faces_and_numbers_to_take_home(open_page):
    page = open_tab(open_page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Faces (PNG)").click()
    picture = Image.open(io.BytesIO(download.value.path().read_bytes()))
    assert download.value.suggested_filename == f"dcgan-seed{training.SEED}.png"
    assert picture.text["Description"].startswith("AI-generated")
    with page.expect_download() as download:
        page.locator("#training").get_by_role("button", name="Numbers (JSON)").click()
    numbers = json.loads(download.value.path().read_text())
    assert numbers["images"] == training.moments() and len(numbers["verdicts"][-1]) == 6


def test_a_link_brings_the_knobs_back(open_page):
    """Of each view; old ones name none."""
    page = open_tab(open_page, query="&seed=9")
    page.locator("#training [data-seed='9']").wait_for(state="attached")
    page = open_page(query="tab=gan&from=5&to=6")
    expect(page.locator("#gan-walk img").first).to_have_attribute(
        "src", image_of(between.gan_walk(5, 6))
    )
    page = open_page(query="tab=gan&a=1&b=2, 3&c=4")
    expect(page.locator("#face-sum img").first).to_have_attribute(
        "src", image_of(arithmetic.arithmetic("1", "2, 3", "4"))
    )


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_four_recordings_play_on_one_clock(open_page, width):
    page = open_page(width, reduced_motion=True, query="tab=gan&view=collapse&run=2")
    surface = page.locator("#collapse")
    last = len(checkpoints.MANIFEST["gan2d-collapse"]["config"]["moments"]) - 1
    page.locator(f"#collapse [data-run='2'][data-moment='{last}']").wait_for()
    kept = checkpoints.load("gan2d-collapse")
    said = surface.locator(".said").all_inner_texts()
    assert [int(text.split()[0]) for text in said] == kept["modes"][:, 1, -1].int().tolist()
    surface.locator(".scrub").fill("3")
    page.locator("#collapse [data-moment='3']").wait_for()
    expect_done(page, "scrub")
    early = surface.locator("canvas").first.evaluate("(canvas) => canvas.toDataURL()")
    surface.locator(".play").click()
    page.locator(f"#collapse [data-moment='{last}']").wait_for()
    expect_done(page, "scrub", "play")
    assert surface.locator("canvas").first.evaluate("(c) => c.toDataURL()") != early
    page.locator("#gan-run input[type=number]").fill("5")
    page.locator("#collapse [data-run='5']").wait_for()
    expect_done(page, "scrub", "play", "run")
