"""The first stage of latent diffusion: an autoencoder that keeps what a face is and drops what a pixel is.

Rombach, Blattmann, Lorenz, Esser, Ommer 2022, arXiv:2112.10752, section 3.1 and Appendix G, with a KL penalty.

    z = E(x),   x' = D(z)                                                  64 x 64 x 3 values -> 8 x 8 x 16 of them
    L_Autoencoder = min over E, D, max over psi:   L_rec(x, x') - L_adv(x') + log D_psi(x) + L_reg(x)        (Eq. 25)

L_rec is a Gaussian's: |x - x'|^2 / (2 s^2); L_reg is KL(q(z|x) || N(0, I)), as in models/vae.py. Together they are the
bound of a VAE. Its s is small, so that z may carry much, and the prior is not what is drawn from: models/flow.py
learns where the z of faces lie. A squared error alone blurs; the discriminator D_psi judges patches, each by itself
(Isola 2016, arXiv:1611.07004), and asks for texture that is likely, where the error cannot know it.

    lambda = |grad L_rec| / |grad L_adv|                                   (Esser 2020, arXiv:2012.09841, Eq. 7)

Departs from the paper: no perceptual loss, which needs a network trained on another data set; lambda is taken at the
picture x', not at the last layer, times ADVERSARY, and at most 1, as a D_psi that knows nothing has nothing to say; the
hinge loss of D_psi (in their code), and no normalization in it; once D_psi is there, E learns no more; the second stage
gets E's mean, not a draw from q, shifted and scaled for each channel to mean 0, deviation 1.
Read in this order: Encoder, Decoder, Autoencoder, loss, encode, decode, then Discriminator, adversarial_loss.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from models.vae import kl, reparameterize

ADVERSARY = 0.4                                                # how hard D_psi pulls, against how hard the error does


class ResBlock(nn.Module):
    """Two 3x3 convolutions beside the way through. (B, width, H, W) -> the same."""

    def __init__(self, width: int):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(8, width), nn.Conv2d(width, width, 3, padding=1)
        self.norm2, self.conv2 = nn.GroupNorm(8, width), nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)                      # a new block changes nothing

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        return x + self.conv2(F.silu(self.norm2(h)))


class Encoder(nn.Sequential):
    """(B, 3, 64, 64) -> (B, 2 channels, 8, 8): mu and log sigma^2."""

    def __init__(self, channels: int, wide: int, deep: int):
        super().__init__(
            nn.PixelUnshuffle(4),                                                    # (B, 48, 16, 16)
            nn.Conv2d(48, wide, 3, padding=1), ResBlock(wide),                       # (B, 64, 16, 16)
            nn.Conv2d(wide, deep, 3, stride=2, padding=1), ResBlock(deep),           # (B, 160, 8, 8)
            nn.GroupNorm(8, deep), nn.SiLU(), nn.Conv2d(deep, 2 * channels, 3, padding=1),  # (B, 32, 8, 8)
        )


class Decoder(nn.Sequential):
    """(B, channels, 8, 8) -> (B, 3, 64, 64). A pixel shuffle grows the side without the checks of a strided step."""

    def __init__(self, channels: int, wide: int, deep: int):
        half = wide // 2
        super().__init__(
            nn.Conv2d(channels, deep, 3, padding=1), ResBlock(deep), ResBlock(deep),            # (B, 160, 8, 8)
            nn.Conv2d(deep, 4 * wide, 3, padding=1), nn.PixelShuffle(2), ResBlock(wide),        # (B, 64, 16, 16)
            nn.Conv2d(wide, 4 * half, 3, padding=1), nn.PixelShuffle(2), ResBlock(half),        # (B, 32, 32, 32)
            nn.GroupNorm(8, half), nn.SiLU(), nn.Conv2d(half, 12, 3, padding=1), nn.PixelShuffle(2),  # (B, 3, 64, 64)
        )


class Autoencoder(nn.Module):
    """Encoder q(z|x) and decoder x'(z) of colour pictures with values in [-1, 1], any side divisible by 8."""

    def __init__(
        self,
        channels: int = 16,    # of z, at an eighth of the side
        wide: int = 64,        # channels at a quarter of the side
        deep: int = 160,       # and at an eighth
        s: float = 0.06,       # standard deviation of a value around its mean
    ):
        super().__init__()
        self.channels, self.s = channels, s
        self.encoder = Encoder(channels, wide, deep)
        self.decoder = Decoder(channels, wide, deep)
        # Of mu over the training pictures, for each channel; what the second stage sees has mean 0, deviation 1.
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("std", torch.ones(channels))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """mu and log sigma^2 of q(z|x). x: (B, 3, H, W) in [-1, 1] -> (B, channels, H / 8, W / 8) twice."""
        mu, log_var = self.encoder(x).float().chunk(2, 1)
        return mu, log_var.clamp(-12, 4)


