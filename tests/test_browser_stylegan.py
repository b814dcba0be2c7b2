"""The tab StyleGAN in a real browser: each test makes one gesture and waits for what should change."""

import base64
import json
import time
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from demos.stylegan import find, latent
from tests.gestures import DESK, PHONE, expect_done
from tests.portrait import portrait
from tests.test_stylegan_tab import mixed

CELLS = "#mixing .matrix canvas"
ACROSS = 5  # cells of a row, with its source


def open_tab(open_page, width: int = DESK, query: str = "", **options) -> Page:
    page = open_page(width, reduced_motion=True, query=f"tab=stylegan{query}", **options)
    page.locator(CELLS).first.wait_for()
    return page


def seen(page: Page) -> list[str]:
    """Every cell's pixels."""
    return page.locator(CELLS).evaluate_all("(all) => all.map((canvas) => canvas.toDataURL())")


def wait_for_cell(page: Page, k: int, before: str) -> None:
    page.wait_for_function(
        "([cells, k, before]) => document.querySelectorAll(cells)[k]?.toDataURL() !== before", arg=[CELLS, k, before]
    )


def knob(page: Page, name: str):
    return page.locator(f"#stylegan-{name} :is(input[type=number], textarea, input[type=text])")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_opens_with_every_face_drawn(open_page, width):
    page = open_tab(open_page, width)
    assert len(set(seen(page))) == ACROSS * ACROSS
    expect(page.locator("#mixing .closer figcaption")).to_contain_text("in layer")
    for picture in page.locator("#one-face img, #stylegan-walk img").all():
        assert picture.evaluate("(image) => image.complete && image.naturalWidth > 0")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_another_row_seed_changes_its_row_alone(open_page, width):
    page = open_tab(open_page, width)
    before = seen(page)
    page.get_by_role("button", name="Row: seed 3. Another face").click()
    wait_for_cell(page, 3 * ACROSS, before[3 * ACROSS])
    after = seen(page)
    changed = [k for k in range(ACROSS * ACROSS) if before[k] != after[k]]
    assert changed == list(range(3 * ACROSS, 4 * ACROSS))
    rows = knob(page, "rows").input_value().split(", ")
    assert rows[:2] + rows[3:] == ["7", "24", "41"] and rows[2] != "3"
    expect_done(page, "row")


def test_seeds_can_be_typed(open_page):
    page = open_tab(open_page)
    before = seen(page)
    knob(page, "columns").fill("52, 9, 34, 60")
    knob(page, "columns").press("Enter")
    wait_for_cell(page, 3, before[3])
    changed = [k for k, (a, b) in enumerate(zip(before, seen(page), strict=True)) if a != b]
    assert changed == list(range(3, ACROSS**2, ACROSS))


def test_other_layers(open_page):
    page = open_tab(open_page)
    before = seen(page)
    page.get_by_role("button", name="Fine").click()
    wait_for_cell(page, ACROSS + 1, before[ACROSS + 1])
    after = seen(page)
    assert before[:ACROSS] == after[:ACROSS] and before[::ACROSS] == after[::ACROSS], "the sources stay"
    fine = latent.groups()["Fine"]
    expect(knob(page, "layers")).to_have_value(", ".join(map(str, fine)))
    page.locator(".mixing-layers button").nth(fine[0]).click()
    expect(knob(page, "layers")).to_have_value(", ".join(map(str, fine[1:])))
    expect_done(page, "group")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_cell_is_enlarged_and_gone_on_from(open_page, width):
    page = open_tab(open_page, width)
    layers = latent.generator().layers
    coarse = len(latent.groups()["Coarse"])
    cell = page.locator(".matrix button[data-at='2,4']")
    pixels = cell.locator("canvas").evaluate("(canvas) => canvas.toDataURL()")
    cell.click()
    expect(cell).to_have_attribute("aria-pressed", "true")
    assert page.locator(".closer canvas").evaluate("(canvas) => canvas.toDataURL()") == pixels
    expect(page.locator(".closer figcaption")).to_have_text(
        f"60 in layers 0 to {coarse - 1}, 24 in layers {coarse} to {layers - 1}"
    )
    expect_done(page, "cell")
    page.get_by_role("button", name="Go on from it").click()
    mixed = " ".join(["60"] * coarse + ["24"] * (layers - coarse))
    expect(knob(page, "rows")).to_have_value(f"7, {mixed}, 3, 41")
    page.wait_for_function(
        "([cells, k, face]) => document.querySelectorAll(cells)[k].toDataURL() === face",
        arg=[CELLS, 2 * ACROSS, pixels],
    )


