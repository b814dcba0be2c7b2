"""Generative Adversarial Nets in two dimensions, small enough to watch. Goodfellow et al. 2014, arXiv:1406.2661.

    D: x -> v, a logit: D(x) = s(v)      G: z ~ N(0, I_2) -> x          s: sigmoid; both of layers with leaky ReLU 0.2

    repeat (Algorithm 1): k times  D down its loss on a batch of data and one of G's;  then G down its own, once

    minimax          L_D = -E log D(x) - E log(1 - D(G(z)))      L_G = E log(1 - D(G(z)))             Eq. 1
    non-saturating   the same                                    L_G = -E log D(G(z))                 section 3
    least squares    E (v(x) - 1)^2 / 2 + E v(G(z))^2 / 2        E (v(G(z)) - 1)^2 / 2                arXiv:1611.04076
    hinge            E max(0, 1 - v(x)) + E max(0, 1 + v(G(z)))  -E v(G(z))                           arXiv:1705.02894
    Wasserstein      E v(G(z)) - E v(x) + 10 E (|grad v| - 1)^2  -E v(G(z))                           arXiv:1704.00028
    relativistic     -E log s(v(x) - v(G(z)))                    -E log s(v(G(z)) - v(x))             arXiv:1807.00734

    R1 + R2 = E |grad v(x)|^2 + E |grad v(G(z))|^2, times gamma / 2, on top of any L_D    arXiv:1801.04406, 2501.05441

The data are mixtures of equal round Gaussians, so that their density is known: rings, grids, and curves of many.
Packing shows D several points at once (arXiv:1712.04086), minibatch deviation tells it how far a batch spreads
(arXiv:1710.10196). demos/canvas/gan2d.js computes the same in the page, without these two.

Departs from the paper: leaky ReLU everywhere, no batch norm; the deviation is taken of the points themselves, not of a
layer; Adam takes every loss's steps.
Several nets stand side by side in each tensor, R runs with one seed each. Points: (R, B, 2).
Read in this order: Net, Discriminator, LOSSES, penalties, loss_d, loss_g, then the data and what is counted.
"""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LATENT, LIPSCHITZ = 2, 10.0    # dimensions of z; the weight of (|grad v| - 1)^2
BETAS = (0.5, 0.99)            # of Adam
LOSSES = ("minimax", "non-saturating", "least squares", "hinge", "Wasserstein", "relativistic")


class Net(nn.Module):
    """R nets of the same shape at once. (R, B, sizes[0]) -> (R, B, sizes[-1])."""

    def __init__(self, sizes: tuple[int, ...], generators: list[torch.Generator]):
        super().__init__()
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for into, out in pairwise(sizes):
            start = torch.stack([torch.randn(into, out, generator=g) for g in generators])
            self.weights.append(nn.Parameter(start * math.sqrt(2 / (1.04 * into))))     # He et al. 2015
            self.biases.append(nn.Parameter(torch.zeros(len(generators), 1, out)))

    def forward(self, x: Tensor) -> Tensor:
        *hidden, (w, b) = zip(self.weights, self.biases, strict=True)
        for v, c in hidden:
            x = F.leaky_relu(torch.baddbmm(c, x, v), 0.2)
        return torch.baddbmm(b, x, w)


class Discriminator(nn.Module):
    """Logits. x: (R, B, 2) -> (R, B / pack, 1); of `pack` points in a row one says whether all are real."""

    def __init__(self, width: int, depth: int, generators: list[torch.Generator], pack: int = 1,
                 deviation: bool = False):
        super().__init__()
        self.pack, self.deviation = pack, deviation
        self.net = Net((2 * pack + deviation, *[width] * depth, 1), generators)

    def forward(self, x: Tensor) -> Tensor:
        x = x.reshape(len(x), -1, 2 * self.pack)
        if self.deviation:
            spread = (x.var(1, unbiased=False) + 1e-8).sqrt().mean(1)                   # (R,)
            x = torch.cat([x, spread[:, None, None].expand(-1, x.shape[1], 1)], 2)
        return self.net(x)


def generator(width: int, depth: int, generators: list[torch.Generator]) -> Net:
    return Net((LATENT, *[width] * depth, 2), generators)


def gradient(D: nn.Module, x: Tensor) -> Tensor:
    """Of the logits with respect to the points, itself to be differentiated. (R, B, 2) -> the same."""
    x = x.detach().requires_grad_()
    return torch.autograd.grad(D(x).sum(), x, create_graph=True)[0]


