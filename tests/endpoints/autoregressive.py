"""Autoregressive: a good value for each parameter, and those that it must refuse."""

import json

from tests.endpoints import DRAWING, Given, choice, drawing, number, seed, text, whole

TOO_MANY = ", ".join(map(str, range(17)))
WRONG = ["<img src=x onerror=alert(1)>", "1" * 10_000, "-5", "400, 300", "5, 5", "784", TOO_MANY]
MODEL = choice("PixelCNN", "PixelCNN, Gated PixelCNN", "pixelcnn-mnist", "pixelcnn", "Image gpt")


def sheet() -> Given:
    """A drawing whose pixels may also be open."""
    given = drawing()
    open_half = DRAWING[:392] + "?" * 392
    return Given(open_half, "28 x 28", [*given.bad, json.dumps("." * 784), json.dumps("?" * 785)])


KNOBS = dict(
    seed=seed(7),
    temperature=number(1.0, 0.1, 2, "0", "0.0999"),
    flips=text("", "0 to 783", *WRONG, "1\n2", "٥", but=("null",)),
    model=MODEL,
)
ENDPOINTS = {
    "draw": KNOBS,
    "film": KNOBS,
    "complete": dict(drawing=sheet(), seed=seed(7), temperature=KNOBS["temperature"], model=MODEL),
    "histories": dict(row=whole(16, 0, 27), col=whole(14, 0, 27), seed=seed(0)),
    "write_scales": dict(
        digit=text("8", "any, 0, 1", "10", "Any", "", "<b>", "../manifest"),
        seed=seed(3),
        temperature=KNOBS["temperature"],
        guidance=number(1, 0, 5, "5.001"),
    ),
    "race": dict(seed=seed(7)),
    "continue_picture": dict(
        start=choice("Apple", "A face, Another, Sunset, Boat, Apple", "apple", "A face "),
        rows=whole(4, 0, 7),
        seed=seed(7),
        temperature=KNOBS["temperature"],
        model=choice("image-gpt-vqvae-faces", "image-gpt-vqvae-faces", "image-gpt-vqvae-mnist"),
    ),
    "autoregressive_models": {},
    "autoregressive_fetch_model": dict(
        name=choice("imagegpt-small", "imagegpt-small", "image-gpt-vqvae-faces")
    ),
    "look": dict(row=whole(16, 0, 27), col=whole(14, 0, 27), depth=whole(3, 0, 10)),
    "score": dict(drawing=drawing()),
}
