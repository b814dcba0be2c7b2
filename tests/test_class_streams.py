"""What a page hears of its room: whenever it comes, and after trouble."""

import asyncio
import itertools
import json

from starlette.requests import Request

from demos.quiz import network, routes
from demos.quiz.rooms import Rooms
from tests.class_server import deal


def test_whoever_comes_while_a_round_begins_hears_of_it(tmp_path):
    """A phone reads how things stand, the round begins and is told to all who listen, then the phone listens."""
    rooms = Rooms(deal, f"sqlite:///{tmp_path}/class.sqlite3")
    code, key = rooms.open()
    token = rooms.join(code, "Ada")
    room = routes.Class(lambda: rooms)

    def asked(secret: str, role: str) -> Request:
        headers = [(b"authorization", f"Bearer {secret}".encode()), (b"x-role", role.encode())]
        return Request(dict(type="http", headers=headers, path_params=dict(code=code)))

    async def heard(stream) -> dict:
        return json.loads((await anext(stream)).removeprefix("data: "))

    async def play() -> dict:
        projector = (await room.events(asked(key, "teacher"))).body_iterator
        assert (await heard(projector))["phase"] == "lobby"
        coming = await room.events(asked(token, "student"))
        rooms.advance(code, key, "lobby", 0)
        while (await heard(projector))["phase"] != "open":
            pass
        state = await heard(coming.body_iterator)
        for stream in (projector, coming.body_iterator):
            await stream.aclose()
        return state

    assert asyncio.run(play())["phase"] == "open"
    rooms.base.writer.dispose()


def test_a_phone_hears_its_own_total_when_the_game_ends(tmp_path):
    """What is told to all holds nobody's total: each phone gets its own."""
    rooms = Rooms(deal, f"sqlite:///{tmp_path}/class.sqlite3")
    code, key = rooms.open()
    tokens = [rooms.join(code, name) for name in ("Ada", "Zoë")]
    rooms.advance(code, key, "lobby", 0)
    real = rooms.dealt(code, 1).real
    rooms.vote(code, tokens[0], 1, [k for k in range(3) if real[k]], 90)
    rooms.now = lambda: 4e9 - 3e9  # in another second than the first press
    rooms.advance(code, key, "open", 1)
    room = routes.Class(lambda: rooms)

    def asked(secret: str) -> Request:
        headers = [(b"authorization", f"Bearer {secret}".encode())]
        return Request(dict(type="http", headers=headers, path_params=dict(code=code)))

    async def end() -> list[dict]:
        streams = [(await room.events(asked(token))).body_iterator for token in tokens]
        for stream in streams:
            assert "revealed" in await anext(stream)
        rooms.now = lambda: 5e8
        rooms.finish(code, key, "revealed", 1)
        heard = [json.loads((await anext(s)).removeprefix("data: ")) for s in streams]
        for stream in streams:
            await stream.aclose()
        return heard

    ends = asyncio.run(end())
    assert [you["you"]["right"] for you in ends] == [3, 0]
    assert [you["you"]["rank"] for you in ends] == [1, 2] and ends[0]["players"] == 2
    rooms.base.writer.dispose()


def test_after_trouble_of_the_database_every_page_hears_how_things_stand(tmp_path, monkeypatch):
    rooms = Rooms(deal, f"sqlite:///{tmp_path}/class.sqlite3")
    code, _ = rooms.open()
    watch, queue = routes.Watch(rooms, code), asyncio.Queue()
    looks, found = itertools.count(1), rooms.version

    def version(code: str) -> int:
        """Trouble at the second look, the last at the fourth."""
        match next(looks):
            case 2:
                raise network.Refusal("gone", 503)
            case 4:
                watch.students.clear()
        return found(code)

    monkeypatch.setattr(rooms, "version", version)
    watch.students.add(queue)
    asyncio.run(watch.look())
    before, trouble, after = [queue.get_nowait() for _ in range(queue.qsize())]
    assert trouble == "gone" and before == after and after["phase"] == "lobby"
    rooms.base.writer.dispose()
