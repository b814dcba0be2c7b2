"""From z to w: what the mapping network makes of a circle of z, and of the cloud that faces are drawn from."""

from collections.abc import Callable

import gradio as gr
import numpy as np
import torch
from torch import Tensor

from demos import plots, ui
from demos.stylegan.latent import along, generator, pictures
from models.images import noise

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
        (cloud @ own).numpy(), (z @ own).numpy(), some, "z, the plane of the circle"
    )
    right = plots.scatter(
        ((w_cloud - centre) @ axes).numpy(),
        ((w - centre) @ axes).numpy(),
        some,
        f"w, its two widest directions: {sum(shares):.0%}",
    )
    ratio = spread(w.numpy()) / spread(z.numpy())
    return (
        f"<div class='halves-of-bound'>{left}{right}</div><div class='stills'><figure>"
        f"{ui.photo(drawn, f'{SHOWN} faces around the circle', SHOWN, 85)}<figcaption>The faces at 1 to {SHOWN}"
        f"</figcaption></figure></div><p class='note'>Around the circle in z every step is as long as the next. In w "
        f"the longest is {ratio:.1f} times the shortest.</p>"
    )


def spread(x: np.ndarray) -> float:
    """The longest step around a closed path over the shortest. x: (n, d)."""
    steps = np.linalg.norm(x - np.roll(x, 1, 0), axis=1)
    return float(steps.max() / steps.min())


# What is shown.


def build(opened: Callable) -> None:
    ui.section(
        "From z to w",
        "z is drawn from a round cloud, whatever faces look like. The mapping network bends it into a space that suits "
        "them.",
    )
    with gr.Row(elem_classes="faces"):
        with gr.Column(min_width=0, elem_classes="knobs"):
            seed = ui.seed_slider("stylegan", 7, "circle", "Seed of the circle")
        shown = ui.html("", elem_id="z-to-w")  # drawn when the tab is opened: the page stays small
    ui.on([seed.input, opened], map_to_w, seed, shown)
    ui.link("stylegan", circle=seed)
