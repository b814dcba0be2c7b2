"""Trains the PixelCNN on binary digits and saves its averaged weights as checkpoint `pixelcnn-mnist`.

    python -m train.pixelcnn --data ../shared/data --minutes 108
    python -m train.pixelcnn --data ../shared/data --minutes 108 --publish
    python -m train.measure pixelcnn-mnist --data ../shared/data --write

Bits are drawn anew for every batch ("dynamic"): the paper trains on fixed ones. The loop is in train/loop.py. The
same command with --publish trains nothing: it puts what the run has so far into checkpoints/.
"""

import torch

from models.pixelcnn import PixelCNN, loss
from train.data import binary_mnist, mnist
from train.loop import Recipe, arguments, device, fit, publish

CONFIG = dict(size=28, width=96, inner=32, blocks=10, k_first=7, k=5)
RECIPE = Recipe(batch=32, rate=2e-3, clip=50.0)                # the loss is a sum over 784 pixels


def evaluate(model: PixelCNN, bits: torch.Tensor) -> float:
    """Mean -log p(x) in nats. bits: (n, 1, 28, 28)."""
    with torch.inference_mode():
        return torch.cat([loss(model, x) for x in bits.split(100)]).mean().item()


def main() -> None:
    args = arguments(__doc__, "pixelcnn", minutes=120).parse_args()
    if args.publish:
        return publish(
            args.run, "pixelcnn-mnist", "pixelcnn.PixelCNN", CONFIG,
            made_by=f"python -m train.pixelcnn --data ../shared/data --minutes {args.minutes:g}",
            data="MNIST, 60,000 training digits, bits drawn anew for every batch (dynamic)")
    grey = torch.from_numpy(mnist(args.data, "train")[0]).to(device())[:, None]
    held = torch.from_numpy(binary_mnist(args.data, "test")[:1000]).float().to(device())[:, None]

    def batch_loss(model: PixelCNN, generator: torch.Generator) -> torch.Tensor:
        picked = torch.randint(len(grey), (RECIPE.batch,), generator=generator, device=grey.device)
        return loss(model, torch.bernoulli(grey[picked].float() / 255, generator=generator)).mean()

    fit(lambda: PixelCNN(**CONFIG).to(memory_format=torch.channels_last), RECIPE, args.run, args.minutes, batch_loss,
        lambda model: {"nats_first_1000": round(evaluate(model, held), 2)})


if __name__ == "__main__":
    main()
