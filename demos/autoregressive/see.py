"""What a pixel is really predicted from: the receptive field, and the blind spot."""

from functools import lru_cache

import gradio as gr

import checkpoints
from demos import ui
from demos.autoregressive.family import FAMILY, FIRST, SIZE, load
from models.images import noise
from models.pixelcnn import receptive_field

TITLE = "What it sees"
PROBES = (
    8  # random pictures over which gradients are averaged: in one alone a closed ReLU hides a path
)


# What is computed.


@lru_cache(maxsize=512)
def field(row: int, col: int, depth: int) -> tuple[float, ...]:
    """Influence of every pixel on one, relative to the strongest: 784 numbers from 0 to 1."""
    x = (noise((1, SIZE, SIZE), range(PROBES), "uniform") < 0.5).float()
    strength = receptive_field(load(FIRST), depth, row, col, x).flatten()
    return tuple((strength / strength.max().clamp(min=1e-12)).tolist())


def look(row: int, col: int, depth: int) -> dict:
    """What a pixel is predicted from, by gradients.

    row, col: 0 to 27. depth: masked layers passed after the first, 0 to 10. Returns the influence of
    every pixel (784 numbers, 0 to 1), how many pixels it sees, and how many come before it.
    """
    row, col = ui.whole(row, "Row", 0, SIZE - 1), ui.whole(col, "Column", 0, SIZE - 1)
    depth = ui.whole(depth, "Layers", 0, len(load(FIRST).blocks))
    strength = field(row, col, depth)
    return dict(
        field=[float(f"{v:.3g}") for v in strength],
        row=row,
        col=col,
        depth=depth,
        seen=sum(v > 0 for v in strength),
        past=row * SIZE + col,
    )


# What is shown.


def build() -> None:
    deepest = checkpoints.MANIFEST[FAMILY[FIRST].name]["config"]["blocks"]
    ui.headline(
        "What the network can see",
        "Each masked layer sees further back, but what lies above and far to the right stays out of sight.",
    )
    with ui.columns():
        with ui.knobs():
            depth = ui.slider(
                "autoregressive", "depth", "Masked layers after the first", 0, deepest, 3
            )
            row = ui.slider("autoregressive", "row", "Row", 0, SIZE - 1, 16)
            col = ui.slider("autoregressive", "col", "Column", 0, SIZE - 1, 14)
        with ui.stage(), gr.Row(elem_classes="beside"):
            canvas = ui.canvas("field", None, "field")
            ui.html(
                "<p><span class='key fam'></span><span>moves the prediction: its gradient is not zero.</span></p>"
                "<p><span class='key spot'></span><span>comes before, yet is not seen. "
                "With all layers on, this is the blind spot.</span></p>"
                "<p><span class='key blank'></span><span>comes later: its gradient is exactly zero.</span></p>",
                classes="keys",
            )
        ui.words(
            see=(
                "The framed pixel is to be predicted; colour shows by what.",
                "It is measured: the gradient in the trained network.",
                "Nothing that comes later ever moves it.",
            ),
            steps={
                "deep": f"Turn on all {deepest} layers and find the blind spot",
                "pick": "Click another pixel",
            },
        )
    ui.mathematics(MATHEMATICS)
    knobs = [row, col, depth]
    ui.first(look, knobs, [canvas])
    ui.on([*(knob.input for knob in knobs), canvas.apply], look, knobs, canvas, queue=False)
    ui.in_page(
        depth.input,
        f"(d) => d >= {deepest} && gml.did(document.querySelector('#field'), 'deep')",
        depth,
    )
    picked = ui.in_page(
        canvas.select,
        "() => JSON.parse(document.querySelector('#field [data-at]').dataset.at)",
        None,
        [row, col],
    )
    ui.on(picked.then, look, knobs, canvas, queue=False, api_visibility="private")
    ui.link("autoregressive", row=row, col=col, depth=depth)


MATHEMATICS = r"""
What is shown is the mean over 8 random pictures of

$$\Big| \frac{\partial}{\partial x_j} \sum_c h^{(d)}_{c,i}(\mathbf{x}) \Big|,$$

where $h^{(d)}_{c,i}$ is channel $c$ of layer $d$ at the framed pixel $i$, on a logarithmic scale. For $j \ge i$ it is
exactly zero.

The $7 \times 7$ kernel reaches 3 rows up and 3 columns to the right, each $5 \times 5$ kernel after it 2 and 2. But
only a step up leads to the right: in its own row a mask passes the left alone. After $d$ layers a pixel $a \ge 1$
rows up can be seen no further to the right than

$$\Delta(a) = 2 \min(a, d + 1) + 1 \quad \text{columns}, \qquad a \le 3 + 2d,$$

and more layers do not help in the rows just above: the blind spot. The cure is two stacks (Gated PixelCNN, van den
Oord et al. 2016, arXiv:1606.05328). A vertical one reads all rows above with no mask, to both sides; a horizontal one
reads what is left in the row and takes in the vertical one:

$$\mathbf{v}' = W_v * \mathbf{v}_{\text{rows above}} \qquad
\mathbf{h}' = W_h * \mathbf{h}_{\text{left}} + U\,\mathbf{v}'$$
"""
