"""The page around the views: one address for each, one description for each, the same bytes for everybody.

    /                    the shell, with the view that ?tab=...&view=... names, or the first
    /views/<page>        what a view is made of, for a visitor who goes on to it: mounted in place of the last one
    /views/<page>/later  what its canvas looks up from then on, canvas.later(): the first picture does not wait for it
    /look/<hash>/<file>  the style and the script, for ever
    /here.svg?tab=...    a QR code of this very view with its knobs

app.py makes each view a page of Gradio's; its own HTML would hold the whole site and load everything anew at
each step. Here a view's description is cut out of Gradio's config, its first picture is drawn when somebody first asks
for it, and both are compressed once. look/shell.js mounts it.
"""

import copy
import gzip
import hashlib
import io
import json
import re
import threading
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import brotli
import gradio as gr
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from checkpoints import CheckpointError
from demos.quiz.network import only_here, public_address

DEMOS = Path(__file__).parent
LOOK = DEMOS / "look"
FRONTEND = Path(gr.__file__).parent / "templates" / "frontend"
FOR_EVER = "public, max-age=31536000, immutable"
LONGEST_QUERY = 1500  # characters in a QR code
# What only the pages about the API read.
UNREAD = ("api_info", "api_info_as_input", "api_info_as_output", "example_inputs", "skip_api")


def view_id(view) -> str:
    """Its file's name is its name in an address."""
    return view.__name__.rpartition(".")[2]


def page_of(tab, view) -> str:
    """What Gradio calls the page of a view."""
    return f"{tab.ID}-{view_id(view)}"


# The look: one file of style and one of script, with their hash as address.


@cache
def look() -> dict[str, tuple[str, bytes]]:
    """{"style.css": (hash, content), "script.js": ...}. A tab's own style counts inside that tab only."""
    own = sorted(DEMOS.glob("*/style.css"))
    style = [
        (LOOK / f"{name}.css").read_text("utf-8") for name in ("base", "frame", "parts", "figures")
    ]
    style += [f".tab-{file.parent.name} {{\n{file.read_text('utf-8')}\n}}" for file in own]
    script = [
        (LOOK / f"{name}.js").read_text("utf-8")
        for name in ("gml", "player", "plane", "record", "slides", "touch", "shell")
    ]
    files = {"style.css": "\n".join(style), "script.js": "\n".join(script)}
    return {
        name: (hashlib.sha256(text.encode()).hexdigest()[:16], text.encode())
        for name, text in files.items()
    }


async def look_file(request: Request) -> Response:
    hashed, content = look().get(request.path_params["name"], ("", b""))
    if request.path_params["hash"] != hashed:
        return Response("Not found", 404)
    kind = "text/css" if request.path_params["name"].endswith("css") else "text/javascript"
    return _packed(request, _all_sizes(content), f"{kind}; charset=utf-8", FOR_EVER)


# The views.


