"""The door to weights, on a shelf of our own with tiny models on it."""

import errno
import functools
import hashlib
import os
import sys
import threading
import types
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import Mock, call

import httpx
import huggingface_hub
import pytest
import torch
from huggingface_hub import errors

import checkpoints
from checkpoints import CheckpointError
from checkpoints.save import editing, save
from tests.answers import is_frozen

SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def shelf(empty_checkpoints, monkeypatch):
    """An empty checkpoints folder, and models._tiny.Tiny, which counts how often it is built."""

    class Tiny(torch.nn.Module):
        built = 0

        def __init__(self, width):
            super().__init__()
            Tiny.built += 1
            threading.Event().wait(0.05)  # long enough for another thread to get in, if it can
            self.norm = torch.nn.BatchNorm1d(width)
            self.linear = torch.nn.Linear(width, width)
            self.register_buffer("schedule", torch.linspace(0, 1, width), persistent=False)

    monkeypatch.setitem(sys.modules, "models._tiny", types.SimpleNamespace(Tiny=Tiny))
    return Tiny


def put(name="tiny", tensors=None, *, repo=None, **fields):
    """Save a Tiny, or other tensors, and say where the Hub has it. Returns the file."""
    tensors = tensors or sys.modules["models._tiny"].Tiny(3).state_dict()
    about = {"model": "_tiny.Tiny", "config": {"width": 3}, "measured": {"bits": 1.25}}
    about |= {"made_by": "python -m train.tiny", "data": "none", "license": "mit"}
    save(name, tensors, **about | fields)
    if repo:
        with editing() as entries:
            entries[name] |= {"repo": repo, "revision": SHA}
    return checkpoints.HERE / f"{name}.safetensors"


def spoil(file, how="corrupt"):
    """Damage a file. Its last byte lies inside a weight, where only the hash can tell."""
    data = file.read_bytes()
    file.unlink()
    if how != "missing":
        file.write_bytes(data[:-9] if how == "truncated" else data[:-1] + bytes([data[-1] ^ 1]))


def fails(ask, name, *words):
    """ask(name) raises one or two plain sentences that hold the words and no machine path."""
    with pytest.raises(CheckpointError) as caught:
        ask(name)
    text = str(caught.value)
    assert [word for word in words if word not in text] == [], text
    assert str(checkpoints.HERE) not in text and "\n" not in text and len(text) < 300


both = pytest.mark.parametrize("ask", [checkpoints.path, checkpoints.load])


@pytest.fixture
def hub(monkeypatch):
    """A stand-in for hf_hub_download."""
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download := Mock())
    return download


def test_load_gives_back_what_was_saved(shelf):
    tiny = shelf(3)
    assert b'"F16"' in put(tensors=tiny.state_dict(), half=True).read_bytes()
    loaded = checkpoints.load("tiny")
    for key, value in tiny.state_dict().items():
        expected = value.half().float() if value.is_floating_point() else value
        assert loaded.state_dict()[key].dtype == value.dtype
        assert torch.equal(loaded.state_dict()[key], expected)
    assert torch.equal(loaded.schedule, tiny.schedule), "what a constructor computes is kept"
    assert is_frozen(loaded) and checkpoints.load("tiny") is loaded
    put()
    assert checkpoints.load("tiny") is not loaded, "saving again makes the old object stale"


def test_derived_data_loads_as_tensors(shelf):
    data = {"counts": torch.arange(4), "edges": torch.linspace(0, 1, 5)}
    put("histogram", data, model=None, config={}, half=True)
    loaded = checkpoints.load("histogram")
    assert torch.equal(loaded["counts"], data["counts"])
    assert torch.equal(loaded["edges"], data["edges"].half().float())
    assert loaded["edges"].dtype == torch.float32


@both
def test_unknown_name_lists_the_known_ones(shelf, ask):
    fails(ask, "tiny", "'tiny'", "none")
    put("ring"), put("moon")
    fails(ask, "tiny", "'tiny'", "moon, ring")
    assert not checkpoints._loaded, "names typed by visitors must not pile up"


@both
@pytest.mark.parametrize("how", ["missing", "truncated", "corrupt"])
def test_bad_local_file(shelf, hub, ask, how):
    spoil(put(), how)
    state = "missing" if how == "missing" else "damaged"
    fails(ask, "tiny", "checkpoints/tiny.safetensors", state, "python -m train.tiny")
    assert not hub.called, "there is no repo to ask"


def test_path_hashes_once_and_sees_a_change(shelf, monkeypatch):
    file, hashed, real = put(), [], hashlib.sha256
    monkeypatch.setattr(hashlib, "sha256", lambda data: hashed.append(1) or real(data))
    assert checkpoints.path("tiny") == checkpoints.path("tiny") == file and len(hashed) == 1
    time = file.stat().st_mtime_ns
    spoil(file)
    os.utime(file, ns=(time, time + 1))
    fails(checkpoints.path, "tiny", "damaged")
    file.unlink()
    fails(checkpoints.path, "tiny", "missing")


