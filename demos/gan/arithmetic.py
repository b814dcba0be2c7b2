"""Faces added and taken away: sums of the noise behind them."""

import gradio as gr
import torch
from torch import Tensor

from demos import ui
from demos.gan.training import LATENT, draw, moments, networks
from models.images import grid, noise, to_uint8

TITLE = "Arithmetic"
GALLERY, MOST = 24, 3  # faces to choose from; of each kind in a sum
REAL = 16  # of the gallery: those that the first sum is made of


# What is computed.


def seeds(text, name: str) -> list[int]:
    """One to three seeds with commas between. Raises ValueError."""
    says = (
        f"{name} holds 1 to {MOST} whole numbers from 0 to {ui.LARGEST_SEED}, with commas between."
    )
    if not isinstance(text, str) or len(text) > 40 or not text.isascii():
        raise ValueError(says)
    parts = [part.strip() for part in text.split(",")]
    if not 1 <= len(parts) <= MOST or not all(part.isdigit() for part in parts):
        raise ValueError(says)
    if max(map(int, parts)) > ui.LARGEST_SEED:
        raise ValueError(says)
    return [int(part) for part in parts]


def as_long_as_noise(z: Tensor) -> Tensor:
    """At the length that noise has: means are shorter, sums longer, and the generator has met neither. (n, 100)."""
    return z * (LATENT**0.5 / z.norm(dim=1, keepdim=True).clamp(min=1e-6))


def arithmetic(a: str, b: str, c: str) -> str:
    """The face at mean(a) - mean(b) + mean(c). a, b, c: one to three seeds each, as text with commas between.

    Returns the sum in pictures as HTML, and below it the same with only the first face of each.
    """
    terms = [noise((LATENT,), seeds(text, name)) for text, name in ((a, "A"), (b, "B"), (c, "C"))]

    def row(z: list[Tensor], what: str) -> str:
        total = z[0] - z[1] + z[2]
        pictures = to_uint8(draw(as_long_as_noise(torch.stack([*z, total]))))
        names = ("A", "B", "C", "A − B + C")
        cells = [
            f"<figure>{ui.photo(p[None], name)}<figcaption>{name}</figcaption></figure>"
            for p, name in zip(pictures, names, strict=True)
        ]
        signs = [f"<b aria-hidden='true'>{sign}</b>" for sign in "−+="]
        parts = [cells[0], *(part for pair in zip(signs, cells[1:], strict=True) for part in pair)]
        return f"<div class='sum'>{''.join(parts)}</div><p class='note'>{what}</p>"

    return row([t.mean(0) for t in terms], "With the mean of the faces of each kind") + row(
        [t[0] for t in terms],
        "With the first one of each only: one face brings along everything else that it is",
    )


def gallery() -> str:
    """The faces of the first seeds, as one sheet for the page."""
    z = noise((LATENT,), range(GALLERY))
    return ui.data_uri(grid(to_uint8(draw(z)), GALLERY)[None], quality=70)


def first_sum() -> tuple[str, str, str]:
    """Three sets of three to begin with, by two measurements, not by eye.

    Of the faces that D finds most real A are the brightest at the top, B the darkest, C the next darkest.
    """
    faces, d = draw(noise((LATENT,), range(GALLERY))), networks(moments()[-1])[1]
    with torch.inference_mode():
        real = d(2 * faces - 1).argsort(descending=True)[:REAL]
    top = faces[real][:, :, 2:12, 20:44].mean((1, 2, 3))
    darkest = real[top.argsort()].tolist()
    return tuple(
        ", ".join(map(str, sorted(part))) for part in (darkest[-3:], darkest[:3], darkest[3:6])
    )


# What is shown.


def build() -> None:
    ui.headline(
        "Faces, added and taken away",
        "Three faces that share something, less three that lack it, plus three to give it to: the sum is made of their "
        "noise.",
    )
    with ui.columns():
        with ui.knobs():
            labels = dict(a="A, these", b="B, less these", c="C, plus these")
            boxes = [
                gr.Textbox(label=label, elem_id=f"gan-{name}", max_length=40)
                for name, label in labels.items()
            ]
        with ui.stage():
            faces = ui.canvas("gallery", "", "gallery", count=GALLERY, most=MOST)
            total = ui.html("", elem_id="face-sum")
        ui.words(
            see=(
                f"At first: of the {REAL} faces here that D finds most real, A are the brightest at the top, B the "
                "darkest, C the next darkest.",
                "A mean of three faces keeps what they share; one face alone brings along everything else it is.",
            ),
            steps={"sum": "Put another face into the sum"},
        )
    ui.mathematics(MATHEMATICS)
    ui.first(gallery, [], [faces])
    ui.first(first_sum, [], boxes)
    ui.first(arithmetic, boxes, [total])
    typed = ui.on([box.submit for box in boxes], arithmetic, boxes, total, queue=False)
    ui.on(faces.apply, arithmetic, boxes, total, queue=False, api_visibility="private")
    chosen = ui.in_page(
        faces.select,
        "(...texts) => document.querySelector('#gallery [data-box]').choose(texts)",
        boxes,
        boxes,
    )
    picked = ui.on(chosen.then, arithmetic, boxes, total, queue=False, api_visibility="private")
    for done in (typed, picked):
        ui.in_page(done.success, "() => gml.did(document.querySelector('#face-sum'), 'sum')")
    ui.link("gan", **dict(zip("abc", boxes, strict=True)))


MATHEMATICS = r"""
The sum of the means of the noise of each kind, brought back to the length that noise has:

$$\mathbf{z} = \bar{\mathbf{z}}_A - \bar{\mathbf{z}}_B + \bar{\mathbf{z}}_C \qquad
\mathbf{z} \leftarrow \sqrt{n}\,\frac{\mathbf{z}}{\lVert \mathbf{z} \rVert},\quad n = 100$$

(Radford, Metz, Chintala 2015, section 6.3.2.) The mean of three draws is only $\sqrt{n / 3}$ long, and the sum of
three such means is $\sqrt{n}$ long on average: the second step evens out what is left.
"""