class Pages:
    """Descriptions of the views of a built page. tabs: those of demos.TABS."""

    def __init__(self, blocks: gr.Blocks, tabs: Sequence):
        self.blocks = blocks
        self.places = {page_of(tab, view): (tab, view) for tab in tabs for view in tab.VIEWS}
        self.tabs = tabs
        # What was drawn and compressed once: one of each for every view.
        self._packed: dict[str, dict[str, bytes]] = {}
        self._shells: dict[str, dict[str, bytes]] = {}
        self._later: dict[str, dict[str, bytes]] = {}
        self._locks = {page: threading.Lock() for page in self.places}

    def routes(self) -> list[Route]:
        """They come before Gradio's own."""
        return [
            Route("/", self.shell),
            Route("/views/{page}", self.view),
            Route("/views/{page}/later", self.later),
            Route("/look/{hash}/{name}", look_file),
            Route("/here.svg", here),
            *(Route(f"/{page}", self.moved) for page in self.places),
        ]

    @cached_property
    def site(self) -> list[dict]:
        """Tabs, their views, and the knobs that a link may set, in the lecture's order."""
        knobs: dict[str, list[str]] = {}
        for block in self.blocks.blocks.values():
            if getattr(block, "linked", False):
                knobs.setdefault(block.page, []).append(block.elem_id.partition("-")[2])
        return [
            dict(
                id=tab.ID,
                title=tab.TITLE,
                family=tab.FAMILY,
                views=[
                    dict(id=view_id(v), title=v.TITLE, knobs=knobs.get(page_of(tab, v), []))
                    for v in tab.VIEWS
                ],
            )
            for tab in self.tabs
        ]

    def describe(self, page: str) -> dict[str, Any]:
        """A view as Gradio's script wants it, as if it were the only page, with its first picture in it."""
        config = self.blocks.config
        mine = config["page"][page]
        wanted, heard = set(mine["components"]), set(mine["dependencies"])
        parts = [
            {k: v for k, v in part.items() if k not in UNREAD}
            for part in config["components"]
            if part["id"] in wanted
        ]
        values, problem = self._first(page)
        for part in parts:
            if part["id"] in values:
                part["props"] = part["props"] | dict(value=values[part["id"]])
        only = {k: v for k, v in config.items() if k not in ("components", "dependencies")}
        only |= dict(
            components=parts,
            dependencies=[d for d in config["dependencies"] if d["id"] in heard],
            layout=mine["layout"],
            page={"": mine},
            pages=[["", "", True]],
            current_page="",
            username=None,
            deep_link_state="none",
            problem=problem,
        )
        return only

    def _first(self, page: str) -> tuple[dict[int, Any], str | None]:
        """The first picture: handlers called with the knobs as they stand, in the order of their parts.

        -> {id: value}, or what is wrong.
        """
        values: dict[int, Any] = {}
        for block in [b for b in self.blocks.blocks.values() if b.page == page]:
            for handler, inputs, outputs in getattr(block, "first_frames", ()):
                try:
                    found = handler(*(values.get(part._id, part.value) for part in inputs))
                except CheckpointError as error:
                    return {}, str(error)
                found = found if len(outputs) > 1 else (found,)
                for part, value in zip(outputs, found, strict=True):
                    values[part._id] = part.postprocess(value)
        return values, None

    def packed(self, page: str) -> dict[str, bytes]:
        """A view's description in JSON, compressed in every way. Thirty who come at once wait for one drawing."""
        with self._locks[page]:
            if page not in self._packed:
                description = self.describe(page)
                text = json.dumps(description, ensure_ascii=False, separators=(",", ":"))
                made = _all_sizes(text.encode("utf-8", "replace"))
                if description["problem"]:  # it may be mended before the next one asks
                    return made
                self._packed[page] = made
            return self._packed[page]

    # What is asked.

    def view(self, request: Request) -> Response:
        page = request.path_params["page"]
        if page not in self.places:
            return Response("Not found", 404)
        return _packed(request, self.packed(page), "application/json", "no-cache")

    def later(self, request: Request) -> Response:
        page = request.path_params["page"]
        parts = [b for b in self.blocks.blocks.values() if b.page == page and hasattr(b, "later")]
        if not parts:
            return Response("Not found", 404)
        with self._locks[page]:
            if page not in self._later:
                try:
                    found = parts[0].later()
                except CheckpointError as error:
                    return Response(str(error), 503)
                self._later[page] = _all_sizes(json.dumps(found, separators=(",", ":")).encode())
        return _packed(request, self._later[page], "application/json", "no-cache")

    def shell(self, request: Request) -> Response:
        if (
            request.method == "HEAD"
        ):  # "are you there", asked by Gradio itself at the start: nothing is drawn for that
            return Response(media_type="text/html; charset=utf-8")
        page = self.place(request.query_params)
        described = self.packed(page)[""]
        if page not in self._shells:
            tab, _ = self.places[page]
            html = Template((LOOK / "shell.html").read_text("utf-8")).substitute(
                site=_inline(json.dumps(self.site, ensure_ascii=False)),
                first=_inline(described.decode()),
                page=page,
                family=tab.FAMILY,
                style=f"look/{look()['style.css'][0]}/style.css",
                script=f"look/{look()['script.js'][0]}/script.js",
                tabs="".join(
                    f'<a href="?tab={t.ID}&amp;view={view_id(t.VIEWS[0])}" data-tab="{t.ID}" class="fam-{t.FAMILY}"'
                    f"{' aria-current=page' if t is tab else ''}>{escape(t.TITLE)}</a>"
                    for t in self.tabs
                ),
                **_gradio(),
            )
            made = _all_sizes(html.encode())
            if page not in self._packed:  # something is wrong with it, and may be mended
                return _packed(request, made, "text/html; charset=utf-8", "no-cache")
            self._shells[page] = made
        return _packed(request, self._shells[page], "text/html; charset=utf-8", "no-cache")

    def place(self, query) -> str:
        """The page that an address names. A tab with no view, as old links have it: the view that has their knobs."""
        asked = next((t for t in self.tabs if query.get("tab") == t.ID), self.tabs[0])
        for view in asked.VIEWS:
            if view_id(view) == query.get("view"):
                return page_of(asked, view)
        for view in next(t for t in self.site if t["id"] == asked.ID)["views"]:
            if any(name in query for name in view["knobs"]):
                return f"{asked.ID}-{view['id']}"
        return page_of(asked, asked.VIEWS[0])

    def moved(self, request: Request) -> Response:
        """Gradio's own address of a page."""
        tab, view = self.places[request.url.path.rpartition("/")[2]]
        return RedirectResponse(f"./?tab={tab.ID}&view={view_id(view)}")


