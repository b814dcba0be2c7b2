"""The other views of StyleGAN in a real browser, but for the search: knobs, links, steps."""

import pytest
from playwright.sync_api import expect

from demos.stylegan import latent
from tests.gestures import DESK, expect_done
from tests.test_browser_stylegan import knob, open_view


def test_new_noise_psi_and_cutoff(open_page):
    page = open_view(open_page, "face")
    face = page.locator("#one-face img").first
    before = face.get_attribute("src")
    page.get_by_label("new", exact=True).click()
    expect(face).not_to_have_attribute("src", before)
    expect_done(page, "noise")
    page.get_by_label("fixed", exact=True).click()
    expect(face).to_have_attribute("src", before)
    knob(page, "face-psi").fill("-0.5")
    expect(face).not_to_have_attribute("src", before)
    expect_done(page, "noise", "opposite")
    knob(page, "cutoff").fill(str(len(latent.groups()["Coarse"])))
    expect_done(page, "noise", "opposite", "cutoff")


def test_an_old_link_opens_one_face_with_its_knobs(open_page):
    page = open_page(DESK, query="tab=stylegan&person=9&face-psi=0.3&noise=off&cutoff=3")
    expect(page.locator(".views a[aria-current]")).to_have_text("One face")
    expect(page.locator("#one-face figcaption").first).to_have_text(
        f"Psi 0.3 in 3 of {latent.generator().layers} layers, noise off"
    )


def test_a_walk(open_page):
    page = open_view(open_page, "walk")
    walk = page.locator("#stylegan-walk img").first
    before = walk.get_attribute("src")
    knob(page, "to").fill("60")
    expect(walk).not_to_have_attribute("src", before)
    expect_done(page, "walk")
    with page.expect_download() as film:
        page.get_by_role("button", name="Film (GIF)").click()
    assert film.value.suggested_filename == "stylegan-ai-generated-7-to-60.gif"


def test_psi_and_its_cost(open_page):
    page = open_view(open_page, "psi")
    faces, line = page.locator("#psi-costs img"), page.locator("#psi-costs .mark")
    before, at = faces.get_attribute("src"), line.get_attribute("x1")
    knob(page, "cost-psi").fill("0")
    expect(faces).not_to_have_attribute("src", before)
    expect(line).not_to_have_attribute("x1", at)
    expect(page.locator("#psi-costs figcaption").first).to_contain_text("0 grey levels apart")
    expect_done(page, "mean")


@pytest.mark.parametrize(
    ("view", "name", "value", "picture", "step"),
    [
        ("mapping", "circle", "12", "#z-to-w img", "circle"),
        ("directions", "pushed", "12", "#directions img >> nth=0", None),
        ("adain", "style", "12", "#adain img >> nth=2", "swap"),
    ],
)
def test_a_knob_draws_anew_and_a_link_brings_it_back(open_page, view, name, value, picture, step):
    page = open_view(open_page, view)
    before = page.locator(picture).get_attribute("src")
    knob(page, name).fill(value)
    expect(page.locator(picture)).not_to_have_attribute("src", before)
    expect_done(page, *([step] if step else []))
    other = open_view(open_page, view, query=f"&{name}={value}")
    expect(other.locator(picture)).to_have_attribute(
        "src", page.locator(picture).get_attribute("src")
    )
