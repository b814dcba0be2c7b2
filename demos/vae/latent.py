"""What the views share: the models, where test digits land, knobs as a z, and z as a picture."""

import torch
from torch import Tensor

import checkpoints
from demos import ui
from models.images import grid, to_uint8
from models.vae import VAE

SIZE, EDGE = 28, 3.0  # pixels along a side; the knobs of z go from -EDGE to EDGE
DIMENSIONS = 16  # of the larger model


def model(dimensions: int) -> VAE:
    return checkpoints.load(f"vae-mnist-{dimensions}d")


def means(dimensions: int) -> tuple[Tensor, Tensor]:
    """Where the encoder puts test digits, and which digits they are. -> (n, dimensions), (n,)."""
    kept = checkpoints.load(f"vae-mnist-{dimensions}d-means")
    return kept["means"], kept["labels"].long()


def latent(values, name: str = "z") -> Tensor:
    """Knobs as one z. -> (1, d). Raises ValueError."""
    return torch.tensor(
        [[ui.number(v, f"{name}{k}", -EDGE, EDGE) for k, v in enumerate(values, 1)]]
    )


def ink(z: Tensor) -> Tensor:
    """p(ink | z) by the model of that many dimensions. (n, d) -> (n, 1, 28, 28)."""
    with torch.inference_mode():
        return model(z.shape[1]).decode(z).sigmoid()


def image(p: Tensor, alt: str, columns: int = 1) -> str:
    """Pictures with ink black, as one <img>. p: (n, 1, 28, 28) in [0, 1]."""
    source = ui.data_uri(grid(to_uint8(1 - p), columns)[None])
    return f'<img class="pixels" src="{source}" alt="{alt}">'
