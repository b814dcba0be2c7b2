"""From one face to another, in z and in w, with the length of both paths."""

from collections.abc import Sequence

import gradio as gr
import numpy as np
import torch
from torch import Tensor

import checkpoints
from demos import ui
from demos.stylegan import figures
from demos.stylegan.latent import along, generator, quality, synthesis, w_of
from demos.stylegan.network import SHIPPED
from models.images import noise, to_uint8

TITLE = "Between two faces"
STEPS, STILLS, FILM = 33, 9, 17  # pictures on a path: measured, shown, and in the film


# What is computed.


def both_ways(seed_a: int, seed_b: int, t: Tensor) -> dict[str, Tensor]:
    """w at times t of two straight lines between two seeds: one in z, one in w. -> (len(t), latent) each."""
    a, b = noise((generator().latent,), [seed_a, seed_b])
    with torch.inference_mode():
        w_a, w_b = w_of([seed_a, seed_b])
        return {
            "z": generator().mapping(a + t[:, None] * (b - a)),
            "w": w_a + t[:, None] * (w_b - w_a),
        }


def step_lengths(x: Tensor) -> Tensor:
    """Root mean squares of the differences between frames, in grey levels. (n, C, H, W) in [-1, 1] -> (n - 1,)."""
    return 127.5 * (x.clamp(-1, 1).diff(dim=0)).square().mean((1, 2, 3)).sqrt()


def length(x: Tensor) -> tuple[float, float]:
    """The way a film goes, and its longest step, in grey levels. x: (n, C, H, W) in [-1, 1]."""
    steps = step_lengths(x)
    return steps.sum().item(), steps.max().item()


def walk_faces(seed_a: int, seed_b: int) -> str:
    """From the face of one seed to that of another, straight in z and straight in w. seed_a, seed_b: 0 to 9999.

    Returns two rows of stills with the length of each path, and how much the picture changes at each step, as HTML.
    """
    seed_a, seed_b = ui.seed(seed_a), ui.seed(seed_b)
    rows, lengths, steps = [], {}, {}
    some = torch.linspace(0, STEPS - 1, STILLS).round().long()
    for where, w in both_ways(seed_a, seed_b, torch.linspace(0, 1, STEPS)).items():
        x = synthesis(along(w))
        steps[where] = step_lengths(x)
        lengths[where], largest = length(x)
        stills = ui.photo(
            to_uint8(x[some], -1, 1), f"{STILLS} faces on the way in {where}", STILLS, quality()
        )
        rows.append(
            f"<figure>{stills}<figcaption>Straight in {where}: {lengths[where]:.0f} grey levels long, the largest of "
            f"{STEPS - 1} steps {largest:.1f}</figcaption></figure>"
        )
    ratio = lengths["w"] / max(lengths["z"], 1e-6)
    return (
        f"<div class='stills roads'>{''.join(rows)}</div><div class='road-steps'>{figures.steps(steps)}"
        f"<p class='verdict'>In w the way is <b>{ratio:.2f}</b> times as long as in z.</p></div>"
    )


def side_by_side(paths: Sequence[Tensor]) -> np.ndarray:
    gap = torch.ones(FILM, 3, generator().size, max(1, generator().size // 8))
    left, right = (synthesis(along(w)) for w in paths)
    return to_uint8(torch.cat([left, gap, right], 3), -1, 1)


def face_film(seed_a: int, seed_b: int) -> str:
    """Both walks as a film, z at the left and w at the right: a GIF as a data URI. Arguments as for walk_faces."""
    seed_a, seed_b = ui.seed(seed_a), ui.seed(seed_b)
    frames = side_by_side(both_ways(seed_a, seed_b, torch.linspace(0, 1, FILM)).values())
    return ui.data_uri(frames, zoom=max(1, 256 // generator().size), seconds=0.1, kind="gif")


# What is shown.


def build() -> None:
    measured = checkpoints.MANIFEST[SHIPPED]["measured"]
    ui.headline(
        "Two roads between two faces",
        "Straight in z, where faces are drawn from, and straight in w, where styles live. The shorter road passes "
        "fewer strangers.",
    )
    with gr.Row(elem_classes=["columns", "wide"]):
        with ui.knobs():
            start = ui.seed_slider("stylegan", 7, "from", "From seed")
            end = ui.seed_slider("stylegan", 24, "to", "To seed")
            save = gr.Button("Film (GIF)")
        with ui.stage():
            shown = ui.html("", elem_id="stylegan-walk", **ui.ASKS)
        ui.words(
            see=(
                "The same two faces at the ends of both rows.",
                "The line that is straight in z bends in w, and passes other people on the way.",
                "The curves say how much the picture changes at each step: jumps are where strangers come and go.",
            ),
            steps={"walk": "Walk between two other faces"},
        )
    ui.strip(
        [
            (
                f"{measured['path_w_over_z_pixels']:.2f}",
                "times as long in w as in z, in grey levels",
            ),
            (
                f"{measured['path_w_over_z_mobilenetv2']:.2f}",
                "times, as MobileNetV2 sees pictures; both over 50 pairs at psi 0.7",
            ),
            (
                f"{measured['ppl_w_over_z']:.2f}",
                "times, each step squared: perceptual path length, without psi",
            ),
        ]
    )
    ui.mathematics(MATHEMATICS)
    ui.first(walk_faces, [start, end], [shown])
    done = ui.on([start.input, end.input, shown.apply], walk_faces, [start, end], shown)
    ui.in_page(
        done.success,
        "(a, b) => { if (a !== b && (a !== 7 || b !== 24)) "
        "gml.did(document.querySelector('#stylegan-walk'), 'walk'); }",
        [start, end],
    )
    gif = ui.html("", visible=False)
    saved = ui.on(save.click, face_film, [start, end], gif)
    ui.in_page(
        saved.success,
        "(uri, a, b) => gml.save(uri, `stylegan-ai-generated-${a}-to-${b}.gif`)",
        [gif, start, end],
    )
    ui.link("stylegan", **{"from": start, "to": end})


MATHEMATICS = r"""
Two roads from $\mathbf{a}$ to $\mathbf{b}$, and the pictures on them:

$$\mathbf{x}_t = g\big(f((1 - t)\,\mathbf{a} + t\,\mathbf{b})\big) \qquad
\mathbf{x}_t = g\big((1 - t)\, f(\mathbf{a}) + t\, f(\mathbf{b})\big)$$

The length of a road is the sum of its steps, each the root mean square of what changes in the picture of $n$ numbers:

$$\ell = \sum_k \sqrt{\tfrac{1}{n} \lVert \mathbf{x}_{t_{k+1}} - \mathbf{x}_{t_k} \rVert^2}$$

The papers square small steps, as a network for pictures sees them (perceptual path length, Karras 2018,
arXiv:1812.04948, section 4.1; by the arc in z):

$$\mathrm{PPL} = \mathbb{E}\; \tfrac{1}{\epsilon^2}\, d\big(\mathbf{x}_t, \mathbf{x}_{t + \epsilon}\big)$$
"""
