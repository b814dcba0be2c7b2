"""The generators that the tab asks: the one that ships, and larger ones from the Hub.

generator(name)    the model, frozen and shared
alone(name, n)     n pictures of it, as the only visitor where it is large and there is no graphics card
draw(name, ...)    a large one's pictures, on the card if there is one
"""

import contextlib
import copy
import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import checkpoints
from checkpoints import hub, resident
from demos import gpu, ui
from models.images import to_uint8
from models.stylegan import Generator, Mapping

SHIPPED = "stylegan-faces"
LARGE = tuple(name for name in hub.OFFERED if name.startswith("stylegan2"))


def named(value) -> str:
    return ui.choice(value, "Model", (SHIPPED, *LARGE))


def here(value) -> str:
    """A name whose model can draw. Raises CheckpointError, before anything else is looked at."""
    name = named(value)
    if name != SHIPPED and hub.folder(name) is None:
        resident.load(name)  # says what to do
    return name


def generator(name: str = SHIPPED) -> Generator:
    """Raises CheckpointError, for a large one also when it is not here yet."""
    return checkpoints.load(name) if name == SHIPPED else resident.load(name)


def mapping(name: str) -> Mapping:
    """On the processor: a card's time is not for eight small matrices."""
    own = generator(name).mapping
    return own if own.w_avg.device.type == "cpu" else copy.deepcopy(own).cpu()


def size(name: str) -> int:
    """Without reading the weights, as layers does."""
    return (
        checkpoints.MANIFEST[name]["config"]["size"]
        if name == SHIPPED
        else hub.OFFERED[name]["size"]
    )


def titles() -> dict[str, str]:
    """What the generators are called, the one that ships first."""
    large = {name: hub.OFFERED[name]["title"] for name in LARGE}
    return {SHIPPED: f"Faces, {size(SHIPPED)} by {size(SHIPPED)}"} | large


def layers(name: str) -> int:
    return (
        2 * int(math.log2(size(name))) - 2
    )  # one at 4 x 4, two at each larger size, one of colours


def quick(name: str) -> bool:
    """Whether a sheet of it is a matter of a second here."""
    return name == SHIPPED or resident.device().type == "cuda"


def cost(name: str) -> str:
    if resident.device().type == "cuda":
        return "A moment for a sheet of 25 on this machine"
    seconds = hub.OFFERED[name]["gigaflops"] / gpu.GIGAFLOPS
    return f"About {seconds:.0f} s a picture on this machine, {25 * seconds:.0f} s a sheet of 25"


def alone(name: str, n: int) -> contextlib.AbstractContextManager:
    if name == SHIPPED:
        return contextlib.nullcontext()
    resident.load(name)  # here, in the main process: a card's time is not for reading files
    one = hub.OFFERED[name]["gigaflops"]
    most = math.floor(gpu.LONGEST * gpu.GIGAFLOPS / one)
    refusal = f"Without a graphics card this model draws at most {most} pictures at once."
    return gpu.alone(n * one, refusal)


def draw(name: str, ws: Tensor, grain: Sequence[Tensor | None] | None, side: int) -> np.ndarray:
    """ws: (n, layers, latent) -> (n, side, side, 3) uint8. grain: noise of each layer, else the model's own."""
    if grain is not None:
        grain = [None if each is None else each.float().cpu().numpy() for each in grain]
    return _large[name](ws.numpy(), grain, side)


def _on_gpu(name: str) -> Callable[[np.ndarray, list | None, int], np.ndarray]:
    """One function for each model: a Space's worker process has the models that were there when it began."""

    def draw(ws: np.ndarray, grain: list | None, side: int) -> np.ndarray:
        model, where = resident.load(name), resident.device()
        noise = model.noise()
        if grain is not None:
            noise = [None if each is None else torch.from_numpy(each).to(where) for each in grain]
        # The weights stay float32, and with them w; convolutions are twice as fast in bfloat16 where there is any.
        fast = torch.cuda.is_bf16_supported if where.type == "cuda" else _processor_has_bf16
        drawn = []
        for part in torch.from_numpy(ws).to(where).split(1 if where.type == "cpu" else 4):
            with torch.inference_mode(), torch.autocast(where.type, torch.bfloat16, fast()):
                x = model.synthesis(part, noise).float()
            drawn.append(to_uint8(F.interpolate(x, side, mode="area").cpu(), -1, 1))
        return np.concatenate(drawn)

    # Not yet measured on a card: ten seconds to begin, and a tenth for each picture.
    return gpu.on_gpu(lambda ws, grain, side: math.ceil(10 + 0.1 * len(ws)))(draw)


def _processor_has_bf16() -> bool:
    return torch.ops.mkldnn._is_mkldnn_bf16_supported()


_large = {name: _on_gpu(name) for name in LARGE}
