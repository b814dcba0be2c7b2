"""Neural Discrete Representation Learning. van den Oord, Vinyals, Kavukcuoglu 2017, arXiv:1711.00937.

    k = argmin_j |E(x) - e_j|_2                                            at every place of the grid (Eq. 1, 2)
    L = |x - D(e_k)|^2 + |sg[E(x)] - e_k|^2 + beta |E(x) - sg[e_k]|^2      (Eq. 3: reconstruction, codebook, commitment)

argmin has no gradient, so D's gradient at e_k is handed to E(x) as it is: straight through. The codebook learns from
the second term alone, E also from the third. A prior over grids of k is learned afterwards: models/image_gpt.py.

Departs from the paper: narrower networks, as pictures are small; a code that nothing chose for a while is put where
some E(x) is; no normalization, so that a code changes the picture near its place and nowhere else.
Read in this order: Residual, VQVAE, nearest, straight_through, loss_terms, loss, then revive.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Residual(nn.Module):
    """ReLU, 3x3, ReLU, 1x1 beside the way through (Section 4.1). (B, width, H, W) -> the same."""

    def __init__(self, width: int):
        super().__init__()
        self.near, self.mix = nn.Conv2d(width, width // 2, 3, padding=1), nn.Conv2d(width // 2, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.mix(F.relu(self.near(F.relu(x))))


class VQVAE(nn.Module):
    """Encoder, codebook and decoder of pictures in [0, 1]. Each entry of `widths` halves the side once."""

    def __init__(
        self,
        channels: int = 1,                     # of a picture
        widths: tuple[int, ...] = (32, 64),    # channels after each halving: 28 x 28 -> 7 x 7
        codes: int = 128,                      # K, entries of the codebook
        dim: int = 16,                         # D, of a code
        beta: float = 0.25,                    # of the commitment loss
    ):
        super().__init__()
        self.codes, self.dim, self.beta, self.halvings, deep = codes, dim, beta, len(widths), widths[-1]
        into, out = (channels, *widths[:-1]), widths
        down = [layer for a, b in zip(into, out, strict=True) for layer in (nn.Conv2d(a, b, 4, 2, 1), nn.ReLU())]
        up = [layer for a, b in zip(reversed(into[1:]), reversed(out[1:]), strict=True)
              for layer in (nn.ReLU(), nn.ConvTranspose2d(b, a, 4, 2, 1))]
        self.encoder = nn.Sequential(*down, nn.Conv2d(deep, deep, 3, padding=1), Residual(deep), Residual(deep),
                                     nn.ReLU(), nn.Conv2d(deep, dim, 1))
        self.decoder = nn.Sequential(nn.Conv2d(dim, deep, 3, padding=1), Residual(deep), Residual(deep), *up,
                                     nn.ReLU(), nn.ConvTranspose2d(widths[0], channels, 4, 2, 1))
        self.codebook = nn.Parameter(torch.randn(codes, dim))

    def encode(self, x: Tensor) -> Tensor:
        """E(x). x: (B, C, H, W) in [0, 1] -> (B, dim, h, w)."""
        return self.encoder(2 * x - 1).float()

    def look_up(self, k: Tensor) -> Tensor:
        """e_k. k: (B, h, w) -> (B, dim, h, w)."""
        return F.embedding(k, self.codebook).permute(0, 3, 1, 2)

    def decode(self, e: Tensor) -> Tensor:
        """D(e). (B, dim, h, w) -> (B, C, H, W), nearly all within [0, 1]."""
        return (self.decoder(e).float() + 1) / 2


def nearest(model: VQVAE, z: Tensor) -> Tensor:
    """k, the code next to each z. (B, dim, h, w) -> (B, h, w)."""
    return torch.cdist(z.permute(0, 2, 3, 1), model.codebook[None]).argmin(3)


def straight_through(z: Tensor, e: Tensor) -> Tensor:
    """e on the way forward; on the way back its gradient goes to z, unchanged. Both: (B, dim, h, w)."""
    return z + (e - z).detach()


def loss_terms(model: VQVAE, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Reconstruction, codebook and commitment loss, without beta. x: (B, C, H, W) in [0, 1] -> (B,) three times."""
    z = model.encode(x)
    e = model.look_up(nearest(model, z))
    reconstruction = (x - model.decode(straight_through(z, e))).square().flatten(1).sum(1)
    codebook, commitment = ((a - b).square().flatten(1).sum(1) for a, b in ((z.detach(), e), (z, e.detach())))
    return reconstruction, codebook, commitment


def loss(model: VQVAE, x: Tensor) -> Tensor:
    """Eq. 3. x: (B, C, H, W) in [0, 1] -> (B,)."""
    reconstruction, codebook, commitment = loss_terms(model, x)
    return reconstruction + codebook + model.beta * commitment


# What follows is needed in training only.


@torch.no_grad()
def revive(model: VQVAE, unused: Tensor, z: Tensor, generator: torch.Generator) -> None:
    """Put codes that nothing chooses where some of z are. unused: (codes,) bool, z: (B, dim, h, w)."""
    flat = z.permute(0, 2, 3, 1).reshape(-1, model.dim)
    picked = torch.randint(len(flat), (int(unused.sum()),), generator=generator, device=z.device)
    model.codebook[unused] = flat[picked]
