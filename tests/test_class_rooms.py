"""Rooms of a class without a server: what may be done, what is refused, what is seen by whom, what counts."""

import json
import sqlite3
import threading
import unicodedata

import pytest
from sqlalchemy import event

from demos.quiz import report
from demos.quiz.network import Refusal
from demos.quiz.rooms import LETTERS, LIFE, Rooms, clean_name
from tests.class_server import deal


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    """Tests press one button after the other."""
    monkeypatch.setattr("demos.quiz.rooms.PAUSE", 0.0)


@pytest.fixture
def rooms(database):
    rooms = Rooms(deal, database)
    yield rooms
    rooms.base.writer.dispose()


def press(rooms, code, key, what="advance"):
    """As the teacher's page does: for what it shows."""
    seen = rooms.seen_by_teacher(code, key)
    return getattr(rooms, what)(code, key, seen["phase"], seen["round"])


@pytest.fixture
def game(rooms):
    """A room with two players in its first round: rooms, code, key, tokens."""
    code, key = rooms.open()
    tokens = [rooms.join(code, name) for name in ("Ada", "Zoë")]
    press(rooms, code, key)
    return rooms, code, key, tokens


def test_a_game_from_lobby_to_end(game):
    rooms, code, key, (ada, zoe) = game
    truth = deal_of(rooms, code, 1)
    rooms.vote(code, ada, 1, [k for k in range(3) if truth.real[k]], 90)
    rooms.vote(code, zoe, 1, [k for k in range(3) if not truth.real[k]], 60)
    press(rooms, code, key)
    state = rooms.seen_by_teacher(code, key)
    assert state["real"] == list(truth.real) and state["sources"] == list(truth.sources)
    assert [(p["name"], p["right"]) for p in state["ranking"]] == [("Ada", 3), ("Zoë", 0)]
    assert state["counts"] == [1, 1, 1] and state["voted"] == 2
    assert rooms.seen_by_students(code, zoe)["you"]["sure"] == 60
    press(rooms, code, key)
    assert rooms.seen_by_students(code)["round"] == 2
    press(rooms, code, key)
    press(rooms, code, key, "finish")
    with pytest.raises(Refusal, match="over"):
        rooms.join(code, "Late")
    with pytest.raises(Refusal, match="over"):
        press(rooms, code, key)
    votes = rooms.votes(code, key)
    assert [(v["player"], v["sure"]) for v in votes] == [("Ada", 90), ("Zoë", 60)]
    assert report.summary(votes)["votes"] == 2
    table = report.table(votes)
    assert len(table.splitlines()) == 7 and "Zoë" in table


def deal_of(rooms, code, number):
    return rooms.dealt(code, number)


def test_before_the_reveal_no_state_says_what_is_real(game):
    """Only the bytes of the faces differ between rooms whose truth differs."""
    rooms, code, key, (ada, _) = game
    for state in (rooms.seen_by_students(code, ada), rooms.seen_by_teacher(code, key)):
        text = json.dumps(state)
        assert not any(
            word in text for word in ("real", "sources", "photos", "patterns", "101", "secret")
        )
    assert rooms.votes(code, key) == []


def test_students_may_not_do_what_the_teacher_does(game):
    rooms, code, key, (ada, _) = game
    _, other_key = rooms.open()
    for wrong in ("", "x" * 24, ada, other_key, None, 5, key[:-1]):
        for act in (rooms.votes, rooms.seen_by_teacher):
            with pytest.raises(Refusal, match="teacher"):
                act(code, wrong)
        for act in (
            lambda key: rooms.advance(code, key, "open", 1),
            lambda key: rooms.finish(code, key, "open", 1),
            lambda key: rooms.edit(code, key, 1, "hide"),
            lambda key: rooms.door(code, key, True),
            lambda key: rooms.clear(code, key, 60),
        ):
            with pytest.raises(Refusal, match="teacher"):
                act(wrong)
    assert rooms.seen_by_students(code)["phase"] == "open"


@pytest.mark.parametrize(
    ("picks", "sure"),
    [
        ([3], 80),
        ([-1], 80),
        ([0, 0], 80),
        ("01", 80),
        (None, 80),
        ([0.0], 80),
        ([True], 80),
        ([[0]], 80),
    ]
    + [([0], sure) for sure in (49, 101, 75.5, "80", None, True, float("nan"), 10**30)],
)
def test_votes_that_are_none(game, picks, sure):
    rooms, code, key, (ada, _) = game
    with pytest.raises(Refusal):
        rooms.vote(code, ada, 1, picks, sure)
    rooms.vote(code, ada, 1, [0], 80)  # the next one counts
    assert rooms.seen_by_teacher(code, key)["voted"] == 1


