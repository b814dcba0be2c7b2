"""One noise through several samplers: few steps and many, with dice and without."""

import torch

from demos import ui
from demos.diffusion.network import SHIPPED, first_noise, network, rolls
from models.ddpm import sample
from models.images import grid, to_uint8

TITLE = "Many samplers"
STEPS = (1, 2, 5, 10, 25, 50)
SAMPLERS = (("DDIM, eta = 0, no dice", 0.0), ("DDPM, eta = 1, dice in every step", 1.0))
# How often the end is the digit that 250 steps without dice give, by features-mnist; a test counts again.
COUNTED = 100  # noises
SAME = (
    (0.12, f"of {COUNTED} noises: 1 step gives the digit that 250 steps give"),
    (0.51, "2 steps do"),
    (0.83, "5 steps do"),
    (0.98, "50 steps do"),
    (0.09, "50 steps with dice do: about as often as by chance"),
)


# What is computed.


def compare(seed: int) -> str:
    """One noise, drawn with 1, 2, 5, 10, 25 and 50 steps, by DDIM and by DDPM. seed: 0 to 9999. Returns HTML."""
    seed = ui.seed(seed)
    rows = []
    for name, eta in SAMPLERS:
        ends = []
        for steps in STEPS:
            *_, (x, _, _) = sample(network(SHIPPED), first_noise(seed), steps, eta, rolls(seed))
            ends.append(x)
        source = ui.data_uri(grid(to_uint8(-torch.cat(ends), -1, 1), len(STEPS))[None])
        alt = f"{name}, seed {seed}: {', '.join(map(str, STEPS))} steps"
        picture = f"<div><img class='pixels' src='{source}' alt='{alt}'></div>"
        rows.append(f"<figure><figcaption>{name}</figcaption>{picture}</figure>")
    names = ["1 step", *map(str, STEPS[1:-1]), f"{STEPS[-1]} steps"]
    heads = "".join(f"<span>{name}</span>" for name in names)
    return f"<div class='stills samplers'>{''.join(rows)}<div class='heads'>{heads}</div></div>"


# What is shown.


def build() -> None:
    ui.headline(
        "One noise, many samplers",
        "Without dice one noise leads to one digit, once there are enough steps. With dice it leads anywhere.",
    )
    with ui.columns():
        with ui.knobs():
            seed = ui.seed_slider("diffusion", 5, "noise", "Seed of the noise for all")
        with ui.stage():
            table = ui.html("", elem_id="samplers", **ui.ASKS)
        ui.words(
            see=(
                "Twelve pictures from the same noise.",
                "Above, the steps only take noise away: from some number of steps on the digit stays.",
                "Below, every step adds fresh noise too, and the digit changes with the number of steps.",
            ),
            steps={"samplers": "Send another noise through all samplers"},
        )
    ui.strip([(f"{share:.0%}", what) for share, what in SAME])
    ui.mathematics(MATHEMATICS)
    ui.first(compare, [seed], [table])
    done = ui.on(seed.input, compare, seed, table, **ui.SAMPLER)
    ui.on(table.apply, compare, seed, table, api_visibility="private", **ui.SAMPLER)
    ui.in_page(done.success, "() => gml.did(document.querySelector('#samplers'), 'samplers')")
    ui.link("diffusion", noise=seed)


MATHEMATICS = r"""
One step of every sampler here, from a time $t$ to an earlier one, $s$ (DDIM, arXiv:2010.02502, Eq. 12 and 16, where
$\bar\alpha$ is called $\alpha$). What the network says stands in $\hat{\mathbf{x}}_0$, the picture underneath, and
$\hat{\boldsymbol\epsilon}$, the noise on it:

$$\mathbf{x}_s = \sqrt{\bar\alpha_s}\, \hat{\mathbf{x}}_0
+ \sqrt{1 - \bar\alpha_s - \sigma^2}\, \hat{\boldsymbol\epsilon} + \sigma\, \mathbf{z},
\qquad \mathbf{z} \sim \mathcal{N}(\mathbf{0}, \mathbf{I})$$

$$\sigma = \eta \sqrt{\frac{1 - \bar\alpha_s}{1 - \bar\alpha_t} \left(1 - \frac{\bar\alpha_t}{\bar\alpha_s}\right)}$$

Whatever $\sigma$ is, $\mathbf{x}_s$ holds as much noise as it should: $\sigma^2$ of it is fresh, the rest is the old.
So one network serves all of them, and times may be left out.

With $\eta = 0$ a point moves along a path. Long steps miss the path and short ones follow it, so that the ends agree
once there are enough of them. With $\eta = 1$ this is the DDPM of Ho, Jain and Abbeel for these times: fresh noise
takes the place of the first one, and what that was hardly matters in the end.
"""
