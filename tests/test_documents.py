"""What README, CONTRIBUTING and the training queue say is so."""

import re
from collections.abc import Iterator

import checkpoints
from demos import TABS
from tests.test_house import check, files, python, text


def test_the_worked_example_counts_right():
    """CONTRIBUTING says how many lines a view and a family take; it must not flatter."""
    rows = re.findall(r"^\| `([\w/.]+)`.*?\| (\d+) \|", text("CONTRIBUTING.md"), re.MULTILINE)
    assert len(rows) >= 4

    def problems() -> Iterator[str]:
        for name, said in rows:
            lines = sum(len(text(file).splitlines()) for file in python(name))
            if abs(lines - int(said)) > 10:
                yield f"CONTRIBUTING.md: {name} has {lines} lines, not {said}"

    check(problems())


def test_every_tab_has_its_row_in_readme():
    rows = re.findall(r"^\| ([^|]+?) \| ", text("README.md"), re.MULTILINE)
    check(f"README.md: no row for {tab.TITLE}" for tab in TABS if tab.TITLE not in rows)


def test_every_checkpoint_has_its_row_in_the_queue():
    """What it was made by, how good it is, and what is to be done next."""
    rows = "".join(re.findall(r"^\| `.*", text("train/README.md"), re.MULTILINE))
    names = checkpoints.MANIFEST
    check(f"train/README.md: no row for {name}" for name in names if f"`{name}`" not in rows)


def test_every_file_that_is_named_is_there():
    def problems():
        for document in ("README.md", "CONTRIBUTING.md", "train/README.md"):
            for name in re.findall(
                r"`((?:demos|models|train|tests|checkpoints)/[\w./]+)`", text(document)
            ):
                if not any(file.startswith(name) for file in files()):
                    yield f"{document}: {name} is not there"

    check(problems())
