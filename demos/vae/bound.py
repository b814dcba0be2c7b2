"""What a drawing costs: the bound on its likelihood line by line, each line with its number."""

from functools import lru_cache

import gradio as gr
import numpy as np
import torch
from torch import Tensor

import checkpoints
from demos import ui
from demos.vae.figures import columns, minus, pixel_costs, spread, with_error
from demos.vae.latent import (
    DRAWS,
    EDGE,
    MODELS,
    OWN,
    SIZE,
    exactly,
    image,
    ink,
    model,
    on_drawing,
    weighed,
)
from models.images import noise
from models.vae import kl, log_p_x_given_z, mean_weight

TITLE = "The bound"
FROM_PRIOR = 2000  # draws of z
LINES = 7


# What is computed.


@lru_cache(maxsize=len(MODELS))
def prior_logits(dimensions: int) -> Tensor:
    """Draws from the prior, decoded once for all pictures: 6 MB."""
    with torch.inference_mode():
        return model(dimensions).decode(noise((FROM_PRIOR, dimensions), [1])[0])


def encode(drawing: str, model: str) -> tuple:
    """The bound of a drawing, line by line. drawing: 784 characters 0 or 1 in raster order; model: "2-D" or "16-D".

    Returns the means mu with commas between, for the dials; lines, each with its number, how far that may be off, words
    and a figure; and the equations with these numbers in.
    """
    x, vae, mu, log_var, epsilon, z, log_w = weighed(drawing, model)
    d = vae.latent
    with torch.inference_mode():
        fit = log_w - log_ratio(z, epsilon, log_var)
        by_prior = log_p_x_given_z(prior_logits(d), x.expand(FROM_PRIOR, -1, -1, -1))
        apart = kl(mu, log_var)[0]
        logits = vae.decode(mu)
        at_mean, cross = logits.sigmoid(), -log_p_x_given_z(logits, x).item()
        worst = at_mean[x == 1].min().item() if x.any() else 1.0
        squared = (at_mean - x).square().sum().item()
    exact = exactly(drawing) if d == 2 else None
    (top,), (top_error,), (n_eff,) = mean_weight(log_w[None])
    elbo, cost = log_w.mean().item(), apart.sum().item()
    elbo_error, fit_error = (v.std().item() / DRAWS**0.5 for v in (log_w, fit))
    fit_mean = fit.mean().item()
    numbers = [
        (exact and exact.log_p, exact and exact.error),
        (exact and exact.log_p, exact and exact.error),
        (top.item(), top_error.item()),
        *[(elbo, elbo_error)] * 3,
        (fit_mean - cost, fit_error),
    ]
    told = notes(exact and len(exact.z), by_prior, fit, n_eff.item(), top.item() - elbo, cost)
    drawn = figures(by_prior.numpy(), fit.numpy(), log_w.numpy(), elbo, top.item(), worst, apart)
    picture = image(ink(mu), "What the decoder makes of the drawing's mean")
    lines = [
        dict(
            value=value,
            error=error,
            text="unknown" if value is None else with_error(value, error if k > 1 else None),
            note=note,
            figure=svg,
        )
        for k, ((value, error), note, svg) in enumerate(zip(numbers, told, drawn, strict=True))
    ]
    means = ",".join(str(round(v, 2)) for v in mu[0].clamp(-EDGE, EDGE).tolist())
    in_words = equations(d, fit_mean, cost, top.item(), cross, squared, worst)
    return means, dict(lines=lines, picture=picture), in_words


def log_ratio(z: Tensor, epsilon: Tensor, log_var: Tensor) -> Tensor:
    """log p(z) / q(z|x) at draws from q, in nats. z, epsilon: (n, d), log_var: (1, d) -> (n,)."""
    return (epsilon.square().sum(1) + log_var.sum() - z.square().sum(1)) / 2


