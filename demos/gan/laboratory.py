"""The laboratory: a GAN in two dimensions that the visitor trains, in the page."""

import json

import gradio as gr

from demos import ui
from demos.canvas import mixtures
from models import gan2d

TITLE = "Laboratory"
# Centres of equal round Gaussians, and their deviation.
DATA = {
    "Ring of 8": (gan2d.ring(), 0.1),
    "Grid of 25": (gan2d.grid(), 0.08),
    "Two moons": (gan2d.moons(), 0.1),
    "Spiral": (gan2d.spiral(), 0.08),
}
DRAWN = "My drawing"
# Powers of ten, so that a slider reaches from patience to explosion.
START = dict(
    data="Ring of 8",
    loss="non-saturating",
    rateD=-2.7,
    rateG=-2.7,
    k=1,
    gamma=0.0,
    width=32,
    batch=128,
    seed=7,
)
PRESETS = {
    "Cover it": START,
    "Collapse it": START | dict(rateD=-3.5, rateG=-2.0),
    "Cure it": START | dict(rateD=-3.5, rateG=-2.0, k=5),
}


# What is shown. All of it is computed in the page: canvas/gan2d.js, which does what models/gan2d.py says.


def build() -> None:
    ui.headline(
        "Train a GAN by hand",
        "Noise, in colour, is to land where the data are, in ink. Your browser trains both networks.",
    )
    with ui.columns():
        with ui.knobs():
            knobs = dict(
                data=gr.Dropdown(
                    [*DATA, DRAWN],
                    value=START["data"],
                    label="Data",
                    filterable=False,
                    elem_id="gan-points",
                ),
                loss=gr.Dropdown(
                    list(gan2d.LOSSES),
                    value=START["loss"],
                    label="Loss",
                    filterable=False,
                    elem_id="gan-loss",
                ),
                rateD=ui.slider("gan", "rate-d", "D's rate, log₁₀", -5, 0, START["rateD"], 0.1),
                rateG=ui.slider("gan", "rate-g", "G's rate, log₁₀", -5, 0, START["rateG"], 0.1),
                k=ui.slider("gan", "k", "k, steps of D", 1, 10, START["k"]),
                gamma=ui.slider("gan", "gamma", "γ of R1, R2", 0, 2, 0, 0.05),
                width=ui.slider("gan", "neurons", "Neurons", 4, 64, START["width"], 4),
                batch=ui.slider("gan", "batch", "Batch", 4, 256, START["batch"], 4),
                seed=ui.seed_slider("gan", START["seed"], "chance"),
            )
            drawing = gr.Textbox("", visible="hidden", elem_id="gan-drawing", label="Drawing")
        with ui.stage():
            canvas = ui.canvas(
                "laboratory",
                None,
                "laboratory",
                parts=PARTS,
                data=mixtures(DATA),
                start=START,
                drawn=DRAWN,
            )
            with gr.Row(elem_classes="buttons"):
                presets = [gr.Button(name, min_width=0) for name in PRESETS]
        ui.words(
            see=(
                "The ground is D: in ink where it says real, coloured where it says made. Arrows: where G is pulled.",
                "D* is the best D there could be.",
            ),
            steps={
                "cover": "Play until all 8 are covered",
                "D": "Stop, and teach D only",
                "collapse": "Collapse it, then cure it",
                "draw": "Draw data of your own",
            },
        )
    ui.mathematics(MATHEMATICS)
    every = [*knobs.values(), drawing]
    turned = [knob.input for knob in knobs.values()]
    ui.in_page(turned, show("laboratory", knobs), every)
    ui.in_page(canvas.apply, show("laboratory", knobs), every)
    ui.in_page(
        canvas.select,
        "() => document.querySelector('#laboratory .lab').drawing()",
        None,
        drawing,
    )
    for button, preset in zip(presets, PRESETS.values(), strict=True):
        values = json.dumps([preset[name] for name in knobs])
        placed = ui.in_page(button.click, f"() => {values}", None, [*knobs.values()])
        ui.in_page(placed.then, show("laboratory", knobs, ".begin()"), every)
    ui.link("gan", drawing=drawing, **{knob.elem_id[4:]: knob for knob in knobs.values()})


PARTS = ("gan2d", "surface", "game")


def show(canvas: str, knobs: dict, then: str = "") -> str:
    """To the canvas go the knobs, by name, and the drawing, which comes last."""
    return f"""(...values) => {{
      const named = {json.dumps(list(knobs))}.map((name, k) => [name, values[k]]);
      document.querySelector('#{canvas} .lab').show(Object.fromEntries(named), values[named.length]){then};
    }}"""


MATHEMATICS = r"""
Both networks play for one value (Goodfellow et al. 2014, arXiv:1406.2661, equation 1): $D$ wants it large, $G$ small.

$$V(G, D) = \mathbb{E}_{\pi(\mathbf{x})} \log D(\mathbf{x})
+ \mathbb{E}_{\mathbf{z} \sim \mathcal{N}(0, I_2)} \log (1 - D(G(\mathbf{z}))),
\qquad D(\mathbf{x}) = \sigma(v(\mathbf{x}))$$

Below, $x$ is real, $y = G(z)$ is made, and each term is its mean over a batch:

| loss | of $D$ | of $G$ | |
|---|---|---|---|
| minimax | $-V$ | $\log (1 - D(y))$ | equation 1 |
| non-saturating | $-V$ | $-\log D(y)$ | the same, section 3 |
| least squares | $\frac12 (v(x) - 1)^2 + \frac12 v(y)^2$ | $\frac12 (v(y) - 1)^2$ | arXiv:1611.04076 |
| hinge | $\max(0, 1 - v(x)) + \max(0, 1 + v(y))$ | $-v(y)$ | arXiv:1705.02894 |
| Wasserstein | $v(y) - v(x) + 10\, (\lVert \nabla v \rVert - 1)^2$ | $-v(y)$ | arXiv:1704.00028 |
| relativistic | $-\log \sigma(v(x) - v(y))$ | $-\log \sigma(v(y) - v(x))$ | arXiv:1807.00734 |

With $\gamma$, $D$ also pays $\frac{\gamma}{2} \big( \lVert \nabla v(x) \rVert^2 + \lVert \nabla v(y) \rVert^2
\big)$: R1 and R2 (arXiv:1801.04406, arXiv:2501.05441). Adam takes the steps, with $\beta = (0.5, 0.99)$.

**How it is counted.** The data are equal round Gaussians, so their density $\pi$ is known. That of what $G$ makes is
not: 2,000 made points, each blurred by 0.12, stand for $p$, and $\pi$ is blurred as much. On 64 by 64 cells follow
$D^* = \pi / (\pi + p)$, $\mathrm{JSD}(\pi, p)$, and $V(G, D^*) = 2\,\mathrm{JSD} - 2 \log 2$. A mode is covered when a
point is within three deviations of its middle; a point within three of any is of high quality (Lin et al. 2018,
arXiv:1712.04086). Where $D$'s output is no logit, the ground shows how far it is from its middle.
"""
