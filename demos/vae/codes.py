"""A digit as forty-nine whole numbers: exchange one, and see what it stood for."""

import base64
import re
from functools import lru_cache

import gradio as gr
import torch
from torch import Tensor

import checkpoints
from demos import ui
from demos.vae.codebook import COLUMNS, portraits, quantizer, use
from demos.vae.latent import SIZE, as_drawing, drawn, ink, means
from models.images import to_uint8
from models.vqvae import nearest, straight_through

TITLE = "VQ-VAE"
NAME = "vqvae-mnist"
SIDE, CODES = 7, 128  # of the grid; in the codebook
PLACES = SIDE * SIDE
DIGIT, PLACE = 38, 9  # the first picture, and the place looked at
NUDGE = 1e-3  # how far E(x) is moved to see what argmin does


# What is computed.


def codes_in_range(value) -> list[int]:
    """A grid as "7, 96, 51, ...", row by row, or nothing for the nearest codes. Raises ValueError."""
    text = "" if value is None else value
    limits = f"A grid is {PLACES} codes, row by row, each from 0 to {CODES - 1}."
    if not isinstance(text, str) or len(text) > 400 or not re.fullmatch(r"[0-9, ]*", text):
        raise ValueError(limits)
    codes = [int(word) for word in re.split(r"[, ]+", text) if word]
    if len(codes) not in (0, PLACES) or any(k >= CODES for k in codes):
        raise ValueError(limits)
    return codes


def a_digit(digit: int) -> str:
    """A digit as a drawing: what the VAE with sixteen numbers makes of a test digit's. digit: 0 to 99."""
    return as_drawing(ink(means(16)[0][ui.whole(digit, "Digit", 0, 99), None]))


def quantize(drawing: str, codes: str, place: int) -> tuple[dict, str]:
    """Encode a drawing into codes, and what each term of the loss then is.

    drawing: 784 characters 0 or 1 in raster order; codes: 49 of them to take in place of the nearest; place: 0 to 48.
    Returns the drawing, the grid, the nearest codes, the picture in 784 bytes (base64), the three terms without beta,
    and the gradient at that place as D hands it to e_k, as E(x) gets it, and as argmin would pass it on; then the
    equations with these numbers in.
    """
    model, given = quantizer(NAME), codes_in_range(codes)
    x = drawn(drawing)
    row, column = divmod(ui.whole(place, "Place", 0, PLACES - 1), SIDE)
    with torch.no_grad():
        z = model.encode(x)
        closest = nearest(model, z)
        k = torch.tensor(given).view(1, SIDE, SIDE) if given else closest
        e = model.look_up(k)
        apart = (z - e).square().sum().item()  # codebook and commitment: one number, two receivers
    with torch.enable_grad():
        z, e = z.requires_grad_(), e.requires_grad_()
        back = model.decode(straight_through(z, e))
        error = (x - back).square().sum()
        (to_encoder,) = torch.autograd.grad(error, z)
        (to_code,) = torch.autograd.grad((x - model.decode(e)).square().sum(), e)
    here = (0, slice(None), row, column)
    through = argmin_passes_on(z.detach()[here], to_code[here])
    value = dict(
        drawing=drawing,
        codes=k.flatten().tolist(),
        nearest=closest.flatten().tolist(),
        ink=base64.b64encode(to_uint8(back.detach().clamp(0, 1)).tobytes()).decode(),
        place=row * SIDE + column,
        terms=[round(v, 3) for v in (error.item(), apart, apart)],
        to_code=[round(v, 4) for v in to_code[here].tolist()],
        to_encoder=[round(v, 4) for v in to_encoder[here].tolist()],
        through_argmin=[round(v, 4) for v in through.tolist()],
    )
    return value, equations(value)


def argmin_passes_on(z: Tensor, gradient: Tensor) -> Tensor:
    """The derivative of what follows by each number of E(x), if argmin had to pass it on: by moving them a little.

    z, gradient: (16,), of one place -> (16,), all 0 unless a border between two codes is as near as NUDGE.
    """
    model, moves = quantizer(NAME), NUDGE * torch.eye(len(z))
    ahead, behind = (
        model.codebook[nearest(model, (z + s * moves)[..., None, None])[:, 0, 0]] for s in (1, -1)
    )
    return ((ahead - behind) / (2 * NUDGE)) @ gradient


@lru_cache(maxsize=1)
def decoder() -> dict:
    """What the page needs to decode by itself: the codebook and the decoder's weights in float16, base64."""
    model = quantizer(NAME)
    tensors = [model.codebook, *model.decoder.parameters()]
    flat = torch.cat([t.flatten() for t in tensors]).half().numpy().astype("<f2")
    widths = [model.decoder[0].out_channels, model.decoder[4].out_channels]
    return dict(weights=base64.b64encode(flat.tobytes()).decode(), dim=model.dim, widths=widths)


def opened_codes(drawing: str, codes: str, place: int) -> tuple[dict, str]:
    """The first picture: quantize, with the codes' portraits and how often they are chosen."""
    value, math = quantize(drawing, codes, place)
    return value | dict(portraits=portraits(NAME), use=use(NAME)), math


