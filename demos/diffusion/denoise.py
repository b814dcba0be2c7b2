"""Out of noise: the reverse process, computed once, then scrubbed in the page."""

import base64
import time
from collections.abc import Iterator

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

TITLE = "Out of noise"
KEPT = 30  # moments that are kept of a longer path
KEPT_LARGE = 12  # of pictures with more than so many pixels along a side:
SMALL = 64
PATIENCE = 0.4  # seconds between two signs of life


# What is computed.


def cost(name: str) -> str:
    """How long a picture takes here, in words."""
    return f"about {max(1, round(seconds(name, 50)))} s for 50 steps on this machine"


def kept(steps: int, most: int = KEPT) -> set[int]:
    """Which steps are shown: all, or as many as may be kept, evenly spaced."""
    return set(torch.linspace(0, steps - 1, min(steps, most)).round().int().tolist())


def denoise(seed: int, steps: int, eta: float, model: str) -> Iterator[tuple[dict, str]]:
    """Draw a picture out of noise. seed: 0 to 9999. steps: 1 to 1000. eta: 0 (DDIM) to 1 (DDPM).

    model: ddpm-mnist, or ddpm-cifar10-32 or ddpm-celebahq-256 once it has been downloaded.

    Streams the moments kept so far, three pictures for each: x_t, the noise guess, x0_hat; at the end the result,
    nothing, the result. They come as levels, 0 to 255 for -1 to 1, as bytes in base64, or, when they are large, as one
    sheet (WebP as a data URI). With them the times t, how many steps are done, the milliseconds; then the equations.
    """
    seed, steps = ui.seed(seed), ui.whole(steps, "Steps", 1, T)
    eta, name = ui.number(eta, "eta", 0, 1), named(model)
    channels, size, _ = shape(name)
    planned, keep = times(T, steps), kept(steps, KEPT if size <= SMALL else KEPT_LARGE)
    rows, shown, x = [], [], first_noise(seed, name)
    start = told = time.perf_counter()
    for k, (after, guess, x_0) in enumerate(path(name, seed, steps, eta)):
        row, x, done = torch.cat([x, guess / 2.5, x_0]), after, k + 1
        if k in keep:
            rows.append(row)
            shown.append(planned[k])
        now = time.perf_counter()
        if done < steps and now - told <= PATIENCE:
            continue
        told = now
        # On its way only the newest moment of a picture in colour is worth its bytes.
        part = (rows, shown) if done == steps or channels == 1 else ([row], [planned[k]])
        pictures = to_uint8(torch.cat([*part[0], x, torch.zeros_like(x), x]), -1, 1)
        alpha_bar = network(name).alpha_bar
        value = dict(
            levels=base64.b64encode(pictures.tobytes()).decode() if size <= SMALL else None,
            sheet=ui.data_uri(grid(pictures, 3)[None], quality=88) if size > SMALL else None,
            times=part[1],
            done=done,
            steps=steps,
            seed=seed,
            eta=eta,
            model=name,
            size=size,
            channels=channels,
            ms=round(1000 * (now - start), 1),
            alpha_bar=[float(f"{alpha_bar[t].item():.5g}") for t in part[1]],
        )
        yield value, equations(alpha_bar, steps, eta, value["ms"] / done)


def drawn(seed: int, steps: int, eta: float, model: str) -> tuple[dict, str]:
    """The end of the stream."""
    *_, whole = denoise(seed, steps, eta, model)
    return whole


def film(seed: int, steps: int, eta: float) -> str:
    """The path as a film: a GIF of x_t and x0_hat side by side, as a data URI. Arguments as for denoise."""
    seed, steps = ui.seed(seed), ui.whole(steps, "Steps", 1, T)
    eta, keep = ui.number(eta, "eta", 0, 1), kept(steps)
    frames, x = [], first_noise(seed)
    for k, (after, _, x_0) in enumerate(path(SHIPPED, seed, steps, eta)):
        if k in keep:
            frames.append(torch.cat([x, x_0], 3))
        x = after
    frames.append(torch.cat([x, x], 3))
    return ui.data_uri(to_uint8(-torch.cat(frames), -1, 1), zoom=8, seconds=0.08, kind="gif")