def test_a_vote_counts_once_in_its_round_and_room_with_its_token(game):
    rooms, code, key, (ada, zoe) = game
    other, other_key = rooms.open()
    press(rooms, other, other_key)
    rooms.vote(code, ada, 1, [], 50)
    with pytest.raises(Refusal, match="already") as raised:
        rooms.vote(code, ada, 1, [2], 100)
    assert raised.value.status == 409
    for token in ("forged", "", None, 7, key, zoe[:-1], zoe + "x"):
        with pytest.raises(Refusal, match="not in this room"):
            rooms.vote(code, token, 1, [], 50)
    with pytest.raises(Refusal, match="not in this room"):
        rooms.vote(other, zoe, 1, [], 50)
    for number in (0, 2, -1, "1", None, 1.0, True):
        with pytest.raises(Refusal, match="not open"):
            rooms.vote(code, zoe, number, [], 50)
    press(rooms, code, key)
    with pytest.raises(Refusal, match="not open"):
        rooms.vote(code, zoe, 1, [], 50)  # too late
    assert rooms.seen_by_teacher(code, key)["voted"] == 1


def test_votes_and_their_count_are_of_one_moment(rooms):
    """Somebody votes before every single thing that is read of the database."""
    code, key = rooms.open()
    tokens = [rooms.join(code, f"Player {k}") for k in range(60)]
    press(rooms, code, key)
    left, voting = iter(tokens), []

    def somebody_votes(*_) -> None:
        if not voting:
            voting.append(True)
            rooms.vote(code, next(left), 1, [0], 80)
            voting.clear()

    for _ in range(3):
        event.listen(rooms.base.reader, "before_cursor_execute", somebody_votes)
        state, taught = rooms.seen_by_both(code)
        event.remove(rooms.base.reader, "before_cursor_execute", somebody_votes)
        assert state["voted"] == taught["voted"] == taught["counts"][0]
    after = rooms.seen_by_teacher(code, key)
    assert after["voted"] == after["counts"][0] == 60 - len([*left]) > 12, (
        "there were votes in between"
    )


@pytest.mark.parametrize(
    "code", ["ZZZZ", "", "bcd", None, 5, "'; DROP TABLE rooms", "B" * 1000, "../x"]
)
def test_wrong_codes(rooms, code):
    for act in (
        rooms.seen_by_students,
        lambda c: rooms.join(c, "Ada"),
        rooms.version,
        lambda c: rooms.dealt(c, 1),
    ):
        with pytest.raises(Refusal, match="no room") as raised:
            act(code)
        assert raised.value.status == 404


def test_codes_are_no_words_and_rooms_end_after_a_day(tmp_path):
    clock = [0.0]
    rooms = Rooms(deal, f"sqlite:///{tmp_path}/class.sqlite3", now=lambda: clock[0])
    code, _ = rooms.open()
    assert len(code) == 4 and set(code) <= set(LETTERS) and not set("AEIOUYLSZ0125") & set(LETTERS)
    token = rooms.join(code, "Ada")
    clock[0] = LIFE + 1
    with pytest.raises(Refusal, match="no room"):
        rooms.seen_by_students(code, token)
    rooms.open()  # sweeps
    with sqlite3.connect(tmp_path / "class.sqlite3") as base:
        assert base.execute("select count(*) from rooms").fetchone() == (1,)
        assert base.execute("select count(*) from players").fetchone() == (0,)


@pytest.mark.parametrize(
    "name", ["", " ", "\n\t", "x" * 21, "y" * 1001, "\u202e\u2066", "...", None, 5, ["a"], "\x00"]
)
def test_nicknames_that_are_none(rooms, name):
    code, _ = rooms.open()
    with pytest.raises(Refusal, match="1 to 20"):
        rooms.join(code, name)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("  Ada   Lovelace ", "Ada Lovelace"),
        ("<b>Ada</b>", "<b>Ada</b>"),  # the page writes text, never markup
        ("abc\u202edef", "abcdef"),  # no mark turns the line around
        ("عمر", "عمر"),
        ("\U0001f469\u200d\U0001f52c", "\U0001f469\u200d\U0001f52c"),
        ("a\nb", "a b"),
        ("Zoe\u0308", unicodedata.normalize("NFC", "Zoë")),
    ],
)
def test_nicknames_that_are(name, kept):
    assert clean_name(name) == kept


def test_equal_names_get_a_number_and_the_teacher_can_mend_them(game):
    rooms, code, key, _ = game
    rooms.join(code, "Ada")
    rooms.join(code, "Ada")
    names = {p["name"]: p["id"] for p in rooms.seen_by_teacher(code, key)["ranking"]}
    assert set(names) == {"Ada", "Ada 2", "Ada 3", "Zoë"}
    rooms.edit(code, key, names["Ada 2"], "rename", "Grace")
    rooms.edit(code, key, names["Ada 3"], "remove")
    rooms.edit(code, key, names["Zoë"], "hide")
    shown = {p["name"]: p["hidden"] for p in rooms.seen_by_teacher(code, key)["ranking"]}
    assert shown == {"Ada": False, "Grace": False, "Zoë": True}
    for player, change, name in (
        (names["Ada 3"], "hide", ""),
        (999, "hide", ""),
        (names["Ada"], "kick", ""),
        (names["Ada"], "rename", ""),
    ):
        with pytest.raises(Refusal):
            rooms.edit(code, key, player, change, name)


