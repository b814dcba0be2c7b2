"""Draw the top of a digit and let the model finish it, four times."""

import gradio as gr
import numpy as np
import torch

from demos import ui
from demos.autoregressive.play import SIZE, TEMPERATURE, model, temperature_in_range
from models.images import grid, noise, to_uint8
from models.pixelcnn import loss, sample

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


def complete(drawing: str, seed: int, temperature: float) -> tuple[str, str]:
    """Keep the top 14 rows of a drawing and let the model draw the rest, four times.

    drawing: 784 characters 0 or 1 in raster order. seed: 0 to 9999; ending k uses seed + k.
    Returns the four pictures side by side as an <img>, and one sentence with their nats.
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
    source = ui.data_uri(grid(to_uint8(1 - x), columns=ENDINGS)[None])
    alt = f"Four endings of the same top half, seeds {seed} to {seed + ENDINGS - 1}"
    return (
        f'<div class="halves"><img class="pixels" src="{source}" alt="{alt}"></div>',
        "-log p(x) of each, left to right: " + ", ".join(f"{n:.1f}" for n in nats) + " nats.",
    )


# What is shown.


def build() -> None:
    arc = np.zeros((SIZE, SIZE), np.uint8)
    for row, left, right in ARC:
        arc[row, left : right + 1] = 1
    drawing = "".join(map(str, arc.flatten()))
    pictures, sentence = complete(drawing, 1, 1.0)
    ui.section(
        "Finish my drawing",
        "The top half is yours. The model continues from it, because it only ever looks back.",
    )
    with gr.Row(elem_classes="complete"):
        pad = ui.pad(
            drawing,
            "top-half",
            rows=ROWS,
            hint="Draw above the line.",
            label="Draw the top half of a digit. Arrow keys move, Enter sets a pixel.",
        )
        with gr.Column(min_width=0, elem_classes="endings"):
            endings = ui.html(pictures)
            nats = ui.html(sentence, classes="note")
            with gr.Row():
                seed = ui.seed_slider("autoregressive", 1, "endings", "Seed of the endings")
                temperature = ui.slider(
                    "autoregressive",
                    "warmth",
                    "Temperature of the endings",
                    *TEMPERATURE,
                    1.0,
                    0.05,
                )
    done = ui.on([pad.input], complete, [pad, seed, temperature], [endings, nats])
    ui.in_page(done.success, "() => gml.did(document.querySelector('#top-half'), 'complete')")
    ui.on(
        [seed.input, temperature.input, pad.apply],
        complete,
        [pad, seed, temperature],
        [endings, nats],
        api_visibility="private",
    )
    ui.link("autoregressive", endings=seed, warmth=temperature)
