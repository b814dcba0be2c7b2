"""From z to w: what the mapping network makes of a circle of z, and of the cloud that faces are drawn from."""

import gradio as gr
import numpy as np
import torch
from torch import Tensor

from demos import plots, ui
from demos.stylegan.latent import along, generator, pictures
from models.images import noise

TITLE = "From z to w"
CLOUD, AROUND, SHOWN = 250, 96, 12  # draws of z, points of the circle, faces along it


# What is computed.


def circle(seed: int) -> Tensor:
    """z on a great circle through the draws of a seed and of the next, as long as draws are. -> (96, latent)."""
    d = generator().latent
    a, b = noise((d,), [seed, seed + 1])
    a = a / a.norm()
    b = b - (a @ b) * a
    t = torch.linspace(0, 2 * torch.pi, AROUND + 1)[:-1, None]
    return d**0.5 * (t.cos() * a + t.sin() * b / b.norm())


def plane(x: Tensor) -> tuple[Tensor, Tensor, list[float]]:
    """The two directions in which a cloud is widest. x: (n, d) -> mean, (d, 2), their shares of the variance."""
    centre = x.mean(0)
    _, s, v = torch.linalg.svd(x - centre, full_matrices=False)
    return centre, v[:2].T, (s[:2].square() / s.square().sum()).tolist()


def map_to_w(seed: int) -> str:
    """A circle in z, and what becomes of it in w, with faces along it. seed: 0 to 9999. Returns HTML."""
    seed, model = ui.seed(seed), generator()
    z, cloud = circle(seed), noise((model.latent,), range(10_000, 10_000 + CLOUD))
    with torch.inference_mode():
        w, w_cloud = model.mapping(z), model.mapping(cloud)
    centre, axes, shares = plane(w_cloud)
    own = torch.stack([z[0], z[AROUND // 4]], 1) / model.latent**0.5  # the circle's own plane
    some = list(range(0, AROUND, AROUND // SHOWN))
    drawn = pictures(along(w[some]))
    left = plots.scatter(
        (cloud @ own).numpy(), (z @ own).numpy(), some, "z, in the plane of the circle"
    )
    right = plots.scatter(
        ((w_cloud - centre) @ axes).numpy(),
        ((w - centre) @ axes).numpy(),
        some,
        "w, in the plane where it varies most",
    )
    ratio = spread(w.numpy()) / spread(z.numpy())
    return (
        f"<div class='planes-of-z'><figure>{left}<figcaption>z, in the plane of the circle</figcaption></figure>"
        f"<figure>{right}<figcaption>w, in the plane where it varies most: {sum(shares):.0%} of its variance"
        "</figcaption></figure></div><figure>"
        f"{ui.photo(drawn, f'{SHOWN} faces around the circle', SHOWN, 85)}<figcaption>The faces at 1 to {SHOWN}. "
        f"Around the circle in z every step is as long as the next; in w the longest is {ratio:.1f} times the shortest"
        "</figcaption></figure>"
    )


def spread(x: np.ndarray) -> float:
    """The longest step around a closed path over the shortest. x: (n, d)."""
    steps = np.linalg.norm(x - np.roll(x, 1, 0), axis=1)
    return float(steps.max() / steps.min())


# What is shown.


def build() -> None:
    ui.headline(
        "From z to w",
        "z is drawn from a round cloud, whatever faces look like. The mapping network bends it into a space that suits "
        "them.",
    )
    with gr.Row(elem_classes=["columns", "wide"]):
        with ui.knobs():
            seed = ui.seed_slider("stylegan", 7, "circle", "Seed")
            another = gr.Button("Another circle", variant="primary")
        with ui.stage():
            shown = ui.html("", elem_id="z-to-w", **ui.ASKS)
        ui.words(
            see=(
                f"Left, {CLOUD} draws of z and a circle that is as long as they are: nearly all of their length lies "
                "in directions that this plane does not show.",
                "Right, the same points after the mapping network: what was round is bent.",
                "Equal steps on the circle become short and long ones.",
            ),
            steps={"circle": "Take another circle, and follow its numbers"},
        )
    ui.mathematics(MATHEMATICS)
    ui.first(map_to_w, [seed], [shown])
    turned = ui.on([seed.input, shown.apply], map_to_w, seed, shown)
    next_seed = ui.in_page(another.click, "(seed) => (seed + 2) % 9999", seed, seed)
    pressed = ui.on(next_seed.then, map_to_w, seed, shown, api_visibility="private")
    for done in (turned, pressed):
        ui.in_page(
            done.success,
            "(seed) => { if (seed !== 7) gml.did(document.querySelector('#z-to-w'), 'circle'); }",
            seed,
        )
    ui.link("stylegan", circle=seed)


MATHEMATICS = r"""
$\mathbf{z}$ is noise, brought to one length; the mapping network $f$ is a few fully connected layers:

$$\mathbf{z} \sim \mathcal{N}(\mathbf{0}, \mathbf{I}_d), \qquad
\mathbf{w} = f\Big(\mathbf{z} \Big/ \sqrt{\tfrac{1}{d} \textstyle\sum_i z_i^2}\Big)$$

The circle goes through two draws, made perpendicular: with unit vectors $\mathbf{a} \perp \mathbf{b}$,

$$\mathbf{z}(t) = \sqrt{d}\,(\cos t\; \mathbf{a} + \sin t\; \mathbf{b}), \qquad t \in [0, 2\pi)$$

The right-hand plane is spanned by the two directions in which $\mathbf{w}$ varies most, the first two eigenvectors of
its covariance. If some combination of features hardly occurs among the faces of the training set, nothing is drawn
there: $\mathbf{z}$ has to be round all the same, and $\mathbf{w}$ has not (Karras 2018, arXiv:1812.04948, section 4).
"""