def roughness(D: nn.Module, x: Tensor) -> Tensor:
    """E |grad v|^2: R1 on data, R2 on what G makes. -> (R,)."""
    return gradient(D, x).square().sum(2).mean(1)


def loss_d(D: nn.Module, kind: str, x: Tensor, made: Tensor, gamma: float = 0.0, u: Tensor | None = None) -> Tensor:
    """x: data, made: G(z), both (R, B, 2). u: (R, B, 1) in [0, 1], where between the two, for Wasserstein -> (R,)."""
    made = made.detach()
    r, f = D(x), D(made)
    match kind:
        case "minimax" | "non-saturating":
            loss = F.softplus(-r) + F.softplus(f)
        case "least squares":
            loss = ((r - 1).square() + f.square()) / 2
        case "hinge":
            loss = F.relu(1 - r) + F.relu(1 + f)
        case "Wasserstein":
            loss = f - r
        case "relativistic":
            loss = F.softplus(f - r)
        case _:
            raise ValueError(f"There is no loss {kind!r}: {', '.join(LOSSES)}.")
    loss = loss.mean((1, 2))
    if kind == "Wasserstein":
        between = u * x + (1 - u) * made
        loss = loss + LIPSCHITZ * (gradient(D, between).norm(dim=2) - 1).square().mean(1)
    if gamma:
        loss = loss + gamma / 2 * (roughness(D, x) + roughness(D, made))
    return loss


def loss_g(D: nn.Module, kind: str, made: Tensor, x: Tensor | None = None) -> Tensor:
    """made: G(z), with its gradient, (R, B, 2); x: data, for the relativistic loss alone -> (R,)."""
    f = D(made)
    match kind:
        case "minimax":
            loss = -F.softplus(f)
        case "non-saturating":
            loss = F.softplus(-f)
        case "least squares":
            loss = (f - 1).square() / 2
        case "hinge" | "Wasserstein":
            loss = -f
        case "relativistic":
            loss = F.softplus(D(x) - f)
        case _:
            raise ValueError(f"There is no loss {kind!r}: {', '.join(LOSSES)}.")
    return loss.mean((1, 2))


# The data: where the Gaussians stand, (n, 2). Their deviation goes with them.


def ring(n: int = 8, radius: float = 2.0) -> Tensor:
    angle = 2 * torch.pi * torch.arange(n) / n
    return radius * torch.stack([angle.cos(), angle.sin()], 1)


def grid(side: int = 5, step: float = 1.0) -> Tensor:
    """side * side points around the origin, row by row."""
    line = step * (torch.arange(side) - (side - 1) / 2)
    return torch.cartesian_prod(line, line)


def moons(n: int = 64) -> Tensor:
    """Two half circles that reach into each other."""
    angle = torch.linspace(0, torch.pi, n // 2)
    upper = torch.stack([1.4 * angle.cos() - 0.7, 1.4 * angle.sin() - 0.35], 1)
    return torch.cat([upper, -upper])


def spiral(n: int = 64, turns: float = 2.0) -> Tensor:
    """Points at equal distances, nearly, along a spiral."""
    along = torch.linspace(0.15, 1, n).sqrt()
    angle = 2 * torch.pi * turns * along
    return 2.2 * along[:, None] * torch.stack([angle.cos(), angle.sin()], 1)


def draw(centres: Tensor, deviation: float, n: int, generators: list[torch.Generator]) -> Tensor:
    """n points of the mixture for each generator. -> (R, n, 2)."""
    def one(g: torch.Generator) -> Tensor:
        return centres[torch.randint(len(centres), (n,), generator=g)] + deviation * torch.randn(n, 2, generator=g)

    return torch.stack([one(g) for g in generators])


def counted(points: Tensor, centres: Tensor, deviation: float) -> dict[str, Tensor]:
    """As Lin et al. 2018 (arXiv:1712.04086) count. points: (R, B, 2) -> each (R,):

    modes: Gaussians with at least one point within three deviations; quality: the share of points that are within three
    of any; reverse_kl: KL(q || 1 / n) in nats, q the shares of the Gaussians among these points.
    """
    far, nearest = torch.cdist(points, centres.expand(len(points), -1, -1)).min(2)
    near = far < 3 * deviation
    hits = F.one_hot(nearest, len(centres)).mul(near[..., None]).sum(1).float()         # (R, n)
    q = hits / hits.sum(1, keepdim=True).clamp(min=1)
    return dict(modes=(hits > 0).sum(1), quality=near.float().mean(1),
                reverse_kl=torch.special.xlogy(q, q * len(centres)).sum(1))
