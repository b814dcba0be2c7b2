"""Conditional Image Generation with PixelCNN Decoders: the Gated PixelCNN. van den Oord et al. 2016, arXiv:1606.05328.

    y = tanh(W_f * x) . s(W_g * x)                                              (Eq. 2: a gate in place of a ReLU)

Two stacks (Figure 2). The vertical one reads whole rows above, to both sides, and needs no mask. The horizontal one
reads its own row to the left, and takes in the vertical one, moved down a row so that it knows rows above alone:

    v' = gate(W_v * v)            h' = h + W_1 gate(W_h * h + U W_v * v, moved down)

Together they see every pixel of the past: the blind spot of a single masked stack is gone.

Departs from the paper: the input is 2x - 1, so that ink, paper and padding differ, and the first layer adds a learned
bias per position, as in models/pixelcnn.py; nothing is conditional.
Read in this order: gate, Layer, GatedPixelCNN, then sample.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.autoregressive import chosen


def gate(h: Tensor) -> Tensor:
    """tanh of one half of the channels times sigmoid of the other (Eq. 2). (B, 2c, ...) -> (B, c, ...)."""
    f, g = h.chunk(2, 1)
    return f.tanh() * g.sigmoid()


def down(v: Tensor) -> Tensor:
    """Each row takes the place of the next: what stood beside a pixel now stands above it. (B, c, H, W) -> the same."""
    return F.pad(v, (0, 0, 1, -1))


class Layer(nn.Module):
    """Figure 2. The first layer may not see the pixel itself, and has no residual, as its input is the picture."""

    def __init__(self, inputs: int, width: int, k: int, first: bool = False):
        super().__init__()
        self.r, self.first = k // 2, first
        self.vertical = nn.Conv2d(inputs, 2 * width, (self.r + 1, k))
        self.horizontal = nn.Conv2d(inputs, 2 * width, (1, self.r if first else self.r + 1))
        self.link = nn.Conv2d(2 * width, 2 * width, 1)
        self.out = nn.Conv2d(width, width, 1)

    def forward(self, v: Tensor, h: Tensor, place: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """v, h: (B, inputs, H, W), place: (2 * width, H, W) -> both stacks after this layer: (B, width, H, W) twice."""
        above = self.vertical(F.pad(v, (self.r, self.r, self.r, 0)))            # this row and those above it
        left = self.horizontal(F.pad(h, (self.r, -1 if self.first else 0, 0, 0)))
        both = left + self.link(down(above))
        new = self.out(gate(both if place is None else both + place))
        return gate(above), new if self.first else h + new


class GatedPixelCNN(nn.Module):
    """Logits of p(ink | past) for every pixel at once. x: (B, 1, size, size) in {0, 1} -> (B, 1, size, size)."""

    def __init__(
        self,
        size: int = 28,        # pixels along a side
        width: int = 32,       # channels of each stack
        layers: int = 8,       # after the first
        k_first: int = 7,      # kernel of the first layer
        k: int = 5,            # of the others
        hidden: int = 96,      # channels before the logits
    ):
        super().__init__()
        self.size = size
        self.layers = nn.ModuleList([Layer(1, width, k_first, first=True)])
        self.layers.extend(Layer(width, width, k) for _ in range(layers))
        self.position = nn.Parameter(torch.zeros(2 * width, size, size))
        self.hidden, self.logit = nn.Conv2d(width, hidden, 1), nn.Conv2d(hidden, 1, 1)
        for layer in self.layers[1:]:
            nn.init.zeros_(layer.out.weight)                                    # a new layer changes nothing
        nn.init.zeros_(self.logit.weight)

    def forward(self, x: Tensor) -> Tensor:
        v = h = (2 * x - 1).contiguous(memory_format=torch.channels_last)
        for layer in self.layers:
            v, h = layer(v, h, self.position if layer.first else None)
        return self.logit(F.relu(self.hidden(F.relu(h))))


@torch.inference_mode()
def sample(model: GatedPixelCNN, u: Tensor, x: Tensor | None = None, temperature: float = 1.0) -> Iterator[Tensor]:
    """The same pixels as `sample_naive` from the same u, without computing anything twice. Yields x after every row.

    The vertical stack knows rows above alone, so a row of it is computed at once when the row is complete. The
    horizontal one adds a pixel at a time; each layer keeps the few features to the left that its kernel reads.
    """
    n, batch = model.size, len(u)
    x = torch.full_like(u, -1.0) if x is None else x.clone()
    layers, radii = list(model.layers), [layer.r for layer in model.layers]
    # Rows of the vertical stack that the next row's kernels read, oldest first; padded to both sides.
    rows = [u.new_zeros(batch, layer.vertical.in_channels, layer.r + 1, n + 2 * layer.r) for layer in layers]
    across = [(w.weight[:, :, 0].permute(2, 1, 0).flatten(0, 1), w.bias) for w in (a.horizontal for a in layers)]
    outs = [(layer.out.weight[:, :, 0, 0].T, layer.out.bias) for layer in layers]
    hidden, logit = model.hidden.weight[:, :, 0, 0].T, model.logit.weight[:, :, 0, 0].T
    position = model.position.permute(1, 2, 0)                                  # (n, n, 2 * width)
    above = [u.new_zeros(n, batch, 2 * layer.out.in_channels) + layer.link.bias for layer in layers]   # nothing yet

    for row in range(n):
        # What each layer's kernel reads to the left: (B, r + col, inputs), the picture for the first.
        left = [u.new_zeros(batch, layer.r + n, layer.horizontal.in_channels) for layer in layers]
        given, dice = x[:, 0, row], u[:, 0, row]
        for col in range(n):
            h = None
            for k, (layer, r, (w, b), (w_out, b_out)) in enumerate(zip(layers, radii, across, outs, strict=True)):
                if k:
                    left[k][:, r + col] = h
                window = left[k][:, col:col + r + (k > 0)].flatten(1)
                both = torch.addmm(above[k][col], window, w) + b
                new = torch.addmm(b_out, gate(both + position[row, col] if layer.first else both), w_out)
                h = h + new if k else new
            p = torch.addmm(model.hidden.bias, h.relu(), hidden).relu() @ logit + model.logit.bias
            ink = chosen(given[:, col], dice[:, col], torch.sigmoid(p[:, 0] / temperature))
            given[:, col] = ink
            left[0][:, radii[0] + col, 0] = 2 * ink - 1
        yield x.clone()
        # The row is complete: the vertical stack of it, for the row below.
        v = left[0][:, radii[0]:].transpose(1, 2)                               # (B, 1, n)
        for k, (layer, r) in enumerate(zip(layers, radii, strict=True)):
            rows[k] = torch.cat([rows[k][:, :, 1:], F.pad(v, (r, r))[:, :, None]], 2)
            seen = layer.vertical(rows[k])                                      # (B, 2 * width, 1, n)
            above[k] = layer.link(seen)[:, :, 0].permute(2, 0, 1).contiguous()
            v = gate(seen)[:, :, 0]
