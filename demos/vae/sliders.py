"""Sixteen dimensions as sliders, and a drawing as a point among them, with the bound on its likelihood."""

from collections.abc import Callable

import gradio as gr
import numpy as np
import torch
from torch import Tensor

import checkpoints
from demos import plots, ui
from demos.vae.latent import DIMENSIONS, EDGE, SIZE, image, ink, latent, means, model
from models.images import noise
from models.vae import importance_bounds, kl, log_p_x_given_z, log_weights, reparameterize

DRAWS = 1024  # importance samples


# What is computed.


def decode_16d(*z: float) -> str:
    """The picture at a point in sixteen dimensions. z: sixteen numbers from -3 to 3. Returns an <img>."""
    return image(ink(latent(z)), "The digit that the sliders describe")


def draw_16d(seed: int) -> tuple:
    """A draw from the prior N(0, I). seed: 0 to 9999. Returns sixteen numbers, and the picture there as an <img>."""
    z = noise((DIMENSIONS,), [ui.seed(seed)])
    return on_sliders(z)


def on_sliders(z: Tensor) -> tuple:
    """Sixteen slider positions, the nearest to z, and the picture at these. z: (1, 16)."""
    z = [round(v, 2) for v in z[0].clamp(-EDGE, EDGE).tolist()]
    return *z, decode_16d(*z)


def encode(drawing: str) -> tuple:
    """Encode a drawing, and bound its likelihood. drawing: 784 characters 0 or 1 in raster order.

    Returns sixteen means mu, the picture decoded from them, the two halves of the bound as figures (SVG), and the
    equations with these numbers in.
    """
    x = torch.from_numpy(ui.bits(drawing, SIZE).astype(np.float32)).view(1, 1, SIZE, SIZE)
    vae = model(DIMENSIONS)
    with torch.inference_mode():
        mu, log_var = vae.encode(x)
        epsilon = noise((1, DRAWS, DIMENSIONS), [0])[0]
        logits = vae.decode(reparameterize(mu, log_var, epsilon[0]))
        fit = log_p_x_given_z(logits, x.expand_as(logits)).mean().item()
        bounds = importance_bounds(log_weights(vae, x, epsilon))[0].tolist()
        apart = kl(mu, log_var)[0]
        squared = (logits.sigmoid() - x).square().flatten(1).sum(1).mean().item()
    cost = apart.sum().item()
    sentence = (
        f"<b>{fit - cost:.1f} nats</b> &nbsp; = {fit:.1f} for the reconstruction - {cost:.1f} for saying which z. "
        f"With {DRAWS} draws of z the bound climbs to {bounds[-1]:.1f}."
    )
    figures = (
        f"<p class='verdict'>{sentence}</p><div class='halves-of-bound'>"
        + plots.bars(apart.tolist(), "KL of each dimension, in nats", "z")
        + plots.climb(bounds, "bound on log p(x), in nats", "draws of z")
        + "</div>"
    )
    return *on_sliders(mu), figures, equations(fit, cost, bounds[-1], squared)


def first_drawing() -> str:
    """A digit to begin with: the model's own picture of a test digit's mean, as a drawing."""
    z, labels = means(DIMENSIONS)
    return "".join("01"[v > 0.5] for v in ink(z[labels == 3][2, None]).flatten().tolist())


