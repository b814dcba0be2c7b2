"""Which tests come last, which share a process, and what `-k vae` reaches."""

import re
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

TABS = sorted(file.parent.name for file in Path(__file__).parents[1].glob("demos/*/__init__.py"))
OF_ALL = {"test_house", "test_documents"}  # of every tab, though they import none
SHARED = {"models.images", "models.layers"}


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups, and -k the words
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests get their marker and come last: xdist hands out groups in this order.

    While Playwright runs, the main thread counts as inside an event loop, where asyncio.run() refuses
    to work. Tests of one file share a process and its fixtures; of the long browser files those of one name.
    """
    drives_browser = {item: "browser" in getattr(item, "fixturenames", ()) for item in items}
    for item in items:
        group = item.path.stem
        if drives_browser[item]:
            item.add_marker("browser")
            group += f"-{item.originalname}-browser"
        item.add_marker(pytest.mark.xdist_group(group))
        item.extra_keyword_matches.update(concerned(item))
    items.sort(key=drives_browser.__getitem__)


def concerned(item: pytest.Item) -> set[str]:
    """The tabs that a test is of: those in its name, else those whose code or models its file imports."""
    own = set(TABS) & set(re.findall("[a-z]+", item.name))
    return own or of_file(item.module)


@cache
def of_file(module: ModuleType) -> set[str]:
    if module.__name__.rpartition(".")[2] in OF_ALL or hasattr(module, "TABS"):
        return set(TABS)
    names = {source(value) for value in vars(module).values()}
    return {tab for tab in TABS if any(within(n, tab) for n in names) or names & models(tab)}


@cache
def models(tab: str) -> set[str]:
    """The models that a tab draws with, as far as it is loaded."""
    parts = [part for name, part in sys.modules.items() if within(name, tab)]
    found = {source(value) for part in parts for value in vars(part).values()}
    return {name for name in found if name.startswith("models.")} - SHARED


def within(name: str, tab: str) -> bool:
    return name == f"demos.{tab}" or name.startswith(f"demos.{tab}.")


def source(value: object) -> str:
    """Where something that a file imports comes from: "demos.vae.faces"."""
    name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", "")
    return name if isinstance(name, str) else ""
