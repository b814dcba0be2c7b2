"""Directions in w that nobody labelled: where w varies most (GANSpace), and what a layer hears best (SeFa).

GANSpace: Harkonen 2020, arXiv:2004.02546. SeFa: Shen, Zhou 2020, arXiv:2007.06600. They have numbers, not names: a name
would be a claim about people. What a direction does to the pixels is measured on the face that is shown.
"""

from functools import lru_cache

import gradio as gr
import numpy as np
import torch
from torch import Tensor

from demos import ui
from demos.stylegan.latent import along, generator, groups, pictures, quality, w_of
from models.images import grid
from models.stylegan import Layer

TITLE = "Directions"
METHODS = ("GANSpace", "SeFa")
COUNT, STEPS, DRAWS = 6, 7, 4000


# What is computed.


@lru_cache(maxsize=16)
def directions(method: str, where: str) -> tuple[Tensor, Tensor]:
    """Unit directions in w, the strongest first, and how far w varies along each. -> (6, latent), (6,)."""
    w = w_of(range(20_000, 20_000 + DRAWS))
    w = w - w.mean(0)
    if method == "GANSpace":
        v = torch.linalg.svd(w, full_matrices=False)[2][:COUNT]
    else:
        layers = [m for m in generator().synthesis.modules() if isinstance(m, Layer)]
        chosen = range(len(layers)) if where == "All" else groups()[where]
        stacked = torch.cat([layers[k].affine.weight for k in chosen if k < len(layers)])
        v = torch.linalg.svd(stacked, full_matrices=False)[2][:COUNT]
    return v, (w @ v.T).std(0)


def effects(row: np.ndarray) -> str:
    """What changes from the first picture of a row to the last, in grey levels. row: (7, H, W, 3) uint8."""
    change = row[-1].astype(float) - row[0]
    half = change.shape[1] // 2
    light = change.mean()
    warm = (change[..., 0] - change[..., 2]).mean()
    turned = (change[:, :half] - change[:, half:]).mean()
    upper = (change[:half] - change[half:]).mean()
    told = [
        ("brighter", "darker", light),
        ("redder", "bluer", warm),
        ("brighter at the left", "brighter at the right", turned),
        ("brighter above", "brighter below", upper),
    ]
    said = [f"{up if v > 0 else down} by {abs(v):.0f}" for up, down, v in told if abs(v) >= 0.5]
    return f"{', '.join(said)} grey levels" if said else "less than one grey level in all of these"


def push_along(seed: int, method: str, where: str, reach: float) -> str:
    """A face pushed along six directions, seven steps each. seed: 0 to 9999. method: GANSpace or SeFa.

    where: All, Coarse, Middle or Fine, the layers that are pushed. reach: 0 to 5 deviations of w. Returns HTML.
    """
    seed, reach = ui.seed(seed), ui.number(reach, "Reach", 0, 5)
    ui.choice(method, "Method", METHODS)
    ui.choice(where, "Layers to push", ("All", *groups()))
    v, deviation = directions(method, where)
    ws = along(w_of([seed]))
    pushed = torch.zeros(ws.shape[1], 1)
    pushed[groups().get(where, range(len(pushed)))] = 1
    steps = torch.linspace(-reach, reach, STEPS)
    moved = torch.cat(
        [ws + s * d * pushed * axis for axis, d in zip(v, deviation, strict=True) for s in steps]
    )
    rows = pictures(moved).reshape(COUNT, STEPS, *(generator().size,) * 2, 3)
    return "".join(
        f"<figure>{ui.photo(grid(row, STEPS)[None], f'Direction {k}, seven steps', quality=quality())}"
        f"<figcaption><b>{k}</b> {effects(row)}</figcaption></figure>"
        for k, row in enumerate(rows, 1)
    ).join(("<div class='pushes'>", "</div>"))


# What is shown.


def build() -> None:
    ui.headline(
        "Directions without labels",
        "Nobody told the network what a smile is, yet some directions in w do one thing. What they mean is for you to "
        "see.",
    )
    with gr.Row(elem_classes=["columns", "wide"]):
        with ui.knobs():
            seed = ui.seed_slider("stylegan", 7, "pushed")
            method = gr.Radio(
                list(METHODS), value="GANSpace", label="Found by", elem_id="stylegan-method"
            )
            where = gr.Radio(
                ["All", *groups()],
                value="All",
                label="Layers to push",
                elem_id="stylegan-where",
            )
            reach = ui.slider("stylegan", "reach", "Reach, deviations", 0, 5, 2, 0.5)
        with ui.stage():
            shown = ui.html("", elem_id="directions", **ui.ASKS)
        ui.words(
            see=(
                "One face in the middle of each row, pushed both ways.",
                "Beside it, what changes from left to right, measured in pixels.",
            ),
            steps={
                "layers": "Push fine layers alone",
                "method": "Compare with SeFa",
            },
        )
    ui.mathematics(MATHEMATICS)
    knobs = [seed, method, where, reach]
    ui.first(push_along, knobs, [shown])
    turned = ui.on([*(k.input for k in knobs), shown.apply], push_along, knobs, shown)
    ui.in_page(
        turned.success,
        "(method, where) => { const at = document.querySelector('#directions'); "
        "if (method === 'SeFa') gml.did(at, 'method'); if (where === 'Fine') gml.did(at, 'layers'); }",
        [method, where],
    )
    ui.link("stylegan", pushed=seed, method=method, where=where, reach=reach)


MATHEMATICS = r"""
A push of strength $\alpha$ along a unit direction $\mathbf{v}$, in the layers $S$ that you choose, with $\sigma$ the
deviation of $\mathbf{w}$ along it:

$$\mathbf{w}^{(l)} \leftarrow \mathbf{w}^{(l)} + \alpha\,\sigma\,\mathbf{v} \qquad l \in S$$

**GANSpace** (Härkönen 2020, arXiv:2004.02546) takes the directions in which $\mathbf{w}$ varies most, from 4,000 draws:

$$\mathbf{v}_1 = \arg\max_{\lVert \mathbf{v} \rVert = 1} \;
\mathbb{E}\,\big(\mathbf{v}^\top (\mathbf{w} - \bar{\mathbf{w}})\big)^2$$

**SeFa** (Shen, Zhou 2020, arXiv:2007.06600) draws nothing. It takes the directions that the layers' own affine maps
$\mathbf{A}$, one above the other, lengthen most, and so the eigenvectors of $\mathbf{A}^\top \mathbf{A}$:

$$\mathbf{v}_1 = \arg\max_{\lVert \mathbf{v} \rVert = 1} \; \lVert \mathbf{A} \mathbf{v} \rVert^2$$

Each further direction does the same at right angles to those before it.
"""
