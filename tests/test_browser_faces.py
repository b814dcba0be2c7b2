"""Faces in the tab Autoencoders in a real browser: sliders, bars, and a photo."""

import base64
import io

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from demos.vae import faces, faces_between, own_photo
from tests.gestures import DESK, PHONE
from tests.portrait import portrait
from tests.test_browser_vae import image_of
from tests.test_browser_vae import open_tab as open_autoencoders

FACE = "#face-dials .face img"
ZEROS = [0] * 8


def open_tab(open_page, width: int = DESK, query: str = "", **options) -> Page:
    return open_autoencoders(open_page, width, query, **options)


def shows(page: Page, *given) -> None:
    expect(page.locator(FACE)).to_have_attribute("src", faces.decode_face(*given)["picture"])


def done(page: Page, step: str) -> None:
    expect(page.locator(f"[data-step={step}].done")).to_have_count(1)


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_direction_moves_the_face(open_page, width):
    page = open_tab(open_page, width)
    shows(page, 3, "", *ZEROS)
    page.locator("#vae-f1 input[type=range]").fill("2")
    shows(page, 3, "", 2, *ZEROS[1:])
    done(page, "face")
    page.get_by_role("button", name="Draw another face").click()
    shows(page, 4, "", 2, *ZEROS[1:])


@pytest.mark.parametrize(("width", "finger"), [(PHONE, True), (DESK, False)])
def test_a_bar_sets_its_number(open_page, width, finger):
    page = open_tab(open_page, width, touch=finger)
    bar = page.get_by_role("slider", name="z10", exact=True)
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    top = dict(x=box["x"] + box["width"] / 2, y=box["y"] + box["height"] * 0.125)  # three of four
    (page.touchscreen.tap if finger else page.mouse.click)(**top)
    expect(page.locator("#face-dials .tip")).to_contain_text("decoded")
    value = float(bar.get_attribute("aria-valuenow"))
    assert value == pytest.approx(3, abs=0.3)
    z = faces.decode_face(3, "", *ZEROS)["z"]
    z[9] = value
    shows(page, 3, ",".join(f"{v:.3f}" for v in z), *ZEROS)


def test_a_bar_obeys_the_keyboard(open_page):
    page = open_tab(open_page)
    page.get_by_role("slider", name="z1", exact=True).focus()
    page.keyboard.press("ArrowRight")
    second = page.get_by_role("slider", name="z2", exact=True)
    before = float(second.get_attribute("aria-valuenow"))
    page.keyboard.press("ArrowUp")
    expect(second).to_have_attribute("aria-valuenow", f"{before + 0.25:.2f}")
    z = faces.decode_face(3, "", *ZEROS)["z"]
    z[1] = round(z[1] + 0.25, 2)
    shows(page, 3, ",".join(f"{v:.3f}" for v in z), *ZEROS)


def test_nothing_known_leaves_the_mean(open_page):
    page = open_tab(open_page)
    page.locator("#vae-known input[type=range]").fill("0")
    expect(page.locator("#why-blurred img").nth(2)).to_have_attribute(
        "src", image_of(faces_between.why_blurred(3, 0).split("<figure>")[3])
    )
    done(page, "blur")


def photo(kind: str = "PNG") -> dict:
    file = io.BytesIO()
    portrait().save(file, kind)
    return dict(name="me.png", mimeType="image/png", buffer=file.getvalue())


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_photo_is_encoded_once_its_owner_agrees(open_page, width):
    page = open_tab(open_page, width)
    button = page.get_by_role("button", name="Choose a photo")
    expect(button).to_be_disabled()
    page.get_by_label("It is my own face, or the person has agreed").check()
    uploads, before = [], page.locator(FACE).get_attribute("src")
    page.on("request", lambda request: "/upload" in request.url and uploads.append(request.url))
    with page.expect_file_chooser() as chooser:
        button.click()
    chooser.value.set_files(photo())
    expect(page.locator("#own-face figcaption").first).to_contain_text("your face")
    expect(page.locator(FACE)).not_to_have_attribute("src", before)
    done(page, "photo")
    assert uploads == [] and "face=" not in page.url and "photo" not in page.url
    # What came back is a face near the mean one, which the portrait shows.
    shown = page.locator("#own-face img").nth(1).get_attribute("src")
    assert Image.open(io.BytesIO(base64.b64decode(shown.partition(",")[2]))).size == (64, 64)
    # Directions go on from there.
    encoded = page.locator(FACE).get_attribute("src")
    page.locator("#vae-f1 input[type=range]").fill("2")
    expect(page.locator(FACE)).not_to_have_attribute("src", encoded)


def test_a_bad_photo_says_so_and_the_next_one_works(open_page):
    page = open_tab(open_page)
    page.get_by_label("It is my own face, or the person has agreed").check()
    choose = page.locator("#own-photo input[type=file]")
    choose.set_input_files(dict(name="x.png", mimeType="image/png", buffer=b"no picture"))
    expect(page.locator("#own-photo .tip")).to_contain_text("no picture that can be read")
    empty = io.BytesIO()
    Image.new("RGB", (300, 300), "teal").save(empty, "PNG")
    choose.set_input_files(dict(name="x.png", mimeType="image/png", buffer=empty.getvalue()))
    expect(page.get_by_text("No face was found").first).to_be_visible()
    choose.set_input_files(photo())
    expect(page.locator("#own-face figcaption").first).to_contain_text("your face")


def test_the_face_to_take_home_says_that_it_is_made(open_page):
    page = open_tab(open_page)
    with page.expect_download() as download:
        page.locator("#face-dials").get_by_role("button", name="Picture (PNG)").click()
    picture = Image.open(io.BytesIO(download.value.path().read_bytes()))
    assert picture.size == (512, 512) and picture.text["Description"].startswith("AI-generated")


def test_a_link_brings_the_face_back(open_page):
    page = open_tab(
        open_page, query="&face-seed=12&f2=-1.5&face-from=3&face-to=4&known=9&blur-seed=2"
    )
    shows(page, 12, "", 0, -1.5, *ZEROS[2:])
    expect(page.locator("#face-walk img").first).to_have_attribute(
        "src", image_of(faces_between.face_walk(3, 4))
    )
    expect(page.locator("#why-blurred img").first).to_have_attribute(
        "src", image_of(faces_between.why_blurred(2, 9))
    )
    assert own_photo.example_face().count("<img") == 4
