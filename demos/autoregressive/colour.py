"""A picture in colour as a text of 512 words: the upper rows are given, and a transformer writes the others."""

import time
from collections.abc import Iterator
from math import log, log2

import gradio as gr
import torch
from torch import Tensor

import checkpoints
from checkpoints import hub
from demos import model_switch, ui
from demos.autoregressive import writers
from demos.autoregressive.pictures import FACES, PICTURES, picture
from demos.autoregressive.play import TEMPERATURE, temperature_in_range
from demos.autoregressive.writers import ENDINGS, PARTS, SHIPPED, VQ
from demos.likeness import likeness
from models.images import to_uint8

TITLE = "In colour"
PATIENCE = 0.4  # seconds between two signs of life
WORDS = {
    True: ("codes", "code"),
    False: ("pixels", "pixel"),
}  # of the one that ships, of the large one


# What is computed.


def continue_picture(
    start: str, rows: int, seed: int, temperature: float, model: str
) -> Iterator[tuple[str, str]]:
    """Keep the upper rows of a picture and let a transformer write the others, four times.

    start: A face, Another, Sunset, Boat or Apple. rows: 0 to 7, given of 8. seed: 0 to 9999; ending k uses
    seed + k. temperature: 0.1 to 2, divides the logits. model: image-gpt-vqvae-faces, or imagegpt-small once it has
    been downloaded.

    Streams the pictures so far as HTML: the picture, what the model reads of it, four endings; and what they cost the
    model, in bits, as a sentence.
    """
    x = picture(ui.choice(start, "Picture", list(PICTURES)))
    by = "of nobody, by a GAN" if start in FACES else "drawn by code"
    rows, seed = ui.whole(rows, "Rows", 0, PARTS - 1), ui.seed(seed)
    temperature, name = temperature_in_range(temperature), writers.named(model)
    whole = writers.tokens(name, x, rows)
    total = whole.shape[1]
    first = total * rows // PARTS
    k, bits = whole.repeat(ENDINGS, 1), torch.zeros(ENDINGS)
    across = writers.writer(name).side
    before = told = time.perf_counter()
    for at, (token, cost) in enumerate(
        writers.write(name, whole[:, :first], seed, temperature), first
    ):
        k[:, at], bits, done = token, bits + cost, at + 1
        now = time.perf_counter()
        if at == first:
            before = now  # until here it has read what is given
        if done < total and (done % across or now - told <= PATIENCE):
            continue
        told = now
        each = bits / (done - first)
        html = sheet(name, x, by, whole, k, (first, done), seed, each)
        left = (now - before) / max(1, at - first) * (total - done)
        yield html, sentence(name, first, done, total, each, left)


def continued(start: str, rows: int, seed: int, temperature: float, model: str) -> tuple[str, str]:
    """The end of the stream."""
    *_, end = continue_picture(start, rows, seed, temperature, model)
    return end


def sheet(
    name: str,
    x: Tensor,
    by: str,
    whole: Tensor,
    k: Tensor,
    known: tuple[int, int],
    seed: int,
    bits: Tensor,
) -> str:
    """All six pictures. known: how many tokens are given, and how many there are by now; bits: (4,), a token."""
    (first, done), total, (many, one) = known, whole.shape[1], WORDS[name == SHIPPED]
    read, *ends = writers.pictures(name, torch.cat([whole, k]))
    cells = [
        (x, f"The picture, {by}", f"the picture, {by}", 1.0, False),
        (
            read,
            f"What the model reads of it: {first} {many}",
            f"read as {first} {many}",
            first / total,
            False,
        ),
    ]
    for n, (end, b) in enumerate(zip(ends, bits.tolist(), strict=True)):
        caption = f"seed {seed + n}: {b:.1f} bits a {one}"
        cells.append((end, f"Ending {n + 1}, seed {seed + n}", caption, done / total, True))
    border = f"{100 * first / total:g}%"
    figures = "".join(
        f"<figure><div class='begun{' ending' if ending else ''}' style='--given: {border}; --known: {100 * share:g}%'>"
        f"{ui.photo(to_uint8(part[None]), alt, quality=None)}</div><figcaption>{caption}</figcaption></figure>"
        for part, alt, caption, share, ending in cells
    )
    return (
        f"<div class='colours' data-model='{name}' data-known='{done}/{total}' role='group' "
        f"aria-label='A picture and four endings'>{figures}</div>"
    )


def sentence(name: str, first: int, done: int, total: int, bits: Tensor, left: float) -> str:
    many, one = WORDS[name == SHIPPED]
    if done < total:
        return f"{done - first} of {total - first} {many} of each are drawn, about {max(1, left):.0f} s to go."
    return (
        f"{first} of {total} {many} given. A drawn {one} says {bits.mean():.1f} bits on average; "
        f"if all 512 were alike it would say {log2(512):.0f}."
    )


# What is shown.


