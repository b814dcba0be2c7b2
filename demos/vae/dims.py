"""How many numbers a digit needs: one drawing through autoencoders, VAEs and PCA of 2, 8, 16 and 32 dimensions."""

import torch
from torch import Tensor

import checkpoints
from demos import plots, ui
from demos.vae.latent import SIZE, drawn, example, image, on_drawing

TITLE = "How many numbers"
DIMENSIONS = (2, 8, 16, 32)
KINDS = ("AE", "VAE", "PCA")
EXAMPLE = (5, 1)  # the first drawing: the digit, and which of them


# What is computed.


def measured(kind: str, d: int) -> dict:
    if kind == "PCA":
        return checkpoints.MANIFEST["pca-mnist"]["measured"][str(d)]
    return checkpoints.MANIFEST[f"vae-beta-{d}d-{KINDS.index(kind)}"]["measured"]


def copy(kind: str, d: int, x: Tensor) -> Tensor:
    """What comes back of a picture through d numbers. x: (1, 1, 28, 28) in [0, 1] -> the same shape."""
    with torch.inference_mode():
        if kind == "PCA":
            kept = checkpoints.load("pca-mnist")
            c = kept["components"][:d]
            flat = kept["mean"] + (x.flatten(1) - kept["mean"]) @ c.T @ c
            return flat.clamp(0, 1).view_as(x)
        model = checkpoints.load(f"vae-beta-{d}d-{KINDS.index(kind)}")
        return model.decode(model.encode(x)[0]).sigmoid()


def compress(drawing: str) -> str:
    """A drawing through 2, 8, 16 and 32 numbers, by AE, VAE and PCA, as HTML. drawing: 784 characters 0 or 1."""
    x = drawn(drawing)
    rows = ""
    for kind in KINDS:
        rows += f"<tr><th scope='row'>{kind}</th>"
        for d in DIMENSIONS:
            back = copy(kind, d, x)
            off = (back - x).square().mean().item()
            alt = f"Through {d} numbers of the {kind}"
            rows += f"<td>{image(back, alt)}<span>{off:.3f}</span></td>"
        rows += "</tr>"
    heads = "".join(f"<th scope='col'>{d}</th>" for d in DIMENSIONS)
    errors = {kind: [measured(kind, d)["squared_error"] for d in DIMENSIONS] for kind in KINDS}
    axis = "error per pixel, 10,000 test digits"
    return (
        f"<div class='compressed'><table><tr><th scope='col'><i>d</i></th>{heads}</tr>{rows}</table>"
        f"<div>{plots.lines(DIMENSIONS, errors, axis)}</div></div>"
    )


# What is shown.


def build() -> None:
    ae, pca = measured("AE", 16), measured("PCA", 16)
    ui.headline(
        "How many numbers is a digit?",
        "An autoencoder squeezes 784 pixels through a few numbers, and has to guess the rest from what it knows.",
    )
    with ui.columns():
        with ui.knobs():
            pad = ui.pad("0" * SIZE * SIZE, "squeezed-digit")
        with ui.stage():
            shown = ui.html("", elem_id="compressed")
        ui.words(
            see=(
                "Below each picture is its squared error per pixel.",
                "PCA is the best that straight lines can do; the networks bend, and need far fewer numbers.",
                "The fewer the numbers, the more you get back a digit that they know in place of yours.",
            ),
            steps={
                "draw": "Draw a digit of your own",
                "clear": "Clear the sheet: what does nothing come back as?",
            },
        )
    ui.strip(
        [
            (
                f"{pca['squared_error'] / ae['squared_error']:.1f} times",
                "PCA's squared error over the AE's, 16 numbers each, 10,000 test digits",
            ),
            (f"{ae['squared_error']:.4f}", f"AE, 16 numbers; PCA: {pca['squared_error']:.4f}"),
            (
                f"{measured('VAE', 16)['squared_error']:.4f}",
                "VAE, 16 numbers, the same 10,000 test digits; it pays for z too",
            ),
            ("784", "pixels of a digit"),
        ]
    )
    ui.mathematics(MATHEMATICS)
    ui.first(lambda: example(*EXAMPLE), [], [pad])
    done = on_drawing(pad, compress, [pad], [shown], queue=False)
    ui.in_page(
        done.success,
        """(drawing) => {
          gml.did(document.querySelector('#compressed'), drawing.includes('1') ? 'draw' : 'clear');
        }""",
        pad,
    )


MATHEMATICS = r"""
An encoder and a decoder, trained together to copy (the lecture's loss):

$$\mathbf{z} = \mathcal{E}(\mathbf{x}) \in \mathbb{R}^d, \quad \mathbf{x}' = \mathcal{D}(\mathbf{z}), \qquad
\mathcal{L} = \lVert \mathbf{x} - \mathbf{x}' \rVert_2^2$$

If both are linear, the best pair is known without training: $\mathcal{E}$ projects onto the $d$ eigenvectors
$\mathbf{c}_k$ of the digits' covariance with the largest eigenvalues, and $\mathcal{D}$ goes back (PCA):

$$\mathbf{x}' = \bar{\mathbf{x}} + \sum_{k=1}^{d} \mathbf{c}_k \mathbf{c}_k^\top (\mathbf{x} - \bar{\mathbf{x}}), \qquad
\mathbb{E} \lVert \mathbf{x} - \mathbf{x}' \rVert_2^2 = \sum_{k > d} \lambda_k$$

The networks here are 256 wide, with one residual layer each, and end in probabilities of ink; they are trained by cross
entropy, whose best guess is the same mean as the squared error's.
"""
