"""What the views of codes share: the quantizers, portraits of their codes, and grids of codes as pictures."""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

import checkpoints
from demos import ui
from models.images import grid, to_uint8
from models.vqvae import VQVAE

COLUMNS = 16  # of a sheet of portraits


def quantizer(name: str) -> VQVAE:
    return checkpoints.load(name)


def on_paper(x: Tensor) -> np.ndarray:
    """Faces as they are, digits as ink on white. (n, C, H, W) in [0, 1] -> (n, H, W, C) uint8."""
    return to_uint8(1 - x if x.shape[1] == 1 else x)


@lru_cache(maxsize=2)
def portraits(name: str) -> str:
    """All codes in 16 columns, each the mean of what is drawn around it in test pictures: a WebP as a data URI."""
    means = checkpoints.load(f"{name}-codes")["portraits"]
    return ui.data_uri(grid(on_paper(means.float() / 255), COLUMNS)[None], quality=90)


@lru_cache(maxsize=2)
def use(name: str) -> list[float]:
    """How often each code is chosen, as a share of all places of the test pictures' grids."""
    counts = checkpoints.load(f"{name}-codes")["counts"].double()
    return [round(v, 6) for v in (counts / counts.sum()).tolist()]


def decoded(name: str, k: Tensor) -> Tensor:
    """The pictures of grids. k: (n, h, w) -> (n, C, H, W) in [0, 1]."""
    model = quantizer(name)
    with torch.inference_mode():
        return torch.cat([model.decode(model.look_up(some)) for some in k.split(64)]).clamp(0, 1)
