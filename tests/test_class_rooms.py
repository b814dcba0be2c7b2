"""Rooms of a class without a server: what may be done, what is refused, what is seen by whom, what counts."""

import json
import sqlite3

import pytest
from sqlalchemy import event

from demos.quiz import report
from demos.quiz.network import Refusal
from demos.quiz.rooms import LETTERS, LIFE, Rooms
from tests.class_server import deal

pytestmark = pytest.mark.usefixtures("no_pause")


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
    """The last one until the reveal."""
    rooms, code, key, (ada, zoe) = game
    other, other_key = rooms.open()
    press(rooms, other, other_key)
    rooms.vote(code, ada, 1, [], 50)
    before = rooms.version(code)
    rooms.vote(code, ada, 1, [0, 2], 100)
    assert rooms.version(code) > before, "the projector hears of it"
    assert rooms.seen_by_students(code, ada)["you"] == dict(name="Ada", picks="101", sure=100)
    assert rooms.seen_by_teacher(code, key)["counts"] == [1, 0, 1]
    for token in ("forged", "", None, 7, key, zoe[:-1], zoe + "x"):
        with pytest.raises(Refusal, match="not in this room"):
            rooms.vote(code, token, 1, [], 50)
    with pytest.raises(Refusal, match="not in this room"):
        rooms.vote(other, zoe, 1, [], 50)
    for number in (0, 2, -1, "1", None, 1.0, True):
        with pytest.raises(Refusal, match="not open"):
            rooms.vote(code, zoe, number, [], 50)
    press(rooms, code, key)
    for token in (ada, zoe):  # too late, to change one's mind too
        with pytest.raises(Refusal, match="not open") as raised:
            rooms.vote(code, token, 1, [], 50)
        assert raised.value.status == 409
    assert rooms.seen_by_students(code, ada)["you"]["picks"] == "101"
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
    "code",
    [
        "ZZZZ",
        "",
        "bcd",
        None,
        5,
        "'; DROP TABLE rooms",
        "B" * 1000,
        "../x",
        "BB\0B",
        "BB\ud800B",
        "ＢＢＢＢ",
    ],
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


