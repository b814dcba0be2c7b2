"""The app over HTTP: what it answers to good, bad and simultaneous questions, and the page it serves."""

import base64
import io
import json
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image, ImageSequence

import app
import checkpoints
from checkpoints.faces import generators
from demos import TABS
from demos.autoregressive import complete, play, score, see
from demos.quiz import faces as quiz_faces
from tests.answers import without_time
from tests.endpoints import BAD, GOOD, INNER, PIXELS, SLOW, ask, check_message

ROOT = Path(__file__).parents[1]
HANDLERS = dict(
    draw=play.draw, film=play.film, complete=complete.complete, look=see.look, score=score.score
)


def frames(text: str) -> int:
    """How many whole frames the image has whose data URI stands somewhere in the text."""
    (data,) = re.findall(r"data:image/[a-z]+;base64,([A-Za-z0-9+/=]+)", text)
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    return sum(frame.convert("L").size[0] > 0 for frame in ImageSequence.Iterator(image))


def test_every_endpoint_is_known_here(app_url):
    endpoints = httpx.get(f"{app_url}/gradio_api/info").json()["named_endpoints"]
    names = {
        name: [p["parameter_name"] for p in about["parameters"]]
        for name, about in endpoints.items()
    }
    assert names == {f"/{name}": list(given) for name, given in GOOD.items()}
    assert all(about["description"] for about in endpoints.values())


SPOILED = [(n, p) for n in GOOD for p in GOOD[n] if p not in INNER.get(n, ())]


@pytest.mark.parametrize(("name", "spoiled"), SPOILED)
def test_bad_input_is_refused_in_one_line(app_url, capfd, name, spoiled):
    """Each message says what is allowed, none carries a trace, and the next good call is as before."""
    allowed, values = BAD.get(f"{name}.{spoiled}") or BAD[spoiled]
    before, _ = ask(app_url, name, GOOD[name])
    for k, value in enumerate(values):
        data = ", ".join(
            value if key == spoiled else json.dumps(good) for key, good in GOOD[name].items()
        )
        got, message = ask(app_url, name, f"[{data}]", queued=bool(k % 2))
        assert got is None, value[:80]
        check_message(message, allowed)
        if k == len(values) - 1 or (k % 4 == 0 and name not in SLOW):
            assert without_time(ask(app_url, name, GOOD[name])[0]) == without_time(before)
    assert "Traceback" not in capfd.readouterr().err, "a visitor's slip is no error of ours"


def test_the_python_client_hears_the_same(app_url):
    from gradio_client import Client
    from gradio_client.exceptions import AppError

    client = Client(app_url, verbose=False)
    for name, spoiled, value in (
        ("draw", "flips", "<b>"),
        ("film", "seed", -1),
        ("complete", "temperature", 5),
        ("look", "depth", "deep"),
        ("score", "drawing", [0] * PIXELS),
    ):
        with pytest.raises(AppError) as raised:
            client.predict(**GOOD[name] | {spoiled: value}, api_name=f"/{name}")
        check_message(str(raised.value), BAD[spoiled][0])
        got = client.predict(**GOOD[name], api_name=f"/{name}")
        wanted, _ = ask(app_url, name, GOOD[name])
        assert without_time(got) == without_time(wanted if len(wanted) > 1 else wanted[0])
    first = client.predict(api_name="/draw")  # with no arguments: the knobs as the page shows them
    assert without_time(first) == without_time(play.draw(7, 1, ""))


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_a_server_s_new_threads_leave_cores_to_others():
    """What torch's library of threads says in a new one. More than in the first, and they would wait for each other."""
    script = (
        "import ctypes, os, threading, app, torch\n"
        "maps = open('/proc/self/maps').read().split()\n"
        "omp = ctypes.CDLL(next(path for path in maps if 'libgomp' in path))\n"
        "said = []\n"
        "thread = threading.Thread(target=lambda: said.append(omp.omp_get_max_threads()))\n"
        "thread.start(), thread.join()\n"
        "assert said == [torch.get_num_threads()] == [max(1, os.cpu_count() // 2)], said\n"
    )
    environ = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    subprocess.run([sys.executable, "-c", script], check=True, env=environ, cwd=ROOT)


@pytest.mark.parametrize("queued", [False, True])
@pytest.mark.parametrize("data", [[], [7], [7, 1.0]])
def test_too_few_values_are_refused_with_nothing_of_our_inside(app_url, data, queued):
    """Gradio refuses these before any handler; its text lists objects and addresses, so none is sent."""
    assert ask(app_url, "draw", data, queued) == (None, None)


