"""Nicknames: which letters show, which names are taken for each other; and names in a spreadsheet."""

import csv
import io
import unicodedata

import pytest

from demos.quiz import report
from demos.quiz.names import clean_name, free, looks
from demos.quiz.network import Refusal

NOTHING = {
    "nul": "\x00",
    "hangul filler": "\u3164",
    "half-width filler": "\uffa0",
    "braille blank": "\u2800",
    "zero-width space": "\u200b",
    "word joiner": "\u2060",
    "soft hyphen": "\u00ad",
    "grapheme joiner": "\u034f",
    "variation selector": "\ufe0f",
    "tag": "\U000e0041",
    "lone surrogate": "\ud800",
    "private use": "\ue000",
}


@pytest.mark.parametrize("letter", NOTHING.values(), ids=NOTHING)
def test_letters_that_do_not_show_make_no_name(letter):
    for name in (letter, letter * 5, f" {letter} "):
        with pytest.raises(Refusal, match="1 to 20"):
            clean_name(name)
    assert clean_name(f"An{letter}na") == "Anna"


@pytest.mark.parametrize(
    "name",
    ["", " ", "\n\t", "x" * 21, "y" * 1001, "\u202e\u2066", "...", None, 5, ["a"], "\ufdfa" * 2],
)
def test_nicknames_that_are_none(name):
    with pytest.raises(Refusal, match="1 to 20"):
        clean_name(name)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("  Ada   Lovelace ", "Ada Lovelace"),
        ("<b>Ada</b>", "<b>Ada</b>"),  # the page writes text, never markup
        ("abc\u202edef", "abcdef"),  # no mark turns the line around
        ("عمر", "عمر"),
        ("\U0001f469\u200d\U0001f52c", "\U0001f469\u200d\U0001f52c"),
        ("\u2764\ufe0f", "\u2764\ufe0f"),
        ("a\nb", "a b"),
        ("Zoe\u0308", unicodedata.normalize("NFC", "Zoë")),
        ("Ａｄａ", "Ada"),
        ("Maximilian Schröder", "Maximilian Schröder"),
        ("王小明", "王小明"),
        ("Ms. Teachers", "Ms. Teachers"),
    ],
)
def test_nicknames_that_are(name, kept):
    assert clean_name(name) == kept


@pytest.mark.parametrize(
    "name", ["teacher", "TEACHER 2", "Теасhеr", "the t\u200beacher", "(hidden)"]
)
def test_nobody_calls_himself_what_the_page_calls_the_teacher(name):
    with pytest.raises(Refusal, match="Take another"):
        clean_name(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [("anna", "аnna"), ("anna", "ANNA"), ("ANNI", "anni"), ("Alice", "AIice"), ("Τom", "Tom")],
)
def test_names_that_look_alike_get_a_number(one, other):
    assert free(other, [one]) == f"{other} 2" and free(one, [other]) == f"{one} 2"
    assert free(one, [other, f"{one} 2"]) == f"{one} 3"


@pytest.mark.parametrize(
    ("one", "other"), [("Zoe", "Zoë"), ("Anna I", "Anna L"), ("Ada", "Adam"), ("Jo 1", "Jo 2")]
)
def test_names_that_do_not_stay_as_they_are(one, other):
    assert free(one, [other]) == one


def test_a_whole_class_is_told_apart():
    names = [f"Student {k}" for k in range(400)]
    assert len(set(map(looks, names))) == 400
    assert free("Student 7", names) == "Student 7 2"


def cells(player: str, source: str = "a") -> list[str]:
    """The second row of the table, as a spreadsheet divides it that knows commas, tabs and semicolons."""
    vote = dict(
        round=1,
        player=player,
        hidden=False,
        picks="100",
        sure=80,
        real="101",
        sources=[source, "b", "c"],
    )
    row = [*csv.reader(io.StringIO(report.table([vote])))][1]
    return [part for cell in row for part in cell.replace("\t", ";").split(";")]


@pytest.mark.parametrize(
    "name",
    [
        "=1+1",
        "+1",
        "-1",
        "@a",
        "＝1",
        "\u200b=1",
        "\u2800＝1",
        " =1",
        "a;=cmd",
        "a; =cmd",
        "a\t＋1",
    ],
)
def test_a_table_is_safe_to_open_in_a_spreadsheet(name):
    for row in (cells(name), cells("Ada", source=name)):
        bare = [unicodedata.normalize("NFKC", c).strip(" \u200b\u2800") for c in row]
        assert not [cell for cell in bare if cell[:1] in tuple("=+-@")]
        assert any(cell.startswith("'") for cell in row)


def test_a_table_leaves_other_names_alone():
    for name in ("Ada", "Jean-Luc", "a=b", "x + y"):
        assert name in cells(name)
    vote = dict(
        round=1, player="=1", hidden=True, picks="100", sure=80, real="101", sources=["a", "b", "c"]
    )
    assert report.table([vote]).count("(hidden)") == 3


def test_a_spreadsheet_knows_the_letters_of_a_table():
    vote = dict(
        round=1,
        player="Zoë",
        hidden=False,
        picks="100",
        sure=80,
        real="101",
        sources=["a", "b", "c"],
    )
    text = report.table([vote])
    assert text.startswith("\ufeffround,player,face,source,real,said_real,sure_percent\r\n")
    assert "1,Zoë,1,a,1,1,80\r\n" in text
