"""The app and the command line against a Hub: the real client, on the Hub's own routes, at 127.0.0.1."""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import safetensors.torch
import torch

import checkpoints
from demos import TABS
from demos.autoregressive import play
from demos.diffusion import noising
from demos.shell import page_of
from demos.vae import dials, latent_map
from tests.answers import without_time
from tests.hub import TOKEN, serving

ROOT = Path(__file__).parents[1]
REPO = "me/weights"
PLACES = [(tab, view) for tab in TABS for view in tab.VIEWS]
# One handler of each family, and what it is given.
ASKED = {
    "draw": (play.draw, [7, 1, "", "PixelCNN"]),
    "decode_2d": (latent_map.decode_2d, [0.5, -1]),
    "decode_16d": (dials.decode_16d, [k / 8 - 1 for k in range(16)]),
    "add_noise": (noising.add_noise, [noising.first_drawing(), 300, 3]),
}


@pytest.fixture(scope="module")
def hub():
    with serving() as hub:
        yield hub


@pytest.fixture(scope="module")
def clone(hub, tmp_path_factory) -> Path:
    """The project as somebody else has it: pushed to the Hub, its manifest pinned, no weights beside it."""
    place = tmp_path_factory.mktemp("clone")
    for name in ("app.py", "demos", "models", "checkpoints"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, place / name)
    pushed = run(place, hub, place / "home", "-m", "checkpoints", "push", REPO)
    assert pushed.returncode == 0, pushed.stderr
    assert hub.heads[REPO] in pushed.stdout
    for file in (place / "checkpoints").glob("*.safetensors"):
        file.unlink()
    return place


def environment(hub, home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "GRADIO_"))}
    own = dict(
        HF_ENDPOINT=hub.url,
        HF_HOME=str(home),
        HF_TOKEN=TOKEN,
        HF_HUB_DISABLE_XET="1",
        GRADIO_ANALYTICS_ENABLED="False",
    )
    return kept | own


def run(place: Path, hub, home: Path, *command: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *command],
        cwd=place,
        env=environment(hub, home),
        capture_output=True,
        text=True,
        timeout=120,
    )


