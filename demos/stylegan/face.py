"""One face with every knob: truncation and its cutoff, and what the noise in each layer does."""

import gradio as gr
import numpy as np
import torch

from demos import model_switch, ui
from demos.stylegan import network
from demos.stylegan.latent import PSI, fitting, groups, people, pictures, quality, styles
from demos.stylegan.network import SHIPPED
from models.images import to_uint8

TITLE = "One face"
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
    model = network.here(model)
    (who,), psi = people(person, "Face", 1, model), ui.number(psi, "psi", -1, 2)
    layers = network.layers(model)
    cutoff = ui.whole(cutoff, "Cutoff", 0, layers)
    ui.choice(noise, "Noise", KINDS)
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
        f"<div class='pair'><figure>{ui.photo(drawn, f'The face {person}', 1, quality(model))}<figcaption>Psi {psi:g} "
        f"in {cutoff} of {layers} layers, noise {noise}</figcaption></figure>"
        f"<figure>{ui.photo(to_uint8(shown), 'Bright where new noise changes the face')}<figcaption>Where new noise "
        f"changes it: by {spread.mean():.1f} of 255 grey levels on average, {spread.max():.1f} at most, more than half "
        f"of that in {share:.0%} of the pixels</figcaption></figure></div>"
    )


# What is shown.


def build() -> None:
    layers = network.layers(SHIPPED)
    ui.headline(
        "One face, every knob",
        "The styles say who it is, and psi how far from the mean face. The noise, new in every layer, only ruffles the "
        "details.",
    )
    with ui.columns():
        with ui.knobs():
            model, chosen = model_switch.build(
                "stylegan", network.titles(), network.cost, "face-model", api=False
            )
            person = gr.Textbox("7", label="Face: its seed", elem_id="stylegan-person")
            psi = ui.slider("stylegan", "face-psi", "Truncation psi", -1, 2, PSI, 0.05)
            cutoff = ui.slider("stylegan", "cutoff", "Layers with psi", 0, layers, layers)
            noise = gr.Radio(list(KINDS), value="fixed", label="Noise", elem_id="stylegan-noise")
            noise_seed = ui.seed_slider("stylegan", 1, "noise-seed", "Noise seed")
            ui.html("Noise strength, by layers", "note")
            with gr.Row(elem_classes="strengths"):
                strengths = [
                    ui.slider("stylegan", name.lower(), name, 0, 3, 1, 0.1) for name in groups()
                ]
        with ui.stage():
            shown = ui.html("", elem_id="one-face", **ui.ASKS)
        ui.words(
            see=(
                "Left, the face; right, where it depends on noise: bright pixels are those that fresh noise changes.",
                "Psi 1 leaves a face as it is, 0 is the mean face, below 0 everything about it is turned around.",
                "Where psi stops early, pose and shape are the mean face's, and the details its own.",
            ),
            steps={
                "opposite": "Push psi below 0: a face becomes its opposite",
                "cutoff": "Let psi reach the coarse layers only",
                "noise": "Take new noise, or none, and see what changes",
            },
        )
    ui.mathematics(MATHEMATICS)
    knobs = [person, psi, cutoff, noise, noise_seed, *strengths, model]
    ui.first(one_face, knobs, [shown])
    gestures = [
        person.submit,
        person.blur,
        noise.input,
        *(k.input for k in knobs if isinstance(k, gr.Slider)),
    ]
    turned = ui.on([*gestures, shown.apply], one_face, knobs, shown)

    def fit(person: str, model: str) -> tuple[str, gr.Slider]:
        """A face and a cutoff that another generator has too."""
        layers = network.layers(network.named(model))
        return fitting(person, model), gr.Slider(maximum=layers, value=layers)

    private = dict(api_visibility="private")
    fitted = ui.on(chosen, fit, [person, model], [person, cutoff], **private)
    ui.on(fitted.success, one_face, knobs, shown, **private)
    coarse = len(groups()["Coarse"])
    ui.in_page(
        turned.success,
        "(noise, psi, cutoff) => { const at = document.querySelector('#one-face'); "
        "if (noise !== 'fixed') gml.did(at, 'noise'); if (psi < 0) gml.did(at, 'opposite'); "
        f"if (cutoff > 0 && cutoff <= {coarse}) gml.did(at, 'cutoff'); }}",
        [noise, psi, cutoff],
    )
    names = dict(person=person, cutoff=cutoff, noise=noise)
    names |= dict(zip(("coarse", "middle", "fine"), strengths, strict=True))
    ui.link("stylegan", **names, **{"face-psi": psi, "noise-seed": noise_seed, "face-model": model})


MATHEMATICS = r"""
Truncation moves $\mathbf{w}$ towards its mean over all faces, in the first $c$ layers only, the coarsest:

$$\mathbf{w}^{(l)} = \begin{cases} \bar{\mathbf{w}} + \psi\,(\mathbf{w} - \bar{\mathbf{w}}) & l < c \\
\mathbf{w} & l \ge c \end{cases} \qquad \bar{\mathbf{w}} = \mathbb{E}_{\mathbf{z}}\, f(\mathbf{z})$$

Each layer then adds one picture of noise to all its channels, with one strength $\beta^{(l)}$ that was learned:

$$\mathbf{x}_i^{(l)} \leftarrow \mathbf{x}_i^{(l)} + \beta^{(l)}\, \mathbf{n}^{(l)}, \qquad
\mathbf{n}^{(l)} \sim \mathcal{N}(\mathbf{0}, \mathbf{I})$$

The knobs Coarse, Middle and Fine multiply $\beta^{(l)}$ in these layers. The right-hand picture is the deviation of
each pixel over draws of the noise, with the same $\mathbf{w}$ in all of them.
"""