def build() -> None:
    own, quantizer = (checkpoints.MANIFEST[name]["measured"] for name in (SHIPPED, VQ))
    config, large = checkpoints.MANIFEST[SHIPPED]["config"], hub.OFFERED[writers.LARGE[0]]
    ui.headline(
        "Pictures in a language of 512 words",
        "The upper rows are how a text begins. A transformer, as for language, goes on: four times.",
    )
    with ui.columns():
        with ui.knobs():
            model, chosen = model_switch.build(
                "autoregressive", writers.titles(), writers.cost, "writer"
            )
            start = gr.Radio(
                list(PICTURES), value="A face", label="Picture", elem_id="autoregressive-begun"
            )
            rows = ui.slider(
                "autoregressive", "given", "Rows given, of 8", 0, PARTS - 1, PARTS // 2
            )
            temperature = ui.slider(
                "autoregressive", "glow", "Temperature", *TEMPERATURE, 1.0, 0.05
            )
            seed = ui.seed_slider("autoregressive", 1, "colours", "First seed")
            with gr.Row(elem_classes="buttons"):
                another = gr.Button("Four others", variant="primary", min_width=0)
                stop = gr.Button("Stop", min_width=0)
        with ui.stage():
            # A link that names another model is drawn when the switch has found it.
            mine = f"[null, '{SHIPPED}'].includes(gml.linked(element, 'writer'))"
            shown = ui.html(
                "",
                elem_id="in-colour",
                js_on_load=f"if (gml.restoring(element) && {mine}) trigger('apply');",
            )
            told = ui.html("", classes="note")
        ui.words(
            see=(
                "Under the line nothing was given.",
                "One model reads a picture as codes, the other as 1,024 pixels, each the nearest of 512 colours.",
            ),
            steps={
                "few": "Give one row of a face",
                "strange": "Give half an apple to the one that knows faces only",
                "cold": "Set the temperature to 0.3",
            },
        )
    ui.strip(
        [
            (
                f"{own['nats_per_grid'] / log(2) / config['side'] ** 2:.2f} bits",
                f"a code of {own['test_images']:,} test faces; guessing among {config['vocabulary']}: "
                f"{log2(config['vocabulary']):.0f}",
            ),
            *likeness(own),
            (
                f"{own['parameters'] / 1e6:.2f} M",
                f"parameters, {quantizer['parameters'] / 1e6:.2f} M more in the VQ-VAE; "
                f"the one of pixels: {large['parameters'] / 1e6:.1f} M",
            ),
        ]
    )
    ui.mathematics(MATHEMATICS)
    knobs, out = [start, rows, seed, temperature, model], [shown, told]
    ui.first(continued, knobs, out)
    private = dict(api_visibility="private")
    next_seeds = ui.in_page(another.click, f"(seed) => (seed + {ENDINGS}) % 10000", seed, seed)
    # All questions go through one door, so that the newest is answered last: an answer may take half a minute.
    bump, door = "(turn) => turn + 1", gr.Number(0, visible="hidden", label="Questions")
    gestures = [start.input, rows.input, seed.input, temperature.input]
    for asked in ([*gestures, shown.apply], next_seeds.then, chosen):
        ui.in_page(asked, bump, door, door)
    drawn = ui.on(door.change, continue_picture, knobs, out, concurrency_limit=2)
    stop.click(None, cancels=drawn, queue=False, **private)
    ui.in_page(
        drawn.success,
        "(start, rows, temperature, model) => { const at = document.querySelector('#in-colour'),"
        " face = start.startsWith('A') && start !== 'Apple'; if (face && rows === 1) gml.did(at, 'few');"
        f" if (start === 'Apple' && rows === 4 && model === '{SHIPPED}') gml.did(at, 'strange');"
        " if (temperature <= 0.4) gml.did(at, 'cold'); }",
        [start, rows, temperature, model],
    )
    ui.link("autoregressive", begun=start, given=rows, glow=temperature, colours=seed, writer=model)


MATHEMATICS = r"""
A picture becomes a row of whole numbers, and a transformer says how likely each is after those before it. Given are
the first $n$, and the chain rule holds from there on:

$$p(k_n, \dots, k_{N-1} \mid k_0, \dots, k_{n-1}) = \prod_{i=n}^{N-1} p_\theta(k_i \mid k_0, \dots, k_{i-1}), \qquad
p_\theta(k_i = j \mid k_{<i}) = \frac{\exp(f_j / T)}{\sum_l \exp(f_l / T)}$$

The numbers are codes of a VQ-VAE, one for eight by eight pixels, so that $N = 64$ (arXiv:1711.00937), or colours, one
for each pixel, so that $N = 1024$ (Image GPT, Chen et al. 2020):

$$k_i = \arg\min_j \|\mathcal{E}(\mathbf{x})_i - \mathbf{e}_j\|_2 \qquad \text{or} \qquad
k_i = \arg\min_j \|\mathbf{x}_i - \mathbf{c}_j\|_2$$

The colours $\mathbf{c}_j$ were found by k-means of the pixels of ImageNet. Either way a token is one of 512 and can say
$\log_2 512 = 9$ bits; one that could be foreseen says less:

$$-\log_2 p_\theta(k_i \mid k_{<i})\ \text{bits}$$

Below a picture stands the mean over its drawn tokens, at your temperature. A code has seen more than its own place. So
that no code of the given rows tells of what is below the line, their last row of pixels is repeated there before the
picture is encoded.
"""
