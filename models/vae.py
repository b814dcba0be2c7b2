"""Auto-Encoding Variational Bayes. Kingma, Welling 2013, arXiv:1312.6114.

    z = mu(x) + sigma(x) * epsilon,   epsilon ~ N(0, I)                         (reparameterization, Section 2.4)
    L(x) = E_q[log p(x|z)] - KL(q(z|x) || p(z))  <=  log p(x)                   (the variational bound, Section 2.2)
    KL = 1/2 sum_d (mu_d^2 + sigma_d^2 - log sigma_d^2 - 1)                     (closed form, Appendix B)

The encoder names a Gaussian q(z|x) per picture, the decoder a Bernoulli p(x|z) per pixel, so the reconstruction
is a cross entropy. One z per picture and step is enough to train both. How loose the bound is shows in
L_K(x) = E[log 1/K sum_k p(x, z_k) / q(z_k|x)], which climbs from L to log p(x) (Burda 2015, arXiv:1509.00519).

Where z has two dimensions log p(x) itself is a sum over the plane, and then the gap is seen to be a divergence:
log p(x) - L(x) = KL(q(z|x) || p(z|x))                                                  (Section 2.2, Eq. 1).

Departs from the paper: the networks have several hidden layers with residual connections (paper: one, tanh);
the encoder gives log sigma^2 within [-12, 4].
Read in this order: MLP, VAE, kl, bound, loss, importance_bounds, log_likelihood, Plane, quadrature, sample, slerp.
"""

from itertools import pairwise
from math import log, pi
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MLP(nn.Module):
    """A linear map in, `layers` residual layers, a linear map out. (B, inputs) -> (B, outputs)."""

    def __init__(self, inputs: int, hidden: int, layers: int, outputs: int):
        super().__init__()
        self.into = nn.Linear(inputs, hidden)
        self.layers = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(layers))
        self.out = nn.Linear(hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        h = self.into(x)
        for layer in self.layers:
            h = h + layer(F.relu(h))
        return self.out(F.relu(h))


class VAE(nn.Module):
    """Encoder q(z|x) and decoder p(x|z) of binary pictures."""

    def __init__(
        self,
        size: int = 28,        # pixels along a side
        latent: int = 16,      # dimensions of z
        hidden: int = 512,     # width of both networks
        layers: int = 1,       # residual layers of each
    ):
        super().__init__()
        self.size, self.latent = size, latent
        self.encoder = MLP(size * size, hidden, layers, 2 * latent)
        self.decoder = MLP(latent, hidden, layers, size * size)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """mu and log sigma^2 of q(z|x). x: (B, 1, size, size) in {0, 1} -> (B, latent) twice."""
        mu, log_var = self.encoder(2 * x.flatten(1) - 1).chunk(2, 1)
        return mu, log_var.clamp(-12, 4)

    def decode(self, z: Tensor) -> Tensor:
        """Logits of p(x = 1 | z). z: (B, latent) -> (B, 1, size, size)."""
        return self.decoder(z).view(-1, 1, self.size, self.size)


def reparameterize(mu: Tensor, log_var: Tensor, epsilon: Tensor) -> Tensor:
    """z = mu + sigma * epsilon: the draw, with its randomness outside of what is differentiated (Section 2.4)."""
    return mu + (log_var / 2).exp() * epsilon


def kl(mu: Tensor, log_var: Tensor) -> Tensor:
    """KL(q(z|x) || N(0, I)) in nats, dimension by dimension (Appendix B). (B, latent) twice -> (B, latent)."""
    return (mu.square() + log_var.exp() - log_var - 1) / 2


def log_p_x_given_z(logits: Tensor, x: Tensor) -> Tensor:
    """log p(x|z) of independent Bernoulli pixels: minus the cross entropy. (B, 1, H, W) twice -> (B,)."""
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)


def bound(model: VAE, x: Tensor, epsilon: Tensor) -> tuple[Tensor, Tensor]:
    """The two halves of L(x), in nats: log p(x|z) at one z, and the KL of every dimension.

    x: (B, 1, H, W) in {0, 1}, epsilon: (B, latent) ~ N(0, I) -> (B,), (B, latent). L = first - second.sum(1).
    """
    mu, log_var = model.encode(x)
    z = reparameterize(mu, log_var, epsilon)
    return log_p_x_given_z(model.decode(z), x), kl(mu, log_var)


