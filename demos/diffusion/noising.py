"""Into noise: a drawing at any time of the forward process, and what one look of the network recovers."""

import numpy as np
import torch

from demos import ui
from demos.diffusion.network import SHIPPED, T, network
from models.ddpm import diffuse
from models.images import noise, to_uint8

TITLE = "Into noise"
SIZE = 28
SEVEN = [(6, 7, 20), (7, 7, 20), *((row, 26 - row, 28 - row) for row in range(8, 22))]


# What is computed.


def first_drawing() -> str:
    """A seven, in strokes: (row, first column, last column)."""
    paper = np.zeros((SIZE, SIZE), int)
    for row, left, right in SEVEN:
        paper[row, max(left, 0) : min(right, 20) + 1] = 1
    return "".join(map(str, paper.flatten()))


def add_noise(drawing: str, t: int, seed: int) -> str:
    """Noise on a drawing. drawing: 784 characters 0 or 1. t: 0 to 999. seed: 0 to 9999.

    Returns x_t, the network's guess of the noise, and of the picture underneath, as HTML.
    """
    x_0 = torch.from_numpy(ui.bits(drawing, SIZE).astype(np.float32)).view(1, 1, SIZE, SIZE) * 2 - 1
    t, seed = ui.whole(t, "Time t", 0, T - 1), ui.seed(seed)
    when, a = torch.tensor([t]), network(SHIPPED).alpha_bar[t].item()
    with torch.inference_mode():
        x = diffuse(network(SHIPPED), x_0, when, noise((1, SIZE, SIZE), [seed]))
        guess = network(SHIPPED)(x, when)
    under = ((x - (1 - a) ** 0.5 * guess) / a**0.5).clamp(-1, 1)
    right = (under.sign() == x_0).float().mean().item()
    blank = (x_0 < 0).float().mean().item()
    figures = "".join(
        f"<figure><div><img class='pixels' src='{ui.data_uri(to_uint8(-p, -1, 1))}' alt='{alt}'></div>"
        f"<figcaption>{alt}{said}</figcaption></figure>"
        for p, alt, said in (
            (x, "with noise", f": {a:.1%} of the variance is drawing"),
            (guess / 2.5, "what it takes for noise", ""),
            (
                under,
                "what it sees",
                f": {right:.0%} of the pixels right (an empty sheet: {blank:.0%})",
            ),
        )
    )
    return f"<div class='looks'>{figures}</div>"


# What is shown.


def build() -> None:
    ui.headline(
        "Into noise, and one look back",
        "Drown a drawing of your own. From little noise the network brings it back; from much it invents.",
    )
    with ui.columns():
        with ui.knobs():
            t = ui.slider("diffusion", "t", "Time t", 0, T - 1, 400)
            seed = ui.seed_slider("diffusion", 3, "grain", "Seed of the noise")
        with ui.stage():
            pad = ui.pad(first_drawing(), "noised-digit", hint="Draw your own.")
            looks = ui.html("", elem_id="looks")
        ui.words(
            see=(
                "Top: the drawing, and the drawing with the noise of time t on it.",
                "Bottom: what the network takes for noise, and what it sees underneath after one look.",
                "It has learned from digits, so what it sees is ever more a digit and ever less your drawing.",
            ),
            steps={
                "own": "Clear the sheet and draw something of your own",
                "noise": "Turn t up to 900 or more, until your drawing is lost",
            },
        )
    ui.mathematics(MATHEMATICS)
    knobs = [pad, t, seed]
    ui.first(add_noise, knobs, [looks])
    seen = ui.on([pad.input, t.input, seed.input, pad.apply], add_noise, knobs, looks, queue=False)
    ui.in_page(
        seen.success,
        "(drawing, t) => { if (t >= 900) gml.did(document.querySelector('#looks'), 'noise'); }",
        knobs,
    )
    ui.in_page(pad.input, "() => gml.did(document.querySelector('#looks'), 'own')")
    ui.link("diffusion", t=t, grain=seed)


MATHEMATICS = r"""
Any amount of noise can be added in one go, and nothing has to be learned for it:

$$\mathbf{x}_t = \sqrt{\bar\alpha_t}\, \mathbf{x}_0 + \sqrt{1 - \bar\alpha_t}\, \boldsymbol\epsilon,
\qquad \boldsymbol\epsilon \sim \mathcal{N}(\mathbf{0}, \mathbf{I}),
\qquad \bar\alpha_t = \prod_{s \le t} (1 - \beta_s)$$

$\beta_s$ grows evenly from $0.0001$ to $0.02$ over a thousand times, so that $\bar\alpha_t$ falls from $0.9999$ to
$0.00004$. The network is trained to name the noise, at a random time $t$, by the plain squared error:

$$L = \mathbb{E}_{t, \mathbf{x}_0, \boldsymbol\epsilon}\,
\lVert \boldsymbol\epsilon - \boldsymbol\epsilon_\theta(\mathbf{x}_t, t) \rVert^2$$

Whoever knows the noise knows the picture. One look back, with values kept between paper and ink:

$$\hat{\mathbf{x}}_0 = \operatorname{clamp}\!\left(\frac{\mathbf{x}_t - \sqrt{1 - \bar\alpha_t}\,
\boldsymbol\epsilon_\theta(\mathbf{x}_t, t)}{\sqrt{\bar\alpha_t}},\, -1,\, 1\right)$$

The squared error is smallest at the mean of all noise that could be in $\mathbf{x}_t$. So $\hat{\mathbf{x}}_0$ aims at
the mean of all pictures that could be underneath: vague where many could be.
"""
