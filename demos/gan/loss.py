"""Two losses for G: what each says when D is sure, and how long G then takes to fool it."""

import gradio as gr

from demos import ui

TITLE = "Why −log D"
START = 0.1  # D of what G makes
EARLY = 0.01  # and while D is sure, as early in training
RATE = 0.1  # a step moves the logit of D by so much of the slope


# What is shown. All of it is computed in the page: canvas/loss.js.


def build() -> None:
    ui.headline(
        "While D is sure, log(1 − D) teaches G nothing",
        "Both losses fall when G fools D better. They differ in how hard they pull, and when.",
    )
    with ui.columns():
        with ui.knobs():
            fooled = ui.slider("gan", "fooled", "D(G(z))", 0.001, 0.999, START, 0.001)
            early = gr.Button(f"D at {EARLY}", variant="primary")
        with ui.stage():
            canvas = ui.canvas("loss", None, "loss", start=START, rate=RATE)
        ui.words(
            see=(
                "Above, the two losses of G and how steep they are, over D of what G makes: drag.",
                "G goes downhill; the broad stroke is the pull.",
                "Where D is sure, at the left, log(1 − D) is flat and −log D is steepest.",
                "Below, D while G takes step after step of the same size downhill on each of them.",
            ),
            steps={
                "sure": f"Put D at {EARLY}, as early in training: which one still pulls?",
                "wait": "From there, play to the end: one climbs at once",
                "equal": "Find the D at which both pull as hard",
                "fooled": "Let G fool D: which one is flat now?",
            },
        )
    ui.mathematics(MATHEMATICS)
    show = "(d) => document.querySelector('#loss .two-plots').show(d, %s)"
    ui.in_page(fooled.input, show % "true", fooled)
    ui.in_page(canvas.apply, show % "false", fooled)
    ui.in_page(
        canvas.select,
        "() => Number(document.querySelector('#loss .two-plots').dataset.d)",
        None,
        fooled,
    )
    placed = ui.in_page(early.click, f"() => {EARLY}", None, fooled)
    ui.in_page(placed.then, show % "true, true", fooled)
    ui.link("gan", fooled=fooled)


MATHEMATICS = r"""
In the game of the theorem $G$ minimizes the part of $V$ that depends on it. In practice it maximizes $\log D$ instead
(Goodfellow et al. 2014, arXiv:1406.2661, section 3): early in learning $D$ rejects what $G$ makes with high confidence,
and $\log (1 - D)$ saturates.

$$L_{\text{minimax}} = \mathbb{E}_{p(\mathbf{z})} \log (1 - D(G(\mathbf{z}))) \qquad
L_{\text{non-saturating}} = -\,\mathbb{E}_{p(\mathbf{z})} \log D(G(\mathbf{z}))$$

$D = \sigma(v)$ is the sigmoid of what its network says, the logit $v$. What $G$ learns comes back through $v$:

$$\frac{d}{dv} \log (1 - \sigma(v)) = -\sigma(v) = -D \qquad
\frac{d}{dv} \big({-\log \sigma(v)}\big) = -(1 - \sigma(v)) = -(1 - D)$$

Both are negative: both losses push $v$ up. Their ratio is $(1 - D) / D$, $99$ at $D = 0.01$, and all that $G$ computes
from it, by the chain rule, is scaled by it. Where they are zero neither changes the point at which the game rests:
$D = 1/2$ everywhere. But the second is no longer one value $V$ that one player lowers and the other raises.

The plots are drawn over $v$, with $D$ written below it, so that a line's slope on the paper is its slope. The lower one
repeats $v \leftarrow v - 0.1 \; dL/dv$ for one made thing with $D$ held as it is; in a real game $D$ learns too.
As time without steps, the way from $v < 0$ up to $D = 1/2$ is

$$\int_v^0 \frac{du}{\sigma(u)} = e^{-v} - 1 - v \qquad \text{against} \qquad
\int_v^0 \frac{du}{1 - \sigma(u)} = 1 - e^{v} - v$$

The first grows with $1 / D$, the second with $\log 1 / D$.
"""
