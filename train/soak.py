"""Visitors who ask at random, sixty-four for a minute and sixteen from then on: python -m train.soak [minutes]

Errors and answers cut short are counted (there should be none), and the memory is read every half minute: after
the first two minutes it should stay within 5 %. Part of no test, because it takes ten minutes; `make soak`.
"""

import argparse
import asyncio
import json
import random
import time

import httpx
import psutil

from train.bench_app import served

SETTLED, EVERY = 120, 30                                       # seconds: until memory counts; between two reads
DRAWING = "0" * 300 + "1" * 60 + "0" * 424


def question(dice: random.Random) -> tuple[str, list]:
    """One of the app's questions with knobs as somebody might turn them."""
    seed, z = dice.randrange(200), [round(dice.uniform(-3, 3), 2) for _ in range(16)]
    return dice.choice([
        ("draw", [seed, 1.0, ""]), ("complete", [DRAWING, seed, 1.0]), ("look", [seed % 28, 9, 3]),
        ("decode_2d", z[:2]), ("decode_16d", z), ("draw_16d", [seed]), ("interpolate", [seed % 10, (seed + 3) % 10, 4]),
        ("learn", [seed]), ("gan_walk", [seed, seed + 1]), ("walk_faces", [seed, seed + 1]), ("map_to_w", [seed]),
        ("mix_styles", [f"{seed}, 8", "52, 9", "0, 1", 0.7, "", "stylegan-faces"]), ("compare", [seed]),
        ("face_walk", [seed, seed + 1]), ("quiz_round", [f"soak{seed:04d}", 1, "standard"]),
        ("add_noise", [DRAWING, dice.randrange(1000), seed]),
    ])


async def visitor(k: int, url: str, http: httpx.AsyncClient, end: float, told: dict) -> None:
    dice = random.Random(k)
    while time.monotonic() < end:
        name, values = question(dice)
        try:
            body = {"data": values, "session_hash": f"soak{k}"}
            asked = await http.post(f"{url}/gradio_api/call/{name}", json=body)
            if asked.status_code == 503:                       # the queue is full, and says so
                told["full"] += 1
                await asyncio.sleep(dice.uniform(0.2, 1))
                continue
            stream = await http.get(f"{url}/gradio_api/call/{name}/{asked.json()['event_id']}")
            whole = stream.text.rpartition("data: ")[2]
            if "event: complete" not in stream.text:
                told["errors"].append((name, values, stream.text[-200:]))
            elif not isinstance(json.loads(whole), list):
                told["errors"].append((name, values, "cut short"))
            told["answers"] += 1
        except (httpx.HTTPError, ValueError, KeyError) as error:
            told["errors"].append((name, values, repr(error)))


async def soak(url: str, server: psutil.Process, minutes: float) -> None:
    start, told, memory = time.monotonic(), dict(answers=0, full=0, errors=[]), []
    end = start + 60 * minutes

    async def watch() -> None:
        while time.monotonic() < end:
            passed, now = time.monotonic() - start, server.memory_info().rss / 1e6
            memory.append((passed, now))
            print(f"{passed:5.0f} s   {now:6.0f} MB   {told['answers']} answers, {len(told['errors'])} errors, "
                  f"{told['full']} times told that the queue is full", flush=True)
            await asyncio.sleep(EVERY)

    limits = httpx.Limits(max_connections=80)
    async with httpx.AsyncClient(timeout=120, limits=limits) as http, asyncio.TaskGroup() as tasks:
        tasks.create_task(watch())
        for k in range(64):
            until = end if k < 16 else min(end, start + 60)
            tasks.create_task(visitor(k, url, http, until, told))
    for error in told["errors"][:10]:
        print(*error)
    held = [mb for passed, mb in memory if passed >= SETTLED]
    if held:
        print(f"memory after {SETTLED} s: {held[0]:.0f} MB, most {max(held):.0f}, last {held[-1]:.0f} "
              f"({100 * (held[-1] / held[0] - 1):+.1f} %)")
    raise SystemExit(bool(told["errors"]))


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("minutes", type=float, nargs="?", default=10)
    minutes = args.parse_args().minutes
    with served("app.py") as (url, _):
        server = next(child for child in psutil.Process().children() if "app.py" in child.cmdline())
        asyncio.run(soak(url, server, minutes))


if __name__ == "__main__":
    main()
