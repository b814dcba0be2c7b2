"""Flow matching: noise goes to data along straight lines, and a network learns the mean direction at each place.

Lipman, Chen, Ben-Hamu, Nickel, Le 2022, arXiv:2210.02747; rectified flow: Liu, Gong, Liu 2022, arXiv:2209.03003.

    X_t = t X_1 + (1 - t) X_0,   X_0 ~ N(0, I), X_1 ~ data                           (Liu, section 2.1)
    min over v:  E || (X_1 - X_0) - v(X_t, t) ||^2                                   (Liu, Eq. 1; Lipman, Eq. 9)
    dZ_t = v(Z_t, t) dt,   Z_0 = X_0                                                 what is drawn: solved in steps

The lines cross, the paths of the last line never do: v is the mean of all lines through a place, so paths bend.
Wishes steer by the difference that they make (Ho, Salimans 2022, arXiv:2207.12598; no wish is a condition too):

    v + guidance (v(wishes) - v)

Departs from the paper: not in pixels but in the latent space of models/autoencoder.py (Rombach 2022, arXiv:2112.10752);
t is the sigmoid of a normal draw, so that more is learned in the middle (Esser 2024, arXiv:2403.03206, section 3.1);
a small U-Net whose blocks are scaled and shifted by time and wishes (Peebles 2022, arXiv:2212.09748, section 3.2).
Read in this order: interpolate, Block, Attention, Flow, loss, guided, sample. of_points is the answer to a small
question: if the data are a few points, which v is the right one?
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from math import log

import torch
import torch.nn.functional as F
from torch import Tensor, nn

UNKNOWN, NO, YES = range(3)                                    # what a wish can be
Velocity = Callable[[Tensor, Tensor], Tensor]                  # x: (B, ...), t: (B,) -> (B, ...)


def _wide(t: Tensor, x: Tensor) -> Tensor:
    """(B,) -> (B, 1, 1, 1), to go with x."""
    return t.view(-1, *[1] * (x.ndim - 1))


def interpolate(x_0: Tensor, x_1: Tensor, t: Tensor) -> Tensor:
    """X_t: a place on the line from noise to data. x_0, x_1: (B, ...), t: (B,) in [0, 1] -> (B, ...)."""
    t = _wide(t, x_1)
    return t * x_1 + (1 - t) * x_0


class Block(nn.Module):
    """Two 3x3 convolutions, scaled and shifted by the condition. (B, inputs, H, W), (B, c) -> (B, outputs, H, W)."""

    def __init__(self, inputs: int, outputs: int, c: int):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(8, inputs), nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm2, self.conv2 = nn.GroupNorm(8, outputs), nn.Conv2d(outputs, outputs, 3, padding=1)
        self.condition = nn.Linear(c, 2 * outputs)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        nn.init.zeros_(self.conv2.weight)                      # a new block changes nothing
        nn.init.zeros_(self.condition.weight)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        scale, shift = self.condition(c)[:, :, None, None].chunk(2, 1)
        return self.skip(x) + self.conv2(F.silu(self.norm2(h) * (1 + scale) + shift))


class Attention(nn.Module):
    """Every place looks at every other one. (B, width, H, W) -> the same."""

    def __init__(self, width: int, heads: int = 4):
        super().__init__()
        self.heads = heads
        self.norm, self.qkv = nn.GroupNorm(8, width), nn.Conv2d(width, 3 * width, 1)
        self.out = nn.Conv2d(width, width, 1)
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        q, k, v = self.qkv(self.norm(x)).view(b, 3, self.heads, c // self.heads, h * w).unbind(1)
        # Written out: for so few places the fused kernel is several times slower to train on a processor.
        look = (q.transpose(2, 3) @ k * q.shape[2] ** -0.5).softmax(-1)              # (B, heads, H * W, H * W)
        return x + self.out((v @ look.transpose(2, 3)).reshape(b, c, h, w))


class Flow(nn.Module):
    """v(x, t) on two scales, and what may be wished for. x: (B, channels, size, size), t: (B,) -> like x."""

    def __init__(
        self,
        size: int = 8,                     # of the latent, along a side
        channels: int = 16,
        widths: tuple[int, int] = (96, 192),
        attributes: Sequence[str] = (),    # names of what may be wished for
        blocks: int = 2,                   # on each scale, each way
    ):
        super().__init__()
        (a, b), c = widths, 4 * widths[0]
        self.size, self.channels, self.attributes, self.wave = size, channels, tuple(attributes), widths[0]
        self.time = nn.Sequential(nn.Linear(self.wave, c), nn.SiLU(), nn.Linear(c, c))
        self.wishes = nn.Embedding(3 * len(attributes), c) if attributes else None   # unknown, no, yes of each
        self.first = nn.Conv2d(channels, a, 3, padding=1)
        self.down = nn.ModuleList(Block(a, a, c) for _ in range(blocks))             # (B, a, 8, 8)
        self.shrink = nn.Conv2d(a, b, 3, stride=2, padding=1)                        # (B, b, 4, 4)
        self.deep = nn.ModuleList(Block(b, b, c) for _ in range(2 * blocks))
        self.attention = nn.ModuleList(Attention(b) for _ in range(2 * blocks))
        self.grow = nn.Conv2d(b, a, 3, padding=1)
        self.up = nn.ModuleList(Block(a if k else 2 * a, a, c) for k in range(blocks))  # (B, a, 8, 8)
        self.norm, self.out = nn.GroupNorm(8, a), nn.Conv2d(a, channels, 3, padding=1)
        nn.init.zeros_(self.out.weight)                        # it begins with the velocity 0
        nn.init.zeros_(self.out.bias)

    def condition(self, t: Tensor, attributes: Tensor | None) -> Tensor:
        """Time as waves of many lengths, plus one learned vector for each wish. (B,), (B, n) -> (B, c)."""
        half = self.wave // 2
        angles = 1000 * t[:, None] * torch.exp(torch.arange(half, device=t.device) * (-log(10_000) / half))
        c = self.time(torch.cat([angles.sin(), angles.cos()], 1))
        if self.wishes is not None:
            if attributes is None:
                attributes = torch.full((len(t), len(self.attributes)), UNKNOWN, device=t.device)
            c = c + self.wishes(attributes + 3 * torch.arange(len(self.attributes), device=t.device)).sum(1)
        return F.silu(c)

    def forward(self, x: Tensor, t: Tensor, attributes: Tensor | None = None) -> Tensor:
        """attributes: (B, n) of UNKNOWN, NO, YES; None: nothing is wished for."""
        c, h = self.condition(t, attributes), self.first(x)
        for block in self.down:
            h = block(h, c)
        kept, h = h, self.shrink(h)
        for block, attention in zip(self.deep, self.attention, strict=True):
            h = attention(block(h, c))
        h = torch.cat([self.grow(F.interpolate(h, scale_factor=2.0, mode="nearest")), kept], 1)
        for block in self.up:
            h = block(h, c)
        return self.out(F.silu(self.norm(h)))


def drop(attributes: Tensor, generator: torch.Generator, one: float = 0.3, every: float = 0.1) -> Tensor:
    """Some made unknown, so that any few can be wished for: each by chance `one`, all by `every`. (B, n) -> same."""
    chance = torch.rand(attributes.shape, generator=generator, device=attributes.device)
    whole = torch.rand(len(attributes), 1, generator=generator, device=attributes.device)
    return attributes.masked_fill((chance < one) | (whole < every), UNKNOWN)


def loss(model: Flow, x_1: Tensor, generator: torch.Generator, attributes: Tensor | None = None) -> Tensor:
    """Squared error of the velocity at one random time of each, mean over values. x_1: (B, ...), (B, n) -> (B,)."""
    t = torch.randn(len(x_1), generator=generator, device=x_1.device).sigmoid()
    x_0 = torch.randn(x_1.shape, generator=generator, device=x_1.device)
    if attributes is not None:
        attributes = drop(attributes, generator)
    v = model(interpolate(x_0, x_1, t), t, attributes)
    return (v.float() - (x_1 - x_0)).square().flatten(1).mean(1)


def guided(model: Flow, attributes: Tensor | None = None, guidance: float = 1.0) -> Velocity:
    """The velocity with wishes; guidance 1 asks once, others ask twice: with and without. attributes: (B, n)."""

    def velocity(x: Tensor, t: Tensor) -> Tensor:
        if attributes is None or guidance == 1:
            return model(x, t, attributes)
        without, with_them = model(x, t), model(x, t, attributes)
        return without + guidance * (with_them - without)

    return velocity


def even(steps: int, start: float = 0.0, end: float = 1.0) -> list[float]:
    """Times in equal strides: from noise to data, or back with start 1, end 0. Raises ValueError."""
    if steps < 1:
        raise ValueError("Steps is a whole number from 1.")
    return [start + (end - start) * k / steps for k in range(steps + 1)]


@torch.inference_mode()
def sample(
    velocity: Velocity,
    x: Tensor,                 # (B, ...): N(0, I) if the first time is 0
    times: Sequence[float],    # rising to 1 draws, falling to 0 finds the noise that a picture comes from
    method: str = "heun",      # "euler": one look a step; "heun", "midpoint": two, and an error smaller by an order
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Follow the flow. Yields (the next x, v that led there, where a straight line from x would end) after a step."""
    def look(x: Tensor, t: float) -> Tensor:
        return velocity(x, torch.full((len(x),), t, device=x.device))

    for t, after in pairwise(times):
        h, v = after - t, look(x, t)
        end = x + (1 - t) * v
        if method == "heun":
            v = (v + look(x + h * v, after)) / 2
        elif method == "midpoint":
            v = look(x + h / 2 * v, t + h / 2)
        elif method != "euler":
            raise ValueError('The method is "euler", "heun" or "midpoint".')
        x = x + h * v
        yield x, v, end


def of_points(points: Tensor) -> Velocity:
    """The right v if the data are these points: each pulls, by how likely x came along its line. points: (n, d).

    At t = 1 all mass is at the points, so it ends there: a perfect network draws its training pictures.
    """
    def velocity(x: Tensor, t: Tensor) -> Tensor:
        away = x[:, None] - t[:, None, None] * points                                # (B, n, d) = (1 - t) x_0
        left = (1 - t).clamp(min=1e-4)
        chance = (-away.square().sum(2) / (2 * left[:, None] ** 2)).softmax(1)       # p(point | x, t)
        return (chance @ points - x) / left[:, None]                                 # E[x_1] - x = (1 - t) v

    return velocity
