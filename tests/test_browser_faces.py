"""Faces in the tab Autoencoders in a real browser: sliders, bars, and a photo."""

import base64
import io

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from demos.vae import blur, bound, dials, face_walk, faces, film, own_photo
from tests.gestures import DESK, PHONE, expect_done, go_to
from tests.portrait import portrait
from tests.test_browser_vae import image_of, knob, open_view

FACE = "#face-dials .face img"
ZEROS = [0] * 8
OTHERS = (film.TITLE, bound.TITLE, dials.TITLE)


def shows(page: Page, *given) -> None:
    expect(page.locator(FACE)).to_have_attribute("src", faces.decode_face(*given)["picture"])


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_direction_moves_the_face(open_page, width):
    page = open_view(open_page, "faces", width)
    shows(page, 3, "", *ZEROS)
    page.locator("#vae-f1 input[type=range]").fill("2")
    shows(page, 3, "", 2, *ZEROS[1:])
    expect_done(page, "face")
    page.get_by_role("button", name="Another face").click()
    shows(page, 4, "", 2, *ZEROS[1:])


@pytest.mark.parametrize(("width", "finger"), [(PHONE, True), (DESK, False)])
def test_a_bar_sets_its_number(open_page, width, finger):
    page = open_view(open_page, "faces", width, touch=finger)
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
    page = open_view(open_page, "faces")
    page.get_by_role("slider", name="z1", exact=True).focus()
    page.keyboard.press("ArrowRight")
    second = page.get_by_role("slider", name="z2", exact=True)
    before = float(second.get_attribute("aria-valuenow"))
    page.keyboard.press("ArrowUp")
    expect(second).to_have_attribute("aria-valuenow", f"{before + 0.25:.2f}")
    z = faces.decode_face(3, "", *ZEROS)["z"]
    z[1] = round(z[1] + 0.25, 2)
    shows(page, 3, ",".join(f"{v:.3f}" for v in z), *ZEROS)
    expect_done(page, "number")


def test_a_walk_to_another_face(open_page):
    page = open_view(open_page, "face_walk")
    page.locator("#vae-face-to input[type=number]").fill("40")
    expect(page.locator("#face-walk img").first).to_have_attribute(
        "src", image_of(face_walk.face_walk(11, 40))
    )
    expect_done(page, "walk")


def test_nothing_known_leaves_the_mean(open_page):
    page = open_view(open_page, "blur")
    mean = page.locator("#why-blurred img").nth(2)
    for known, steps in ((0, ["blur"]), (64, ["blur", "known"])):
        page.locator("#vae-known input[type=range]").fill(str(known))
        expect(mean).to_have_attribute(
            "src", image_of(blur.why_blurred(3, known).split("<figure>")[3])
        )
        expect_done(page, *steps)


def photo(kind: str = "PNG") -> dict:
    file = io.BytesIO()
    portrait().save(file, kind)
    return dict(name="me.png", mimeType="image/png", buffer=file.getvalue())


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_photo_is_encoded_once_its_owner_agrees(open_page, width):
    page = open_view(open_page, "faces", width)
    shows(page, 3, "", *ZEROS)
    page.locator("#vae-f1 input[type=range]").fill("-2")
    shows(page, 3, "", -2, *ZEROS[1:])
    go_to(page, own_photo.TITLE)
    button = page.get_by_role("button", name="Choose a photo")
    expect(button).to_be_disabled()
    page.get_by_label("It is my own face, or the person has agreed").check()
    uploads = []
    page.on("request", lambda request: "/upload" in request.url and uploads.append(request.url))
    with page.expect_file_chooser() as chooser:
        button.click()
    chooser.value.set_files(photo())
    expect(page.locator("#own-face figcaption").first).to_contain_text("your face")
    expect_done(page, "photo")
    # What came back is a face near the mean one, which the portrait shows.
    shown = page.locator("#own-face img").nth(1).get_attribute("src")
    assert Image.open(io.BytesIO(base64.b64decode(shown.partition(",")[2]))).size == (64, 64)
    # Its directions go on from there.
    page.get_by_role("button", name="Turn its directions").click()
    expect(page.locator(".views a[aria-current]")).to_have_text(faces.TITLE)
    expect(knob(page, "f1")).to_have_value("0")
    numbers = page.evaluate("gml.face")
    shows(page, 3, numbers, *ZEROS)
    page.locator("#vae-f1 input[type=range]").fill("2")
    shows(page, 3, numbers, 2, *ZEROS[1:])
    assert uploads == [] and "face=" not in page.url and "photo" not in page.url
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert numbers[:12] not in kept and "data:image" not in kept
    page.get_by_role("button", name="Another face").click()
    shows(page, 4, "", 2, *ZEROS[1:])
    assert page.evaluate("gml.face") == ""


