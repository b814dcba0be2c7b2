"""Name the maker with a class: votes, what is seen by whom, points, report and table, over HTTP, after a restart."""

import json

import pytest
from starlette.testclient import TestClient

from demos.quiz import confusion, games, lineup, pictures, report, rounds, scores
from demos.quiz.maker import DECK
from demos.quiz.network import Refusal
from demos.quiz.rooms import Rooms
from tests.class_server import application, deal
from tests.test_class_rooms import press
from tests.test_class_server import joined, state
from tests.test_class_server import press as pressed

pytestmark = pytest.mark.usefixtures("no_pause")
NAMES = ["VAE", "DCGAN", "StyleGAN2"]
# Who made the faces of the rounds in the example.
EXAMPLE = [(0, 1, 2), (0, 0, 1)]


def example(secret: str, number: int, deck: str) -> lineup.Dealt:
    return lineup.Dealt(deal(secret, number, DECK).faces, EXAMPLE[number - 1])


@pytest.fixture
def game(rooms):
    """A room with two players in its first round: rooms, code, key, tokens."""
    rooms.deal = example
    code, key = rooms.open(DECK)
    tokens = [rooms.join(code, name) for name in ("Ada", "Zoë")]
    press(rooms, code, key)
    return rooms, code, key, tokens


# A vote.


@pytest.mark.parametrize(
    "picks",
    [
        *(None, "VAE", "VAE,VAE,VAE", 123, {"0": "VAE"}, True),
        *([], NAMES[:2], [*NAMES, "VAE"], ["VAE"] * 5000),
        *([*NAMES[:2], "Flow"], [*NAMES[:2], ""], [*NAMES[:2], "vae"], [*NAMES[:2], "VAE\t"]),
        *([1, 2, 3], [0, 1, 2], [True] * 3, [None] * 3, [["VAE"]] * 3, [*NAMES[:2], {}]),
        *([*NAMES[:2], "W" * 100_000], [*NAMES[:2], "\ud800"], [*NAMES[:2], "'; DROP TABLE votes"]),
    ],
)
def test_votes_that_are_none(game, picks):
    rooms, code, key, (ada, _) = game
    with pytest.raises(Refusal, match="VAE, DCGAN, StyleGAN2") as raised:
        rooms.vote(code, ada, 1, picks)
    assert len(str(raised.value)) < 120 and raised.value.status == 400
    assert rooms.seen_by_teacher(code, key)["voted"] == 0
    rooms.vote(code, ada, 1, NAMES)  # the next one counts
    assert rooms.seen_by_teacher(code, key)["voted"] == 1


def test_a_vote_is_changed_until_the_reveal_and_not_after(game):
    rooms, code, key, (ada, zoe) = game
    rooms.vote(code, ada, 1, ["VAE"] * 3)
    rooms.vote(code, ada, 1, ["DCGAN", "VAE", "VAE"], 80)  # how sure is not asked, nor refused
    assert rooms.seen_by_students(code, ada)["you"] == dict(name="Ada", picks="211", sure=0)
    assert rooms.seen_by_teacher(code, key)["counts"] == [[0, 1, 0], [1, 0, 0], [1, 0, 0]]
    for token in ("forged", "", None, zoe + "x"):
        with pytest.raises(Refusal, match="not in this room"):
            rooms.vote(code, token, 1, NAMES)
    for number in (0, 2, "1", None, True):
        with pytest.raises(Refusal, match="not open"):
            rooms.vote(code, zoe, number, NAMES)
    assert rooms.advance(code, key, "open", 1)
    assert not rooms.advance(code, key, "open", 1), "pressed twice, it is one reveal"
    assert rooms.seen_by_students(code)["phase"] == "revealed"
    with pytest.raises(Refusal, match="not open"):
        rooms.vote(code, ada, 1, NAMES)
    assert rooms.seen_by_students(code, ada)["you"]["picks"] == "211"


def test_a_vote_for_photographs_is_none_here_and_the_other_way_round(game):
    rooms, code, _, (ada, _) = game
    with pytest.raises(Refusal, match="VAE"):
        rooms.vote(code, ada, 1, [0, 2], 80)
    rooms.deal = deal
    other, key = rooms.open()
    token = rooms.join(other, "Ada")
    press(rooms, other, key)
    with pytest.raises(Refusal, match="real"):
        rooms.vote(other, token, 1, NAMES, 80)
    assert rooms.seen_by_students(other)["game"] == "play"
    assert "makers" not in rooms.seen_by_students(other)


# What is seen.


def test_before_the_reveal_all_rooms_look_the_same(rooms):
    """Rounds of every truth: what is told of them, until the reveal, is the same to the last letter."""
    seen, truth = set(), set()
    for _ in range(8):
        code, key = rooms.open(DECK)
        ada = rooms.join(code, "Ada")
        press(rooms, code, key)
        truth.add(rooms.dealt(code, 1).by)
        told = rooms.seen_by_students(code, ada), rooms.seen_by_teacher(code, key)
        assert told[0]["makers"] == NAMES and "made" not in told[1] and "words" not in told[1]
        for ranked in told[1]["ranking"]:
            ranked["id"] = 0
        seen.add(json.dumps(told).replace(code, "CODE"))
        assert rooms.votes(code, key) == []
    assert len(seen) == 1 and len(truth) > 3


