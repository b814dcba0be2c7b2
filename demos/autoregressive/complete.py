"""Give any pixels of a digit and let a model draw the others, four times."""

import gradio as gr
import numpy as np
import torch

from demos import ui
from demos.autoregressive import family
from demos.autoregressive.family import FIRST, SIZE
from demos.autoregressive.play import TEMPERATURE, temperature_in_range
from models.autoregressive import loss
from models.images import noise, to_uint8

TITLE = "Finish my drawing"
ROWS = 14  # given in the first frame
OPEN = "?"  # a pixel to be drawn
ENDINGS = 4
# The first frame's top half: an open arc, which can become a 2, 3, 7, 8 or 9.
ARC = [
    (5, 9, 15),
    (6, 8, 17),
    (7, 7, 10),
    (7, 15, 18),
    (8, 7, 9),
    (8, 16, 19),
    (9, 17, 19),
    (10, 17, 19),
    (11, 16, 19),
    (12, 15, 18),
    (13, 14, 17),
]


# What is computed.


def first_drawing() -> str:
    arc = np.full((SIZE, SIZE), OPEN)
    arc[:ROWS] = "0"
    for row, left, right in ARC:
        arc[row, left : right + 1] = "1"
    return "".join(arc.flatten())


def given_in_range(value) -> torch.Tensor:
    """A sheet as the page sends it -> (28, 28): 0 paper, 1 ink, -1 to be drawn. Raises ValueError."""
    if not isinstance(value, str) or len(value) != SIZE * SIZE or set(value) - {"0", "1", OPEN}:
        raise ValueError(
            f"A sheet is a text of {SIZE} x {SIZE} characters: 0 paper, 1 ink, ? to be drawn."
        )
    return torch.tensor([-1.0 if c == OPEN else float(c) for c in value]).view(SIZE, SIZE)


def complete(drawing: str, seed: int, temperature: float, model: str = FIRST) -> tuple[str, str]:
    """Keep the given pixels of a sheet and let a model draw the others, four times.

    drawing: 784 characters in raster order: 0 paper, 1 ink, ? to be drawn. seed: 0 to 9999; ending k uses seed + k.
    model: PixelCNN, Gated PixelCNN, Row LSTM, Diagonal BiLSTM or Image GPT.
    Returns the four pictures as HTML, each with its -log p(x), and one sentence with the same numbers.
    """
    given = given_in_range(drawing)
    seed, temperature = ui.seed(seed), temperature_in_range(temperature)
    model = family.named(model)
    u = noise((1, SIZE, SIZE), range(seed, seed + ENDINGS), "uniform")
    x = family.finished(model, u, given.expand(ENDINGS, 1, SIZE, SIZE), temperature)
    with torch.inference_mode():
        nats = loss(family.load(model), x).tolist()
    mask = ui.data_uri(to_uint8((given >= 0).float()[None, None]), zoom=8)
    figures = "".join(
        f"<figure>{sheet(picture, mask, f'Ending {k}')}"
        f"<figcaption>seed {seed + k - 1}: {n:.1f} nats</figcaption></figure>"
        for k, (picture, n) in enumerate(zip(x, nats, strict=True), 1)
    )
    label = f"Four endings by {model}, seeds {seed} to {seed + ENDINGS - 1}"
    return (
        f'<div class="four" role="group" aria-label="{label}">{figures}</div>',
        f"{told(given)} −log p(x) of each, in their order: "
        + ", ".join(f"{n:.1f}" for n in nats)
        + " nats.",
    )


def told(given: torch.Tensor) -> str:
    """How many pixels were given, and how many of those no drawn pixel could take into account."""
    kept = given.flatten() >= 0
    if kept.all():
        return "Every pixel is given: nothing is left to draw."
    last = int((~kept).nonzero()[-1])
    unheard = int(kept[last:].sum())
    words = f"{int(kept.sum())} pixels given."
    return words + (
        f" {unheard} of them come after all drawn ones, and nobody asks them." if unheard else ""
    )


def sheet(picture: torch.Tensor, mask: str, alt: str) -> str:
    """A finished picture, with the family's colour over what was given. mask: a picture that is white there."""
    return (
        f'<div class="ending"><img class="pixels" src="{ui.data_uri(to_uint8(1 - picture[None]))}" alt="{alt}">'
        f'<i style="mask-image: url({mask})"></i></div>'
    )


# What is shown.


# What the page makes of a sheet by itself: button, and which pixels (row r, column c) stay given then.
KEEPS = {"Top half": "r < 14", "Left half": "c < 14", "Every other row": "r % 2 === 0"}


