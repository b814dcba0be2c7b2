"""Into noise: a drawing at any time of the forward process, and what one look of the network recovers."""

from collections.abc import Callable

import gradio as gr
import numpy as np
import torch

from demos import ui
from demos.diffusion.network import SHIPPED, T, network
from models.ddpm import diffuse
from models.images import noise, to_uint8

SIZE = 28
SEVEN = [(6, 7, 20), (7, 7, 20), *((row, 26 - row, 28 - row) for row in range(8, 22))]


# What is computed.


def first_drawing() -> str:
    """A seven, in strokes: (row, first column, last column)."""
    paper = np.zeros((SIZE, SIZE), int)
    for row, left, right in SEVEN:
        paper[row, max(left, 0) : min(right, 20) + 1] = 1
    return "".join(map(str, paper.flatten()))


def add_noise(drawing: str, t: int, seed: int) -> str:
    """Noise on a drawing. drawing: 784 characters 0 or 1. t: 0 to 999. seed: 0 to 9999.

    Returns x_t, the network's guess of the noise, and of the picture underneath, as HTML.
    """
    x_0 = torch.from_numpy(ui.bits(drawing, SIZE).astype(np.float32)).view(1, 1, SIZE, SIZE) * 2 - 1
    t, seed = ui.whole(t, "Time t", 0, T - 1), ui.seed(seed)
    when, a = torch.tensor([t]), network(SHIPPED).alpha_bar[t].item()
    with torch.inference_mode():
        x = diffuse(network(SHIPPED), x_0, when, noise((1, SIZE, SIZE), [seed]))
        guess = network(SHIPPED)(x, when)
    under = ((x - (1 - a) ** 0.5 * guess) / a**0.5).clamp(-1, 1)
    right = (under.sign() == x_0).float().mean().item()
    figures = "".join(
        f"<figure><div><img class='pixels' src='{ui.data_uri(to_uint8(-p, -1, 1))}' alt='{name}'></div>"
        f"<figcaption>{name}</figcaption></figure>"
        for p, name in (
            (x, f"x_t: {a:.1%} of the variance is your drawing"),
            (guess / 2.5, "what the network takes for noise"),
            (under, f"what it sees underneath: {right:.0%} of the pixels right"),
        )
    )
    return f"<div class='lanes three'>{figures}</div>"


# What is shown.


def build(opened: Callable) -> None:
    ui.section(
        "Into noise, and one look back",
        "Drown your own drawing. From little noise the network brings it back; from much it invents.",
    )
    drawing = first_drawing()
    with gr.Row(elem_classes="complete"):
        pad = ui.pad(drawing, "noised-digit")
        with gr.Column(min_width=0, elem_classes="endings"):
            looks = ui.html(add_noise(drawing, 400, 3), elem_id="looks")
            with gr.Row():
                t = ui.slider("diffusion", "t", "Time t", 0, T - 1, 400)
                seed = ui.seed_slider("diffusion", 3, "grain", "Seed of the noise")
    knobs = [pad, t, seed]
    seen = ui.on([pad.input, t.input, seed.input, pad.apply], add_noise, knobs, looks, queue=False)
    ui.in_page(
        seen.success,
        "(drawing, t) => { if (t >= 900) gml.did(document.querySelector('#looks'), 'noise'); }",
        knobs,
    )
    ui.link("diffusion", t=t, grain=seed)
