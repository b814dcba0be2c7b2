"""beta as a dial: what a VAE keeps of a digit, and how well it can be drawn from, as the KL term weighs more."""

import gradio as gr
import numpy as np
import torch

import checkpoints
from demos import plots, ui
from demos.vae.curves import trade
from demos.vae.latent import DIMENSIONS, SIZE, drawn, example, image, ink, means, on_drawing
from models.images import noise
from models.vae import kl

TITLE = "Beta"
BETAS = (0, 0.25, 1, 4, 16)
LABELS = {0: "0, autoencoder", 0.25: "0.25", 1: "1, VAE", 4: "4", 16: "16"}
EXAMPLE = (8, 0)  # the first drawing: the digit, and which of them
OWN, DRAWS = 7, 16  # the model's own digits beside the drawing; pictures from the prior


# What is computed.


def name_of(beta: float) -> str:
    return f"vae-beta-{DIMENSIONS}d-{beta:g}"


def nearest(beta: float) -> float:
    """The trained beta next to one from 0 to 16, by ratio; below .06 it is 0. Raises ValueError."""
    beta = ui.number(beta, "beta", 0, max(BETAS))
    return 0 if beta < 0.0625 else min(BETAS[1:], key=lambda b: abs(np.log(b / beta)))


def measured(beta: float) -> dict:
    return checkpoints.MANIFEST[name_of(beta)]["measured"]


def examples(drawing: str) -> torch.Tensor:
    """The drawing, and digits that the VAE on the other views decodes from means of test digits. -> (8, 1, 28, 28)."""
    z, labels = means(DIMENSIONS)
    return torch.cat(
        [drawn(drawing), ink(torch.stack([z[labels == k][0] for k in range(1, OWN + 1)]))]
    )


def beta_vae(beta: float, drawing: str, seed: int) -> str:
    """A VAE trained with this beta (0 to 16; the nearest of 0, 0.25, 1, 4, 16 answers): copies and draws, as HTML.

    drawing: 784 characters 0 or 1 in raster order. seed: of the draws from N(0, I).
    """
    asked, beta = beta, nearest(beta)
    x, model = examples(drawing), checkpoints.load(name_of(beta))
    with torch.inference_mode():
        mu, log_var = model.encode(x)
        copies = model.decode(mu).sigmoid()
        draws = model.decode(noise((DRAWS, DIMENSIONS), [ui.seed(seed)])[0]).sigmoid()
    off = (copies - x).square().mean().item()
    said = f"beta = {beta:g}"
    if asked != beta:
        said = f"beta = {asked:g} is not trained: this is {beta:g}, the nearest"
    known = measured(beta)
    lost = DIMENSIONS - known["active_units"]
    if beta == 0:
        verdict = (
            "no noise, no price: it copies best; its codes are scaled to fit the prior afterwards"
        )
    elif lost:
        verdict = (
            f"posterior collapse: {lost} of {DIMENSIONS} units say nothing, whatever the digit"
        )
    else:
        verdict = f"all {DIMENSIONS} units are in use"
    price = kl(mu, log_var).mean(0).tolist() if beta else None
    if price:
        figures = plots.bars(price, "KL of each unit, nats", "unit ")
    else:
        figures = "<p class='hint'>Without noise a unit can say any number exactly: its KL has no bound.</p>"
    figures += trade([(b, measured(b)) for b in BETAS], beta)
    return (
        f"<p class='verdict'><b>{said}</b> &nbsp; {verdict}.</p><div class='beta'>"
        f"<figure>{image(x, 'A drawing and seven digits', OWN + 1)}{image(copies, 'What comes back', OWN + 1)}"
        f"<figcaption>Digits and copies, squared error {off:.3f} a pixel</figcaption></figure>"
        f"<figure>{image(draws, 'Sixteen draws from the prior', OWN + 1)}"
        f"<figcaption>Drawn digits, Frechet distance {known['frechet_draws']:.0f} (real ones: "
        f"{known['frechet_training_digits']:.0f})"
        "</figcaption></figure></div><div class='halves-of-bound' tabindex='0' role='group' "
        f"aria-label='What each unit says, and the curve of all betas'>{figures}</div>"
    )


