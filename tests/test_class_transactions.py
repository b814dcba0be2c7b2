"""What several do at once in one room, on each kind of database: in two engines, and in a process that is killed.

An engine has its own connections and, on SQLite, its own line of writers: to the database two are two processes.
"""

import contextlib
import itertools
import multiprocessing
import os
import signal
import sqlite3
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import event

from demos.quiz import rooms as module
from demos.quiz import trouble
from demos.quiz.network import Refusal
from demos.quiz.rooms import Rooms
from tests.class_server import deal


@pytest.fixture
def both(database):
    """Two engines on one database."""
    with opened(database, 2) as pair:
        yield pair


@contextlib.contextmanager
def opened(url: str, n: int):
    engines = [Rooms(deal, url) for _ in range(n)]
    yield engines
    for rooms in engines:
        rooms.base.writer.dispose()


def at_once(*acts: Callable) -> list:
    """What each returns or raises; they begin together."""
    gate, answers = threading.Barrier(len(acts)), [None] * len(acts)

    def act(k: int) -> None:
        gate.wait()
        try:
            answers[k] = acts[k]()
        except Exception as error:
            answers[k] = error

    threads = [threading.Thread(target=act, args=(k,)) for k in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def alternating(both, n: int, act: Callable) -> list:
    return at_once(*(lambda k=k: act(both[k % 2], k) for k in range(n)))


def test_the_tables_are_made_once(database):
    made = at_once(*[lambda: Rooms(deal, database)] * 4)
    assert [type(one) for one in made] == [Rooms] * 4
    for rooms in made:
        rooms.base.writer.dispose()


def test_a_new_file_that_another_process_writes_is_waited_for(tmp_path):
    """SQLite's own wait does not cover the change to write-ahead logging: it failed at once, once in many starts."""
    place = tmp_path / "class.sqlite3"
    other = sqlite3.connect(place, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, other.execute, ["COMMIT"])
    release.start()
    rooms = Rooms(deal, f"sqlite:///{place}")
    release.join()
    with rooms.base.reader.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    rooms.base.writer.dispose()
    other.close()


def test_one_name_at_once(both):
    code, key = both[0].open()
    before = both[0].version(code)
    tokens = alternating(both, 16, lambda rooms, _: rooms.join(code, "Anna"))
    assert all(isinstance(token, str) for token in tokens) and len(set(tokens)) == 16
    names = {player["name"] for player in both[1].seen_by_teacher(code, key)["ranking"]}
    assert names == {"Anna", *(f"Anna {k}" for k in range(2, 17))}
    assert both[1].version(code) == before + 16, "the projector hears of each"


def test_a_full_room_stays_full(both, monkeypatch):
    monkeypatch.setattr(module, "PLAYERS", 6)
    code, _ = both[0].open()
    answers = alternating(both, 16, lambda rooms, k: rooms.join(code, f"Player {k}"))
    assert sum(isinstance(answer, str) for answer in answers) == 6
    assert all("full" in str(a) for a in answers if not isinstance(a, str))
    assert both[0].seen_by_students(code)["players"] == 6


def test_two_presses_are_one(both):
    code, key = both[0].open()
    for number, phase in enumerate(("lobby", "open", "revealed"), start=1):
        both[0].now = both[1].now = lambda n=number: 1e9 + 10 * n
        seen = both[0].seen_by_students(code)
        assert seen["phase"] == phase
        press = lambda rooms, _, seen=seen: rooms.advance(code, key, seen["phase"], seen["round"])  # noqa: E731
        answers = alternating(both, 8, press)
        assert sorted(answers) == [False] * 7 + [True]
    assert both[1].seen_by_students(code)["round"] == 2


def test_many_rooms_at_once(both, monkeypatch):
    """Of few codes, so that two would draw the same one, and to a limit."""
    monkeypatch.setattr(module, "ROOMS", 10)
    drawn = itertools.cycle(["BBBB", "BBBB", *(f"BBB{letter}" for letter in module.LETTERS)])
    monkeypatch.setattr(module, "_code", lambda: next(drawn))
    answers = alternating(both, 16, lambda rooms, _: rooms.open())
    codes = [answer[0] for answer in answers if isinstance(answer, tuple)]
    assert len(codes) == len(set(codes)) == 10
    assert all("too many rooms" in str(a) for a in answers if not isinstance(a, tuple))


def test_every_vote_counts_once(both):
    """A double tap that reaches both, from everybody at once."""
    code, key = both[0].open()
    tokens = [both[0].join(code, f"Player {k}") for k in range(12)]
    both[0].advance(code, key, "lobby", 0)
    version = both[0].version(code)
    answers = alternating(both, 24, lambda rooms, k: rooms.vote(code, tokens[k // 2], 1, [1], 80))
    assert answers == [None] * 24, "the second one stands in the place of the first"
    state = both[1].seen_by_teacher(code, key)
    assert state["voted"] == 12 and state["counts"] == [0, 12, 0]
    assert both[1].version(code) == version + 24


def test_a_vote_comes_before_the_reveal_or_is_refused(both):
    code, key = both[0].open()
    tokens = [both[0].join(code, f"Player {k}") for k in range(11)]
    both[0].advance(code, key, "lobby", 0)
    both[0].now = both[1].now = lambda: 2e9 - 1e9  # in another second than the first press
    votes = [lambda t=t: both[1].vote(code, t, 1, [0], 80) for t in tokens]
    *answers, counts = at_once(*votes, lambda: both[0].advance(code, key, "open", 1))
    assert counts
    assert len(both[0].votes(code, key)) == answers.count(None)


def test_what_is_seen_is_of_one_moment(both):
    """Somebody votes in another process before every single thing that is read."""
    code, key = both[0].open()
    left = iter([both[0].join(code, f"Player {k}") for k in range(30)])
    both[0].advance(code, key, "lobby", 0)

    def somebody_votes(*_) -> None:
        both[1].vote(code, next(left), 1, [0], 80)

    event.listen(both[0].base.reader, "before_cursor_execute", somebody_votes)
    state, taught = both[0].seen_by_both(code)
    event.remove(both[0].base.reader, "before_cursor_execute", somebody_votes)
    assert state["voted"] == taught["voted"] == taught["counts"][0]
    assert both[0].seen_by_students(code)["voted"] > 3, "there were votes in between"


def _votes_until_killed(url: str, code: str, tokens: list[str], told) -> None:
    rooms = Rooms(deal, url)
    for token in tokens:
        rooms.vote(code, token, 1, [2], 80)
        told.send(token)
    # In the middle of one more vote: the room is locked, and nobody will commit.
    with rooms.base.write() as session:
        rooms._room(session, code, lock=True)
        told.send("locked")
        signal.pause()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_process_that_is_killed_takes_nothing_with_it_and_holds_nobody_up(database):
    with opened(database, 1) as (rooms,):
        code, key = rooms.open()
        tokens = [rooms.join(code, f"Player {k}") for k in range(8)]
        rooms.advance(code, key, "lobby", 0)
        rooms.base.writer.dispose()  # the child must not share connections
        fork = multiprocessing.get_context("fork")
        here, there = fork.Pipe()
        child = fork.Process(target=_votes_until_killed, args=(database, code, tokens[:6], there))
        child.start()
        told = [here.recv() for _ in range(7)]
        assert told == [*tokens[:6], "locked"]
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        rooms.vote(code, tokens[6], 1, [0], 80)  # the lock has died with its holder
        rooms.vote(code, tokens[0], 1, [2], 80)  # it is there, and no second one comes
        state = rooms.seen_by_teacher(code, key)
        assert state["voted"] == 7 and state["counts"] == [1, 0, 6]


def test_a_server_that_goes_and_comes_back(postgres, caplog):
    with opened(postgres.database(), 1) as (rooms,):
        code, key = rooms.open()
        ada, zoe = rooms.join(code, "Ada"), rooms.join(code, "Zoë")
        rooms.advance(code, key, "lobby", 0)
        rooms.vote(code, ada, 1, [0], 80)
        postgres.stop()
        for act in (lambda: rooms.vote(code, zoe, 1, [0], 80), lambda: rooms.version(code)):
            with pytest.raises(Refusal) as raised:
                act()
            assert str(raised.value) == trouble.GONE and raised.value.status == 503
        assert len(caplog.records) == 1 and caplog.records[0].exc_info is None
        postgres.start()
        rooms.vote(code, zoe, 1, [0], 80)
        assert rooms.seen_by_students(code)["voted"] == 2


def test_a_room_that_is_locked_for_too_long_says_so(both, monkeypatch):
    monkeypatch.setattr("demos.quiz.tables.WAIT", 0.2)
    with opened(both[0].base.url.render_as_string(hide_password=False), 1) as (rooms,):
        code, _ = rooms.open()
        with both[1].base.write() as session:
            both[1]._room(session, code, lock=True)
            with pytest.raises(Refusal) as raised:
                rooms.join(code, "Ada")
        assert str(raised.value) == trouble.BUSY
        rooms.join(code, "Ada")
