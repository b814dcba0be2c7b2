"""Every number in a strip: filled from the manifest, with a count, and beside something that it can be held against."""

import re
from html import unescape

import pytest

import app
from checkpoints import MANIFEST
from demos import TABS, shell
from tests.strips import TABLE

CELL = re.compile(r"<b[^>]*>(.*?)</b><span>(.*?)</span>")


@pytest.fixture(scope="module")
def strips() -> dict[str, list[tuple[str, str]]]:
    """By page; where one has a strip for each kind of picture, by page and kind."""
    found = {}
    for part in shell.Pages(app.build(), TABS).blocks.blocks.values():
        if isinstance(text := getattr(part, "value", None), str) and "class='strip'" in text:
            kinds = [name for name in part.elem_classes if name.startswith("of-")]
            found[" ".join([part.page, *kinds])] = [
                tuple(map(unescape, cell)) for cell in CELL.findall(text)
            ]
    return found


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]}: {row[1]}")
def test_a_number_is_the_manifest_s_with_its_count_and_what_it_stands_beside(strips, row):
    page, begins, number, count, beside = row
    whole = " ".join(text for cell in strips[page] for text in cell)
    assert [n for n, what in strips[page] if what.startswith(begins)] == [number]
    assert count in whole and beside in whole


def test_no_number_stands_outside_of_the_table(strips):
    known = {(page, begins) for page, begins, *_ in TABLE}
    for page, cells in strips.items():
        for number, what in cells:
            if re.search(r"\d", number) and not what.startswith("parameters"):
                assert any(page == p and what.startswith(b) for p, b in known), (page, number, what)


def test_parameters_are_counted(strips):
    counted = {
        f"{entry['measured']['parameters'] / 1e6:.{n}f} M"
        for entry in MANIFEST.values()
        for n in (1, 2)
        if "parameters" in entry.get("measured", {})
    }
    shown = [n for cells in strips.values() for n, what in cells if what.startswith("parameters")]
    assert len(shown) > 6 and set(shown) <= counted
