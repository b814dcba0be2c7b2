"""A face as sixty-four numbers: principal directions as sliders, the numbers themselves as bars."""

import time
from collections.abc import Callable

import gradio as gr
import torch
from torch import Tensor

import checkpoints
from demos import ui
from models.images import noise, to_uint8
from models.vae_faces import FaceVAE

NAME, LATENT = "vae-faces-64d", 64
FURTHEST, EDGE = 6.0, 3.0  # what z may be; the directions go from -EDGE to EDGE standard deviations


# What is computed.


def model() -> FaceVAE:
    return checkpoints.load(NAME)


def directions() -> tuple[Tensor, list[str]]:
    """Principal directions of the training faces' means, one standard deviation long, and what the first eight change.

    -> (64, 64), the longest first; 8 names.
    """
    steps = checkpoints.load(f"{NAME}-directions")["steps"]
    measured = checkpoints.MANIFEST[f"{NAME}-directions"]["measured"]
    names = [name or f"direction {k}" for k, name in enumerate(measured["names"], 1)]
    return steps, names


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


def build() -> tuple[gr.Textbox, list[gr.Slider], Callable, Callable]:
    """Gives the text that the sliders start from, the sliders, decode(event), which draws with them, and the event
    that fires when the tab is first looked at.
    """
    _, names = directions()
    zeros = [0] * len(names)
    first = decode_face(3, "", *zeros)
    measured = checkpoints.MANIFEST[NAME]["measured"]
    ui.section(
        "A face as sixty-four numbers",
        "The same idea with colour and convolutions. Turn a direction in which faces differ most, "
        "or drag any of the sixty-four bars.",
    )
    with gr.Row(elem_classes="faces"):
        with gr.Column(min_width=0):
            seed = ui.seed_slider("vae", 3, name="face-seed", label="Seed of a face")
            dials = [
                ui.slider("vae", f"f{k}", name, -EDGE, EDGE, 0, 0.05)
                for k, name in enumerate(names, 1)
            ]
            with gr.Row():
                draw = gr.Button("Draw another face", variant="primary")
                zero = gr.Button("Directions to zero")
            ui.html(
                "Directions are the principal components of where training faces land. One has a name where a "
                "measured change of the picture backs it.",
                "note",
            )
        with gr.Column(min_width=0):
            canvas = ui.canvas("face_dials", first, "face-dials")
    face = gr.Textbox("", visible=False)
    png = ui.html("", visible=False)
    ui.strip(
        [
            (f"{measured['fd_mobilenetv2']:.0f}", "FD-MobileNetV2 of draws from the prior"),
            (f"{measured['floor_fd_mobilenetv2']:.0f}", "the same for real faces: the floor"),
            (f"{measured['precision']:.0%}", "precision: draws that could be real"),
            (f"{measured['recall']:.0%}", "recall: real faces that could be drawn"),
            (f"{measured['parameters'] / 1e6:.2f} M", "parameters, 64 dimensions"),
        ]
    )
    knobs = [seed, face, *dials]

    def decode(event) -> None:
        ui.on(event, decode_face, knobs, canvas, queue=False, api_visibility="private")

    turned = ui.on([dial.input for dial in dials], decode_face, knobs, canvas, queue=False)
    ui.in_page(turned.success, "() => gml.did(document.querySelector('#face-dials'), 'face')")
    decode(canvas.apply)
    # A new seed takes the place of numbers that were set by hand.
    forgotten = ui.in_page(seed.input, "() => ''", None, face)
    decode(forgotten.then)
    another = ui.in_page(draw.click, "(seed) => [(seed + 1) % 10000, '']", seed, [seed, face])
    decode(another.then)
    zeroed = ui.in_page(zero.click, f"() => {zeros}", None, dials)
    decode(zeroed.then)
    by_hand = ui.in_page(
        canvas.input,
        "() => document.querySelector('#face-dials [data-face]').dataset.face",
        None,
        face,
    )
    decode(by_hand.then)
    saved = ui.on(canvas.download, face_picture, knobs, png)
    ui.in_page(saved.success, "(uri) => gml.save(uri, 'vae-face.png')", png)
    # Not the numbers themselves: they may be somebody's own photo, and an address is kept in many places.
    ui.link("vae", **{"face-seed": seed}, **{f"f{k}": dial for k, dial in enumerate(dials, 1)})
    return face, dials, decode, canvas.select
