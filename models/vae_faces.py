"""The VAE for faces: convolutions, and a Gaussian for every value. Kingma, Welling 2013, arXiv:1312.6114.

    log p(x|z) = -|x - x'(z)|^2 / (2 s^2) - D log(s sqrt(2 pi)),   D = 3 * 64 * 64 values     (Appendix C.2, with one s)
    L(x) = E_q[log p(x|z)] - KL(q(z|x) || p(z))                                               (Section 2.2)

Everything about q(z|x) is as in models/vae.py; this file has what colour changes. The Gaussian makes the
reconstruction a squared error, and the squared error's best answer to "one of these faces" is their mean: hence the
blur. s says how much of x is left to chance, value by value. The bound is best where s is the root of the mean
squared error (Rybkin 2020, arXiv:2006.13202), near .08 here; but then z carries 220 nats, the encoder's means are no
longer spread like the prior, and draws from the prior fall apart. A larger s asks less of z.

Departs from the paper: convolutional networks with group normalization; one fixed s for all values and pictures
(paper: a network gives it); the encoder gives log sigma^2 within [-12, 4].
Read in this order: Encoder, Decoder, FaceVAE, log_p_x_given_z, loss, draw.
"""

from itertools import pairwise
from math import log, pi

import torch
from torch import Tensor, nn

from models.vae import kl, reparameterize


def block(convolution: nn.Module, channels: int) -> nn.Sequential:
    return nn.Sequential(convolution, nn.GroupNorm(channels // 16, channels), nn.SiLU())


class Encoder(nn.Sequential):
    """Halves the side and doubles the channels, down to 4 x 4. (B, 3, size, size) -> (B, outputs)."""

    def __init__(self, size: int, width: int, outputs: int):
        widths = [width * 2**k for k in range(size.bit_length() - 3)]                # 64: 32, 64, 128, 256
        layers = [
            block(nn.Conv2d(a, b, 4, stride=2, padding=1), b)                        # (B, b, side / 2, side / 2)
            for a, b in pairwise([3, *widths])
        ]
        super().__init__(*layers, nn.Flatten(), nn.Linear(16 * widths[-1], outputs))


class Decoder(nn.Sequential):
    """The same way back. (B, latent) -> (B, 3, size, size)."""

    def __init__(self, size: int, width: int, latent: int):
        widths = [width * 2**k for k in range(size.bit_length() - 3)][::-1]          # 64: 256, 128, 64, 32
        layers = [
            block(nn.ConvTranspose2d(a, b, 4, stride=2, padding=1), b)               # (B, b, 2 side, 2 side)
            for a, b in pairwise(widths)
        ]
        last = nn.ConvTranspose2d(widths[-1], 3, 4, stride=2, padding=1)
        super().__init__(
            nn.Linear(latent, 16 * widths[0]), nn.Unflatten(1, (widths[0], 4, 4)), nn.SiLU(), *layers, last)


class FaceVAE(nn.Module):
    """Encoder q(z|x) and decoder p(x|z) of colour pictures with values in [0, 1]."""

    def __init__(
        self,
        size: int = 64,        # pixels along a side, a power of 2
        latent: int = 64,      # dimensions of z
        width: int = 32,       # channels at half the size
        s: float = 0.5,        # standard deviation of a value around its mean
    ):
        super().__init__()
        self.size, self.latent, self.s = size, latent, s
        self.encoder = Encoder(size, width, 2 * latent)
        self.decoder = Decoder(size, width, latent)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """mu and log sigma^2 of q(z|x). x: (B, 3, size, size) in [0, 1] -> (B, latent) twice."""
        mu, log_var = self.encoder(2 * x - 1).float().chunk(2, 1)
        return mu, log_var.clamp(-12, 4)

    def decode(self, z: Tensor) -> Tensor:
        """x'(z), the mean of p(x|z). z: (B, latent) -> (B, 3, size, size), nearly all within [0, 1]."""
        return (self.decoder(z).float() + 1) / 2


def log_p_x_given_z(mean: Tensor, s: float, x: Tensor) -> Tensor:
    """log p(x|z) of independent Gaussian values, in nats. mean, x: (B, 3, H, W) -> (B,)."""
    squared = (x - mean).square().flatten(1).sum(1)
    return -squared / (2 * s**2) - x[0].numel() * log(s * (2 * pi) ** 0.5)


def loss(model: FaceVAE, x: Tensor, generator: torch.Generator) -> Tensor:
    """-L(x) per picture in nats, a density's: it can be negative. x: (B, 3, H, W) in [0, 1] -> (B,)."""
    mu, log_var = model.encode(x)
    epsilon = torch.randn(mu.shape, generator=generator, device=x.device)
    mean = model.decode(reparameterize(mu, log_var, epsilon))
    return kl(mu, log_var).sum(1) - log_p_x_given_z(mean, model.s, x)


@torch.inference_mode()
def draw(model: FaceVAE, z: Tensor, noise: Tensor) -> Tensor:
    """A draw from p(x|z), grain and all; what is usually shown is its mean, model.decode(z).

    z: (B, latent), noise: (B, 3, H, W) ~ N(0, I) -> (B, 3, H, W).
    """
    return model.decode(z) + model.s * noise
