"""Pixel Recurrent Neural Networks: the PixelCNN. van den Oord, Kalchbrenner, Kavukcuoglu 2016, arXiv:1601.06759.

    p(x) = prod_i p(x_i | x_1, ..., x_{i-1})                                    (Eq. 1)
    -log p(x_i | x_<i) = -[x_i log s(l_i) + (1 - x_i) log(1 - s(l_i))]          s: sigmoid, l = f_theta(x)

Pixels are read in raster order: left to right, then the next row. One network gives all n^2 conditionals
of a known picture in a single pass, because masked kernels never look ahead. To draw a picture there is
no way round one pixel after the other; `sample` only avoids computing again what has not changed.

Departs from the paper: kernels of mask B are 5x5 (paper: 3x3), which narrows the blind spot; the input is
2x - 1, so that ink (+1), paper (-1) and the padding (0) differ; the first layer adds a learned bias per
position. The output is one sigmoid, as in the paper's Table 1 for binary digits.
Read in this order: mask, MaskedConv2d, Block, PixelCNN, sample. The loss and the naive sampler are those of all such
models, in models/autoregressive.py.
"""

from collections.abc import Iterator
from itertools import islice
from math import sqrt

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.autoregressive import chosen


def mask(kind: str, k: int) -> Tensor:
    """The taps that a k x k kernel may use (Section 3.4): 1 above, 1 to the left, 0 ahead. -> (k // 2 + 1, k).

    Kind "A" hides the pixel itself (first layer), "B" shows it (later layers: there it is a feature of the
    past). Rows below the centre would hold only zeros and are left out.
    """
    m = torch.ones(k // 2 + 1, k)
    m[-1, k // 2 + (kind == "B"):] = 0
    return m


class MaskedConv2d(nn.Module):
    """A convolution whose kernel sees only what came before. (B, in, H, W) -> (B, out, H, W)."""

    def __init__(self, inputs: int, outputs: int, k: int, kind: str):
        super().__init__()
        self.k, self.r = k, k // 2
        self.register_buffer("mask", mask(kind, k), persistent=False)
        # He initialisation, counting the visible taps alone
        self.weight = nn.Parameter(torch.randn(outputs, inputs, self.r + 1, k) * sqrt(2 / (inputs * self.mask.sum())))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        if self.r:
            x = F.pad(x, (self.r, self.r, self.r, 0))          # room to the left, right and above, none below
        return F.conv2d(x, self.weight * self.mask, self.bias)


class Block(nn.Module):
    """The residual block (Figure 5, left): 1x1 to `inner` channels, masked k x k, 1x1 back."""

    def __init__(self, width: int, inner: int, k: int):
        super().__init__()
        self.reduce = MaskedConv2d(width, inner, 1, "B")
        self.look = MaskedConv2d(inner, inner, k, "B")
        self.expand = MaskedConv2d(inner, width, 1, "B")
        nn.init.zeros_(self.expand.weight)                     # a new block changes nothing

    def forward(self, h: Tensor) -> Tensor:
        return h + self.expand(F.relu(self.look(F.relu(self.reduce(F.relu(h))))))


class PixelCNN(nn.Module):
    """Logits of p(ink | past) for every pixel at once. x: (B, 1, size, size) in {0, 1} -> (B, 1, size, size)."""

    def __init__(
        self,
        size: int = 28,        # pixels along a side
        width: int = 96,       # channels of the residual stream
        inner: int = 32,       # channels inside a block
        blocks: int = 8,       # masked layers after the first
        k_first: int = 7,      # kernel of mask A
        k: int = 5,            # kernels of mask B
    ):
        super().__init__()
        self.size = size
        self.first = MaskedConv2d(1, width, k_first, "A")
        self.position = nn.Parameter(torch.zeros(width, size, size))
        self.blocks = nn.ModuleList(Block(width, inner, k) for _ in range(blocks))
        self.hidden = MaskedConv2d(width, width, 1, "B")
        self.out = MaskedConv2d(width, 1, 1, "B")
        nn.init.zeros_(self.out.weight)

    def layers(self, x: Tensor) -> Iterator[Tensor]:
        """What each masked layer knows, first to last: blocks + 1 tensors (B, width, size, size)."""
        h = self.first(2 * x - 1)
        h = (h + self.position.to(h.dtype)).contiguous(memory_format=torch.channels_last)
        yield h
        for block in self.blocks:
            h = block(h)
            yield h

    def head(self, h: Tensor) -> Tensor:
        return self.out(F.relu(self.hidden(F.relu(h))))        # (B, width, H, W) -> (B, 1, H, W)

    def forward(self, x: Tensor) -> Tensor:
        *_, h = self.layers(x)
        return self.head(h)


class _Past:
    """What equal masked convolutions read, kept for every pixel so far, ready to be read at one front.

    The plane of a layer is the picture as one long row of cells: `gap` zeros after every row of pixels, as much
    padding as the kernel needs in front. A pixel is cell (n + gap) * row + col = n * row + t, for the front
    t = col + gap * row: the pixels of a front lie n cells apart, and so do their windows. Views, no indices.
    """

    def __init__(self, layers: list[MaskedConv2d], size: int, gap: int, batch: int):
        self.size, self.gap, self.k, self.r = size, gap, layers[0].k, layers[0].r
        cells = (size + self.r) * (size + gap) + 2 * self.r
        self.plane = layers[0].weight.new_zeros(len(layers), batch, cells, layers[0].weight.shape[1])

    def windows(self, start: int, rows: int) -> tuple[Tensor, ...]:
        """Per layer (B, rows, r + 1, k * in): what the kernel lies on, unseen taps of its last row included."""
        *outer, cell, one = self.plane.stride()
        shape = (*self.plane.shape[:2], rows, self.r + 1, self.k * cell)
        strides = (*outer, self.size * cell, (self.size + self.gap) * cell, one)
        return self.plane.as_strided(shape, strides, start * cell).unbind()

    def pixels(self, start: int, rows: int) -> tuple[Tensor, ...]:
        """Per layer (B, rows, in): the pixels themselves, to be written."""
        start += self.r * (self.size + self.gap) + self.r
        return self.plane[:, :, start:start + (rows - 1) * self.size + 1:self.size].unbind()


def _taps(layer: MaskedConv2d) -> Tensor:
    """The weights behind the mask, as a matrix for a window laid flat. -> (taps * in, out)."""
    return layer.weight[:, :, layer.mask.bool()].permute(2, 1, 0).flatten(0, 1)


@torch.inference_mode()
def sample(model: PixelCNN, u: Tensor, x: Tensor | None = None, temperature: float = 1.0) -> Iterator[Tensor]:
    """The same pixels as `sample_naive` from the same u, without computing anything twice.

    A feature never changes once its pixel is passed, so each layer keeps its own and adds only the new ones.
    And pixel (r, c) reads pixels at most `slope - 1` further right for each row further up (features: `slope`), so all
    pixels with equal c + slope * r can be drawn at once: 136 fronts instead of 784 pixels, for a 7x7 mask A.
    Yields x after every front; pixels not yet drawn are -1. Pixels differ only where |u - p| is below rounding.
    """
    n, batch = model.size, len(u)
    slope = max(model.first.r + 1, *(block.look.r for block in model.blocks))
    seen, past = _Past([model.first], n, slope, batch), _Past([b.look for b in model.blocks], n, slope, batch)

    # With `slope` cells after every row here too, front t is every n-th cell of all these.
    def cells(image: Tensor) -> Tensor:
        return F.pad(image, (0, slope)).flatten(-2)                                  # (..., n * (n + slope))

    u, fixed = cells(u)[:, 0], cells(torch.full_like(u, -1.0) if x is None else x)[:, 0]
    drawn = torch.full_like(u, -1.0)
    position = (cells(model.position) + model.first.bias[:, None]).T.contiguous()    # (cells, width)
    first, hidden, out = _taps(model.first), _taps(model.hidden), _taps(model.out)
    blocks = [(b.reduce.bias, _taps(b.reduce), b.look.bias, _taps(b.look), b.expand.bias, _taps(b.expand))
              for b in model.blocks]

    for t in range((n - 1) * (slope + 1) + 1):
        top, bottom = max(0, -((n - 1 - t) // slope)), min(n - 1, t // slope)
        rows, start = bottom - top + 1, n * top + t
        if not rows:                                           # only where slope > n
            continue
        front = slice(start, n * bottom + t + 1, n)
        # Rows of every matrix below: picture 0's pixels of the front, then picture 1's, ...
        (above,), (pixels,) = seen.windows(start, rows), seen.pixels(start, rows)
        h = above.reshape(batch * rows, -1)[:, :len(first)] @ first                  # unseen taps are the last
        h = (h.view(batch, rows, -1) + position[front]).flatten(0, 1)                # (B * rows, width)
        for (b_in, w_in, b_look, w_look, b_out, w_out), window, feature in zip(
                blocks, past.windows(start, rows), past.pixels(start, rows), strict=True):
            feature.copy_(torch.addmm(b_in, h.relu(), w_in).relu_().view_as(feature))
            look = torch.addmm(b_look, window.reshape(batch * rows, -1)[:, :len(w_look)], w_look)
            h = h.add_(b_out).addmm_(look.relu_(), w_out)
        h = torch.addmm(model.hidden.bias, h.relu_(), hidden).relu_()
        p = torch.sigmoid(torch.addmm(model.out.bias, h, out) / temperature).view(batch, rows)
        ink = chosen(fixed[:, front], u[:, front], p)
        drawn[:, front] = ink
        pixels[..., 0] = 2 * ink - 1
        yield drawn.view(batch, 1, n, n + slope)[..., :n].clone()


def receptive_field(model: PixelCNN, depth: int, row: int, col: int, x: Tensor) -> Tensor:
    """How strongly each pixel moves what layer `depth` (0: mask A alone) knows at one pixel, by gradients.

    x: (B, 1, H, W) pictures to average over -> (H, W), mean absolute gradient; exactly 0 outside the field.
    """
    if not 0 <= depth <= len(model.blocks):
        raise ValueError(f"depth is a layer, 0 to {len(model.blocks)}.")
    x = x.clone().requires_grad_()
    h = next(islice(model.layers(x), depth, None))
    (gradient,) = torch.autograd.grad(h[:, :, row, col].sum(), x)
    return gradient.abs().mean((0, 1))
