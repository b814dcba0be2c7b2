"""Trains a conditional VAE on binary digits and saves it as checkpoint `cvae-mnist`.

    python -m train.cvae --data ../shared/data --steps 60000
    python -m train.cvae --data ../shared/data --steps 60000 --publish
    python -m train.measure cvae-mnist --data ../shared/data --write

Bits are drawn anew for every batch ("dynamic"). The loop is in train/loop.py.
"""

from pathlib import Path

import torch
from torch import Tensor

import checkpoints
from models.cvae import CVAE, bound, loss, sample
from train.classifier import grey, verdict
from train.data import binary_mnist
from train.loop import Recipe, arguments, budget, device, fit, publish
from train.measure import Measured, mean_and_error, size_of

NAME, CONFIG = "cvae-mnist", dict(size=28, latent=8, hidden=256, layers=2)
RECIPE = Recipe(batch=128, rate=1e-3, clip=100.0, flat=0.3, ema=0.9995, decay=0.02, save_every=60, precision="fp32")
SAMPLES = 10_000


def agreement(model: CVAE, samples: int) -> tuple[float, float]:
    """How many draws from the prior the classifier names as asked, and how many it is sure of."""
    generator, asked = torch.Generator().manual_seed(0), torch.arange(samples) % model.classes
    with torch.inference_mode():
        named, sure = verdict(sample(model, torch.randn(samples, model.latent, generator=generator), asked))
    return (named == asked).float().mean().item(), sure.item()


def measure(name: str, folder: Path | None) -> Measured:
    """The bound on log p(x | y) of all test digits, and what the classifier says of draws from the prior."""
    model, generator = checkpoints.load(name), torch.Generator().manual_seed(0)
    x, y = torch.from_numpy(binary_mnist(folder, "test")).float()[:, None], grey(folder, "test")[1]
    with torch.inference_mode():
        fit_at_z, information = bound(model, x, y, torch.randn(len(x), model.latent, generator=generator))
    mean, error = mean_and_error(fit_at_z - information.sum(1))
    right, sure = agreement(model, SAMPLES)
    return {
        "elbo_all_test_images": round(mean, 3), "standard_error": round(error, 3), "test_images": len(x),
        "kl_per_dimension": [round(v, 3) for v in information.mean(0).tolist()], "samples": SAMPLES,
        "classifier_agrees": round(right, 4), "clear_digits": round(sure, 4), "trained": "dynamic", **size_of(name),
    }, {}


def main() -> None:
    args = arguments(__doc__, "cvae", minutes=10).parse_args()
    if args.publish:
        return publish(
            args.run, NAME, "cvae.CVAE", CONFIG,
            made_by=f"python -m train.cvae --data ../shared/data {budget(args)}",
            data="MNIST, 60,000 training digits and their names, bits drawn anew for every batch (dynamic)")
    x, y = (t.to(device()) for t in grey(args.data, "train"))
    held = [t[:1000].to(device()) for t in grey(args.data, "test")]
    held[0] = torch.from_numpy(binary_mnist(args.data, "test")[:1000]).float().to(device())[:, None]

    def batch_loss(model: CVAE, generator: torch.Generator) -> Tensor:
        picked = torch.randint(len(x), (RECIPE.batch,), generator=generator, device=x.device)
        return loss(model, torch.bernoulli(x[picked], generator=generator), y[picked], generator).mean()

    def progress(model: CVAE) -> dict[str, float]:
        with torch.inference_mode():
            value = loss(model, *held, torch.Generator(held[0].device).manual_seed(0)).mean().item()
        return {"bound_first_1000": round(-value, 2)}

    fit(lambda: CVAE(**CONFIG), RECIPE, args.run, args.minutes, batch_loss, progress, steps=args.steps)


if __name__ == "__main__":
    main()
