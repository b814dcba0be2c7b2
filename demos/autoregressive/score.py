"""How likely is a drawing? Its exact likelihood, among those of ten thousand test digits."""

from functools import cache
from math import log

import gradio as gr
import numpy as np
import torch

import checkpoints
from demos import plots, ui
from demos.autoregressive.family import FIRST, SIZE, load
from demos.autoregressive.play import picture
from models.autoregressive import loss
from models.images import noise

TITLE = "How likely?"
SEED = 4  # a digit of the model's own, to begin with
# Sheets that are no digits, as 784 characters each.
NOISE = "".join("01"[u < 0.5] for u in noise((SIZE * SIZE,), [0], "uniform")[0].tolist())
SHEETS = {"empty": "0" * SIZE * SIZE, "all ink": "1" * SIZE * SIZE, "noise": NOISE}
# What the page does with a drawing by itself: button, step of "Try this", in JavaScript.
_ROWS = "Array.from({ length: 28 }, (_, r) => bits.slice(28 * r, 28 * r + 28))"
TURNS = {
    "Mirror it": (
        "mirror",
        f"(bits) => {_ROWS}.map((row) => [...row].reverse().join('')).join('')",
    ),
    "Turn it upside down": ("turn", "(bits) => [...bits].reverse().join('')"),
    "Swap ink and paper": ("swap", "(bits) => [...bits].map((bit) => 1 - bit).join('')"),
    "Empty sheet": ("empty", "() => '0'.repeat(784)"),
    "Noise": ("noise", f"() => '{NOISE}'"),
}

# What is computed.


@cache
def traps() -> dict[str, float]:
    """-log p in nats of the sheets that are no digits, rising."""
    x = torch.tensor([[float(c) for c in sheet] for sheet in SHEETS.values()])
    with torch.inference_mode():
        nats = loss(load(FIRST), x.view(-1, 1, SIZE, SIZE)).tolist()
    return dict(sorted(zip(SHEETS, nats, strict=True), key=lambda pair: pair[1]))


def score(drawing: str) -> tuple[str, str]:
    """The exact likelihood of a drawing, in nats, and its place among the test digits.

    drawing: 784 characters 0 or 1 in raster order. Returns one sentence and a histogram (SVG).
    """
    x = torch.from_numpy(ui.bits(drawing, SIZE).astype(np.float32)).view(1, 1, SIZE, SIZE)
    with torch.inference_mode():
        nats = loss(load(FIRST), x).item()
    scores = checkpoints.load("pixelcnn-mnist-scores")
    digits, fashion = scores["digits"].numpy(), scores["fashion"].numpy()
    rank = float((digits < nats).mean())
    if not x.any():
        verdict = (
            f"An empty sheet: likelier than {1 - rank:.0%} of the test digits, and yet no digit. Each of its 784 "
            f"pixels is what the model expects and costs {nats / SIZE**2:.2f} nats; a digit pays for each of its turns."
        )
    elif rank > 0.999:
        verdict = "Further out than 99.9 % of test digits: no digit it has learned looks like this."
    else:
        verdict = f"More surprising than {rank:.0%} of the test digits."
    bits = nats / log(2) / SIZE**2
    sentence = f"<b>{nats:.1f} nats</b>, {bits:.2f} bits a pixel &nbsp; {verdict}"
    return sentence, plots.histogram(
        {"test digits": digits, "clothes": fashion},
        nats,
        "yours",
        "-log p(x) in nats, smaller is likelier",
        traps(),
    )


def first_drawing() -> str:
    return "".join(map(str, picture(SEED, 1.0, ())[0]))


# What is shown.


def build() -> None:
    digits = checkpoints.MANIFEST["pixelcnn-mnist"]["measured"]
    scores = checkpoints.MANIFEST["pixelcnn-mnist-scores"]["measured"]
    ui.headline(
        "How likely is this digit?",
        "Multiply 784 probabilities and you have that of the picture, exactly. Few other families can tell it.",
    )
    with ui.columns():
        with ui.knobs():
            turns = {name: gr.Button(name) for name in TURNS}
        with ui.stage(), gr.Row(elem_classes="two"):
            pad = ui.pad("", "whole-digit")
            with gr.Column(min_width=0):
                verdict = ui.html("", classes="verdict")
                plot = ui.html("")
        ui.words(
            see=(
                "Your drawing beside 10,000 test digits, 1,000 clothes and three sheets that are neither.",
                "An empty sheet beats nearly every digit: likely is not real.",
            ),
            steps={
                "score": "Clear, and draw a digit",
                "mirror": "Mirror it: is it as likely?",
                "swap": "Swap ink and paper",
                "empty": "Is an empty sheet likelier?",
            },
        )
    ui.strip(
        [
            (
                f"{digits['nats_per_image']:.1f} ± {digits['standard_error']:.1f} nats",
                f"mean of {digits['test_images']:,} test digits, dynamic bits",
            ),
            (f"{scores['digits_99th_percentile']:.0f} nats", "99 of 100 test digits are below"),
            (f"{scores['fashion_mean']:.0f} nats", "mean of 1,000 clothes (Fashion-MNIST)"),
            (f"{scores['fashion_above_it']:.1%}", "of the clothes are above those 99 of 100"),
            (f"{scores['roc_area']:.4f}", "area under the ROC curve, digits and clothes"),
        ]
    )
    ui.mathematics(MATHEMATICS.replace("COIN_FLIPS", f"{digits['coin_flips']:.1f}"))
    ui.first(first_drawing, [], [pad])
    ui.first(score, [pad], [verdict, plot])
    drawn = ui.on([pad.input], score, pad, [verdict, plot])
    # An emptied sheet is no drawing.
    ui.in_page(
        drawn.success,
        "(bits) => bits.includes('1') && gml.did(document.querySelector('#whole-digit'), 'score')",
        pad,
    )
    for name, (step, js) in TURNS.items():
        turned = ui.in_page(turns[name].click, js, pad, pad)
        done = ui.on(turned.then, score, pad, [verdict, plot], api_visibility="private")
        ui.in_page(done.success, f"() => gml.did(document.querySelector('#whole-digit'), '{step}')")


MATHEMATICS = r"""
The chain rule again, now for a picture that somebody else has drawn: all its pixels are known, so one pass of the
network gives all 784 factors (pixels counted from 0).

$$-\log p(\mathbf{x}) = -\sum_{i=0}^{783} \log p_\theta(x_i \mid \mathbf{x}_{<i})
\qquad \text{in bits per pixel: } \frac{-\log p(\mathbf{x})}{784\, \log 2}$$

On average over pictures of the data no model can do better than their entropy:

$$\mathbb{E}_{\mathbf{x} \sim p_{\text{data}}}\big[-\log p_\theta(\mathbf{x})\big]
= H(p_{\text{data}}) + D_{\text{KL}}(p_{\text{data}} \,\|\, p_\theta) \ge H(p_{\text{data}})$$

A single picture can do better than the mean, and an empty sheet does: a density is largest where every pixel is easy to
foresee, and that need not be where pictures are. A typical draw pays for its many small surprises, as a thousand coins,
each with a small bias to heads, hardly ever show heads alone. Dynamic bits: each time a digit is used, a pixel with
grey level $g$ becomes ink with the chance $g$; numbers for bits drawn once and for all (static, as in arXiv:1601.06759,
81.30 for a PixelCNN and 79.20 for a Diagonal BiLSTM) are not comparable. Of the nats of a test digit COIN_FLIPS are
those coin flips' own entropy, $-\sum_i g_i \log g_i + (1 - g_i) \log (1 - g_i)$: no model of digits foresees them.
"""
