"""Two dimensions of z as a map on which equal areas are equally likely under the prior (look/plane.js draws it)."""

import base64
from collections.abc import Callable

import torch
from torch import Tensor

from demos import ui
from demos.vae.latent import EDGE
from models.images import grid, to_uint8

SIDE = 29  # cells along a side of a sprite sheet


def on_map(z: Tensor) -> Tensor:
    """The prior's cumulative distribution, 0 at -EDGE and 1 at EDGE: where z stands on the map."""
    low, high = torch.special.ndtr(torch.tensor([-EDGE, EDGE]))
    return (torch.special.ndtr(z) - low) / (high - low)


# What the page has to know to draw such a map.
PLANE = dict(
    side=SIDE,
    edge=EDGE,
    phi=[round(v, 5) for v in on_map(torch.linspace(-EDGE, EDGE, 121)).tolist()],
)


def sheet_of(decode: Callable[[Tensor], Tensor]) -> str:
    """A map's pictures in 29 x 29 cells, for the page to look up: a WebP as a data URI.

    Cell (i, j) is decoded at z1 = Q(j / 28), z2 = Q(1 - i / 28), where Q takes equal steps of the prior's
    cumulative distribution between -3 and 3 (the paper's Figure 4): equal areas are equally likely.
    """
    edge = torch.special.ndtr(torch.tensor([-EDGE, EDGE]))
    z = torch.special.ndtri(torch.linspace(edge[0], edge[1], SIDE))
    z2, z1 = torch.meshgrid(z.flip(0), z, indexing="ij")
    pictures = to_uint8(decode(torch.stack([z1, z2], -1).view(-1, 2)))
    return ui.data_uri(grid(pictures, SIDE)[None], quality=60)


def dots_of(z: Tensor, labels: Tensor) -> str:
    """Test digits on a map: coordinates from 0 to 1 in 65536 steps each, then the digits; base64. z: (n, 2)."""
    u = (on_map(z).clamp(0, 1) * 65535).round().numpy().astype("<u2")
    return base64.b64encode(u.tobytes() + labels.byte().numpy().tobytes()).decode()
