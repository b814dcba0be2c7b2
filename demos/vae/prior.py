"""A small transformer writes a grid of codes, and the quantizer's decoder draws it."""

import time
from functools import lru_cache
from math import log

import gradio as gr
import torch

import checkpoints
from demos import ui
from demos.likeness import likeness
from demos.vae.codebook import COLUMNS, decoded, on_paper, portraits, quantizer
from models.image_gpt import ImageGPT, sample
from models.images import grid, noise
from models.vqvae import nearest

TITLE = "A prior over codes"
MODELS = {"digits": "vqvae-mnist", "faces": "vqvae-faces"}
ANY = "any"
DIGITS = [ANY, *map(str, range(10))]
TEMPERATURE = (0.1, 2.0)
TOP = 6  # candidates shown for each place
FRAMES = 10  # columns in the sheet of pictures so far
STEPS = {
    "digits": "to write this grid, on this server; PixelCNN takes 784 steps",
    "faces": "to write this grid, on this server; its 12,288 numbers one by one would be as many steps",
}


# What is computed.


def prior(kind: str) -> ImageGPT:
    return checkpoints.load(f"image-gpt-{MODELS[kind]}")


def there() -> list[str]:
    """Which of the two can be drawn: the faces come with another checkpoint."""
    return [
        kind
        for kind, name in MODELS.items()
        if {name, f"{name}-codes", f"image-gpt-{name}"} <= set(checkpoints.MANIFEST)
    ]


@lru_cache(maxsize=2)
def empty(kind: str) -> torch.Tensor:
    """The codes of a sheet with nothing on it: what stands where nothing is written yet. -> (tokens,)."""
    model, side = quantizer(MODELS[kind]), prior(kind).side << quantizer(MODELS[kind]).halvings
    channels = model.encoder[0].in_channels
    with torch.inference_mode():
        sheet = torch.full((1, channels, side, side), 0.0 if channels == 1 else 0.5)
        return nearest(model, model.encode(sheet)).flatten()


@lru_cache(maxsize=256)
def written(kind: str, digit: str, seed: int, temperature: float) -> tuple[list, list, float]:
    """Tokens, for each the likeliest codes with their p and that of the one drawn, and the milliseconds of it all."""
    model = prior(kind)
    y = torch.tensor([model.classes if digit == ANY else int(digit)])
    uniforms = noise((model.tokens,), [seed], "uniform")
    start = time.perf_counter()
    tokens, p = zip(*sample(model, y, uniforms, temperature), strict=True)
    ms = 1000 * (time.perf_counter() - start)
    tokens, p = torch.cat(tokens), torch.cat(p)
    best = p.topk(TOP)
    steps = [
        dict(codes=codes, p=[round(v, 4) for v in values], drawn=round(chosen, 4))
        for codes, values, chosen in zip(
            best.indices.tolist(),
            best.values.tolist(),
            p.gather(1, tokens[:, None])[:, 0].tolist(),
            strict=True,
        )
    ]
    return tokens.tolist(), steps, ms


@lru_cache(maxsize=256)
def film_so_far(kind: str, tokens: tuple[int, ...]) -> str:
    """The picture after 0, 1, 2, ... codes, ten in a row of one sheet: a WebP as a data URI."""
    n, side = len(tokens), prior(kind).side
    known = torch.arange(n) < torch.arange(n + 1)[:, None]
    k = torch.where(known, torch.tensor(tokens), empty(kind)).view(-1, side, side)
    pictures = on_paper(decoded(MODELS[kind], k))
    return ui.data_uri(grid(pictures, FRAMES)[None], quality=None if kind == "digits" else 85)


def write_codes(kind: str, digit: str, seed: int, temperature: float) -> tuple[dict, str]:
    """Write a grid of codes, one after the other.

    kind: digits or faces; digit: 0 to 9 or any, for digits only; seed: 0 to 9999; temperature: 0.1 to 2, divides the
    logits. Returns the codes, the likeliest ones for each place, the pictures on the way in one sheet, and the
    milliseconds the writing took; then the equations with these numbers in.
    """
    kind = ui.choice(kind, "Kind", there())
    digit = ui.choice(digit, "Digit", DIGITS)
    digit = digit if kind == "digits" else ANY
    seed, temperature = ui.seed(seed), ui.number(temperature, "Temperature", *TEMPERATURE)
    tokens, steps, ms = written(kind, digit, seed, temperature)
    value = dict(
        kind=kind,
        digit=digit,
        seed=seed,
        temperature=temperature,
        side=prior(kind).side,
        vocabulary=prior(kind).vocabulary,
        tokens=tokens,
        steps=steps,
        frames=film_so_far(kind, tuple(tokens)),
        portraits=portraits(MODELS[kind]),
        ms=round(ms, 1),
    )
    return value, equations(value)


