"""The reparameterization trick: mu, sigma and epsilon as knobs."""

import gradio as gr
import torch

from demos import plots, ui
from demos.vae.latent import EDGE, image, ink, latent

WIDEST = 1.5  # sigma
FIRST = dict(mu1=-0.9, mu2=-1.1, sigma1=0.4, sigma2=0.4, epsilon1=1.0, epsilon2=0.5)


# What is computed.


def reparameterize_2d(*knobs: float) -> str:
    """z = mu + sigma * epsilon in two dimensions. knobs: mu1, mu2 (-3 to 3), sigma1, sigma2 (0 to 1.5), epsilon1,
    epsilon2 (-3 to 3).

    Returns the two planes as a figure (SVG) and the picture at z as an <img>.
    """
    mu, epsilon = latent(knobs[:2], "mu"), latent(knobs[4:], "epsilon")
    sigma = torch.tensor([[ui.number(v, f"sigma{k}", 0, 1.5) for k, v in enumerate(knobs[2:4], 1)]])
    z = mu + sigma * epsilon
    planes = plots.planes(mu[0].tolist(), sigma[0].tolist(), epsilon[0].tolist(), EDGE)
    moved = ", ".join(f"{v:.2f}" for v in z[0].tolist())
    return (
        f"{planes}<figure class='at-z'>{image(ink(z), 'The digit decoded from z')}"
        f"<figcaption>decoded from z = ({moved})</figcaption></figure>"
    )


# What is shown.


def build() -> None:
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
        figure = ui.html(reparameterize_2d(*FIRST.values()), elem_id="trick", classes="trick")
    moved = ui.on([knob.input for knob in knobs], reparameterize_2d, knobs, figure, queue=False)
    ui.in_page(
        moved.success,
        "(m1, m2, s1, s2) => { if (s1 === 0 && s2 === 0) gml.did(document.querySelector('#trick'), 'sigma'); }",
        knobs,
    )
    ui.link("vae", **dict(zip(FIRST, knobs, strict=True)))