def notes(
    squares: int | None, by_prior: Tensor, by_q: Tensor, n_eff: float, gap: float, cost: float
) -> list[str]:
    """What each line does, in words, with this drawing's numbers. by_prior, by_q: log p(x|z) at draws of z."""
    fit = by_q.mean().item()
    middle, of_prior = (minus(f"{v.median().item():.0f}") for v in (by_q, by_prior))
    (_,), (_,), (rests,) = mean_weight(by_prior[None])
    total = (
        f"On the plane the integral is a sum over {squares:,} squares, small where it matters. "
        if squares
        else "In sixteen dimensions no such sum can be done: a hundred steps along each axis make 10³² points. "
    )
    return [
        f"Every z could have made this picture. {total}Drawing z from the prior does not do: of {FROM_PRIOR:,} "
        f"draws only {rests:.1f} count, so rarely does one explain the picture.",
        "q/q is 1, so nothing has changed: an equality. But q, the encoder's Gaussian, knows where to look: the middle "
        f"one of its draws explains the picture with {middle} nats, that of the prior's with {of_prior}.",
        f"An integral against q is a mean over draws from q: an equality. {DRAWS:,} draws, which count as {n_eff:,.0f}"
        + (": too few, so not even its error is to be trusted." if n_eff < 20 else "."),
        "The logarithm goes inside the mean. It is concave, so E[log w] ≤ log E[w]: the one step that loses something, "
        f"here {gap:.2f} nats. (The slide has Jensen's sign for convex functions.)",
        "p(x, z) = p(x | z) p(z). The same numbers in other words: an equality, draw by draw.",
        f"The logarithm of a product is a sum. The first half, {with_error(fit)} nats, is the reconstruction. "
        "Bernoulli makes it a cross entropy, not the slide's squared error, which never charges a pixel more than 1.",
        f"The second half is minus a KL that needs no draws: {cost:.2f} nats, what z says about the picture, "
        f"dimension by dimension. So L = {with_error(fit)} − {cost:.2f}.",
    ]


def figures(
    by_prior, fit, log_w, elbo: float, top: float, worst: float, apart: Tensor
) -> list[str]:
    """A figure for each line."""
    where = spread({"z from q": fit, "z from the prior": by_prior}, [], "log p(x | z), in nats")
    jensen = spread(
        {"": log_w},
        [(elbo, "mean of log w"), (top, "log of mean w")],
        "log w of 5,000 draws, in nats",
    )
    bars = columns(apart.tolist(), "KL of each dimension, in nats", "z")
    return [where, where, jensen, jensen, jensen, pixel_costs(worst), bars]


def equations(
    d: int, fit: float, cost: float, bound: float, cross: float, squared: float, worst: float
) -> str:
    """The lecture's equations with a drawing's numbers in, all in nats but the squared error."""
    charge = max(0.0, -np.log(max(worst, 1e-30)))
    return rf"""
The lecture's two slides in one: seven lines, and six equalities. With $w = p_\theta(\mathbf{{x}}, \mathbf{{z}})
/ q_\phi(\mathbf{{z}} \mid \mathbf{{x}})$ and $\mathbf{{z}} \sim q_\phi$:

$$\log p(\mathbf{{x}}) = \log \mathbb{{E}}_q[w] \;\ge\; \mathbb{{E}}_q[\log w] = \mathcal{{L}}(\mathbf{{x}})
= \underbrace{{\mathbb{{E}}_q \log p_\theta(\mathbf{{x}} \mid \mathbf{{z}})}}_{{{fit:.2f}}}
- \underbrace{{\mathrm{{KL}}(q_\phi(\mathbf{{z}} \mid \mathbf{{x}}) \,\|\, p(\mathbf{{z}}))}}_{{{cost:.2f}}}
= {fit - cost:.2f}\ \text{{nats}}$$

$$\mathrm{{KL}} = \tfrac{{1}}{{2}} \sum_{{d=1}}^{{{d}}} \left(\mu_d^2 + \sigma_d^2 - \log \sigma_d^2 - 1\right)$$

**The errors.** Lines 4 to 7: the standard deviation of {DRAWS:,} draws over $\sqrt{{{DRAWS:,}}}$. Line 3,
here ${bound:.2f}$: by the delta method, $\sqrt{{1 / n_\text{{eff}} - 1 / K}}$ with
$n_\text{{eff}} = (\sum w)^2 / \sum w^2$. The lines share their draws, so they move together.

**Two lines of the lecture, set right.** Jensen's inequality, $\mathbb{{E}}[f(x)] \ge f(\mathbb{{E}}[x])$ on the slide,
holds for convex $f$. The logarithm is concave, so its sign turns, and that makes $\mathcal{{L}}$ a lower bound. And a
Bernoulli likelihood does not give the squared error, here {squared:.1f} at $\boldsymbol\mu$; that comes from a
Gaussian with a fixed variance $s^2$. It gives the cross entropy, here {cross:.1f} nats at $\boldsymbol\mu$:

$$\text{{Bernoulli: }} -\log p_\theta(\mathbf{{x}} \mid \mathbf{{z}})
= -\sum_i \left[ x_i \log x'_i + (1 - x_i) \log(1 - x'_i) \right] \qquad
\text{{Gaussian: }} \tfrac{{1}}{{2 s^2}} \|\mathbf{{x}} - \mathbf{{x}}'\|_2^2 + \text{{const}}$$

Both are least where $x'$ is the mean of what can be there. They differ in what being sure and wrong costs: the pixel of
ink that was expected least here, $x' = {worst:.3f}$, is charged {charge:.1f} nats by the one and {(1 - worst) ** 2:.2f}
by the other. By the gradient it is starker: $-1 / x'$ without end, against at most $2$.
"""


