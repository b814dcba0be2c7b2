"""The masked kernels: a convolution that never looks ahead."""

import gradio as gr
import torch

from demos import ui
from demos.autoregressive.family import FIRST, load
from demos.autoregressive.play import PIXELS, picture
from models.pixelcnn import MaskedConv2d

TITLE = "Masks"
SEED, START = 7, 406  # the digit under the kernel, and the pixel in the middle

# What is computed.


def taps(layer: MaskedConv2d) -> dict:
    """A kernel, its rows below the centre included: side, and for every tap what the mask says and how strong it is.

    Strength is the mean |w| over all channels, relative to the strongest tap.
    """
    strength = (layer.weight * layer.mask).abs().mean((0, 1))
    below = torch.zeros(layer.r, layer.k)
    return dict(
        k=layer.k,
        mask=torch.cat([layer.mask, below]).flatten().int().tolist(),
        strength=[
            round(v, 3) for v in torch.cat([strength / strength.max(), below]).flatten().tolist()
        ],
    )


def kernels() -> dict:
    """A digit, and the two kernels of the network that read it."""
    pixels, _ = picture(SEED, 1.0, ())
    return dict(
        bits="".join(map(str, pixels)),
        A=taps(load(FIRST).first),
        B=taps(load(FIRST).blocks[0].look),
    )


# What is shown.


def build() -> None:
    ui.headline(
        "A kernel that never looks ahead",
        "The history is long, so cut it to a window, and put zeros where the window reaches into the future.",
    )
    with ui.columns():
        with ui.knobs():
            kind = gr.Radio(
                [("A, first layer", "A"), ("B, all others", "B")],
                value="A",
                label="Mask",
                elem_id="autoregressive-mask",
            )
            pixel = ui.slider("autoregressive", "pixel", "Pixel", 0, PIXELS - 1, START)
        with ui.stage():
            canvas = ui.canvas("masks", None, "masks")
        ui.words(
            see=(
                "Left, the window over a digit; right, its mask: 1 passes, 0 does not.",
                "Deeper blue: larger weights.",
                "A hides the pixel itself; B passes what is known of it.",
            ),
            steps={
                "move": "Move the window",
                "b": "Switch to mask B: which tap in its row opens?",
            },
        )
    ui.mathematics(MATHEMATICS)
    show = "(...knobs) => document.querySelector('#masks .pair').show(knobs, %s)"
    ui.in_page([kind.input, pixel.input], show % "true", [kind, pixel])
    ui.in_page(canvas.apply, show % "false", [kind, pixel])
    ui.in_page(
        canvas.select,
        "() => Number(document.querySelector('#masks [data-pixel]').dataset.pixel)",
        None,
        pixel,
    )
    ui.first(kernels, [], [canvas])
    ui.link("autoregressive", mask=kind, pixel=pixel)


MATHEMATICS = r"""
A masked convolution multiplies its weights $W$ by a mask $M$ of zeros and ones before it does anything else:

$$\mathbf{h} = (W \odot M) * \mathbf{x} + b \qquad
M^A = \begin{pmatrix} 1 & 1 & 1 \\ 1 & 0 & 0 \\ 0 & 0 & 0 \end{pmatrix} \qquad
M^B = \begin{pmatrix} 1 & 1 & 1 \\ 1 & 1 & 0 \\ 0 & 0 & 0 \end{pmatrix}$$

The first layer reads pixels. With mask A its features at pixel $i$ are made of $\mathbf{x}_{<i}$ alone. The later
layers read features, and the feature at $i$ belongs to the past already, so mask B may pass it. However many layers
follow,

$$\frac{\partial f_\theta(\mathbf{x})_i}{\partial x_j} = 0 \quad \text{for all } j \ge i,$$

and so one pass over a known picture gives all 784 conditionals at once: training needs no loop over pixels, and
unlike an RNN no state is handed from pixel to pixel. The slide shows $3 \times 3$; here mask A is $7 \times 7$ and
mask B $5 \times 5$.
"""
