"""Style apart from the class: one hand through all ten digits."""

import torch
from torch import Tensor

import checkpoints
from demos import plots, ui
from demos.vae.figures import minus
from demos.vae.latent import SIZE, drawn, image, on_drawing, own_digit
from models.cvae import CVAE, bound, sample
from models.images import noise

TITLE = "cVAE"
NAME = "cvae-mnist"
CLASSES, STYLES = 10, 5  # digits; styles beside the visitor's own
DIGIT, SEED = 3, 4  # that the first drawing shows; of the first style below it
DRAWS = 64  # of z, for the mean in the bound


# What is computed.


def model() -> CVAE:
    return checkpoints.load(NAME)


def every_digit(z: Tensor) -> Tensor:
    """Each style as all ten digits. z: (n, latent) -> (10 n, 1, 28, 28), row by row."""
    y = torch.arange(CLASSES).repeat(len(z))
    return sample(model(), z.repeat_interleave(CLASSES, 0), y)


def style(drawing: str, digit: int, seed: int) -> tuple[str, str]:
    """The style of a drawing, and five drawn ones, as all ten digits.

    drawing: 784 characters 0 or 1 in raster order; digit: 0 to 9, what it shows; seed: 0 to 9999, of the first of the
    drawn styles. Returns the grid with the bound on log p of the drawing for each digit that it might be told to be, as
    HTML, and the equations with these numbers in.
    """
    x = drawn(drawing)
    digit, seed = ui.whole(digit, "Digit", 0, CLASSES - 1), ui.seed(seed)
    network, told = model(), torch.arange(CLASSES)
    with torch.inference_mode():
        mu, _ = network.encode(x, told[digit, None])
        epsilon = noise((DRAWS, network.latent), [0])[0].repeat_interleave(CLASSES, 0)
        fit, apart = bound(
            network, x.expand(DRAWS * CLASSES, -1, -1, -1), told.repeat(DRAWS), epsilon
        )
    fit = fit.view(DRAWS, CLASSES).mean(0)
    apart = apart.view(DRAWS, CLASSES, -1)[0]
    elbo = (fit - apart.sum(1)).tolist()
    others = noise((network.latent,), [(seed + k) % (ui.LARGEST_SEED + 1) for k in range(STYLES)])
    grid = image(
        every_digit(torch.cat([mu, others])),
        f"Six styles, each as the digits 0 to 9; the first is the drawing's, told that it is a {digit}",
        CLASSES,
    )
    costs = (fit[digit].item(), apart[digit].sum().item())
    return page(grid, elbo, digit, costs, apart[digit].tolist()), equations(digit, *costs, elbo)


def page(
    grid: str, elbo: list[float], digit: int, costs: tuple[float, float], apart: list[float]
) -> str:
    best = max(range(CLASSES), key=elbo.__getitem__)
    names = "".join(f"<b{' data-told' * (k == digit)}>{k}</b>" for k in range(CLASSES))
    bounds = "".join(
        f"<span{' data-best' * (k == best)}>{minus(f'{v:.0f}')}</span>" for k, v in enumerate(elbo)
    )
    fit, cost = costs
    said = (
        f"told that it is a {digit}, which costs it least"
        if best == digit
        else f"told that it is a {digit}; told {best}, it would cost {elbo[best] - elbo[digit]:.0f} nats less"
    )
    return (
        f"<div class='styles'><div class='ten'>{names}</div><div class='sheet'>{grid}</div>"
        "<div class='ten bounds' role='group' aria-label='The bound for each digit that it might be told to be'>"
        f"{bounds}</div></div><div class='halves'><p class='verdict'><b>{minus(f'{fit - cost:.1f}')} nats</b> &nbsp; = "
        f"{minus(f'{fit:.1f}')} for the reconstruction − {cost:.1f} for saying which z, {said}.</p>"
        f"{plots.bars(apart, 'KL of each dimension, in nats', 'z')}</div>"
    )