# What is shown.


def build() -> None:
    measured = checkpoints.MANIFEST["vae-mnist-16d"]["measured"]
    exact = checkpoints.MANIFEST["pixelcnn-mnist"]["measured"]
    ui.headline(
        "What a drawing costs",
        "From log p(x) to what a VAE is trained on, in seven lines. Six are equalities; see which one is not.",
    )
    with ui.columns():
        with ui.knobs():
            pad = ui.pad("0" * SIZE * SIZE, "encoded-digit")
            own = ui.slider("vae", "own", "Model's own digit", 0, 9, OWN)
            which = gr.Radio(list(MODELS), value="2-D", label="Latent space", elem_id="vae-model")
            line = ui.slider("vae", "line", "Line", 1, LINES, 4)
            onto = gr.Button("Turn its numbers")
        with ui.stage():
            lines = ui.canvas("derivation", None, "bound", start=4)
        z = gr.Textbox("", visible=False)
        ui.words(
            see=(
                "Each line is the one above it, rewritten, with its number for your drawing.",
                "A dot is that number on one axis for all lines, its bar what 5,000 draws leave open.",
                "Line 1 is known on a plane only; with sixteen dimensions the bound is all there is.",
            ),
            steps={
                "jensen": "Step through all lines: one loses something",
                "encode": "Draw a digit and read its bound",
                "onto": "Turn its numbers",
            },
        )
    ui.strip(
        [
            ("a bound", "on the likelihood, nothing exact"),
            (
                f"{-measured['elbo_all_test_images']:.1f} nats",
                "at most, a digit: 10,000 test digits",
            ),
            (f"{exact['nats_per_image']:.1f} nats", "exactly, by PixelCNN: the same 10,000"),
            (
                f"{measured['nats_per_image']:.1f} ± {measured['standard_error']:.1f}",
                f"nats a digit with {measured['importance_samples']:,} draws, the same 10,000",
            ),
            (
                f"{measured['parameters'] / 1e6:.2f} M",
                f"parameters; PixelCNN: {exact['parameters'] / 1e6:.2f} M",
            ),
        ]
    )
    math = ui.mathematics()
    given, shown = [pad, which], [z, lines, math]
    on_drawing(pad, encode, given, shown, "bound, encode", own, named=True)
    ui.on(which.input, encode, given, shown, api_visibility="private")
    ui.in_page(line.input, "(k) => document.querySelector('#bound .lines').show(k)", line)
    ui.in_page(lines.apply, "(k) => document.querySelector('#bound .lines').show(k)", line)
    ui.in_page(
        lines.select,
        "() => Number(document.querySelector('#bound .lines').dataset.line)",
        None,
        line,
    )
    ui.in_page(
        onto.click,
        """(z) => {
          gml.did(document.querySelector('#bound'), 'onto');
          const mu = z.split(','), letter = mu.length > 2 ? 'd' : 'z';
          const to = Object.fromEntries(mu.map((v, k) => [`${letter}${k + 1}`, v]));
          gml.go('vae', letter === 'd' ? 'dials' : 'latent_map', to);
        }""",
        z,
    )
    ui.link("vae", own=own, model=which, line=line)
