"""Draw the top of a digit and let the model finish it, four times."""

import gradio as gr
import numpy as np
import torch

from demos import ui
from demos.autoregressive.play import SIZE, TEMPERATURE, model, temperature_in_range
from models.images import noise, to_uint8
from models.autoregressive import loss
from models.pixelcnn import sample

TITLE = "Finish my drawing"
ROWS = 14
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
    arc = np.zeros((SIZE, SIZE), np.uint8)
    for row, left, right in ARC:
        arc[row, left : right + 1] = 1
    return "".join(map(str, arc.flatten()))


def complete(drawing: str, seed: int, temperature: float) -> tuple[str, str]:
    """Keep the top 14 rows of a drawing and let the model draw the rest, four times.

    drawing: 784 characters 0 or 1 in raster order. seed: 0 to 9999; ending k uses seed + k.
    Returns the four pictures as HTML, each with its -log p(x), and one sentence with the same numbers.
    """
    top = ui.bits(drawing, SIZE)[:ROWS]
    seed, temperature = ui.seed(seed), temperature_in_range(temperature)
    x = torch.full((ENDINGS, 1, SIZE, SIZE), -1.0)
    x[:, 0, :ROWS] = torch.from_numpy(top.astype(np.float32))
    *_, x = sample(
        model(), noise((1, SIZE, SIZE), range(seed, seed + ENDINGS), "uniform"), x, temperature
    )
    with torch.inference_mode():
        nats = loss(model(), x).tolist()
    figures = "".join(
        f'<figure><div class="half"><img class="pixels" src="{ui.data_uri(picture[None])}" alt="Ending {k + 1}"></div>'
        f"<figcaption>seed {seed + k}: {nats[k]:.1f} nats</figcaption></figure>"
        for k, picture in enumerate(to_uint8(1 - x))
    )
    label = f"Four endings of the same top half, seeds {seed} to {seed + ENDINGS - 1}"
    return (
        f'<div class="four" role="group" aria-label="{label}">{figures}</div>',
        "−log p(x) of each, in their order: " + ", ".join(f"{n:.1f}" for n in nats) + " nats.",
    )


# What is shown.


def build() -> None:
    ui.headline(
        "You begin, the model goes on",
        "The top half is yours. The model continues from it, because it only ever looks back.",
    )
    with ui.columns():
        with ui.knobs():
            seed = ui.seed_slider("autoregressive", 1, "endings", "First seed")
            temperature = ui.slider(
                "autoregressive", "warmth", "Temperature", *TEMPERATURE, 1.0, 0.05
            )
        with ui.stage(), gr.Row(elem_classes="two"):
            pad = ui.pad(
                first_drawing(),
                "top-half",
                rows=ROWS,
                hint="Draw above the line.",
                label="Draw the top half of a digit. Arrow keys move, Enter sets a pixel.",
            )
            with gr.Column(min_width=0):
                endings = ui.html("")
                nats = ui.html("", visible=False)
        ui.words(
            see=(
                "Four draws of the bottom half, each with its own seed.",
                "The same past can end in several digits.",
                "Fewer nats: the model finds the whole picture likelier.",
            ),
            steps={
                "complete": "Draw the top half of a digit",
                "cold": "Set the temperature to 0.3",
            },
        )
    ui.mathematics(MATHEMATICS)
    knobs = [pad, seed, temperature]
    ui.first(complete, knobs, [endings, nats])
    drawn = ui.on([pad.input], complete, knobs, [endings, nats], **ui.SAMPLER)
    # An emptied sheet is no drawing.
    ui.in_page(
        drawn.success,
        "(bits) => bits.includes('1') && gml.did(document.querySelector('#top-half'), 'complete')",
        pad,
    )
    ui.on(
        [seed.input, temperature.input, pad.apply],
        complete,
        knobs,
        [endings, nats],
        api_visibility="private",
        **ui.SAMPLER,
    )
    ui.in_page(
        temperature.input,
        "(t) => t <= 0.4 && gml.did(document.querySelector('#top-half'), 'cold')",
        temperature,
    )
    ui.link("autoregressive", endings=seed, warmth=temperature)


MATHEMATICS = r"""
The chain rule holds from any pixel on. Pixels are counted from 0, row by row; 14 rows are the first 392:

$$p(\mathbf{x}_{\ge 392} \mid \mathbf{x}_{<392}) = \prod_{i=392}^{783} p_\theta(x_i \mid \mathbf{x}_{<i})$$

So a top half is completed exactly, with the very sampler that draws whole digits: keep its pixels, draw the others.
The nats below a picture are those of all of it; the top half's share is the same four times:

$$-\log p(\mathbf{x}) = -\log p(\mathbf{x}_{<392}) - \log p(\mathbf{x}_{\ge 392} \mid \mathbf{x}_{<392})$$

The other way round it is hard. To draw a top half for a given bottom half, Bayes' rule asks for a sum over all
$2^{392}$ top halves:

$$p(\mathbf{x}_{<392} \mid \mathbf{x}_{\ge 392}) =
\frac{p(\mathbf{x}_{<392})\; p(\mathbf{x}_{\ge 392} \mid \mathbf{x}_{<392})}
{\sum_{\mathbf{x}'_{<392}} p(\mathbf{x}'_{<392})\; p(\mathbf{x}_{\ge 392} \mid \mathbf{x}'_{<392})}$$

With a temperature $T$ each pixel is drawn with $\sigma(f_\theta / T)$; the nats are the model's own, at $T = 1$.
"""