def equations(value: dict) -> str:
    n, vocabulary, temperature = len(value["tokens"]), value["vocabulary"], value["temperature"]
    nats = -sum(
        torch.tensor([step["drawn"] for step in value["steps"]]).clamp(min=1e-4).log().tolist()
    )
    return rf"""
The VQ-VAE says nothing about which grids are likely. A second model learns that from the grids of all training
pictures, with the chain rule, as for pixels, but over {n} codes of {vocabulary}:

$$\log p(\mathbf{{k}} \mid y) = \sum_{{i=0}}^{{{n - 1}}} \log p(k_i \mid k_0, \dots, k_{{i-1}}, y)
= {-nats:.1f}\ \text{{nats for this grid, at }} T = {temperature:g}$$

A transformer gives the logits $f_j$ of all {vocabulary} codes for the next place; each place attends to those before it
and to the word in front, which names the digit or says that none is asked for:

$$p(k_i = j \mid k_{{<i}}, y) = \frac{{\exp(f_j / T)}}{{\sum_l \exp(f_l / T)}}, \qquad
\text{{Attention}} = \text{{softmax}}\Big(\frac{{\mathbf{{q}} \mathbf{{k}}^\top}}{{\sqrt{{d}}}}\Big)\, \mathbf{{v}}$$

To draw, take $u_i$ evenly from $[0, 1)$, and write the first code whose cumulative probability passes it.
Then one pass through the decoder makes the picture. PixelCNN needs 784 steps for a digit: here {n} are enough, as each
code says several pixels at once.
"""


# What is shown.


def facts(kind: str) -> list[tuple[str, str]]:
    """The strip of one kind of pictures."""
    measured = checkpoints.MANIFEST[f"image-gpt-{MODELS[kind]}"]["measured"]
    own = checkpoints.MANIFEST[MODELS[kind]]["measured"]
    pixels = checkpoints.MANIFEST["pixelcnn-mnist"]["measured"]
    config = checkpoints.MANIFEST[f"image-gpt-{MODELS[kind]}"]["config"]
    by_chance = config["side"] ** 2 * log(config["vocabulary"])
    if kind == "digits":
        quality = [
            (
                f"{measured['classifier_agrees']:.1%}",
                f"of {measured['samples']:,} drawn digits are named as asked; by chance 10%",
            ),
            (
                f"{measured['frechet_samples']:.1f} ± {measured['frechet_samples_error']:.1f}",
                f"Frechet distance of the {measured['samples']:,} from test digits; "
                f"as many training digits: {measured['frechet_training_digits']:.1f}",
            ),
        ]
        peer = f"; PixelCNN: {pixels['parameters'] / 1e6:.2f} M"
    else:
        quality, peer = likeness(measured), ""
    return [
        (
            f"{measured['nats_per_grid']:.1f} ± {measured['standard_error']:.1f} nats",
            f"a grid, {measured['test_images']:,} test {kind}; guessing among {config['vocabulary']}: {by_chance:.0f}",
        ),
        *quality,
        ("", STEPS[kind]),
        (
            f"{measured['parameters'] / 1e6:.2f} M",
            f"parameters, {own['parameters'] / 1e6:.2f} M more in the VQ-VAE{peer}",
        ),
    ]


def build() -> None:
    kinds = [kind for kind in MODELS if kind == "digits" or kind in there()]
    ui.headline(
        "A language of codes",
        "A small transformer writes the grid word by word, and the decoder reads it aloud.",
    )
    with ui.columns():
        with ui.knobs():
            kind = gr.Radio(
                kinds,
                value="digits",
                label="Pictures",
                elem_id="vae-kind",
                visible=len(kinds) > 1,
            )
            digit = gr.Radio(DIGITS, value="8", label="Digit", elem_id="vae-number")
            seed = ui.slider("vae", "start", "Seed", 0, ui.LARGEST_SEED, 7)
            temperature = ui.slider("vae", "temperature", "Temperature", *TEMPERATURE, 1.0, 0.05)
            another = gr.Button("Write another", variant="primary")
        with ui.stage():
            player = ui.canvas("code_player", None, "code-player", columns=COLUMNS, frames=FRAMES)
        ui.words(
            see=("The bars are the model's guesses at the next code.",),
            steps={
                "play": "Play a grid to its end",
                "digit": "Ask for another digit",
                "cold": "Set temperature 0.3",
            },
        )
    for kind_of in kinds:
        ui.strip(facts(kind_of), live=STEPS[kind_of], classes=f"of-{kind_of}")
    math = ui.mathematics()
    knobs, shown = [kind, digit, seed, temperature], [player, math]
    ui.first(write_codes, knobs, shown)
    ui.on(
        [kind.input, digit.input, seed.input, temperature.input, player.apply],
        write_codes,
        knobs,
        shown,
        **ui.SAMPLER,
    )
    ui.in_page(
        temperature.input,
        "(t) => t <= 0.4 && gml.did(document.querySelector('#code-player'), 'cold')",
        temperature,
    )
    ui.in_page(
        digit.input,
        "() => { gml.intent = 'play'; gml.did(document.querySelector('#code-player'), 'digit'); }",
    )
    moved = ui.in_page(
        another.click,
        "(seed) => { gml.intent = 'play'; return (seed + 1) % 10000; }",
        seed,
        seed,
    )
    ui.on(moved.then, write_codes, knobs, shown, api_visibility="private", **ui.SAMPLER)
    ui.link("vae", kind=kind, number=digit, start=seed, temperature=temperature)
