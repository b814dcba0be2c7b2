"""Unsupervised Representation Learning with Deep Convolutional GANs. Radford, Metz, Chintala 2015, arXiv:1511.06434.

    G: z ~ U(-1, 1)^100 -> project, then four strided transposed convolutions, batch norm, ReLU; tanh at the end
    D: four strided convolutions, batch norm, leaky ReLU 0.2; one number at the end

    max_D  E log D(x) + E log(1 - D(G(z)))                     (Goodfellow 2014, arXiv:1406.2661, Eq. 1)
    max_G  E log D(G(z))                                       (the non-saturating form of the same paper, section 3)

Departs from the paper: a quarter of its width; z is Gaussian, so that arithmetic in z stays where z is likely; D sees
real and generated pictures through the same random changes (DiffAugment, arXiv:2006.10738), since 24,000 pictures are
few; what ships is the average of G's weights over time.
Read in this order: Generator, Discriminator, loss_d, loss_g, sample.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Generator(nn.Module):
    """z: (B, latent) -> pictures (B, 3, 64, 64) in [-1, 1]."""

    def __init__(self, latent: int = 100, width: int = 32):
        super().__init__()
        self.latent, self.size = latent, 64
        w = [8 * width, 4 * width, 2 * width, width]
        self.layers = nn.Sequential(
            nn.ConvTranspose2d(latent, w[0], 4, bias=False),                         # (B, 256, 4, 4)
            nn.BatchNorm2d(w[0]), nn.ReLU(),
            nn.ConvTranspose2d(w[0], w[1], 4, stride=2, padding=1, bias=False),      # (B, 128, 8, 8)
            nn.BatchNorm2d(w[1]), nn.ReLU(),
            nn.ConvTranspose2d(w[1], w[2], 4, stride=2, padding=1, bias=False),      # (B, 64, 16, 16)
            nn.BatchNorm2d(w[2]), nn.ReLU(),
            nn.ConvTranspose2d(w[2], w[3], 4, stride=2, padding=1, bias=False),      # (B, 32, 32, 32)
            nn.BatchNorm2d(w[3]), nn.ReLU(),
            nn.ConvTranspose2d(w[3], 3, 4, stride=2, padding=1),                     # (B, 3, 64, 64)
            nn.Tanh(),
        )
        _start(self)

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z[:, :, None, None])


class Discriminator(nn.Module):
    """How real, as a logit: D(x) is its sigmoid. x: (B, 3, 64, 64) in [-1, 1] -> (B,)."""

    def __init__(self, width: int = 32):
        super().__init__()
        w = [width, 2 * width, 4 * width, 8 * width]
        self.layers = nn.Sequential(
            nn.Conv2d(3, w[0], 4, stride=2, padding=1), nn.LeakyReLU(0.2),           # (B, 32, 32, 32)
            nn.Conv2d(w[0], w[1], 4, stride=2, padding=1, bias=False),               # (B, 64, 16, 16)
            nn.BatchNorm2d(w[1]), nn.LeakyReLU(0.2),
            nn.Conv2d(w[1], w[2], 4, stride=2, padding=1, bias=False),               # (B, 128, 8, 8)
            nn.BatchNorm2d(w[2]), nn.LeakyReLU(0.2),
            nn.Conv2d(w[2], w[3], 4, stride=2, padding=1, bias=False),               # (B, 256, 4, 4)
            nn.BatchNorm2d(w[3]), nn.LeakyReLU(0.2),
            nn.Conv2d(w[3], 1, 4),                                                   # (B, 1, 1, 1)
        )
        _start(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).flatten()


def _start(model: nn.Module) -> None:
    """All weights from N(0, 0.02), as in section 4 of the paper."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0, 0.02)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1, 0.02)


def loss_d(real: Tensor, fake: Tensor) -> Tensor:
    """- log D(x) - log(1 - D(G(z))) from logits, mean. real, fake: (B,) -> ()."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def loss_g(fake: Tensor) -> Tensor:
    """- log D(G(z)) from logits, mean. fake: (B,) -> ()."""
    return F.softplus(-fake).mean()


@torch.inference_mode()
def sample(model: Generator, z: Tensor) -> Tensor:
    """One pass. z: (B, latent) ~ N(0, I) -> (B, 3, 64, 64) in [-1, 1]."""
    return model(z)