def test_numbers_set_by_hand_outlive_the_view(open_page):
    """Six views stay mounted; this one has made room for others when its visitor comes back."""
    page = open_view(open_page, "faces")
    page.get_by_role("slider", name="z1", exact=True).focus()
    page.keyboard.press("ArrowUp")
    page.locator("#vae-f1 input[type=range]").fill("2")
    expect_done(page, "face", "number")
    numbers = page.evaluate("gml.face")
    shows(page, 3, numbers, 2, *ZEROS[1:])
    here = page.locator("gradio-app:not([hidden])")
    for title in (own_photo.TITLE, blur.TITLE, face_walk.TITLE, *OTHERS):
        go_to(page, title)
        expect(here.locator("h2")).to_be_visible()
    expect(page.locator("#face-dials")).to_have_count(0)
    go_to(page, faces.TITLE)
    shows(page, 3, numbers, 2, *ZEROS[1:])


def test_a_bad_photo_says_so_and_the_next_one_works(open_page):
    page = open_view(open_page, "own_photo")
    expect(page.locator("#own-face img")).to_have_count(own_photo.example_face().count("<img"))
    page.get_by_label("It is my own face, or the person has agreed").check()
    choose = page.locator("#own-photo input[type=file]")
    choose.set_input_files(dict(name="x.png", mimeType="image/png", buffer=b"no picture"))
    expect(page.locator("#own-photo .tip")).to_contain_text("no picture that can be read")
    of_a_phone = b"\0\0\0\x18ftypheic" + bytes(500)
    choose.set_input_files(dict(name="x.heic", mimeType="image/heic", buffer=of_a_phone))
    expect(page.locator("#own-photo .tip")).to_contain_text("HEIC photo, which this browser cannot")
    empty = io.BytesIO()
    Image.new("RGB", (300, 300), "teal").save(empty, "PNG")
    choose.set_input_files(dict(name="x.png", mimeType="image/png", buffer=empty.getvalue()))
    expect(page.get_by_text("No face was found").first).to_be_visible()
    choose.set_input_files(photo())
    expect(page.locator("#own-face figcaption").first).to_contain_text("your face")


def test_the_face_to_take_home_says_that_it_is_made(open_page):
    page = open_view(open_page, "faces")
    with page.expect_download() as download:
        page.locator("#face-dials").get_by_role("button", name="Picture (PNG)").click()
    picture = Image.open(io.BytesIO(download.value.path().read_bytes()))
    assert picture.size == (512, 512) and picture.text["Description"].startswith("AI-generated")


def test_a_link_brings_the_face_back(open_page):
    """Old links have no view in them."""
    page = open_page(query="tab=vae&face-seed=12&f2=-1.5")
    shows(page, 12, "", 0, -1.5, *ZEROS[2:])
    page = open_page(query="tab=vae&face-from=3&face-to=4")
    expect(page.locator("#face-walk img").first).to_have_attribute(
        "src", image_of(face_walk.face_walk(3, 4))
    )
    page = open_page(query="tab=vae&known=9&blur-seed=2")
    expect(page.locator("#why-blurred img").first).to_have_attribute(
        "src", image_of(blur.why_blurred(2, 9))
    )
