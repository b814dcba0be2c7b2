"""The gap between the bound and log p(x): closed by more draws, and what it is on a plane, KL(q || p(z|x))."""

from functools import lru_cache
from typing import NamedTuple

import gradio as gr
import torch

from demos import ui
from demos.vae.figures import closing, posterior, spread, with_error
from demos.vae.latent import DRAWS, MODELS, OWN, SIZE, exactly, on_drawing, weighed
from models.images import to_uint8
from models.vae import (
    decoded,
    importance_bound,
    kl_to_posterior,
    log_joint,
    mean_weight,
)

TITLE = "The gap"
SHOWN = 300  # draws of z, of those that are weighed
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
SIDE = 72  # of the picture of p(z|x)


# What is computed.


class OnPlane(NamedTuple):
    log_p: float  # log p(x) in nats
    apart: float  # KL(q(z|x) || p(z|x))
    low: list[float]  # the corner of the part of the plane that is shown, and its side
    side: float
    density: str  # p(z|x) there, as a data URI


@lru_cache(maxsize=8)
def on_plane(drawing: str) -> OnPlane:
    """What the 2-D model knows exactly of a drawing, and p(z|x) as a picture, where it or q is. Raises ValueError."""
    x, vae, mu, log_var, *_ = weighed(drawing, "2-D")
    exact = exactly(drawing)
    sigma = (log_var / 2).exp()
    most = exact.log_mass.sort(descending=True)
    bulk = exact.z[most.indices[most.values.exp().cumsum(0) < 0.999]]
    corners = torch.cat([bulk, mu - 3 * sigma, mu + 3 * sigma])
    low, high = corners.min(0).values, corners.max(0).values
    side = 1.1 * (high - low).max().item()
    low = (low + high - side) / 2
    line = (torch.arange(SIDE) + 0.5) / SIDE * side
    with torch.inference_mode():
        joint = log_joint(decoded(vae, low + torch.cartesian_prod(line, line), 0), x)
    density = joint - exact.log_p
    if not 0.8 < (density.exp().sum() * (side / SIDE) ** 2).item() < 1.25:
        # The posterior is finer than this picture: as much of it as falls into each cell.
        cell = ((exact.z - low) / side * SIDE).long()
        inside = ((cell >= 0) & (cell < SIDE)).all(1)
        where = cell[inside, 0] * SIDE + cell[inside, 1]
        density = torch.zeros(SIDE**2).index_add_(0, where, exact.log_mass[inside].exp()).log()
    shade = (
        (density - density.max()).exp().view(SIDE, SIDE).T.flip(0)
    )  # z1 to the right, z2 upwards
    picture = ui.data_uri(to_uint8(shade[None, None]))
    apart = kl_to_posterior(vae, x, exact.log_p)
    return OnPlane(exact.log_p, apart, low.tolist(), side, picture)


def close_gap(drawing: str, model: str, draws: int) -> str:
    """How K draws of z close the gap between the bound and log p(x), with what is known of it. drawing: 784 characters
    0 or 1 in raster order; model: "2-D" or "16-D"; draws: K, 1 to 5000. Returns HTML.
    """
    _, vae, mu, log_var, _, z, log_w = weighed(drawing, model)
    k = ui.whole(draws, "K", 1, DRAWS)
    elbo, error = log_w.mean().item(), log_w.std().item() / DRAWS**0.5
    rows = [(each, *importance_bound(log_w, each)) for each in sorted({*STEPS, k})]
    _, tight, tight_error = next(row for row in rows if row[0] == k)
    rests, of_all = (mean_weight(some[None])[2].item() for some in (log_w[:k], log_w))
    exact = on_plane(drawing) if vae.latent == 2 else None
    unknown = "unknown"
    facts = {
        "log p(x), a sum": with_error(exact.log_p) if exact else unknown,
        "L, the bound": with_error(elbo, error),
        f"L<sub>K</sub> with K = {k:,}": with_error(tight, tight_error),
        "K draws count as": f"{rests:,.1f}",
        "log p(x) − L": with_error(exact.log_p - elbo, error)
        if exact
        else f"≥ {with_error(rows[-1][1] - elbo, rows[-1][2])}",
        "KL(q ‖ p(z | x)), a sum": with_error(exact.apart) if exact else unknown,
    }
    if exact:
        weights = (log_w[:k][:SHOWN] - log_w[:k][:SHOWN].max()).exp().numpy()
        sigma = (log_var[0] / 2).exp().tolist()
        shown = posterior(
            *(exact.density, exact.low, exact.side, mu[0].tolist(), sigma),
            *(z[:k][:SHOWN].numpy(), weights),
        )
    else:
        marks = [(elbo, "L: mean of log w"), (rows[-1][1], "log of mean w")]
        shown = spread({"": log_w.numpy()}, marks, "log w of 5,000 draws, in nats", height=330)
    climb = closing(rows, elbo, exact and exact.log_p, k)
    told = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts.items())
    return (
        f"<div class='closing'>{climb}{shown}</div><dl class='facts'>{told}</dl>"
        f"<p class='note'>{said(vae.latent, of_all)}</p>"
    )


