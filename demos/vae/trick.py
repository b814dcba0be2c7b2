"""The reparameterization trick: mu, sigma and epsilon as knobs."""

from collections.abc import Callable

import gradio as gr
import torch

from demos import plots, ui
from demos.vae.latent import EDGE, image, ink, latent

WIDEST = 1.5  # sigma
FIRST = dict(mu1=-0.9, mu2=-1.1, sigma1=0.4, sigma2=0.4, epsilon1=1.0, epsilon2=0.5)


# What is computed.


def reparameterize_2d(
    mu1: float, mu2: float, sigma1: float, sigma2: float, epsilon1: float, epsilon2: float
) -> str:
    """z = mu + sigma * epsilon in two dimensions. mu, epsilon: -3 to 3; sigma: 0 to 1.5.

    Returns the two planes as a figure (SVG) and the picture at z as an <img>.
    """
    mu, epsilon = latent([mu1, mu2], "mu"), latent([epsilon1, epsilon2], "epsilon")
    sigma = torch.tensor(
        [[ui.number(v, f"sigma{k}", 0, WIDEST) for k, v in enumerate((sigma1, sigma2), 1)]]
    )
    z = mu + sigma * epsilon
    planes = plots.planes(mu[0].tolist(), sigma[0].tolist(), epsilon[0].tolist(), EDGE)
    moved = ", ".join(f"{v:.2f}" for v in z[0].tolist())
    return (
        f"<div class='trick'>{planes}<figure class='at-z'>{image(ink(z), 'The digit decoded from z')}"
        f"<figcaption>decoded from z = ({moved})</figcaption></figure></div>"
    )


# What is shown.


def build(restored: Callable) -> None:
    ui.section(
        "How to learn through a draw",
        "Keep the dice outside: epsilon is drawn, mu and sigma only move and stretch it, so both can be learned.",
    )
    with gr.Row(elem_classes="complete"):
        with gr.Column(min_width=0):
            knobs = [
                ui.slider(
                    "vae",
                    name,
                    name,
                    *((0, WIDEST) if "sigma" in name else (-EDGE, EDGE)),
                    value,
                    0.01,
                )
                for name, value in FIRST.items()
            ]
        figure = ui.html(reparameterize_2d(*FIRST.values()), elem_id="trick")
    moved = ui.on(
        [*(knob.input for knob in knobs), restored], reparameterize_2d, knobs, figure, queue=False
    )
    ui.in_page(
        moved.success,
        "(m1, m2, s1, s2) => { if (s1 === 0 && s2 === 0) gml.did(document.querySelector('#trick'), 'sigma'); }",
        knobs,
    )
    ui.link("vae", **dict(zip(FIRST, knobs, strict=True)))
