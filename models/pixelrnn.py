"""Pixel Recurrent Neural Networks: Row LSTM and Diagonal BiLSTM. van den Oord, Kalchbrenner, Kavukcuoglu 2016,
arXiv:1601.06759, Sections 3.1 to 3.4.

    [o, f, i, g] = s(K_ss * h_{i-1} + K_is * x_i)                               (Eq. 3; tanh for the last one)
    c_i = f . c_{i-1} + i . g,         h_i = o . tanh(c_i)

Row LSTM: i is a row. K_is is a masked 3 x 1 kernel along the row, K_ss a 3 x 1 kernel on the row above: what a pixel
sees is a triangle. Diagonal BiLSTM: i is a diagonal. Rows are skewed, each by one place more than the row above it, so
that diagonals stand upright as columns; K_is is 1 x 1, K_ss reads the neighbours to the left and above. A second
direction does the same from the right; moved down a row, it cannot see what is to come. Together they see all the past.

Departs from the paper: the second direction's first layer sees the pixel itself too, which lies in the row above once
it is moved down (else the last pixel of the row above would be seen by few); the first layer adds a learned bias per
position, as in models/pixelcnn.py.
Read in this order: skew, unskew, cell, RowLSTM, DiagonalBiLSTM, PixelRNN, then sample_rows and sample_diagonals.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.autoregressive import chosen
from models.pixelcnn import MaskedConv2d


def skew(x: Tensor) -> Tensor:
    """Row r moves r places to the right (Figure 3): (..., H, W) -> (..., H, W + H - 1), 0 elsewhere."""
    h, w = x.shape[-2:]
    return F.pad(x, (0, h)).flatten(-2)[..., :-h].unflatten(-1, (h, w + h - 1))


def unskew(x: Tensor) -> Tensor:
    """Back again: (..., H, W + H - 1) -> (..., H, W)."""
    h, steps = x.shape[-2:]
    return F.pad(x.flatten(-2), (0, h)).unflatten(-1, (h, steps + 1))[..., :steps - h + 1]


def cell(gates: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """One step of an LSTM (Eq. 3). gates: (..., 4h), c: (..., h) -> h, c of the same shape as c."""
    width = c.shape[-1]
    o, f, i = gates[..., :3 * width].sigmoid().chunk(3, -1)
    c = f * c + i * gates[..., 3 * width:].tanh()
    return o * c.tanh(), c


class RowLSTM(nn.Module):
    """Section 3.1, with the residual of Figure 5 (right). (B, 2h, n, n) -> the same."""

    def __init__(self, h: int):
        super().__init__()
        self.into = nn.Conv2d(2 * h, 4 * h, (1, 2))                             # K_is: the left neighbour and the pixel
        self.state = nn.Linear(3 * h, 4 * h, bias=False)                        # K_ss: the row above
        self.up = nn.Conv2d(h, 2 * h, 1)

    def forward(self, x: Tensor) -> Tensor:
        gates = self.into(F.pad(x, (1, 0))).permute(2, 0, 3, 1)                 # a row each: (B, n, 4h)
        h = c = gates.new_zeros(*gates.shape[1:3], self.up.in_channels)
        rows = []
        for gate in gates.unbind():
            h, c = cell(gate + self.state(neighbours(h)), c)
            rows.append(h)
        return x + self.up(torch.stack(rows).permute(1, 3, 0, 2))


def neighbours(h: Tensor) -> Tensor:
    """Each place of a row with those to both sides: (..., n, h) -> (..., n, 3h)."""
    wide, n = F.pad(h, (0, 0, 1, 1)), h.shape[-2]
    return torch.cat([wide.narrow(-2, k, n) for k in range(3)], -1)


class DiagonalBiLSTM(nn.Module):
    """Section 3.2, with the residual of Figure 5 (right). (B, 2h, n, n) -> the same."""

    def __init__(self, h: int):
        super().__init__()
        self.into = nn.ModuleList(nn.Conv2d(2 * h, 4 * h, 1) for _ in range(2)) # K_is of both directions
        self.state = nn.Parameter(torch.empty(2, 2 * h, 4 * h).uniform_(-1, 1) / (2 * h)**0.5)    # K_ss: left, above
        self.up = nn.Conv2d(h, 2 * h, 1)

    def forward(self, x: Tensor, own: Tensor | None = None) -> Tensor:
        """own: (B, 2h, n, n), what the second direction reads in place of x."""
        left, right = self.into[0](x), self.into[1](x if own is None else own)
        gates = skew(torch.stack([left, right.flip(3)])).permute(4, 0, 1, 3, 2) # a diagonal each: (2, B, n, 4h)
        n, h, c, diagonals = x.shape[2], None, None, []
        for t, gate in enumerate(gates.unbind()):
            top, bottom = max(0, t - n + 1), min(t, n - 1)                      # its rows that lie in the picture
            gate = gate[:, :, top:bottom + 1]
            if t == 0:
                h = c = gate.new_zeros(*gate.shape[:3], self.up.in_channels)
            else:
                grown = int(t < n)                                              # a row more than the last, or less
                wide = F.pad(h, (0, 0, grown, grown))
                seen = torch.cat([wide[:, :, 1:], wide[:, :, :-1]], 3)          # the neighbours to the left and above
                gate = gate + torch.bmm(seen.flatten(1, 2), self.state).view_as(gate)
                c = F.pad(c, (0, 0, 0, 1)) if grown else c[:, :, 1:]            # a row keeps its own
            h, c = cell(gate, c)
            diagonals.append(F.pad(h, (0, 0, top, n - 1 - bottom)))
        left, right = unskew(torch.stack(diagonals, 4).transpose(2, 3)).unbind()
        return x + self.up(left + F.pad(right.flip(3), (0, 0, 1, -1)))


class PixelRNN(nn.Module):
    """Logits of p(ink | past) for every pixel at once. x: (B, 1, size, size) in {0, 1} -> (B, 1, size, size)."""

    def __init__(
        self,
        kind: str = "diagonal",  # "row" or "diagonal"
        size: int = 28,        # pixels along a side
        h: int = 32,           # features of an LSTM; twice as many between the layers
        layers: int = 3,
        k: int = 7,            # kernel of mask A
        hidden: int = 96,      # channels before the logits
    ):
        super().__init__()
        self.kind, self.size = kind, size
        self.first = MaskedConv2d(1, 2 * h, k, "A")
        self.own = nn.Conv2d(1, 2 * h, 1, bias=False) if kind == "diagonal" else None
        self.position = nn.Parameter(torch.zeros(2 * h, size, size))
        self.layers = nn.ModuleList({"row": RowLSTM, "diagonal": DiagonalBiLSTM}[kind](h) for _ in range(layers))
        self.hidden, self.logit = nn.Conv2d(2 * h, hidden, 1), nn.Conv2d(hidden, 1, 1)
        nn.init.zeros_(self.logit.weight)

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(2 * x - 1) + self.position
        for k, layer in enumerate(self.layers):
            h = layer(h, h + self.own(2 * x - 1)) if self.own and k == 0 else layer(h)
        return self.logit(F.relu(self.hidden(F.relu(h))))


# What follows draws quickly: what has been computed for a pixel never changes, so it is kept.


def _flat(conv: nn.Module) -> tuple[Tensor, Tensor]:
    """Weight and bias of a 1 x 1 convolution as a product from the right. -> (in, out), (out,)."""
    return conv.weight.flatten(1).T, conv.bias


def sample(model: PixelRNN, u: Tensor, x: Tensor | None = None, temperature: float = 1.0) -> Iterator[Tensor]:
    """The same pixels as `sample_naive` from the same u, without computing anything twice. Yields x after every row."""
    return {"row": _sample_rows, "diagonal": _sample_diagonals}[model.kind](model, u, x, temperature)


class _Sheet:
    """The picture being drawn, and what all kinds do at its pixels."""

    def __init__(self, model: PixelRNN, u: Tensor, x: Tensor | None, temperature: float):
        self.r, self.u, self.temperature = model.first.r, u, temperature
        self.x = torch.full_like(u, -1.0) if x is None else x.clone()
        self.seen = F.pad(u.new_zeros(u[:, 0].shape), (self.r, self.r, self.r, 0))                 # 2x - 1, 0 outside
        self.first = (model.first.weight * model.first.mask).flatten(1).T.contiguous()
        self.place = (model.position + model.first.bias[:, None, None]).permute(1, 2, 0)
        (self.hidden, self.b_hidden), (self.logit, self.b_logit) = _flat(model.hidden), _flat(model.logit)

    def look(self, row: int, col: int) -> Tensor:
        """Mask A at one pixel: (B, 2h)."""
        window = self.seen[:, row:row + self.r + 1, col:col + 2 * self.r + 1].flatten(1)
        return torch.addmm(self.place[row, col], window, self.first)

    def draw(self, row: int, col: int, h: Tensor) -> None:
        """The pixel itself, from what the last layer knows there. h: (B, 2h)."""
        h = torch.addmm(self.b_hidden, h.relu(), self.hidden).relu_()
        p = torch.sigmoid(torch.addmm(self.b_logit, h, self.logit)[:, 0] / self.temperature)
        ink = chosen(self.x[:, 0, row, col], self.u[:, 0, row, col], p)
        self.x[:, 0, row, col] = ink
        self.seen[:, row + self.r, col + self.r] = 2 * ink - 1


@torch.inference_mode()
def _sample_rows(model: PixelRNN, u: Tensor, x: Tensor | None, temperature: float) -> Iterator[Tensor]:
    sheet, layers, n, batch = _Sheet(model, u, x, temperature), model.layers, model.size, len(u)
    into = [(layer.into.weight.permute(3, 1, 2, 0).flatten(0, 2), layer.into.bias) for layer in layers]
    up, state = [_flat(layer.up) for layer in layers], [layer.state.weight.T for layer in layers]
    width = layers[0].up.in_channels
    h = [u.new_zeros(batch, n, width) for _ in layers]                          # of the row above
    c = [u.new_zeros(batch, n, width) for _ in layers]
    for row in range(n):
        above = [(neighbours(kept) @ w).unbind(1) for kept, w in zip(h, state, strict=True)]
        left = [u.new_zeros(batch, 2 * width) for _ in layers]                  # what each layer read one place before
        new_h, new_c = [[] for _ in layers], [[] for _ in layers]
        for col in range(n):
            now = sheet.look(row, col)
            for k, ((w, b), (w_up, b_up)) in enumerate(zip(into, up, strict=True)):
                gates = torch.addmm(b, torch.cat([left[k], now], 1), w).add_(above[k][col])
                new, memory = cell(gates, c[k][:, col])
                new_h[k].append(new)
                new_c[k].append(memory)
                left[k] = now
                now = torch.addmm(now + b_up, new, w_up)
            sheet.draw(row, col, now)
        h, c = [torch.stack(rows, 1) for rows in new_h], [torch.stack(rows, 1) for rows in new_c]
        yield sheet.x.clone()


@torch.inference_mode()
def _sample_diagonals(model: PixelRNN, u: Tensor, x: Tensor | None, temperature: float) -> Iterator[Tensor]:
    """The direction from the left adds a pixel at a time; that from the right runs when a row is complete, all layers
    at once, since each reads what the layer before it made of that very row.
    """
    sheet, layers, n, batch = _Sheet(model, u, x, temperature), model.layers, model.size, len(u)
    width, count = layers[0].up.in_channels, len(layers)
    left = [torch.cat([_flat(layer.into[0])[0], layer.state[0]]) for layer in layers]      # pixel, left, above -> gates
    bias, up = [layer.into[0].bias for layer in layers], [_flat(layer.up) for layer in layers]
    right = torch.stack([_flat(layer.into[1])[0] for layer in layers])                     # (layers, 2h, 4h)
    right_bias = torch.stack([layer.into[1].bias for layer in layers])[:, None]
    state = torch.stack([layer.state[1] for layer in layers])                              # (layers, 2h, 4h)
    own = model.own.weight.flatten(1).T                                                    # (1, 2h)
    above = [u.new_zeros(n, batch, width) for _ in layers]                                 # from the left, a row up
    behind = u.new_zeros(count, n, batch, width)                                           # from the right, a row up
    for row in range(n):
        read = u.new_empty(count, n, batch, 2 * width)                                     # what each layer read
        h = [u.new_zeros(batch, width) for _ in layers]
        c = [u.new_zeros(batch, width) for _ in layers]
        here = [u.new_empty(n, batch, width) for _ in layers]
        for col in range(n):
            now = sheet.look(row, col)
            for k, (w, b, (w_up, b_up)) in enumerate(zip(left, bias, up, strict=True)):
                read[k, col] = now
                h[k], c[k] = cell(torch.addmm(b, torch.cat([now, h[k], above[k][col]], 1), w), c[k])
                here[k][col] = h[k]
                now = torch.addmm(now + b_up, h[k] + behind[k, col], w_up)
            sheet.draw(row, col, now)
        yield sheet.x.clone()
        above = here
        read[0] += sheet.seen[:, row + sheet.r, sheet.r:sheet.r + n].T[..., None] @ own
        gates = torch.baddbmm(right_bias, read.flatten(1, 2), right).unflatten(1, (n, batch))
        h = c = u.new_zeros(count, batch, width)
        done = torch.empty_like(behind)
        for col in reversed(range(n)):
            h, c = cell(torch.baddbmm(gates[:, col], torch.cat([h, behind[:, col]], 2), state), c)
            done[:, col] = h
        behind = done
