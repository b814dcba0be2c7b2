"""Out of noise: the reverse process, computed once, then scrubbed in the page."""

import time
from collections.abc import Callable, Iterator

import gradio as gr
import torch
from torch import Tensor

import checkpoints
from demos import ui
from models.ddpm import UNet, sample, times
from models.images import grid, noise, to_uint8

NAME = "ddpm-mnist"
SIZE, T = 28, 1000
KEPT = 30  # moments that are kept of a longer path
PATIENCE = 0.4  # seconds between two signs of life


# What is computed.


def model() -> UNet:
    return checkpoints.load(NAME)


def steps_in_range(value) -> int:
    return ui.whole(value, "Steps", 1, T)


def first_noise(seed: int) -> Tensor:
    """x_T. -> (1, 1, 28, 28)."""
    return noise((1, SIZE, SIZE), [seed])


def rolls(seed: int) -> Callable[[int], Tensor]:
    """The fresh noise of every step, each with a seed of its own: step k is the same however many follow."""
    return lambda k: noise((1, SIZE, SIZE), [10_000 * (seed + 1) + k])


def denoise(seed: int, steps: int, eta: float) -> Iterator[tuple[dict, str]]:
    """Draw a digit out of noise. seed: 0 to 9999. steps: 1 to 1000. eta: 0 (DDIM) to 1 (DDPM).

    Streams one picture of all moments kept so far, one row for each: x_t, the noise guess, x0_hat; the last row is the
    result. With it the times t of the rows, how many steps are done, and the milliseconds; then the equations.
    """
    seed, steps = ui.seed(seed), steps_in_range(steps)
    eta = ui.number(eta, "eta", 0, 1)
    path = times(T, steps)
    kept = set(torch.linspace(0, steps - 1, min(steps, KEPT)).round().int().tolist())
    x, rows, shown_times = first_noise(seed), [], []
    start = told = time.perf_counter()
    for k, (after, guess, x_0) in enumerate(sample(model(), x, steps, eta, rolls(seed))):
        if k in kept:
            rows.append(torch.cat([x, guess / 2.5, x_0]))
            shown_times.append(path[k])
        x, now = after, time.perf_counter()
        if now - told > PATIENCE and k + 1 < steps:
            told = now
            yield moments(rows, x, shown_times, k + 1, steps, seed, eta, now - start)
    yield moments(rows, x, shown_times, steps, steps, seed, eta, time.perf_counter() - start)


def moments(rows, x, shown_times, done, steps, seed, eta, seconds) -> tuple[dict, str]:
    """What is sent of a path: rows are (3, 1, 28, 28) each, x the picture it has come to. -> value, equations."""
    nothing = torch.zeros_like(x)
    sheet = torch.cat([*rows, torch.cat([x, nothing, x])])
    value = dict(
        sheet=ui.data_uri(grid(to_uint8(sheet, -1, 1), 3)[None], quality=88),
        times=shown_times,
        done=done,
        steps=steps,
        seed=seed,
        eta=eta,
        ms=round(1000 * seconds, 1),
        alpha_bar=[float(f"{model().alpha_bar[t].item():.5g}") for t in shown_times],
    )
    return value, equations(seed, steps, eta, 1000 * seconds / done)


def film(seed: int, steps: int, eta: float) -> str:
    """The path as a film: a GIF of x_t and x0_hat side by side, as a data URI. Arguments as for denoise."""
    seed, steps, eta = ui.seed(seed), steps_in_range(steps), ui.number(eta, "eta", 0, 1)
    kept = set(torch.linspace(0, steps - 1, min(steps, KEPT)).round().int().tolist())
    x, frames = first_noise(seed), []
    for k, (after, _, x_0) in enumerate(sample(model(), x, steps, eta, rolls(seed))):
        if k in kept:
            frames.append(torch.cat([x, x_0], 3))
        x = after
    frames.append(torch.cat([x, x], 3))
    return ui.data_uri(to_uint8(-torch.cat(frames), -1, 1), zoom=8, seconds=0.08, kind="gif")


