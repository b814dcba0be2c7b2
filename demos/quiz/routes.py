"""The class rooms' own addresses on the app's server: pages for phones and projector, and what they ask.

    GET  /class, /class/{code}                 a student's page        GET  /class/{code}/teacher   the projector's
    POST /class                                open a room             POST /class/{code}/join, vote, advance, ...
    GET  /class/{code}/events                  what happens, as server-sent events
    GET  /class/{code}/faces/{round}/{k}       one face                GET  /class/{code}/results   for the teacher

Not through Gradio's queue: three hundred phones vote at once, and a phone needs none of Gradio's page. A student is
known by a token, the teacher by the secret in the teacher's link; both travel in a header, never in an address.
"""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from demos.quiz.maker import DECK
from demos.quiz.network import (
    Bucket,
    Refusal,
    in_container,
    only_here,
    public_address,
    visitor,
)

if TYPE_CHECKING:  # SQLAlchemy is for those who open a room
    from demos.quiz.rooms import Rooms

PAGES = Path(__file__).parent / "pages"
SCRIPTS = ("class.js", "student.js", "teacher.js", "play.js", "maker.js")
ASSETS = {"class.css": "text/css"} | dict.fromkeys(SCRIPTS, "text/javascript")
LARGEST = 4096  # bytes of a request
BEAT = 15.0  # seconds between signs of life of a stream
LOOK = 0.2  # seconds between two looks at a room
CROWD = 3000  # streams at one time


COUNTS = ("version", "voted", "players")  # what goes up with every vote and every player


class Watch:
    """One look at a room for all who watch it in this process: three hundred would each ask the database the same."""

    def __init__(self, rooms: "Rooms", code: str):
        self.rooms, self.code = rooms, code
        # What was not taken yet makes way for what is newer.
        self.students: set[asyncio.Queue] = set()
        self.teachers: set[asyncio.Queue] = set()

    async def look(self) -> None:
        version, shown = None, None
        while self.students or self.teachers:
            try:
                now = await run_in_threadpool(self.rooms.version, self.code)
                if now != version:
                    version = now
                    state, taught = await run_in_threadpool(self.rooms.seen_by_both, self.code)
                    _offer(self.teachers, taught)
                    # To a phone the count of votes and players is no news: the projector shows it.
                    told = {k: v for k, v in state.items() if k not in COUNTS}
                    if told != shown:
                        shown = told
                        _offer(self.students, state)
            except Refusal as refusal:
                _offer(self.students | self.teachers, str(refusal))
                version, shown = None, None  # what comes next is news to all
                await asyncio.sleep(1)
            await asyncio.sleep(LOOK)


def _offer(queues: set[asyncio.Queue], news: dict | str) -> None:
    for queue in queues:
        if queue.full():
            queue.get_nowait()
        queue.put_nowait(news)


