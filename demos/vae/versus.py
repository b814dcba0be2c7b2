"""AE against VAE: the same two numbers decoded by an autoencoder, a VAE and principal components, side by side."""

import base64
import time
from functools import lru_cache

import gradio as gr
import torch
from torch import Tensor

import checkpoints
from demos import ui
from demos.vae.latent import EDGE, latent
from demos.vae.plane import PLANE, dots_of, sheet_of
from models.images import noise, to_uint8

TITLE = "AE against VAE"
MODELS = {"AE": "vae-beta-2d-0", "VAE": "vae-beta-2d-1", "PCA": "pca-mnist"}
SHOWN = ("a point", "draws from N(0, I)", "around a digit")
WALL, DIGITS = 16, 1000  # pictures of a wall, test digits on the maps
WIDEST = 1.0  # radius
OPENING = 7  # the test digit that "around a digit" begins with: the first 9 of the test set


# What is computed.


def decode(name: str, z: Tensor) -> Tensor:
    """Pictures from two numbers each. name: of MODELS; z: (n, 2) -> (n, 1, 28, 28) in [0, 1]."""
    kept = checkpoints.load(MODELS[name])
    with torch.inference_mode():
        if name != "PCA":
            return kept.decode(z).sigmoid()
        flat = kept["mean"] + (z * kept["std"][:2]) @ kept["components"][:2]
        return flat.clamp(0, 1).view(-1, 1, 28, 28)


def codes(name: str) -> Tensor:
    """Where the same test digits land. -> (DIGITS, 2)."""
    entry = MODELS[name] if name == "PCA" else f"{MODELS[name]}-means"
    return checkpoints.load(entry)["means"][:DIGITS]


def digits() -> Tensor:
    """Which digits they are. -> (DIGITS,)."""
    return checkpoints.load(f"{MODELS['VAE']}-means")["labels"][:DIGITS]


def side_by_side(
    shown: str, z1: float, z2: float, digit: int, radius: float, seed: int
) -> dict[str, object]:
    """The same question to an autoencoder, a VAE and PCA of two dimensions each.

    shown: "a point" z1, z2 (-3 to 3), sixteen "draws from N(0, I)", or sixteen codes "around a digit" of the test set
    (0 to 999), radius 0 to 1 away. seed: of the draws. Returns the point of each model, the sixteen epsilon, and the
    pictures as 784 bytes each (base64).
    """
    ui.choice(shown, "Shown", SHOWN)
    point, digit = latent([z1, z2]), ui.whole(digit, "Digit", 0, DIGITS - 1)
    radius, seed = ui.number(radius, "Radius", 0, WIDEST), ui.seed(seed)
    epsilon = noise((WALL, 2), [seed])[0]
    start, points, ink = time.perf_counter(), {}, {}
    for name in MODELS:
        at = codes(name)[digit, None] if shown == "around a digit" else point
        z = {"a point": at, "draws from N(0, I)": epsilon}.get(shown, at + radius * epsilon)
        points[name] = at[0].tolist()
        ink[name] = base64.b64encode(to_uint8(decode(name, z)).tobytes()).decode()
    ms = 1000 * (time.perf_counter() - start)
    knobs = dict(shown=shown, point=point[0].tolist(), digit=digit, radius=radius, seed=seed)
    return knobs | dict(at=points, epsilon=epsilon.tolist(), ink=ink, ms=round(ms, 2))


@lru_cache(maxsize=1)
def sheets() -> dict[str, str]:
    """What the page looks up while a finger moves: for each model a sheet of 29 x 29 pictures."""
    return {name: sheet_of(lambda z, n=name: decode(n, z)) for name in MODELS}


def opened(*knobs) -> dict:
    """The first pictures: side_by_side, with the dots of the test digits on each map."""
    dots = {name: dots_of(codes(name), digits()) for name in MODELS}
    return side_by_side(*knobs) | dict(dots=dots)


# What is shown.