# What is shown.


def build() -> None:
    plain, heavy = measured(0), measured(max(BETAS))
    one = measured(1)
    ui.headline(
        "How much may a digit cost?",
        "Beta is the price of a nat in z. Free, and the VAE is an autoencoder; too dear, and it stops looking.",
    )
    with ui.columns():
        with ui.knobs():
            beta = gr.Radio(
                [(LABELS[b], b) for b in BETAS], value=1, label="beta", elem_id="vae-beta"
            )
            seed = ui.seed_slider("vae", 0, name="beta-seed")
            pad = ui.pad("0" * SIZE * SIZE, "beta-digit")
        with ui.stage():
            shown = ui.html("", elem_id="beta", **ui.ASKS)
        ui.words(
            see=(
                "Each point of the curve, in nats a digit, is a VAE of its own, trained alike but for beta.",
                "Cheap codes copy well, and lie where the prior seldom draws.",
                "Dear codes lie where it draws, and say less and less about the digit.",
            ),
            steps={
                "free": "Set beta to 0: the best copies, worse draws",
                "dear": "Set it to 16, and find the units that went silent",
                "draw": "Draw a digit that it has never seen",
            },
        )
    ui.strip(
        [
            (
                f"{plain['frechet_draws']:.0f}, {one['frechet_draws']:.0f}, {heavy['frechet_draws']:.0f}",
                f"Frechet distance of {one['samples']:,} draws in our features, for beta 0, 1 and 16; real digits: "
                f"{one['frechet_training_digits']:.0f}",
            ),
            (
                f"{plain['squared_error']:.4f}, {one['squared_error']:.4f}, {heavy['squared_error']:.4f}",
                "squared error per pixel of copies, 10,000 test digits, for beta 0, 1 and 16",
            ),
            (
                f"{one['active_units']} and {heavy['active_units']}",
                f"of {DIMENSIONS} units active for beta 1 and 16, 10,000 test digits",
            ),
            (f"{one['parameters'] / 1e6:.2f} M", "parameters each"),
        ]
    )
    ui.mathematics(MATHEMATICS)
    knobs = [beta, pad, seed]
    ui.first(lambda: example(*EXAMPLE), [], [pad])
    done = ui.on([beta.input, seed.input, shown.apply], beta_vae, knobs, shown, queue=False)
    on_drawing(pad, beta_vae, knobs, [shown], "beta, draw", queue=False, api_visibility="private")
    ui.in_page(
        done.success,
        """(beta) => {
          const shown = document.querySelector('#beta');
          if (beta === 0) gml.did(shown, 'free');
          if (beta === 16) gml.did(shown, 'dear');
        }""",
        beta,
    )
    ui.link("vae", beta=beta, **{"beta-seed": seed})


MATHEMATICS = r"""
The bound has two halves, and $\beta$ weighs them against each other (Higgins 2017):

$$\mathcal{L}_\beta
= \underbrace{-\mathbb{E}_{q_\phi} \log p_\theta(\mathbf{x} \mid \mathbf{z})}_{\text{distortion } D}
+ \beta\, \underbrace{\mathrm{KL}(q_\phi(\mathbf{z} \mid \mathbf{x}) \,\|\, p(\mathbf{z}))}_{\text{rate } R}$$

Averaged over digits, $R$ is at least the information that $\mathbf{z}$ carries about $\mathbf{x}$. No model gets below
the curve of the best $D$ for each $R$, and where a model sits on it, the slope is $-\beta$ (Alemi 2018):

$$\frac{\partial D}{\partial R} = -\beta$$

With $\beta = 1$, $-\mathcal{L}_\beta$ is the bound on $\log p(\mathbf{x})$. A unit whose $q$ equals the prior costs
nothing and says nothing: $\mu_d = 0$, $\sigma_d = 1$ for every digit. That is **posterior collapse**; a unit counts as
active when its mean varies over digits, $\mathrm{Var}(\mu_d(\mathbf{x})) > 0.01$ (Burda 2015).
"""
