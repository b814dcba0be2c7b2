"""Draw a digit, watch it appear, flip a pixel and see the rest drawn anew."""

import re
import time
from functools import lru_cache
from itertools import pairwise
from math import exp

import gradio as gr
import numpy as np
import torch

from demos import ui
from demos.autoregressive import family
from demos.autoregressive.family import FIRST, SIZE
from models.images import noise, to_uint8

TITLE = "Pixel by pixel"
PIXELS = SIZE * SIZE
MOST_FLIPS = 16
TEMPERATURE = (0.1, 2.0)
QUALITY, BITS = "−log p, 10,000 test digits", "bits of the training digits: drawn anew, or once"
TIME = "for this picture, on this server"
FILM_FRAMES = 56  # 14 pixels, half a row, per frame


# What is computed.


def temperature_in_range(value) -> float:
    return ui.number(value, "Temperature", *TEMPERATURE)


def flips_in_range(value) -> tuple[int, ...]:
    """Pixels to flip, "130, 431", counted from 0 in raster order. Each one must come after the one before it."""
    text = "" if value is None else value
    limits = f"Flipped pixels are up to {MOST_FLIPS} rising numbers from 0 to {PIXELS - 1}, such as 130, 431."
    if not isinstance(text, str) or len(text) > 200 or not re.fullmatch(r"[0-9, ]*", text):
        raise ValueError(limits)
    flips = tuple(int(word) for word in re.split(r"[, ]+", text) if word)
    rising = all(a < b for a, b in pairwise(flips))
    if len(flips) > MOST_FLIPS or not rising or any(i >= PIXELS for i in flips):
        raise ValueError(limits)
    return flips


@lru_cache(maxsize=1024)
def picture(
    seed: int, temperature: float, flips: tuple[int, ...], model: str = FIRST
) -> tuple[bytes, float]:
    """The drawn pixels, one byte each, and the milliseconds they took.

    A flip keeps what came before its pixel and draws what follows again, with the same uniforms: the only
    thing that changes is the past.
    """
    given = None
    if flips:
        *earlier, i = flips
        given = torch.tensor(
            list(picture(seed, temperature, tuple(earlier), model)[0]), dtype=torch.float32
        )
        given[i] = 1 - given[i]
        given[i + 1 :] = -1
        given = given.view(1, 1, SIZE, SIZE)
    start = time.perf_counter()
    x = family.finished(model, noise((1, SIZE, SIZE), [seed], "uniform"), given, temperature)
    ms = 1000 * (time.perf_counter() - start)
    return bytes(x.flatten().to(torch.uint8).tolist()), ms


def draw(seed: int, temperature: float, flips: str, model: str = FIRST) -> tuple[dict, str]:
    """Draw a digit pixel by pixel.

    seed: 0 to 9999. temperature: 0.1 to 2, divides the logits. flips: pixels to flip, such as "130, 431".
    model: PixelCNN, Gated PixelCNN, Row LSTM, Diagonal BiLSTM or Image GPT.
    Returns bits (784 characters), the logits of p(ink | past) for every pixel, -log p(x) in nats and the
    milliseconds the drawing took; then the equations with these numbers in.
    """
    seed, temperature, flips = (
        ui.seed(seed),
        temperature_in_range(temperature),
        flips_in_range(flips),
    )
    model = family.named(model)
    pixels, ms = picture(seed, temperature, flips, model)
    x = np.frombuffer(pixels, np.uint8)
    known = torch.from_numpy(x.astype(np.float32)).view(1, 1, SIZE, SIZE)
    logits = family.logits(model, known).flatten().double().numpy()
    surprise = np.logaddexp(0, np.where(x == 1, -logits, logits))
    value = dict(
        bits="".join(map(str, x)),
        logits=logits.round(4).tolist(),
        nats=round(float(surprise.sum()), 3),
        seed=seed,
        temperature=temperature,
        flips=list(flips),
        ms=round(ms, 1),
        model=model,
        **facts(model),
    )
    return value, equations(x, logits, surprise)


def facts(model: str) -> dict[str, str]:
    """What the strip says of a model."""
    measured = family.measured(model)
    return dict(
        quality=f"{measured['nats_per_image']:.1f} ± {measured['standard_error']:.1f} nats",
        trained=measured["trained"],
        parameters=f"{measured['parameters'] / 1e6:.2f} M",
    )


def film(seed: int, temperature: float, flips: str, model: str = FIRST) -> str:
    """The drawing as a film: a GIF of 57 frames, half a row each, as a data URI. Arguments as for draw."""
    pixels, _ = picture(
        ui.seed(seed), temperature_in_range(temperature), flips_in_range(flips), family.named(model)
    )
    drawn = torch.tensor(list(pixels), dtype=torch.float32)
    frames = torch.stack(
        [
            torch.where(torch.arange(PIXELS) < k, 1 - drawn, 0.9)
            for k in np.linspace(0, PIXELS, FILM_FRAMES + 1)
        ]
    )
    return ui.data_uri(to_uint8(frames.view(-1, 1, SIZE, SIZE)), zoom=8, seconds=0.06, kind="gif")