def equations(alpha_bar: Tensor, steps: int, eta: float, ms: float) -> str:
    """The reverse step with the numbers of the middle one put in. ms: of one step."""
    planned = times(T, steps)
    k = (steps - 1) // 2
    t, a = planned[k], alpha_bar[planned[k]].item()
    s, b = (planned[k + 1], alpha_bar[planned[k + 1]].item()) if k + 1 < steps else (None, 1.0)
    goal = "the picture itself" if s is None else f"$s = {s}$"
    sigma = eta * ((1 - b) / (1 - a) * (1 - a / b)) ** 0.5
    return rf"""
The network says what is noise in $\mathbf{{x}}_t$: $\boldsymbol\epsilon_\theta(\mathbf{{x}}_t, t)$. So it also says
which clean picture is underneath. Nothing is blacker than ink or whiter than paper: values are kept in $[-1, 1]$.
Step {k + 1} of your {steps} goes from $t = {t}$ to {goal}, where $\bar\alpha_t = {a:.4f}$ and $\bar\alpha_s = {b:.4f}$:

$$\hat{{\mathbf{{x}}}}_0
= \operatorname{{clamp}}\!\left(\frac{{\mathbf{{x}}_t - \sqrt{{1 - \bar\alpha_t}}\, \boldsymbol\epsilon_\theta}}
{{\sqrt{{\bar\alpha_t}}}},\, -1,\, 1\right)
= \operatorname{{clamp}}\!\left(\frac{{\mathbf{{x}}_t - {(1 - a) ** 0.5:.3f}\, \boldsymbol\epsilon_\theta}}
{{{a**0.5:.3f}}},\, -1,\, 1\right)$$

The noise that belongs to this picture, which is the guess itself where nothing was clamped:

$$\hat{{\boldsymbol\epsilon}}
= \frac{{\mathbf{{x}}_t - \sqrt{{\bar\alpha_t}}\, \hat{{\mathbf{{x}}}}_0}}{{\sqrt{{1 - \bar\alpha_t}}}}$$

And the same two again, with less noise (DDIM, arXiv:2010.02502, Eq. 12 and 16, where $\bar\alpha$ is called $\alpha$):

$$\mathbf{{x}}_s = \sqrt{{\bar\alpha_s}}\, \hat{{\mathbf{{x}}}}_0
+ \sqrt{{1 - \bar\alpha_s - \sigma^2}}\, \hat{{\boldsymbol\epsilon}} + \sigma\, \mathbf{{z}}
= {b**0.5:.3f}\, \hat{{\mathbf{{x}}}}_0
+ {max(0.0, 1 - b - sigma**2) ** 0.5:.3f}\, \hat{{\boldsymbol\epsilon}} + {sigma:.3f}\, \mathbf{{z}}$$

$$\sigma = \eta \sqrt{{\frac{{1 - \bar\alpha_s}}{{1 - \bar\alpha_t}}
\left(1 - \frac{{\bar\alpha_t}}{{\bar\alpha_s}}\right)}} = {sigma:.3f}, \qquad
\mathbf{{z}} \sim \mathcal{{N}}(\mathbf{{0}}, \mathbf{{I}})$$

With $\eta = 0$ (DDIM) nothing is random but the first noise; with $\eta = 1$ (DDPM) every step rolls the dice again.
One step took {ms:.1f} ms here.
"""


# What is shown.


def build() -> None:
    measured = checkpoints.MANIFEST[SHIPPED]["measured"]
    ui.headline(
        "A picture out of noise",
        "One network has learned a single thing: to say what part of a picture is noise. "
        "Ask it again and again, and a digit appears.",
    )
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
            canvas = ui.canvas("denoiser", None, "denoiser")
            gif = ui.html("", visible=False)
        ui.words(
            see=(
                "Large: the picture, which begins as pure noise.",
                "Small, above: what the network takes for noise in it.",
                "Below: the picture it sees underneath, vague at first, then decided.",
            ),
            steps={
                "scrub": "Scrub from noise to digit and back",
                "few": "Draw with 5 steps or fewer",
                "dice": "Turn the dice up to 1: the same start, another end",
            },
        )
    ui.strip(
        [
            ("a bound", "on the likelihood"),
            (
                f"{measured['frechet_ddim_50']:.1f} ± {measured['frechet_ddim_50_error']:.1f}",
                f"Frechet distance of {measured['samples']:,} pictures, 50 steps, to test digits, in our digit "
                f"features; real training digits: {measured['frechet_training_digits']:.1f}",
            ),
            (f"{measured['frechet_ddim_5']:.0f}", "the same with 5 steps"),
            ("", "for this picture, on this server"),
            (f"{measured['parameters'] / 1e6:.2f} M", "parameters"),
        ],
        live="for this picture, on this server",
    )
    math = ui.mathematics()
    knobs, shown = [seed, steps, eta, model], [canvas, math]
    ui.first(drawn, knobs, shown)
    next_seed = ui.in_page(
        another.click, "(seed) => { gml.intent = 'play'; return (seed + 1) % 10000; }", seed, seed
    )
    # All questions go through one door, so that the newest is answered last: an answer may take a minute.
    bump, door = "(turn) => turn + 1", gr.Number(0, visible="hidden", label="Questions")
    gestures = [seed.input, steps.input, eta.input, canvas.apply]
    for asked in (gestures, next_seed.then, chosen):
        ui.in_page(asked, bump, door, door)
    running = ui.on(door.change, denoise, knobs, shown, concurrency_limit=2)
    stop.click(None, cancels=running, queue=False, api_visibility="private")
    saved = ui.on(canvas.select, film, knobs[:3], gif, api_name="denoising_film")
    ui.in_page(saved.success, "(uri) => gml.save(uri, gml.filmName)", gif)
    ui.link("diffusion", seed=seed, steps=steps, eta=eta, model=model)
