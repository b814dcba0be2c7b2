"""Why it works: the masks, and what a pixel is really predicted from."""

from functools import lru_cache

import gradio as gr
import torch

from demos import ui
from demos.autoregressive.play import SIZE, model
from models.images import noise
from models.pixelcnn import MaskedConv2d, receptive_field

PROBES = (
    8  # random pictures over which gradients are averaged: in one alone a closed ReLU hides a path
)


# What is computed.


@lru_cache(maxsize=512)
def field(row: int, col: int, depth: int) -> tuple[float, ...]:
    """Influence of every pixel on one, relative to the strongest: 784 numbers from 0 to 1."""
    x = (noise((1, SIZE, SIZE), range(PROBES), "uniform") < 0.5).float()
    strength = receptive_field(model(), depth, row, col, x).flatten()
    return tuple((strength / strength.max().clamp(min=1e-12)).tolist())


def look(row: int, col: int, depth: int) -> dict:
    """What a pixel is predicted from, by gradients.

    row, col: 0 to 27. depth: masked layers passed after the first, 0 to 10. Returns the influence of
    every pixel (784 numbers, 0 to 1), how many pixels it sees, and how many come before it.
    """
    row, col = ui.whole(row, "Row", 0, SIZE - 1), ui.whole(col, "Column", 0, SIZE - 1)
    depth = ui.whole(depth, "Layers", 0, len(model().blocks))
    strength = field(row, col, depth)
    return dict(
        field=[float(f"{v:.3g}") for v in strength],
        row=row,
        col=col,
        depth=depth,
        seen=sum(v > 0 for v in strength),
        past=row * SIZE + col,
    )


def kernel(layer: MaskedConv2d, kind: str) -> str:
    """A kernel as a table: 1 where it may look, 0 where it must not, shaded by the mean |w| it learned there."""
    strength = (layer.weight * layer.mask).abs().mean((0, 1))
    strength = torch.cat([strength / strength.max(), torch.zeros(layer.r, layer.k)])
    seen = torch.cat([layer.mask, torch.zeros(layer.r, layer.k)])
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td style='--w:{w:.0%}'>{s:.0f}</td>" if s else "<td class='off'>0</td>"
            for s, w in zip(seen_row.tolist(), w_row.tolist(), strict=True)
        )
        + "</tr>"
        for seen_row, w_row in zip(seen, strength, strict=True)
    )
    what = "the pixel itself is hidden" if kind == "A" else "the pixel's own features are seen"
    return f"<figure><table class='kernel'>{rows}</table><figcaption>Mask {kind}: {what}</figcaption></figure>"


# What is shown.


def build() -> None:
    deepest = len(model().blocks)
    first = look(16, 14, 3)
    ui.section(
        "What the network can see",
        "Masked kernels never look ahead. Each layer sees further back, "
        "but pixels just above to the right stay out of sight.",
    )
    with gr.Row(elem_classes="see"):
        ui.html(kernel(model().first, "A") + kernel(model().blocks[0].look, "B"), classes="kernels")
        with gr.Column(min_width=0, elem_classes="field-stage"):
            canvas = ui.canvas("field", first, "field")
        with gr.Column(min_width=0, elem_classes="field-knobs"):
            depth = ui.slider(
                "autoregressive", "depth", "Masked layers after the first", 0, deepest, 3
            )
            row = ui.slider("autoregressive", "row", "Row", 0, SIZE - 1, 16)
            col = ui.slider("autoregressive", "col", "Column", 0, SIZE - 1, 14)
            ui.html(
                "<p><span class='key fam'></span> moves the prediction: its gradient is not zero.</p>"
                "<p><span class='key spot'></span> comes before, yet is not seen. "
                "With all layers on, this is the blind spot.</p>"
                "<p><span class='key blank'></span> comes later: its gradient is exactly zero.</p>",
                classes="keys",
            )
    knobs = [row, col, depth]
    ui.on([*(knob.input for knob in knobs), canvas.apply], look, knobs, canvas, queue=False)
    picked = ui.in_page(
        canvas.select,
        "() => JSON.parse(document.querySelector('#field [data-at]').dataset.at)",
        None,
        [row, col],
    )
    ui.on(picked.then, look, knobs, canvas, queue=False, api_visibility="private")
    ui.link("autoregressive", row=row, col=col, depth=depth)
