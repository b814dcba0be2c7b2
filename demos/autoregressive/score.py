"""How likely is a drawing? Its exact likelihood, among those of ten thousand test digits."""

import gradio as gr
import numpy as np
import torch

import checkpoints
from demos import plots, ui
from demos.autoregressive.play import SIZE, model, picture
from models.pixelcnn import loss

# What is computed.


def score(drawing: str) -> tuple[str, str]:
    """The exact likelihood of a drawing, in nats, and its place among the test digits.

    drawing: 784 characters 0 or 1 in raster order. Returns one sentence and a histogram (SVG).
    """
    x = torch.from_numpy(ui.bits(drawing, SIZE).astype(np.float32)).view(1, 1, SIZE, SIZE)
    with torch.inference_mode():
        nats = loss(model(), x).item()
    scores = checkpoints.load("pixelcnn-mnist-scores")
    digits, fashion = scores["digits"].numpy(), scores["fashion"].numpy()
    rank = float((digits < nats).mean())
    if not x.any():
        verdict = "An empty sheet: likely pixel by pixel, and yet no digit. Likelihood is not the same as looking real."
    elif rank > 0.999:
        verdict = "Further out than 99.9 % of test digits: no digit it has learned looks like this."
    else:
        verdict = f"More surprising than {rank:.0%} of the test digits."
    sentence = f"<b>{nats:.1f} nats</b> &nbsp; {verdict}"
    return sentence, plots.histogram(
        {"test digits": digits, "clothes": fashion},
        nats,
        "yours",
        "-log p(x) in nats, smaller is likelier",
    )


# What is shown.


def build() -> None:
    drawing = "".join(map(str, picture(4, 1.0, ())[0]))
    sentence, histogram = score(drawing)
    ui.section(
        "How likely is this digit?",
        "Multiply 784 probabilities and you have the picture's own, exactly. Few other families can say this.",
    )
    with gr.Row(elem_classes="complete"):
        pad = ui.pad(drawing, "whole-digit")
        with gr.Column(min_width=0, elem_classes="endings"):
            verdict = ui.html(sentence, classes="verdict")
            plot = ui.html(histogram)
    done = ui.on([pad.input], score, pad, [verdict, plot])
    ui.in_page(done.success, "() => gml.did(document.querySelector('#whole-digit'), 'score')")