def said(d: int, rests: float) -> str:
    """What to think of the numbers, in one sentence."""
    if d > 2:
        return (
            "No plane to sum over in 16 dimensions, so log p(x) stays unknown: "
            "each L<sub>K</sub> is a bound, and the highest the best."
        )
    if rests < 20:
        return (
            f"The encoder has missed: all 5,000 draws count as {rests:.1f}, and the bars of L<sub>K</sub>, which "
            "see only these draws, are too short."
        )
    return "The gap is what q lacks to be the posterior: two numbers found apart, and equal within the bar."


# What is shown.


def build() -> None:
    ui.headline(
        "What the bound leaves out",
        "More draws of z close the gap to log p(x). On a plane one sees what it is: q is not quite the posterior.",
    )
    with ui.columns():
        with ui.knobs():
            pad = ui.pad("0" * SIZE * SIZE, "gap-digit")
            own = ui.slider("vae", "gap-own", "Model's own digit", 0, 9, OWN)
            which = gr.Radio(
                list(MODELS), value="2-D", label="Latent space", elem_id="vae-gap-model"
            )
            draws = ui.slider("vae", "draws", "K, draws of z", 1, DRAWS, 100)
            with gr.Row(elem_classes="few"):
                few = [gr.Button(f"{k:,}") for k in (1, 10, 100, DRAWS)]
        with ui.stage():
            shown = ui.html("", elem_id="gap", **ui.ASKS)
        ui.words(
            see=(
                "At the left the bound climbs with K towards log p(x), with its error.",
                "At the right the true posterior, and q: an ellipse that cannot lean.",
                "A dot is a draw from q, as large as its weight.",
            ),
            steps={
                "many": "Take 5,000 draws, then 1",
                "other": "Draw what is no digit: q misses",
                "large": "Go to 16-D: no plane any more",
            },
        )
    ui.mathematics(MATHEMATICS)
    given = [pad, which, draws]
    on_drawing(pad, close_gap, given, [shown], "gap, other", own)
    turned = ui.on([which.input, draws.input], close_gap, given, shown, api_visibility="private")
    done = """(_, model, k) => {
      const gap = document.querySelector('#gap');
      if (k === 5000) gml.did(gap, 'many');
      if (model === '16-D') gml.did(gap, 'large');
    }"""
    ui.in_page(turned.success, done, given)
    for button, k in zip(few, (1, 10, 100, DRAWS), strict=True):
        set_to = ui.in_page(button.click, f"() => {k}", None, draws)
        seen = ui.on(set_to.then, close_gap, given, shown, api_visibility="private")
        ui.in_page(seen.success, done, given)
    ui.link("vae", **{"gap-own": own, "gap-model": which, "draws": draws})


MATHEMATICS = r"""
What Jensen's inequality loses has a name (Kingma and Welling 2013, equation 1). With
$p_\theta(\mathbf{x}, \mathbf{z}) = p_\theta(\mathbf{z} \mid \mathbf{x})\, p_\theta(\mathbf{x})$:

$$\log p_\theta(\mathbf{x}) - \mathcal{L}(\mathbf{x})
= \mathbb{E}_q \log \frac{q_\phi(\mathbf{z} \mid \mathbf{x})}{p_\theta(\mathbf{z} \mid \mathbf{x})}
= \mathrm{KL}(q_\phi(\mathbf{z} \mid \mathbf{x}) \,\|\, p_\theta(\mathbf{z} \mid \mathbf{x})) \ge 0$$

Both sides stand under the figures. The left one: $\log p(\mathbf{x})$ as a sum over the plane from $-7$ to $7$, in
12,544 squares of which those that hold the most are cut into nine until it moves by less than 0.005 nats; and
$\mathcal{L}$ by 5,000 draws. The right one: a sum over a grid of $q$'s own, six $\sigma$ each way, with no draw in it.

More draws close the gap (Burda 2015, arXiv:1509.00519). In expectation the bound only climbs; one estimate may lie
above $\log p(\mathbf{x})$ by chance:

$$\log p(\mathbf{x}) \ge \mathcal{L}_K = \mathbb{E}\, \log \frac{1}{K} \sum_{k=1}^{K} w_k, \qquad
w_k = \frac{p_\theta(\mathbf{x}, \mathbf{z}_k)}{q_\phi(\mathbf{z}_k \mid \mathbf{x})}, \quad \mathbf{z}_k \sim q_\phi$$

The error: 5,000 draws in groups of $K$. Up to $K = 250$ it is the groups' standard deviation over the root of their
number, beyond by the delta method $\sqrt{1 / n_\text{eff} - 1 / n}$ over all $n$ draws, where
$n_\text{eff} = (\sum w)^2 / \sum w^2$ says on how many draws the mean really rests.
"""