def equations(seed: int, steps: int, eta: float, ms: float) -> str:
    """The reverse step with the numbers of the middle one put in."""
    path = times(T, steps)
    k = (steps - 1) // 2
    t, a = path[k], model().alpha_bar[path[k]].item()
    s, b = (path[k + 1], model().alpha_bar[path[k + 1]].item()) if k + 1 < steps else ("-", 1.0)
    sigma = eta * ((1 - b) / (1 - a) * (1 - a / b)) ** 0.5
    return rf"""
Forward, any amount of noise can be added in one go, and nothing has to be learned for it:

$$\mathbf{{x}}_t = \sqrt{{\bar\alpha_t}}\, \mathbf{{x}}_0 + \sqrt{{1 - \bar\alpha_t}}\, \boldsymbol\epsilon,
\qquad \boldsymbol\epsilon \sim \mathcal{{N}}(\mathbf{{0}}, \mathbf{{I}})$$

The network is trained to name the noise, at a random time $t$, by the plain squared error:

$$L = \mathbb{{E}}\, \| \boldsymbol\epsilon - \boldsymbol\epsilon_\theta(\mathbf{{x}}_t, t) \|^2$$

Backward, its guess says which clean picture is meant, and the next picture is that one with less noise. Step {k + 1} of
your {steps} goes from $t = {t}$ to $s = {s}$, where $\bar\alpha_t = {a:.4f}$ and $\bar\alpha_s = {b:.4f}$:

$$\hat{{\mathbf{{x}}}}_0
= \frac{{\mathbf{{x}}_t - \sqrt{{1 - \bar\alpha_t}}\, \boldsymbol\epsilon_\theta}}{{\sqrt{{\bar\alpha_t}}}}
= \frac{{\mathbf{{x}}_t - {(1 - a) ** 0.5:.3f}\, \boldsymbol\epsilon_\theta}}{{{a**0.5:.3f}}}$$

$$\mathbf{{x}}_s = {b**0.5:.3f}\, \hat{{\mathbf{{x}}}}_0
+ {max(0.0, 1 - b - sigma**2) ** 0.5:.3f}\, \boldsymbol\epsilon_\theta + {sigma:.3f}\, \mathbf{{z}},
\qquad \sigma = \eta \sqrt{{\tfrac{{1 - \bar\alpha_s}}{{1 - \bar\alpha_t}}
\left(1 - \tfrac{{\bar\alpha_t}}{{\bar\alpha_s}}\right)}} = {sigma:.3f}$$

With $\eta = 0$ (DDIM) nothing is random but the first noise; with $\eta = 1$ (DDPM) every step rolls the dice again.
Each step here
took {ms:.1f} ms.
"""


# What is shown.


def build() -> tuple[Callable, Callable[[], None]]:
    """Gives the event that fires when the tab is first looked at, and the equations, to be placed at the end."""
    *_, (first, first_equations) = denoise(5, 50, 0)
    measured = checkpoints.MANIFEST[NAME]["measured"]
    with ui.columns():
        with ui.knobs():
            ui.html("<p class='model-name'>DDPM on digits, 28 by 28</p>")
            seed = ui.seed_slider("diffusion", 5)
            steps = ui.slider("diffusion", "steps", "Steps", 1, T, 50)
            eta = ui.slider("diffusion", "eta", "Dice in every step (eta)", 0, 1, 0, 0.1)
            another = gr.Button("Draw another", variant="primary")
            stop = gr.Button("Stop")
        with ui.stage():
            canvas = ui.canvas("denoiser", first, "denoiser", top=T)
            gif = ui.html("", visible=False)
        ui.words(
            see=(
                "Large: the picture, which begins as pure noise.",
                "Small, above: what the network takes for noise in it.",
                "Below: the picture it believes is underneath; vague at first, then decided.",
            ),
            steps={
                "scrub": "Scrub from noise to digit",
                "few": "Draw with 5 steps or fewer",
                "dice": "Turn the dice up to 1: the same start, another digit",
                "noise": "Add noise to your own drawing until it is lost",
                "samplers": "Send another noise through all samplers",
            },
        )
    ui.strip(
        [
            ("a bound", "on the likelihood"),
            (f"{measured['frechet_ddim_50']:.1f}", "Frechet distance, 50 steps"),
            (f"{measured['frechet_ddpm_1000']:.1f}", "Frechet distance, 1000 steps"),
            ("", "for this picture, now, here"),
            (f"{measured['parameters'] / 1e6:.2f} M", "parameters"),
        ],
        live="for this picture, now, here",
    )
    knobs = [seed, steps, eta]

    def show_equations() -> None:
        math = ui.mathematics(first_equations)
        options = dict(concurrency_limit=2)
        gestures = [*(knob.input for knob in knobs), canvas.apply]
        by_knob = ui.on(gestures, denoise, knobs, [canvas, math], **options)
        next_seed = ui.in_page(
            another.click,
            "(seed) => { gml.intent = 'play'; return (seed + 1) % 10000; }",
            seed,
            seed,
        )
        private = dict(api_visibility="private")
        by_button = ui.on(next_seed.then, denoise, knobs, [canvas, math], **options, **private)
        stop.click(None, cancels=[by_knob, by_button], queue=False, **private)

    saved = ui.on(canvas.select, film, knobs, gif, api_name="denoising_film")
    ui.in_page(saved.success, "(uri) => gml.save(uri, gml.filmName)", gif)
    ui.link("diffusion", seed=seed, steps=steps, eta=eta)
    return canvas.download, show_equations
