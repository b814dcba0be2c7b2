"""A small Hub on this machine, with the routes that huggingface_hub really calls.

    GET  /api/models/{repo}/revision/{rev}    what a repository holds
    HEAD, GET  /{repo}/resolve/{rev}/{file}   a file, or a part of it (Range), with its ETag, commit and size
    POST /api/repos/create, /api/validate-yaml, /api/models/{repo}/preupload and commit/{rev}    an upload

Everything is kept in memory. `hub.log` lists what was asked, `hub.limit` cuts every body short, `hub.held` lets no
more than so many bytes of a body leave as long as it is set, `hub.pace` slows it down, `hub.spoil` changes its last
byte, and `hub.refuse` = (status, error code) answers every request for a file with that.
"""

import asyncio
import base64
import hashlib
import json
import re
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

TOKEN = "hf_on_this_machine_only"
PIECE = 1 << 18


@dataclass
class Hub:
    url: str = ""
    files: dict[tuple[str, str], dict[str, bytes]] = field(default_factory=dict)  # (repo, commit)
    heads: dict[str, str] = field(default_factory=dict)  # repo -> its newest commit
    log: list[tuple[str, str, int]] = field(default_factory=list)  # method, path, bytes sent
    limit: int | None = None
    held: int | None = None
    pace: float = 0.0  # seconds between two pieces of a body
    spoil: bool = False
    refuse: tuple[int, str] | None = None

    def commit(self, repo: str, files: dict[str, bytes]) -> str:
        """A new commit with these files on top of what the newest one has."""
        before = self.files.get((repo, self.heads.get(repo, "")), {})
        content = before | files
        names = json.dumps({k: hashlib.sha256(v).hexdigest() for k, v in sorted(content.items())})
        commit = hashlib.sha1(f"{repo}{self.heads.get(repo)}{names}".encode()).hexdigest()
        self.files[repo, commit] = content
        self.heads[repo] = commit
        return commit

    def sent(self, file: str) -> int:
        """How many bytes of a file have left."""
        return sum(
            size for method, path, size in self.log if method == "GET" and path.endswith(f"/{file}")
        )


def error(status: int, code: str, text: str) -> JSONResponse:
    headers = {"X-Error-Code": code, "X-Error-Message": text} if code else {}
    # The client asks five times where it may; told nothing, it waits longer each time.
    return JSONResponse({"error": text}, status, headers | {"Retry-After": "0"})


