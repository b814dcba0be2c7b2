"""From one noise to another, straight and along the arc."""

from collections.abc import Callable

import gradio as gr
import torch

from demos import ui
from demos.gan.training import LATENT, draw
from models.images import noise, to_uint8
from models.vae import slerp

STILLS = 9


# What is computed.


def gan_walk(seed_a: int, seed_b: int) -> str:
    """From one face to another, straight and along the arc. seed_a, seed_b: 0 to 9999. Returns HTML."""
    a, b = noise((LATENT,), [ui.seed(seed_a), ui.seed(seed_b)])
    t = torch.linspace(0, 1, STILLS)
    roads = {"along the arc": slerp(a, b, t), "straight": a + t[:, None] * (b - a)}
    rows = "".join(
        f"<figure>{ui.photo(to_uint8(draw(z)), f'{STILLS} faces, {how}', STILLS)}<figcaption>{how}: the length of z "
        f"falls to {z.norm(dim=1).min():.1f}</figcaption></figure>"
        for how, z in roads.items()
    )
    return (
        f"<div class='stills'>{rows}</div><p class='note'>Noise in {LATENT} dimensions is about {LATENT**0.5:.0f} "
        "long. The straight way leads through noise that the generator has never met.</p>"
    )


# What is shown.


def build(opened: Callable) -> None:
    ui.section(
        "From one face to another",
        "Every point on the way is a face too: the generator has not learned its examples by heart.",
    )
    with gr.Row(elem_classes="complete"):
        with gr.Column(min_width=0):
            start = ui.seed_slider("gan", 2, name="from", label="From, seed")
            end = ui.seed_slider("gan", 11, name="to", label="To, seed")
        walk = ui.html("", elem_id="gan-walk")  # comes when somebody looks
    done = ui.on([start.input, end.input], gan_walk, [start, end], walk, queue=False)
    ui.in_page(done.success, "() => gml.did(document.querySelector('#gan-walk'), 'walk')")
    ui.on(opened, gan_walk, [start, end], walk, queue=False, api_visibility="private")
    ui.link("gan", **{"from": start, "to": end})