async def here(request: Request) -> Response:
    """A QR code of a view with its knobs, as phones reach it."""
    import segno

    query = request.url.query
    if len(query) > LONGEST_QUERY or not re.fullmatch(r"[\w=&.,%+~-]*", query, re.ASCII):
        return Response("This address is no link to a view.", 400)
    address = public_address(request)
    code = segno.make(f"{address}/?{query}", error="l")
    svg = io.BytesIO()
    code.save(svg, kind="svg", border=2, dark="#1a1b20", light="#ffffff", omitsize=True)
    reachable = "no" if only_here(address) else "yes"
    headers = {"cache-control": "no-cache", "x-reachable": reachable}
    return Response(svg.getvalue(), media_type="image/svg+xml", headers=headers)


@cache
def _gradio() -> dict[str, str]:
    """Where Gradio's own script and style lie: their names carry a hash."""
    page = (FRONTEND / "index.html").read_text("utf-8")
    (script,) = re.findall(r'<script type="module" crossorigin src="\./([^"]+)">', page)
    (style,) = re.findall(r'<link rel="stylesheet" crossorigin href="\./([^"]+)">', page)
    return dict(gradio_script=script, gradio_style=style)


def _inline(text: str) -> str:
    """JSON inside a script: no text in it may end the script."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _all_sizes(content: bytes) -> dict[str, bytes]:
    return {
        "br": brotli.compress(content, quality=5),
        "gzip": gzip.compress(content, 6, mtime=0),
        "": content,
    }


def _packed(request: Request, sizes: dict[str, bytes], kind: str, cached: str) -> Response:
    """The smallest that the browser can read; nothing at all if it has this one already."""
    accepted = request.headers.get("accept-encoding", "")
    way = next(way for way in ("br", "gzip", "") if way in accepted)
    tag = f'"{hashlib.sha256(sizes[way]).hexdigest()[:16]}"'
    headers = {"cache-control": cached, "etag": tag, "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if way:
        headers["content-encoding"] = way
    return Response(sizes[way], media_type=kind, headers=headers)


def freeze(blocks: gr.Blocks) -> None:
    """Let every part of a built page say once what it is. Gradio asks all of them again for each new visitor."""
    for part in blocks.blocks.values():
        for name in ("get_config", *(() if part.skip_api else ("api_info", "example_inputs"))):
            setattr(part, name, _said(getattr(part, name)()))


def _said(answer: Any) -> Callable:
    return lambda *_: copy.copy(answer)


class Kept:
    """Gradio's own files carry a hash in their names and may be kept; it sends no word about it."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or "/assets/" not in path or path.startswith("/class/"):
            return await self.app(scope, receive, send)

        async def kept(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                message["headers"] = [
                    *((k, v) for k, v in message["headers"] if k.lower() != b"cache-control"),
                    (b"cache-control", FOR_EVER.encode()),
                ]
            await send(message)

        await self.app(scope, receive, kept)


MIDDLEWARE = [Middleware(Kept)]
