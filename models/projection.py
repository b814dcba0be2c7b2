"""Analyzing and Improving the Image Quality of StyleGAN. Karras et al. 2019, arXiv:1912.04958 (projection to w).

    w = w_avg + a S V^T,   with the covariance of f(z) = V S^2 V^T               (a: in deviations of w, a = 0 the mean)
    a* = argmin_a  mean (g(w + noise) - x)^2 + prior mean a^2

Gradient descent by Adam from the mean face. The learning rate climbs at first and falls at the end; noise on w, which
fades, keeps the search from settling at the first bend. With a w for each layer (W+; Abdal 2019, arXiv:1904.03189)
there are more numbers to turn, so the picture is met more closely, by styles that no single z would give together.

Departs from the paper: the distance is that of pixels, where the paper compares features of a network that does not
ship; the search runs along the principal directions of w, each in its own deviations, and is drawn to the mean by a
prior, which keeps it among faces; the noise of the layers is the model's own and is not searched, so that the w found
gives this picture wherever the model draws it; some hundred steps, not a thousand.
Read in this order: Spread, spread, rate, project.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, pi

import torch
from torch import Tensor

from models.stylegan import Generator

RATE, NOISE = 0.1, 0.05                                        # both in deviations of w
RAMP_UP, RAMP_DOWN, NOISY = 0.05, 0.25, 0.75                   # shares of all steps
PRIOR = 0.003
BETAS, EPSILON = (0.9, 0.999), 1e-8                            # Adam, arXiv:1412.6980


@dataclass(frozen=True)
class Spread:
    """How w varies around its mean. axes: the principal directions as rows, the strongest first, one deviation long."""

    mean: Tensor                                               # (latent,)
    axes: Tensor                                               # (latent, latent)

    def w(self, a: Tensor) -> Tensor:
        """From deviations along the axes to w. (..., latent) -> (..., latent)."""
        return self.mean + a @ self.axes

    def distance(self, w: Tensor) -> float:
        """How far from the mean, in deviations: a draw has about 1, psi times that when truncated. w: (..., latent)."""
        lengths = self.axes.square().sum(1)
        return ((w - self.mean) @ self.axes.T / lengths).square().mean().sqrt().item()


def spread(model: Generator, z: Tensor) -> Spread:
    """The covariance of w, from draws. z: (n, latent) ~ N(0, I), n well above latent."""
    with torch.inference_mode():
        w = model.mapping(z) - model.mapping.w_avg
        variances, directions = torch.linalg.eigh(w.T @ w / len(w))                       # ascending
        axes = (variances.clamp(min=1e-6 * variances[-1]).sqrt() * directions).T.flip(0)
    return Spread(model.mapping.w_avg.clone(), axes.clone())


def rate(t: float) -> float:
    """The learning rate at a moment of the search, as a share of the largest. t: in [0, 1], of all steps."""
    down = min(1.0, (1 - t) / RAMP_DOWN)
    return (0.5 - 0.5 * cos(pi * down)) * min(1.0, t / RAMP_UP)


def project(
    model: Generator,                 # frozen; nothing is written to it
    around: Spread,
    x: Tensor,                        # (1, 3, size, size) in [-1, 1]: what g(w) is to look like
    steps: int,
    generator: torch.Generator,       # for the noise on w
    per_layer: bool = False,          # a w for each layer (W+), or the same for all (W)
    prior: float = PRIOR,
) -> Iterator[tuple[Tensor, float]]:
    """Search the w of a picture. Yields steps + 1 times: ws (1, layers, latent), the mean square error of g(ws).

    The first is the mean face; before the last the error is that of the step's own pass, with noise on w. Between two
    steps the search can be left at any time.
    """
    a = torch.zeros(1, model.layers if per_layer else 1, model.latent)
    m, v, grain = torch.zeros_like(a), torch.zeros_like(a), model.noise()

    def styles(a: Tensor) -> Tensor:
        return around.w(a).expand(-1, model.layers, -1)                                   # (1, layers, latent)

    for k in range(1, steps + 1):
        t = (k - 0.5) / steps
        noise = NOISE * max(0.0, 1 - t / NOISY)**2 * torch.randn(a.shape, generator=generator)
        # Gradients are on here and not around the yield: that state is the thread's, and the thread may change.
        with torch.enable_grad():
            a.requires_grad_()
            error = (model.synthesis(styles(a + noise), grain) - x).square().mean()
            (slope,) = torch.autograd.grad(error + prior * a.square().mean(), a)
        a = a.detach()
        yield styles(a), error.item()
        # Adam by hand: the first optimizer of a process takes torch seconds to make.
        m = BETAS[0] * m + (1 - BETAS[0]) * slope
        v = BETAS[1] * v + (1 - BETAS[1]) * slope.square()
        a = a - RATE * rate(t) * (m / (1 - BETAS[0]**k)) / ((v / (1 - BETAS[1]**k)).sqrt() + EPSILON)
    ws = styles(a)
    with torch.inference_mode():
        error = (model.synthesis(ws, grain) - x).square().mean().item()
    yield ws, error