@pytest.mark.parametrize("queued", [False, True])
def test_an_error_of_ours_shows_nothing_of_our_inside(app_url, monkeypatch, queued):
    def broken(*args):
        raise RuntimeError("size mismatch\n  in /srv/app/models/pixelcnn.py, line 1")

    monkeypatch.setattr(play, "picture", broken)
    check_message(ask(app_url, "draw", GOOD["draw"], queued)[1])


@pytest.mark.parametrize("name", ["draw", "film", "complete"])
@pytest.mark.parametrize("queued", [False, True])
def test_sixteen_visitors_at_once(app_url, name, queued):
    """Half ask for one picture and half for another: all whole, and nobody gets a neighbour's."""
    wanted = [without_time(HANDLERS[name](**GOOD[name] | {"seed": seed})) for seed in (41, 42)]
    play.picture.cache_clear()
    together = threading.Barrier(16)

    def visit(k: int):
        together.wait()
        return ask(app_url, name, GOOD[name] | {"seed": 41 + k % 2}, queued)[0]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(visit, range(16)))
    for k, answer in enumerate(answers):
        assert without_time(answer if len(answer) > 1 else answer[0]) == wanted[k % 2]
    if name != "draw":
        assert frames(answers[0][0]) == (57 if name == "film" else 1)


# The page itself.


def test_the_page_asks_no_other_host(app_url):
    page = httpx.get(app_url).text
    asked = re.findall(r"<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)=[\"']?([^\"' >]+)", page)
    assert asked
    hosts = {urlsplit(address).hostname for address in asked} - {None, urlsplit(app_url).hostname}
    assert hosts <= {"localhost", "127.0.0.1"}


def test_the_page_comes_with_its_first_picture(app_url):
    components = httpx.get(f"{app_url}/config").json()["components"]
    (player,) = (c for c in components if c["props"].get("elem_id") == "pixel-player")
    assert without_time([player["props"]["value"]]) == without_time([play.draw(7, 1, "")[0]])
    assert len(json.dumps(components)) < 100_000 * len(TABS), (
        "the page's description is inlined: keep it small"
    )


def test_every_name_in_the_page_is_one_part_s(app_url):
    """Scripts look parts up by their id, and would find the other tab's."""
    components = httpx.get(f"{app_url}/config").json()["components"]
    ids = [part["props"]["elem_id"] for part in components if part["props"].get("elem_id")]
    assert len(ids) > 100 and sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_without_its_weights_a_tab_says_so(monkeypatch, tmp_path, how):
    if how == "damaged":
        for file in checkpoints.HERE.glob("*.safetensors"):
            (tmp_path / file.name).write_bytes(file.read_bytes()[:-1])
    monkeypatch.setattr(checkpoints, "HERE", tmp_path)
    for cache in ("_checked", "_loaded"):
        monkeypatch.setattr(checkpoints, cache, {})
    monkeypatch.setattr(quiz_faces, "_ready", {})
    shown = json.dumps(app.build().config["components"])
    # The quiz needs no weights of its own; without any face generator it says so in another way.
    assert shown.count('role=\\"alert\\"') == len(TABS) - (not generators())
    assert f"pixelcnn-mnist.safetensors is {how}" in shown and "git checkout" in shown
    assert "Traceback" not in shown and str(tmp_path) not in shown


def test_importing_the_app_loads_no_weights():
    code = "import app, checkpoints; print(len(checkpoints._loaded), len(checkpoints._checked))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout.split() == ["0", "0"], run.stderr


def test_a_full_queue_says_so(app_url, monkeypatch):
    """Two visitors are being served and one waits: the next one is told, and the three get their answers."""
    monkeypatch.setattr(app, "QUEUE", 1)
    blocks = app.build()
    app.launch(blocks, server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    arrived, go_on, checked = threading.Semaphore(0), threading.Event(), play.flips_in_range

    def slow(flips):
        arrived.release()
        assert go_on.wait(60)
        return checked(flips)

    monkeypatch.setattr(play, "flips_in_range", slow)
    url = f"{blocks.local_url}gradio_api/call/draw"
    data = dict(data=list(GOOD["draw"].values()))
    try:
        served = [httpx.post(url, json=data) for _ in range(1)]
        assert arrived.acquire(timeout=20)
        served += [httpx.post(url, json=data)]
        assert arrived.acquire(timeout=20)
        served += [httpx.post(url, json=data)]
        refused = httpx.post(url, json=data)
        assert refused.status_code == 503
        check_message(refused.json()["detail"], "full")
        go_on.set()
        for answer in served:
            stream = httpx.get(f"{url}/{answer.json()['event_id']}", timeout=60).text
            assert "event: complete" in stream
    finally:
        go_on.set()
        blocks.close(verbose=False)
