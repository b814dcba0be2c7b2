"""One noise through several samplers: few steps and many, with dice and without."""

from collections.abc import Callable

import gradio as gr
import torch

from demos import ui
from demos.diffusion.network import SHIPPED, first_noise, network, rolls
from models.ddpm import sample
from models.images import grid, to_uint8

STEPS = (1, 2, 5, 10, 25, 50)


# What is computed.


def compare(seed: int) -> str:
    """One noise, drawn with 1, 2, 5, 10, 25 and 50 steps, by DDIM and by DDPM. seed: 0 to 9999. Returns HTML."""
    seed = ui.seed(seed)
    rows = []
    for name, eta in (("DDIM, eta = 0", 0.0), ("DDPM, eta = 1", 1.0)):
        ends = []
        for steps in STEPS:
            *_, (x, _, _) = sample(network(SHIPPED), first_noise(seed), steps, eta, rolls(seed))
            ends.append(x)
        source = ui.data_uri(grid(to_uint8(-torch.cat(ends), -1, 1), len(STEPS))[None])
        alt = f"{name}, seed {seed}: {', '.join(map(str, STEPS))} steps"
        rows.append(
            f"<figure><img class='pixels' src='{source}' alt='{alt}'><figcaption>{name}</figcaption></figure>"
        )
    heads = "".join(f"<span>{steps} step{'s' * (steps > 1)}</span>" for steps in STEPS)
    return f"<div class='stills samplers'><div class='heads'>{heads}</div>{''.join(rows)}</div>"


# What is shown.


def build(opened: Callable) -> None:
    ui.section(
        "One noise, many samplers",
        "Without dice the same noise leads to the same digit, and more steps only sharpen it. With dice it wanders.",
    )
    with gr.Row(elem_classes="complete"):
        with gr.Column(min_width=0):
            seed = ui.seed_slider("diffusion", 5, "noise", "Seed of the noise for all")
        table = ui.html("", elem_id="samplers", min_height=320)
    done = ui.on(seed.input, compare, seed, table)
    ui.in_page(done.success, "() => gml.did(document.querySelector('#samplers'), 'samplers')")
    # Not drawn before anyone looks: it would make every visitor's first page wait.
    ui.on(opened, compare, seed, table, api_visibility="private")
    ui.link("diffusion", noise=seed)
