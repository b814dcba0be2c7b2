"""From noise to a shape: flow matching in two dimensions, where the right velocity is a sum of a few terms."""

import json

import gradio as gr

from demos import ui
from demos.canvas import mixtures
from models import flow2d, gan2d

TITLE = "From noise to a shape"
# Centres of equal round Gaussians, and their deviation.
DATA = {
    "Two moons": (gan2d.moons(), 0.1),
    "Ring of 8": (gan2d.ring(), 0.1),
    "A letter": (flow2d.letter(), 0.08),
}
DRAWN = "My drawing"
SOLVERS = ("Euler", "Midpoint", "Heun")
WAYS = ("of the flow", "of the pairs")
MOST = 2  # times reflowed
PAIRS, WIDTH = 600, 0.1  # of a reflow, and how far each of its lines is blurred
COUNTED, FINE = 100, 100  # points whose errors are taken, against a solution of so many steps
START = dict(
    data="Two moons",
    path="straight",
    solver="Euler",
    steps=8,
    ways=WAYS[0],
    reflows=0,
    seed=7,
    t=1,
)


# What is shown. All of it is computed in the page: canvas/flow2d.js, which does what models/flow2d.py says.


def build() -> None:
    ui.headline(
        "Noise flows into a shape",
        "Each point starts as noise and follows the arrows. They say where, on average, all that passes there goes.",
    )
    with ui.columns():
        with ui.knobs():
            choose = lambda name, label, among, value: gr.Dropdown(  # noqa: E731
                list(among), value=value, label=label, filterable=False, elem_id=f"flow-{name}"
            )
            knobs = dict(
                data=choose("points", "Data", [*DATA, DRAWN], START["data"]),
                path=choose("schedule", "Schedule", flow2d.PATHS, START["path"]),
                solver=choose("solver", "Solver", SOLVERS, START["solver"]),
                steps=ui.slider("flow", "steps", "Steps", 1, 50, START["steps"]),
                ways=choose("paths", "Paths", WAYS, START["ways"]),
                reflows=ui.slider("flow", "reflows", "Times reflowed", 0, MOST, 0),
                seed=ui.seed_slider("flow", START["seed"]),
            )
            t = gr.Slider(0, 1, START["t"], visible="hidden", elem_id="flow-t", label="t")
            drawing = gr.Textbox("", visible="hidden", elem_id="flow-drawing", label="Drawing")
        with ui.stage():
            canvas = ui.canvas(
                "shape",
                None,
                "shape",
                parts=("gan2d", "surface", "flow2d"),
                data=mixtures(DATA),
                start=START,
                drawn=DRAWN,
                most=MOST,
                pairs=PAIRS,
                width=WIDTH,
                counted=COUNTED,
                fine=FINE,
            )
        ui.words(
            see=(
                "Noise in colour, the data in ink. The arrows are the velocity at time t.",
                "Lines of random pairs run across each other; at one place and time the flow has only one direction,",
                "the mean, so its paths bend. A solver follows them in straight steps, and errs.",
            ),
            steps={
                "play": "Play it from noise to the end",
                "point": "Point at a place: where may it end?",
                "one": "Take one Euler step: where does all land?",
                "pairs": "See the paths of the pairs",
                "reflow": "Reflow, and take one step again",
                "draw": "Draw a shape of your own",
            },
        )
    ui.mathematics(MATHEMATICS)
    every = [*knobs.values(), t, drawing]
    named = [*knobs, "t", "drawing"]
    show = f"""(...values) => document.querySelector('#shape .flowing').show(
      Object.fromEntries({json.dumps(named)}.map((name, k) => [name, values[k]])), %s)"""
    ui.in_page([knob.input for knob in knobs.values()], show % "true", every)
    ui.in_page(canvas.apply, show % "false", every)
    ui.in_page(
        canvas.select,
        "() => document.querySelector('#shape .flowing').turned()",
        None,
        [knobs["reflows"], t, drawing],
    )
    ui.link("flow", t=t, drawing=drawing, **{knob.elem_id[5:]: knob for knob in knobs.values()})


MATHEMATICS = rf"""
Noise $x_0 \sim \mathcal{{N}}(0, I_2)$ and data $x_1$ are joined by a path, and the velocity at a place is the mean of
all paths through it (flow matching: Lipman et al. 2022, arXiv:2210.02747; rectified flow: Liu et al. 2022,
arXiv:2209.03003):

$$x_t = a_t\, x_1 + b_t\, x_0, \qquad u_t(x) = \mathbb{{E}}\big[\, a_t' x_1 + b_t' x_0 \,\big|\, x_t = x \,\big],
\qquad \frac{{dx}}{{dt}} = u_t(x)$$

Points that follow $u$ are spread as those on the paths are, at every $t$. Straight: $a = t$, $b = 1 - t$. Variance
preserving, as in diffusion: $a = \sin \frac{{\pi}}{{2}} t$, $b = \cos \frac{{\pi}}{{2}} t$, so that $a^2 + b^2 = 1$.
A network learns $u$ from random pairs, by least squares. Here none is needed. The data are $n$ equal round Gaussians
with middles $c_k$ and deviation $s$, and with $V = b^2 + a^2 s^2$

$$u_t(x) = \sum_k w_k(x) \Big( a' c_k + \frac{{V'}}{{2 V}} (x - a\, c_k) \Big), \qquad
w_k(x) = \frac{{\exp(-\lVert x - a\, c_k \rVert^2 / 2V)}}{{\sum_j \exp(-\lVert x - a\, c_j \rVert^2 / 2V)}}$$

The lines from a place that you point at go where what passes there may end, the darker the larger $w_k$.

**Solvers.** With $h$ the length of a step, one over their number:

| solver | a step | calls of $u$ | error of the end |
|---|---|---|---|
| Euler | $x + h\, u_t(x)$ | 1 | $\sim h$ |
| Midpoint | $x + h\, u_{{t + h/2}}(x + \frac h2 u_t(x))$ | 2 | $\sim h^2$ |
| Heun | $x + \frac h2 \big( u_t(x) + u_{{t + h}}(x + h\, u_t(x)) \big)$ | 2 | $\sim h^2$ |

The error is the mean distance of {COUNTED} points from where {FINE} steps of the Runge-Kutta method of order 4 take
them. Its slope is read off between 25 and 50 steps: by what power of $h$ it falls.

**Reflow** (Liu et al. 2022). Take fresh noise, follow the flow to its end, and keep the two as a pair. Joined by
straight lines, these pairs cross far less, and what the same mean makes of them is a straighter flow, from the same
noise to the same data. It is known here too. Of {PAIRS} pairs each is a line with a round Gaussian of deviation
{WIDTH} around it, and $u_t(x) = \sum_k w_k(x) (\text{{end}}_k - \text{{start}}_k)$. The points shown are none of those
pairs. That Gaussian blurs the shape a little with each reflow. And where lines to different ends part, the field turns
within its width: many steps are needed before the slopes are those of the table.
"""