def build(hub: Hub) -> FastAPI:
    app = FastAPI()

    @app.post("/api/repos/create")
    async def create(request: Request):
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return error(401, "", "Invalid username or password.")
        about = await request.json()
        repo = f"{about.get('organization') or 'me'}/{about['name']}"
        if repo in hub.heads:
            return JSONResponse({"url": f"{hub.url}/{repo}", "error": "exists"}, 409)
        hub.commit(repo, {})
        return {"url": f"{hub.url}/{repo}", "name": repo, "id": "0"}

    @app.post("/api/validate-yaml")
    async def validate():
        return {"errors": [], "warnings": []}

    @app.post("/api/models/{owner}/{name}/preupload/{revision}")
    async def preupload(request: Request):
        files = (await request.json())["files"]
        return {
            "files": [
                {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in files
            ]
        }

    @app.post("/api/models/{owner}/{name}/commit/{revision}")
    async def commit(owner: str, name: str, request: Request):
        lines = [json.loads(line) for line in (await request.body()).splitlines()]
        files = {
            line["value"]["path"]: base64.b64decode(line["value"]["content"])
            for line in lines
            if line["key"] == "file"
        }
        oid = hub.commit(f"{owner}/{name}", files)
        url = f"{hub.url}/{owner}/{name}/commit/{oid}"
        return {"success": True, "commitUrl": url, "commitOid": oid, "hookOutput": ""}

    @app.get("/api/models/{owner}/{name}/revision/{revision}")
    @app.get("/api/models/{owner}/{name}")
    async def about(owner: str, name: str, revision: str = "main"):
        repo = f"{owner}/{name}"
        at = hub.heads.get(repo, "") if revision == "main" else revision
        if repo not in hub.heads:
            return error(404, "RepoNotFound", "Repository not found")
        if (repo, at) not in hub.files:
            return error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        siblings = [{"rfilename": file} for file in hub.files[repo, at]]
        return {"id": repo, "sha": at, "siblings": siblings, "private": False, "tags": []}

    # Of a data set the same is asked, with "datasets/" before its name.
    @app.get("/api/datasets/{owner}/{name}/revision/{revision}")
    @app.get("/api/datasets/{owner}/{name}")
    async def about_data(owner: str, name: str, revision: str = "main"):
        return await about(f"datasets/{owner}", name, revision)

    @app.get("/api/datasets/{owner}/{name}/tree/{revision}")
    async def tree(owner: str, name: str, revision: str):
        files = hub.files[f"datasets/{owner}/{name}", revision]
        return [
            dict(type="file", path=k, size=len(v), oid=hashlib.sha1(v).hexdigest())
            for k, v in files.items()
        ]

    @app.api_route(
        "/datasets/{owner}/{name}/resolve/{revision}/{file:path}", methods=["GET", "HEAD"]
    )
    async def resolve_data(owner: str, name: str, revision: str, file: str, request: Request):
        return await resolve(f"datasets/{owner}", name, revision, file, request)

    @app.api_route("/{owner}/{name}/resolve/{revision}/{file:path}", methods=["GET", "HEAD"])
    async def resolve(owner: str, name: str, revision: str, file: str, request: Request):
        repo, path = f"{owner}/{name}", request.url.path
        at = hub.heads.get(repo, "") if revision == "main" else revision
        if hub.refuse:
            return error(*hub.refuse, "Refused")
        if repo not in hub.heads:
            return error(404, "RepoNotFound", "Repository not found")
        if (repo, at) not in hub.files:
            return error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        if file not in hub.files[repo, at]:
            return error(404, "EntryNotFound", "Entry not found")
        data = hub.files[repo, at][file]
        headers = {
            "ETag": f'"{hashlib.sha256(data).hexdigest()}"',
            "X-Repo-Commit": at,
            "X-Linked-Size": str(len(data)),
            "Accept-Ranges": "bytes",
        }
        status, start = 200, 0
        if part := re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", "")):
            status, start = 206, int(part[1])
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        body = data[start:]
        headers["Content-Length"] = str(len(body))
        if request.method == "HEAD":
            hub.log.append(("HEAD", path, 0))
            return Response(None, status, headers)
        if hub.spoil:
            body = body[:-1] + bytes([body[-1] ^ 1])
        cut = body if hub.limit is None else body[: hub.limit]
        hub.log.append(("GET", path, len(cut)))
        return Cut(cut, hub, status, headers)

    return app


class Cut(Response):
    """A body that may be shorter than its Content-Length says, as when a line breaks, or slow, or held up."""

    def __init__(self, body: bytes, hub: Hub, status: int, headers: dict[str, str]):
        super().__init__(body, status, headers)
        self.hub = hub

    async def __call__(self, scope, receive, send):
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        for at in range(0, len(self.body), PIECE):
            await asyncio.sleep(self.hub.pace)
            piece = self.body[at : at + PIECE]
            while self.hub.held is not None and at + len(piece) > self.hub.held:
                await asyncio.sleep(0.01)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


@contextmanager
def serving():
    """A Hub that lives as long as the block."""
    # Who comes before the server is ready waits at the open door.
    door = socket.create_server(("127.0.0.1", 0))
    hub = Hub(f"http://127.0.0.1:{door.getsockname()[1]}")
    server = uvicorn.Server(uvicorn.Config(build(hub), log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs=dict(sockets=[door]), daemon=True)
    thread.start()
    yield hub
    server.should_exit = True
    thread.join(10)
