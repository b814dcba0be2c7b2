"""A class of simulated students against a server on this machine: does every vote count, and how long does it take?

    python -m tests.class_load http://127.0.0.1:7870 --students 300 --rounds 3

Every student listens to the room's events and votes somewhere within --spread seconds of a round's beginning; the
projector listens too, and notes when the last vote of each moment has reached it.
"""

import argparse
import asyncio
import json
import random
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx


@dataclass
class Measured:
    sent: int = 0
    counted: int = 0
    answers: list[float] = field(default_factory=list)  # seconds from a vote to its answer
    behind: list[float] = field(
        default_factory=list
    )  # seconds from a vote's answer to the projector's knowing
    problems: list[str] = field(default_factory=list)

    def summary(self) -> dict:
        def p95(values):
            return round(sorted(values)[int(0.95 * (len(values) - 1))], 3) if values else None

        return dict(
            sent=self.sent,
            counted=self.counted,
            answer_p95=p95(self.answers),
            behind_p95=p95(self.behind),
            problems=self.problems[:5],
        )


async def states(client: httpx.AsyncClient, room: str, headers: dict):
    async with client.stream("GET", f"{room}/events", headers=headers, timeout=None) as stream:
        stream.raise_for_status()
        async for line in stream.aiter_lines():
            if line.startswith("data: {"):
                yield json.loads(line[6:])


async def play(
    url: str, students: int, rounds: int, spread: float, deck: str, pause: float = 1.2
) -> Measured:
    """deck: of the room, and with it the game. pause: seconds between two presses; those within a second are one."""
    if urlsplit(url).hostname not in ("127.0.0.1", "localhost"):
        raise SystemExit("Only a server on this machine is loaded.")
    measured, answered, known, full = Measured(), [], asyncio.Event(), asyncio.Event()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=None) as client:
        opened = (await client.post("/class", json=dict(deck=deck))).json()
        room, key = f"/class/{opened['code']}", opened["teacher"].partition("#")[2]
        teacher = {"authorization": f"Bearer {key}", "x-role": "teacher"}

        async def student(k: int) -> None:
            rng, token = random.Random(k), None
            for _ in range(200):  # many behind one address come in by and by
                joined = await client.post(f"{room}/join", json=dict(name=f"Student {k}"))
                if joined.status_code == 200:
                    token = joined.json()["token"]
                    break
                await asyncio.sleep(rng.uniform(0.5, 1.5))
            headers, done = {"authorization": f"Bearer {token}"}, 0
            async for state in states(client, room, headers):
                if state["phase"] == "over":
                    return
                if state["phase"] != "open" or state["round"] == done:
                    continue
                done = state["round"]
                await asyncio.sleep(rng.uniform(0, spread))
                if makers := state.get("makers"):
                    vote = dict(round=done, picks=rng.choices(makers, k=3))
                else:
                    picks, sure = rng.sample(range(3), rng.randrange(4)), rng.randrange(50, 101)
                    vote = dict(round=done, picks=picks, sure=sure)
                start = time.perf_counter()
                measured.sent += 1
                answer = await client.post(f"{room}/vote", headers=headers, json=vote)
                measured.answers.append(time.perf_counter() - start)
                if answer.status_code == 200:
                    answered.append((done, time.perf_counter()))
                else:
                    measured.problems.append(answer.text[:200])

        async def projector() -> None:
            number, seen = 0, 0
            async for state in states(client, room, teacher):
                if state["players"] == students:
                    full.set()
                if state["phase"] == "open":
                    now = time.perf_counter()
                    if state["round"] != number:
                        number, seen = state["round"], 0
                    mine = [when for n, when in answered if n == number]
                    # A vote can be seen before its own answer is here: it is counted with the next ones.
                    fresh = mine[seen : state["voted"]]
                    measured.behind += [now - when for when in fresh]
                    seen += len(fresh)
                if state["phase"] == "open" and state["voted"] == students:
                    known.set()
                if state["phase"] == "over":
                    return

        async def press(what: str, phase: str, number: int) -> None:
            body = dict(phase=phase, round=number)
            answer = await client.post(f"{room}/{what}", headers=teacher, json=body)
            assert answer.json() == {"counted": True}, answer.text
            await asyncio.sleep(pause)

        async with asyncio.TaskGroup() as group:  # what goes wrong in one ends all
            group.create_task(projector())
            for k in range(students):
                group.create_task(student(k))
            await (
                full.wait()
            )  # whoever does not listen yet hears of the round when its stream begins
            for number in range(rounds):
                known.clear()
                await press("advance", "revealed" if number else "lobby", number)
                await known.wait()
                await press("advance", "open", number + 1)
            measured.counted = (await client.get(f"{room}/results", headers=teacher)).json()[
                "votes"
            ]
            await press("finish", "revealed", rounds)
    return measured


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("url")
    args.add_argument("--students", type=int, default=300)
    args.add_argument("--rounds", type=int, default=3)
    args.add_argument("--spread", type=float, default=3.0)
    args.add_argument("--deck", choices=["standard", "makers"], default="makers")
    args = args.parse_args()
    measured = asyncio.run(
        play(args.url, min(args.students, 390), min(args.rounds, 20), args.spread, args.deck)
    )
    print(json.dumps(measured.summary(), indent=1))


if __name__ == "__main__":
    main()
