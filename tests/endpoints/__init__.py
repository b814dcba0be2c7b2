"""What the app answers to: for every parameter of every endpoint a good value, and values that it must refuse.

One file a tab, named as its ID. A new endpoint is one entry there: its parameters in order, each as number(...),
whole(...), text(...), choice(...) or Given(...). Bad values are JSON as it is sent, so that NaN can be among them.
"""

import importlib
import json
import pkgutil
import re
from typing import Any, NamedTuple

import httpx

PIXELS = 784
DRAWING = ("0" * 12 + "11" + "0" * 14) * 14 + "0" * (PIXELS // 2)  # a stroke down the top half

HUGE = '"' + "1" * 1_000_000 + '"'
HALF = r'"\ud800"'  # half of a letter, which no encoding has
FILE = '{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}'
DIGITS = ["1" + "0" * 400, "-1" + "0" * 400]  # whole numbers that no float can hold
NOT_NUMBERS = [*'NaN Infinity -Infinity "abc" null [] {} true "7" [7] 1e308 -1e308'.split()]
NOT_NUMBERS += [*DIGITS, HUGE, HALF, FILE]
NOT_TEXTS = [*'5 null [] {} NaN true ["1"]'.split(), *DIGITS, HUGE, HALF, FILE]


class Given(NamedTuple):
    good: Any
    says: str  # what the message must say
    bad: list[str]


def number(good: float, low: float, high: float, *more: str) -> Given:
    """A number from low to high."""
    beside = [f"{low - 0.01:g}", f"{high + 0.01:g}", f"{low - 1:g}", f"{high + 1e9:g}"]
    return Given(good, f"{low:g} to {high:g}", [*NOT_NUMBERS, *beside, *more])


def whole(good: int, low: int, high: int, *more: str) -> Given:
    beside = [str(low - 1), str(high + 1), str(low + 0.5), "1" + "0" * 30]
    return Given(good, f"{low} to {high}", [*NOT_NUMBERS, *beside, *more])


def seed(good: int) -> Given:
    return whole(good, 0, 9999)


def text(good: str, says: str, *bad: str, but: tuple[str, ...] = ()) -> Given:
    """bad: texts that are refused beside what is no text. but: what may be sent in place of one."""
    values = [*NOT_TEXTS, *map(json.dumps, bad)]
    return Given(good, says, [v for v in values if v not in but])


def choice(good: str, says: str, *bad: str) -> Given:
    """One of a few names."""
    others = ("", "../manifest", "google/ddpm-cifar10-32", "vae-mnist-2d", "<b>", "7")
    return text(good, says, *others, *bad)


def drawing() -> Given:
    wrong = ["", "01", "2" * PIXELS, "١" * PIXELS, DRAWING + "\n", "<b>1</b>"]
    given = text(DRAWING, "28 x 28", *wrong)
    return given._replace(bad=[*given.bad, json.dumps([*DRAWING])])


# After what they are made of. {tab: {endpoint: {parameter: Given}}}
OF_TAB: dict[str, dict[str, dict[str, Given]]] = {
    file.name: importlib.import_module(f"{__name__}.{file.name}").ENDPOINTS
    for file in pkgutil.iter_modules(__path__)
}
GIVEN = {name: given for endpoints in OF_TAB.values() for name, given in endpoints.items()}
GOOD = {name: {p: g.good for p, g in given.items()} for name, given in GIVEN.items()}
assert len(GOOD) == sum(map(len, OF_TAB.values())), "an endpoint stands in two files"


# Over HTTP.

HTTP = httpx.Client(timeout=300)  # one for all: making one costs as much as an answer


def ask(url: str, name: str, data: str | list | dict, queued: bool = False):
    """(the answer, None) or (None, the message). data: what is sent, as JSON text or to become it."""
    if isinstance(data, dict):
        data = list(data.values())
    body = '{"data": %s}' % (data if isinstance(data, str) else json.dumps(data))
    options = dict(headers={"content-type": "application/json"})
    if not queued:
        answer = HTTP.post(f"{url}/gradio_api/run/{name}", content=body, **options)
        content = answer.json()
        return (content["data"], None) if answer.status_code == 200 else (None, content["error"])
    answer = HTTP.post(f"{url}/gradio_api/call/{name}", content=body, **options)
    if answer.status_code != 200:
        return None, answer.json()["detail"]
    stream = HTTP.get(f"{url}/gradio_api/call/{name}/{answer.json()['event_id']}").text
    event, content = re.findall(r"event: (complete|error)\ndata: (.*)\n", stream)[-1]
    content = json.loads(content)
    return (content, None) if event == "complete" else (None, (content or {}).get("error"))


def check_message(message: str | None, allowed: str = "") -> None:
    assert isinstance(message, str) and allowed in message and 10 < len(message) <= 300
    assert "\n" not in message and "Traceback" not in message and " object at 0x" not in message
    assert not re.search(r"[\w.]*/[\w.]+/[\w.]+|\.py\b|\w+Error\b", message), message
