"""A face as sixty-four numbers: principal directions as sliders, the numbers themselves as bars."""

import time
from typing import Any

import gradio as gr
import torch
from torch import Tensor

import checkpoints
from demos import ui
from demos.likeness import likeness
from models.images import noise, to_uint8
from models.vae_faces import FaceVAE

TITLE = "Face dials"
NAME, LATENT = "vae-faces-64d", 64
SEED = 3  # before somebody turns the knob
FURTHEST, EDGE = 6.0, 3.0  # what z may be; the directions go from -EDGE to EDGE standard deviations


# What is computed.


def model() -> FaceVAE:
    return checkpoints.load(NAME)


def directions() -> tuple[Tensor, list[str]]:
    """Principal directions of the training faces' means, one standard deviation long, and what the first eight change.

    -> (64, 64), the longest first; 8 names.
    """
    return checkpoints.load(f"{NAME}-directions")["steps"], names()


def names() -> list[str]:
    """What the first eight directions change."""
    named = checkpoints.MANIFEST[f"{NAME}-directions"]["measured"]["names"]
    return [name or f"direction {k}" for k, name in enumerate(named, 1)]


def base(seed: int, face: str) -> Tensor:
    """Where the sliders start from: 64 numbers as text, or when there are none the draw of a seed. -> (1, 64)."""
    seed = ui.seed(seed)
    if not isinstance(face, str) or len(face) > 1000:
        raise ValueError(says())
    if not face.strip():
        return noise((LATENT,), [seed])
    try:
        z = torch.tensor([[float(v) for v in face.split(",")]])
    except ValueError:
        raise ValueError(says()) from None
    if z.shape[1] != LATENT or not (z.abs() <= FURTHEST).all():  # also refuses NaN
        raise ValueError(says())
    return z


def says() -> str:
    return f"A face is empty, or {LATENT} numbers from {-FURTHEST:g} to {FURTHEST:g} with commas between."


def moved(amounts) -> Tensor:
    """What the directions add to z. -> (1, 64)."""
    steps, _ = directions()
    amounts = [ui.number(a, f"Direction {k}", -EDGE, EDGE) for k, a in enumerate(amounts, 1)]
    return torch.tensor([amounts]) @ steps[: len(amounts)]


def shown(x: Tensor, alt: str, columns: int = 1) -> str:
    """Faces as one <img>. x: (n, 3, 64, 64) in [0, 1]."""
    return ui.photo(to_uint8(x), alt, columns)


def pictures(z: Tensor) -> Tensor:
    """The means x'(z). (n, 64) -> (n, 3, 64, 64), clipped to what a screen can show."""
    with torch.inference_mode():
        return model().decode(z).clamp(0, 1)


def decode_face(seed: int, face: str, *amounts: float) -> dict:
    """The face at a point of 64 dimensions. seed: 0 to 9999, a draw from the prior. face: empty, or 64 numbers from
    -6 to 6 with commas between, which then count instead. Then eight directions, -3 to 3 standard deviations each.

    Returns z, what the directions add to it, the picture (WebP as a data URI) and the ms.
    """
    added = moved(amounts)
    z = base(seed, face) + added
    start = time.perf_counter()
    picture = pictures(z)
    ms = 1000 * (time.perf_counter() - start)
    return dict(
        z=[round(v, 3) for v in z[0].tolist()],
        moved=[round(v, 3) for v in added[0].tolist()],
        picture=ui.data_uri(to_uint8(picture)),
        ms=round(ms, 2),
    )


def face_picture(seed: int, face: str, *amounts: float) -> str:
    """The same face to take home: a PNG of 512 pixels as a data URI; its metadata say that it is AI-generated."""
    z = base(seed, face) + moved(amounts)
    return ui.ai_png(to_uint8(pictures(z))[0], 8, f"a VAE ({NAME})")


# What is shown.


