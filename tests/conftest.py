"""Fixtures: the real app on a free port, a real browser in front of it, and what both may lack here."""

import atexit
import hashlib
import os
import shutil
import socket
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

# gradio and huggingface_hub read these once, when they are imported.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("QUIZ_SECRET", "of the tests")  # else every process deals other faces
# And torch this: one thread, as the app has where cores are few. On busy cores a second one makes small steps a
# hundred times slower, and sums in another order have other last digits.
os.environ["OMP_NUM_THREADS"] = "1"
if "GRADIO_TEMP_DIR" not in os.environ:
    # Gradio names files by their content and deletes its own when it stops, so that in the folder
    # they have in common a test run would delete files of an app that is being used.
    os.environ["GRADIO_TEMP_DIR"] = tempfile.mkdtemp(prefix="generative-models-live-")
    atexit.register(shutil.rmtree, os.environ["GRADIO_TEMP_DIR"], ignore_errors=True)
elif worker := os.environ.get("PYTEST_XDIST_WORKER"):  # for the same reason
    os.environ["GRADIO_TEMP_DIR"] += f"/{worker}"

import torch  # after what it reads

from tests.collection import pytest_collection_modifyitems  # noqa: F401 (a hook)
from tests.postgres import database, no_pause, postgres, rooms  # noqa: F401 (fixtures)

torch.manual_seed(0)  # for models that test files make while they are imported

ROOT = Path(__file__).parents[1]
LOCAL = {"127.0.0.1", "localhost"}
BROWSERS = (
    "chromium-headless-shell",  # a page opens in a quarter of the time: no window is made ready around it
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
FLAGS = (
    "--no-sandbox",  # root, as in most containers, gets no sandbox
    "--disable-gpu",
    # The browser's own errands, which a closed network refuses many at a time:
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(autouse=True)
def same_in_every_run():
    """A small model that a test makes has the same weights whichever tests ran before."""
    torch.manual_seed(0)


def find_chromium() -> str | None:
    """The browser named by CHROMIUM if that is set, else the first one installed. None: there is none."""
    wanted = os.environ.get("CHROMIUM")
    return next(filter(None, map(shutil.which, (wanted,) if wanted else BROWSERS)), None)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the public data sets, on which shipped weights are measured again."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data beside the checkout")
    return folder


@pytest.fixture
def empty_checkpoints(tmp_path: Path, monkeypatch) -> Path:
    """The door to weights, leading to an empty folder of the test's own."""
    import checkpoints

    (tmp_path / "manifest.json").write_text("{}")
    monkeypatch.setattr(checkpoints, "HERE", tmp_path)
    monkeypatch.setattr(checkpoints, "MANIFEST", types.MappingProxyType({}))
    for cache in ("_checked", "_loaded"):
        monkeypatch.setattr(checkpoints, cache, {})
    monkeypatch.setattr(checkpoints, "_unreachable", float("-inf"))
    return tmp_path


@pytest.fixture(scope="session")
def hub_server():
    from tests.hub import serving

    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory) -> dict[str, Path]:
    """What the library saves, as it lies in the two repositories: one with safetensors, one without.

    And what the original program of StyleGAN2 saves, 32 pixels wide, and an Image GPT of 16 by 16 pixels.
    """
    import diffusers
    import torch

    from tests.offers import save_image_gpt
    from tests.test_stylegan import oracle

    options = dict(
        sample_size=16,
        layers_per_block=1,
        block_out_channels=(32, 64),
        norm_num_groups=8,
        attention_head_dim=8,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
    )
    folders = {}
    for seed, (name, safe) in enumerate(
        {"ddpm-cifar10-32": True, "ddpm-celebahq-256": False}.items()
    ):
        folders[name] = tmp_path_factory.mktemp(name)
        torch.random.manual_seed(seed)
        diffusers.UNet2DModel(**options).save_pretrained(folders[name], safe_serialization=safe)
        diffusers.DDPMScheduler().save_pretrained(folders[name])
    state, made = oracle("rosinality")
    folders["stylegan2-cat-256"] = tmp_path_factory.mktemp("stylegan2-cat-256")
    file = folders["stylegan2-cat-256"] / "stylegan2-cat-config-f.pt"
    torch.save({"g_ema": state, "latent_avg": made["latent_avg"]}, file)
    folders["imagegpt-small"] = save_image_gpt(tmp_path_factory.mktemp("imagegpt-small"))
    return folders


@pytest.fixture
def small_hub(hub_server, tiny_models, tmp_path, monkeypatch):
    """The Hub has these models at their pinned commits; this process asks it, and has an empty cache."""
    import huggingface_hub

    from checkpoints import hub, resident

    offered = dict(hub.OFFERED)
    for name, folder in tiny_models.items():
        entry = hub.OFFERED[name]
        files = {file.name: file.read_bytes() for file in folder.iterdir()}
        assert files.keys() == set(entry["files"]), "the layout that the library writes"
        hub_server.files[entry["repo"], entry["revision"]] = files
        hub_server.heads[entry["repo"]] = entry["revision"]
        weights = files[entry["files"][-1]]
        offered[name] = entry | dict(
            size=32 if "stylegan" in name else 16,
            bytes=len(weights),
            working_bytes=0,
            parameters=len(weights) // 4,
        )
        if entry["sha256"]:
            offered[name]["sha256"] = hashlib.sha256(weights).hexdigest()
    monkeypatch.setattr(hub, "OFFERED", offered)
    monkeypatch.setattr(hub, "SPARE", 0)
    monkeypatch.setattr(resident, "_held", type(resident._held)())
    here = dict(
        ENDPOINT=hub_server.url,
        HUGGINGFACE_CO_URL_TEMPLATE=hub_server.url + "/{repo_id}/resolve/{revision}/{filename}",
        HF_HUB_OFFLINE=False,
        HF_HOME=str(tmp_path),
        HF_HUB_CACHE=str(tmp_path / "hub"),
        HF_HUB_DISABLE_XET=True,
    )
    for constant, value in here.items():
        monkeypatch.setattr(huggingface_hub.constants, constant, value)
    hub_server.log.clear()
    yield hub_server
    hub_server.limit, hub_server.refuse, hub_server.pace, hub_server.spoil = None, None, 0.0, False


