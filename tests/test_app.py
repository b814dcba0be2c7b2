"""The app over HTTP: what it answers to good, bad and simultaneous questions, and the page it serves."""

import base64
import io
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import gradio as gr
import pytest
from PIL import Image, ImageSequence

import app
import checkpoints
from demos import TABS, shell
from demos.autoregressive import complete, play, score, see
from demos.diffusion import denoise
from demos.quiz import faces as quiz_faces
from demos.quiz import rounds
from tests.answers import set_clock, without_time
from tests.endpoints import FILE, GIVEN, GOOD, HTTP, OF_TAB, PIXELS, ask, check_message

ROOT = Path(__file__).parents[1]
HANDLERS = dict(
    draw=play.draw, film=play.film, complete=complete.complete, look=see.look, score=score.score
)


def frames(text: str) -> list[int]:
    """How many whole frames each image has whose data URI stands somewhere in the text."""
    images = re.findall(r"data:image/[a-z]+;base64,([A-Za-z0-9+/=]+)", text)
    images = [Image.open(io.BytesIO(base64.b64decode(image))) for image in images]
    return [sum(f.convert("L").size[0] > 0 for f in ImageSequence.Iterator(i)) for i in images]


def test_every_endpoint_is_known_here(app_url):
    endpoints = HTTP.get(f"{app_url}/gradio_api/info").json()["named_endpoints"]
    names = {
        name: [p["parameter_name"] for p in about["parameters"]]
        for name, about in endpoints.items()
    }
    assert names == {f"/{name}": list(given) for name, given in GOOD.items()}
    assert all(about["description"] for about in endpoints.values())


# Bad values. All of them are given to the very functions that Gradio calls, and one for each parameter goes over HTTP.

SPOILED = {
    f"{tab}-{name}-{parameter}": (name, parameter)
    for tab, endpoints in OF_TAB.items()
    for name, given in endpoints.items()
    for parameter in given
}
ASKED = {f"{tab}-{name}": name for tab, endpoints in OF_TAB.items() for name in endpoints}


@pytest.fixture(scope="module")
def handlers() -> dict:
    """{endpoint: what Gradio calls}."""
    return {event.api_name: event for event in app.build().fns.values()}


@pytest.fixture(scope="module")
def before(app_url):
    """before(endpoint): its first answer to the good question, as it was when that was first asked here."""
    with pytest.MonkeyPatch.context() as patch:
        set_clock(patch, rounds, time=0.0)  # a round of the quiz bears the hour
        patch.setattr(denoise, "PATIENCE", float("inf"))  # it answers early where time is short
        yield cache(lambda name: without_time(ask(app_url, name, GOOD[name])))


def given_to(event, values: list):
    """What a handler answers, or a generator's first answer."""
    answer = event.fn(*values)
    return next(answer) if isinstance(answer, Iterator) else answer


@pytest.mark.parametrize(("name", "spoiled"), SPOILED.values(), ids=SPOILED)
def test_bad_input_is_refused_in_one_line(handlers, before, caplog, capfd, name, spoiled):
    """Each message says what is allowed, and none carries a trace."""
    before(name)
    event, (_, says, bad) = handlers[name], GIVEN[name][spoiled]
    assert not event.preprocess, "values arrive as they were sent"
    for value in bad:
        sent = {k: json.dumps(good) for k, good in GOOD[name].items()} | {spoiled: value}
        with pytest.raises(gr.Error) as raised:
            given_to(event, [json.loads(v) for v in sent.values()])
            pytest.fail(f"accepted: {value[:80]}")
        check_message(raised.value.message, says)
        assert not raised.value.print_exception
    told = caplog.text + capfd.readouterr().err
    assert "Traceback" not in told, "a visitor's slip is no error of ours"