def test_a_link_restores_the_matrix(open_page):
    layers = latent.generator().layers
    rows = f"5, {' '.join(['60', '60'] + ['24'] * (layers - 2))}"
    wanted = dict(rows=rows, columns="8, 9, 10", layers="0, 3", psi="0.9")
    page = open_tab(open_page, query="".join(f"&{k}={quote(v)}" for k, v in wanted.items()))
    expect(page.locator(CELLS)).to_have_count(12)
    for name, value in wanted.items():
        expect(knob(page, name)).to_have_value(value)
    expect(page.locator(".mixing-layers button").nth(3)).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".mixing-layers button").nth(1)).to_have_attribute("aria-pressed", "false")
    value = mixed(rows, "8, 9, 10", "0, 3", 0.9)
    same = page.evaluate(
        """async ([uri, cells]) => {
          const image = Object.assign(new Image(), { src: uri }), canvas = document.createElement("canvas");
          await image.decode();
          const size = (canvas.width = canvas.height = image.naturalWidth / 4);
          return [...document.querySelectorAll(cells)].every((cell, n) => {
            canvas.getContext("2d").drawImage(image, -(n % 4) * size, -Math.floor(n / 4) * size);
            return cell.toDataURL() === canvas.toDataURL();
          });
        }""",
        [value["sheet"], CELLS],
    )
    assert same, "the very pictures"
    # And a change reaches the address again.
    page.get_by_role("button", name="Fine").click()
    fine = ", ".join(map(str, latent.groups()["Fine"]))
    page.wait_for_function("(layers) => new URLSearchParams(location.search).get('layers') === layers", arg=fine)
    query = parse_qs(urlsplit(page.url).query)
    assert query["rows"] == [rows] and query["tab"] == ["stylegan"]


@pytest.mark.parametrize("query", [
    "&rows=" + quote("<img src=x onerror=window.pwned=1>"), "&rows=99999", "&layers=77", "&columns=" + "1," * 50,
    "&noise=loud&psi=NaN",
])
def test_a_hostile_link_leaves_the_tab_whole(open_page, query):
    page = open_tab(open_page, query=query)
    assert len(seen(page)) == ACROSS * ACROSS and page.evaluate("window.pwned") is None


def test_kept_faces_go_home_and_come_back(open_page, tmp_path):
    page = open_tab(open_page)
    page.locator(".matrix button[data-at='1,2']").click()
    with page.expect_download() as picture:
        page.locator(".closer").get_by_role("button", name="Picture (PNG)").click()
    picture.value.save_as(tmp_path / "face.png")
    image = Image.open(tmp_path / "face.png")
    assert "AI-generated" in image.info["Description"] and image.size == (512, 512)
    page.get_by_role("button", name="Keep it").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Kept faces (JSON)").click()
    file = tmp_path / "kept.json"
    saved.value.save_as(file)
    (person,) = json.loads(file.read_text())["kept"]
    coarse = len(latent.groups()["Coarse"])
    assert person == [9] * coarse + [7] * (latent.generator().layers - coarse)
    wrong = "That is no file of kept faces: it is saved by the button beside."
    for content in ("no json", "{}", '{"kept": []}', '{"kept": [[1, 2]]}', '{"kept": [["<b>"]]}', "[" * 99_999):
        (tmp_path / "bad.json").write_text(content)
        page.locator("#mixing input[type=file]").set_input_files(tmp_path / "bad.json")
        expect(page.locator(".closer .problem")).to_have_text(wrong)
        expect(page.locator(".shelf button")).to_have_count(1)
    page.locator("#mixing input[type=file]").set_input_files(file)
    expect(page.locator(".shelf button")).to_have_count(2)
    expect(page.locator(".closer .problem")).to_be_hidden()
    page.locator(".shelf button").nth(1).click()
    expect(knob(page, "rows")).to_have_value(f"{latent.person_in_text(tuple(person))}, 24, 3, 41")


