"""The two Image GPTs that write pictures in colour: one of codes, which ships, and one of pixels, from the Hub.

For both a picture is a text of tokens, row by row, and what is given of it is how the text begins.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import checkpoints
from checkpoints import hub, resident
from demos import gpu, ui
from demos.vae.codebook import decoded, quantizer
from models import colour_gpt, vqvae
from models.image_gpt import ImageGPT, sample
from models.images import noise

SHIPPED, VQ = "image-gpt-vqvae-faces", "vqvae-faces"
LARGE = tuple(name for name in hub.OFFERED if name.startswith("imagegpt"))
PARTS = 8  # of a picture's height: a row of codes, or four of pixels
ENDINGS = 4
# Gigaflops a second, of one core: a token alone waits for all weights to come from memory. Measured as gpu.GIGAFLOPS.
PACE = 8


def named(value) -> str:
    return ui.choice(value, "Model", (SHIPPED, *LARGE))


def writer(name: str) -> ImageGPT:
    """Frozen and shared. Raises CheckpointError, for the large one also when it is not here yet."""
    return checkpoints.load(name) if name == SHIPPED else resident.load(name)


def titles() -> dict[str, str]:
    large = {name: hub.OFFERED[name]["title"] for name in LARGE}
    return {SHIPPED: "Faces, code by code"} | large


def seconds(name: str, parts: int) -> float:
    """About how long so many parts of four pictures take here."""
    if resident.device().type == "cuda":
        return 10  # not yet measured
    return ENDINGS * hub.OFFERED[name]["gigaflops"] * parts / PARTS / PACE


def cost(name: str) -> str:
    return f"About {seconds(name, PARTS // 2):.0f} s for four lower halves on this machine"


def tokens(name: str, x: Tensor, parts: int) -> Tensor:
    """How a picture is read. x: (3, 64, 64) in [0, 1] -> (1, tokens).

    A code has seen what is around its place. So below the given parts their last row is repeated: what is to be drawn
    is told to nobody.
    """
    border = parts * x.shape[1] // PARTS
    seen = torch.where(
        torch.arange(x.shape[1])[:, None] < border, x, x[:, max(0, border - 1), None]
    )
    with torch.inference_mode():
        if name == SHIPPED:
            model = quantizer(VQ)
            return vqvae.nearest(model, model.encode(seen[None])).flatten(1)
        model = writer(name)
        small = F.interpolate(seen[None], model.side, mode="area")
        return colour_gpt.nearest(model, small.to(model.colours.device)).cpu()


def pictures(name: str, k: Tensor) -> Tensor:
    """Of tokens. k: (B, tokens) -> (B, 3, H, W) in [0, 1]."""
    model = writer(name)
    if name == SHIPPED:
        return decoded(VQ, k.unflatten(1, (model.side, model.side)))
    return model.look_up(k.to(model.colours.device)).float().cpu().clamp(0, 1)


def write(
    name: str, given: Tensor, seed: int, temperature: float
) -> Iterator[tuple[Tensor, Tensor]]:
    """Go on with a text, four times. given: (1, n). Yields a token of each, (4,), and its -log2 p, in bits."""
    seeds = range(seed, seed + ENDINGS)
    if name == SHIPPED:
        yield from written(writer(name), given, seeds, temperature)
        return
    model = resident.load(name)  # here, in the main process: a card's time is not for reading files
    parts = PARTS * (1 - given.shape[1] / model.tokens)
    refusal = "Without a graphics card this model draws fewer rows: give it more of them."
    with gpu.alone(seconds(name, parts) * gpu.GIGAFLOPS, refusal):
        for drawn, bits in _large[name](given.numpy(), seed, temperature):
            yield torch.from_numpy(drawn), torch.from_numpy(bits)


def written(model: ImageGPT, given: Tensor, seeds: range, temperature: float):
    where = model.place.device
    u = noise((model.tokens,), seeds, "uniform").to(where)
    y = torch.full((len(seeds),), model.classes, device=where)
    for token, p in sample(model, y, u, temperature, given.to(where)):
        yield token, -p.gather(1, token[:, None])[:, 0].clamp(min=1e-30).log2()


def _on_gpu(
    name: str,
) -> Callable[[np.ndarray, int, float], Iterator[tuple[np.ndarray, np.ndarray]]]:
    """One function for each model: a Space's worker process has the models that were there when it began."""

    def draw(given: np.ndarray, seed: int, temperature: float) -> Iterator[tuple[np.ndarray, ...]]:
        seeds = range(seed, seed + ENDINGS)
        for step in written(resident.load(name), torch.from_numpy(given), seeds, temperature):
            yield tuple(part.cpu().numpy() for part in step)

    return gpu.on_gpu(lambda given, seed, temperature: math.ceil(seconds(name, PARTS)))(draw)


_large = {name: _on_gpu(name) for name in LARGE}
