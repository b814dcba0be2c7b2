"""Randomness by seed and tensors as pictures: what every family shares."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def noise(shape: Sequence[int], seeds: Sequence[int], kind: str = "normal") -> Tensor:
    """One independent draw per seed, so that picture i depends on seeds[i] and on nothing beside it.

    shape: of one draw, seeds: n integers in [0, 2**63) -> (n, *shape) float32.
    kind: "normal" for N(0, 1), "uniform" for U[0, 1).
    """
    draw = {"normal": torch.randn, "uniform": torch.rand}[kind]
    # A generator of its own per picture: a process-wide seed would be shared by every visitor's thread.
    return torch.stack([draw(tuple(shape), generator=torch.Generator().manual_seed(s)) for s in seeds])


def to_uint8(x: Tensor, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """Pictures for the eye. x: (B, C, H, W) with values in [low, high] -> (B, H, W, C) uint8, rounded."""
    x = (x.float() - low) / (high - low)
    return x.clamp(0, 1).mul(255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()


def grid(pictures: np.ndarray, columns: int) -> np.ndarray:
    """One sheet from many pictures. (n, H, W, C) -> (ceil(n / columns) * H, columns * W, C), spare cells 0."""
    n, h, w, c = pictures.shape
    rows = -(-n // columns)
    cells = np.zeros((rows * columns, h, w, c), pictures.dtype)
    cells[:n] = pictures
    return cells.reshape(rows, columns, h, w, c).swapaxes(1, 2).reshape(rows * h, columns * w, c)
