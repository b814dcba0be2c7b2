"""Sixteen dimensions as sliders."""

import gradio as gr
from torch import Tensor

import checkpoints
from demos import ui
from demos.vae.latent import DIMENSIONS, EDGE, image, ink, latent
from models.images import noise

TITLE = "Digit dials"
SEED = 7  # of the first draw


# What is computed.


def decode_16d(*z: float) -> str:
    """The picture at a point in sixteen dimensions. z: sixteen numbers from -3 to 3. Returns an <img>."""
    return image(ink(latent(z)), "The digit that the sliders describe")


def draw_16d(seed: int) -> tuple:
    """A draw from the prior N(0, I). seed: 0 to 9999. Returns sixteen numbers, and the picture there as an <img>."""
    *z, picture = on_sliders(noise((DIMENSIONS,), [ui.seed(seed)]))
    return *z, picture


def on_sliders(z: Tensor) -> tuple:
    """Sixteen slider positions, the nearest to z, and the picture at these. z: (1, 16)."""
    z = [round(v, 2) for v in z[0].clamp(-EDGE, EDGE).tolist()]
    return *z, decode_16d(*z)


# What is shown.


def build() -> None:
    measured = checkpoints.MANIFEST["vae-mnist-16d"]["measured"]
    flat = checkpoints.MANIFEST["vae-mnist-2d"]["measured"]
    ui.headline(
        "A digit is sixteen numbers",
        "Turn them, and it becomes another digit. The first ones carry the most.",
    )
    with ui.columns():
        with ui.knobs():
            with gr.Column(min_width=0, elem_classes="dials"):
                dials = [
                    ui.slider("vae", f"d{k}", f"z{k}, {nats:.1f} nats", -EDGE, EDGE, 0, 0.01)
                    for k, nats in enumerate(measured["kl_per_dimension"], 1)
                ]
            seed = ui.seed_slider("vae", SEED, label="Seed of a draw")
            with gr.Row(elem_classes="two"):
                draw = gr.Button("Draw from the prior", variant="primary")
                zero = gr.Button("All to zero")
        with ui.stage():
            shown = ui.html("", elem_id="decoded", **ui.ASKS)
            ui.html("The ink that the decoder expects at this z", classes="note")
        ui.words(
            see=(
                "A slider's nats are what it tells about a digit, on average over 10,000 test digits.",
                "Nothing in the training asks that a slider be one trait, such as slant.",
                "A draw from the prior sets all sixteen at once: that is how the model makes a new digit.",
            ),
            steps={
                "dial": "Push a slider to its end",
                "draw": "Draw from the prior",
            },
        )
    ui.strip(
        [
            (f"{sum(measured['kl_per_dimension']):.1f} nats", "in all sixteen, 10,000 test digits"),
            (
                f"{measured['nats_per_image']:.1f} nats",
                f"a digit, all 10,000 test digits; with 2 dimensions: {flat['nats_per_image']:.1f}",
            ),
            (
                f"{measured['ten_nearest_agree']:.0%}",
                f"named right by the ten nearest; with 2 dimensions: {flat['ten_nearest_agree']:.0%}",
            ),
            ("1", "pass for an image"),
            (f"{measured['parameters'] / 1e6:.2f} M", "parameters"),
        ]
    )
    ui.mathematics(MATHEMATICS)
    ui.first(draw_16d, [seed], [*dials, shown])
    turned = ui.on([*(d.input for d in dials), shown.apply], decode_16d, dials, shown, queue=False)
    ui.in_page(
        turned.success,
        "(...z) => { if (z.some((v) => Math.abs(v) > 2.9)) gml.did(document.querySelector('#decoded'), 'dial'); }",
        dials,
    )
    ui.on(seed.input, draw_16d, seed, [*dials, shown], queue=False)
    next_seed = ui.in_page(draw.click, "(seed) => (seed + 1) % 10000", seed, seed)
    drawn = ui.on(
        next_seed.then, draw_16d, seed, [*dials, shown], queue=False, api_visibility="private"
    )
    ui.in_page(drawn.success, "() => gml.did(document.querySelector('#decoded'), 'draw')")
    zeroed = ui.in_page(zero.click, f"() => Array({DIMENSIONS}).fill(0)", None, dials)
    ui.on(zeroed.then, decode_16d, dials, shown, queue=False, api_visibility="private")
    ui.link("vae", **{f"d{k}": dial for k, dial in enumerate(dials, 1)})


MATHEMATICS = r"""
A new digit is two draws, from the prior and from the decoder's pixels; shown is their probability $\mathbf{x}'$:

$$\mathbf{z} \sim p(\mathbf{z}) = \mathcal{N}(\mathbf{0}, \mathbf{I}_{16}) \qquad
\mathbf{x} \sim p_\theta(\mathbf{x} \mid \mathbf{z}) = \prod_{i=1}^{784} (x'_i)^{x_i} (1 - x'_i)^{1 - x_i}$$

How much a dimension carries is how far the encoder's answer lies from the prior, averaged over digits:

$$\mathrm{KL}_d = \mathbb{E}_{\mathbf{x}}\; \tfrac{1}{2} \left(\mu_d^2 + \sigma_d^2 - \log \sigma_d^2 - 1\right)$$

It is zero for a dimension with $\mu_d = 0$ and $\sigma_d = 1$ for every picture: such a dimension says nothing, and the
decoder learns to ignore it. The prior is as round in every direction, so the order of the dimensions is ours: the
ones that carry most come first.
"""