def equations(value: dict) -> str:
    error, apart, _ = value["terms"]
    beta, k = quantizer(NAME).beta, value["codes"][value["place"]]
    return rf"""
The encoder answers with a vector of 16 numbers at each of the 49 places, and the nearest entry of the codebook takes
its place. At the place you have chosen it is code {k}:

$$k = \arg\min_j \|\mathcal{{E}}(\mathbf{{x}}) - \mathbf{{e}}_j\|_2$$

Three terms teach three parts. $\text{{sg}}$ stops the gradient, so the last two are one number that pulls at two ends:

$$\mathcal{{L}}_{{\text{{VQ-VAE}}}}(\mathbf{{x}})
= \underbrace{{\|\mathbf{{x}} - \mathcal{{D}}(\mathbf{{e}}_k)\|_2^2}}_{{{error:.2f}\text{{: D and E}}}}
+ \underbrace{{\|\text{{sg}}[\mathcal{{E}}(\mathbf{{x}})] - \mathbf{{e}}_k\|_2^2}}
_{{{apart:.2f}\text{{: the codebook}}}}
+ \underbrace{{\beta \cdot \|\mathcal{{E}}(\mathbf{{x}}) - \text{{sg}}[\mathbf{{e}}_k]\|_2^2}}
_{{{beta:g} \cdot {apart:.2f}\text{{: E}}}}
= {error + apart + beta * apart:.2f}$$

A small step of $\mathcal{{E}}(\mathbf{{x}})$ leaves $k$ as it is: the derivative of argmin is zero, and E would learn
nothing from the first term. So the gradient at $\mathbf{{e}}_k$ is handed to $\mathcal{{E}}(\mathbf{{x}})$ unchanged:

$$\mathbf{{z}} = \mathcal{{E}}(\mathbf{{x}}) + \text{{sg}}[\mathbf{{e}}_k - \mathcal{{E}}(\mathbf{{x}})]
\quad\Rightarrow\quad \frac{{\partial \mathcal{{L}}}}{{\partial \mathcal{{E}}(\mathbf{{x}})}}
= \frac{{\partial \mathcal{{L}}}}{{\partial \mathbf{{e}}_k}}$$
"""


# What is shown.


def build() -> None:
    measured = checkpoints.MANIFEST[NAME]["measured"]
    kept = checkpoints.MANIFEST[f"{NAME}-codes"]["measured"]
    plain = checkpoints.MANIFEST["vae-mnist-16d"]["measured"]
    ui.headline(
        "A digit in forty-nine words",
        "Each place of the grid holds one of 128 codes. Exchange a code, and see what it says.",
    )
    with ui.columns():
        with ui.knobs():
            digit = ui.slider("vae", "drawn", "A VAE's digit", 0, 99, DIGIT)
            pad = ui.pad("0" * SIZE * SIZE, "quantized-digit", hint="Or draw your own.")
            codes = gr.Textbox("", visible=False, label="codes", elem_id="vae-codes")
            place = gr.Number(PLACE, visible=False, label="place", elem_id="vae-place")
        with ui.stage():
            canvas = ui.canvas("codes", None, "codes", columns=COLUMNS)
            canvas.later = decoder
        ui.words(
            see=(
                "A code's portrait is the mean of what is drawn around it in 10,000 test digits.",
                "The wider the bar under it, the more often it is chosen.",
                "In colour: what your exchange has changed. The dashed frame is all that the code can reach.",
            ),
            steps={
                "pick": "Choose a place, then another code for it",
                "own": "Draw a digit of your own",
                "reset": "Go back to the nearest codes: the loss falls",
            },
        )
    ui.strip(
        [
            (f"{measured['codes_used']:.0%}", "of the 128 codes are used by 10,000 test digits"),
            (
                f"{measured['perplexity']:.0f}",
                "codes used all alike would say as much (perplexity), of 128",
            ),
            (
                f"{kept['most_used']:.1%}",
                "of 490,000 places have the commonest code; all alike: 0.8%",
            ),
            (
                f"{measured['frechet_reconstructions']:.1f} ± {measured['frechet_reconstructions_error']:.1f}",
                "Frechet distance of 10,000 decoded test digits from themselves; "
                f"as many training digits: {measured['frechet_training_digits']:.1f}",
            ),
            (
                f"{measured['parameters'] / 1e6:.2f} M",
                f"parameters; the VAE of 16 numbers: {plain['parameters'] / 1e6:.2f} M",
            ),
        ]
    )
    math = ui.mathematics()
    knobs, shown = [pad, codes, place], [canvas, math]
    ui.first(a_digit, [digit], [pad])
    ui.first(opened_codes, knobs, shown)
    ui.on([canvas.apply, place.input], quantize, knobs, shown, queue=False)
    own = ui.in_page(
        pad.input,
        "() => { gml.did(document.querySelector('#codes'), 'own'); return ''; }",
        None,
        codes,
    )
    edited = ui.in_page(
        canvas.edit,
        """() => {
          const { codes, place } = document.querySelector('#codes [data-codes]').dataset;
          return [codes, Number(place)];
        }""",
        None,
        [codes, place],
    )
    turned = ui.on([digit.input, pad.apply], a_digit, digit, pad, queue=False)
    fresh = ui.in_page(turned.success, "() => ''", None, codes)
    for gesture in (own, edited, fresh):
        ui.on(gesture.then, quantize, knobs, shown, queue=False, api_visibility="private")
    ui.link("vae", drawn=digit)