def ask_app(place: Path, hub, home: Path, questions: dict) -> tuple[list, str]:
    """Start app.py there, and look at every view. -> its answers, and the descriptions of the views as text."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = dict(GRADIO_SERVER_NAME="127.0.0.1", GRADIO_SERVER_PORT=str(port))
    app = subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=place,
        env=environment(hub, home) | own,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(2000):
            assert app.poll() is None, app.stderr.read().decode()[-2000:]
            try:
                httpx.get(f"{url}/config", timeout=60)
                break
            except httpx.TransportError:
                time.sleep(0.2)
        answers = [
            httpx.post(f"{url}/gradio_api/run/{name}", json={"data": data}, timeout=60).json()
            for name, data in questions.items()
        ]
        pages = [page_of(tab, view) for tab, view in PLACES]
        looks = [httpx.get(f"{url}/views/{page}", timeout=120).text for page in pages]
        return answers, "\n".join(looks)
    finally:
        app.terminate()
        app.wait(20)


def test_what_was_pushed_is_what_lies_here(hub, clone):
    manifest = json.loads((clone / "checkpoints" / "manifest.json").read_text())
    assert manifest.pop("without") == checkpoints.WITHOUT
    assert manifest.keys() == checkpoints.MANIFEST.keys()
    held = hub.files[REPO, hub.heads[REPO]]
    for name, entry in manifest.items():
        assert entry["repo"] == REPO and entry["revision"] == hub.heads[REPO]
        assert held[entry["file"]] == checkpoints.path(name).read_bytes()
        assert f"## {name}" in held["README.md"].decode()


@pytest.mark.slow
def test_without_local_weights_the_app_works_from_the_hub(hub, clone, tmp_path):
    """The same answers, and every file came from there, once."""
    hub.log.clear()
    answers, page = ask_app(clone, hub, tmp_path, {k: data for k, (_, data) in ASKED.items()})
    assert 'role=\\"alert\\"' not in page and page.count('"problem":null') == page.count("\n") + 1
    for answer, (handler, data) in zip(answers, ASKED.values(), strict=True):
        local = handler(*data)
        local = list(local) if isinstance(local, tuple) else [local]
        assert without_time(answer["data"]) == without_time(local)
    asked = {path.rpartition("/")[2] for method, path, _ in hub.log if method == "GET"}
    # For measuring, and for what is still to come; then what only a gesture asks for.
    unseen = ("features", "classifier", "autoencoder")
    later = ("vae-beta-16d", "vqvae-faces", "image-gpt-vqvae-faces", "pixelcnn-static")
    shown = {
        name: e["file"] for name, e in checkpoints.MANIFEST.items() if not name.startswith(unseen)
    }
    assert {file for name, file in shown.items() if not name.startswith(later)} <= asked
    assert asked <= {*shown.values()}
    for name in asked:
        assert hub.sent(name) == (checkpoints.HERE / name).stat().st_size


@pytest.mark.slow
def test_with_no_hub_and_no_cache_the_app_starts_and_says_what_is_missing(hub, clone, tmp_path):
    hub.refuse = (503, "")
    try:
        _, page = ask_app(clone, hub, tmp_path, {})
    finally:
        hub.refuse = None
    silent = {
        page_of(tab, view)
        for (tab, view), look in zip(PLACES, page.splitlines(), strict=True)
        if '"problem":null' in look and 'role=\\"alert\\"' not in look
    }
    needs_none = {"quiz-record", "quiz-room", "quiz-confusion"}
    needs_none |= {"gan-theorem", "gan-loss", "gan-oscillation", "gan-laboratory", "gan-algorithm"}
    needs_none |= {"flow-shape"}
    assert needs_none <= silent <= needs_none | {"quiz-play"}
    assert "cannot be fetched" in page or "cannot be reached" in page
    assert "Traceback" not in page


@pytest.mark.parametrize(
    ("refuse", "words"),
    [
        ((401, "GatedRepo"), "asks for permission"),
        ((404, "RepoNotFound"), "not on the Hub"),
        ((404, "RevisionNotFound"), "no longer has revision"),
        ((404, "EntryNotFound"), "no such file"),
        ((429, ""), "cannot be"),
    ],
)
def test_refusals_are_one_clear_line(hub, clone, tmp_path, refuse, words):
    hub.refuse = refuse
    code = "import checkpoints; checkpoints.path('pixelcnn-mnist')"
    try:
        done = run(clone, hub, tmp_path, "-c", code)
    finally:
        hub.refuse = None
    last = done.stderr.strip().splitlines()[-1]
    assert "CheckpointError" in last and words in last
    again = run(clone, hub, tmp_path, "-c", code)
    assert again.returncode == 0, again.stderr


def test_a_line_that_breaks_is_taken_up_where_it_broke(hub, clone, tmp_path):
    """Of a large file the client keeps what it has, ten megabytes at a time, and asks for the rest."""
    data = safetensors.torch.save({"x": torch.arange(6_000_000.0)})
    revision = hub.commit(REPO, {"large.safetensors": data})
    entry = dict(file="large.safetensors", repo=REPO, revision=revision, model=None, config={})
    entry |= dict(sha256=hashlib.sha256(data).hexdigest(), made_by="nobody")
    code = f"import checkpoints; checkpoints.MANIFEST = {{'large': {entry!r}}}; print(checkpoints.path('large'))"
    hub.log.clear()
    hub.limit = int(0.5 * len(data))
    try:
        done = run(clone, hub, tmp_path, "-c", code)
    finally:
        hub.limit = None
    if done.returncode:  # it gave up: one line, and the next call goes on
        assert "CheckpointError" in done.stderr.splitlines()[-1]
        done = run(clone, hub, tmp_path, "-c", code)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).read_bytes() == data
    assert len(data) < hub.sent("large.safetensors") < 1.6 * len(data), "not from the start again"