def loss(model: VAE, x: Tensor, generator: torch.Generator, beta: float = 1.0) -> Tensor:
    """-L(x) per picture in nats, the KL weighted by beta (Higgins 2017). x: (B, 1, H, W) in {0, 1} -> (B,).

    beta = 0 is the plain autoencoder: z is the mean, nothing is drawn. With grey x in [0, 1] it is the mean of the loss
    over all bits that could be drawn from x, for an encoder that reads x itself.
    """
    if beta == 0:
        return -log_p_x_given_z(model.decode(model.encode(x)[0]), x)
    epsilon = torch.randn(len(x), model.latent, generator=generator, device=x.device)
    reconstruction, divergence = bound(model, x, epsilon)
    return beta * divergence.sum(1) - reconstruction


def log_weights(model: VAE, x: Tensor, epsilon: Tensor) -> Tensor:
    """log p(x, z_k) / q(z_k|x) in nats. x: (B, 1, H, W), epsilon: (B, K, latent) -> (B, K)."""
    batch, k, d = epsilon.shape
    mu, log_var = model.encode(x)
    z = reparameterize(mu[:, None], log_var[:, None], epsilon)                       # (B, K, d)
    copies = x[:, None].expand(-1, k, -1, -1, -1).flatten(0, 1)                      # (B * K, 1, H, W)
    p_x = log_p_x_given_z(model.decode(z.flatten(0, 1)), copies).view(batch, k)
    p_z = -(z.square().sum(2) + d * log(2 * pi)) / 2
    q_z = -(epsilon.square().sum(2) + log_var.sum(1)[:, None] + d * log(2 * pi)) / 2
    return p_x + p_z - q_z


def importance_bounds(log_w: Tensor) -> Tensor:
    """L_K for K = 1, 2, 4, ... up to the number of draws: it can only climb. (B, K) -> (B, log2(K) + 1).

    Each K cuts the same draws into groups of K. Two groups of K in one of 2K: the log of a mean is at least the
    mean of the logs (Jensen), so the estimates are in order, as their expectations are (Burda 2015, Theorem 1).
    """
    steps = [log_w.mean(1)]
    while log_w.shape[1] > 1:
        log_w = torch.logaddexp(log_w[:, ::2], log_w[:, 1::2]) - log(2)
        steps.append(log_w.mean(1))
    return torch.stack(steps, 1)


@torch.inference_mode()
def log_likelihood(model: VAE, x: Tensor, k: int, generator: torch.Generator, chunk: int = 500) -> Tensor:
    """L_K(x) in nats, a bound on log p(x) that is nearly tight for K in the thousands. x: (B, 1, H, W) -> (B,)."""
    parts = []
    for start in range(0, k, chunk):
        epsilon = torch.randn(len(x), min(chunk, k - start), model.latent, generator=generator, device=x.device)
        parts.append(log_weights(model, x, epsilon))
    return torch.cat(parts, 1).logsumexp(1) - log(k)



