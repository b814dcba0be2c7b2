"""Differentiable Augmentation for Data-Efficient GAN Training. Zhao et al. 2020, arXiv:2006.10738.

Real and generated pictures are changed in the same random ways before D sees them, so that D cannot learn the few
real ones by heart; the changes are differentiable, so that G learns through them.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def uniform(x: Tensor, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=generator, device=x.device)


def colour(x: Tensor, generator: torch.Generator) -> Tensor:
    """Brightness, saturation and contrast. x: (B, 3, H, W) in [-1, 1]."""
    light, vivid, hard = uniform(x, (3, len(x), 1, 1, 1), generator)
    x = x + (light - 0.5)
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * 2 * vivid
    mean = x.mean((1, 2, 3), keepdim=True)
    return mean + (x - mean) * (0.5 + hard)


def shift(x: Tensor, generator: torch.Generator, share: float = 1 / 8) -> Tensor:
    """Moved by up to an eighth of the side; what comes in from outside is black."""
    b, _, h, w = x.shape
    most = round(h * share)
    x = F.pad(x, (most, most, most, most))
    up, left = (uniform(x, (2, b), generator) * (2 * most + 1)).long()
    rows = up.view(-1, 1) + torch.arange(h, device=x.device)
    columns = left.view(-1, 1) + torch.arange(w, device=x.device)
    each = torch.arange(b, device=x.device).view(-1, 1, 1)
    return x.permute(0, 2, 3, 1)[each, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def hole(x: Tensor, generator: torch.Generator, share: float = 1 / 2) -> Tensor:
    """A square of half the side, anywhere, is grey."""
    b, _, h, w = x.shape
    middle = uniform(x, (2, b, 1, 1), generator) * h
    row, column = torch.arange(h, device=x.device).view(1, -1, 1), torch.arange(w, device=x.device).view(1, 1, -1)
    inside = ((row - middle[0]).abs() < h * share / 2) & ((column - middle[1]).abs() < w * share / 2)
    return x * ~inside[:, None]


def augment(x: Tensor, generator: torch.Generator) -> Tensor:
    """All three. x: (B, 3, H, W) in [-1, 1] -> the same shape."""
    return hole(shift(colour(x, generator), generator), generator)
