"""The theorem, as an exact game in one dimension: two densities, the best D between them, and what V is worth."""

import gradio as gr

from demos import ui

TITLE = "The theorem"
# Two normals each, half and half: how far apart their means are, and how wide each is.
DATA = {"One bump": (0.0, 1.0), "Two bumps": (4.0, 0.6), "A needle": (0.0, 0.1)}
START = (
    "One bump",
    0.0,
    1.0,
    2.5,
    1.0,
    0.0,
    1.0,
    0.0,
)  # data: which, where, how stretched; where, width and gap of G; how sure D is, and its bias


# What is shown. All of it is computed in the page: canvas/theorem.js.


def build() -> None:
    ui.headline(
        "The best D measures how far G is from the data",
        "Two densities, π of the data and p of what G makes. D cannot do better than weigh one against the other.",
    )
    with ui.columns():
        with ui.knobs():
            kind, *start = START
            data = gr.Radio(list(DATA), value=kind, label="Data", elem_id="gan-data")
            place = ui.slider("gan", "place", "Data: where", -6, 6, start[0], 0.05)
            stretch = ui.slider("gan", "stretch", "Data: stretch", 0.5, 2, start[1], 0.05)
            mean = ui.slider("gan", "mean", "G: where", -6, 6, start[2], 0.05)
            width = ui.slider("gan", "width", "G: width", 0.1, 2, start[3], 0.05)
            gap = ui.slider("gan", "gap", "G: gap of two", 0, 6, start[4], 0.05)
            sure = ui.slider("gan", "sure", "D: how sure", 0, 3, start[5], 0.05)
            bias = ui.slider("gan", "bias", "D: bias", -3, 3, start[6], 0.05)
            best = gr.Button("The best D", variant="primary")
        with ui.stage():
            canvas = ui.canvas("theorem", None, "theorem", data=DATA, start=START)
        ui.words(
            see=(
                "Above, what the data are (grey) and what G makes (in colour): drag them, and their width by the dots.",
                "In the middle D: 1 says real, 0 says made. Dashed is the best D, π / (π + p). Others have a lower V.",
                "With the best D, V is 2 JSD − 2 log 2: least where G makes exactly what the data are.",
                "Below, what three distances say with G at x, each as a share of its largest:"
                " far away JSD is flat and shows G no way.",
            ),
            steps={
                "bend": "Bend D away from the best one: V falls",
                "match": "Put G onto the data: V comes to −2 log 2",
                "apart": "Take the needle, a narrow G, and pull them apart: which distance still grows?",
            },
        )
    ui.mathematics(MATHEMATICS)
    knobs = [data, place, stretch, mean, width, gap, sure, bias]
    show = "(...knobs) => document.querySelector('#theorem .plots').show(knobs, %s)"
    ui.in_page([knob.input for knob in knobs], show % "true", knobs)
    ui.in_page(canvas.apply, show % "false", knobs)
    ui.in_page(
        canvas.select,
        "() => document.querySelector('#theorem .plots').dragged()",
        None,
        [place, stretch, mean, width],
    )
    placed = ui.in_page(best.click, "() => [1, 0]", None, [sure, bias])
    ui.in_page(placed.then, show % "false", knobs)
    shape = dict(data=data, place=place, stretch=stretch, mean=mean, width=width, gap=gap)
    ui.link("gan", **shape, sure=sure, bias=bias)


MATHEMATICS = r"""
The value of the game (Goodfellow et al. 2014, arXiv:1406.2661, equation 1), with $\pi$ the density of the data and
$p_\theta$ that of what $G$ makes:

$$V(G, D) = \mathbb{E}_{\pi(\mathbf{x})} \log D(\mathbf{x}) + \mathbb{E}_{p_\theta(\mathbf{x})} \log (1 - D(\mathbf{x}))
= \int \pi \log D + p_\theta \log (1 - D) \; d\mathbf{x}$$

At each $\mathbf{x}$ the integrand $a \log y + b \log (1 - y)$ is largest at $y = a / (a + b)$, whence

$$D^*(\mathbf{x}) = \frac{\pi(\mathbf{x})}{\pi(\mathbf{x}) + p_\theta(\mathbf{x})} \qquad
V(G, D^*) = 2\, \mathrm{JSD}(\pi \,\|\, p_\theta) - 2 \log 2$$

$$\mathrm{JSD}(\pi \,\|\, p_\theta) = \tfrac12 \mathrm{KL}\Big(\pi \,\Big\|\, \frac{\pi + p_\theta}{2}\Big)
+ \tfrac12 \mathrm{KL}\Big(p_\theta \,\Big\|\, \frac{\pi + p_\theta}{2}\Big) \;\in\; [0, \log 2]$$

Your $D$ bends the best one: $\operatorname{logit} D = a \operatorname{logit} D^* + b$, with $a$ how sure it is and $b$
its bias. Where the two densities have nothing in common JSD stays at $\log 2$ however far apart they are, and gives $G$
no direction. The distance that one has to carry the one to make the other still does (Arjovsky et al. 2017,
arXiv:1701.07875): in one dimension $W_1 = \int |F_\pi - F_{p_\theta}| \, dx$, between the cumulative distributions.

The integrals are sums over 4,001 points from -20 to 20.
"""
