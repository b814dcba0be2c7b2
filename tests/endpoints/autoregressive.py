"""Autoregressive: a good value for each parameter, and those that it must refuse."""

from tests.endpoints import drawing, number, seed, text, whole

TOO_MANY = ", ".join(map(str, range(17)))
WRONG = ["<img src=x onerror=alert(1)>", "1" * 10_000, "-5", "400, 300", "5, 5", "784", TOO_MANY]
KNOBS = dict(
    seed=seed(7),
    temperature=number(1.0, 0.1, 2, "0", "0.0999"),
    flips=text("", "0 to 783", *WRONG, "1\n2", "٥", but=("null",)),
)
ENDPOINTS = {
    "draw": KNOBS,
    "film": KNOBS,
    "complete": dict(drawing=drawing(), seed=seed(7), temperature=KNOBS["temperature"]),
    "race": dict(seed=seed(7)),
    "look": dict(row=whole(16, 0, 27), col=whole(14, 0, 27), depth=whole(3, 0, 10)),
    "score": dict(drawing=drawing()),
}
