"""Style mixing in a real browser: each test makes one gesture and waits for what should change."""

import json
import re
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from demos.stylegan import latent
from tests.gestures import DESK, PHONE, expect_done, go_to
from tests.test_stylegan_tab import mixed

CELLS = "#mixing .matrix canvas"
ACROSS = 5  # cells of a row, with its source


def open_view(open_page, view: str, width: int = DESK, query: str = "") -> Page:
    return open_page(width, reduced_motion=True, query=f"tab=stylegan&view={view}{query}")


def open_tab(open_page, width: int = DESK, query: str = "", **options) -> Page:
    """Style mixing, the first view; an old link has no view in it."""
    page = open_page(width, reduced_motion=True, query=f"tab=stylegan{query}", **options)
    page.locator(CELLS).first.wait_for()
    return page


def seen(page: Page) -> list[str]:
    """Every cell's pixels."""
    return page.locator(CELLS).evaluate_all("(all) => all.map((canvas) => canvas.toDataURL())")


def wait_for_cell(page: Page, k: int, before: str) -> None:
    page.wait_for_function(
        "([cells, k, before]) => document.querySelectorAll(cells)[k]?.toDataURL() !== before",
        arg=[CELLS, k, before],
    )


def knob(page: Page, name: str):
    return page.locator(f"#stylegan-{name} :is(input[type=number], textarea, input[type=text])")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_opens_with_every_face_drawn(open_page, width):
    page = open_tab(open_page, width)
    assert len(set(seen(page))) == ACROSS * ACROSS
    expect(page.locator("#mixing .closer figcaption")).to_contain_text("in layer")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for title, picture in (
        ("One face", "#one-face img"),
        ("Between two faces", "#stylegan-walk img"),
    ):
        go_to(page, title)
        page.locator(picture).first.wait_for()
        for image in page.locator(picture).all():
            assert image.evaluate("(image) => image.decode().then(() => image.naturalWidth > 0)")
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
    expect_done(page)
    page.get_by_role("button", name="Undo").click()
    expect(knob(page, "rows")).to_have_value("7, 24, 3, 41")
    wait_for_cell(page, 3 * ACROSS, after[3 * ACROSS])
    assert seen(page) == before, "the very faces"
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    expect_done(page, "row")


def test_undo_goes_back_step_by_step_whatever_was_changed(open_page):
    page = open_tab(open_page)
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_disabled()
    pictures = [seen(page)]
    for change in (
        lambda: page.get_by_role("button", name="Column: seed 9. Another face").click(),
        lambda: page.get_by_role("button", name="Fine").click(),
        lambda: page.get_by_role("button", name="Deal new faces").click(),
    ):
        change()
        wait_for_cell(page, ACROSS + 2, pictures[-1][ACROSS + 2])
        pictures.append(seen(page))
    for k in (2, 1, 0):
        undo.click()
        wait_for_cell(page, ACROSS + 2, pictures[k + 1][ACROSS + 2])
        assert seen(page) == pictures[k]
    expect(undo).to_be_disabled()
    expect(knob(page, "columns")).to_have_value("52, 9, 33, 60")


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
    assert before[:ACROSS] == after[:ACROSS] and before[::ACROSS] == after[::ACROSS], (
        "the sources stay"
    )
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
        "([cells, k, face]) => document.querySelectorAll(cells)[k]?.toDataURL() === face",
        arg=[CELLS, 2 * ACROSS, pixels],
    )
    # What has become of it is seen: the ring is on it, it is told, and other layers make new mixtures of it.
    expect(page.locator(".matrix button[data-at='2,0']")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".closer figcaption")).to_contain_text(
        "Now in row 2: the columns give it their middle layers."
    )
    assert page.locator(".closer canvas").evaluate("(canvas) => canvas.toDataURL()") == pixels
    expect(knob(page, "layers")).to_have_value(", ".join(map(str, latent.groups()["Middle"])))
    assert cell.locator("canvas").evaluate("(canvas) => canvas.toDataURL()") != pixels


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
    page.wait_for_function(
        "(layers) => new URLSearchParams(location.search).get('layers') === layers", arg=fine
    )
    query = parse_qs(urlsplit(page.url).query)
    assert query["rows"] == [rows] and query["tab"] == ["stylegan"]


@pytest.mark.parametrize(
    "query",
    [
        "&rows=" + quote("<img src=x onerror=window.pwned=1>"),
        "&rows=99999",
        "&layers=77",
        "&columns=" + "1," * 50,
        "&noise=loud&psi=NaN",
    ],
)
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
    wrong = "This is not a file of kept faces: Kept faces (JSON) saves one."
    for content in (
        "no json",
        "{}",
        '{"kept": []}',
        '{"kept": [[1, 2]]}',
        '{"kept": [["<b>"]]}',
        "[" * 99_999,
    ):
        (tmp_path / "bad.json").write_text(content)
        page.locator("#mixing input[type=file]").set_input_files(tmp_path / "bad.json")
        expect(page.locator(".closer .problem")).to_have_text(wrong)
        expect(page.locator(".shelf button")).to_have_count(1)
    page.locator("#mixing input[type=file]").set_input_files(file)
    expect(page.locator(".shelf button")).to_have_count(2)
    expect(page.locator(".closer .problem")).to_be_hidden()
    page.locator(".shelf button").nth(1).click()
    expect(knob(page, "rows")).to_have_value(f"{' '.join(map(str, person))}, 24, 3, 41")


def test_what_was_kept_is_there_when_the_view_comes_back(open_page):
    """Six views stay as they are; the seventh takes the room of the first, whose faces are still in the window."""
    page = open_tab(open_page)
    page.locator(".matrix button[data-at='1,2']").click()
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator(".shelf button")).to_have_count(1)
    for title in (
        "One face",
        "What psi costs",
        "Between two faces",
        "From z to w",
        "Directions",
        "AdaIN",
    ):
        go_to(page, title)
    expect(page.locator("gradio-app[data-view=stylegan-mixing]")).to_have_count(0)
    go_to(page, "Style mixing")
    expect(page.locator(".shelf button")).to_have_count(1)
    page.locator(".shelf button").click()
    expect(knob(page, "rows")).to_have_value(re.compile("^9 9.* 7 7, 24, 3, 41$"))
