"""Principal components of digits, the linear autoencoder, saved as checkpoint `pca-mnist`.

    python -m train.pca --data ../shared/data

No linear map to d numbers and back has a smaller squared error (Eckart, Young 1936). All dimensions come in one file,
the first d rows are those of d dimensions. `std` are the deviations of the codes: a draw is
mean + sum_d std_d epsilon_d c_d. `means` are the codes of the test digits that the maps show, divided by them.
"""

import argparse
from pathlib import Path

import torch

import checkpoints.save
from train.classifier import grey
from train.features import distances
from train.loop import DIGITS
from train.vae_beta import DIMENSIONS, SAMPLES, SHOWN, judged

NAME, KEPT = "pca-mnist", max(DIMENSIONS)


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--data", type=Path, help="folder with mnist.npz; without it the set comes from the Hub")
    args = args.parse_args()
    x, test = (grey(args.data, split)[0].flatten(1).double() for split in ("train", "test"))
    mean = x.mean(0)
    values, vectors = torch.linalg.eigh(x.T.cov())                                 # ascending
    components, std = vectors.T.flip(0)[:KEPT], values.flip(0)[:KEPT].sqrt()
    generator, measured = torch.Generator().manual_seed(0), {"test_images": len(test)}
    for d in DIMENSIONS:
        codes = (test - mean) @ components[:d].T
        error = (mean + codes @ components[:d] - test).square().mean().item()
        z = torch.randn(SAMPLES, d, generator=generator).double() * std[:d]
        made = (mean + z @ components[:d]).clamp(0, 1).float().view(-1, 1, 28, 28)
        of_draws = distances({"draws": made}, args.data)
        measured[str(d)] = {"squared_error": round(error, 5), **judged(made), **of_draws}
    print(measured)
    checkpoints.save.save(
        NAME, {"mean": mean.float(), "components": components.float(), "std": std.float(),
               "means": ((test[:SHOWN] - mean) @ components.T / std)[:, :2].float()}, model=None, config={},
        made_by="python -m train.pca --data ../shared/data", data="MNIST, 60,000 training digits, grey", half=True,
        license=DIGITS, measured=measured)


if __name__ == "__main__":
    main()
