"""What drawing pixel by pixel costs: the definition against the cached sampler, the same pixels."""

import time
from collections.abc import Iterator

import gradio as gr
import torch

from demos import ui
from demos.autoregressive.family import FIRST, SIZE, load
from demos.autoregressive.play import PIXELS
from models.autoregressive import sample_naive
from models.images import noise, to_uint8
from models.pixelcnn import sample

TITLE = "What it costs"
BLANK = torch.full((1, 1, SIZE, SIZE), -1.0)

# What is computed.


def race(seed: int) -> Iterator[str]:
    """Draw one digit twice from the same random numbers, and time both, now. seed: 0 to 9999.

    Streams the two pictures side by side as HTML, once per row of the slow one.
    """
    u = noise((1, SIZE, SIZE), [ui.seed(seed)], "uniform")
    start = time.perf_counter()
    *_, fast = sample(load(FIRST), u)
    ms = 1000 * (time.perf_counter() - start)
    yield lanes(fast, ms, BLANK, 0.0)
    start = time.perf_counter()
    for k, x in enumerate(sample_naive(load(FIRST), u), 1):
        if k % SIZE == 0:
            yield lanes(fast, ms, x, 1000 * (time.perf_counter() - start))


def line_up(seed: int) -> str:
    """Both lanes before the race: the digit to be drawn, and nothing timed yet."""
    *_, fast = sample(load(FIRST), noise((1, SIZE, SIZE), [ui.seed(seed)], "uniform"))
    return lanes(fast, None, BLANK, None)


def lanes(fast: torch.Tensor, ms: float | None, slow: torch.Tensor, slow_ms: float | None) -> str:
    """Two pictures with their times; pixels of the slow one below 0 are not drawn yet. (1, 1, 28, 28) each."""
    done = int((slow >= 0).sum())
    left = lane(fast, "Digit from the cached sampler", f"Remembering features{told(ms)}")
    right = lane(
        slow,
        "The same digit, one full pass per pixel",
        f"A full pass for every pixel{told(slow_ms)}, {done} of {PIXELS} passes",
    )
    verdict = "Press Race: both draw this digit from the same random numbers."
    if ms is not None:
        verdict = "The slow one is on its way."
    if done == PIXELS:
        differ = int((slow != fast).sum())
        same = f"{differ} pixels differ, where u is p to rounding" if differ else "the same pixels"
        verdict = f"<b>{slow_ms / ms:.0f} times</b> faster, {same}."
    return f"<div class='lanes'>{left}{right}</div><p class='verdict'>{verdict}</p>"


def told(ms: float | None) -> str:
    return "" if ms is None else f": <b>{ms:,.0f} ms</b>"


def lane(x: torch.Tensor, alt: str, text: str) -> str:
    shade = 1 - x.clamp(min=0) - 0.15 * (x < 0)  # ink black, paper white, what is to come grey
    return (
        f"<figure><div><img class='pixels' src='{ui.data_uri(to_uint8(shade))}' alt='{alt}'></div>"
        f"<figcaption>{text}</figcaption></figure>"
    )


# What is shown.


def build() -> None:
    ui.headline(
        "What drawing costs",
        "Training sees all pixels at once; drawing cannot. But what has been computed never changes, so keep it.",
    )
    with ui.columns():
        with ui.knobs():
            seed = ui.seed_slider("autoregressive", 4, "race")
            with gr.Row(elem_classes="buttons"):
                start = gr.Button("Race", variant="primary", min_width=0)
                stop = gr.Button("Stop", min_width=0, interactive=False)
        with ui.stage():
            track = ui.html("", elem_id="race", **ui.ASKS)
        ui.words(
            see=(
                "Two ways to the same pixels, timed on this machine, now.",
                "The right one runs the whole network once for every pixel and uses one number of each pass.",
                "The left one computes no feature twice.",
            ),
            steps={"race": "Race to the end"},
        )
    ui.mathematics(MATHEMATICS)
    ui.first(line_up, [seed], [track])
    # Stop can be pressed while there is something to stop.
    can_stop = "() => ({ __type__: 'update', interactive: %s })"
    ui.in_page(start.click, can_stop % "true", None, stop)
    # One at a time for the whole house: a race keeps a core busy for seconds.
    running = ui.on(start.click, race, seed, track, concurrency_limit=1, trigger_mode="once")
    ui.in_page(running.then, can_stop % "false", None, stop)
    ui.in_page(running.success, "() => gml.did(document.querySelector('#race'), 'race')")
    stop.click(None, cancels=[running], queue=False, api_visibility="private")
    ui.in_page(stop.click, can_stop % "false", None, stop)
    ui.on([seed.input, track.apply], line_up, seed, track, api_visibility="private")
    ui.link("autoregressive", race=seed)


MATHEMATICS = r"""
One pixel needs all that came before it, so 784 draws are 784 steps, and no two of them can change places:

$$x_i \sim p_\theta(x_i \mid \mathbf{x}_{<i}), \qquad i = 0, 1, \dots, 783$$

For a picture of $n \times n$ pixels a full pass costs $n^2$ features in each layer, and $n^2$ passes cost $n^4$. But
masks look back only, so the features of a drawn pixel never change. Kept, each is computed once, and drawing costs as
much arithmetic as one pass, $n^2$:

$$784 \times 784 = 614{,}656 \;\text{ positions in each layer} \quad \longrightarrow \quad 784$$

What remains is waiting for one another. And since a kernel reaches at most 3 columns to the right for a row up,
pixels with equal $c + 4r$ (column $c$, row $r$) do not see each other and are drawn at once:

$$(28 - 1) \cdot 5 + 1 = 136 \;\text{ steps instead of } 784$$
"""