@pytest.fixture
def command(monkeypatch) -> Callable[..., None]:
    """command(main, *words): call a main() as if from the command line."""

    def command(main: Callable[[], None], *words) -> None:
        monkeypatch.setattr(sys, "argv", ["command", *map(str, words)])
        main()

    return command


@pytest.fixture(scope="session")
def app_url() -> Iterator[str]:
    """The address of the real app, with no slash at the end. One app serves all tests."""
    import app

    blocks = app.build()
    options = dict(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    for attempt in range(3):
        try:
            app.launch(blocks, server_port=_free_port(), **options)
            break
        except OSError:  # somebody took the port in between
            if attempt == 2:
                raise
    yield blocks.local_url.rstrip("/")
    blocks.close(verbose=False)
    # A handler that nobody waits for any more still computes; Python must not end under torch's feet.
    end = time.monotonic() + 60
    while _handler_running() and time.monotonic() < end:
        time.sleep(0.05)


@pytest.fixture(scope="module")
def quiz_url(tmp_path_factory) -> Iterator[str]:
    """The app with a quiz pack of drawn heads, whatever face generators there are."""
    import app
    from demos.quiz import faces
    from tests import quiz_pack

    before = dict(faces._ready)
    pack = tmp_path_factory.mktemp("quiz") / "pack.zip"
    faces._ready["standard"] = faces.read_pack(quiz_pack.write(pack, quiz_pack.heads()))
    blocks = app.build()
    app.launch(blocks, server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    yield blocks.local_url.rstrip("/")
    blocks.close(verbose=False)
    faces._ready.clear()
    faces._ready.update(before)


def _handler_running() -> bool:
    """Whether any thread is inside the tabs' code."""
    for frame in sys._current_frames().values():
        while frame := frame.f_back:
            if str(ROOT / "demos") in frame.f_code.co_filename:
                return True
    return False


def _free_port() -> int:
    # Gradio does not take 0 for "any": it would call itself http://127.0.0.1:0.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The browser to drive. Without one the test is skipped, but fails in CI."""
    path = find_chromium()
    if path is None:
        reason = "needs Chromium or Chrome: install one, or set CHROMIUM to its path"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return path


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> Iterator:
    """One Playwright browser for all tests; open_page gives each page a fresh context."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe_source() -> str:
    """The text of axe.min.js, to put into a page: page.evaluate(axe_source)."""
    found = sorted(ROOT.glob(".venv/axe-*/node_modules/axe-core/axe.min.js"))
    if not found:
        pytest.skip("needs axe-core: `make axe` installs it where there is npm")
    return found[-1].read_text(encoding="utf-8")


@pytest.fixture
def open_page(browser, app_url: str) -> Iterator[Callable]:
    """open_page(width, height, dark, reduced_motion, query, touch) -> a page with the app on it, ready.

    The test fails at its end if any page of it had an error in the page or its console, or asked
    another host for anything. A test that causes such a thing on purpose takes it out of
    open_page.errors or open_page.foreign.
    """
    errors: list[str] = []
    foreign: list[str] = []
    contexts = []

    def on_console(message) -> None:
        # A page that is left while its stream is open says that it has closed it.
        if message.type == "error" and not message.text.startswith("AbortError: signal is aborted"):
            errors.append(f"console: {message.text} ({message.location.get('url', '')})")

    def on_url(request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in ("data", "blob") and url.hostname not in LOCAL:
            foreign.append(request.url)

    def open_page(
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        reduced_motion: bool = False,
        query: str = "tab=autoregressive",  # "tab=vae&view=sliders&d1=2"
        touch: bool = False,
        url: str = app_url,
    ):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce" if reduced_motion else "no-preference",
            has_touch=touch,
        )
        contexts.append(context)
        context.on("weberror", lambda e: errors.append(f"page: {e.error.stack or e.error}"))
        context.on("console", on_console)
        context.on("request", on_url)
        context.on("page", lambda page: page.on("websocket", on_url))
        page = context.new_page()
        page.goto(f"{url}/?{query}" if query else url)
        page.locator("gradio-app[data-ready]").first.wait_for()  # the view stands there
        return page

    open_page.errors, open_page.foreign = errors, foreign
    yield open_page
    try:
        for page in (page for context in contexts for page in context.pages):
            page.evaluate("0")  # answers after all events that the page sent before it
        # Copies: closing cuts off requests under way, which is nobody's fault.
        seen = list(errors), list(foreign)
    finally:
        for context in contexts:
            context.close()
    problems = [f"error: {line}" for line in seen[0]]
    problems += [f"request to another host: {line}" for line in seen[1]]
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)
