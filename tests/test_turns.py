"""Whose turn it is to compute: never two samplers side by side, and nobody keeps a turn that is not used."""

import threading
from concurrent.futures import ThreadPoolExecutor

import gradio as gr
import pytest

from demos import ui

EIGHT = 8


def overlap(work, turn) -> int:
    """How many of eight calls at once were ever inside `work` together."""
    inside, most, lock = [0], [0], threading.Lock()
    together = threading.Barrier(EIGHT)

    def handler(k: int) -> int:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        work()
        with lock:
            inside[0] -= 1
        return k

    asked = ui.answer(handler, turn)

    def call(k: int) -> int:
        together.wait()
        return asked(k)

    with ThreadPoolExecutor(EIGHT) as pool:
        assert list(pool.map(call, range(EIGHT))) == list(range(EIGHT))
    return most[0]


def test_samplers_run_one_after_the_other():
    assert overlap(lambda: None, threading.Semaphore(1)) == 1
    both = threading.Barrier(2)  # two at a time are let in, and wait for each other inside
    assert overlap(both.wait, threading.Semaphore(2)) == 2
    all_of_them = threading.Barrier(EIGHT)
    assert overlap(all_of_them.wait, None) == EIGHT


def test_between_two_answers_of_a_stream_it_is_somebody_else_s_turn():
    turn = threading.Semaphore(1)

    def count():
        yield from (1, 2, 3)

    one, two = (ui.answer(count, turn)() for _ in range(2))
    assert [next(one), next(two), next(one), next(two), next(two), next(one)] == [1, 1, 2, 2, 3, 3]
    assert next(one, None) is None and turn.acquire(blocking=False)


def test_a_handler_that_fails_gives_its_turn_back():
    turn = threading.Semaphore(1)

    def refuse():
        raise ValueError("Seed is a whole number.")

    def stream():
        yield 1
        raise ValueError("Seed is a whole number.")

    with pytest.raises(gr.Error, match="whole number"):
        ui.answer(refuse, turn)()
    with pytest.raises(gr.Error, match="whole number"):
        list(ui.answer(stream, turn)())
    assert turn.acquire(blocking=False)


def test_a_stream_that_is_left_ends_what_it_computes():
    ended = []

    def endless():
        try:
            while True:
                yield 1
        finally:
            ended.append(True)

    turn = threading.Semaphore(1)
    answers = ui.answer(endless, turn)()
    assert next(answers) == 1
    answers.close()
    assert ended == [True] and turn.acquire(blocking=False)
