"""What a stranger may ask of this server: our own addresses, and of Gradio's those that are used here.

    Doors   closes the others, bounds what is sent, lets streams through proxies, and takes a slip for a slip
    Page    Gradio's page: values that no handler can be given are answered with a sentence

Gradio opens about eighty addresses whether an app needs them or not; one of them writes files to the disk for anybody.
"""

import json
import logging
import os
import re
from collections.abc import Sequence

import gradio as gr
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = 17_000_000  # bytes of a request: forty photos for the quiz
# Gradio's own, "METHOD path". run and call are what a program asks, queue what the page and gradio_client ask.
OPEN = [
    re.compile(pattern)
    for pattern in (
        "HEAD /",  # "are you there", at the start
        "GET /config|GET /gradio_api/info",
        "GET /assets/.+|GET /theme.css|GET /gradio_api/theme.css",
        "GET /gradio_api/startup-events",
        "GET /gradio_api/heartbeat/[^/]+",
        "POST /gradio_api/run/[^/]+",
        "POST /gradio_api/call/[^/]+|GET /gradio_api/call/[^/]+/[^/]+",
        "POST /gradio_api/queue/join|GET /gradio_api/queue/data",
        "POST /gradio_api/cancel|POST /gradio_api/reset",
    )
]
UNFIT = "This request does not fit this server. gradio_api/info lists what may be asked."
log = logging.getLogger(__name__)


class Doors:
    """ours: the routes that are not Gradio's."""

    def __init__(self, app: ASGIApp, ours: Sequence[BaseRoute]):
        self.app, self.ours = app, ours

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ours = scope["type"] != "http" or any(r.matches(scope)[0] != Match.NONE for r in self.ours)
        if ours:
            return await self.app(scope, receive, send)
        asked = f"{scope['method']} {scope['path']}"
        if not any(door.fullmatch(asked) for door in OPEN):
            return await Response("Not found", 404)(scope, receive, send)
        await self._gradio(asked, scope, receive, send)

    async def _gradio(self, asked: str, scope: Scope, receive: Receive, send: Send) -> None:
        came, begun = 0, False
        said = dict(scope["headers"]).get(b"content-length", b"0")
        if said.isdigit() and int(said) > LARGEST:
            answer = dict(error="This is too long.", detail="This is too long.")
            return await JSONResponse(answer, 413)(scope, receive, send)

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > LARGEST:
                raise ValueError("too long")
            return message

        async def passed(message: Message) -> None:
            nonlocal begun
            begun = True
            if message["type"] == "http.response.start":
                headers = message["headers"] = list(message["headers"])
                if dict(headers).get(b"content-type", b"").startswith(b"text/event-stream"):
                    # nginx would keep what is streamed until it fills a buffer.
                    headers.append((b"x-accel-buffering", b"no"))
            await send(message)

        try:
            await self.app(scope, counted, passed)
        # A handler's own exceptions do not come this far: what is left are questions that Gradio cannot read.
        except Exception as error:
            log.warning(
                "%s was refused: %s", _line(asked), _line(f"{type(error).__name__} {error}")
            )
            if begun:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            else:
                await JSONResponse(dict(error=UNFIT, detail=UNFIT), 400)(scope, receive, send)


class Page(gr.Blocks):
    async def preprocess_data(self, block_fn, inputs, state, explicit_call=False):
        """What a handler is given. Values that cannot even be read are no error of ours: one line in the log."""
        try:
            if block_fn.fn is None:
                raise ValueError("answered in the page")
            return await super().preprocess_data(block_fn, inputs, state, explicit_call)
        except Exception as error:
            name, n = block_fn.api_name or "This", len(block_fn.inputs)
            log.warning("%s was refused: %s", name, _line(f"{type(error).__name__} {error}"))
            values = f"{n} value{'' if n == 1 else 's'}"
            raise gr.Error(
                f"{name} takes {values}, and none of them is a file.", print_exception=False
            ) from None


def _line(text: str) -> str:
    """What a stranger has sent, fit for a log: one line, not long."""
    return json.dumps(text)[1:-1][:120]


def no_proxy_for_ourselves() -> None:
    """Gradio asks its server at the start whether it is there; a proxy in the environment would be asked instead."""
    known = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join(
        filter(None, (known, "127.0.0.1", "localhost"))
    )
