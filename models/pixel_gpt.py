"""Image GPT on binary pixels. Chen, Radford, Child, Wu, Jun, Luan, Sutskever 2020, ICML; attention: arXiv:1706.03762.

The transformer of models/image_gpt.py with a vocabulary of two, paper and ink:

    p(x_i = ink | x_<i) = s(f_ink - f_paper)                                    s: sigmoid, f: the two logits

Attention reaches every earlier pixel in each layer: the history function forgets nothing and assumes nothing, and pays
with n^2 products for n pixels.

Departs from the paper: as models/image_gpt.py does, which is to be read first; its class token is the same for all.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from models.autoregressive import chosen
from models.image_gpt import ImageGPT, folded, step, unit


class PixelGPT(ImageGPT):
    """Logits of p(ink | past) for every pixel at once. x: (B, 1, size, size) in {0, 1} -> (B, 1, size, size)."""

    def __init__(self, size: int = 28, width: int = 64, blocks: int = 4, heads: int = 4):
        super().__init__(vocabulary=2, side=size, classes=0, width=width, blocks=blocks, heads=heads)
        self.size = size

    def embedded(self, x: Tensor) -> Tensor:
        """The vector of paper, or of ink; written as a line, so that x has a gradient. (...) -> (..., width)."""
        paper, ink = self.token.weight
        return paper + x[..., None] * (ink - paper)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.cat([self.start.weight.expand(len(x), 1, -1), self.embedded(x.flatten(1)[:, :-1])], 1) + self.place
        for block in self.blocks:
            h = block(h)
        paper, ink = self.head(self.norm(h)).float().unbind(2)
        return (ink - paper).view_as(x)


@torch.inference_mode()
def sample(model: PixelGPT, u: Tensor, x: Tensor | None = None, temperature: float = 1.0) -> Iterator[Tensor]:
    """The same pixels as `sample_naive` from the same u; keys and values are kept. Yields x after every row."""
    x = torch.full_like(u, -1.0) if x is None else x.clone()
    (blocks, head), heads, width = folded(model), model.blocks[0].attention.heads, model.place.shape[1]
    head = (head[:, 1:] - head[:, :1]) / temperature                            # (width, 1)
    cache = u.new_empty(len(blocks), 3, len(u), heads, model.tokens, width // heads)
    least, given, dice = u.new_tensor(1e-5), x.flatten(1), u.flatten(1)         # given is a view of x
    paper, ink = model.token.weight
    h = model.start.weight
    for at, place in enumerate(model.place.unbind()):
        h = step(blocks, cache, (h + place).expand(len(u), -1), at, least)
        p = torch.sigmoid((unit(h, least) @ head)[:, 0])
        given[:, at] = chosen(given[:, at], dice[:, at], p)
        h = torch.where(given[:, at, None] > 0, ink, paper)
        if (at + 1) % model.size == 0:
            yield x.clone()