def test_the_hub_is_asked_only_for_what_is_not_here(shelf, hub, tmp_path):
    file, cached = put(repo="me/weights"), tmp_path / "cached"
    hub.return_value = str(cached)
    cached.write_bytes(file.read_bytes())
    assert checkpoints.path("tiny") == file and not hub.called
    spoil(file)
    assert checkpoints.path("tiny") == cached and isinstance(checkpoints.load("tiny"), shelf)
    assert (
        hub.mock_calls
        == [call("me/weights", "tiny.safetensors", revision=SHA, local_files_only=False)] * 2
    )


@both
def test_wrong_file_from_the_hub(shelf, hub, tmp_path, ask):
    file = put(repo="me/weights").rename(tmp_path / "cached")
    spoil(file)
    hub.return_value = str(file)
    fails(ask, "tiny", "tiny.safetensors", "me/weights", SHA[:8], "sha256", "hf cache rm")
    assert file.exists(), "the cache is the user's"


def reply(cls, status, **headers):
    request = httpx.Request("GET", "https://huggingface.co")
    answer = httpx.Response(status, headers=headers, request=request)
    return cls("two\nlines", response=answer)


def wrapped(cause: Exception) -> Exception:
    """As the client says that a file is not in the cache either."""
    error = errors.LocalEntryNotFoundError("two\nlines")
    error.__cause__ = cause
    return error


@both
@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errors.LocalEntryNotFoundError("x"), ["cannot be reached", "network"]),
        (reply(errors.RepositoryNotFoundError, 404), ["not on the Hub", "private"]),
        (reply(errors.RevisionNotFoundError, 404), ["no longer has revision", SHA[:8]]),
        (errors.EntryNotFoundError("x"), ["no such file"]),
        (reply(errors.RemoteEntryNotFoundError, 404), ["no such file"]),
        (reply(errors.GatedRepoError, 403), ["asks for permission", "hf auth login"]),
        (reply(errors.HfHubHTTPError, 401), ["refuses access (401)", "hf auth login"]),
        (reply(errors.HfHubHTTPError, 503), ["out of order just now (503)", "later"]),
        (wrapped(reply(errors.HfHubHTTPError, 503)), ["out of order just now (503)", "later"]),
        (wrapped(reply(errors.HfHubHTTPError, 429)), ["too many requests", "a few minutes"]),
        (reply(errors.HfHubHTTPError, 429, **{"retry-after": "17"}), ["(429)", "in 17 seconds"]),
        (wrapped(reply(errors.HfHubHTTPError, 407)), ["proxy", "HTTPS_PROXY"]),
        (httpx.ProxyError("407 Proxy Authentication Required"), ["proxy", "HTTPS_PROXY"]),
        (wrapped(errors.FileMetadataError("x")), ["sign-in page", "browser"]),
        (PermissionError(errno.EACCES, "no"), ["cannot be written", "HF_HOME"]),
        (OSError(errno.EROFS, "Read-only file system"), ["cannot be written", "HF_HOME"]),
        (httpx.ConnectError("[Errno 111]"), ["cannot be reached", "network"]),
        (wrapped(httpx.ConnectError("[Errno 111]")), ["cannot be reached", "network"]),
        (OSError(28, "No space left on device"), ["disk is full"]),
        (RuntimeError("two\nlines"), ["cannot be fetched"]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_refusals_of_the_hub_are_told_apart(shelf, hub, ask, error, words):
    spoil(put(repo="me/weights"))
    hub.side_effect = error
    fails(ask, "tiny", "checkpoints/tiny.safetensors is damaged", *words)


def test_a_token_that_is_refused_is_told_from_none(shelf, hub, monkeypatch):
    spoil(put(repo="me/weights"))
    hub.side_effect = reply(errors.HfHubHTTPError, 401)
    monkeypatch.setenv("HF_TOKEN", "hf_of_last_year")
    fails(checkpoints.path, "tiny", "refuses the token", "Renew HF_TOKEN, or unset it")


def test_a_hub_that_cannot_be_reached_is_left_alone_for_a_while(shelf, hub, monkeypatch):
    for name in ("one", "two"):
        spoil(put(name, repo="me/weights"))
    hub.side_effect = errors.LocalEntryNotFoundError("x")
    fails(checkpoints.path, "one", "cannot be reached")
    fails(checkpoints.path, "two", "cannot be reached")
    monkeypatch.setattr(checkpoints, "PAUSE", 0)
    fails(checkpoints.path, "two", "cannot be reached")
    asked = [each.kwargs["local_files_only"] for each in hub.mock_calls]
    assert asked == [False, True, False]


@pytest.mark.hub
def test_the_real_client_against_a_small_hub(shelf, tmp_path, monkeypatch):
    """Not a stand-in: huggingface_hub itself, on the Hub's own routes at 127.0.0.1."""
    content = put("good").read_bytes()
    codes = {"gated": "GatedRepo", "old": "RevisionNotFound", "empty": "EntryNotFound"}

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self):
            repo = self.path.split("/")[2]
            body = {"good": content, "cut": content[:-9]}.get(repo, b"")
            self.send_response(200 if body else 404)
            if not body:
                self.send_header("X-Error-Code", codes.get(repo, "RepoNotFound"))
            self.send_header("X-Repo-Commit", SHA)
            self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET
        log_message = Mock()

    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url, real = f"http://127.0.0.1:{server.server_port}", huggingface_hub.hf_hub_download
        here = functools.partial(real, endpoint=url, cache_dir=tmp_path / "cache")
        monkeypatch.setattr(huggingface_hub, "hf_hub_download", here)
        for repo in ("cut", "gated", "old", "empty", "gone", "good"):
            put(repo, repo=f"me/{repo}").unlink()
            checkpoints.MANIFEST[repo]["sha256"] = hashlib.sha256(content).hexdigest()
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
        fails(checkpoints.load, "good", "HF_HUB_OFFLINE")
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        assert isinstance(checkpoints.load("good"), shelf)
        fails(checkpoints.load, "cut", "me/cut", "sha256 is different")
        fails(checkpoints.load, "gated", "asks for permission")
        fails(checkpoints.load, "old", "no longer has revision")
        fails(checkpoints.load, "empty", "no such file")
        fails(checkpoints.load, "gone", "not on the Hub")
        server.shutdown()
    checkpoints._loaded.clear()
    assert isinstance(checkpoints.load("good"), shelf), "once fetched, it needs no network"


