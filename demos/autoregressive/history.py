"""How to choose the history function? One pixel as each model predicts it, what that costs, and what it draws."""

import re
import time
from functools import lru_cache

import numpy as np

import checkpoints
from demos import ui
from demos.autoregressive import family
from demos.autoregressive.family import FAMILY, SIZE
from models.autoregressive import dependence
from models.images import grid, noise, to_uint8

TITLE = "History function"
PROBES = (
    8  # random pictures over which gradients are averaged: in one alone a closed gate hides a path
)
WALL = 8  # pictures of each model
DECADES = 4  # of influence that are shown
# In the papers, on bits drawn once (static). arXiv:1601.06759, Table 4.
IN_PAPER = {"PixelCNN": 81.30, "Row LSTM": 80.54, "Diagonal BiLSTM": 79.20}
# What has to wait for one another: to train on a picture, to draw one.
STEPS = {
    "PixelCNN": (1, 136),
    "Gated PixelCNN": (1, 784),
    "Row LSTM": (SIZE, 784),
    "Diagonal BiLSTM": (2 * SIZE - 1, 784),
    "Image GPT": (1, 784),
}


# What is computed.


@lru_cache(maxsize=4096)
def field(title: str, row: int, col: int) -> bytes:
    """Influence of every pixel on the prediction of one: 784 bytes, 0 for none at all, else a logarithm up to 255."""
    x = (noise((1, SIZE, SIZE), range(PROBES), "uniform") < 0.5).float()
    strength = dependence(family.load(title), row, col, x).flatten().double().numpy()
    with np.errstate(divide="ignore"):
        level = 1 + np.log10(strength / max(strength.max(), 1e-300)) / DECADES
    return np.where(strength > 0, np.clip(255 * level, 1, 255), 0).astype(np.uint8).tobytes()


@lru_cache(maxsize=256)
def wall(title: str, seed: int) -> tuple[str, float]:
    """Pictures of the seeds that follow, side by side, and the milliseconds that drawing them at once took."""
    u = noise((1, SIZE, SIZE), range(seed, seed + WALL), "uniform")
    start = time.perf_counter()
    x = family.finished(title, u)
    ms = 1000 * (time.perf_counter() - start)
    return ui.data_uri(grid(to_uint8(1 - x), WALL)[None]), ms


def histories(row: int, col: int, seed: int) -> dict:
    """One pixel as each model predicts it, and what each draws.

    row, col: of the pixel, 0 to 27. seed: 0 to 9999, the first of eight. Returns for each model the influence of every
    pixel on this one (784 bytes in hexadecimal, 0 none at all, else a logarithm up to 255), how many it depends on, and
    its eight pictures with the milliseconds they took.
    """
    row, col = ui.whole(row, "Row", 0, SIZE - 1), ui.whole(col, "Column", 0, SIZE - 1)
    seed = ui.seed(seed)
    models = []
    for title in family.there():
        family.load(title)  # which says so if the weights are gone, though both are kept
        levels = field(title, row, col)
        sheet, ms = wall(title, seed)
        models.append(
            dict(
                title=title,
                field=levels.hex(),
                seen=sum(v > 0 for v in levels),
                wall=sheet,
                ms=round(ms),
            )
        )
    return dict(row=row, col=col, past=row * SIZE + col, seed=seed, models=models)


def facts(title: str) -> dict:
    """What stands beside a model and never changes."""
    entry, numbers = checkpoints.MANIFEST[FAMILY[title].name], family.measured(title)
    paper = f"; paper {IN_PAPER[title]:.2f} static" if title in IN_PAPER else ""
    if title == family.FIRST:
        static = checkpoints.MANIFEST["pixelcnn-static-mnist"]["measured"]["nats_per_image"]
        paper = f"; trained static {static:.1f}{paper}"
    train, draw = STEPS[title]
    minutes = re.search(r"--minutes (\d+)", entry["made_by"])
    return dict(
        title=title,
        history=FAMILY[title].history,
        nats=f"{numbers['nats_per_image']:.1f} ± {numbers['standard_error']:.1f}",
        bits=f"{numbers['trained']}{paper}",
        parameters=f"{numbers['parameters'] / 1e6:.2f} M",
        minutes=f"{minutes[1]} min" if minutes else "?",
        train=train,
        draw=draw,
    )


