"""One's own face: encoded, decoded, and what the model leaves to chance."""

from collections.abc import Callable, Sequence

import gradio as gr
import torch
from torch import Tensor

from demos import photo as photos
from demos import ui
from demos.gan import training as gan
from demos.vae.faces import FURTHEST, model, pictures
from demos.vae.faces_between import shown
from models.images import noise
from models.vae import kl

# What is computed.


def encode_photo(photo: str) -> tuple[str, str]:
    """Encode a photo of one face. photo: a data URL of a JPEG, PNG or WebP, at most 4096 pixels a side.

    Returns mu of q(z | x), 64 numbers with commas between, for the sliders; and as HTML the aligned face, its
    reconstruction, and what is left. The photo is kept nowhere.
    """
    aligned, both_eyes = photos.face(photo)
    x = torch.from_numpy(aligned).permute(2, 0, 1)[None].float() / 255
    note = "" if both_eyes else "; an eye was not found and is placed by the face"
    return taken_apart(x, f"your face, the eyes where training has them{note}")


def taken_apart(x: Tensor, words: str) -> tuple[str, str]:
    """What encode_photo returns, for an aligned face. x: (1, 3, 64, 64) in [0, 1]; words: what it is."""
    with torch.inference_mode():
        mu, log_var = model().encode(x)
    again, cost = pictures(mu), kl(mu, log_var).sum().item()
    left = x - again
    error = left.square().mean().sqrt().item()
    # Grey noise as strong as what is left: what a Gaussian with independent values takes it for.
    taken = torch.randn(left.shape, generator=torch.Generator().manual_seed(0)) * error
    cells = [
        (
            shown(x, "The face that is encoded"),
            words,
        ),
        (
            shown(again, "What the decoder makes of its sixty-four numbers"),
            f"decoded from 64 numbers, {cost:.0f} nats",
        ),
        (
            shown((0.5 + 2 * left).clamp(0, 1), "What is left: the difference, twice as strong"),
            f"what is left, twice as strong: {255 * error:.0f} grey levels. It has edges and hair in it",
        ),
        (
            shown((0.5 + 2 * taken).clamp(0, 1), "Noise of the same strength"),
            "what the likelihood takes it for: noise with no pattern, so nothing worth a number in z",
        ),
    ]
    z = ",".join(f"{v:.3f}" for v in mu[0].clamp(-FURTHEST, FURTHEST).tolist())
    return z, "<div class='cells'>" + "".join(
        f"<figure>{picture}<figcaption>{said}</figcaption></figure>" for picture, said in cells
    ) + "</div>"


def example_face() -> str:
    """Until there is a photo: what encode_photo says of a face of nobody, by the house's own GAN. Returns HTML."""
    return taken_apart(
        gan.draw(noise((gan.LATENT,), [4])), "a face that a GAN has drawn; now yours"
    )[1]


# What is shown.


def build(face: gr.Textbox, dials: Sequence[gr.Slider], decode: Callable, opened: Callable) -> None:
    """face: the text that the sliders start from; dials: those; decode(event): draws with them.
    opened: the tab is first looked at.
    """
    ui.section(
        "Your own face",
        "Encode a photo: what survives in sixty-four numbers, and what does not. Then turn its directions above.",
    )
    with gr.Row(elem_classes="complete"):
        with gr.Column(min_width=0):
            chosen = ui.canvas("photo", "", "own-photo", done_with_it="encoded")
        cells = ui.html("", elem_id="own-face")
    ui.on(opened, example_face, None, cells, queue=False)
    encoded = ui.on(chosen.input, encode_photo, chosen, [face, cells], show_progress="minimal")
    start = ui.in_page(encoded.success, f"() => {[0] * len(dials)}", None, dials)
    decode(start.then)
    ui.in_page(encoded.success, "() => gml.did(document.querySelector('#own-photo'), 'photo')")
