"""The networks that the tab asks: the one that ships, and larger ones from the Hub, drawn by the same loop."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

import checkpoints
from checkpoints import hub, resident
from demos import gpu, ui
from models.ddpm import Pretrained, UNet, sample
from models.images import noise

SHIPPED = "ddpm-mnist"
LARGE = tuple(name for name in hub.OFFERED if name.startswith("ddpm"))
T = 1000  # noise levels, of all of them


def named(value) -> str:
    return ui.choice(value, "Model", (SHIPPED, *LARGE))


def network(name: str) -> UNet | Pretrained:
    """Frozen and shared. Raises CheckpointError, for a large model also when it is not here yet."""
    return checkpoints.load(name) if name == SHIPPED else resident.load(name)


def shape(name: str) -> tuple[int, int, int]:
    """Of one picture. -> (C, H, W)."""
    return (
        (1, 28, 28)
        if name == SHIPPED
        else (3, hub.OFFERED[name]["size"], hub.OFFERED[name]["size"])
    )


def first_noise(seed: int, name: str = SHIPPED) -> Tensor:
    """x_T. -> (1, C, H, W)."""
    return noise(shape(name), [seed])


def rolls(seed: int, name: str = SHIPPED) -> Callable[[int], Tensor]:
    """The fresh noise of every step, each with a seed of its own: step k is the same however many follow."""
    return lambda k: noise(shape(name), [10_000 * (seed + 1) + k])


def seconds(name: str, steps: int) -> float:
    """About how long so many steps take here."""
    work = steps * hub.OFFERED[name]["gigaflops"] / gpu.GIGAFLOPS
    # On a GPU a small network is limited by the number of its operations, not by their size. Not yet measured.
    return 10 + 0.04 * steps if resident.device().type == "cuda" else work


def path(name: str, seed: int, steps: int, eta: float) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """As models.ddpm.sample: the next x, the noise guess and x0_hat after every step. (1, C, H, W) each."""
    if name == SHIPPED:
        yield from sample(network(name), first_noise(seed), steps, eta, rolls(seed))
        return
    one = hub.OFFERED[name]["gigaflops"]
    most = math.floor(gpu.LONGEST * gpu.GIGAFLOPS / one)
    refusal = f"Without a graphics card this model takes at most {most} steps."
    with gpu.alone(steps * one, refusal):
        resident.load(name)  # here, in the main process: a GPU's time is not for reading files
        for arrays in _large[name](seed, steps, eta):
            yield tuple(map(torch.from_numpy, arrays))


def _on_gpu(name: str) -> Callable[[int, int, float], Iterator[tuple[np.ndarray, ...]]]:
    """One function for each model: a Space's worker process has the models that were there when it began."""

    def draw(seed: int, steps: int, eta: float) -> Iterator[tuple[np.ndarray, ...]]:
        model, where, dice = resident.load(name), resident.device(), rolls(seed, name)
        x = first_noise(seed, name).to(where)
        for state in sample(model, x, steps, eta, lambda k: dice(k).to(where)):
            yield tuple(part.cpu().numpy() for part in state)

    return gpu.on_gpu(lambda seed, steps, eta: math.ceil(seconds(name, steps)))(draw)


_large = {name: _on_gpu(name) for name in LARGE}