# What is shown.


def build() -> None:
    ui.headline(
        "How should a model remember?",
        "One pixel, each model's way to look back at it, and what that costs in training and in drawing.",
    )
    with ui.columns():
        with ui.knobs():
            row = ui.slider("autoregressive", "from-row", "Row", 0, SIZE - 1, 16)
            col = ui.slider("autoregressive", "from-col", "Column", 0, SIZE - 1, 14)
            seed = ui.seed_slider("autoregressive", 0, "wall", "First seed")
        with ui.stage():
            table = ui.canvas(
                "histories", None, "histories", facts=[facts(t) for t in family.there()], wall=WALL
            )
        ui.words(
            see=(
                "Colour: what moves the prediction of the framed pixel, by gradients.",
                "Recurrence waits in training, all of them in drawing.",
            ),
            steps={
                "pick": "Click another pixel",
                "edge": "Column 0: who sees the row above to its end?",
                "wall": "Move the seed",
            },
        )
    ui.mathematics(MATHEMATICS)
    knobs = [row, col, seed]
    ui.first(histories, knobs, [table])
    ui.on([*(knob.input for knob in knobs), table.apply], histories, knobs, table, **ui.SAMPLER)
    ui.in_page(
        col.input, "(c) => c === 0 && gml.did(document.querySelector('#histories'), 'edge')", col
    )
    ui.in_page(seed.input, "() => gml.did(document.querySelector('#histories'), 'wall')")
    picked = ui.in_page(
        table.select,
        "() => JSON.parse(document.querySelector('#histories [data-at]').dataset.at)",
        None,
        [row, col],
    )
    ui.on(picked.then, histories, knobs, table, api_visibility="private", **ui.SAMPLER)
    ui.link("autoregressive", **{"from-row": row, "from-col": col, "wall": seed})


MATHEMATICS = r"""
All write the picture as the same product; they differ in $f_\theta$, which turns any number of earlier pixels into
one number:

$$p(\mathbf{x}) = \prod_{i=0}^{783} p(x_i \mid \mathbf{x}_{<i}), \qquad
p(x_i = 1 \mid \mathbf{x}_{<i}) = \sigma\big(f_\theta(\mathbf{x}_{<i})\big)$$

**A masked convolution** reads a window; layers widen it, and all pixels of a known picture are done at once.
**Two stacks** (Gated PixelCNN) close its blind spot: $\mathbf{v}$ reads whole rows above, $\mathbf{h}$ its row to the
left.

**An LSTM** hands a state from step to step, and can keep what it likes for as long as it likes. But training has to
wait: for 28 rows (Row LSTM), or for $28 + 27$ diagonals (Diagonal BiLSTM), with all pixels of one done at once:

$$[\mathbf{o}, \mathbf{f}, \mathbf{i}, \mathbf{g}] = \sigma(K^{ss} * \mathbf{h}_{t-1} + K^{is} * \mathbf{x}_t), \qquad
\mathbf{c}_t = \mathbf{f} \odot \mathbf{c}_{t-1} + \mathbf{i} \odot \mathbf{g}, \qquad
\mathbf{h}_t = \mathbf{o} \odot \tanh(\mathbf{c}_t)$$

**Attention**, as in Image GPT, asks every earlier pixel at once: no waiting in training, $784^2 / 2$ pairs a layer:

$$\mathbf{a}_i = \sum_{j \le i} \frac{\exp(\mathbf{q}_i^\top \mathbf{k}_j / \sqrt{d})}{\sum_{l \le i}
\exp(\mathbf{q}_i^\top \mathbf{k}_l / \sqrt{d})}\, \mathbf{v}_j$$

Shown is the mean over 8 random pictures of $|\partial f_\theta / \partial x_j|$, on a logarithmic scale of four
decades; what is exactly zero has no colour. Nats are of the same 10,000 test digits with the same bits. *Dynamic*: bits
are drawn anew whenever a training digit is used; *static*: once and for all, as in the papers. A processor core trained
each for the minutes shown, so the rarer a model's steps, the further it got: this compares what an hour buys, not where
the models end.
"""
