"""From one noise to another, straight and along the arc."""

import torch

from demos import ui
from demos.gan.training import LATENT, draw
from models.images import noise, to_uint8
from models.vae import slerp

TITLE = "From face to face"
STILLS = 7


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
    return f"<div class='stills'>{rows}</div>"


# What is shown.


def build() -> None:
    ui.headline(
        "From one face to another",
        "Every point on the way is a face too: the generator has not learned its examples by heart.",
    )
    with ui.columns():
        with ui.knobs():
            start = ui.seed_slider("gan", 3, name="from", label="From, seed")
            end = ui.seed_slider("gan", 10, name="to", label="To, seed")
        with ui.stage():
            walk = ui.html("", elem_id="gan-walk", **ui.ASKS)
        ui.words(
            see=(
                "Two draws of noise, and five points between them, on two roads. The two at the start were chosen: "
                "many draws look worse.",
                f"Noise in {LATENT} dimensions is about {LATENT**0.5:.0f} long, nearly always.",
                "The arc keeps that length; the straight road passes through shorter noise, which training hardly met.",
            ),
            steps={"walk": "Walk between two other faces"},
        )
    ui.mathematics(MATHEMATICS)
    ui.first(gan_walk, [start, end], [walk])
    done = ui.on([start.input, end.input], gan_walk, [start, end], walk, queue=False)
    ui.on(walk.apply, gan_walk, [start, end], walk, queue=False, api_visibility="private")
    ui.in_page(done.success, "() => gml.did(document.querySelector('#gan-walk'), 'walk')")
    ui.link("gan", **{"from": start, "to": end})


MATHEMATICS = r"""
The straight road, and the arc (spherical interpolation, Shoemake 1985), with $\theta$ the angle between the two draws:

$$\mathbf{z}_t = (1 - t)\,\mathbf{a} + t\,\mathbf{b} \qquad
\mathbf{z}_t = \frac{\sin((1 - t)\,\theta)}{\sin \theta}\,\mathbf{a} + \frac{\sin(t\,\theta)}{\sin \theta}\,\mathbf{b}$$

For $\mathbf{z} \sim \mathcal{N}(\mathbf{0}, \mathbf{I})$ in $n = 100$ dimensions $\lVert \mathbf{z} \rVert^2$ has the
mean $n$ and the deviation $\sqrt{2n} = 14$: lengths lie between 9 and 11. Two draws stand nearly at right angles, so
the middle of the straight road is only $\sqrt{n / 2} \approx 7$ long.
"""
