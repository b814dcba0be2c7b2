"""Next-scale prediction: a grid of codes at a time, coarse to fine, against the same codes one after the other."""

import time
from functools import lru_cache

import gradio as gr
import torch

import checkpoints
from demos import ui
from models.images import grid, noise, to_uint8
from models.var import VAR, MultiScaleVQ, sample, sample_raster

TITLE = "Scale by scale"
VQ, MODELS = "var-vq-mnist", ("var-mnist", "var-raster-mnist")
ANY = "any"
DIGITS = [ANY, *map(str, range(10))]
TEMPERATURE, GUIDANCE = (0.1, 2.0), (0.0, 5.0)
FRAMES = 10  # columns in the sheet of pictures so far
FAST, SLOW = "grid after grid, on this server", "code after code, on this server"


# What is computed.


def quantizer() -> MultiScaleVQ:
    return checkpoints.load(VQ)


@lru_cache(maxsize=256)
def written(
    raster: bool, digit: str, seed: int, temperature: float, guidance: float
) -> tuple[list[int], float]:
    """All codes in the order of the grids, and the milliseconds that writing them took."""
    model: VAR = checkpoints.load(MODELS[raster])
    y = torch.tensor([model.classes if digit == ANY else int(digit)])
    u = noise((model.tokens,), [seed], "uniform")
    draw = sample_raster if raster else sample
    start = time.perf_counter()
    grids = [k for k, _ in draw(model, quantizer(), y, u, guidance, temperature)]
    ms = 1000 * (time.perf_counter() - start)
    return torch.cat([k.flatten() for k in grids]).tolist(), ms


@torch.inference_mode()
def so_far(tokens: list[int], raster: bool) -> torch.Tensor:
    """The picture before the first pass and after each: passes + 1 of (1, 28, 28) in [0, 1]."""
    vq = quantizer()
    known = len(tokens) if raster else len(vq.scales)
    f, at = 0, 0
    for level, s in enumerate(vq.scales):
        e = vq.look_up(torch.tensor(tokens[at : at + s * s]).view(1, s, s))
        passes = torch.arange(known + 1).view(-1, 1, 1, 1)
        place = at + torch.arange(s * s).view(s, s) if raster else torch.full((s, s), level)
        part = vq.added(level, e * (place < passes))
        # Nothing of a grid that is not begun, not even what phi adds to an empty one.
        f = f + part * (passes > (at if raster else level))
        at += s * s
    return vq.decode(f).clamp(0, 1)


@lru_cache(maxsize=256)
def sheet(tokens: tuple[int, ...], raster: bool) -> str:
    """The pictures so far, ten in a row: a WebP as a data URI."""
    return ui.data_uri(grid(to_uint8(1 - so_far(list(tokens), raster)), FRAMES)[None])


def write_scales(digit: str, seed: int, temperature: float, guidance: float) -> dict:
    """Write one digit's codes twice from the same random numbers: grid after grid (VAR), and code after code.

    digit: 0 to 9, or any. seed: 0 to 9999. temperature: 0.1 to 2, divides the logits. guidance: 0 to 5; 1 is the model
    as it is, 0 forgets the digit. Returns for both the 70 codes, the milliseconds they took, and the pictures before
    the first pass and after each, in one sheet.
    """
    digit, seed = ui.choice(digit, "Digit", DIGITS), ui.seed(seed)
    temperature = ui.number(temperature, "Temperature", *TEMPERATURE)
    guidance = ui.number(guidance, "Guidance", *GUIDANCE)
    lanes = []
    for raster in (False, True):
        tokens, ms = written(raster, digit, seed, temperature, guidance)
        frames = sheet(tuple(tokens), raster)
        lanes.append(dict(tokens=tokens, ms=round(ms, 2), frames=frames))
    return dict(
        digit=digit,
        seed=seed,
        temperature=temperature,
        guidance=guidance,
        scales=list(quantizer().scales),
        lanes=lanes,
    )


# What is shown.