def test_new_noise_and_a_walk(open_page):
    page = open_tab(open_page)
    face, walk = (page.locator(f"{where} img").first for where in ("#one-face", "#stylegan-walk"))
    before = face.get_attribute("src")
    page.get_by_label("new", exact=True).click()
    expect(face).not_to_have_attribute("src", before)
    before = walk.get_attribute("src")
    knob(page, "to").fill("60")
    expect(walk).not_to_have_attribute("src", before)
    expect_done(page, "noise", "walk")
    with page.expect_download() as film:
        page.locator("#tab-stylegan").get_by_role("button", name="Film (GIF)").click()
    assert film.value.suggested_filename == "stylegan-ai-generated-7-to-60.gif"


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def steps_taken(page: Page):
    return page.locator("#projection [data-steps]")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_face_is_found_and_mixed(open_page, tmp_path, width):
    page = open_tab(open_page, width, query="&find=12&find-steps=40")
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
    before = seen(page)
    press(page, "Mix it with others")
    expect(knob(page, "rows")).to_have_value("w1, 24, 3, 41")
    wait_for_cell(page, ACROSS, before[ACROSS])
    after = seen(page)
    assert [k for k in range(ACROSS**2) if before[k] != after[k]] == list(range(ACROSS, 2 * ACROSS))
    expect_done(page, "found")
    expect(page.locator(".shelf button")).to_have_count(1)
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


def wait_until_nobody_searches(seconds: float) -> None:
    end = time.monotonic() + seconds
    while find._line:
        assert time.monotonic() < end, f"still searching after {seconds} s"
        time.sleep(0.02)


def begin_a_long_search(page: Page) -> None:
    page.get_by_label("A w for each layer (W+)").click()
    knob(page, "find-steps").fill("400")
    knob(page, "find-steps").press("Enter")
    press(page, "Find it")
    page.wait_for_function("Number(document.querySelector('#projection [data-steps]').dataset.steps) > 5")


def test_stop_ends_a_search_within_a_second(open_page):
    page = open_tab(open_page)
    begin_a_long_search(page)
    page.locator("#tab-stylegan").get_by_role("button", name="Stop", exact=True).click()
    wait_until_nobody_searches(1)
    page.wait_for_timeout(500)
    k = int(steps_taken(page).get_attribute("data-steps"))
    assert 5 < k < 400 and steps_taken(page).get_attribute("data-done") == "false"
    page.wait_for_timeout(500)
    expect(steps_taken(page)).to_have_attribute("data-steps", str(k))
    press(page, "Mix it with others")  # what was found so far is a face
    expect(knob(page, "rows")).to_have_value("w1, 24, 3, 41")


def test_a_picture_in_the_middle_of_a_search_is_what_is_seen(open_page, tmp_path):
    page = open_tab(open_page)
    mean_face = find.found_picture(next(find.find_face("", 7, 200, "W"))["w"])
    begin_a_long_search(page)
    with page.expect_download() as picture:
        page.locator("#projection").get_by_role("button", name="Picture (PNG)").click()
    picture.value.save_as(tmp_path / "face.png")
    assert (tmp_path / "face.png").read_bytes() != base64.b64decode(mean_face.partition(",")[2])


def test_a_closed_page_ends_its_search(open_page):
    page = open_tab(open_page)
    begin_a_long_search(page)
    assert find._line
    page.close()
    wait_until_nobody_searches(5)


def test_a_photo_is_looked_for(open_page, tmp_path):
    page = open_tab(open_page)
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
