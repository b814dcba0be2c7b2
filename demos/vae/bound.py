"""What a drawing costs: the bound on its likelihood, in two halves, and how more draws raise it."""

import gradio as gr
import numpy as np
import torch

import checkpoints
from demos import plots, ui
from demos.vae.latent import DIMENSIONS, EDGE, SIZE, image, ink, latent, means, model
from models.images import noise
from models.vae import importance_bounds, kl, log_p_x_given_z, log_weights, reparameterize

TITLE = "The bound"
DRAWS = 1024  # importance samples


# What is computed.


def encode(drawing: str) -> tuple:
    """Encode a drawing, and bound its likelihood. drawing: 784 characters 0 or 1 in raster order.

    Returns sixteen means mu with commas between, for the dials, the picture decoded from them and the two halves of the
    bound as HTML, and the equations with these numbers in.
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
    z = [round(v, 2) for v in mu[0].clamp(-EDGE, EDGE).tolist()]
    picture = image(ink(latent(z)), "The digit decoded from the drawing's numbers")
    shown = (
        f"<div class='bound'><figure>{picture}<figcaption>decoded from its 16 numbers</figcaption></figure>"
        f"<p class='verdict'><b>{fit - cost:.1f} nats</b> &nbsp; = {fit:.1f} for the reconstruction - {cost:.1f} for "
        f"saying which z. With {DRAWS} draws of z the bound climbs to {bounds[-1]:.1f}.</p></div>"
        "<div class='halves-of-bound' tabindex='0' role='group' aria-label='The bound, in two figures'>"
        + plots.bars(apart.tolist(), "KL of each dimension, in nats", "z")
        + plots.climb(bounds, "bound on log p(x), in nats", "draws of z")
        + "</div>"
    )
    return ",".join(map(str, z)), shown, equations(fit, cost, bounds[-1], squared)


def first_drawing() -> str:
    """A digit to begin with: the model's own picture of a test digit's mean, as a drawing."""
    z, labels = means(DIMENSIONS)
    return "".join("01"[v > 0.5] for v in ink(z[labels == 3][2, None]).flatten().tolist())


def equations(fit: float, cost: float, bound: float, squared: float) -> str:
    """The lecture's equations with a drawing's numbers in, all in nats but the squared error."""
    return rf"""
$\log p(\mathbf{{x}})$ asks for an integral over all $\mathbf{{z}}$, which cannot be done. The encoder answers with a
Gaussian $q_\phi(\mathbf{{z}} \mid \mathbf{{x}})$, and the bound has two halves.
For your drawing:

$$\mathcal{{L}}(\mathbf{{x}})
= \underbrace{{\mathbb{{E}}_q \log p_\theta(\mathbf{{x}} \mid \mathbf{{z}})}}_{{{fit:.1f}}}
- \underbrace{{\mathrm{{KL}}(q_\phi(\mathbf{{z}} \mid \mathbf{{x}}) \,\|\, p(\mathbf{{z}}))}}_{{{cost:.1f}}}
= {fit - cost:.1f}\ \text{{nats}} \le \log p(\mathbf{{x}})$$

$$\mathrm{{KL}} = \tfrac{{1}}{{2}} \sum_{{d=1}}^{{16}} \left(\mu_d^2 + \sigma_d^2 - \log \sigma_d^2 - 1\right)$$

More draws close the gap (Burda 2015), and the bound only climbs:

$$\log p(\mathbf{{x}}) \ge \mathcal{{L}}_K = \mathbb{{E}}\, \log \frac{{1}}{{K}} \sum_{{k=1}}^{{K}}
\frac{{p_\theta(\mathbf{{x}}, \mathbf{{z}}_k)}}{{q_\phi(\mathbf{{z}}_k \mid \mathbf{{x}})}}
\overset{{K = {DRAWS}}}{{\approx}} {bound:.1f}\ \text{{nats}}$$

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


def build() -> None:
    measured = checkpoints.MANIFEST["vae-mnist-16d"]["measured"]
    exact = checkpoints.MANIFEST["pixelcnn-mnist"]["measured"]
    ui.headline(
        "What a drawing costs",
        "No picture has an exact likelihood here, only a bound. It pays for every number in z, and for every pixel.",
    )
    with ui.columns():
        with ui.knobs():
            pad = ui.pad("0" * SIZE * SIZE, "encoded-digit")
            onto = gr.Button("Put it on the dials")
        with ui.stage():
            shown = ui.html("", elem_id="bound")
        z = gr.Textbox("", visible=False)
        ui.words(
            see=(
                "The encoder turns the drawing into sixteen Gaussians; the bars say what each one costs.",
                "One draw of z at a time gives the bound; many draws weighed together give a tighter one.",
                "The true log-likelihood lies above all of them.",
            ),
            steps={
                "encode": "Draw a digit and read its bound",
                "onto": "Put it on the dials, and turn them",
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
    ui.first(first_drawing, [], [pad])
    ui.first(encode, [pad], [z, shown, math])
    done = ui.on(pad.input, encode, pad, [z, shown, math])
    ui.in_page(done.success, "() => gml.did(document.querySelector('#bound'), 'encode')")
    ui.in_page(
        onto.click,
        """(z) => {
          gml.did(document.querySelector('#bound'), 'onto');
          gml.go('vae', 'dials', Object.fromEntries(z.split(',').map((v, k) => [`d${k + 1}`, v])));
        }""",
        z,
    )