def build() -> None:
    ui.headline(
        "You begin, the model goes on",
        "Give any pixels, and the model draws the others. But it only ever looks back.",
    )
    with ui.columns():
        with ui.knobs():
            seed = ui.seed_slider("autoregressive", 1, "endings", "First seed")
            temperature = ui.slider(
                "autoregressive", "warmth", "Temperature", *TEMPERATURE, 1.0, 0.05
            )
            with gr.Row(elem_classes="buttons keeps"):
                keeps = {name: gr.Button(name, min_width=0) for name in KEEPS}
        with ui.stage():
            model = gr.Radio(
                family.there(), value=FIRST, label="Model", elem_id="autoregressive-finisher"
            )
            with gr.Row(elem_classes="two"):
                pad = ui.pad(
                    first_drawing(),
                    "given-pixels",
                    hint="",
                    label="Give pixels of a digit. Arrow keys move, Enter sets a pixel to what the brush paints.",
                    brushes=True,
                )
                with gr.Column(min_width=0):
                    endings = ui.html("")
                    nats = ui.html("", classes="note told-given")
        ui.words(
            see=(
                "Coloured: yours. The rest is drawn four times.",
                "A pixel hears of what you gave before it, never of what comes after.",
            ),
            steps={
                "complete": "Draw the top half of a digit",
                "left": "Keep the left half alone",
                "cold": "Set the temperature to 0.3",
            },
        )
    ui.mathematics(MATHEMATICS)
    knobs = [pad, seed, temperature, model]
    ui.first(complete, knobs, [endings, nats])
    drawn = ui.on([pad.input], complete, knobs, [endings, nats], **ui.SAMPLER)
    # An emptied sheet is no drawing.
    ui.in_page(
        drawn.success,
        "(bits) => bits.includes('1') && gml.did(document.querySelector('#given-pixels'), 'complete')",
        pad,
    )
    again = dict(api_visibility="private", **ui.SAMPLER)
    ui.on(
        [seed.input, temperature.input, model.input, pad.apply],
        complete,
        knobs,
        [endings, nats],
        **again,
    )
    for name, kept in KEEPS.items():
        js = (
            "(bits) => [...bits].map((b, i) => { const [r, c] = [Math.floor(i / 28), i % 28];"
            f" return {kept} ? (b === '{OPEN}' ? '0' : b) : '{OPEN}'; }}).join('')"
        )
        cut = ui.in_page(keeps[name].click, js, pad, pad)
        done = ui.on(cut.then, complete, knobs, [endings, nats], **again)
        if name == "Left half":
            ui.in_page(
                done.success, "() => gml.did(document.querySelector('#given-pixels'), 'left')"
            )
    ui.in_page(
        temperature.input,
        "(t) => t <= 0.4 && gml.did(document.querySelector('#given-pixels'), 'cold')",
        temperature,
    )
    ui.link("autoregressive", endings=seed, warmth=temperature, finisher=model)


MATHEMATICS = r"""
The chain rule holds from any pixel on. Pixels are counted from 0, row by row; 14 rows are the first 392:

$$p(\mathbf{x}_{\ge 392} \mid \mathbf{x}_{<392}) = \prod_{i=392}^{783} p_\theta(x_i \mid \mathbf{x}_{<i})$$

So a top half is completed exactly, with the very sampler that draws whole digits: keep its pixels, draw the others.
Any other set of pixels can be kept the same way, but then each one tells only those after it: what is drawn follows
$p_\theta(x_i \mid \mathbf{x}_{<i})$, not $p_\theta(x_i \mid \text{all that was given})$.
The nats below a picture are those of all of it; the top half's share is the same four times:

$$-\log p(\mathbf{x}) = -\log p(\mathbf{x}_{<392}) - \log p(\mathbf{x}_{\ge 392} \mid \mathbf{x}_{<392})$$

The other way round it is hard. To draw a top half for a given bottom half, Bayes' rule asks for a sum over all
$2^{392}$ top halves:

$$p(\mathbf{x}_{<392} \mid \mathbf{x}_{\ge 392}) =
\frac{p(\mathbf{x}_{<392})\; p(\mathbf{x}_{\ge 392} \mid \mathbf{x}_{<392})}
{\sum_{\mathbf{x}'_{<392}} p(\mathbf{x}'_{<392})\; p(\mathbf{x}_{\ge 392} \mid \mathbf{x}'_{<392})}$$

With a temperature $T$ each pixel is drawn with $\sigma(f_\theta / T)$; the nats are the model's own, at $T = 1$.
"""