def loss(model: Autoencoder, x: Tensor, generator: torch.Generator) -> Tensor:
    """Minus the bound of a VAE, up to a constant, in nats per value. x: (B, 3, H, W) in [-1, 1] -> (B,)."""
    mu, log_var = model(x)
    epsilon = torch.randn(mu.shape, generator=generator, device=x.device)
    drawn = model.decoder(reparameterize(mu, log_var, epsilon)).float()
    error = (x - drawn).square().flatten(1).sum(1) / (2 * model.s**2)
    return (error + kl(mu, log_var).flatten(1).sum(1)) / x[0].numel()


def encode(model: Autoencoder, x: Tensor) -> Tensor:
    """Where a picture lies, for the second stage. x: (B, 3, H, W) in [-1, 1] -> (B, channels, H / 8, W / 8)."""
    mu, _ = model(x)
    return (mu - model.mean[:, None, None]) / model.std[:, None, None]


def decode(model: Autoencoder, latent: Tensor) -> Tensor:
    """And back. latent: (B, channels, h, w) -> (B, 3, 8 h, 8 w), nearly all within [-1, 1]."""
    return model.decoder(latent * model.std[:, None, None] + model.mean[:, None, None]).float()


# What follows is needed in training only.


class Discriminator(nn.Sequential):
    """D_psi: how real each patch is, as a logit. (B, 3, 64, 64) -> (B, 1, 8, 8); a patch has 38 pixels a side."""

    def __init__(self, width: int = 32):
        super().__init__(
            nn.Conv2d(3, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2),                     # (B, 32, 32, 32)
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1), nn.LeakyReLU(0.2),             # (B, 64, 16, 16)
            nn.Conv2d(2 * width, 3 * width, 4, stride=2, padding=1), nn.LeakyReLU(0.2),         # (B, 96, 8, 8)
            nn.Conv2d(3 * width, 1, 3, padding=1),                                              # (B, 1, 8, 8)
        )


class Adversaries(nn.Module):
    """Both networks in one, so that one optimizer, one average and one file hold them."""

    def __init__(self, **config):
        super().__init__()
        self.model, self.critic = Autoencoder(**config), Discriminator()


def hinge(real: Tensor, fake: Tensor) -> Tensor:
    """The loss of D_psi from logits, mean. real, fake: any shape -> ()."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def balanced(pull: Tensor, against: Tensor, share: float) -> Tensor:
    """lambda grad L_adv: `share` times as long as the gradient `against`, and never stretched. Both: (B, ...)."""
    return pull * (share * against.norm() / (pull.norm() + 1e-8)).clamp(max=1)


def adversarial_loss(both: Adversaries, x: Tensor, generator: torch.Generator) -> Tensor:
    """Eq. 25 for D and D_psi at once, mean over pictures: each part's gradient reaches its own network alone.

    E stays as it is from here on, so that a second stage may already learn from what it gives.
    """
    with torch.no_grad():
        mu, log_var = both.model(x)
        epsilon = torch.randn(mu.shape, generator=generator, device=x.device)
        z = reparameterize(mu, log_var, epsilon)
    drawn, variance = both.model.decoder(z).float(), both.model.s**2
    value = (x - drawn).square().mean() / (2 * variance)
    frozen = {name: p.detach() for name, p in both.critic.named_parameters()}
    seen = drawn.detach().requires_grad_()
    (pull,) = torch.autograd.grad(-functional_call(both.critic, frozen, (seen,)).float().mean(), seen)
    against = (drawn - x).detach() / (variance * x.numel())                      # the gradient of L_rec at x'
    # A product with a fixed tensor has that tensor as its gradient.
    value = value + (balanced(pull, against, ADVERSARY) * drawn).sum()
    return value + hinge(both.critic(x).float(), both.critic(drawn.detach()).float())