def test_a_full_room_says_so(game, monkeypatch):
    rooms, code, _, _ = game
    monkeypatch.setattr("demos.quiz.rooms.PLAYERS", 3)
    rooms.join(code, "Third")
    with pytest.raises(Refusal, match="full: 3"):
        rooms.join(code, "Fourth")


def test_many_votes_at_once_all_count_and_each_once(game):
    rooms, code, key, _ = game
    tokens = [rooms.join(code, f"Player {k}") for k in range(40)]
    refused = []

    def visit(part):
        for token in part:
            for _ in range(2):  # a double tap
                try:
                    rooms.vote(code, token, 1, [1], 80)
                except Refusal as refusal:
                    refused.append(refusal.status)

    threads = [threading.Thread(target=visit, args=(tokens[k::8],)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    state = rooms.seen_by_teacher(code, key)
    assert state["voted"] == 40 and state["counts"] == [0, 40, 0] and refused == [409] * 40


def test_a_database_that_is_locked_or_gone_is_one_line_and_nothing_counted_is_lost(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("demos.quiz.tables.WAIT", 0.2)
    place = tmp_path / "class.sqlite3"
    rooms = Rooms(deal, f"sqlite:///{place}")
    code, key = rooms.open()
    ada, zoe = rooms.join(code, "Ada"), rooms.join(code, "Zoë")
    press(rooms, code, key)
    rooms.vote(code, ada, 1, [0], 80)
    other = sqlite3.connect(place, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Refusal, match="cannot be reached") as raised:
        rooms.vote(code, zoe, 1, [0], 80)
    assert raised.value.status == 503 and "\n" not in str(raised.value)
    assert rooms.seen_by_students(code)["voted"] == 1, "reading goes on"
    other.execute("ROLLBACK")
    rooms.vote(code, zoe, 1, [0], 80)
    assert rooms.seen_by_students(code)["voted"] == 2
    with pytest.raises(Refusal, match="cannot be reached"):
        Rooms(deal, f"sqlite:///{tmp_path}/no/such/folder/class.sqlite3")
    with pytest.raises(Refusal, match="cannot be reached"):
        Rooms(deal, "sqlite:////proc/class.sqlite3")
    for url in ("oracle+oracledb://nobody@127.0.0.1/none", "no-such-kind://x"):
        with pytest.raises(Refusal, match=r"driver|cannot be reached"):
            Rooms(deal, url)


def test_photos_of_a_process_that_is_gone_void_the_open_round_and_keep_the_scores(rooms):
    code, key = rooms.open("photos-1", owner="process 1")
    ada = rooms.join(code, "Ada")
    press(rooms, code, key)
    truth = rooms.dealt(code, 1)
    rooms.vote(code, ada, 1, [k for k in range(3) if truth.real[k]], 90)
    press(rooms, code, key)
    press(rooms, code, key)
    rooms.vote(code, ada, 2, [], 50)
    rooms.void_lost(lambda owner: True)
    assert rooms.seen_by_teacher(code, key)["phase"] == "open"
    rooms.void_lost(lambda owner: owner != "process 1")
    state = rooms.seen_by_teacher(code, key)
    assert state["phase"] == "revealed" and state["void"] and state["ranking"][0]["right"] == 3
    assert [vote["round"] for vote in rooms.votes(code, key)] == [1]


def test_the_report_tells_generators_apart():
    """Two generators: one that everybody sees through, one that nobody does."""
    vote = dict(player="Ada", hidden=False, sure=90, real="100", sources=["photos", "bad", "good"])
    votes = [vote | dict(round=k, picks="101") for k in range(40)]
    bad, good = report.summary(votes)["by_source"]
    assert (bad["source"], bad["right"], bad["seen"]) == ("bad", 1.0, 40) and bad["low"] > 2
    assert (good["source"], good["right"]) == ("good", 0.0) and good["low"] < 0 < good["high"]
    told = report.summary(votes)
    assert (
        sum(column["votes"] for column in told["confidence"]) == 40
        and "0 % of the votes" in told["calibration"]
    )
    assert report.summary([])["by_source"] == []


def test_a_table_is_safe_to_open_in_a_spreadsheet():
    vote = dict(
        round=1,
        player="=1+1",
        hidden=False,
        picks="100",
        sure=80,
        real="101",
        sources=["a", "b", "c"],
    )
    assert (
        "'=1+1" in report.table([vote])
        and report.table([vote | dict(hidden=True)]).count("(hidden)") == 3
    )
