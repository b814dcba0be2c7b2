"""What drawing pixel by pixel costs: the definition against the cached sampler, the same pixels."""

import time
from collections.abc import Iterator

import gradio as gr
import torch

from demos import ui
from demos.autoregressive.play import PIXELS, SIZE, model, picture
from models.images import noise, to_uint8
from models.pixelcnn import sample_naive

# What is computed.


def race(seed: int) -> Iterator[str]:
    """Draw one digit twice from the same random numbers, and time both. seed: 0 to 9999.

    Streams the two pictures side by side as HTML, once per row of the slow one.
    """
    seed = ui.seed(seed)
    pixels, ms = picture(seed, 1.0, ())
    fast = torch.tensor(list(pixels), dtype=torch.float32).view(1, 1, SIZE, SIZE)
    yield lanes(fast, ms, torch.full_like(fast, -1.0), 0.0)
    start = time.perf_counter()
    for k, x in enumerate(sample_naive(model(), noise((1, SIZE, SIZE), [seed], "uniform")), 1):
        if k % SIZE == 0:
            yield lanes(fast, ms, x, 1000 * (time.perf_counter() - start))


def lanes(fast: torch.Tensor, ms: float, slow: torch.Tensor, slow_ms: float) -> str:
    """Two pictures with their times; pixels of the slow one below 0 are not drawn yet. (1, 1, 28, 28) each."""
    done = int((slow >= 0).sum())
    left = lane(fast, "Digit from the cached sampler", f"Remembering features: <b>{ms:.0f} ms</b>")
    right = lane(
        slow,
        "The same digit, one full pass per pixel",
        f"A full pass for every pixel: <b>{slow_ms:.0f} ms</b>, {done} of {PIXELS} passes",
    )
    verdict = ""
    if done == PIXELS:
        differ = int((slow != fast).sum())
        same = f"{differ} pixels differ, where u is p to rounding" if differ else "the same pixels"
        verdict = f"<p class='verdict'><b>{slow_ms / ms:.0f} times</b> faster, {same}.</p>"
    return f"<div class='lanes'>{left}{right}</div>{verdict}"


def lane(x: torch.Tensor, alt: str, text: str) -> str:
    shade = 1 - x.clamp(min=0) - 0.15 * (x < 0)  # ink black, paper white, what is to come grey
    return (
        f"<figure><div><img class='pixels' src='{ui.data_uri(to_uint8(shade))}' alt='{alt}'></div>"
        f"<figcaption>{text}</figcaption></figure>"
    )


# What is shown.


def build() -> None:
    ui.section(
        "What drawing costs",
        "Training sees all pixels at once; drawing cannot. "
        "But a feature that has been computed never changes, so keep it.",
    )
    first = next(race(4))
    with gr.Row(elem_classes="complete"):
        with gr.Column(min_width=0):
            seed = ui.seed_slider("autoregressive", 4, "race", "Seed of the race")
            start = gr.Button("Race", variant="primary")
            stop = gr.Button("Stop")
        track = ui.html(first, elem_id="race")
    # One at a time for the whole house: a race keeps a core busy for seconds.
    running = ui.on(start.click, race, seed, track, concurrency_limit=1, trigger_mode="once")
    stop.click(None, cancels=[running], queue=False, api_visibility="private")
    ui.link("autoregressive", race=seed)
