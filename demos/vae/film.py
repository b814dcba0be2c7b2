"""From one digit to another: straight through the latent space, and along an arc, as a film."""

from collections.abc import Sequence

import gradio as gr
import numpy as np
import torch
from torch import Tensor

from demos import ui
from demos.vae.latent import DIMENSIONS, SIZE, image, ink, means
from models.images import to_uint8
from models.vae import slerp

TITLE = "Digit to digit"
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
        f"<figure>{image(p[some], f'{STILLS} moments, {how}', STILLS)}<figcaption>{how}: at its nearest "
        f"{paths[how].norm(dim=1).min():.1f} from the middle</figcaption></figure>"
        for how, p in drawn.items()
    )
    # The film stands still for those who ask their system for less motion.
    return (
        f"<figure class='film'><picture><source media='(prefers-reduced-motion: reduce)' srcset='{still}'>"
        f"<img class='pixels' src='{film}' alt='Film from {start:g} to {end:g}, straight at the left, along the arc "
        "at the right'></picture><figcaption>Straight at the left, along the arc at the right</figcaption></figure>"
        f"<div class='stills'>{rows}</div>"
    )


def interpolation_film(start: int, end: int, example: int) -> str:
    """The film alone, large: a GIF as a data URI. Arguments as for interpolate."""
    frames = side_by_side([ink(z) for z in roads(start, end, example).values()])
    return ui.data_uri(frames, zoom=8, seconds=0.08, kind="gif")


# What is shown.


def build() -> None:
    ui.headline(
        "From one digit to another",
        "Encode two digits and decode what lies between them, along two roads.",
    )
    with ui.columns():
        with ui.knobs():
            start = ui.slider("vae", "from", "From", 0, 9, 3)
            end = ui.slider("vae", "to", "To", 0, 9, 8)
            example = ui.slider("vae", "example", "Example of each", 0, 99, 4)
            save = gr.Button("Film (GIF)")
        with ui.stage():
            walk = ui.html("", elem_id="walk", **ui.ASKS)
            gif = ui.html("", visible=False)
        ui.words(
            see=(
                "Both ends are test digits as the encoder sees them; what lies between is in no data set.",
                f"A draw from the prior in {DIMENSIONS} dimensions is about {DIMENSIONS**0.5:.0f} from the middle.",
                "The straight road cuts through nearer to it, where such draws are rare.",
            ),
            steps={"film": "Walk between two other digits"},
        )
    ui.mathematics(MATHEMATICS)
    knobs = [start, end, example]
    ui.first(interpolate, knobs, [walk])
    done = ui.on([*(knob.input for knob in knobs), walk.apply], interpolate, knobs, walk)
    ui.in_page(
        done.success,
        "(a, b) => { if (a !== b && !(a === 3 && b === 8)) gml.did(document.querySelector('#walk'), 'film'); }",
        knobs,
    )
    saved = ui.on(save.click, interpolation_film, knobs, gif)
    ui.in_page(
        saved.success,
        "(uri, from, to, k) => gml.save(uri, `vae-${from}-to-${to}-example${k}.gif`)",
        [gif, *knobs],
    )
    ui.link("vae", **{"from": start, "to": end, "example": example})


MATHEMATICS = r"""
From $\boldsymbol\mu_a$ to $\boldsymbol\mu_b$, straight, and along the arc (spherical interpolation, Shoemake 1985) with
$\theta$ the angle between them and a length that goes evenly from one to the other:

$$\mathbf{z}_t = (1 - t)\, \boldsymbol\mu_a + t\, \boldsymbol\mu_b$$

$$\mathbf{z}_t = \big((1 - t)\, \lVert \boldsymbol\mu_a \rVert + t\, \lVert \boldsymbol\mu_b \rVert\big)
\left[\frac{\sin((1 - t)\,\theta)}{\sin \theta}\, \frac{\boldsymbol\mu_a}{\lVert \boldsymbol\mu_a \rVert}
+ \frac{\sin(t\,\theta)}{\sin \theta}\, \frac{\boldsymbol\mu_b}{\lVert \boldsymbol\mu_b \rVert}\right]$$

For $\mathbf{z} \sim \mathcal{N}(\mathbf{0}, \mathbf{I}_n)$ the mean of $\lVert \mathbf{z} \rVert^2$ is $n$, its
deviation $\sqrt{2n}$: with $n = 16$ a length near 4 is the rule, and a point near the middle is rare, though the
density is highest there.
"""
