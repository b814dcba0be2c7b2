"""Image GPT on colours. Chen, Radford, Child, Wu, Jun, Luan, Sutskever 2020, ICML; attention: arXiv:1706.03762.

The transformer of models/image_gpt.py with a vocabulary of colours: a pixel is read as the nearest of a few hundred,

    k_i = argmin_j |x_i - c_j|_2,   p(x) = prod_i p(k_i | k_<i)                      one token a pixel, in raster order

which the authors have found by k-means of the pixels of ImageNet: 9 bits a pixel in place of 24, and a third as many
tokens as with red, green and blue one after the other.

Departs from the paper: as models/image_gpt.py does; its class token is the same for all.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from models.image_gpt import ImageGPT


class ColourGPT(ImageGPT):
    """With its colours: (vocabulary, 3), red, green and blue in [-1, 1]."""

    def __init__(self, vocabulary: int = 512, side: int = 32, width: int = 512, blocks: int = 24, heads: int = 8):
        super().__init__(vocabulary, side, 0, width, blocks, heads)
        self.register_buffer("colours", torch.zeros(vocabulary, 3))

    def look_up(self, k: Tensor) -> Tensor:
        """The picture of tokens. k: (B, tokens) -> (B, 3, side, side) in [0, 1]."""
        return (F.embedding(k, self.colours).mT.unflatten(2, (self.side, self.side)) + 1) / 2


def nearest(model: ColourGPT, x: Tensor) -> Tensor:
    """The colour next to each pixel, row by row. x: (B, 3, side, side) in [0, 1] -> (B, tokens)."""
    return torch.cdist((2 * x - 1).flatten(2).mT, model.colours[None]).argmin(2)
