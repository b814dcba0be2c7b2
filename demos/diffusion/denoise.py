"""Out of noise: the reverse process, computed once, then scrubbed in the page."""

import time
from collections.abc import Callable, Iterator

import gradio as gr
import torch
from torch import Tensor

import checkpoints
from checkpoints import hub
from demos import model_switch, ui
from demos.diffusion.network import (
    LARGE,
    SHIPPED,
    T,
    first_noise,
    named,
    network,
    path,
    seconds,
    shape,
)
from models.ddpm import times
from models.images import grid, to_uint8

KEPT = 30  # moments that are kept of a longer path
KEPT_LARGE = 12  # of pictures with many pixels
PATIENCE = 0.4  # seconds between two signs of life


# What is computed.


def steps_in_range(value) -> int:
    return ui.whole(value, "Steps", 1, T)


def cost(name: str) -> str:
    """How long a picture takes here, in words."""
    return f"about {max(1, round(seconds(name, 50)))} s for 50 steps on this machine"


def walk(
    name: str, seed: int, steps: int, eta: float
) -> Iterator[tuple[int, bool, Tensor, Tensor, Tensor, Tensor]]:
    """Step k, whether its moment is kept, x_t, the noise guess, x0_hat, and the x that comes after."""
    most = KEPT if shape(name)[1] <= 64 else KEPT_LARGE
    kept = set(torch.linspace(0, steps - 1, min(steps, most)).round().int().tolist())
    x = first_noise(seed, name)
    for k, (after, guess, x_0) in enumerate(path(name, seed, steps, eta)):
        yield k, k in kept, x, guess, x_0, after
        x = after


def denoise(seed: int, steps: int, eta: float, model: str) -> Iterator[tuple[dict, str]]:
    """Draw a picture out of noise. seed: 0 to 9999. steps: 1 to 1000. eta: 0 (DDIM) to 1 (DDPM).

    model: ddpm-mnist, or ddpm-cifar10-32 or ddpm-celebahq-256 once it has been downloaded.

    Streams one picture of all moments kept so far, one row for each: x_t, the noise guess, x0_hat; the last row is the
    result. With it the times t of the rows, how many steps are done, and the milliseconds; then the equations.
    """
    seed, steps = ui.seed(seed), steps_in_range(steps)
    eta, name = ui.number(eta, "eta", 0, 1), named(model)
    planned = times(T, steps)
    rows, shown_times = [], []
    start = told = time.perf_counter()
    for k, kept, x, guess, x_0, after in walk(name, seed, steps, eta):
        row, now = torch.cat([x, guess / 2.5, x_0]), time.perf_counter()
        if kept:
            rows.append(row)
            shown_times.append(planned[k])
        if now - told > PATIENCE and k + 1 < steps:
            told = now
            # Of a large picture only the newest moment is worth its bytes.
            part = (rows, shown_times) if shape(name)[1] <= 64 else ([row], [planned[k]])
            yield moments(name, *part, after, k + 1, steps, seed, eta, now - start)
    whole = time.perf_counter() - start
    yield moments(name, rows, shown_times, after, steps, steps, seed, eta, whole)


def moments(name, rows, shown_times, x, done, steps, seed, eta, seconds) -> tuple[dict, str]:
    """What is sent of a path: rows are (3, C, H, W) each, x the picture it has come to. -> value, equations."""
    nothing = torch.zeros_like(x)
    sheet = torch.cat([*rows, torch.cat([x, nothing, x])])
    alpha_bar = network(name).alpha_bar
    value = dict(
        sheet=ui.data_uri(grid(to_uint8(sheet, -1, 1), 3)[None], quality=88),
        times=shown_times,
        done=done,
        steps=steps,
        seed=seed,
        eta=eta,
        model=name,
        size=shape(name)[1],
        channels=shape(name)[0],
        ms=round(1000 * seconds, 1),
        alpha_bar=[float(f"{alpha_bar[t].item():.5g}") for t in shown_times],
    )
    return value, equations(alpha_bar, seed, steps, eta, 1000 * seconds / done)


def film(seed: int, steps: int, eta: float) -> str:
    """The path as a film: a GIF of x_t and x0_hat side by side, as a data URI. Arguments as for denoise."""
    seed, steps, eta = ui.seed(seed), steps_in_range(steps), ui.number(eta, "eta", 0, 1)
    states = list(walk(SHIPPED, seed, steps, eta))
    frames = [torch.cat([x, x_0], 3) for _, kept, x, _, x_0, _ in states if kept]
    last = states[-1][-1]
    frames.append(torch.cat([last, last], 3))
    return ui.data_uri(to_uint8(-torch.cat(frames), -1, 1), zoom=8, seconds=0.08, kind="gif")


def equations(alpha_bar: Tensor, seed: int, steps: int, eta: float, ms: float) -> str:
    """The reverse step with the numbers of the middle one put in."""
    planned = times(T, steps)
    k = (steps - 1) // 2
    t, a = planned[k], alpha_bar[planned[k]].item()
    s, b = (planned[k + 1], alpha_bar[planned[k + 1]].item()) if k + 1 < steps else ("-", 1.0)
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
    *_, (first, first_equations) = denoise(5, 50, 0, SHIPPED)
    measured = checkpoints.MANIFEST[SHIPPED]["measured"]
    with ui.columns():
        with ui.knobs():
            titles = {SHIPPED: "Digits, 28 by 28"} | {
                name: hub.OFFERED[name]["title"] for name in LARGE
            }
            model, chosen = model_switch.build("diffusion", titles, cost)
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
    knobs = [seed, steps, eta, model]

    def show_equations() -> None:
        math = ui.mathematics(first_equations)
        options = dict(concurrency_limit=2)
        gestures = [seed.input, steps.input, eta.input, canvas.apply]
        by_knob = ui.on(gestures, denoise, knobs, [canvas, math], **options)
        next_seed = ui.in_page(
            another.click,
            "(seed) => { gml.intent = 'play'; return (seed + 1) % 10000; }",
            seed,
            seed,
        )
        private = dict(api_visibility="private")
        others = [
            ui.on(then, denoise, knobs, [canvas, math], **options, **private)
            for then in (next_seed.then, chosen)
        ]
        stop.click(None, cancels=[by_knob, *others], queue=False, **private)

    saved = ui.on(canvas.select, film, knobs[:3], gif, api_name="denoising_film")
    ui.in_page(saved.success, "(uri) => gml.save(uri, gml.filmName)", gif)
    ui.link("diffusion", seed=seed, steps=steps, eta=eta, model=model)
    return canvas.download, show_equations
