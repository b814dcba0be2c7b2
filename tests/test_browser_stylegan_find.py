"""Find a face in a real browser: searched, stopped, taken home, pushed, and mixed with others."""

import base64
import time

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from demos.stylegan import find
from tests.gestures import DESK, PHONE, expect_done, go_to
from tests.portrait import portrait
from tests.test_browser_stylegan import (
    ACROSS,
    knob,
    open_tab,
    open_view,
    seen,
    wait_for_cell,
)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def steps_taken(page: Page):
    return page.locator("#projection [data-steps]")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_face_is_found_and_mixed(open_page, tmp_path, width):
    page = open_tab(open_page, width)
    before = seen(page)
    page.close()
    page = open_page(width, reduced_motion=True, query="tab=stylegan&find=12&find-steps=40")
    expect(steps_taken(page)).to_have_attribute("data-done", "true")  # a link finds its face again
    expect(page.locator("#found-pushed img")).to_be_visible()
    knob(page, "find").fill("13")
    knob(page, "find").press("Enter")
    press(page, "Find it")
    expect(page.locator("#projection figcaption").first).to_have_text("The face of seed 13")
    expect(steps_taken(page)).to_have_attribute("data-done", "true")
    expect(steps_taken(page)).to_have_attribute("data-steps", "40")
    expect(page.locator("#projection .tip")).to_contain_text("deviations from the mean face")
    with page.expect_download() as picture:
        page.locator("#projection").get_by_role("button", name="Picture (PNG)").click()
    picture.value.save_as(tmp_path / "face.png")
    assert "AI-generated" in Image.open(tmp_path / "face.png").info["Description"]
    expect_done(page, "search")
    pushed = page.locator("#found-pushed img").get_attribute("src")
    knob(page, "pushing").fill("2")
    expect(page.locator("#found-pushed img")).not_to_have_attribute("src", pushed)
    expect_done(page, "search", "push")
    press(page, "Mix it with others")
    expect(page.locator(".views a[aria-current]")).to_have_text("Style mixing")
    expect(knob(page, "rows")).to_have_value("w1, 24, 3, 41")
    wait_for_cell(page, ACROSS, before[ACROSS])
    after = seen(page)
    assert [k for k in range(ACROSS**2) if before[k] != after[k]] == list(range(ACROSS, 2 * ACROSS))
    expect(page.locator(".shelf button")).to_have_count(1)
    # No address can hold a w: a link leaves this face out.
    page.wait_for_function("new URLSearchParams(location.search).get('rows') === '24, 3, 41'")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # Home and back: the file holds the w itself.
    with page.expect_download() as saved:
        press(page, "Kept faces (JSON)")
    saved.value.save_as(tmp_path / "kept.json")
    other = open_tab(open_page, width)
    other.locator("#mixing input[type=file]").set_input_files(tmp_path / "kept.json")
    other.locator(".shelf button").click()
    expect(knob(other, "rows")).to_have_value("w1, 24, 3, 41")
    wait_for_cell(other, ACROSS, before[ACROSS])
    assert seen(other) == after
    # Back to the search, as it was left, and another face joins the first.
    go_to(page, "Find a face")
    expect_done(page, "search", "push", "found")
    knob(page, "find").fill("14")
    knob(page, "find").press("Enter")
    press(page, "Find it")
    expect(page.locator("#projection figcaption").first).to_have_text("The face of seed 14")
    expect(steps_taken(page)).to_have_attribute("data-done", "true")
    press(page, "Mix it with others")
    expect(knob(page, "rows")).to_have_value("w2, 24, 3, 41")
    expect(page.locator(".shelf button")).to_have_count(2)


def wait_until_nobody_searches(seconds: float) -> None:
    end = time.monotonic() + seconds
    while find._line:
        assert time.monotonic() < end, f"still searching after {seconds} s"
        time.sleep(0.02)


def begin_a_long_search(page: Page) -> None:
    page.get_by_label("One a layer (W+)").click()
    knob(page, "find-steps").fill("400")
    knob(page, "find-steps").press("Enter")
    press(page, "Find it")
    page.wait_for_function(
        "Number(document.querySelector('#projection [data-steps]')?.dataset.steps) > 5"
    )


def test_stop_ends_a_search_within_a_second(open_page):
    page = open_view(open_page, "find")
    begin_a_long_search(page)
    pushed = page.locator("#found-pushed img").get_attribute("src")
    press(page, "Stop")
    wait_until_nobody_searches(1)
    expect(page.locator("#found-pushed img")).not_to_have_attribute(
        "src", pushed
    )  # of the w that there is now
    k = int(steps_taken(page).get_attribute("data-steps"))
    assert 5 < k < 400 and steps_taken(page).get_attribute("data-done") == "false"
    press(page, "Mix it with others")  # what was found so far is a face
    expect(knob(page, "rows")).to_have_value("w1, 24, 3, 41")
    go_to(page, "Find a face")
    expect(steps_taken(page)).to_have_attribute("data-steps", str(k))


def test_a_picture_in_the_middle_of_a_search_is_what_is_seen(open_page, tmp_path):
    page = open_view(open_page, "find")
    mean_face = find.found_picture(next(find.find_face("", 7, 200, "W"))["w"])
    begin_a_long_search(page)
    with page.expect_download() as picture:
        page.locator("#projection").get_by_role("button", name="Picture (PNG)").click()
    picture.value.save_as(tmp_path / "face.png")
    assert (tmp_path / "face.png").read_bytes() != base64.b64decode(mean_face.partition(",")[2])


def test_a_closed_page_ends_its_search(open_page):
    page = open_view(open_page, "find")
    begin_a_long_search(page)
    assert find._line
    page.close()
    wait_until_nobody_searches(5)


def test_a_photo_is_looked_for(open_page, tmp_path):
    page = open_view(open_page, "find")
    portrait().save(tmp_path / "me.png")
    choose = page.locator("#own-face-to-find").get_by_role("button", name="Choose a photo")
    expect(choose).to_be_disabled()
    page.locator("#own-face-to-find").get_by_role("checkbox").check()
    page.locator("#own-face-to-find input[type=file]").set_input_files(tmp_path / "me.png")
    expect(page.locator("#projection figcaption").first).to_contain_text("Your photo")
    expect(steps_taken(page)).to_have_attribute("data-done", "true")
    assert "data:" not in page.url
    knob(page, "find").fill("8")  # another face is meant: the photo is let go
    knob(page, "find").press("Enter")
    press(page, "Find it")
    expect(page.locator("#projection figcaption").first).to_have_text("The face of seed 8")