def test_the_reveal_tells_makers_votes_and_what_gives_them_away(game):
    rooms, code, key, (ada, zoe) = game
    rooms.vote(code, ada, 1, ["VAE", "DCGAN", "VAE"])
    rooms.vote(code, zoe, 1, ["VAE", "VAE", "VAE"])
    press(rooms, code, key)
    told = rooms.seen_by_teacher(code, key)
    assert told["made"] == NAMES and told["counts"] == [[2, 0, 0], [1, 1, 0], [2, 0, 0]]
    assert told["words"] == [lineup.GIVES_AWAY[name] for name in NAMES]
    assert rooms.seen_by_students(code, ada)["made"] == NAMES and not told["void"]


# A game counted by hand: EXAMPLE is who made the faces.

SAID = {"Ada": [("VAE", "DCGAN", "VAE"), ("VAE", "DCGAN", "DCGAN")], "Zoë": [("VAE",) * 3, None]}


def played(game):
    rooms, code, key, tokens = game
    for number in (1, 2):
        for token, said in zip(tokens, SAID.values(), strict=True):
            if said[number - 1]:
                rooms.vote(code, token, number, [*said[number - 1]])
        press(rooms, code, key)
        if number == 1:
            press(rooms, code, key)
    press(rooms, code, key, "finish")
    return game


def test_points_and_ranks(game):
    """Ada names 2 + 2 makers rightly, Zoë 1 of the one round in which she voted."""
    rooms, code, key, tokens = played(game)
    ends = [rooms.seen_by_students(code, token)["you"] for token in tokens]
    assert [(you["right"], you["faces"], you["rank"]) for you in ends] == [(4, 6, 1), (1, 6, 2)]
    ranking = rooms.seen_by_teacher(code, key)["ranking"]
    assert [(p["name"], p["right"], p["rank"]) for p in ranking] == [("Ada", 4, 1), ("Zoë", 1, 2)]


def test_the_class_s_matrix_and_distances(game):
    rooms, code, key, _ = played(game)
    told = report.taken(rooms.votes(code, key))
    assert (told["votes"], told["faces"], told["right"], told["makers"]) == (3, 9, 5, NAMES)
    assert told["matrix"] == {
        "VAE": dict(VAE=3, DCGAN=1, StyleGAN2=0),
        "DCGAN": dict(VAE=1, DCGAN=2, StyleGAN2=0),
        "StyleGAN2": dict(VAE=2, DCGAN=0, StyleGAN2=0),
    }
    first, second, third = told["d_prime"]
    wanted = scores.sensitivity(3, 4, 1, 3)[0]  # of 4 by the VAE 3 hits, of 3 by the DCGAN 1 alarm
    assert first["pair"] == NAMES[:2] and first["faces"] == 7
    assert first["d_prime"] == [
        pytest.approx(v, abs=1e-4) for v in (wanted.value, wanted.low, wanted.high)
    ]
    assert second["pair"] == ["VAE", "StyleGAN2"] and second["faces"] == 5
    assert third["d_prime"] is None, "no face of the StyleGAN2 was given to one of these two"
    # The same numbers as one player's who has played all three votes.
    rounds_of_one = [
        dict(made=[NAMES[m] for m in EXAMPLE[k]], said=said[k])
        for k in (0, 1)
        for said in SAID.values()
        if said[k]
    ]
    alone, _ = confusion.maker_record(json.dumps(rounds_of_one))
    assert {k: told[k] for k in ("matrix", "d_prime", "right")} == {
        k: alone[k] for k in ("matrix", "d_prime", "right")
    }
    nothing = report.taken([])
    assert (nothing["faces"], nothing["makers"], nothing["d_prime"]) == (0, [], [])


def test_a_table_to_take_home(game):
    rooms, code, key, _ = game
    rooms.join(code, "=1+1")
    names = {p["name"]: p["id"] for p in rooms.seen_by_teacher(code, key)["ranking"]}
    rooms.edit(code, key, names["Zoë"], "hide")
    played(game)
    text = report.table_of_makers(rooms.votes(code, key))
    lines = text.splitlines()
    assert lines[0] == "\ufeffround,player,face,source,said_source" and len(lines) == 1 + 9
    assert lines[1:4] == ["1,Ada,1,VAE,VAE", "1,Ada,2,DCGAN,DCGAN", "1,Ada,3,StyleGAN2,VAE"]
    assert lines[4] == "1,(hidden),1,VAE,VAE" and "Zoë" not in text


def test_a_table_is_safe_to_open_in_a_spreadsheet():
    vote = dict(round=1, player="=1+1", hidden=False, picks="121", choices=["+a", "=cmd"])
    text = report.table_of_makers([vote | dict(sources=["=cmd", "+a", "+a"])])
    assert text.splitlines()[1] == "1,'=1+1,1,'=cmd,'+a" and ",=" not in text and ",+" not in text


