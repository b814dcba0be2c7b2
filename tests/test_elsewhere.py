"""On macOS and Windows, in a container, without a home, with nothing that can be written: simulated on Linux."""

import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from checkpoints import CheckpointError, resident
from demos import TABS
from demos.quiz import network
from tests.offers import CIFAR

ROOT = Path(__file__).parents[1]


@pytest.fixture
def no_linux(monkeypatch):
    """No /proc, no /sys, and no library without a name: what macOS and Windows lack."""

    def away(self, *args, **kwargs):
        if str(self).startswith(("/proc", "/sys")):
            raise FileNotFoundError(self)
        return read(self, *args, **kwargs)

    def nameless(name):
        raise TypeError("bad argument type for built-in operation")

    read = Path.read_text
    monkeypatch.setattr(Path, "read_text", away)
    monkeypatch.setattr(ctypes, "CDLL", nameless)
    monkeypatch.delenv("MODEL_MEMORY_GB", raising=False)


def test_memory_is_known_without_linux(no_linux):
    free, total = resident.memory()
    assert 0 < free < total == psutil.virtual_memory().total
    assert resident.bound() == int(resident.SHARE * total)
    assert isinstance(resident.fits(CIFAR), str)
    resident.release("nothing that is held")


def test_a_container_s_share_is_what_there_is(no_linux, monkeypatch):
    files = {"memory.max": "2000000000\n", "memory.current": "500000000\n"}
    monkeypatch.setattr(Path, "read_text", lambda self: files[self.name])
    free, total = resident.memory()
    assert total == min(2_000_000_000, psutil.virtual_memory().total) and free <= 1_500_000_000
    files["memory.max"] = "max\n"
    assert resident.memory()[1] == psutil.virtual_memory().total


@pytest.mark.parametrize("given", ["0,5", "8GB", "lots", "nan", "inf", "1e400", "٨ GB"])
def test_a_bound_that_is_no_number_says_what_to_write(monkeypatch, given):
    monkeypatch.setenv("MODEL_MEMORY_GB", given)
    with pytest.raises(CheckpointError, match=r"MODEL_MEMORY_GB.*such as 8 or 0\.5"):
        resident.bound()
    assert "MODEL_MEMORY_GB" in resident.fits(CIFAR), (
        "the models that ship are drawn with all the same"
    )
    monkeypatch.setenv("MODEL_MEMORY_GB", " 0.5 ")
    assert resident.bound() == 500_000_000


def test_a_process_is_known_again_without_linux(no_linux):
    me = network.process()
    assert network.alive(me) and network.process() == me
    assert not network.alive(f"{socket.gethostname()} {os.getpid()} 12.5"), (
        "its number, given again"
    )
    assert not network.alive(f"{socket.gethostname()} 4194304000 12.5")


# The whole app, started as a program.


@contextmanager
def started(folder: Path, how: str, environment: dict[str, str], *before: str):
    """The app as its own process. Gives its address and a file with all that it says."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    said = folder.parent / "said.txt"
    settings = environment | {
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_ANALYTICS_ENABLED": "False",
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
    }
    command = [*before, sys.executable, "-m", "tests.foreign", how, "app.py"]
    with said.open("w") as out:
        process = subprocess.Popen(command, cwd=folder, env=settings, stdout=out, stderr=out)
        url = f"http://127.0.0.1:{port}"
        try:
            for _ in range(
                600
            ):  # a busy machine takes its time; one that has died is not waited for
                assert process.poll() is None, said.read_text()
                try:
                    httpx.get(url, timeout=60)
                    break
                except httpx.TransportError:
                    time.sleep(0.2)
            yield url, said
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def checkout():
    """What a Space gets, in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="elsewhere-")) / "app"
    for name in ("app.py", "demos", "models", "checkpoints", "README.md", "requirements.txt"):
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.part", "*.lock")
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            folder.mkdir(exist_ok=True)
            shutil.copy(source, folder / name)
    yield folder
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(folder.parent)


def answer(url: str, name: str, *data) -> list:
    """What an event gives, over HTTP."""
    call = f"{url}/gradio_api/call/{name}"
    event = httpx.post(call, json={"data": list(data)}, timeout=60).json()["event_id"]
    *_, last = httpx.get(f"{call}/{event}", timeout=120).text.strip().split("\n\n")
    kind, data = last.splitlines()
    assert kind == "event: complete", last
    return json.loads(data.removeprefix("data: "))


def works(url: str) -> None:
    """A page of each tab, and an event of each kind: a small model, a stream, a deck of faces."""
    for tab in TABS:
        page = httpx.get(f"{url}/?tab={tab.ID}", follow_redirects=True, timeout=60)
        assert page.status_code == 200 and "is not here" not in page.text, tab.ID
    assert answer(url, "decode_2d", 0.5, -1)[0]["z"] == [0.5, -1]
    assert answer(url, "denoise", 5, 4, 0.5, "ddpm-mnist")
    assert answer(url, "film", 7, 1.0, "", "PixelCNN")  # a file, written and given out


def test_the_app_starts_and_draws_without_linux(checkout):
    with started(checkout, "unlike-linux", dict(os.environ)) as (url, said):
        works(url)
        opened = httpx.post(f"{url}/class", json={}, timeout=60)
        assert opened.status_code == 200 and (checkout / "class.sqlite3").exists(), opened.text
    assert "Traceback" not in said.read_text()


def test_the_app_starts_and_draws_where_nothing_can_be_written(checkout):
    """No HOME, a checkout that is read only, a cache that cannot be made."""
    before = ()
    if os.geteuid() == 0:  # who may write everywhere gives that up
        if not shutil.which("setpriv"):
            pytest.skip("needs setpriv, or somebody who is not root")
        less = "-dac_override,-dac_read_search"
        before = ("setpriv", f"--bounding-set={less}", f"--inh-caps={less}")
    environment = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "CI")}
    environment["HF_HOME"] = str(checkout / "cache")
    for path in (*checkout.rglob("*"), checkout):
        path.chmod(0o555 if path.is_dir() else 0o444)
    with started(checkout, "as-it-is", environment, *before) as (url, said):
        works(url)
        opened = httpx.post(f"{url}/class", json={}, timeout=60)
        assert opened.status_code == 503, opened.text
        assert "cannot be written" in opened.json()["error"]
    assert "Traceback" not in said.read_text()
    assert not (checkout / "cache").exists() and not (checkout / "class.sqlite3").exists()