class Class:
    """All routes around one database."""

    def __init__(self, rooms: "Callable[[], Rooms]", owner: str = ""):
        self.owner = owner  # this process's name, for rooms with photos that only it has
        # Made when first asked for: no database is touched before somebody opens a room.
        self.rooms = rooms
        self.watches: dict[str, Watch] = {}
        self.streams = 0
        # A lecture behind one address joins at once; who fills a room alone needs two minutes, in which it is seen.
        self.joins, self.misses, self.opened = Bucket(150, 2), Bucket(100, 1), Bucket(20, 1 / 30)

    def routes(self) -> list[Route]:
        return [
            Route("/class", self._page("student.html", "class/"), methods=["GET"]),
            Route("/class", self._answer(self.open), methods=["POST"]),
            Route("/class/assets/{name}", self.asset),
            Route("/class/{code}", self._page("student.html", "./")),
            Route("/class/{code}/teacher", self._page("teacher.html", "../")),
            Route("/class/{code}/qr.svg", self._answer(self.qr)),
            Route("/class/{code}/events", self._answer(self.events)),
            Route("/class/{code}/faces/{number}/{k}", self._answer(self.face)),
            Route("/class/{code}/results", self._answer(self.results)),
            *(
                Route(
                    f"/class/{{code}}/{name}", self._answer(getattr(self, name)), methods=["POST"]
                )
                for name in ("join", "vote", "advance", "finish", "edit", "door", "clear")
            ),
        ]

    # What is asked.

    async def open(self, request: Request) -> Response:
        if not self.opened.take(visitor(request)):
            raise Refusal("Too many rooms from here. Wait a minute.", 429)
        deck = (await _body(request)).get("deck", "standard")
        if not isinstance(deck, str) or not re.fullmatch(r"[\w-]{1,80}", deck, re.ASCII):
            raise Refusal("A deck is standard, makers, or the key of photos that were chosen here.")
        owner = "" if deck in ("standard", DECK) else self.owner
        code, key = await self._do("open", deck, owner)
        return JSONResponse(dict(code=code, teacher=f"class/{code}/teacher#{key}"))

    async def join(self, request: Request) -> Response:
        if not self.joins.take(f"{visitor(request)} {_code(request)}"):
            text = "Many are joining from here at once. Trying again in a few seconds."
            raise Refusal(text, 429, again=4)
        name = (await _body(request)).get("name")
        return JSONResponse(dict(token=await self._do("join", _code(request), name)))

    async def vote(self, request: Request) -> Response:
        await self._change("vote", request, "round", "picks", "sure")
        return JSONResponse(dict(counted=True))

    async def advance(self, request: Request) -> Response:
        return JSONResponse(dict(counted=await self._change("advance", request, "phase", "round")))

    async def finish(self, request: Request) -> Response:
        return JSONResponse(dict(counted=await self._change("finish", request, "phase", "round")))

    async def edit(self, request: Request) -> Response:
        await self._change("edit", request, "player", "change", "name")
        return JSONResponse({})

    async def door(self, request: Request) -> Response:
        await self._change("door", request, "shut")
        return JSONResponse({})

    async def clear(self, request: Request) -> Response:
        return JSONResponse(dict(removed=await self._change("clear", request, "seconds")))

    async def _change(self, what: str, request: Request, *fields: str):
        """One of Rooms' methods, with these fields of the request."""
        body = await _body(request)
        given = (body.get(field) for field in fields)
        return await self._do(what, _code(request), _secret(request), *given)

    async def _do(self, what: str, *given):
        """One of Rooms' methods in a thread, where the first one may wait for the database."""
        return await run_in_threadpool(lambda: getattr(self.rooms(), what)(*given))

    async def results(self, request: Request) -> Response:
        game, votes = await self._do("results", _code(request), _secret(request))
        if request.query_params.get("as") == "csv":
            name = f"{game.file}-{_code(request)}.csv"
            headers = {"content-disposition": f'attachment; filename="{name}"'}
            return Response(
                game.table(votes), media_type="text/csv; charset=utf-8", headers=headers
            )
        return JSONResponse(await run_in_threadpool(game.summary, votes))

    async def face(self, request: Request) -> Response:
        number, k = request.path_params["number"], request.path_params["k"]
        if k not in ("0", "1", "2"):
            raise Refusal("A round has the faces 0, 1 and 2.", 404)
        if not re.fullmatch("[0-9]{1,9}", number):
            raise Refusal("There is no such round.", 404)
        dealt = await self._do("dealt", _code(request), int(number))
        # The same for everybody and for ever: the phone may keep it.
        headers = {"cache-control": "private, max-age=86400", "x-content-type-options": "nosniff"}
        return Response(dealt.pictures[int(k)], media_type="image/webp", headers=headers)

    async def events(self, request: Request) -> Response:
        """A stream: first how things stand, then every change. With the teacher's secret, the votes as they come."""
        if self.streams >= CROWD:
            raise Refusal("Too many are watching at once. Try again in a minute.", 503)
        code, secret = _code(request), _secret(request)
        teacher = request.headers.get("x-role") == "teacher"
        look = "seen_by_teacher" if teacher else "seen_by_students"
        await self._do(look, code, secret)  # refuses here, with a status
        rooms = self.rooms()

        async def stream() -> AsyncIterator[str]:
            watch = self.watches.setdefault(code, Watch(rooms, code))
            alone = not (watch.students or watch.teachers)
            mine = watch.teachers if teacher else watch.students
            queue: asyncio.Queue = asyncio.Queue(1)
            mine.add(queue)
            if alone:
                watch.task = asyncio.create_task(watch.look())
            self.streams += 1
            try:
                # Read now that the queue hears every change: one between reading and hearing would never be told.
                last = await self._do(look, code, secret)
                yield _event(last)
                while True:
                    try:
                        news = await asyncio.wait_for(queue.get(), BEAT)
                    except TimeoutError:
                        yield ": still here\n\n"
                        continue
                    if news == last or _older(news, last):
                        continue
                    if not teacher and isinstance(news, dict) and news["phase"] == "over":
                        news = await self._do(look, code, secret)  # with this student's total
                    last = news
                    yield _event(news)
            except Refusal as refusal:
                yield _event(str(refusal))  # the page comes again by itself
            finally:
                self.streams -= 1
                mine.discard(queue)
                if not (watch.students or watch.teachers):
                    self.watches.pop(code, None)

        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(stream(), media_type="text/event-stream", headers=headers)

    # What is shown.

    def _page(self, name: str, base: str):
        """base: where /class/ is from there. The server may know nothing of the path that it lies below."""

        async def page(request: Request) -> Response:
            text = (PAGES / name).read_text(encoding="utf-8").replace("$base", base)
            return HTMLResponse(text, headers={"cache-control": "no-cache"})

        return page

    async def asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ASSETS:
            return Response(status_code=404)
        text = (PAGES / name).read_text(encoding="utf-8")
        return Response(
            text,
            media_type=f"{ASSETS[name]}; charset=utf-8",
            headers={"cache-control": "no-cache"},
        )

    async def qr(self, request: Request) -> Response:
        """The way into the room, for a phone's camera; in a header whether phones can reach it, and the address."""
        import segno

        address, code = public_address(request), request.path_params["code"]
        if not re.fullmatch("[A-Za-z]{4}", code):
            raise Refusal("There is no room with this code. Look at the projector again.", 404)
        link = f"{address}/class/{code}"
        picture = segno.make(link, error="m").svg_inline(
            border=2, dark="#1a1b20", light="#ffffff", omitsize=True
        )
        headers = {
            "x-link": link,
            "x-reachable": "no" if only_here(address) else "yes",
            "x-inside": "yes" if in_container() else "no",
            # A Space's disk ends with its container.
            "x-kept": "no"
            if os.environ.get("SPACE_HOST")
            and os.environ.get("DATABASE_URL", "sqlite").startswith("sqlite")
            else "yes",
        }
        return Response(picture, media_type="image/svg+xml", headers=headers)

    def _answer(self, handler):
        async def answer(request: Request) -> Response:
            try:
                return await handler(request)
            except Refusal as refusal:
                # Guessing codes is slowed down; a class that mistypes is not locked out.
                if refusal.status == 404 and not self.misses.take(visitor(request)):
                    refusal = Refusal("Too many wrong codes from here. Wait a minute.", 429)
                headers = {"retry-after": str(refusal.again)} if refusal.again else None
                return JSONResponse(dict(error=str(refusal)), refusal.status, headers)

        return answer


def _older(news: dict | str, last: dict | str) -> bool:
    """Whether a page that knows `last` has nothing to learn: the look that found `news` began before it came."""
    return isinstance(news, dict) and isinstance(last, dict) and news["version"] <= last["version"]


def _event(news: dict | str) -> str:
    """A state of the room, or a sentence that says why there is none."""
    kind = "event: gone\n" if isinstance(news, str) else ""
    return f"{kind}data: {json.dumps(news)}\n\n"


def _code(request: Request) -> str:
    return request.path_params["code"].upper()


def _secret(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")[:200]


async def _body(request: Request) -> dict:
    data = b""
    async for part in request.stream():
        data += part
        if len(data) > LARGEST:
            raise Refusal("This is too long.", 413)
    try:
        body = json.loads(data or b"{}")
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Refusal("A request is a JSON object.")
    return body