# Over HTTP.


@pytest.fixture
def client(tmp_path):
    with TestClient(application(f"sqlite:///{tmp_path}/class.sqlite3")) as client:
        yield client


def opened(client, deck: str = DECK) -> tuple[str, dict]:
    made = client.post("/class", json=dict(deck=deck)).json()
    key = made["teacher"].partition("#")[2]
    return f"/class/{made['code']}", dict(authorization=f"Bearer {key}")


def test_two_phones_play_to_the_end(client):
    """All that a phone can get before the reveal, then the reveal, the report and the table."""
    room, teacher = opened(client)
    ada, zoe = (joined(client, room, name) for name in ("Ada", "Zoë"))
    total = 0
    for number in (1, 2):
        pressed(client, room, teacher, "revealed" if number > 1 else "lobby", number - 1)
        texts = [client.get(path).text for path in (room, f"{room}/teacher", f"{room}/qr.svg")]
        seen = state(client, room, ada, "student")
        assert seen["game"] == "maker" and seen["makers"] == NAMES
        assert not any(word in text for text in texts for word in NAMES)
        assert "made" not in seen and "words" not in seen
        sent = [client.get(f"{room}/faces/{number}/{k}") for k in range(3)]
        assert {len(face.content) for face in sent} == {pictures.length(lineup.SIDE)}
        assert len({json.dumps(dict(face.headers)) for face in sent}) == 1
        for path in ("results", "results?as=csv"):
            assert client.get(f"{room}/{path}", headers=ada).status_code == 403
        said = dict(round=number, picks=["VAE"] * 3)
        for headers in (ada, zoe):
            answer = client.post(f"{room}/vote", headers=headers, json=said)
            assert answer.json() == {"counted": True}
        for wrong in ([0, 1], ["Flow"] * 3, "VAE", ["VAE" * 2000] * 3):
            answer = client.post(f"{room}/vote", headers=ada, json=said | dict(picks=wrong))
            assert answer.status_code in (400, 413) and 10 < len(answer.json()["error"]) < 120
        assert state(client, room, teacher)["voted"] == 2
        pressed(client, room, teacher, "open", number)
        again = client.post(
            f"{room}/advance", headers=teacher, json=dict(phase="open", round=number)
        )
        assert again.json() == {"counted": False}
        total += state(client, room, zoe, "student")["made"].count("VAE")
    end = client.post(f"{room}/finish", headers=teacher, json=dict(phase="revealed", round=2))
    assert end.json() == {"counted": True}
    for headers in (ada, zoe):
        you = state(client, room, headers, "student")["you"]
        assert (you["right"], you["faces"], you["rank"]) == (total, 6, 1)
    told = client.get(f"{room}/results", headers=teacher).json()
    assert told["faces"] == 12 and told["right"] == 2 * total
    table = client.get(f"{room}/results?as=csv", headers=teacher)
    assert f"name-the-maker-{room[-4:]}.csv" in table.headers["content-disposition"]
    assert len(table.text.splitlines()) == 1 + 12


def test_only_a_room_with_photos_belongs_to_one_process(client):
    (owner,) = {r.endpoint.__self__ for r in client.app.routes if hasattr(r.endpoint, "__self__")}
    owner.owner = "host 1 2"
    codes = {deck: opened(client, deck)[0][-4:] for deck in ("makers", "standard", "photos-01")}
    with owner.rooms().base.read() as session:
        owners = {deck: owner.rooms()._room(session, code).owner for deck, code in codes.items()}
    assert owners == {"makers": "", "standard": "", "photos-01": "host 1 2"}


# Its own faces.


def test_a_room_has_the_same_faces_after_a_restart(tmp_path, monkeypatch):
    """Another process has another key, and no round in memory."""
    place = f"sqlite:///{tmp_path}/class.sqlite3"

    def start() -> Rooms:
        lineup._alone.cache_clear()
        return Rooms(lambda secret, k, deck: games.of(deck).deal(secret, k, deck), place)

    rooms = start()
    code, key = rooms.open(DECK)
    ada = rooms.join(code, "Ada")
    press(rooms, code, key)
    rooms.vote(code, ada, 1, NAMES)
    before = rooms.dealt(code, 1)
    rooms.base.writer.dispose()
    monkeypatch.setattr(rounds, "KEY", b"of another process")
    rooms = start()
    assert rooms.dealt(code, 1) == before
    assert rooms.seen_by_students(code, ada)["you"]["picks"] == "123"
    press(rooms, code, key)
    assert rooms.seen_by_students(code)["made"] == [NAMES[m] for m in before.by]
    rooms.base.writer.dispose()


def test_without_makers_a_round_does_not_begin(rooms, monkeypatch):
    rooms.deal = lambda secret, k, deck: games.of(deck).deal(secret, k, deck)
    monkeypatch.setattr(lineup, "generators", lambda: [])
    code, key = rooms.open(DECK)
    with pytest.raises(Refusal, match="at least are needed") as raised:
        press(rooms, code, key)
    assert raised.value.status == 409 and rooms.seen_by_students(code)["phase"] == "lobby"