def mean_weight(log_w: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """log of the mean weight, its error, and how many draws it really rests on. (B, K) -> (B,) three times.

    n_eff = (sum w)^2 / sum w^2 (Kong 1992). By the delta method the log of a mean errs by sd(w) / (mean(w) sqrt K),
    which is sqrt(1 / n_eff - 1 / K). With n_eff of a few the draws miss where p(x, z) is large, and the error is not
    to be trusted either.
    """
    k = log_w.shape[1]
    n_eff = (2 * log_w.logsumexp(1) - (2 * log_w).logsumexp(1)).exp()
    return log_w.logsumexp(1) - log(k), (1 / n_eff - 1 / k).clamp(min=0).sqrt(), n_eff


def importance_bound(log_w: Tensor, k: int) -> tuple[float, float]:
    """L_K in nats and its error, for any K up to the number of draws. log_w: (n,).

    The draws are cut into groups of K, and L_K is the mean of their log mean weights. With 20 groups or more the error
    is their standard deviation over the root of their number; with fewer that of mean_weight, over all draws used.
    """
    groups = log_w[: len(log_w) // k * k].view(-1, k)
    each = groups.logsumexp(1) - log(k)
    if len(groups) >= 20:
        return each.mean().item(), each.std().item() / len(groups) ** 0.5
    return each.mean().item(), mean_weight(groups.view(1, -1))[1].item()


class Plane(NamedTuple):
    """A plane of z cut into squares, decoded at their middles: with it a picture costs one product of matrices."""

    z: Tensor         # (n, 2)
    side: float       # of a square
    logits: Tensor    # (n, H * W)
    empty: Tensor     # (n,): log p(x|z) of a picture with no ink


@torch.inference_mode()
def plane(model: VAE, edge: float = 7.0, squares: int = 112) -> Plane:
    """The plane from -edge to edge, squares x squares of them. 39 MB for 28 x 28 pixels, so it is made once."""
    side = 2 * edge / squares
    line = (torch.arange(squares) + 0.5) * side - edge
    return decoded(model, torch.cartesian_prod(line, line), side)


def decoded(model: VAE, z: Tensor, side: float) -> Plane:
    """Squares with these middles. z: (n, 2)."""
    logits = model.decode(z).flatten(1)
    return Plane(z, side, logits, -F.softplus(logits).sum(1))


def log_joint(at: Plane, x: Tensor) -> Tensor:
    """log p(x, z) at the middles: log p(x|z) = sum of x * logit - softplus(logit). x: (1, 1, H, W) -> (n,)."""
    return at.logits @ x.flatten() + at.empty - at.z.square().sum(1) / 2 - log(2 * pi)


class Quadrature(NamedTuple):
    log_p: float        # log p(x) in nats
    error: float        # by how much the last round changed it
    z: Tensor           # (m, 2), the middles of all squares
    log_mass: Tensor    # (m,), log of the share of p(z|x) in each


@torch.inference_mode()
def quadrature(
    model: VAE, x: Tensor, kept: Plane, split: int = 300, rounds: int = 7, near: float = 0.005
) -> Quadrature:
    """log p(x) = log of the integral of p(x|z) N(z; 0, I) over the plane, by squares that are small where it is large.

    A round cuts the `split` squares that hold the most into nine each; the others stay as they are. It ends when two
    rounds on end have changed log p(x) by less than `near` nats. x: (1, 1, H, W); kept: plane(model).
    """
    z, log_mass = kept.z, log_joint(kept, x) + 2 * log(kept.side)
    side = torch.full_like(log_mass, kept.side)
    ninth = torch.cartesian_prod(*2 * [torch.tensor([-1.0, 0.0, 1.0])]) / 3
    totals = [log_mass.double().logsumexp(0).item()]
    for _ in range(rounds):
        most = log_mass.topk(split).indices
        rest = torch.ones_like(side, dtype=torch.bool).index_fill_(0, most, False)
        smaller = side[most].repeat_interleave(9) / 3
        parts = (z[most, None] + side[most, None, None] * ninth).flatten(0, 1)       # (9 * split, 2)
        inside = log_joint(decoded(model, parts, 0), x) + 2 * smaller.log()
        z, side = torch.cat([z[rest], parts]), torch.cat([side[rest], smaller])
        log_mass = torch.cat([log_mass[rest], inside])
        totals.append(log_mass.double().logsumexp(0).item())
        changes = [abs(b - a) for a, b in pairwise(totals[-3:])]
        if len(totals) > 2 and max(changes) < near:
            break
    return Quadrature(totals[-1], changes[-1], z, log_mass - totals[-1])


@torch.inference_mode()
def kl_to_posterior(model: VAE, x: Tensor, log_p: float, reach: float = 6.0, step: float = 0.25) -> float:
    """KL(q(z|x) || p(z|x)) in nats, by a sum over a grid of q's own: -reach to reach sigmas, `step` apart.

    log p(z|x) = log p(x, z) - log p(x), with log p(x) in nats as quadrature has found it. x: (1, 1, H, W).
    """
    line = torch.arange(-reach, reach + step / 2, step)
    epsilon = torch.cartesian_prod(line, line)
    share = (-epsilon.square().sum(1).double() / 2).softmax(0)
    log_w = log_weights(model, x, epsilon[None])[0].double()                         # log p(x, z) / q(z|x)
    return (share * (log_p - log_w)).sum().item()


@torch.inference_mode()
def sample(model: VAE, epsilon: Tensor) -> Tensor:
    """Pictures from the prior: p(x = 1 | z) for z = epsilon ~ N(0, I). (B, latent) -> (B, 1, H, W) in (0, 1)."""
    return model.decode(epsilon).sigmoid()


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """From a to b along the arc (Shoemake 1985), norms going from one to the other evenly.

    Straight lines cut through the middle, where a Gaussian in many dimensions has hardly any mass.
    a, b: (d,), t: (n,) in [0, 1] -> (n, d). Vectors that point the same or opposite ways are joined by a line.
    """
    length_a, length_b, t = a.norm(), b.norm(), t[:, None]
    cosine = (a @ b / (length_a * length_b).clamp(min=1e-12)).clamp(-1, 1)
    angle = torch.acos(cosine)
    if torch.sin(angle) < 1e-4 or min(length_a, length_b) < 1e-6:
        return a + t * (b - a)
    direction = (torch.sin((1 - t) * angle) * a / length_a + torch.sin(t * angle) * b / length_b) / torch.sin(angle)
    return direction * (length_a + t * (length_b - length_a))
