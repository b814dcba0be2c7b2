"""Conditional VAE: the labelled half of Semi-Supervised Learning with Deep Generative Models.

Kingma, Rezende, Mohamed, Welling 2014, arXiv:1406.5298, model M2.

    L(x, y) = E_q(z|x,y)[log p(x | z, y)] - KL(q(z | x, y) || p(z))  <=  log p(x | y)

Both networks are told the class y, one-hot beside their other input, so z need not say it: what is left for it is the
style.

Departs from the paper: all pictures have labels; the networks are those of models/vae.py.
Read in this order: CVAE, loss, sample.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.vae import MLP, kl, log_p_x_given_z, reparameterize


class CVAE(nn.Module):
    """Encoder q(z|x, y) and decoder p(x|z, y) of binary pictures."""

    def __init__(self, size: int = 28, latent: int = 8, hidden: int = 256, layers: int = 2, classes: int = 10):
        super().__init__()
        self.size, self.latent, self.classes = size, latent, classes
        self.encoder = MLP(size * size + classes, hidden, layers, 2 * latent)
        self.decoder = MLP(latent + classes, hidden, layers, size * size)

    def encode(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """mu and log sigma^2 of q(z|x, y). x: (B, 1, size, size) in {0, 1}, y: (B,) classes -> (B, latent) twice."""
        told = torch.cat([2 * x.flatten(1) - 1, F.one_hot(y, self.classes)], 1)
        mu, log_var = self.encoder(told).chunk(2, 1)
        return mu, log_var.clamp(-12, 4)

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        """Logits of p(x = 1 | z, y). z: (B, latent), y: (B,) -> (B, 1, size, size)."""
        told = torch.cat([z, F.one_hot(y, self.classes)], 1)
        return self.decoder(told).view(-1, 1, self.size, self.size)


def bound(model: CVAE, x: Tensor, y: Tensor, epsilon: Tensor) -> tuple[Tensor, Tensor]:
    """The two halves of L(x, y), in nats. x: (B, 1, H, W), y: (B,), epsilon: (B, latent) -> (B,), (B, latent)."""
    mu, log_var = model.encode(x, y)
    z = reparameterize(mu, log_var, epsilon)
    return log_p_x_given_z(model.decode(z, y), x), kl(mu, log_var)


def loss(model: CVAE, x: Tensor, y: Tensor, generator: torch.Generator) -> Tensor:
    """-L(x, y) per picture in nats. x: (B, 1, H, W) in {0, 1}, y: (B,) -> (B,)."""
    epsilon = torch.randn(len(x), model.latent, generator=generator, device=x.device)
    reconstruction, divergence = bound(model, x, y, epsilon)
    return divergence.sum(1) - reconstruction


@torch.inference_mode()
def sample(model: CVAE, epsilon: Tensor, y: Tensor) -> Tensor:
    """p(x = 1 | z, y) for z = epsilon ~ N(0, I). (B, latent), (B,) -> (B, 1, H, W) in (0, 1)."""
    return model.decode(epsilon, y).sigmoid()
