"""The app from outside: how soon its first page is there, what that weighs, how many visitors it answers at once.

Each against an empty Gradio app in the same run. Part of `make bench`; needs the dev extra (httpx), and a browser for
the weight of a first visit.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
TURNS = 3
EMPTY_APP = """
import os, gradio, torch
with gradio.Blocks() as blocks:
    box = gradio.Textbox()
    box.submit(lambda text: text, box, box, api_name="echo", queue=False)
blocks.launch(server_port=int(os.environ["GRADIO_SERVER_PORT"]), ssr_mode=False, quiet=True)
"""
# One event of each kind of work: (name, values, whether it waits in the queue).
EVENTS = {
    "echo (empty app)": ("echo", ["a"], False),
    "a digit from 16 numbers": ("decode_16d", [0.5] * 16, False),
    "a sheet of faces": ("learn", [5], False),
    "a digit pixel by pixel": ("draw", [7, 1.0, ""], True),
    "a matrix of faces": ("mix_styles", ["7, 8", "52, 9", "0, 1", 0.7, "", "stylegan-faces"], True),
}
COUNTS = {1: 24, 16: 64, 64: 128}                              # clients: events in all
Row = tuple[str, str, str, str, str]                           # what, measured, reference, ratio, goal


@contextmanager
def served(*command: str) -> Iterator[tuple[str, float]]:
    """An app in a process of its own: its address, and the seconds from the start of Python to its first page."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {"GRADIO_SERVER_PORT": str(port), "GRADIO_SERVER_NAME": "127.0.0.1",
           "GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=os.environ | own,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    url = f"http://127.0.0.1:{port}"
    try:
        while True:
            if process.poll() is not None:
                raise SystemExit(f"{command[0]} stopped: {process.stderr.read().decode()[-1000:]}")
            if time.perf_counter() - start > 120:
                raise SystemExit(f"{command[0]}: no page after two minutes.")
            try:
                with urllib.request.urlopen(url, timeout=60) as answer:
                    if answer.status == 200:
                        break
            except OSError:                                    # not listening yet
                time.sleep(0.02)
        yield url, time.perf_counter() - start
    finally:
        process.terminate()
        process.wait()


def page() -> Iterator[Row]:
    """From starting Python to the first page; what it weighs on the wire."""
    ours, empty = [], []
    for turn in range(TURNS + 1):
        with served("app.py") as (url, first):
            with served("-c", EMPTY_APP) as (_, reference):
                pass
            if turn:                                           # the first pair fills the disk cache
                ours.append(first)
                empty.append(reference)
            if turn == TURNS:
                rows = [*weights(url)]
    value = median(a / b for a, b in zip(ours, empty, strict=True))
    goal = f"<= 1.3x {'met' if value <= 1.3 else 'MISSED'}"
    yield "First page", f"{median(ours):.2f} s", f"empty app {median(empty):.2f} s", f"{value:.3g}x", goal
    yield from rows


def weights(url: str) -> Iterator[Row]:
    """Bytes on the wire: the HTML of every view, and all that a first visit asks for, in a browser."""
    import httpx

    site = httpx.get(url, timeout=120).text.partition("window.gml_site = ")[2].partition(";\n")[0]
    sizes = {}
    for tab in json.loads(site):
        for view in tab["views"]:
            where = f"{url}/?tab={tab['id']}&view={view['id']}"
            answer = httpx.get(where, headers={"accept-encoding": "br"}, timeout=120)
            sizes[f"{tab['id']}, {view['id']}"] = int(answer.headers["content-length"])
    worst = max(sizes, key=sizes.get)
    met = "met" if sizes[worst] <= 100_000 else "MISSED"
    yield (f"HTML of {len(sizes)} views", f"{median(sizes.values()) / 1e3:.0f} kB, most {sizes[worst] / 1e3:.0f} kB",
           worst, "", f"<= 100 kB {met}")
    visit = first_visit(url)
    if visit:
        requests, total = visit
        met = "met" if total <= 600_000 else "MISSED"
        yield "First visit", f"{total / 1e3:.0f} kB in {requests} requests", "", "", f"<= 600 kB {met}"


def first_visit(url: str) -> tuple[int, int] | None:
    """Requests and bytes until the first view is there and quiet. None without a browser."""
    from playwright.sync_api import sync_playwright

    from tests.conftest import FLAGS, find_chromium

    if find_chromium() is None:
        return None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        page = browser.new_page()
        sizes: list[int] = []
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
        page.goto(url)
        page.locator("gradio-app[data-ready]").wait_for()
        page.wait_for_load_state("networkidle")
        browser.close()
    return len(sizes), sum(sizes)


def crowd() -> Iterator[Row]:
    """Events a second with 1, 16 and 64 clients; then the same light event from visitors who have only just come."""
    with served("-c", EMPTY_APP) as (empty, _), served("app.py") as (url, _):
        for what, (name, values, queued) in EVENTS.items():
            where = empty if name == "echo" else url
            asyncio.run(rate(where, name, values, queued, 1, 4, False))  # warm
            found = {n: asyncio.run(rate(where, name, values, queued, n, count, False)) for n, count in COUNTS.items()}
            told = ", ".join(f"{value:.0f}" for value in found.values())
            gain = found[16] / found[1]
            yield (f"{what}, events a second", told, f"with {', '.join(map(str, COUNTS))} clients", f"{gain:.2f}x",
                   f">= 1x with 16 {'met' if gain >= 0.95 else 'MISSED'}")
        for where, name, values in ((empty, "echo", ["a"]), (url, "decode_16d", [0.5] * 16)):
            kept = asyncio.run(rate(where, name, values, False, 1, 60, False))
            new = asyncio.run(rate(where, name, values, False, 1, 60, True))
            cost = 1e3 / new - 1e3 / kept
            goal = "" if name == "echo" else f"<= 8 ms {'met' if cost <= 8 else 'MISSED'}"
            yield f"A new session, {name}", f"{cost:.1f} ms more", f"kept {1e3 / kept:.1f} ms", "", goal


async def rate(url: str, name: str, values: list, queued: bool, clients: int, count: int, fresh: bool) -> float:
    """Events a second. fresh: each from a visitor of its own, as when phones have just come."""
    import httpx

    left = iter(range(count))

    async def client(k: int, http: httpx.AsyncClient) -> None:
        for event in left:
            who = f"{name}{clients}-{event if fresh else k}-{os.urandom(4).hex() if fresh else ''}"
            body = {"data": values, "session_hash": who}
            if not queued:
                answer = await http.post(f"{url}/gradio_api/run/{name}", json=body)
                assert answer.status_code == 200, answer.text
                continue
            while (asked := await http.post(f"{url}/gradio_api/call/{name}", json=body)).status_code == 503:
                await asyncio.sleep(0.05)                      # the queue is full, and says so
            stream = await http.get(f"{url}/gradio_api/call/{name}/{asked.json()['event_id']}")
            assert "event: complete" in stream.text, stream.text[:300]

    async with httpx.AsyncClient(timeout=120, limits=httpx.Limits(max_connections=clients)) as http:
        await http.get(f"{url}/config")
        start = time.perf_counter()
        await asyncio.gather(*(client(k, http) for k in range(clients)))
        return count / (time.perf_counter() - start)
