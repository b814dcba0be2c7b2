"""From one digit to another: straight through the latent space, and along an arc, as a film."""

from collections.abc import Callable, Sequence

import gradio as gr
import numpy as np
import torch
from torch import Tensor

from demos import ui
from demos.vae.latent import DIMENSIONS, SIZE, image, ink, means
from models.images import to_uint8
from models.vae import slerp

STILLS, FRAMES = 9, 25


# What is computed.


def roads(start: int, end: int, example: int) -> dict[str, Tensor]:
    """Two ways from one digit's mean to another's, (25, 16) each. Raises ValueError."""
    z, labels = means(DIMENSIONS)
    start, end = ui.whole(start, "From", 0, 9), ui.whole(end, "To", 0, 9)
    k = ui.whole(example, "Example", 0, 99)
    a, b = z[labels == start][k], z[labels == end][k]
    t = torch.linspace(0, 1, FRAMES)
    return {"straight": a + t[:, None] * (b - a), "along the arc": slerp(a, b, t)}


def side_by_side(pictures: Sequence[Tensor]) -> np.ndarray:
    """The frames of a film. (25, 1, 28, 28) each -> (25, 28, width, 1)."""
    gap = torch.zeros(FRAMES, 1, SIZE, 4)
    left, right = pictures
    return to_uint8(1 - torch.cat([left, gap, right], 3))


def interpolate(start: int, end: int, example: int) -> str:
    """From one digit to another, straight and along the arc. start, end: 0 to 9. example: 0 to 99, which test digit.

    Returns a film and two rows of stills as HTML.
    """
    paths = roads(start, end, example)
    drawn = {how: ink(z) for how, z in paths.items()}
    frames = side_by_side([*drawn.values()])
    film, still = ui.data_uri(frames, seconds=0.08), ui.data_uri(frames[FRAMES // 2, None])
    some = torch.linspace(0, FRAMES - 1, STILLS).round().long()
    rows = "".join(
        f"<figure>{image(p[some], f'{STILLS} moments, {how}', STILLS)}<figcaption>{how}: comes as close to the "
        f"middle as {paths[how].norm(dim=1).min():.1f}</figcaption></figure>"
        for how, p in drawn.items()
    )
    # The film stands still for those who ask their system for less motion.
    return (
        f"<figure class='film'><picture><source media='(prefers-reduced-motion: reduce)' srcset='{still}'>"
        f"<img class='pixels' src='{film}' alt='Film from {start:g} to {end:g}, straight at the left, along the arc "
        "at the right'></picture><figcaption>Straight at the left, along the arc at the right</figcaption></figure>"
        f"<div class='stills'>{rows}</div><p class='note'>A draw from the prior in {DIMENSIONS} dimensions is "
        f"about {DIMENSIONS**0.5:.0f} from the middle: there the decoder has been trained most.</p>"
    )


def interpolation_film(start: int, end: int, example: int) -> str:
    """The film alone, large: a GIF as a data URI. Arguments as for interpolate."""
    frames = side_by_side([ink(z) for z in roads(start, end, example).values()])
    return ui.data_uri(frames, zoom=8, seconds=0.08, kind="gif")


# What is shown.


def build(restored: Callable) -> None:
    ui.section(
        "From one digit to another",
        "Encode two digits and decode what lies between them, along two roads.",
    )
    with gr.Row(elem_classes="complete"):
        with gr.Column(min_width=0):
            start = ui.slider("vae", "from", "From", 0, 9, 3)
            end = ui.slider("vae", "to", "To", 0, 9, 8)
            example = ui.slider("vae", "example", "Example of each", 0, 99, 4)
            save = gr.Button("Film (GIF)")
        walk = ui.html(interpolate(3, 8, 4), elem_id="walk")
    knobs = [start, end, example]
    done = ui.on([*(knob.input for knob in knobs), restored], interpolate, knobs, walk)
    ui.in_page(
        done.success,
        "(a, b) => { if (a !== b && !(a === 3 && b === 8)) gml.did(document.querySelector('#walk'), 'film'); }",
        knobs,
    )
    gif = ui.html("", visible=False)
    saved = ui.on(save.click, interpolation_film, knobs, gif)
    ui.in_page(
        saved.success,
        "(uri, from, to, k) => gml.save(uri, `vae-${from}-to-${to}-example${k}.gif`)",
        [gif, *knobs],
    )
    ui.link("vae", **{"from": start, "to": end, "example": example})
