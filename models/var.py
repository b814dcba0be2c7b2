"""Visual Autoregressive Modeling: next-scale prediction. Tian, Jiang, Yuan, Peng, Wang 2024, arXiv:2404.02905.

    p(r_1, ..., r_K) = prod_k p(r_k | r_1, ..., r_{k-1})                        (Eq. 6; r_k: a grid of codes, s_k x s_k)

A picture is a pile of grids, each finer than the last. Grid k says what the sum of the coarser ones still lacks:

    r_k = nearest(interpolate(f, s_k)),   z_k = interpolate(e_{r_k}, s_K),   f <- f - phi_k(z_k)       (Algorithm 1)
    f_hat = sum_k phi_k(z_k)                                                     (Algorithm 2; D(f_hat) is the picture)

The transformer reads, for grid k, what the coarser ones add up to, and gives all s_k^2 codes of grid k at once: K
passes in place of one for each code. A token attends to its own grid and to all before it.

The rival reads the very same codes one after the other (raster=True): then each token sees those before it alone.

Departs from the paper: the token in front names the class, with no AdaLN; phi_k is one convolution a scale; the
quantizer learns to draw the picture from each partial sum, not from the last alone. Else the last grid holds nearly
all, the coarse ones next to nothing, and codes that are drawn side by side no longer fit together.
Read in this order: MultiScaleVQ, quantized, loss_terms, VAR, loss, then sample.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.image_gpt import Block, Norm, folded, places, step, unit
from models.vqvae import VQVAE, nearest, straight_through

SCALES = (1, 2, 4, 7)
COARSE = 0.1                                                   # weight of a picture drawn from a partial sum


class MultiScaleVQ(VQVAE):
    """models/vqvae.py with one codebook for all scales, and phi_k, which mends what interpolation blurs."""

    def __init__(self, scales: tuple[int, ...] = SCALES, **options):
        super().__init__(**options)
        self.scales = tuple(scales)
        self.phi = nn.ModuleList(nn.Conv2d(self.dim, self.dim, 3, padding=1) for _ in scales)

    def added(self, level: int, e: Tensor) -> Tensor:
        """phi_k(z_k), half of it z_k itself. e: (B, dim, s_k, s_k) -> (B, dim, s_K, s_K)."""
        z = F.interpolate(e, self.scales[-1], mode="bicubic") if e.shape[2] < self.scales[-1] else e
        return (z + self.phi[level](z).to(z.dtype)) / 2


def quantized(model: MultiScaleVQ, f: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Algorithm 1. f: (B, dim, s_K, s_K) -> grids (B, s_k, s_k), and f_hat after each: (B, dim, s_K, s_K)."""
    rest, so_far, grids, sums = f.detach(), torch.zeros_like(f), [], []
    for level, s in enumerate(model.scales):
        grids.append(nearest(model, F.interpolate(rest, s, mode="area")))
        z = model.added(level, model.look_up(grids[-1]))
        so_far, rest = so_far + z, rest - z.detach()
        sums.append(so_far)
    return grids, sums


