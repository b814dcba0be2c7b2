"""From one face to another, straight and along the arc."""

import torch

from demos import ui
from demos.vae.faces import LATENT, pictures, shown
from models.images import noise
from models.vae import slerp

TITLE = "Face to face"
STILLS = 5


# What is computed.


def face_walk(seed_a: int, seed_b: int) -> str:
    """From one drawn face to another, straight and along the arc. seed_a, seed_b: 0 to 9999. Returns HTML."""
    a, b = noise((LATENT,), [ui.seed(seed_a), ui.seed(seed_b)])
    t = torch.linspace(0, 1, STILLS)
    roads = {"straight": a + t[:, None] * (b - a), "along the arc": slerp(a, b, t)}
    return (
        "<div class='stills'>"
        + "".join(
            f"<figure>{shown(pictures(z), f'{STILLS} faces, {how}', STILLS)}<figcaption>{how}: at its nearest "
            f"{z.norm(dim=1).min():.1f} from the middle</figcaption></figure>"
            for how, z in roads.items()
        )
        + "</div>"
    )


# What is shown.


def build() -> None:
    ui.headline(
        "From one face to another",
        "Two draws from the prior, and the faces between them.",
    )
    with ui.columns():
        with ui.knobs():
            start = ui.seed_slider("vae", 11, name="face-from", label="From, seed")
            end = ui.seed_slider("vae", 18, name="face-to", label="To, seed")
        with ui.stage():
            walk = ui.html("", elem_id="face-walk", **ui.ASKS)
        ui.words(
            see=(
                "Two draws, and three points between them, on two roads.",
                "Every point is a face too: no step jumps from one face to the next.",
                f"A draw in {LATENT} dimensions is about {LATENT**0.5:.0f} from the middle; the straight road comes "
                "nearer.",
            ),
            steps={"walk": "Walk between two other faces"},
        )
    ui.mathematics(MATHEMATICS)
    ui.first(face_walk, [start, end], [walk])
    done = ui.on([start.input, end.input, walk.apply], face_walk, [start, end], walk, queue=False)
    ui.in_page(
        done.success,
        "(a, b) => { if (a !== b && !(a === 11 && b === 18)) gml.did(document.querySelector('#face-walk'), 'walk'); }",
        [start, end],
    )
    ui.link("vae", **{"face-from": start, "face-to": end})


MATHEMATICS = r"""
The two roads are those of the digits, between two draws $\mathbf{a}$ and $\mathbf{b}$ from
$\mathcal{N}(\mathbf{0}, \mathbf{I}_n)$, with $n = 64$ and $\theta$ the angle between them; along the
arc the length goes evenly from one to the other:

$$\mathbf{z}_t = (1 - t)\,\mathbf{a} + t\,\mathbf{b} \qquad
\mathbf{z}_t = \big((1 - t) \lVert \mathbf{a} \rVert + t \lVert \mathbf{b} \rVert\big)
\left[\frac{\sin((1 - t)\,\theta)}{\sin \theta} \frac{\mathbf{a}}{\lVert \mathbf{a} \rVert}
+ \frac{\sin(t\,\theta)}{\sin \theta} \frac{\mathbf{b}}{\lVert \mathbf{b} \rVert}\right]$$

Two draws stand nearly at right angles: $\cos \theta$ has the mean 0 and a deviation of $1 / \sqrt{n} = 1 / 8$, and both
are about $\sqrt{n} = 8$ long. So the middle of the straight road is about $\sqrt{n / 2} \approx 5.7$ long.
"""