def equations(digit: int, fit: float, cost: float, elbo: list[float]) -> str:
    apart = max(elbo) - elbo[digit]
    return rf"""
Both networks are told the class $\mathbf{{y}}$, here that it is a {digit}, so $\mathbf{{z}}$ need not say it. For your
drawing:

$$\mathcal{{L}}_{{\text{{cVAE}}}}(\mathbf{{x}}, \mathbf{{y}})
= \underbrace{{\mathbb{{E}}_{{q_\phi(\mathbf{{z}} \mid \mathbf{{x}}, \mathbf{{y}})}}
\log p_\theta(\mathbf{{x}} \mid \mathbf{{z}}, \mathbf{{y}})}}_{{{fit:.1f}}}
- \underbrace{{\mathrm{{KL}}(q_\phi(\mathbf{{z}} \mid \mathbf{{x}}, \mathbf{{y}}) \,\|\, p(\mathbf{{z}}))}}
_{{{cost:.1f}}}
= {fit - cost:.1f}\ \text{{nats}} \le \log p(\mathbf{{x}} \mid \mathbf{{y}})$$

The prior $p(\mathbf{{z}})$ is the same for all classes, so a $\mathbf{{z}}$ means the same style under each of them:
encode with one $\mathbf{{y}}$, decode with another.

The numbers under the grid are this bound for all ten classes. By Bayes' rule, with classes equally likely,
$p(\mathbf{{y}} \mid \mathbf{{x}}) \propto p(\mathbf{{x}} \mid \mathbf{{y}})$: the largest number names the digit, as
far as the bounds are equally loose. {digit} lies {apart:.1f} nats below the largest.
"""


# What is shown.


def build() -> None:
    measured = checkpoints.MANIFEST[NAME]["measured"]
    plain = checkpoints.MANIFEST["vae-mnist-16d"]["measured"]
    ui.headline(
        "One hand, ten digits",
        "Tell the model which digit it is, and what is left for z is the style: slant, weight, width.",
    )
    with ui.columns():
        with ui.knobs():
            pad = ui.pad("0" * SIZE * SIZE, "styled-digit", hint="Clear, and draw your own.")
            digit = ui.slider("vae", "told", "You say it is a", 0, CLASSES - 1, DIGIT)
            seed = ui.slider("vae", "styles", "Seed of the others", 0, ui.LARGEST_SEED, SEED)
        with ui.stage():
            shown = ui.html("", elem_id="styles", **ui.ASKS)
        ui.words(
            see=(
                "The first row is your hand; each row below is a style drawn from the prior.",
                "Under a column: the bound on your drawing, had you said that digit.",
            ),
            steps={
                "draw": "Draw a digit, and say which it is",
                "told": "Say that it is another one",
                "seed": "Look at other styles",
            },
        )
    ui.strip(
        [
            ("a bound", "on log p(x | y), nothing exact"),
            (
                f"{-measured['elbo_all_test_images']:.1f} ± {measured['standard_error']:.1f} nats",
                f"at most, a digit whose name is told, {measured['test_images']:,} test digits; "
                f"not told, with 16 numbers: {-plain['elbo_all_test_images']:.1f}",
            ),
            (
                f"{sum(measured['kl_per_dimension']):.1f} nats",
                f"in all 8 numbers; in 16, not told: {sum(plain['kl_per_dimension']):.1f}",
            ),
            (
                f"{measured['classifier_agrees']:.1%}",
                f"of {measured['samples']:,} drawn digits are named as asked; by chance 10%",
            ),
            (
                f"{measured['parameters'] / 1e6:.2f} M",
                f"parameters; not told: {plain['parameters'] / 1e6:.2f} M",
            ),
        ]
    )
    math = ui.mathematics()
    knobs = [pad, digit, seed]
    ui.first(own_digit, [digit], [pad])
    ui.on([digit.input, seed.input, shown.apply], style, knobs, [shown, math], queue=False)
    private = dict(queue=False, api_visibility="private")
    on_drawing(pad, style, knobs, [shown, math], "styles, draw", **private)
    for gesture, step in ((digit.input, "told"), (seed.input, "seed")):
        ui.in_page(gesture, f"() => gml.did(document.querySelector('#styles'), '{step}')")
    ui.link("vae", told=digit, styles=seed)
