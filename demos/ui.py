"""The frame that every tab shares: headline, knobs, stage, words, strip, mathematics, links, messages."""

import base64
import contextlib
import functools
import inspect
import io
import json
import logging
import math
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from checkpoints import CheckpointError
from demos import gpu

CANVAS = Path(__file__).parent / "canvas"
LARGEST_SEED = 9999
SORRY = "Something went wrong here, and it is not your fault. Try again, or change a knob."


# Values that come from outside.


def number(value: Any, name: str, low: float, high: float) -> float:
    """A finite number in [low, high], or a ValueError that says so."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not good or not low <= value <= high:
        raise ValueError(f"{name} is a number from {low:g} to {high:g}.")
    return float(value)


def whole(value: Any, name: str, low: int, high: int) -> int:
    """A whole number in [low, high]; 2.0 counts, because sliders send it. Raises ValueError."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not good or value != int(value) or not low <= value <= high:
        raise ValueError(f"{name} is a whole number from {low} to {high}.")
    return int(value)


def seed(value: Any) -> int:
    return whole(value, "Seed", 0, LARGEST_SEED)


def bits(value: Any, size: int) -> np.ndarray:
    """A drawing as the page sends it: size * size characters 0 or 1. -> (size, size) uint8. Raises ValueError."""
    if not isinstance(value, str) or len(value) != size * size or set(value) - {"0", "1"}:
        raise ValueError(f"A drawing is a text of {size} x {size} characters, each 0 or 1.")
    return np.frombuffer(value.encode(), np.uint8).reshape(size, size) - ord("0")


# Pictures that leave the server: the only way out.


def data_uri(
    frames: np.ndarray,
    zoom: int = 1,
    seconds: float = 0.0,
    kind: str = "webp",
    quality: int | None = None,
) -> str:
    """A picture, or a film when there are many frames, as the text of an <img src>.

    frames: (n, H, W, C) uint8, C 1 or 3; zoom: screen pixels per pixel; seconds: of one frame in a film;
    kind: "webp", or "gif" for a film to take home, which every program can show; quality: 0 to 100 for what need
    not be exact to the grey level. Nothing is written to a file, so two visitors who ask for the same picture
    never touch the same bytes.
    """
    large = frames.repeat(zoom, 1).repeat(zoom, 2)
    first, *rest = [Image.fromarray(f[..., 0] if f.shape[-1] == 1 else f) for f in large]
    options = {}
    if rest:
        # The last frame stays a while before the film begins again.
        duration = [int(1000 * seconds)] * len(rest) + [1500]
        options = dict(save_all=True, append_images=rest, loop=0, duration=duration)
    if kind == "webp":
        options |= dict(method=0, lossless=quality is None, quality=quality or 80)
    file = io.BytesIO()
    first.save(file, kind.upper(), **options)
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"


# Events.


def answer(fn: Callable) -> Callable:
    """A handler, or a generator of answers, whose ValueError becomes the one-line message on page and in API.

    Any other exception is our mistake: it goes to the log, and the visitor learns no more than that.
    """

    @functools.wraps(fn)
    def answering(*args):
        with _spoken(fn.__name__):
            return fn(*args)

    @functools.wraps(fn)
    def streaming(*args):
        with _spoken(fn.__name__):
            yield from fn(*args)

    return streaming if inspect.isgeneratorfunction(fn) else answering


@contextlib.contextmanager
def _spoken(name: str):
    try:
        yield
    except Exception as error:
        told = gpu.sentence(error) or (str(error) if isinstance(error, ValueError) else None)
        if told is None:
            logging.getLogger(__name__).exception("The handler %s failed", name)
        raise gr.Error(told or SORRY, print_exception=False) from None


def on(triggers, fn: Callable, inputs, outputs, **options) -> Any:
    """Connect gestures to a handler under the handler's own name in the API.

    While an answer is on its way only the newest gesture waits, and the old picture stays. Values arrive
    as they were sent (preprocess=False): the handler names what is allowed better than Gradio's components do.
    """
    defaults = dict(
        api_name=fn.__name__, show_progress="hidden", trigger_mode="always_last", preprocess=False
    )
    return _listen(triggers)(answer(fn), inputs, outputs, **(defaults | options))


def in_page(triggers, js: str, inputs=None, outputs=None) -> Any:
    """A gesture that the page answers by itself, with no request."""
    return _listen(triggers)(
        None, inputs, outputs, js=js, show_progress="hidden", api_visibility="private"
    )


def _listen(triggers) -> Callable:
    # gr.on takes lists of component events, but not a canvas's own events, .then and .success.
    return functools.partial(gr.on, triggers) if isinstance(triggers, list) else triggers


