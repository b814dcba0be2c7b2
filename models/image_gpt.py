"""Generative Pretraining from Pixels (Image GPT). Chen, Radford, Child, Wu, Jun, Luan, Sutskever 2020, ICML.

Its parts: Vaswani 2017, arXiv:1706.03762 (attention); Zhang, Sennrich 2019, arXiv:1910.07467 (the norm).

    p(x) = prod_i p(x_i | x_<i)                                        one token after the other, in raster order
    h = h + Attention(norm(h)),   h = h + W_2 gelu(W_1 norm(h))            a block; attention sees no later token
    Attention: softmax(q k^T / sqrt(d)) v,   norm(h) = g h / sqrt(mean(h^2))

A token is whatever a vocabulary holds: a pixel, or a code of models/vqvae.py. What a layer makes of earlier tokens
never changes, so sampling keeps their keys and values and computes each token once.

Departs from the paper: the token before the first one says which class to draw, or that none is asked for; places begin
as sines and cosines of row and column, and are learned from there.
Read in this order: Norm, Attention, Block, ImageGPT, loss, then folded, step, read, sample.
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

    def split(self, h: Tensor) -> Tensor:
        """q, k and v. (B, T, width) -> (3, B, heads, T, d)."""
        return self.qkv(h).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)

    def join(self, seen: Tensor) -> Tensor:
        """What all heads have gathered. (B, heads, T, d) -> (B, T, width)."""
        return self.out(seen.transpose(1, 2).flatten(2))

    def forward(self, h: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, T, width) -> the same. mask: (T, T), true where a row may look; None: at itself and before."""
        q, k, v = self.split(h)
        return self.join(F.scaled_dot_product_attention(q, k, v, mask, is_causal=mask is None))


class Block(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.norm1, self.attention = Norm(width), Attention(width, heads)
        self.norm2, self.into, self.out = Norm(width), nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def feed(self, h: Tensor) -> Tensor:
        x = self.into(h)
        return self.out(x * torch.sigmoid(1.702 * x))                                  # gelu, nearly

    def forward(self, h: Tensor, mask: Tensor | None = None) -> Tensor:
        h = h + self.attention(self.norm1(h), mask)
        return h + self.feed(self.norm2(h))


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


def loss(model: ImageGPT, x: Tensor, y: Tensor) -> Tensor:
    """-log p(x | y) in nats. x: (B, tokens) integers, y: (B,) -> (B,)."""
    return F.cross_entropy(model(x, y).mT, x, reduction="none").sum(1)


# What follows draws quickly: one token alone is many small products, and modules would take longer than these.


def folded(model: ImageGPT) -> tuple[list[tuple[Tensor, ...]], Tensor]:
    """Weights of the blocks and of the head, with the norms' scales and gelu's 1.702 in the products beside them."""
    blocks = []
    for block in model.blocks:
        scale_1, w_qkv, b_qkv, w_a, b_a, scale_2, w_1, b_1, w_2, b_2 = block.parameters()
        into, out = (scale_2 * w_1 * 1.702).T, (w_2 / 1.702).T
        blocks.append(((scale_1 * w_qkv).T, b_qkv, w_a.T, b_a, into, b_1 * 1.702, out, b_2))
    return blocks, (model.norm.weight * model.head.weight).T


def unit(h: Tensor, least: Tensor) -> Tensor:
    """Norm without its scale. h: (B, width), least: (), what is added to the mean square -> (B, width)."""
    length = torch.linalg.vector_norm(h, dim=1, keepdim=True)
    return h * torch.addcmul(least, length, length, value=1 / h.shape[1]).rsqrt()


def step(blocks: list[tuple[Tensor, ...]], cache: Tensor, h: Tensor, at: int, least: Tensor) -> Tensor:
    """Token `at` through all blocks: what Block does, with folded weights. h: (B, width) -> the same.

    cache: (blocks, 3, B, heads, tokens, d), the q, k and v of the tokens before it; its own go in.
    """
    _, _, b, heads, _, d = cache.shape
    for (w_qkv, b_qkv, w_a, b_a, w_1, b_1, w_2, b_2), kept in zip(blocks, cache.unbind(), strict=True):
        new = torch.addmm(b_qkv, unit(h, least), w_qkv).view(b, 3, heads, d)
        kept.select(3, at).copy_(new.transpose(0, 1))
        q, k, v = kept.narrow(3, 0, at + 1).unbind()
        seen = F.scaled_dot_product_attention(q.narrow(2, at, 1), k, v)                # (B, heads, 1, d)
        h = h + torch.addmm(b_a, seen.reshape(b, heads * d), w_a)
        h = h + torch.addmm(b_2, F.silu(torch.addmm(b_1, unit(h, least), w_1)), w_2)
    return h


def read(model: ImageGPT, h: Tensor, cache: Tensor) -> None:
    """Put the q, k and v of the first tokens into the cache, all at once. h: (B or 1, n, width), with their places."""
    for block, kept in zip(model.blocks, cache.unbind(), strict=True):
        kept.narrow(3, 0, h.shape[1]).copy_(block.attention.split(block.norm1(h)))
        h = block(h)


@torch.inference_mode()
def sample(
    model: ImageGPT,
    y: Tensor,                     # (B,) classes
    uniforms: Tensor,              # (B, tokens) in [0, 1)
    temperature: float = 1.0,      # divides the logits
    given: Tensor | None = None,   # (B, n): the first tokens, which stay as they are; (1, n): the same for all
) -> Iterator[tuple[Tensor, Tensor]]:
    """One token after the other: the first whose cumulative probability passes its uniform number.

    Yields each token that is drawn, (B,), and p of all, (B, vocabulary).
    """
    (blocks, head), heads, width = folded(model), model.blocks[0].attention.heads, model.place.shape[1]
    cache = torch.empty(len(blocks), 3, len(y), heads, model.tokens, width // heads, device=y.device)
    h, last, vectors = model.start(y), model.vocabulary - 1, model.token.weight
    least, dice = torch.tensor(1e-5, device=y.device), uniforms.T[:, :, None].contiguous()
    first = 0 if given is None else given.shape[1]
    if first:
        before = torch.cat([h[: len(given), None], model.token(given)], 1)
        read(model, before[:, :-1] + model.place[:first], cache)
        h = before[:, -1].expand_as(h)
    rest = zip(model.place[first:].unbind(), dice[first:].unbind(), strict=True)
    for at, (place, u) in enumerate(rest, first):
        h = step(blocks, cache, h + place, at, least)
        p = (unit(h, least) @ head / temperature).softmax(1)
        token = torch.searchsorted(p.cumsum(1), u, right=True).squeeze(1).clamp(max=last)
        yield token, p
        h = vectors.index_select(0, token)