def loss_terms(model: MultiScaleVQ, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Reconstruction, codebook and commitment loss, the last two means over scales. x: (B, C, H, W) -> 3 times (B,)."""
    f = model.encode(x)
    _, sums = quantized(model, f)
    back = model.decode(torch.cat([straight_through(f, e) for e in sums])).unflatten(0, (len(sums), -1))
    *coarse, reconstruction = (x - back).square().flatten(2).sum(2)
    reconstruction = reconstruction + COARSE * sum(coarse)
    far = [((f.detach() - e).square().flatten(1).sum(1), (f - e.detach()).square().flatten(1).sum(1)) for e in sums]
    codebook, commitment = (torch.stack(each).mean(0) for each in zip(*far, strict=True))
    return reconstruction, codebook, commitment


def vq_loss(model: MultiScaleVQ, x: Tensor) -> Tensor:
    """What models/vqvae.py adds up. x: (B, C, H, W) in [0, 1] -> (B,)."""
    reconstruction, codebook, commitment = loss_terms(model, x)
    return reconstruction + codebook + model.beta * commitment


class VAR(nn.Module):
    """Logits of all codes of all grids at once."""

    def __init__(
        self,
        scales: tuple[int, ...] = SCALES,
        vocabulary: int = 256, # codes of the codebook
        dim: int = 16,         # of a code
        classes: int = 10,     # class `classes` asks for none
        width: int = 128,
        blocks: int = 4,
        heads: int = 4,
        raster: bool = False,  # one code after the other, in place of one grid after the other
    ):
        super().__init__()
        self.scales, self.vocabulary, self.classes, self.raster = tuple(scales), vocabulary, classes, raster
        self.tokens = sum(s * s for s in scales)
        self.start, self.read = nn.Embedding(classes + 1, width), nn.Linear(dim, width)
        self.place = nn.Parameter(torch.cat([places(s, width) for s in scales]))
        self.level = nn.Embedding(len(scales), width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(blocks))
        self.norm, self.head = Norm(width), nn.Linear(width, vocabulary, bias=False)
        level = torch.cat([torch.full((s * s,), k) for k, s in enumerate(scales)])
        order = torch.arange(self.tokens) if raster else level
        self.register_buffer("levels", level, persistent=False)
        self.register_buffer("mask", order[:, None] >= order, persistent=False)                # who sees whom
        for name, p in self.named_parameters():
            if name.endswith("weight") and p.dim() == 2:
                nn.init.normal_(p, std=0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(p)

    def forward(self, y: Tensor, known: Tensor) -> Tensor:
        """y: (B,) classes, known: (B, tokens - 1, dim), from `known` below -> (B, tokens, vocabulary)."""
        start = self.start(y)[:, None]
        rest = self.read(known)
        if not self.raster:
            rest = rest + start                                                  # each grid is told the class
        h = torch.cat([start, rest], 1) + self.place + self.level(self.levels)
        for block in self.blocks:
            h = block(h, self.mask)
        return self.head(self.norm(h)).float()


def known(model: VAR, vq: MultiScaleVQ, grids: list[Tensor], sums: list[Tensor]) -> Tensor:
    """What each token but the first may read. grids, sums: from `quantized` -> (B, tokens - 1, dim).

    Grid k reads the sum of the coarser ones, made as small as it is; in raster order each code reads the one before.
    """
    if model.raster:
        return F.embedding(torch.cat([k.flatten(1) for k in grids], 1)[:, :-1], vq.codebook)
    seen = [F.interpolate(f, s, mode="area") for f, s in zip(sums[:-1], model.scales[1:], strict=True)]
    return torch.cat([f.flatten(2).mT for f in seen], 1)


def loss(model: VAR, y: Tensor, read: Tensor, tokens: Tensor) -> Tensor:
    """-log p(all codes | y) in nats. y: (B,), read: (B, tokens - 1, dim), tokens: (B, tokens) -> (B,)."""
    return F.cross_entropy(model(y, read).mT, tokens, reduction="none").sum(1)


# Drawing.


def drawn(logits: Tensor, u: Tensor) -> Tensor:
    """The first code whose cumulative probability passes u. logits: (..., vocabulary), u: (...) -> (...)."""
    cumulative = logits.softmax(-1).cumsum(-1)
    return torch.searchsorted(cumulative, u[..., None].contiguous(), right=True)[..., 0].clamp(max=logits.shape[-1] - 1)


def guided(logits: Tensor, guidance: float) -> Tensor:
    """Away from what no class in particular would give. logits: (2B, ...), asked for and not -> (B, ...)."""
    asked, unasked = logits.chunk(2)
    return unasked + guidance * (asked - unasked)


@torch.inference_mode()
def sample(model: VAR, vq: MultiScaleVQ, y: Tensor, u: Tensor, guidance: float = 1.0,
           temperature: float = 1.0) -> Iterator[tuple[Tensor, Tensor]]:
    """One grid after the other: K passes, keys and values of earlier grids kept.

    y: (B,) classes, u: (B, tokens) in [0, 1). Yields a grid (B, s_k, s_k) and f_hat so far (B, dim, s_K, s_K).
    """
    both = guidance != 1
    names = torch.cat([y, torch.full_like(y, model.classes)]) if both else y
    start, at, past = model.start(names)[:, None], 0, [None] * len(model.blocks)
    place, sum_so_far = model.place + model.level(model.levels), 0
    for level, s in enumerate(model.scales):
        here = slice(at, at + s * s)
        if level:
            seen = model.read(F.interpolate(sum_so_far, s, mode="area").flatten(2).mT)
            h = (torch.cat([seen, seen]) if both else seen) + start + place[here]
        else:
            h = start + place[here]
        for k, block in enumerate(model.blocks):
            q, *pair = block.attention.split(block.norm1(h))
            past[k] = pair if level == 0 else [torch.cat([a, b], 2) for a, b in zip(past[k], pair, strict=True)]
            h = h + block.attention.join(F.scaled_dot_product_attention(q, *past[k]))
            h = h + block.feed(block.norm2(h))
        logits = model.head(model.norm(h))
        logits = (guided(logits, guidance) if both else logits) / temperature
        tokens = drawn(logits, u[:, here]).view(-1, s, s)
        sum_so_far = sum_so_far + vq.added(level, vq.look_up(tokens))
        at += s * s
        yield tokens, sum_so_far


@torch.inference_mode()
def sample_raster(model: VAR, vq: MultiScaleVQ, y: Tensor, u: Tensor, guidance: float = 1.0,
                  temperature: float = 1.0) -> Iterator[tuple[Tensor, Tensor]]:
    """The same for the rival: one code after the other, a pass for each. Yields at the end of each grid."""
    both = guidance != 1
    names = torch.cat([y, torch.full_like(y, model.classes)]) if both else y
    (blocks, head), heads, width = folded(model), model.blocks[0].attention.heads, model.place.shape[1]
    cache = torch.empty(len(blocks), 3, len(names), heads, model.tokens, width // heads, device=y.device)
    least, vectors = torch.tensor(1e-5, device=y.device), model.read(vq.codebook)
    h, first, so_far = model.start(names), 0, 0
    place = model.place + model.level(model.levels)
    for level, s in enumerate(model.scales):
        grid = []
        for at in range(first, first + s * s):
            logits = unit(step(blocks, cache, h + place[at], at, least), least) @ head
            token = drawn((guided(logits, guidance) if both else logits) / temperature, u[:, at])
            grid.append(token)
            h = vectors[torch.cat([token, token]) if both else token]
        first += s * s
        tokens = torch.stack(grid, 1).view(-1, s, s)
        so_far = so_far + vq.added(level, vq.look_up(tokens))
        yield tokens, so_far
