"""One face with every knob: truncation and its cutoff, and what the noise in each layer does."""

from collections.abc import Callable

import gradio as gr
import numpy as np
import torch

import checkpoints
from demos import plots, ui
from demos.stylegan import network
from demos.stylegan.latent import PSI, fitting, groups, people, pictures, quality, styles
from demos.stylegan.network import SHIPPED
from models.images import to_uint8

KINDS = ("fixed", "new", "off")
TRIES, FEW = 8, 2  # draws of the noise that show where it works; where a picture takes long
SIDE = 512  # pixels of a picture, at most


# What is computed.


def grain(kind: str, seed: int, strengths: dict[str, float], model: str = SHIPPED) -> list:
    """Noise for every layer, times what its group gets."""
    noises = network.generator(model).noise(kind, torch.Generator().manual_seed(seed))
    group_of = {k: name for name, layers in groups(model).items() for k in layers}
    return [None if n is None else n * strengths[group_of[k]] for k, n in enumerate(noises)]


def one_face(
    person: str,
    psi: float,
    cutoff: int,
    noise: str,
    noise_seed: int,
    coarse: float,
    middle: float,
    fine: float,
    model: str = SHIPPED,
) -> str:
    """A face, and where its noise works. person: a seed, or one for each layer. psi: -1 to 2.

    cutoff: how many layers psi reaches, the coarsest first. noise: fixed, new (by noise_seed, 0 to 9999) or off.
    coarse, middle, fine: strength of the noise in these layers, 0 to 3, 1 as trained. model: as for mix_styles.
    Returns HTML.
    """
    model = network.named(model)
    (who,), psi = people(person, "Face", 1, model), ui.number(psi, "psi", -1, 2)
    layers = network.layers(model)
    cutoff = ui.whole(cutoff, "Cutoff", 0, layers)
    if noise not in KINDS:
        raise ValueError(f"Noise is one of {', '.join(KINDS)}.")
    noise_seed = ui.whole(noise_seed, "Seed of the noise", 0, ui.LARGEST_SEED)
    asked = dict(Coarse=coarse, Middle=middle, Fine=fine)
    strengths = {n: ui.number(v, f"Noise in {n.lower()} layers", 0, 3) for n, v in asked.items()}
    tries = TRIES if network.quick(model) else FEW
    with network.alone(model, 1 + tries):
        ws = styles([who], psi, cutoff, model)

        def draw(kind: str, seed: int) -> np.ndarray:
            return pictures(ws, grain(kind, seed, strengths, model), model, SIDE)

        drawn = draw(noise, noise_seed)
        spread = (
            np.concatenate([draw("new", k) for k in range(tries)]).std(0).mean(-1)
        )  # (size, size)
    shown = torch.from_numpy(spread / max(spread.max(), 1e-6))[None, None].expand(1, 3, -1, -1)
    share = (spread > spread.max() / 2).mean()
    return (
        f"<div class='pair'><figure>{ui.photo(drawn, f'The face {person}', 1, quality(model))}<figcaption>psi {psi:g} "
        f"in {cutoff} of {layers} layers, noise {noise}</figcaption></figure>"
        f"<figure>{ui.photo(to_uint8(shown), 'Bright where new noise changes the face')}<figcaption>Where "
        f"new noise changes it: by {spread.mean():.1f} grey levels of 255 on average, {spread.max():.1f} at most; more "
        f"than half of that in {share:.0%} of the pixels</figcaption></figure></div>"
    )


# What is shown.


def build(opened: Callable, model: gr.Textbox, another: Callable) -> None:
    """model: the name of the generator; another: when the matrix has been drawn with another one."""
    layers = network.layers(SHIPPED)
    ui.section(
        "One face, every knob",
        "The styles say who it is. The noise, new in every layer, only ruffles the details.",
    )
    with gr.Row(elem_classes="faces"):
        with gr.Column(min_width=0, elem_classes="knobs"):
            person = gr.Textbox(
                "7", label="Face: a seed, or one for each layer", elem_id="stylegan-person"
            )
            psi = ui.slider("stylegan", "face-psi", "Truncation psi", -1, 2, PSI, 0.05)
            cutoff = ui.slider("stylegan", "cutoff", "Layers that psi reaches", 0, layers, layers)
            noise = gr.Radio(list(KINDS), value="fixed", label="Noise", elem_id="stylegan-noise")
            noise_seed = ui.seed_slider("stylegan", 1, "noise-seed", "Seed of new noise")
            strengths = [
                ui.slider("stylegan", name.lower(), f"Noise, {name.lower()} layers", 0, 3, 1, 0.1)
                for name in groups()
            ]
        first = one_face("7", PSI, layers, "fixed", 1, 1, 1, 1)
        shown = ui.html(first, elem_id="one-face")
    knobs = [person, psi, cutoff, noise, noise_seed, *strengths, model]
    gestures = [
        person.submit,
        person.blur,
        noise.input,
        *(k.input for k in knobs if isinstance(k, gr.Slider)),
    ]
    turned = ui.on([*gestures, opened], one_face, knobs, shown)

    def fit(person: str, model: str) -> tuple[str, gr.Slider]:
        """A face and a cutoff that another generator has too."""
        layers = network.layers(network.named(model))
        return fitting(person, model), gr.Slider(maximum=layers, value=layers)

    private = dict(api_visibility="private")
    fitted = ui.on(another, fit, [person, model], [person, cutoff], **private)
    ui.on(fitted.success, one_face, knobs, shown, **private)
    ui.in_page(
        turned.success,
        "(noise) => { if (noise !== 'fixed') gml.did(document.querySelector('#one-face'), 'noise'); }",
        noise,
    )
    measured = checkpoints.MANIFEST[SHIPPED]["measured"]
    ui.section(
        "What psi costs",
        "Nearer to the mean face, faces look more like faces, and more like each other. Precision counts the first, "
        "recall the second.",
    )
    curves = dict(precision=measured["psi_precision"], recall=measured["psi_recall"])
    ui.html(plots.lines(measured["psi"], curves, "psi; 2,779 faces each"), "psi-costs")
    names = dict(
        person=person,
        cutoff=cutoff,
        noise=noise,
        coarse=strengths[0],
        middle=strengths[1],
        fine=strengths[2],
    )
    ui.link("stylegan", **names, **{"face-psi": psi, "noise-seed": noise_seed})
