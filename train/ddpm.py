"""Trains a small DDPM on grey digits and saves its averaged weights as checkpoint `ddpm-mnist`.

    python -m train.ddpm --data ../shared/data --minutes 120
    python -m train.ddpm --data ../shared/data --minutes 120 --publish
    python -m train.measure ddpm-mnist --data ../shared/data --write

The loop is in train/loop.py. The same command with --publish trains nothing: it puts what the run has so far
into checkpoints/.
"""

from pathlib import Path

import torch
from torch import Tensor

import checkpoints
from models.ddpm import UNet, diffuse, loss, sample
from models.images import noise
from train.data import mnist
from train.features import distances
from train.loop import Recipe, arguments, budget, device, fit, publish
from train.measure import Measured, size_of

CONFIG = dict(size=28, channels=1, widths=(32, 64, 128))
RECIPE = Recipe(batch=64, rate=1e-3, clip=1.0, flat=0.5)
SAMPLES, STEPS = 2_500, (5, 50)                                # measured: pictures each, DDIM with so many steps


def to_model(grey: Tensor) -> Tensor:
    """(n, 28, 28) uint8 -> (n, 1, 28, 28) in [-1, 1], ink high."""
    return grey[:, None].float() / 127.5 - 1


def measure(name: str, folder: Path | None) -> Measured:
    """Frechet distances to the 10,000 test digits: of DDIM with 5 and 50 steps, and of as many real digits."""
    model: UNet = checkpoints.load(name)

    def made(steps: int) -> Tensor:
        parts = []
        for seeds in torch.arange(SAMPLES).split(50):
            *_, (x, _, _) = sample(model, noise((1, model.size, model.size), seeds.tolist()), steps)
            parts.append((x + 1) / 2)
            print(f"{steps} steps: {sum(map(len, parts))} of {SAMPLES}", flush=True)
        return torch.cat(parts)

    return distances({f"ddim_{steps}": made(steps) for steps in STEPS}, folder) | size_of(name), {}


def main() -> None:
    args = arguments(__doc__, "ddpm", minutes=120).parse_args()
    if args.publish:
        return publish(
            args.run, "ddpm-mnist", "ddpm.UNet", CONFIG,
            made_by=f"python -m train.ddpm --data ../shared/data {budget(args)}",
            data="MNIST, 60,000 training digits, grey")
    grey = torch.from_numpy(mnist(args.data, "train")[0]).to(device())
    held = to_model(torch.from_numpy(mnist(args.data, "test")[0][:500]).to(device()))

    def batch_loss(model: UNet, generator: torch.Generator) -> Tensor:
        picked = torch.randint(len(grey), (RECIPE.batch,), generator=generator, device=grey.device)
        return loss(model, to_model(grey[picked]), generator).mean()

    def progress(model: UNet) -> dict[str, float]:
        """Squared error of the noise guess on test digits, by thirds of time: late is easy, early is fine detail."""
        generator, row = torch.Generator(held.device).manual_seed(0), {}
        for name, low in (("early", 0), ("middle", 333), ("late", 667)):
            t = torch.randint(low, low + 333, (len(held),), generator=generator, device=held.device)
            epsilon = torch.randn(held.shape, generator=generator, device=held.device)
            with torch.inference_mode():
                guess = torch.cat([model(x, s) for x, s in zip(
                    diffuse(model, held, t, epsilon).split(100), t.split(100), strict=True)])
            row[name] = round((guess - epsilon).square().mean().item(), 5)
        return row

    fit(lambda: UNet(**CONFIG).to(memory_format=torch.channels_last), RECIPE, args.run, args.minutes, batch_loss,
        progress, steps=args.steps)


if __name__ == "__main__":
    main()
