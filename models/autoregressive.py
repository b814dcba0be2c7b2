"""What all models of binary pictures, pixel after pixel, have in common.

    p(x) = prod_i p(x_i | x_1, ..., x_{i-1}),      p(x_i = 1 | x_<i) = s(l_i)              s: sigmoid, l = f_theta(x)

Pixels are read in raster order: left to right, then the next row. What answers the history, x_<i -> l_i, is the model:
masked convolutions (models/pixelcnn.py, models/gated_pixelcnn.py), recurrence (models/pixelrnn.py), attention
(models/image_gpt.py). Each is a module that maps (B, 1, size, size) in {0, 1} to logits of the same shape in one pass,
with an attribute `size`; and each file has a `sample` that draws what `sample_naive` draws, without computing twice.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def loss(model: nn.Module, x: Tensor) -> Tensor:
    """-log p(x) per picture in nats, exact. x: (B, 1, H, W) in {0, 1} -> (B,)."""
    nll = F.binary_cross_entropy_with_logits(model(x).float(), x, reduction="none")
    return nll.flatten(1).sum(1)


@torch.inference_mode()
def sample_naive(model: nn.Module, u: Tensor, x: Tensor | None = None, temperature: float = 1.0) -> Iterator[Tensor]:
    """Draws one pixel after the other, with a full pass of the network for each: the definition, and slow.

    u: (B, 1, H, W) uniforms; pixel i becomes ink where u_i < p(ink | past). x: pixels < 0 are to be drawn, the
    others stay (None: draw all). temperature divides the logits. Yields x after every pixel, H * W states.
    """
    x = torch.full_like(u, -1.0) if x is None else x.clone()
    for i in range(x[0].numel()):
        row, col = divmod(i, model.size)
        p = torch.sigmoid(model(x)[..., row, col] / temperature)
        x[..., row, col] = chosen(x[..., row, col], u[..., row, col], p)
        yield x.clone()


def chosen(given: Tensor, u: Tensor, p: Tensor) -> Tensor:
    """Pixels: what was given, and ink where u < p for those given as -1. Equal shapes."""
    return torch.where(given < 0, (u < p).to(given.dtype), given)


def dependence(model: nn.Module, row: int, col: int, x: Tensor) -> Tensor:
    """How strongly each pixel moves the logit at one pixel, by gradients.

    x: (B, 1, H, W) pictures to average over -> (H, W), mean absolute gradient; exactly 0 where the model cannot look.
    """
    x = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(x)[..., row, col].sum(), x)
    return gradient.abs().mean((0, 1))
