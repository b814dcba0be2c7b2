"""Class rooms over HTTP: events, several processes, a server that dies, many votes at once, hostile requests."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from demos.quiz import network, routes
from tests import class_load
from tests.class_server import application

ROOT = Path(__file__).parents[1]


class Server:
    """tests.class_server in a process of its own, on one database."""

    def __init__(self, place: Path):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.class_server", "0"],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": f"sqlite:///{place}"},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def start(tmp_path):
    servers = []

    def start() -> Server:
        servers.append(Server(tmp_path / "class.sqlite3"))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


def visitor(server: Server) -> httpx.Client:
    return httpx.Client(base_url=server.url, timeout=60)


def opened(client) -> tuple[str, dict]:
    room = client.post("/class").json()
    return f"/class/{room['code']}", dict(
        authorization=f"Bearer {room['teacher'].partition('#')[2]}"
    )


def joined(client, room: str, name: str) -> dict:
    return dict(
        authorization=f"Bearer {client.post(f'{room}/join', json=dict(name=name)).json()['token']}"
    )


def press(client, room: str, teacher: dict, phase: str, number: int) -> None:
    body = dict(phase=phase, round=number)
    answer = client.post(f"{room}/advance", headers=teacher, json=body)
    assert answer.json() == {"counted": True}, answer.text


def vote(client, room: str, student: dict, number: int, picks=(0,), sure=80):
    body = dict(round=number, picks=list(picks), sure=sure)
    return client.post(f"{room}/vote", headers=student, json=body)


def state(client, room: str, headers: dict, role: str = "teacher") -> dict:
    with client.stream("GET", f"{room}/events", headers=headers | {"x-role": role}) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                return json.loads(line[6:])


@pytest.mark.slow
def test_a_server_that_is_killed_has_everything_when_it_starts_again_and_two_serve_one_room(start):
    first = start()
    with visitor(first) as client:
        room, teacher = opened(client)
        ada, zoe = (joined(client, room, name) for name in ("Ada", "Zoë"))
        press(client, room, teacher, "lobby", 0)
        assert vote(client, room, ada, 1, [0, 2], 90).json() == {"counted": True}
        faces = [client.get(f"{room}/faces/1/{k}").content for k in range(3)]
    first.kill()
    second, third = start(), start()
    with visitor(second) as here, visitor(third) as there:
        back = state(here, room, ada, "student")
        assert back["phase"] == "open" and back["you"] == dict(name="Ada", picks="101", sure=90)
        assert [there.get(f"{room}/faces/1/{k}").content for k in range(3)] == faces
        assert vote(there, room, ada, 1, [0, 2], 90).status_code == 200  # in the place of itself
        headers = teacher | {"x-role": "teacher"}
        with here.stream("GET", f"{room}/events", headers=headers, timeout=60) as stream:
            lines = stream.iter_lines()
            assert (
                json.loads(next(line for line in lines if line.startswith("data: "))[6:])["voted"]
                == 1
            )
            assert vote(there, room, zoe, 1).status_code == 200  # in one process
            news = json.loads(next(line for line in lines if line.startswith("data: "))[6:])
            assert news["voted"] == 2 and news["counts"] == [2, 0, 1]  # seen in the other
        press(there, room, teacher, "open", 1)
        assert here.get(f"{room}/results", headers=teacher).json()["votes"] == 2


@pytest.mark.slow
@pytest.mark.parametrize("deck", ["standard", "makers"])
def test_every_vote_of_a_class_that_votes_at_once_counts(start, deck):
    server, load = start(), dict(students=40, rounds=2, spread=0.3, pause=0, deck=deck)
    measured = asyncio.run(class_load.play(server.url, **load))
    assert measured.problems == [] and measured.sent == measured.counted == 80
    assert len(measured.answers) == 80 and measured.behind


@pytest.fixture
def client(tmp_path, monkeypatch):
    monkeypatch.setattr("demos.quiz.rooms.PAUSE", 0.0)
    with TestClient(application(f"sqlite:///{tmp_path}/class.sqlite3")) as client:
        yield client


@pytest.mark.parametrize("path", ["join", "vote", "advance", "finish", "edit", "door", "clear"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        b'"x"',
        b"[" * 4000,
        b"{}",
        b'{"name": {"a": 1}}',
        b"x" * 5000,
    ],
)
def test_hostile_requests_get_one_line_and_the_next_works(client, path, body):
    room, teacher = opened(client)
    answer = client.post(f"{room}/{path}", content=body)
    assert 400 <= answer.status_code < 500
    assert 10 < len(answer.json()["error"]) < 200 and "\n" not in answer.json()["error"]
    ada = joined(client, room, "Ada")
    press(client, room, teacher, "lobby", 0)
    assert vote(client, room, ada, 1).status_code == 200


def test_a_student_learns_nothing_before_the_reveal(client):
    """All that a phone can get: pages, state, faces and their headers, in rounds of different truth."""
    room, teacher = opened(client)
    ada = joined(client, room, "Ada")
    for number in (1, 2, 3):
        press(client, room, teacher, "revealed" if number > 1 else "lobby", number - 1)
        answers = [client.get(path) for path in (room, f"{room}/teacher", f"{room}/qr.svg")]
        texts = [answer.text for answer in answers] + [
            json.dumps(state(client, room, ada, "student"))
        ]
        faces = [client.get(f"{room}/faces/{number}/{k}") for k in range(3)]
        texts += [
            json.dumps({k: v for k, v in face.headers.items() if k != "content-length"})
            for face in faces
        ]
        assert not any(
            word in text for text in texts for word in ("photos", "patterns", '"real"', "sources")
        )
        for path in ("results", "results?as=csv"):
            assert client.get(f"{room}/{path}", headers=ada).status_code == 403
        assert client.get(f"{room}/faces/{number + 1}/0").status_code == 404
        assert client.get(f"{room}/events", headers=ada | {"x-role": "teacher"}).status_code == 403
        press(client, room, teacher, "open", number)
        assert len(state(client, room, ada, "student")["real"]) == 3


@pytest.mark.parametrize(
    "path",
    [
        *("faces/1/3", "faces/0/0", "faces/-1/0", "faces/1/x", "faces/99999999999999999999/0"),
        *(
            f"faces/{'9' * 5000}/0",
            f"faces/1/{'1' * 5000}",
            "faces/١/0",
            "faces/1_0/0",
            "faces/+1/0",
        ),
    ],
)
def test_faces_that_are_not_there(client, path):
    room, teacher = opened(client)
    press(client, room, teacher, "lobby", 0)
    assert client.get(f"{room}/{path}").status_code == 404


@pytest.fixture
def no_time_passes(monkeypatch):
    monkeypatch.setattr(routes, "Bucket", partial(network.Bucket, now=lambda: 0.0))


def test_guessing_codes_and_flooding_are_slowed_and_a_class_behind_one_address_is_not(
    no_time_passes, client
):
    """A lecture of 150 joins at once; of a room that one client would fill, 250 places are left."""
    room, teacher = opened(client)
    joins = [client.post(f"{room}/join", json=dict(name=f"S{k}")) for k in range(160)]
    assert [answer.status_code for answer in joins] == [200] * 150 + [429] * 10
    assert joins[-1].headers["retry-after"] == "4", "the page tries again by itself"
    other, _ = opened(client)
    assert client.post(f"{other}/join", json=dict(name="Ada")).status_code == 200, "for each room"
    assert client.post(f"{room}/door", headers=teacher, json=dict(shut=True)).status_code == 200
    assert client.post(f"{other}/door", headers=teacher, json=dict(shut=True)).status_code == 403
    cleared = client.post(f"{room}/clear", headers=teacher, json=dict(seconds=3600))
    assert cleared.json() == {"removed": 150}
    answers = [client.get(f"/class/BBB{letter}/events").status_code for letter in "BCDFGHJKMP" * 13]
    assert answers == [404] * 100 + [429] * 30
    assert client.post(f"{other}/join", json=dict(name="Late")).status_code == 200
    clock = [0.0]
    bucket = network.Bucket(3, 1, now=lambda: clock[0])
    assert [bucket.take("a") for _ in range(5)] == [True, True, True, False, False]
    assert bucket.take("b")
    clock[0] = 2.0
    assert [bucket.take("a") for _ in range(3)] == [True, True, False]


def test_the_way_in_is_an_address_that_phones_reach(client, monkeypatch):
    room, _ = opened(client)
    for name in ("PUBLIC_URL", "SPACE_HOST", "GRADIO_SERVER_NAME", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    assert client.get(f"{room}/qr.svg").headers["x-link"] == f"http://testserver{room}"
    local = client.get(f"{room}/qr.svg", headers={"host": "127.0.0.1:7860"})
    assert local.headers["x-reachable"] == "no"
    monkeypatch.setattr(network, "SIGNS", ())  # of a container, as in which tests may run
    monkeypatch.setattr(network, "local_address", lambda: "192.168.1.5")
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")
    monkeypatch.setattr(network, "in_container", lambda: True)
    inside = client.get(f"{room}/qr.svg", headers={"host": "127.0.0.1:7860"})
    assert inside.headers["x-reachable"] == "no", "a container's address is not the machine's"
    monkeypatch.setattr(network, "in_container", lambda: False)
    found = client.get(f"{room}/qr.svg", headers={"host": "127.0.0.1:7860"})
    assert (
        found.headers["x-link"] == f"http://192.168.1.5:7860{room}"
        and found.headers["x-reachable"] == "yes"
    )
    monkeypatch.setenv("SPACE_HOST", "me-models.hf.space")
    found = client.get(f"{room}/qr.svg")
    assert (
        found.headers["x-link"] == f"https://me-models.hf.space{room}"
        and found.headers["x-kept"] == "no"
    )
    monkeypatch.setenv("PUBLIC_URL", "https://class.example.org/")
    assert client.get(f"{room}/qr.svg").headers["x-link"] == f"https://class.example.org{room}"
    assert found.text.startswith("<svg")


def test_a_container_does_not_pass_off_its_own_address(client, monkeypatch, tmp_path):
    """Only its host reaches that; by which address phones reach the host, nobody can know inside."""
    room, _ = opened(client)
    for name in ("PUBLIC_URL", "SPACE_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")
    monkeypatch.setattr(network, "local_address", lambda: "172.17.0.2")
    (tmp_path / ".dockerenv").touch()
    monkeypatch.setattr(network, "SIGNS", (str(tmp_path / ".dockerenv"),))

    def way(host: str) -> tuple[str, str, str]:
        headers = client.get(f"{room}/qr.svg", headers={"host": host}).headers
        return headers["x-link"], headers["x-reachable"], headers["x-inside"]

    local, own, outer = "127.0.0.1:7860", "172.17.0.2:7860", "192.168.1.5:7860"
    assert way(local) == (f"http://{local}{room}", "no", "yes")
    assert way(own) == (f"http://{own}{room}", "no", "yes")
    assert way(outer) == (f"http://{outer}{room}", "yes", "yes")
    monkeypatch.setenv("PUBLIC_URL", f"http://{outer}")
    assert way(local) == (f"http://{outer}{room}", "yes", "yes")


@pytest.mark.parametrize("code", ["ÄÖÜß", "BB%F0%9F%98%80", "%00%00%00%00", "BBBBB", "b"])
@pytest.mark.parametrize("what", ["qr.svg", "faces/1/0", "events", "results?as=csv"])
def test_codes_that_are_none(client, code, what):
    answer = client.get(f"/class/{code}/{what}")
    assert answer.status_code == 404 and "no room with this code" in answer.json()["error"]


def test_numbers_that_no_database_knows(client):
    room, teacher = opened(client)
    for player in (10**30, -(10**30), 10**18, 0, 1.0, "1", None, True):
        body = dict(player=player, change="hide")
        answer = client.post(f"{room}/edit", headers=teacher, json=body)
        assert answer.status_code == 404 and "no such player" in answer.json()["error"]


@pytest.mark.parametrize(
    "headers, reached",
    [
        ({"x-page": "https://uni.example/demo"}, "https://uni.example/demo"),
        ({"x-page": "http://[fe80::1]:7860"}, "http://[fe80::1]:7860"),
        ({"x-forwarded-host": "a.example, b", "x-forwarded-proto": "https"}, "https://a.example"),
        ({"x-page": "javascript:alert(1)"}, "http://testserver"),
        ({"x-page": "https://a b/"}, "http://testserver"),
        ({"x-forwarded-host": "a/../<b>"}, "http://localhost"),
        ({"host": "\xe9"}, "http://localhost"),
    ],
)
def test_the_way_in_is_how_the_page_that_asks_was_reached(client, monkeypatch, headers, reached):
    """A proxy may tell the server nothing, or all that it knows; what is no address is not believed."""
    for name in ("PUBLIC_URL", "SPACE_HOST", "GRADIO_SERVER_NAME", "GRADIO_ROOT_PATH"):
        monkeypatch.delenv(name, raising=False)
    answer = client.get("/class/BCDF/qr.svg", headers={k: v.encode() for k, v in headers.items()})
    assert answer.headers["x-link"] == f"{reached}/class/BCDF"
    if reached == "http://testserver":
        monkeypatch.setenv("GRADIO_ROOT_PATH", "/demo/")
        answer = client.get("/class/BCDF/qr.svg", headers=headers)
        assert answer.headers["x-link"] == f"{reached}/demo/class/BCDF"


def test_a_room_with_photos_belongs_to_this_process(client):
    """And a key that is none is refused before a room is made."""
    opened = client.post("/class", json=dict(deck="photos-0123456789abcdef"))
    assert opened.status_code == 200 and opened.json()["teacher"].startswith("class/")
    for deck in ("../x", "", 5, None, "a" * 81):
        answer = client.post("/class", json=dict(deck=deck))
        assert answer.status_code == 400 and "deck" in answer.json()["error"]


def test_a_table_to_take_home(client):
    room, teacher = opened(client)
    ada = joined(client, room, "Ada")
    press(client, room, teacher, "lobby", 0)
    vote(client, room, ada, 1)
    press(client, room, teacher, "open", 1)
    answer = client.get(f"{room}/results?as=csv", headers=teacher)
    assert (
        "attachment" in answer.headers["content-disposition"] and len(answer.text.splitlines()) == 4
    )