def test_equal_names_get_a_number_and_the_teacher_can_mend_them(game):
    rooms, code, key, _ = game
    rooms.join(code, "Ada")
    rooms.join(code, "Ada")
    names = {p["name"]: p["id"] for p in rooms.seen_by_teacher(code, key)["ranking"]}
    assert set(names) == {"Ada", "Ada 2", "Ada 3", "Zoë"}
    rooms.edit(code, key, names["Ada 3"], "rename", "Ada 3")  # to what it is called
    rooms.edit(code, key, names["Ada 2"], "rename", "Grace")
    rooms.edit(code, key, names["Ada 3"], "remove")
    rooms.edit(code, key, names["Zoë"], "hide")
    shown = {p["name"]: p["hidden"] for p in rooms.seen_by_teacher(code, key)["ranking"]}
    assert shown == {"Ada": False, "Grace": False, "Zoë": True}
    for player, change, name in (
        (names["Ada 3"], "hide", ""),
        (999, "hide", ""),
        (10**30, "hide", ""),
        (-1, "hide", ""),
        ("1", "hide", ""),
        (None, "hide", ""),
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


def test_at_the_end_everybody_hears_their_own_total_and_rank(game):
    rooms, code, key, (ada, zoe) = game
    third, late = rooms.join(code, "Third"), rooms.join(code, "Never votes")
    for number in (1, 2):
        real = deal_of(rooms, code, number).real
        rooms.vote(code, ada, number, [k for k in range(3) if real[k]], 90)
        rooms.vote(code, zoe, number, [k for k in range(3) if real[k] != (k == 0)], 90)
        rooms.vote(code, third, number, [k for k in range(3) if real[k] != (k == 1)], 90)
        press(rooms, code, key)
        assert "rank" not in rooms.seen_by_students(code, ada)["you"]
        if number == 1:
            press(rooms, code, key)
    press(rooms, code, key, "finish")
    ends = [rooms.seen_by_students(code, token)["you"] for token in (ada, zoe, third, late)]
    wanted = [(6, 6, 1), (4, 6, 2), (4, 6, 2), (0, 6, 4)]
    assert [(you["right"], you["faces"], you["rank"]) for you in ends] == wanted
    ranking = rooms.seen_by_teacher(code, key)["ranking"]
    assert [(p["right"], p["rank"]) for p in ranking] == [(r, rank) for r, _, rank in wanted]


def test_a_press_counts_for_what_its_page_showed(rooms, monkeypatch):
    """Double clicks, two pages of one teacher, and a page that has not heard yet."""
    clock = [0.0]
    monkeypatch.setattr("demos.quiz.rooms.PAUSE", 1.0)
    monkeypatch.setattr(rooms, "now", lambda: clock[0])
    code, key = rooms.open()

    def pressed(when: float, what: str, phase: str, number: int) -> tuple:
        clock[0] = when
        counts = getattr(rooms, what)(code, key, phase, number)
        now = rooms.seen_by_students(code)
        return counts, now["phase"], now["round"]

    assert pressed(10.0, "advance", "lobby", 0) == (True, "open", 1)
    assert pressed(12.0, "advance", "lobby", 0) == (False, "open", 1)  # it is past
    assert pressed(14.0, "advance", "open", 1) == (True, "revealed", 1)
    assert pressed(14.9, "advance", "revealed", 1) == (False, "revealed", 1)  # within a second
    assert pressed(16.0, "advance", "open", 1) == (False, "revealed", 1)
    assert pressed(16.1, "advance", "revealed", 1) == (True, "open", 2)
    assert pressed(18.0, "finish", "revealed", 1) == (False, "open", 2)
    assert pressed(18.0, "advance", "open", 2) == (True, "revealed", 2)
    version = rooms.version(code)
    assert pressed(18.5, "finish", "revealed", 2) == (False, "revealed", 2)
    assert rooms.version(code) == version, "what does not count changes nothing"
    assert pressed(20.0, "finish", "revealed", 2) == (True, "over", 2)
    for wrong in ((None, None), ("open", None), ("begin", 1), (["open"], 1), ("open", True)):
        with pytest.raises(Refusal, match="Load the page again"):
            rooms.advance(code, key, *wrong)


def test_a_closed_door_and_those_who_came_in_a_given_time(game, monkeypatch):
    rooms, code, key, (ada, _) = game
    rooms.door(code, key, True)
    assert rooms.seen_by_teacher(code, key)["shut"]
    with pytest.raises(Refusal, match="door"):
        rooms.join(code, "Late")
    rooms.vote(code, ada, 1, [0], 80)  # who is in stays in
    rooms.door(code, key, False)
    clock = [rooms.now() + 100]
    monkeypatch.setattr(rooms, "now", lambda: clock[0])
    late = [rooms.join(code, f"Bot {k}") for k in range(5)]
    rooms.vote(code, late[0], 1, [1], 80)
    clock[0] += 30
    assert rooms.clear(code, key, 29) == 0
    assert rooms.clear(code, key, 60) == 5
    state = rooms.seen_by_teacher(code, key)
    assert [p["name"] for p in state["ranking"]] == ["Ada", "Zoë"]
    assert state["counts"] == [1, 0, 0], "their votes are gone with them"
    with pytest.raises(Refusal, match="not in this room"):
        rooms.vote(code, late[1], 1, [1], 80)
    for seconds in (0, -1, 10**30, 1.5, "60", None, True):
        with pytest.raises(Refusal, match="Seconds"):
            rooms.clear(code, key, seconds)
    for shut in (None, 1, "true"):
        with pytest.raises(Refusal, match="door"):
            rooms.door(code, key, shut)
