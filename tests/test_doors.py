"""What the server answers to, and how it takes what is not meant for it."""

import json
import os
import re
import tempfile
from pathlib import Path

import httpx
import pytest

import app
from demos import TABS, doors, shell
from tests.endpoints import FILE, GOOD, HTTP, ask, check_message

# All that is open of Gradio's addresses. What joins this list is meant to.
OPEN = {
    "HEAD /",
    "GET /config",  # gradio_client reads it first
    "GET /gradio_api/info",
    "GET /assets/{path:path}",
    "GET /theme.css",
    "GET /gradio_api/theme.css",
    "GET /gradio_api/startup-events",  # asked at the start by the server itself
    "GET /gradio_api/heartbeat/{session_hash}",
    "POST /gradio_api/run/{api_name}",
    "POST /gradio_api/call/{api_name}",
    "GET /gradio_api/call/{api_name}/{event_id}",
    "POST /gradio_api/queue/join",
    "GET /gradio_api/queue/data",
    "POST /gradio_api/cancel",
    "POST /gradio_api/reset",
}
FILED = dict(files=("x.txt", b"left by a stranger"))


@pytest.fixture(scope="module")
def served():
    blocks = app.build()
    app.launch(blocks, server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    yield blocks
    blocks.close(verbose=False)


def addresses(blocks) -> dict[str, tuple[str, str]]:
    """{"GET /gradio_api/info": (method, an address that fits)} of all that Gradio would answer to."""
    pages = {f"/{shell.page_of(tab, view)}" for tab in TABS for view in tab.VIEWS}
    found = {}
    inside = [getattr(r, "original_router", None) for r in blocks.app.routes]  # of a router
    routes = [*blocks.app.routes, *(r for router in inside if router for r in router.routes)]
    for route in routes:
        path = getattr(route, "path", "")
        if not path.startswith("/") or path.rstrip("/") in pages or path.startswith("/class"):
            continue
        for method in getattr(route, "methods", None) or ():
            found[f"{method} {path}"] = method, re.sub(r"\{(\w+)[^}]*\}", "x", path)
    ours = {r.path for r in shell.Pages(blocks, TABS).routes()} - {"/"}
    return {k: v for k, v in found.items() if k.partition(" ")[2] not in ours} | {
        f"{method} {path}": (method, path.format(name="x"))
        for method, path in (("GET", "/docs"), ("GET", "/redoc"), ("GET", "/openapi.json"))
    }


def test_what_is_open_is_meant_to_be(served):
    url, asked = served.local_url.rstrip("/"), addresses(served)
    assert len(asked) > 70 and set(asked) >= OPEN, "Gradio's addresses have changed"
    answered = set()
    for name, (method, path) in asked.items():
        with HTTP.stream(method, f"{url}{path}") as answer:  # some would never end
            if (answer.status_code, answer.headers.get("content-length")) != (404, "9"):
                answered.add(name)
    assert answered - {"GET /"} == OPEN, "GET / is the page"


@pytest.mark.parametrize(
    "path",
    "upload upload?upload_id=x upload/ //upload component_server process_recording stream/x"
    " vibe-edit run/draw call/draw call/v2/draw queue/join".split(),
)
def test_no_request_leaves_a_file(served, tmp_path, monkeypatch, path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gradios = Path(os.environ["GRADIO_TEMP_DIR"])
    before = sorted(gradios.rglob("*"))
    fields = dict(data="x", component_id="1", session_hash="s", fn_name="f")
    answer = HTTP.post(f"{served.local_url}gradio_api/{path}", data=fields, files=FILED)
    assert 400 <= answer.status_code < 500
    assert sorted(gradios.rglob("*")) == before and not list(tmp_path.rglob("*"))
    assert not list(Path(served.app.uploaded_file_dir).rglob("x.txt"))


# A visitor's slip is one line in the log, and a sentence.


def told(caplog, capfd) -> list[str]:
    """The lines that a request has left in the log."""
    assert "Traceback" not in caplog.text + capfd.readouterr().err
    lines = [record.getMessage() for record in caplog.records if record.name == doors.__name__]
    assert all("\n" not in line and len(line) < 300 for line in lines)
    return lines


@pytest.mark.parametrize("queued", [False, True])
@pytest.mark.parametrize("data", [[], [7], [7, 1.0, ""], [7, 1.0, "", json.loads(FILE)]], ids=str)
def test_values_that_cannot_be_read_are_refused_in_one_line(app_url, caplog, capfd, data, queued):
    """Gradio refuses these before any handler. Its own text lists objects and addresses."""
    got, message = ask(app_url, "draw", data, queued)
    assert got is None
    check_message(message, "4 values")
    assert len(told(caplog, capfd)) == 1


@pytest.mark.parametrize("queued", [False, True])
@pytest.mark.parametrize("path", ["/etc/passwd", str(Path(app.__file__)), "/dev/zero"])
def test_a_file_that_was_not_sent_is_no_value(app_url, caplog, capfd, path, queued):
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    got, message = ask(app_url, "draw", GOOD["draw"] | dict(flips=[{"deep": [file]}]), queued)
    assert got is None
    check_message(message, "none of them is a file")
    assert len(told(caplog, capfd)) == 1


@pytest.mark.parametrize(
    "path, body",
    [
        ("run/nope", {}),
        ("run/%ED%A0%80", {}),
        ("call/nope", {}),
        ("run/" + "n" * 3000, {}),
        ("run/draw", dict(fn_index=99999)),
        ("queue/join", dict(fn_index=99999, session_hash="s")),
        ("run/draw\nrun", {}),
    ],
)
def test_what_nobody_answers_to_is_refused_in_one_line(app_url, caplog, capfd, path, body):
    data = dict(data=[*GOOD["draw"].values()])
    answer = HTTP.post(f"{app_url}/gradio_api/{path.replace(chr(10), '%0A')}", json=data | body)
    assert answer.status_code == 400
    check_message(answer.json()["error"].replace("gradio_api/info", "It"))
    assert len(told(caplog, capfd)) == 1


def test_a_session_that_nobody_has_gets_an_end_and_no_trace(app_url, caplog, capfd):
    with HTTP.stream("GET", f"{app_url}/gradio_api/queue/data?session_hash=nobody") as answer:
        assert answer.headers["x-accel-buffering"] == "no", "a proxy must not hold streams back"
        assert "session_not_found" in "".join(answer.iter_text())
    assert len(told(caplog, capfd)) == 1


def test_a_long_request_is_not_read_to_its_end(app_url, monkeypatch, caplog, capfd):
    monkeypatch.setattr(doors, "LARGEST", 10_000)
    long = json.dumps(dict(data=[7, 1.0, "1" * 20_000])).encode()
    url, head = f"{app_url}/gradio_api/run/draw", {"content-type": "application/json"}
    answer = httpx.post(url, content=long, headers=head)
    assert (answer.status_code, answer.json()["error"]) == (413, "This is too long.")
    parts = (long[i : i + 1000] for i in range(0, len(long), 1000))
    assert httpx.post(url, content=parts, headers=head).status_code == 400, "no length was said"
    assert ask(app_url, "draw", GOOD["draw"])[1] is None
    told(caplog, capfd)


def test_the_start_asks_no_proxy_for_itself(monkeypatch):
    """Gradio looks at the start whether it is there; with a proxy in between it would not find itself."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "example.org")
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    blocks = app.build()
    app.launch(blocks, server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    try:
        assert httpx.get(f"{blocks.local_url}config").status_code == 200
        assert os.environ["no_proxy"].split(",") == ["example.org", "127.0.0.1", "localhost"]
    finally:
        blocks.close(verbose=False)