def equations(x: np.ndarray, logits: np.ndarray, surprise: np.ndarray) -> str:
    """The lecture's equations with a picture's numbers. x, logits and surprise (nats): (784,)."""
    i = int(surprise.argmax())
    p, ink = 1 / (1 + exp(-logits[i])), int(x[i])
    total, sign = surprise.sum(), "" if ink else "1 - "
    return rf"""
The chain rule turns one hard question into 784 easy ones. Pixels are counted from 0, row by row:

$$\log p(\mathbf{{x}}) = \sum_{{i=0}}^{{783}} \log p(x_i \mid x_0, \dots, x_{{i-1}})
= {-total:.2f}\ \text{{nats for this picture}} = {-total / np.log(2):.1f}\ \text{{bits}}$$

A network that never looks ahead gives all 784 logits $f_\theta$, and a sigmoid makes each a probability.
Its worst surprise in this picture is pixel {i}, where it expected {"paper" if ink else "ink"}:

$$p_\theta(x_{{{i}}} = 1 \mid x_{{<{i}}}) = \sigma(f_\theta) = \sigma({logits[i]:.2f}) = {p:.4f},
\qquad x_{{{i}}} = {ink}$$

Training minimises the sum of these surprises over all pixels. For a binary picture each one is the
binary cross entropy:

$$-\big[x_{{{i}}} \log \sigma(f_\theta) + (1 - x_{{{i}}}) \log(1 - \sigma(f_\theta))\big]
= -\log({sign}{p:.4f}) = {surprise[i]:.2f}\ \text{{nats}}$$

To draw, take $u_i$ evenly from $[0, 1)$ and set $x_i = 1$ if $u_i < \sigma(f_\theta / T)$, with the temperature $T$.
All surprises here are those of the model itself, at $T = 1$.
The slide writes a softmax over two values; with two values it is the same function as one sigmoid.
"""


# What is shown.


def build() -> None:
    ui.headline(
        "One pixel at a time",
        "Each pixel is drawn from those before it. Stop anywhere, change history, and the rest is drawn anew.",
    )
    with ui.columns():
        with ui.knobs():
            seed = ui.seed_slider("autoregressive", 7)
            temperature = ui.slider(
                "autoregressive", "temperature", "Temperature", *TEMPERATURE, 1.0, 0.05
            )
            flips = gr.Textbox(
                "",
                label="Flipped pixels",
                placeholder="none (counted from 0)",
                max_length=200,
                elem_id="autoregressive-flips",
            )
            with gr.Row(elem_classes="buttons"):
                another = gr.Button("Draw another", variant="primary", min_width=0)
                clear = gr.Button("Undo flips", min_width=0)
        with ui.stage():
            model = gr.Radio(
                family.there(), value=FIRST, label="Model", elem_id="autoregressive-model"
            )
            player = ui.canvas("pixel_player", None, "pixel-player")
            gif = ui.html("", visible=False)
        ui.words(
            see=(
                "Every pixel is a draw with the chance on the right.",
                "Blank or full colour: the model is sure.",
            ),
            steps={
                "play": "Play one digit to the end",
                "model": "Switch the model",
                "flip": "Click a pixel to flip it",
                "cold": "Set the temperature to 0.3",
            },
        )
    shown = facts(FIRST)
    ui.strip(
        [
            ("exact", "likelihood"),
            (shown["quality"], QUALITY),
            (shown["trained"], BITS),
            ("784", "pixels, one after the other"),
            ("", TIME),
            (shown["parameters"], "parameters"),
        ],
        live={QUALITY: "quality", BITS: "trained", TIME: "ms", "parameters": "parameters"},
    )
    math = ui.mathematics()
    knobs = [seed, temperature, flips, model]
    ui.first(draw, knobs, [player, math])
    # Numbers half typed are no flips yet: the box is read when the person leaves it.
    ui.on(
        [seed.input, temperature.input, flips.submit, flips.blur, model.input, player.apply],
        draw,
        knobs,
        [player, math],
        **ui.SAMPLER,
    )
    ui.in_page(
        temperature.input,
        "(t) => t <= 0.4 && gml.did(document.querySelector('#pixel-player'), 'cold')",
        temperature,
    )
    # The new model's picture is shown being drawn.
    ui.in_page(
        model.input,
        "() => { gml.intent = 'play'; gml.did(document.querySelector('#pixel-player'), 'model'); }",
    )
    # Gestures that set a knob in the page first, and then ask for the picture.
    for gesture, js, sources, target in (
        (
            player.edit,
            "() => document.querySelector('#pixel-player [data-flips]').dataset.flips",
            None,
            flips,
        ),
        (
            another.click,
            "(seed) => { gml.intent = 'play'; return (seed + 1) % 10000; }",
            seed,
            seed,
        ),
        (clear.click, "() => ''", None, flips),
    ):
        ui.on(
            ui.in_page(gesture, js, sources, target).then,
            draw,
            knobs,
            [player, math],
            api_visibility="private",
            **ui.SAMPLER,
        )
    saved = ui.on(player.download, film, knobs, gif, **ui.SAMPLER)
    ui.in_page(saved.success, "(uri) => gml.save(uri, gml.filmName)", gif)
    ui.link("autoregressive", seed=seed, temperature=temperature, flips=flips, model=model)
