"""Trains one of the models that draw binary digits pixel by pixel, and saves its averaged weights as a checkpoint.

    python -m train.autoregressive pixelcnn-mnist --data ../shared/data --minutes 108
    python -m train.autoregressive pixelcnn-mnist --data ../shared/data --minutes 108 --publish
    python -m train.measure pixelcnn-mnist --data ../shared/data --write

Bits are drawn anew for every batch ("dynamic"), or are the fixed ones of train/data.py ("static"), as the papers have
them. The loop is in train/loop.py. The same command with --publish trains nothing: it puts what the run has so far into
checkpoints/.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import checkpoints
from models.autoregressive import loss
from models.gated_pixelcnn import GatedPixelCNN
from models.pixel_gpt import PixelGPT
from models.pixelcnn import PixelCNN
from models.pixelrnn import PixelRNN
from train.data import binary_mnist, mnist
from train.loop import Recipe, arguments, budget, device, fit, publish
from train.measure import Measured, mean_and_error, share_above, size_of


@dataclass(frozen=True)
class Kind:
    model: type[nn.Module]
    config: dict
    bits: str = "dynamic"      # or "static"
    rate: float = 2e-3
    clip: float = 50.0         # the loss is a sum over 784 pixels
    batch: int = 32


PIXELCNN = dict(size=28, width=96, inner=32, blocks=10, k_first=7, k=5)
KINDS = {
    "pixelcnn-mnist": Kind(PixelCNN, PIXELCNN),
    "pixelcnn-static-mnist": Kind(PixelCNN, PIXELCNN, bits="static"),
    "gated-pixelcnn-mnist": Kind(GatedPixelCNN, dict(size=28, width=32, layers=8, k_first=7, k=5, hidden=96)),
    "row-lstm-mnist": Kind(PixelRNN, dict(kind="row", size=28, h=48, layers=3, k=7, hidden=96), bits="static"),
    "diagonal-bilstm-mnist": Kind(
        PixelRNN, dict(kind="diagonal", size=28, h=32, layers=2, k=7, hidden=96), bits="static"),
    "pixel-gpt-mnist": Kind(PixelGPT, dict(size=28, width=96, blocks=4, heads=3)),
}


def evaluate(model: nn.Module, bits: Tensor) -> float:
    """Mean -log p(x) in nats. bits: (n, 1, 28, 28)."""
    with torch.inference_mode():
        return torch.cat([loss(model, x) for x in bits.split(100)]).mean().item()


def coin_flips(grey: np.ndarray) -> float:
    """The entropy of the bits that are drawn from a grey digit, in nats, on average. grey: (n, 28, 28) uint8."""
    chance = torch.from_numpy(grey).double() / 255
    return (torch.special.entr(chance) + torch.special.entr(1 - chance)).sum((1, 2)).mean().item()


def measure(name: str, folder: Path | None) -> Measured:
    """-log p of the 10,000 fixed test digits; for the PixelCNN also of 1,000 clothes, which it never saw."""
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
        "test_images": len(digits), "trained": KINDS[name].bits, **size_of(name),
    }
    if name != "pixelcnn-mnist":
        return numbers, {}
    numbers["coin_flips"] = round(coin_flips(mnist(folder, "test")[0]), 3)
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
    args = arguments(__doc__, "autoregressive", minutes=120)
    args.add_argument("name", choices=KINDS)
    args = args.parse_args()
    kind, run = KINDS[args.name], args.run / args.name
    if args.publish:
        bits = "bits drawn anew for every batch (dynamic)" if kind.bits == "dynamic" else "bits drawn once (static)"
        return publish(
            run, args.name, f"{kind.model.__module__.removeprefix('models.')}.{kind.model.__name__}", kind.config,
            made_by=f"python -m train.autoregressive {args.name} --data ../shared/data {budget(args)}",
            data=f"MNIST, 60,000 training digits, {bits}")
    where = device()
    if kind.bits == "dynamic":
        x = torch.from_numpy(mnist(args.data, "train")[0]).to(where)[:, None]
    else:
        x = torch.from_numpy(255 * binary_mnist(args.data, "train")).to(where)[:, None]
    held = torch.from_numpy(binary_mnist(args.data, "test")[:1000]).float().to(where)[:, None]

    def batch_loss(model: nn.Module, generator: torch.Generator) -> Tensor:
        picked = torch.randint(len(x), (kind.batch,), generator=generator, device=x.device)
        return loss(model, torch.bernoulli(x[picked].float() / 255, generator=generator)).mean()

    fit(lambda: kind.model(**kind.config).to(memory_format=torch.channels_last),
        Recipe(batch=kind.batch, rate=kind.rate, clip=kind.clip), run, args.minutes, batch_loss,
        lambda model: {"nats_first_1000": round(evaluate(model, held), 2)}, steps=args.steps)


if __name__ == "__main__":
    main()
