"""Two gradients of a mean over draws: past the dice, and round them. Their variance, measured on a drawing."""

import gradio as gr
from torch import Tensor

from demos import ui
from demos.vae.figures import estimators
from demos.vae.latent import MODELS, OWN, SIZE, on_drawing, weighed
from models.gradients import mean_and_spread, pathwise, score
from models.vae import log_p_x_given_z

TITLE = "Two gradients"
FEWEST, MOST = 10, 2000  # draws
WAYS = ("outside", "inside")


# What is computed.


def measure_gradients(drawing: str, model: str, draws: int) -> str:
    """The gradient of E_q[log p(x|z)] by mu, by N draws each of two estimators. drawing: 784 characters 0 or 1 in
    raster order; model: "2-D" or "16-D"; draws: N, 10 to 2000. Returns HTML.
    """
    of, n = weighed(drawing, model), ui.whole(draws, "N", FEWEST, MOST)
    # Clones: what is made under inference_mode cannot be differentiated.
    x, mu, epsilon = of.x.clone(), of.mu[0].clone(), of.epsilon[:n].clone()
    given = (
        lambda z: log_p_x_given_z(of.vae.decode(z), x.expand(len(z), -1, -1, -1)),
        *(mu, (of.log_var[0] / 2).exp(), epsilon),
    )
    each = {
        "pathwise": pathwise(*given),
        "score function": score(*given),
        "score with a baseline": score(*given, baseline=True),
    }
    found = {name: mean_and_spread(drawn) for name, drawn in each.items()}
    rows = [(name, each[name][:, 0].numpy(), *(v[0].item() for v in found[name])) for name in each]
    plain, less = (apart(found[name], found["pathwise"]) for name in list(each)[1:])
    facts = {
        "score draws to match one pathwise": f"{plain[0]:,.0f}",
        "with a baseline": f"{less[0]:,.1f}",
        "means differ by at most": f"{plain[1]:.1f} errors",
    }
    told = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts.items())
    return (
        f"{estimators(rows, 'gradient by μ₁, one draw each, in nats')}<dl class='facts'>{told}</dl>"
    )


def apart(one: tuple[Tensor, ...], other: tuple[Tensor, ...]) -> tuple[float, float]:
    """How many times larger one variance is, the middle one of all dimensions; and the largest distance of two means,
    in standard errors of their difference, taken as if drawn apart. Each: mean, error and spread, (d,).
    """
    times = (one[2] / other[2].clamp(min=1e-12)).square().median().item()
    errors = (one[1].square() + other[1].square()).sqrt().clamp(min=1e-12)
    return times, ((one[0] - other[0]).abs() / errors).max().item()


# What is shown.


def build() -> None:
    ui.headline(
        "Past the dice, or round them",
        "Two ways to learn μ and σ through a draw. Both are right on average; one of them is of little use.",
    )
    with ui.columns():
        with ui.knobs():
            pad = ui.pad("0" * SIZE * SIZE, "grad-digit")
            own = ui.slider("vae", "grad-own", "Model's own digit", 0, 9, OWN)
            which = gr.Radio(
                list(MODELS), value="16-D", label="Latent space", elem_id="vae-grad-model"
            )
            way = gr.Radio(list(WAYS), value="outside", label="The dice are", elem_id="vae-way")
            draws = ui.slider("vae", "grad-draws", "N, draws each", FEWEST, MOST, 1000, 10)
        with ui.stage():
            graph = ui.canvas("gradient_path", None, "gradient-path")
            shown = ui.html("", elem_id="two-gradients")
        ui.words(
            see=(
                "Above, the gradient's way back: past the dice; or, with the dice inside, stopped by them.",
                "Below, f is log p(x | z): the same gradient by both ways, one draw at a time.",
                "Their means agree; their spreads do not.",
            ),
            steps={
                "inside": "Put the dice inside",
                "few": "Take 10 draws: which mean can still be used?",
                "draw": "Draw a digit of your own",
            },
        )
    ui.mathematics(MATHEMATICS)
    given = [pad, which, draws]
    on_drawing(pad, measure_gradients, given, [shown], "two-gradients, draw", own)
    turned = ui.on(
        [which.input, draws.input], measure_gradients, given, shown, api_visibility="private"
    )
    ui.in_page(
        turned.success,
        "(n) => { if (n <= 10) gml.did(document.querySelector('#two-gradients'), 'few'); }",
        draws,
    )
    show = "(way) => { document.querySelector('#gradient-path .ways').dataset.way = way; %s}"
    done = "if (way === 'inside') gml.did(document.querySelector('#gradient-path'), 'inside'); "
    ui.in_page(way.input, show % done, way)
    ui.in_page(graph.apply, show % "", way)
    ui.link("vae", **{"grad-own": own, "grad-model": which, "way": way, "grad-draws": draws})


MATHEMATICS = r"""
Wanted is the gradient of a mean over draws from what is being learned, here by $\mu$ of the reconstruction
$f(\mathbf{z}) = \log p_\theta(\mathbf{x} \mid \mathbf{z})$.

**The dice outside** (pathwise; Kingma and Welling 2013, section 2.4): $f$ is asked how it changes with $\mathbf{z}$.

$$\nabla_\mu\, \mathbb{E}_{q}[f(\mathbf{z})]
= \mathbb{E}_{\boldsymbol\epsilon}\left[
\nabla_{\mathbf{z}} f(\boldsymbol\mu + \boldsymbol\sigma \odot \boldsymbol\epsilon)\right],
\qquad \frac{\partial z_d}{\partial \mu_d} = 1, \quad \frac{\partial z_d}{\partial \sigma_d} = \epsilon_d$$

**The dice inside** (score function; Williams 1992, Paisley et al. 2012): $f$ is only asked for its value.

$$\nabla_\mu\, \mathbb{E}_{q}[f(\mathbf{z})]
= \mathbb{E}_{q}\left[f(\mathbf{z})\, \nabla_\mu \log q(\mathbf{z})\right]
= \mathbb{E}\left[f(\mathbf{z})\, \boldsymbol\epsilon / \boldsymbol\sigma\right]$$

With $f$ at minus a hundred nats and $\sigma$ a few hundredths, as in 2-D, a draw is a huge number, and only their mean
is small. Since $\mathbb{E}[\boldsymbol\epsilon] = 0$ a constant taken off $f$ changes no mean: the baseline, here the
mean of the other draws. For a parabola $f(z) = c + b z - a z^2 / 2$ both variances are known, with $g = b - a\mu$,
$f_0 = f(\mu)$:

$$\text{pathwise: } a^2 \sigma^2 \qquad
\text{score: } \frac{f_0^2 - 3 a f_0 \sigma^2}{\sigma^2} + 2 g^2 + \tfrac{15}{4} a^2 \sigma^2$$

The score function still learns where nothing can be differentiated: discrete $\mathbf{z}$, a game, a reader's verdict.
Both use the same draws here. An error is the standard deviation of $N$ draws over $\sqrt{N}$.
"""
