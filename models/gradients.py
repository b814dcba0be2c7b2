"""How to differentiate a mean over draws. Kingma, Welling 2013, arXiv:1312.6114; Paisley, Blei, Jordan 2012,
arXiv:1206.6430.

    pathwise:  grad_mu E_q[f(z)] = E[grad_z f(mu + sigma * epsilon)],  epsilon ~ N(0, I)    (1312.6114, Section 2.4)
    score:     grad_mu E_q[f(z)] = E_q[f(z) grad_mu log q(z)]                               (Williams 1992; 1206.6430)

Both means are the same. For q = N(mu, diag(sigma^2)) the score is grad_mu log q(z) = epsilon / sigma, whose mean is
zero: a number taken off every f(z) changes nothing in the mean, and much in the spread (Williams 1992's baseline).

Departs from the paper: the gradient by mu alone; a baseline is the mean of the other draws' f, so none sees its own.
Read in this order: pathwise, score, mean_and_spread.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def pathwise(f: Callable[[Tensor], Tensor], mu: Tensor, sigma: Tensor, epsilon: Tensor) -> Tensor:
    """The gradient by mu through each draw: f is asked how it changes. f: (n, d) -> (n,).

    mu, sigma: (d,), epsilon: (n, d) ~ N(0, I) -> (n, d).
    """
    with torch.enable_grad():
        each = mu.expand_as(epsilon).clone().requires_grad_()    # a mu of its own for every draw
        return torch.autograd.grad(f(each + sigma * epsilon).sum(), each)[0]


def score(
    f: Callable[[Tensor], Tensor], mu: Tensor, sigma: Tensor, epsilon: Tensor, baseline: bool = False
) -> Tensor:
    """The same by the score function: f is only asked for its values. Arguments and shape as for pathwise, n > 1."""
    with torch.no_grad():
        value = f(mu + sigma * epsilon)
        if baseline:
            value = value - (value.sum() - value) / (len(value) - 1)
        return value[:, None] * epsilon / sigma


def mean_and_spread(gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean of n gradients, its standard error, and the standard deviation of one. (n, d) -> (d,) three times."""
    spread = gradients.std(0)
    return gradients.mean(0), spread / len(gradients) ** 0.5, spread