@pytest.mark.parametrize("change", [
    {"config": {"width": 4}}, {"config": {"depth": 3}}, {"model": "_tiny.Gone"},
    {"model": "_gone.Tiny"}, {"tensors": {"linear.bias": torch.zeros(3)}},
])  # fmt: skip
def test_weights_that_do_not_fit_the_code(shelf, change):
    put(**change)
    fails(checkpoints.load, "tiny", "'tiny'", "do not fit models._", "python -m train.tiny")


def test_not_safetensors_although_the_hash_fits(shelf):
    put().write_bytes(b"not tensors")
    checkpoints.MANIFEST["tiny"]["sha256"] = hashlib.sha256(b"not tensors").hexdigest()
    fails(checkpoints.load, "tiny", "not a safetensors file", "python -m train.tiny")


def test_threads_share_one_build(shelf, monkeypatch):
    class Slow(dict):
        """Where code that looks first and writes later is overtaken by another thread."""

        def get(self, *args):
            found = super().get(*args)
            threading.Event().wait(0.02)
            return found

        def __contains__(self, key):
            return self.get(key) is not None

    def first():
        start.wait(10)
        got.append(checkpoints.load("tiny"))

    put()
    monkeypatch.setattr(checkpoints, "_loaded", Slow())
    shelf.built, start, got = 0, threading.Barrier(8), []
    threads = [threading.Thread(target=first) for _ in range(8)]
    [thread.start() for thread in threads], [thread.join(10) for thread in threads]
    assert shelf.built == 1 and len(got) == 8 and len({id(model) for model in got}) == 1


def test_a_slow_download_holds_up_no_other_name(shelf, monkeypatch):
    def download(*_, **__):
        asked.set(), release.wait(10)
        raise OSError

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    put("near"), put("far", repo="me/weights").unlink()
    asked, release = threading.Event(), threading.Event()
    far = threading.Thread(target=fails, args=(checkpoints.load, "far"))
    near = threading.Thread(target=checkpoints.load, args=("near",))
    far.start()
    assert asked.wait(5)
    near.start(), near.join(5)
    came_first = not near.is_alive()
    release.set(), far.join(5)
    assert came_first


def test_failure_is_not_remembered(shelf):
    file = put()
    content = file.read_bytes()
    for ask in (checkpoints.path, checkpoints.load):
        spoil(file)
        fails(ask, "tiny", "damaged")
        file.write_bytes(content)
        assert ask("tiny")


def test_who_asks_first_may_be_drawing(shelf):
    put()
    with torch.inference_mode():
        model = checkpoints.load("tiny")
    assert not any(t.is_inference() for t in model.state_dict().values())
    x = torch.ones(1, 3, requires_grad=True)
    model.linear(x).sum().backward()
    assert x.grad is not None
