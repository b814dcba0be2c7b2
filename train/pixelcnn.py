"""Trains the PixelCNN on binary digits and saves its averaged weights as checkpoint `pixelcnn-mnist`.

    python -m train.pixelcnn --data ../shared/data --minutes 108
    python -m train.pixelcnn --data ../shared/data --minutes 108 --publish
    python -m train.measure pixelcnn-mnist --data ../shared/data --write

Bits are drawn anew for every batch ("dynamic"): the paper trains on fixed ones. The loop is in train/loop.py. The
same command with --publish trains nothing: it puts what the run has so far into checkpoints/.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import checkpoints
from models.pixelcnn import PixelCNN, loss
from train.data import binary_mnist, mnist
from train.loop import Recipe, arguments, budget, device, fit, publish
from train.measure import Measured, mean_and_error, share_above, size_of

CONFIG = dict(size=28, width=96, inner=32, blocks=10, k_first=7, k=5)
RECIPE = Recipe(batch=32, rate=2e-3, clip=50.0)                # the loss is a sum over 784 pixels


def evaluate(model: PixelCNN, bits: torch.Tensor) -> float:
    """Mean -log p(x) in nats. bits: (n, 1, 28, 28)."""
    with torch.inference_mode():
        return torch.cat([loss(model, x) for x in bits.split(100)]).mean().item()


def measure(name: str, folder: Path | None) -> Measured:
    """-log p of the 10,000 fixed test digits; and of 1,000 pictures of clothes, which it has never seen."""
    model = checkpoints.load(name)

    def nats(bits: np.ndarray) -> Tensor:
        x = torch.from_numpy(bits).float()[:, None]
        with torch.inference_mode():
            return torch.cat([loss(model, part) for part in x.split(25)])

    digits = nats(binary_mnist(folder, "test"))
    mean, error = mean_and_error(digits)
    numbers = {
        "nats_per_image": round(mean, 3), "standard_error": round(error, 3),
        "bits_per_pixel": round(mean / np.log(2) / model.size**2, 5),
        "test_images": len(digits), "trained": "dynamic", **size_of(name),
    }
    if folder is None:
        print("Without --data there is no Fashion-MNIST, so the scores for the histogram are left as they are.")
        return numbers, {}

    with np.load(folder / "fashion.npz") as file:
        grey = file["x_test"][:1000]
    fashion = nats((np.random.default_rng(0).random(grey.shape) < grey / 255).astype(np.uint8))
    scores = dict(
        tensors={"digits": digits, "fashion": fashion}, model=None, config={},
        made_by=f"python -m train.measure {name} --data ../shared/data --write",
        data="-log p in nats of the 10,000 fixed MNIST test bits (digits) and of the first 1,000 Fashion-MNIST "
             "test pictures, made binary in the same way with default_rng(0) (fashion)",
        license="Apache-2.0; numbers only, no picture of MNIST (CC BY-SA 3.0) or Fashion-MNIST (MIT)",
        measured={
            "digits_mean": round(mean, 3), "fashion_mean": round(fashion.mean().item(), 3),
            "digits_99th_percentile": round(digits.quantile(0.99).item(), 3),
            "fashion_above_it": round((fashion > digits.quantile(0.99)).float().mean().item(), 4),
            "roc_area": round(share_above(digits, fashion), 5),
        },
    )
    return numbers, {f"{name}-scores": scores}


def main() -> None:
    args = arguments(__doc__, "pixelcnn", minutes=120).parse_args()
    if args.publish:
        return publish(
            args.run, "pixelcnn-mnist", "pixelcnn.PixelCNN", CONFIG,
            made_by=f"python -m train.pixelcnn --data ../shared/data {budget(args)}",
            data="MNIST, 60,000 training digits, bits drawn anew for every batch (dynamic)")
    grey = torch.from_numpy(mnist(args.data, "train")[0]).to(device())[:, None]
    held = torch.from_numpy(binary_mnist(args.data, "test")[:1000]).float().to(device())[:, None]

    def batch_loss(model: PixelCNN, generator: torch.Generator) -> torch.Tensor:
        picked = torch.randint(len(grey), (RECIPE.batch,), generator=generator, device=grey.device)
        return loss(model, torch.bernoulli(grey[picked].float() / 255, generator=generator)).mean()

    fit(lambda: PixelCNN(**CONFIG).to(memory_format=torch.channels_last), RECIPE, args.run, args.minutes, batch_loss,
        lambda model: {"nats_first_1000": round(evaluate(model, held), 2)}, steps=args.steps)


if __name__ == "__main__":
    main()
