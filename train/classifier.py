"""Trains the classifier that judges generated digits, and saves it as checkpoint `classifier-mnist`.

    python -m train.classifier --data ../shared/data --steps 9000
    python -m train.classifier --data ../shared/data --steps 9000 --publish
    python -m train.measure classifier-mnist --data ../shared/data --write

Every digit is turned, scaled and moved a little; a quarter of each batch is mixed with
other digits. The loop is in train/loop.py.
"""

from math import pi
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

import checkpoints
from models.classifier import CLEAR, Classifier, loss
from train.data import mnist
from train.loop import Recipe, arguments, budget, device, fit, publish
from train.measure import Measured, size_of

NAME, CONFIG = "classifier-mnist", dict(width=32)
RECIPE = Recipe(batch=64, rate=2e-3, clip=1.0, flat=0.3, ema=0.998, decay=0.02, save_every=60)
TURN, SCALE, MOVE = 12 * pi / 180, 0.12, 0.12                  # at most: radians, of the size, of half the side


def grey(folder: Path | None, split: str) -> tuple[Tensor, Tensor]:
    """Digits and their names. -> (n, 1, 28, 28) in [0, 1], (n,)."""
    x, names = mnist(folder, split)
    return torch.from_numpy(x).float()[:, None] / 255, torch.from_numpy(names).long()


def moved(x: Tensor, generator: torch.Generator) -> Tensor:
    """Turned, scaled and moved at random. x: (B, 1, 28, 28) -> the same shape."""
    turn, scale, right, down = 2 * torch.rand((4, len(x)), generator=generator, device=x.device) - 1
    turn, scale = TURN * turn, 1 + SCALE * scale
    rows = [scale * turn.cos(), -scale * turn.sin(), MOVE * right, scale * turn.sin(), scale * turn.cos(), MOVE * down]
    to = F.affine_grid(torch.stack(rows, 1).view(-1, 2, 3), list(x.shape), align_corners=False)
    return F.grid_sample(x, to, align_corners=False)


def verdict(x: Tensor) -> tuple[Tensor, Tensor]:
    """The names that the classifier gives, and the share of pictures that it is sure of (models.classifier.clear).

    x: (n, 1, 28, 28) in [0, 1] -> (n,), ().
    """
    judge = checkpoints.load(NAME)
    with torch.inference_mode():
        best = torch.cat([judge(part).softmax(1) for part in x.split(1000)]).max(1)
    return best.indices, (best.values >= CLEAR).float().mean()


def measure(name: str, folder: Path | None) -> Measured:
    """How many test digits it names right, and how many it is sure of."""
    x, names = grey(folder, "test")
    named, sure = verdict(x)
    return {"test_accuracy": round((named == names).float().mean().item(), 4), "test_images": len(x),
            "clear_test_digits": round(sure.item(), 4), **size_of(name)}, {}


def main() -> None:
    args = arguments(__doc__, "classifier", minutes=5).parse_args()
    if args.publish:
        return publish(
            args.run, NAME, "classifier.Classifier", CONFIG,
            made_by=f"python -m train.classifier --data ../shared/data {budget(args)}",
            data="MNIST, 60,000 training digits, grey, each turned, scaled and moved a little")
    x, names = (t.to(device()) for t in grey(args.data, "train"))
    held = x[-2000:], names[-2000:]                            # of the training digits: the test digits choose nothing

    def batch_loss(model: Classifier, generator: torch.Generator) -> Tensor:
        picked = torch.randint(len(x), (RECIPE.batch,), generator=generator, device=x.device)
        pictures, known = moved(x[picked], generator), names[picked]
        share = torch.rand(len(picked), generator=generator, device=x.device)
        share[: 3 * len(share) // 4] = 1                       # most stay as they are
        mixed = torch.lerp(pictures.flip(0), pictures, share.view(-1, 1, 1, 1))
        return loss(model, mixed, known, known.flip(0), share).mean()

    def progress(model: Classifier) -> dict[str, float]:
        with torch.inference_mode():
            right = (model(held[0]).argmax(1) == held[1]).float().mean().item()
        return {"accuracy_of_2000_training_digits": round(right, 4)}

    fit(lambda: Classifier(**CONFIG), RECIPE, args.run, args.minutes, batch_loss, progress, steps=args.steps)


if __name__ == "__main__":
    main()
