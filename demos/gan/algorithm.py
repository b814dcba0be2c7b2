"""Algorithm 1, line by line: what is drawn, what is updated, and the numbers of this very step. In the page."""

import gradio as gr

from demos import ui
from demos.canvas import mixtures
from demos.gan.laboratory import DATA, PARTS, START, show

TITLE = "Algorithm 1"
FIRST = START | dict(batch=16, loss="minimax")


# What is shown.


def build() -> None:
    ui.headline(
        "First D learns, then G",
        "The listing of the paper, and the two networks that it trains, one line at a time.",
    )
    with ui.columns():
        with ui.knobs():
            knobs = dict(
                data=gr.Dropdown(
                    list(DATA),
                    value=FIRST["data"],
                    label="Data",
                    filterable=False,
                    elem_id="gan-examples",
                ),
                loss=gr.Dropdown(
                    ["minimax", "non-saturating"],
                    value=FIRST["loss"],
                    label="G's loss",
                    filterable=False,
                    elem_id="gan-rule",
                ),
                k=ui.slider("gan", "steps-of-d", "k, steps of D", 1, 5, FIRST["k"]),
                batch=ui.slider("gan", "m", "m, minibatch", 4, 64, FIRST["batch"], 4),
                seed=ui.seed_slider("gan", FIRST["seed"], "luck"),
            )
        with ui.stage():
            canvas = ui.canvas(
                "algorithm", None, "algorithm", parts=PARTS, data=mixtures(DATA), start=FIRST
            )
        ui.words(
            see=(
                "Large dots are this minibatch: data in ink, G(z) in colour. The ground is D.",
                "Line 5 repaints the ground; line 8 moves the points.",
            ),
            steps={
                "line": "Go line by line until G has learned",
                "many": "Take 200 iterations at once",
                "k": "Set k to 5: D learns more often",
            },
        )
    ui.mathematics(MATHEMATICS)
    turned = [knob.input for knob in knobs.values()]
    ui.in_page(turned, show("algorithm", knobs), [*knobs.values()])
    ui.in_page(canvas.apply, show("algorithm", knobs), [*knobs.values()])
    ui.in_page(
        knobs["k"].input,
        "(k) => k === 5 && gml.did(document.querySelector('#algorithm'), 'k')",
        knobs["k"],
    )
    ui.link("gan", **{knob.elem_id[4:]: knob for knob in knobs.values()})


MATHEMATICS = r"""
Goodfellow et al. 2014, arXiv:1406.2661, Algorithm 1: minibatch stochastic gradient descent. $D$ climbs, $k$ times,

$$\nabla_{\theta_d} \frac1m \sum_{i=1}^m \big[ \log D(\mathbf{x}^{(i)}) + \log (1 - D(G(\mathbf{z}^{(i)}))) \big]$$

and $G$ then descends, once,

$$\nabla_{\theta_g} \frac1m \sum_{i=1}^m \log (1 - D(G(\mathbf{z}^{(i)})))$$

Where $D$ is sure, that one is flat; in section 3 of the paper $G$ climbs $\log D(G(\mathbf{z}))$ instead, which ends in
the same place. Both networks have two hidden layers of 32 neurons with leaky ReLU. The listing takes plain gradient
steps, this page takes Adam's, with the rate $10^{-2.7} = 0.002$.
"""
