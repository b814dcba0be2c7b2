"""The same noise at several moments of training, and what D thought of it then."""

import time
from functools import lru_cache

import gradio as gr
import torch
from torch import Tensor

import checkpoints
from demos import ui
from demos.likeness import likeness
from models.dcgan import Discriminator, Generator, sample
from models.images import grid, noise, to_uint8

TITLE = "While it learns"
NAME, LATENT, FACES = "dcgan-faces", 100, 6
SEED = 0  # before somebody turns the knob


# What is computed.


def moments() -> list[int]:
    """How many images training had seen at each moment; the last is the averaged generator that ships."""
    checkpoints.load(f"{NAME}-moments")  # says what is wrong if it is not to be had
    return checkpoints.MANIFEST[f"{NAME}-moments"]["measured"]["images"]


@lru_cache(maxsize=16)
def networks(images: int) -> tuple[Generator, Discriminator | None]:
    """G and D as they were, frozen. D is None before it has learned anything."""
    kept = checkpoints.load(f"{NAME}-moments")

    def fill(model, net: str):
        start = f"{images}.{net}."
        weights = {key.removeprefix(start): t for key, t in kept.items() if key.startswith(start)}
        if not weights:
            return None
        model.load_state_dict(weights)
        return model.eval().requires_grad_(False)

    config = checkpoints.MANIFEST[NAME]["config"]
    g = fill(Generator(**config), "g") or checkpoints.load(NAME)
    return g, fill(Discriminator(config["width"]), "d")


def draw(z: Tensor) -> Tensor:
    """By the generator that ships. z: (n, 100) -> (n, 3, 64, 64) in [0, 1]."""
    return (sample(checkpoints.load(NAME), z) + 1) / 2


def learn(seed: int) -> tuple[dict, str]:
    """Six draws of noise through the generator at several moments of its training. seed: 0 to 9999.

    Returns a sheet (WebP as a data URI) with a row for each moment and a column for each noise, how many images
    training had seen, D(G(z)) of the discriminator of that moment (null before it has learned), and the ms of one face
    now; then the equations.
    """
    seed, shown = ui.seed(seed), moments()
    z = noise((FACES, LATENT), [seed])[0]
    rows, verdicts = [], []
    for images in shown:
        g, d = networks(images)
        x = sample(g, z)
        rows.append(x)
        with torch.inference_mode():
            verdicts.append(None if d is None else [round(v, 4) for v in d(x).sigmoid().tolist()])
    start = time.perf_counter()
    sample(g, z[:1])
    ms = 1000 * (time.perf_counter() - start)
    value = dict(
        sheet=ui.data_uri(grid(to_uint8(torch.cat(rows), -1, 1), FACES)[None], quality=80),
        images=shown,
        verdicts=verdicts,
        seed=seed,
        ms=round(ms, 2),
    )
    return value, equations(verdicts[-1])


def faces_picture(seed: int) -> str:
    """The six faces after training, to take home: a PNG as a data URI; its metadata say "AI-generated"."""
    z = noise((FACES, LATENT), [ui.seed(seed)])[0]
    return ui.ai_png(grid(to_uint8(draw(z)), 3), 6, f"a DCGAN ({NAME})")


def equations(verdict: list[float]) -> str:
    """The lecture's game with the verdict on six faces put in."""
    v = torch.tensor(verdict).clamp(1e-6, 1 - 1e-6)
    percent = ", ".join(rf"${100 * p:.0f}\,\%$" for p in verdict)
    fooled, caught = -v.log().mean().item(), -(1 - v).log().mean().item()
    return rf"""
Both networks play for one value. $D$ wants it large, $G$ small:

$$\min_G \max_D\; V(D, G) = \mathbb{{E}}_{{\mathbf{{x}}}} \log D(\mathbf{{x}})
+ \mathbb{{E}}_{{\mathbf{{z}}}} \log (1 - D(G(\mathbf{{z}})))$$

The best $D$ for a given $G$ compares two densities, and where they are the same it can only guess:

$$D^*(\mathbf{{x}}) = \frac{{p(\mathbf{{x}})}}{{p(\mathbf{{x}}) + q_G(\mathbf{{x}})}}
\qquad p = q_G \;\Rightarrow\; D^* = \tfrac{{1}}{{2}},\quad V = -2 \log 2$$

For your six faces $D$ says {percent} real, so that

$$-\tfrac{{1}}{{6}} \sum \log (1 - D(G(\mathbf{{z}}))) = {caught:.2f}
\qquad -\tfrac{{1}}{{6}} \sum \log D(G(\mathbf{{z}})) = {fooled:.2f}$$

$D$ is trained to make the left number small, $G$ the right one. Why not the left one with its sign turned, as the
value says? When $D$ is sure, $\log(1 - D)$ is flat and $G$ would learn nothing; $-\log D$ is steep there.
"""


# What is shown.


def build() -> None:
    measured = checkpoints.MANIFEST[NAME]["measured"]
    ui.headline(
        "Two networks play, and one learns to draw",
        "One makes faces out of noise, the other tells them from real ones. Watch the first get better because the "
        "second does.",
    )
    with ui.columns():
        with ui.knobs():
            ui.html("<p class='model-name'>DCGAN on faces, 64 by 64</p>")
            seed = ui.seed_slider("gan", SEED)
            another = gr.Button("Other noise", variant="primary")
        with ui.stage():
            canvas = ui.canvas("training", None, "training")
            png = ui.html("", visible=False)
        ui.words(
            see=(
                "Six draws of noise, each always the same; what changes is the generator.",
                "Under a face: how sure the discriminator of that moment is that it is real.",
                "At every moment kept here D is ahead; G follows what D has learned.",
            ),
            steps={
                "scrub": "Scrub from the first moment to the last",
                "noise": "Take other noise",
            },
        )
    ui.strip(
        [
            ("none", "likelihood: a GAN has none"),
            *likeness(measured),
            ("", "per face, on this server"),
            (f"{measured['parameters'] / 1e6:.1f} M", "parameters"),
        ],
        live="per face, on this server",
    )
    math = ui.mathematics()
    ui.first(learn, [seed], [canvas, math])
    turned = ui.on([seed.input, canvas.apply], learn, seed, [canvas, math], queue=False)
    next_seed = ui.in_page(another.click, "(seed) => (seed + 1) % 10000", seed, seed)
    pressed = ui.on(
        next_seed.then, learn, seed, [canvas, math], queue=False, api_visibility="private"
    )
    for done in (turned, pressed):
        ui.in_page(done.success, "() => gml.did(document.querySelector('#training'), 'noise')")
    saved = ui.on(canvas.select, faces_picture, seed, png)
    ui.in_page(saved.success, "(uri, seed) => gml.save(uri, `dcgan-seed${seed}.png`)", [png, seed])
    ui.link("gan", seed=seed)