def link(tab: str, **knobs) -> None:
    """Knobs that a link restores: ?tab=...&name=value. Their elem_id must be `<tab>-<name>`."""
    for name, knob in knobs.items():
        assert knob.elem_id == f"{tab}-{name}", f"{name} needs elem_id {tab}-{name}"
    names = json.dumps(list(knobs))
    in_page(
        [knob.change for knob in knobs.values()],
        f"(...values) => gml.link({json.dumps(tab)}, {names}, values)",
        list(knobs.values()),
    )


# The parts of a tab.


def slider(
    tab: str, name: str, label: str, low: float, high: float, value: float, step: float = 1
) -> gr.Slider:
    """A knob that a link restores as ?tab=...&name=value."""
    return gr.Slider(low, high, value, step=step, label=label, buttons=[], elem_id=f"{tab}-{name}")


def seed_slider(tab: str, value: int, name: str = "seed", label: str = "Seed") -> gr.Slider:
    return slider(tab, name, label, 0, LARGEST_SEED, value)


def html(text: str, classes: str | list[str] = (), **options) -> gr.HTML:
    """Plain HTML in the page's own look, without Gradio's styles for prose."""
    return gr.HTML(text, elem_classes=classes, apply_default_css=False, **options)


def header() -> None:
    canvas("header", "", "page-header")


def guarded(build: Callable[[], None]) -> None:
    """Build a tab; when its weights cannot be had, say what to do and leave the other tabs alone."""
    try:
        build()
    except CheckpointError as error:
        html(f'<p class="problem" role="alert">{escape(str(error))}</p>')


def headline(title: str, lead: str) -> None:
    html(f"<h2>{escape(title)}</h2><p class='lead'>{escape(lead)}</p>", "headline")


def columns() -> gr.Row:
    """Knobs, stage and words side by side; on a phone one under the other, stage first."""
    return gr.Row(elem_classes="columns")


def knobs() -> gr.Column:
    return gr.Column(min_width=0, elem_classes=["knobs", "card"])


def stage() -> gr.Column:
    return gr.Column(min_width=0, elem_classes="stage")


def words(see: Sequence[str], steps: dict[str, str]) -> None:
    """What you see, and Try this. steps: {name: text}; a canvas ticks one with gml.did(element, name)."""
    items = "".join(
        f'<li data-step="{name}"><span class="tick" aria-hidden="true"></span>{escape(text)}'
        '<span class="sr done-text"></span></li>'
        for name, text in steps.items()
    )
    with gr.Column(min_width=0, elem_classes=["words", "card"]):
        html(
            f"<h3>What you see</h3><p>{escape(' '.join(see))}</p><h3>Try this</h3><ul class='steps'>{items}</ul>"
        )


def strip(cells: Sequence[tuple[str, str]], live: str = "") -> None:
    """Measured facts, (value, what). live: the `what` whose value the page writes itself."""
    facts = "".join(
        f"<div><b{' data-live=ms' if what == live else ''}>{escape(value)}</b><span>{escape(what)}</span></div>"
        for value, what in cells
    )
    html(f"<div class='strip'>{facts}</div>")


def section(title: str, lead: str) -> None:
    html(
        f"<h3 class='section-title'>{escape(title)}</h3><p class='lead'>{escape(lead)}</p>",
        "section",
    )


def mathematics(text: str) -> gr.Markdown:
    """The equations, with $...$ for LaTeX; returned so that a handler can put live numbers in."""
    with gr.Accordion("The mathematics", open=True, elem_classes=["mathematics", "card"]):
        return gr.Markdown(
            text,
            latex_delimiters=[
                {"left": "$$", "right": "$$", "display": True},
                {"left": "$", "right": "$", "display": False},
            ],
        )


def canvas(name: str, value: Any, elem_id: str, **props) -> gr.HTML:
    """A drawing surface from canvas/<name>.html and .js. The value goes in and out; the elements stay."""
    return gr.HTML(
        value,
        html_template=_canvas(name, "html"),
        js_on_load=_canvas(name, "js"),
        elem_id=elem_id,
        elem_classes=f"canvas-{name}",
        apply_default_css=False,
        **props,
    )


def pad(
    drawing: str,
    elem_id: str,
    rows: int = 28,
    hint: str = "Clear, and draw your own.",
    label: str = "Draw a digit. Arrow keys move, Enter sets a pixel.",
) -> gr.HTML:
    """A sheet of 28 x 28 pixels to draw on, in a column of its own. rows: how many from the top can be drawn on."""
    with gr.Column(min_width=0, elem_classes="pad"):
        return canvas("pad", drawing, elem_id, rows=rows, hint=hint, label=label)


def _canvas(name: str, kind: str) -> str:
    return (CANVAS / f"{name}.{kind}").read_text(encoding="utf-8")
