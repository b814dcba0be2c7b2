"""From one face to another, and why a VAE's faces are blurred."""

from collections.abc import Callable

import gradio as gr
import torch

from demos import ui
from demos.vae.faces import LATENT, directions, model, pictures
from models.images import noise, to_uint8
from models.vae import slerp
from models.vae_faces import draw

STILLS = 9
GUESSES, SHOWN = 64, 4  # faces that are averaged, and how many of them are shown


# What is computed.


def shown(x, alt: str, columns: int = 1) -> str:
    """Faces as one <img>. x: (n, 3, 64, 64) in [0, 1]."""
    return ui.photo(to_uint8(x), alt, columns)


def face_walk(seed_a: int, seed_b: int) -> str:
    """From one drawn face to another, straight and along the arc. seed_a, seed_b: 0 to 9999. Returns HTML."""
    a, b = noise((LATENT,), [ui.seed(seed_a), ui.seed(seed_b)])
    t = torch.linspace(0, 1, STILLS)
    roads = {"straight": a + t[:, None] * (b - a), "along the arc": slerp(a, b, t)}
    return (
        "<div class='stills'>"
        + "".join(
            f"<figure>{shown(pictures(z), f'{STILLS} faces, {how}', STILLS)}<figcaption>{how}: comes as close to the "
            f"middle as {z.norm(dim=1).min():.1f}</figcaption></figure>"
            for how, z in roads.items()
        )
        + "</div>"
    )


def why_blurred(seed: int, kept: int) -> str:
    """What a squared error does with what it is not told. seed: 0 to 9999. kept: 0 to 64 directions of z are known.

    The face of the seed, faces that agree with it in what is known and are drawn anew in the rest, their mean, and a
    true draw from p(x | z), as HTML.
    """
    seed, kept = ui.seed(seed), ui.whole(kept, "Directions known", 0, LATENT)
    z = noise((1, LATENT), [seed])[0]
    steps = directions()[0]
    axes = steps / steps.norm(dim=1, keepdim=True)  # orthonormal: N(0, I) along them too
    at = (z @ axes.T).expand(GUESSES, -1).clone()
    others = noise((LATENT,), range(ui.LARGEST_SEED + 1, ui.LARGEST_SEED + 1 + GUESSES))
    at[:, kept:] = others[:, kept:]
    guesses = pictures(at @ axes)
    mean = guesses.mean(0, keepdim=True)
    apart = (guesses - mean).square().mean().sqrt().item()
    grain = draw(model(), z, noise((3, 64, 64), [seed])).clamp(0, 1)
    cells = [
        (shown(pictures(z), "The face of the seed"), "the face"),
        (
            shown(guesses[:SHOWN], "Faces that agree with it in what is known", 2),
            f"{SHOWN} of {GUESSES} that fit",
        ),
        (
            shown(mean, "Their mean"),
            f"their mean: the best guess. They are {255 * apart:.0f} grey levels apart",
        ),
        (shown(grain, "A draw from p(x given z)"), f"a true draw from p(x | z), s = {model().s:g}"),
    ]
    return (
        "<div class='cells'>"
        + "".join(
            f"<figure>{picture}<figcaption>{words}</figcaption></figure>"
            for picture, words in cells
        )
        + "</div>"
    )


# What is shown.


def build(opened: Callable) -> None:
    ui.section(
        "From one face to another",
        "Two draws from the prior, and what the decoder makes of the way.",
    )
    with gr.Row(elem_classes="complete"):
        with gr.Column(min_width=0):
            start = ui.seed_slider("vae", 11, name="face-from", label="From, seed")
            end = ui.seed_slider("vae", 18, name="face-to", label="To, seed")
        walk = ui.html("", elem_id="face-walk")
    ui.on([start.input, end.input], face_walk, [start, end], walk, queue=False)
    ui.on(opened, face_walk, [start, end], walk, queue=False, api_visibility="private")
    ui.link("vae", **{"face-from": start, "face-to": end})

    ui.section(
        "Why it is blurred",
        "Sixty-four numbers cannot hold every hair. What they leave open, many faces would fit, and the squared error "
        "of a Gaussian is smallest at their mean.",
    )
    with gr.Row(elem_classes="complete"):
        with gr.Column(min_width=0):
            seed = ui.seed_slider("vae", 3, name="blur-seed", label="Seed of the face")
            kept = ui.slider("vae", "known", "Directions known", 0, LATENT, 6)
            ui.html(
                "Fewer known directions, more faces that fit, a softer mean. A VAE with 64 numbers stands before the "
                "same choice for everything that is finer.",
                "note",
            )
        cells = ui.html("", elem_id="why-blurred")
    done = ui.on([seed.input, kept.input], why_blurred, [seed, kept], cells, queue=False)
    ui.in_page(
        done.success,
        "(_, known) => { if (known === 0) gml.did(document.querySelector('#why-blurred'), 'blur'); }",
        [seed, kept],
    )
    ui.on(opened, why_blurred, [seed, kept], cells, queue=False, api_visibility="private")
    ui.link("vae", **{"blur-seed": seed, "known": kept})
