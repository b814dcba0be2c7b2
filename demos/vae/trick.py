"""The reparameterization trick: mu, sigma and epsilon as knobs."""

import gradio as gr
import torch

from demos import plots, ui
from demos.vae.latent import EDGE, image, ink, latent

TITLE = "Reparameterize"
WIDEST = 1.5  # sigma
FIRST = dict(mu1=-0.9, mu2=-1.1, sigma1=0.4, sigma2=0.4, epsilon1=1.0, epsilon2=0.5)


# What is computed.


def reparameterize_2d(
    mu1: float, mu2: float, sigma1: float, sigma2: float, epsilon1: float, epsilon2: float
) -> str:
    """z = mu + sigma * epsilon in two dimensions. mu, epsilon: -3 to 3; sigma: 0 to 1.5.

    Returns the two planes as a figure (SVG) and the picture at z as an <img>.
    """
    mu, epsilon = latent([mu1, mu2], "mu"), latent([epsilon1, epsilon2], "epsilon")
    sigma = torch.tensor(
        [[ui.number(v, f"sigma{k}", 0, WIDEST) for k, v in enumerate((sigma1, sigma2), 1)]]
    )
    z = mu + sigma * epsilon
    planes = plots.planes(mu[0].tolist(), sigma[0].tolist(), epsilon[0].tolist(), EDGE)
    moved = ", ".join(f"{v:.2f}" for v in z[0].tolist())
    return (
        f"<div class='trick'>{planes}<figure class='at-z'>{image(ink(z), 'The digit decoded from z')}"
        f"<figcaption>decoded from z = ({moved})</figcaption></figure></div>"
    )


# What is shown.


def build() -> None:
    ui.headline(
        "How to learn through a draw",
        "Keep the dice outside: epsilon is drawn, mu and sigma only move and stretch it, so both can be learned.",
    )
    with ui.columns():
        with ui.knobs():
            knobs = [
                ui.slider(
                    "vae",
                    name,
                    name,
                    *((0, WIDEST) if "sigma" in name else (-EDGE, EDGE)),
                    value,
                    0.01,
                )
                for name, value in FIRST.items()
            ]
            draw = gr.Button("Draw epsilon", variant="primary")
        with ui.stage():
            figure = ui.html("", elem_id="trick", **ui.ASKS)
        ui.words(
            see=(
                "At the left a draw of epsilon, which knows nothing of the picture.",
                "At the right the same draw, stretched by sigma and moved by mu: this is z.",
                "Grey rings are the prior, one and two standard deviations wide.",
            ),
            steps={
                "draw": "Draw epsilon: z stays near mu",
                "sigma": "Set both sigma to 0: epsilon no longer matters",
            },
        )
    ui.mathematics(MATHEMATICS)
    ui.first(reparameterize_2d, knobs, [figure])
    moved = ui.on(
        [*(knob.input for knob in knobs), figure.apply],
        reparameterize_2d,
        knobs,
        figure,
        queue=False,
    )
    ui.in_page(
        moved.success,
        "(m1, m2, s1, s2) => { if (s1 === 0 && s2 === 0) gml.did(document.querySelector('#trick'), 'sigma'); }",
        knobs,
    )
    drawn = ui.in_page(draw.click, TWO_NORMALS, None, knobs[-2:])
    again = ui.on(
        drawn.then, reparameterize_2d, knobs, figure, queue=False, api_visibility="private"
    )
    ui.in_page(again.success, "() => gml.did(document.querySelector('#trick'), 'draw')")
    ui.link("vae", **dict(zip(FIRST, knobs, strict=True)))


# Box and Muller's two draws, moved to what the knobs can show.
TWO_NORMALS = f"""() => {{
  const length = Math.sqrt(-2 * Math.log(1 - Math.random())), angle = 2 * Math.PI * Math.random();
  return [Math.cos(angle), Math.sin(angle)].map((v) => {{
    const inside = Math.max(-{EDGE:g}, Math.min({EDGE:g}, length * v));
    return Math.round(100 * inside) / 100;
  }});
}}"""

MATHEMATICS = r"""
Both halves of the bound must be differentiated by what the encoder says, and one of them is a mean over draws:

$$\mathbf{z} = \boldsymbol\mu + \boldsymbol\sigma \odot \boldsymbol\epsilon, \quad
\boldsymbol\epsilon \sim \mathcal{N}(\mathbf{0}, \mathbf{I}) \quad\Rightarrow\quad
\mathbf{z} \sim \mathcal{N}(\boldsymbol\mu, \mathrm{diag}(\boldsymbol\sigma^2))$$

The dice $\boldsymbol\epsilon$ do not depend on $\phi$, so the gradient goes inside the mean:

$$\nabla_\phi\, \mathbb{E}_{q_\phi(\mathbf{z} \mid \mathbf{x})}[f(\mathbf{z})]
= \mathbb{E}_{\boldsymbol\epsilon}\left[\nabla_\phi\, f(\mathbf{z})\right],
\qquad \frac{\partial z_d}{\partial \mu_d} = 1, \quad \frac{\partial z_d}{\partial \sigma_d} = \epsilon_d$$

Without the trick there is the score function, which is right too, but never asks how $f$ changes with $\mathbf{z}$;
Kingma and Welling (2013, section 2.2) leave it for its high variance:

$$\nabla_\phi\, \mathbb{E}_{q_\phi}[f(\mathbf{z})]
= \mathbb{E}_{q_\phi}\left[f(\mathbf{z})\, \nabla_\phi \log q_\phi(\mathbf{z} \mid \mathbf{x})\right]$$
"""
