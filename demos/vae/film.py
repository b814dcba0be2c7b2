"""From one digit to another: straight through the latent space, and along an arc, as a film."""

import gradio as gr
import torch

from demos import ui
from demos.vae.latent import DIMENSIONS, SIZE, image, ink, means
from models.images import to_uint8
from models.vae import slerp

STILLS, FRAMES = 9, 25


# What is computed.


def interpolate(start: int, end: int, example: int) -> str:
    """From one digit to another, straight and along the arc. start, end: 0 to 9. example: 0 to 99, which test digit.

    Returns a film (GIF) and two rows of stills as HTML.
    """
    z, labels = means(DIMENSIONS)
    k = ui.whole(example, "Example", 0, 99)
    a, b = (
        z[labels == ui.whole(digit, name, 0, 9)][k]
        for digit, name in ((start, "From"), (end, "To"))
    )
    t = torch.linspace(0, 1, FRAMES)
    straight, arc = ink(a + t[:, None] * (b - a)), ink(slerp(a, b, t))
    gap = torch.zeros(FRAMES, 1, SIZE, 4)
    film = ui.data_uri(to_uint8(1 - torch.cat([straight, gap, arc], 3)), zoom=8, seconds=0.08)
    still = ui.data_uri(to_uint8(1 - torch.cat([straight, gap, arc], 3))[FRAMES // 2, None], zoom=8)
    some = torch.linspace(0, FRAMES - 1, STILLS).round().long()
    norms = [path.norm(dim=1).min().item() for path in (a + t[:, None] * (b - a), slerp(a, b, t))]
    name = f"vae-{start:g}-to-{end:g}-example{k}.gif"
    return (
        f"<figure class='film'><picture><source media='(prefers-reduced-motion: reduce)' srcset='{still}'>"
        f"<img class='pixels' src='{film}' alt='Film from {start:g} to {end:g}, straight at the left, along the arc "
        f"at the right'></picture><figcaption>straight, and along the arc &nbsp; "
        f"<a download='{name}' href='{film}'>Film (GIF)</a></figcaption></figure><div class='stills'>"
        + "".join(
            f"<figure>{image(path[some], f'{STILLS} moments, {how}', STILLS)}<figcaption>{how}: closest to the "
            f"middle at norm {norm:.1f}</figcaption></figure>"
            for path, how, norm in zip(
                (straight, arc), ("straight", "along the arc"), norms, strict=True
            )
        )
        + f"</div><p class='note'>A draw from the prior in 16 dimensions has a norm of about {DIMENSIONS**0.5:.0f}; "
        "the arc stays where the decoder has been trained.</p>"
    )


# What is shown.


def build() -> None:
    ui.section(
        "From one digit to another",
        "Encode two digits and decode what lies between them, along two roads.",
    )
    with gr.Row(elem_classes="complete"):
        with gr.Column(min_width=0):
            start = ui.slider("vae", "from", "From", 0, 9, 3)
            end = ui.slider("vae", "to", "To", 0, 9, 8)
            example = ui.slider("vae", "example", "Example of each", 0, 99, 4)
        walk = ui.html(interpolate(3, 8, 4), elem_id="walk", classes="walk")
    knobs = [start, end, example]
    done = ui.on([knob.input for knob in knobs], interpolate, knobs, walk)
    ui.in_page(
        done.success,
        "(a, b) => { if (a !== b && !(a === 3 && b === 8)) gml.did(document.querySelector('#walk'), 'film'); }",
        knobs,
    )
    ui.link("vae", **{"from": start, "to": end, "example": example})