def build() -> None:
    ae, vae = (checkpoints.MANIFEST[MODELS[name]]["measured"] for name in ("AE", "VAE"))
    pca = checkpoints.MANIFEST[MODELS["PCA"]]["measured"]["2"]
    ui.headline(
        "Why not a plain autoencoder?",
        "It copies digits as well as a VAE. Now draw its two numbers at random, and see which digits come out.",
    )
    with ui.columns():
        with ui.knobs():
            shown = gr.Radio(SHOWN, value=SHOWN[0], label="Decode", elem_id="vae-shown")
            z1 = ui.slider("vae", "y1", "z1", -EDGE, EDGE, -0.5, 0.01)
            z2 = ui.slider("vae", "y2", "z2", -EDGE, EDGE, 0.5, 0.01)
            digit = ui.slider("vae", "digit", "Test digit", 0, DIGITS - 1, OPENING)
            radius = ui.slider("vae", "radius", "Radius", 0, WIDEST, 0.3, 0.01)
            seed = ui.seed_slider("vae", 0, name="draw")
        with ui.stage():
            canvas = ui.canvas("versus", None, "versus", names=list(MODELS), wall=WALL, **PLANE)
            canvas.later = sheets
        ui.words(
            see=(
                "A dot is a test digit; one pointer moves on every map.",
                "Nobody asks the AE to spread its digits: most crowd on a line.",
                "The VAE's are spread the way the prior draws.",
            ),
            steps={
                "drag": "Drag across a map",
                "prior": "Draw from N(0, I)",
                "around": "Widen the radius",
            },
        )
    real = f"{ae['frechet_training_digits']:.0f}"
    ui.strip(
        [
            (
                f"{ae['digits_drawn']:.1f} and {vae['digits_drawn']:.1f}",
                f"of ten digits among {ae['samples']:,} draws, AE and VAE (exp of the entropy); PCA: "
                f"{pca['digits_drawn']:.1f}",
            ),
            (
                f"{ae['frechet_draws']:.0f} and {vae['frechet_draws']:.0f}",
                f"Frechet distance of {ae['samples']:,} draws in our digit features; PCA: {pca['frechet_draws']:.0f}, "
                f"real digits: {real}",
            ),
            (
                f"{ae['squared_error']:.3f} and {vae['squared_error']:.3f}",
                f"squared error per pixel of copies, 10,000 test digits; PCA: {pca['squared_error']:.3f}",
            ),
            ("", "for three models, on this server"),
            (f"{ae['parameters'] / 1e6:.2f} M", "parameters, AE and VAE alike"),
        ],
        live="for three models, on this server",
    )
    ui.mathematics(MATHEMATICS)
    knobs = [shown, z1, z2, digit, radius, seed]
    ui.first(opened, knobs, [canvas])
    gr.api(sheets, api_name="versus_sheets", queue=False)  # the page has them from gml.later
    ui.on([*(knob.input for knob in knobs), canvas.apply], side_by_side, knobs, canvas, queue=False)
    # A gesture on a map has been drawn already; here the knobs hear of it, and then the server draws it exactly.
    placed = ui.in_page(
        canvas.select,
        "() => JSON.parse(document.querySelector('#versus [data-knobs]').dataset.knobs)",
        None,
        [shown, z1, z2, digit],
    )
    ui.on(placed.then, side_by_side, knobs, canvas, queue=False, api_visibility="private")
    ui.link("vae", shown=shown, y1=z1, y2=z2, digit=digit, radius=radius, draw=seed)


MATHEMATICS = r"""
The autoencoder minimises how badly it copies, and nothing else; the VAE pays for its codes too, and draws them:

$$\mathcal{L}_{\text{AE}} = -\log p_\theta(\mathbf{x} \mid \mathbf{z} = \boldsymbol\mu(\mathbf{x})) \qquad
\mathcal{L}_{\text{VAE}} = -\mathbb{E}_{q_\phi(\mathbf{z} \mid \mathbf{x})} \log p_\theta(\mathbf{x} \mid \mathbf{z})
+ \mathrm{KL}\left(q_\phi(\mathbf{z} \mid \mathbf{x}) \,\|\, \mathcal{N}(\mathbf{0}, \mathbf{I})\right)$$

The noise in $\mathbf{z}$ makes neighbours of a code decode alike, the KL term pulls all codes to where the prior draws.
The AE's plane has no scale of its own; here it is turned and scaled so that its codes have mean $\mathbf{0}$ and
covariance $\mathbf{I}$, and still they look like no Gaussian: draws land where few digits are, and some digits are
hardly ever drawn. Single draws may look sharper than the VAE's; it is the digits together that are wrong.

The slide's squared error $\lVert \mathbf{x} - \mathbf{x}' \rVert_2^2$ goes with a Gaussian $p_\theta$; with pixels
between 0 and 1 both networks here are trained by the Bernoulli's cross entropy. PCA is the best *linear* pair:

$$\mathbf{x}' = \bar{\mathbf{x}} + \sum_{d=1}^{2} z_d \sqrt{\lambda_d}\, \mathbf{c}_d$$

with $\mathbf{c}_d$ and $\lambda_d$ the eigenvectors and eigenvalues of the digits' covariance.
"""