@pytest.mark.parametrize("name", ASKED.values(), ids=ASKED)
def test_the_next_good_question_is_answered_as_before(app_url, before, caplog, capfd, name):
    """After a bad value for each parameter over HTTP, in Gradio's queue and beside it."""
    wanted, parameters = before(name), [*SPOILED.values()]
    for spoiled, (_, says, bad) in GIVEN[name].items():
        k = parameters.index((name, spoiled))
        bad = [value for value in bad if value != FILE]
        # Over all parameters every kind of value comes by, each way.
        value, queued = bad[k % len(bad)], (k + k // len(bad)) % 2 == 0
        sent = {key: json.dumps(good) for key, good in GOOD[name].items()} | {spoiled: value}
        got, message = ask(app_url, name, f"[{', '.join(sent.values())}]", queued)
        assert got is None, value[:80]
        check_message(message, says)
    assert without_time(ask(app_url, name, GOOD[name])) == wanted
    assert "Traceback" not in caplog.text + capfd.readouterr().err


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
        check_message(str(raised.value), GIVEN[name][spoiled].says)
        got = client.predict(**GOOD[name], api_name=f"/{name}")
        wanted, _ = ask(app_url, name, GOOD[name])
        assert without_time(got) == without_time(wanted if len(wanted) > 1 else wanted[0])
    first = client.predict(api_name="/draw")  # with no arguments: the knobs as the page shows them
    assert without_time(first) == without_time(play.draw(7, 1, ""))


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_the_api_s_own_help_has_names_and_types(app_url):
    told = HTTP.get(f"{app_url}/gradio_api/info").json()["named_endpoints"]
    for name, endpoint in told.items():
        for part in endpoint["parameters"]:
            assert not re.fullmatch(r"param_\d+", part["parameter_name"]), name
        for part in endpoint["returns"]:
            assert not re.fullmatch(r"value_\d+", part["label"]), name
    kinds = {name: [part["type"]["type"] for part in told[name]["returns"]] for name in told}
    assert kinds["/draw"] == ["object", "string"] and kinds["/draw_16d"][:16] == ["number"] * 16
    assert [p["parameter_name"] for p in told["/decode_16d"]["parameters"]][::15] == ["d1", "d16"]


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
def test_an_error_of_ours_shows_nothing_of_our_inside(app_url, monkeypatch, queued):
    def broken(*args):
        raise RuntimeError("size mismatch\n  in /srv/app/models/pixelcnn.py, line 1")

    monkeypatch.setattr(play, "picture", broken)
    check_message(ask(app_url, "draw", GOOD["draw"], queued)[1])


@pytest.mark.parametrize("name", ["draw", "film", "complete"], ids="autoregressive-{}".format)
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
        assert frames(answers[0][0]) == (
            [57] if name == "film" else [1] * 8
        )  # four endings and their masks


# The page itself.


def test_the_page_asks_no_other_host(app_url):
    page = HTTP.get(app_url).text
    asked = re.findall(r"<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)=[\"']?([^\"' >]+)", page)
    assert asked
    hosts = {urlsplit(address).hostname for address in asked} - {None, urlsplit(app_url).hostname}
    assert hosts <= {"localhost", "127.0.0.1"}


@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_without_its_weights_a_view_says_so(monkeypatch, tmp_path, how):
    if how == "damaged":
        for file in checkpoints.HERE.glob("*.safetensors"):
            (tmp_path / file.name).write_bytes(file.read_bytes()[:-1])
    monkeypatch.setattr(checkpoints, "HERE", tmp_path)
    for kept in ("_checked", "_loaded"):
        monkeypatch.setattr(checkpoints, kept, {})
    monkeypatch.setattr(quiz_faces, "_ready", {})
    pages = shell.Pages(app.build(), TABS)
    said = {page: pages.describe(page)["problem"] for page in pages.places}
    silent = {page for page, problem in said.items() if not problem}
    needs_none = {"quiz-record", "quiz-room", "quiz-confusion"}
    needs_none |= {"gan-theorem", "gan-loss", "gan-oscillation", "gan-laboratory", "gan-algorithm"}
    needs_none |= {"flow-shape"}
    assert needs_none <= silent <= needs_none | {"quiz-play"}
    for problem in filter(None, said.values()):
        assert f".safetensors is {how}" in problem and "git checkout" in problem
        assert "\n" not in problem and "Traceback" not in problem and str(tmp_path) not in problem
    assert "pixelcnn-mnist" in said["autoregressive-play"]


def test_importing_the_app_loads_no_weights():
    code = "import app, checkpoints; print(len(checkpoints._loaded), len(checkpoints._checked))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout.split() == ["0", "0"], run.stderr


def test_a_full_queue_says_so(app_url, monkeypatch):
    """One visitor is being served and one waits: the next one is told, and the two get their answers."""
    monkeypatch.setattr(app, "QUEUE", 1)
    blocks = app.build()
    app.launch(blocks, server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    arrived, go_on, checked = threading.Semaphore(0), threading.Event(), play.flips_in_range

    def slow(flips):
        arrived.release()
        assert go_on.wait(300)
        return checked(flips)

    monkeypatch.setattr(play, "flips_in_range", slow)
    url = f"{blocks.local_url}gradio_api/call/draw"
    data = dict(data=list(GOOD["draw"].values()))
    try:
        served = [HTTP.post(url, json=data)]
        assert arrived.acquire(timeout=120)
        served += [HTTP.post(url, json=data)]
        refused = HTTP.post(url, json=data)
        assert refused.status_code == 503
        check_message(refused.json()["detail"], "full")
        go_on.set()
        for answer in served:
            stream = HTTP.get(f"{url}/{answer.json()['event_id']}").text
            assert "event: complete" in stream
    finally:
        go_on.set()
        blocks.close(verbose=False)
