"""Generative Pretraining from Pixels (Image GPT). Chen, Radford, Child, Wu, Jun, Luan, Sutskever 2020, ICML.

Its parts: Vaswani 2017, arXiv:1706.03762 (attention); Zhang, Sennrich 2019, arXiv:1910.07467 (the norm).

    p(x) = prod_i p(x_i | x_<i)                                        one token after the other, in raster order
    h = h + Attention(norm(h)),   h = h + W_2 gelu(W_1 norm(h))            a block; attention sees no later token
    Attention: softmax(q k^T / sqrt(d)) v,   norm(h) = g h / sqrt(mean(h^2))

A token is whatever a vocabulary holds: a pixel, or a code of models/vqvae.py. What a layer makes of earlier tokens
never changes, so sampling keeps their keys and values and computes each token once.

Departs from the paper: the token before the first one says which class to draw, or that none is asked for; places begin
as sines and cosines of row and column, and are learned from there.
Read in this order: Norm, Attention, Block, ImageGPT, loss, sample.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Norm(nn.Module):
    """Divides by the root of the mean square. (..., width) -> the same."""

    def __init__(self, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, h: Tensor) -> Tensor:
        return F.rms_norm(h, self.weight.shape, self.weight, 1e-5)


class Attention(nn.Module):
    """Each token gathers from itself and what stands before it."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, h: Tensor, cache: Tensor | None = None, at: int = 0) -> Tensor:
        """h: (B, T, width) -> the same. cache: (2, B, heads, tokens, d), the keys and values so far; new ones go in."""
        b, t, _ = h.shape
        q, k, v = self.qkv(h).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)     # (B, heads, T, d) each
        if cache is not None:
            cache[0, :, :, at:at + t], cache[1, :, :, at:at + t] = k, v
            k, v = cache[:, :, :, :at + t]
        scores = q @ k.mT * q.shape[-1] ** -0.5                                        # (B, heads, T, at + T)
        if t > 1:
            scores = scores + torch.full((t, at + t), -torch.inf, device=h.device).triu(at + 1)
        return self.out((scores.softmax(3) @ v).transpose(1, 2).reshape(b, t, -1))


class Block(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.norm1, self.attention = Norm(width), Attention(width, heads)
        self.norm2, self.into, self.out = Norm(width), nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, h: Tensor, cache: Tensor | None = None, at: int = 0) -> Tensor:
        h = h + self.attention(self.norm1(h), cache, at)
        x = self.into(self.norm2(h))
        return h + self.out(x * torch.sigmoid(1.702 * x))                              # gelu, nearly


def places(side: int, width: int) -> Tensor:
    """Sines and cosines of row and column, deviation .02 in all. -> (side * side, width)."""
    rate = torch.pi * 2.0 ** torch.linspace(-2, 2, width // 4) / 2
    angle = torch.arange(side)[:, None] * rate                                         # (side, width / 4)
    line = torch.cat([angle.sin(), angle.cos()], 1)
    both = torch.cat([line[:, None].expand(-1, side, -1), line[None].expand(side, -1, -1)], 2)
    return 0.02 * 2**0.5 * both.flatten(0, 1)


class ImageGPT(nn.Module):
    """Logits of the next token, for square grids of tokens."""

    def __init__(
        self,
        vocabulary: int = 128, # kinds of tokens
        side: int = 7,         # of the grid
        classes: int = 10,     # what a grid can be asked to show; class `classes` asks for none
        width: int = 128,
        blocks: int = 4,
        heads: int = 4,
    ):
        super().__init__()
        self.vocabulary, self.side, self.classes, self.tokens = vocabulary, side, classes, side * side
        self.start, self.token = nn.Embedding(classes + 1, width), nn.Embedding(vocabulary, width)
        self.place = nn.Parameter(places(side, width))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(blocks))
        self.norm, self.head = Norm(width), nn.Linear(width, vocabulary, bias=False)
        for name, p in self.named_parameters():
            if name.endswith("weight") and p.dim() == 2:
                nn.init.normal_(p, std=0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(p)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Logits of each token, from those before it. x: (B, tokens), y: (B,) classes -> (B, tokens, vocabulary)."""
        h = torch.cat([self.start(y)[:, None], self.token(x[:, :-1])], 1) + self.place
        for block in self.blocks:
            h = block(h)
        return self.head(self.norm(h)).float()

    def step(self, h: Tensor, at: int, cache: Tensor) -> Tensor:
        """Logits of token `at`, from the one before it. h: (B, width), cache: (blocks, 2, B, heads, tokens, d)."""
        h = (h + self.place[at])[:, None]
        for block, kept in zip(self.blocks, cache, strict=True):
            h = block(h, kept, at)
        return self.head(self.norm(h[:, 0])).float()


def loss(model: ImageGPT, x: Tensor, y: Tensor) -> Tensor:
    """-log p(x | y) in nats. x: (B, tokens) integers, y: (B,) -> (B,)."""
    return F.cross_entropy(model(x, y).mT, x, reduction="none").sum(1)


@torch.inference_mode()
def sample(model: ImageGPT, y: Tensor, uniforms: Tensor, temperature: float = 1.0) -> Iterator[tuple[Tensor, Tensor]]:
    """One token after the other: the first whose cumulative probability passes its uniform number.

    y: (B,) classes, uniforms: (B, tokens) in [0, 1) -> tokens times: the token (B,), and p of all (B, vocabulary).
    """
    heads, width = model.blocks[0].attention.heads, model.place.shape[1]
    cache = torch.empty(len(model.blocks), 2, len(y), heads, model.tokens, width // heads, device=y.device)
    h = model.start(y)
    for at in range(model.tokens):
        p = (model.step(h, at, cache) / temperature).softmax(1)
        token = torch.searchsorted(p.cumsum(1), uniforms[:, at, None], right=True)[:, 0].clamp(max=model.vocabulary - 1)
        yield token, p
        h = model.token(token)
