"""The models that draw binary digits pixel by pixel: one answer each to "how to choose the history function?"."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

import checkpoints
from demos import ui
from models import gated_pixelcnn, pixel_gpt, pixelcnn, pixelrnn

SIZE = 28


@dataclass(frozen=True)
class Kind:
    name: str  # of the checkpoint
    sample: Callable[..., Iterator[Tensor]]
    history: str  # how it looks back


FAMILY = {
    "PixelCNN": Kind("pixelcnn-mnist", pixelcnn.sample, "masked convolutions"),
    "Gated PixelCNN": Kind(
        "gated-pixelcnn-mnist", gated_pixelcnn.sample, "two stacks of convolutions, with gates"
    ),
    "Row LSTM": Kind("row-lstm-mnist", pixelrnn.sample, "an LSTM down the rows"),
    "Diagonal BiLSTM": Kind(
        "diagonal-bilstm-mnist", pixelrnn.sample, "LSTMs along the diagonals, from both sides"
    ),
    "Image GPT": Kind("pixel-gpt-mnist", pixel_gpt.sample, "attention to every earlier pixel"),
}
FIRST = "PixelCNN"


def there() -> list[str]:
    """The models whose weights ship, in the order of the lecture."""
    return [title for title, kind in FAMILY.items() if kind.name in checkpoints.MANIFEST]


def named(title: str) -> str:
    return ui.choice(title, "Model", there())


def load(title: str) -> nn.Module:
    return checkpoints.load(FAMILY[title].name)


def measured(title: str) -> dict:
    return checkpoints.MANIFEST[FAMILY[title].name]["measured"]


def finished(
    title: str, u: Tensor, given: Tensor | None = None, temperature: float = 1.0
) -> Tensor:
    """Pictures, all drawn. u: (B, 1, 28, 28); given: pixels below 0 are to be drawn -> (B, 1, 28, 28)."""
    *_, x = FAMILY[title].sample(load(title), u, given, temperature)
    return x


def logits(title: str, x: Tensor) -> Tensor:
    """Of p(ink | past) for each pixel. x: (B, 1, 28, 28) in {0, 1} -> the same shape."""
    with torch.inference_mode():
        return load(title)(x).float()
