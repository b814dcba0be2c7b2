"""Improved Denoising Diffusion Probabilistic Models. Nichol, Dhariwal 2021, arXiv:2102.09672.

Its noise schedule, and others for the same network.

    alpha_bar_t = f(t) / f(0),   f(t) = cos((t / T + s) / (1 + s) * pi / 2)^2            (Eq. 17)
    SNR_t = alpha_bar_t / (1 - alpha_bar_t)

A network that knows the noise of one schedule knows it of all: what it is asked about is the noise level, and t is no
more than its name. So another schedule is another choice of the levels that are visited, and in which steps.

Departs from the paper: nothing is trained with this schedule; a network trained with another one is asked at the
nearest of the levels that it knows. Times are counted 0 ... T-1; the paper's t is one more.
Read in this order: cosine, log_snr, bent, nearest.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import cos, pi

import torch
from torch import Tensor


def cosine(T: int, s: float = 0.008) -> Tensor:
    """alpha_bar, with beta at most 0.999, as the paper has it, so that the last one is not zero. -> (T,) double."""
    f = torch.tensor([cos((t / T + s) / (1 + s) * pi / 2) ** 2 for t in range(T + 1)], dtype=torch.float64)
    beta = (1 - f[1:] / f[:-1]).clamp(max=0.999)
    return torch.cumprod(1 - beta, 0)


def log_snr(alpha_bar: Tensor) -> Tensor:
    return alpha_bar.log() - (-alpha_bar).log1p()


def bent(knots: Sequence[float], T: int) -> Tensor:
    """A smooth curve through evenly spaced knots that falls wherever they fall (Fritsch, Carlson 1980). -> (T,) double.

    The slope at a knot is the harmonic mean of those beside it; at an end it is that of the parabola through three
    knots, or flat where that would rise. Raises ValueError where the knots do not fall.
    """
    rise = [b - a for a, b in pairwise(knots)]
    if not all(step < 0 for step in rise):
        raise ValueError("Noise only grows with t: the curve must fall.")
    inner = [2 * a * b / (a + b) for a, b in pairwise(rise)]
    ends = [min(0.0, (3 * a - b) / 2) for a, b in ((rise[0], rise[1]), (rise[-1], rise[-2]))]
    slope = torch.tensor([ends[0], *inner, ends[1]], dtype=torch.float64)
    y = torch.tensor(knots, dtype=torch.float64)
    at = torch.arange(T, dtype=torch.float64) * (len(rise) / (T - 1))
    k = at.long().clamp(max=len(rise) - 1)
    u = at - k
    return (
        y[k] * (1 + 2 * u) * (1 - u) ** 2
        + slope[k] * u * (1 - u) ** 2
        + y[k + 1] * u**2 * (3 - 2 * u)
        + slope[k + 1] * u**2 * (u - 1)
    )


def nearest(levels: Tensor, wanted: Tensor) -> list[int]:
    """For each wanted log SNR the time whose own is nearest. levels: (T,), wanted: (n,) -> n times."""
    return (levels[None] - wanted[:, None]).abs().argmin(1).tolist()