def equations(fit: float, cost: float, bound: float, squared: float) -> str:
    """The lecture's equations with a drawing's numbers in, all in nats but the squared error."""
    return rf"""
The encoder answers with a Gaussian $q_\phi(\mathbf{{z}} \mid \mathbf{{x}})$, and the bound has two halves. For your
drawing:

$$\mathcal{{L}}(\mathbf{{x}})
= \underbrace{{\mathbb{{E}}_q \log p_\theta(\mathbf{{x}} \mid \mathbf{{z}})}}_{{{fit:.1f}}}
- \underbrace{{\mathrm{{KL}}(q_\phi(\mathbf{{z}} \mid \mathbf{{x}}) \,\|\, p(\mathbf{{z}}))}}_{{{cost:.1f}}}
= {fit - cost:.1f}\ \text{{nats}} \le \log p(\mathbf{{x}})$$

$$\mathrm{{KL}} = \tfrac{{1}}{{2}} \sum_{{d=1}}^{{16}} \left(\mu_d^2 + \sigma_d^2 - \log \sigma_d^2 - 1\right)$$

More draws close the gap (Burda 2015), and the bound only climbs:

$$\log p(\mathbf{{x}}) \ge \mathcal{{L}}_K = \mathbb{{E}}\, \log \frac{{1}}{{K}} \sum_{{k=1}}^{{K}}
\frac{{p_\theta(\mathbf{{x}}, \mathbf{{z}}_k)}}{{q_\phi(\mathbf{{z}}_k \mid \mathbf{{x}})}}
\overset{{K = {DRAWS}}}{{\approx}} {bound:.1f}\ \text{{nats}}$$

A draw that can be differentiated: $\mathbf{{z}} = \boldsymbol\mu + \boldsymbol\sigma \odot \boldsymbol\epsilon$, so
$\partial z / \partial \mu = 1$ and $\partial z / \partial \sigma = \epsilon$.

**Two lines of the lecture, set right.** A Bernoulli likelihood does not give the squared error. It gives the cross
entropy, here {-fit:.1f} nats; the squared error, here {squared:.1f}, comes from a Gaussian with a fixed variance $s^2$:

$$\text{{Bernoulli: }} -\log p_\theta(\mathbf{{x}} \mid \mathbf{{z}})
= -\sum_i \left[ x_i \log x'_i + (1 - x_i) \log(1 - x'_i) \right]$$

$$\text{{Gaussian: }} -\log p_\theta(\mathbf{{x}} \mid \mathbf{{z}})
= \tfrac{{1}}{{2 s^2}} \|\mathbf{{x}} - \mathbf{{x}}'\|_2^2 + \text{{const}}$$

And Jensen's inequality, $\mathbb{{E}}[f(x)] \ge f(\mathbb{{E}}[x])$ on the slide, holds for convex $f$. The logarithm
is concave, so its sign turns, and that is the step which makes $\mathcal{{L}}$ a lower bound:
$\log \mathbb{{E}}[w] \ge \mathbb{{E}}[\log w]$.
"""


# What is shown.


def build() -> Callable[[], None]:
    """Everything but the equations, which stand at the page's end: call the answer there."""
    drawing = first_drawing()
    *z, picture, figures, first_equations = encode(drawing)
    information = checkpoints.MANIFEST["vae-mnist-16d"]["measured"]["kl_per_dimension"]
    ui.section(
        "Sixteen dials",
        "Draw a digit and it becomes sixteen numbers. Turn them, and it becomes another digit. "
        "The first ones carry the most.",
    )
    with gr.Row(elem_classes="sixteen"):
        pad = ui.pad(drawing, "encoded-digit")
        with gr.Column(min_width=0, elem_classes="dials"):
            dials = [
                ui.slider("vae", f"d{k}", f"z{k}, {nats:.1f} nats", -EDGE, EDGE, v, 0.01)
                for k, (v, nats) in enumerate(zip(z, information, strict=True), 1)
            ]
            seed = ui.seed_slider("vae", 7, label="Seed of a draw")
            draw = gr.Button("Draw from the prior", variant="primary")
            zero = gr.Button("All to zero")
        with gr.Column(min_width=0, elem_classes="decoded"):
            shown = ui.html(picture, elem_id="decoded")
            ui.html("p(ink | z), from the sliders", classes="note")
    ui.section(
        "What the drawing costs",
        "No picture has an exact likelihood here, only a bound. It pays for every number in z, and for every pixel.",
    )
    bound = ui.html(figures, elem_id="bound")

    def show_equations() -> None:
        math = ui.mathematics(first_equations)
        done = ui.on(pad.input, encode, pad, [*dials, shown, bound, math])
        ui.in_page(done.success, "() => gml.did(document.querySelector('#bound'), 'encode')")

    turned = ui.on([*(d.input for d in dials), pad.apply], decode_16d, dials, shown, queue=False)
    ui.in_page(
        turned.success,
        "(...z) => { if (z.some((v) => Math.abs(v) > 2.9)) gml.did(document.querySelector('#decoded'), 'dial'); }",
        dials,
    )
    ui.on(seed.input, draw_16d, seed, [*dials, shown], queue=False)
    next_seed = ui.in_page(draw.click, "(seed) => (seed + 1) % 10000", seed, seed)
    ui.on(next_seed.then, draw_16d, seed, [*dials, shown], queue=False, api_visibility="private")
    zeroed = ui.in_page(zero.click, f"() => Array({DIMENSIONS}).fill(0)", None, dials)
    ui.on(zeroed.then, decode_16d, dials, shown, queue=False, api_visibility="private")
    ui.link("vae", **{f"d{k}": dial for k, dial in enumerate(dials, 1)})
    return show_equations