def build() -> None:
    var, raster = (checkpoints.MANIFEST[name]["measured"] for name in MODELS)
    ui.headline(
        "From coarse to fine",
        "Four passes, each writing a whole grid of codes: against the same codes, one at a time.",
    )
    with ui.columns():
        with ui.knobs():
            digit = gr.Radio(DIGITS, value="8", label="Digit", elem_id="autoregressive-digit")
            seed = ui.slider("autoregressive", "scales", "Seed", 0, ui.LARGEST_SEED, 3)
            temperature = ui.slider(
                "autoregressive", "heat", "Temperature", *TEMPERATURE, 1.0, 0.05
            )
            guidance = ui.slider("autoregressive", "guidance", "Guidance", *GUIDANCE, 1.5, 0.1)
            another = gr.Button("Write another", variant="primary")
        with ui.stage():
            player = ui.canvas("scales", None, "scales", columns=FRAMES)
        ui.words(
            see=("A pass fills a grid, or one cell.",),
            steps={
                "play": "Play it to the end",
                "scrub": "Stop after one pass",
                "guidance": "Set the guidance to 3",
            },
        )
    ui.strip(
        [
            (f"{var['passes']} / {raster['passes']}", "passes, by grid / by code"),
            ("", FAST),
            ("", SLOW),
            (
                f"{var['frechet_samples']:.1f} / {raster['frechet_samples']:.1f}",
                f"± {var['frechet_samples_error']:.1f}, Frechet distance of {var['samples']:,} draws, "
                f"guidance {var['guidance']:g}; training digits: {var['frechet_training_digits']:.1f}",
            ),
            (
                f"{var['classifier_agrees']:.1%} / {raster['classifier_agrees']:.1%}",
                f"of {var['samples']:,} are named as asked; by chance 10%",
            ),
            (f"{var['parameters'] / 1e6:.2f} M", "parameters, both"),
        ],
        live={FAST: "var", SLOW: "raster"},
    )
    ui.mathematics(MATHEMATICS)
    knobs = [digit, seed, temperature, guidance]
    ui.first(write_scales, knobs, [player])
    ui.on(
        [digit.input, seed.input, temperature.input, guidance.input, player.apply],
        write_scales,
        knobs,
        player,
        **ui.SAMPLER,
    )
    ui.in_page(digit.input, "() => { gml.intent = 'play'; }")
    ui.in_page(
        guidance.input,
        "(g) => g >= 3 && gml.did(document.querySelector('#scales'), 'guidance')",
        guidance,
    )
    moved = ui.in_page(
        another.click,
        "(seed) => { gml.intent = 'play'; return (seed + 1) % 10000; }",
        seed,
        seed,
    )
    ui.on(moved.then, write_scales, knobs, player, api_visibility="private", **ui.SAMPLER)
    ui.link("autoregressive", digit=digit, scales=seed, heat=temperature, guidance=guidance)


MATHEMATICS = r"""
VAR (Tian et al. 2024, arXiv:2404.02905) changes what comes one after the other: not pixels or codes, but whole grids
$r_1, \dots, r_4$ of $1, 4, 16$ and $49$ codes, each finer than the last:

$$p(r_1, \dots, r_4 \mid y) = \prod_{k=1}^{4} p(r_k \mid r_1, \dots, r_{k-1}, y)$$

The codes come from a quantizer that writes down, for each scale, what the coarser ones still lack:

$$r_k = \text{nearest}\big(\text{shrink}(\mathbf{f} - \hat{\mathbf{f}}_{k-1}, s_k)\big), \qquad
\hat{\mathbf{f}}_k = \hat{\mathbf{f}}_{k-1} + \phi_k\big(\text{grow}(\mathbf{e}_{r_k})\big), \qquad
\hat{\mathbf{x}} = D(\hat{\mathbf{f}}_4)$$

Within a grid no code waits for another: each reads $\text{shrink}(\hat{\mathbf{f}}_{k-1}, s_k)$ at its place and all
coarser grids, and is drawn by itself. So four passes are enough, and the price is that codes of one grid, given the
coarser ones, are drawn independently. The rival on the right has the same size, codes and training, but reads and
writes them one at a time:

$$p(t_1, \dots, t_{70} \mid y) = \prod_{i=1}^{70} p(t_i \mid t_1, \dots, t_{i-1}, y)$$

Guidance $g$ pushes the logits $\ell$ away from those that no digit in particular would give:
$\ell_g = \ell_{\varnothing} + g\,(\ell_y - \ell_{\varnothing})$.
"""
