"""Two visitors ask the same thing of different seeds at the same moment: each gets what he gets alone."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.endpoints import GOOD, OF_TAB, ask

# What is not the visitor's own, or is about time and nothing else; class rooms are in test_class_transactions.py.
NOT_ASKED = ("models", "fetch_model", "race")


def without_times(answer):
    if isinstance(answer, dict):
        return {k: without_times(v) for k, v in answer.items() if k != "ms"}
    if isinstance(answer, list):
        return [without_times(v) for v in answer]
    return re.sub(r"[\d.]+.{0,9} ms\b", "", answer) if isinstance(answer, str) else answer


def question(name: str, k: int) -> dict:
    """The good values; whoever asks second has another seed, where there is one."""
    return {p: good + k if "seed" in p else good for p, good in GOOD[name].items()}


@pytest.mark.parametrize("tab", [tab for tab in OF_TAB if tab != "quiz"])
def test_two_at_once_get_what_each_gets_alone(app_url, tab):
    names = [name for name in OF_TAB[tab] if not name.endswith(NOT_ASKED)]

    def answers(k: int, order: list[str]) -> dict:
        return {name: ask(app_url, name, question(name, k), queued=True) for name in order}

    alone = [answers(k, names) for k in (0, 1)]
    with ThreadPoolExecutor(2) as both:
        together = [*both.map(answers, (0, 1), (names[::-1], names[::-1]))]
    for one, two in zip(alone, together, strict=True):
        for name in names:
            assert one[name][1] is None, f"{name}: {one[name][1]}"
            assert without_times(two[name][0]) == without_times(one[name][0]), name