def build() -> None:
    measured = checkpoints.MANIFEST[NAME]["measured"]
    ui.headline(
        "A face as sixty-four numbers",
        "The same idea with colour and convolutions. Turn a direction in which faces differ most, or drag any of the "
        "sixty-four bars.",
    )
    with ui.columns():
        with ui.knobs():
            seed = ui.seed_slider("vae", SEED, name="face-seed", label="Seed of a face")
            dials = [
                ui.slider("vae", f"f{k}", name, -EDGE, EDGE, 0, 0.05)
                for k, name in enumerate(names(), 1)
            ]
            with gr.Row(elem_classes="two"):
                draw = gr.Button("Another face", variant="primary")
                zero = gr.Button("All to zero")
        with ui.stage():
            canvas = ui.canvas("face_dials", None, "face-dials")
            face = gr.Textbox("", visible=False)
            png = ui.html("", visible=False)
        ui.words(
            see=(
                "The bars are z: one draw from the prior, and nothing else decides the face.",
                "The directions are the principal components of where training faces land.",
                "One has a name where a measured change of the picture backs it.",
            ),
            steps={
                "face": "Push the face along a direction",
                "number": "Drag one of the sixty-four bars",
            },
        )
    ui.strip(
        [
            *likeness(measured),
            ("", "per face, on this server"),
            (f"{measured['parameters'] / 1e6:.2f} M", "parameters"),
        ],
        live="per face, on this server",
    )
    ui.mathematics(MATHEMATICS)
    knobs = [seed, face, *dials]
    ui.first(decode_face, knobs, [canvas])

    def decode(event) -> Any:
        return ui.on(event, decode_face, knobs, canvas, queue=False, api_visibility="private")

    turned = ui.on([dial.input for dial in dials], decode_face, knobs, canvas, queue=False)
    ui.in_page(turned.success, "() => gml.did(document.querySelector('#face-dials'), 'face')")
    decode(canvas.apply)
    # A new seed takes the place of numbers that were set by hand.
    forgotten = ui.in_page(seed.input, "() => (gml.face = '')", None, face)
    decode(forgotten.then)
    another = ui.in_page(
        draw.click, "(seed) => [(seed + 1) % 10000, (gml.face = '')]", seed, [seed, face]
    )
    decode(another.then)
    zeroed = ui.in_page(zero.click, f"() => {[0] * len(dials)}", None, dials)
    decode(zeroed.then)
    # Numbers set by hand, or a photo's: they live in the page's memory and outlive this view.
    by_hand = ui.in_page(canvas.input, "() => gml.face", None, face)
    decode(by_hand.then)
    saved = ui.on(canvas.download, face_picture, knobs, png)
    ui.in_page(saved.success, "(uri) => gml.save(uri, 'vae-face.png')", png)
    # Not the numbers themselves: they may be somebody's own photo, and an address is kept in many places.
    ui.link("vae", **{"face-seed": seed}, **{f"f{k}": dial for k, dial in enumerate(dials, 1)})


MATHEMATICS = r"""
Colour is no bit, so the decoder's Bernoulli becomes a Gaussian around the picture $\mathbf{x}'(\mathbf{z})$ that is
shown, with one $s = 0.5$ for all $D = 3 \cdot 64 \cdot 64$ values; the squared error comes from here:

$$\log p_\theta(\mathbf{x} \mid \mathbf{z}) = -\frac{\lVert \mathbf{x} - \mathbf{x}'(\mathbf{z}) \rVert^2}{2 s^2}
- D \log\!\left(s \sqrt{2\pi}\right)$$

Everything else is as for digits:
$\mathcal{L} = \mathbb{E}_q \log p_\theta(\mathbf{x} \mid \mathbf{z})
- \mathrm{KL}(q_\phi(\mathbf{z} \mid \mathbf{x}) \,\|\, p(\mathbf{z}))$.

The directions $\mathbf{v}_k$ are eigenvectors of the covariance of $\boldsymbol\mu$ over 24,000 training faces, one
standard deviation $\sqrt{\lambda_k}$ long. The sliders $a_k$ add to the draw $\mathbf{z}_0$:

$$\mathrm{Cov}(\boldsymbol\mu)\, \mathbf{v}_k = \lambda_k \mathbf{v}_k \qquad
\mathbf{z} = \mathbf{z}_0 + \sum_{k=1}^{8} a_k \sqrt{\lambda_k}\, \mathbf{v}_k$$
"""
