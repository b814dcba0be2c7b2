"""Principal components of digits, the linear autoencoder, saved as checkpoint `pca-mnist`.

    python -m train.pca --data ../shared/data

No linear map to d numbers and back has a smaller squared error (Eckart, Young 1936). All dimensions come in one file: the
first d rows are those of d dimensions. `std` are the deviations of the codes: a draw is mean + sum_d std_d epsilon_d c_d.
"""

import argparse
from pathlib import Path

import torch

import checkpoints.save
from models.classifier import clear
from train.classifier import grey
from train.loop import DIGITS
from train.vae_beta import DIMENSIONS, SAMPLES

NAME, KEPT = "pca-mnist", max(DIMENSIONS)


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--data", type=Path, help="folder with mnist.npz; without it the set comes from the Hub")
    args = args.parse_args()
    x, test = (grey(args.data, split)[0].flatten(1).double() for split in ("train", "test"))
    mean = x.mean(0)
    values, vectors = torch.linalg.eigh(x.T.cov())                                 # ascending
    components, std = vectors.T.flip(0)[:KEPT], values.flip(0)[:KEPT].sqrt()
    generator, judge = torch.Generator().manual_seed(0), checkpoints.load("classifier-mnist")
    errors, sure = {}, {}
    for d in DIMENSIONS:
        codes = (test - mean) @ components[:d].T
        errors[str(d)] = round((mean + codes @ components[:d] - test).square().mean().item(), 5)
        z = torch.randn(SAMPLES, d, generator=generator).double() * std[:d]
        made = (mean + z @ components[:d]).clamp(0, 1).float().view(-1, 1, 28, 28)
        with torch.inference_mode():
            sure[str(d)] = round(torch.cat([clear(judge, p) for p in made.split(1000)]).float().mean().item(), 4)
    measured = {"squared_error": errors, "clear_digits": sure, "test_images": len(test), "samples": SAMPLES}
    print(measured)
    checkpoints.save.save(
        NAME, {"mean": mean.float(), "components": components.float(), "std": std.float()}, model=None, config={},
        made_by="python -m train.pca --data ../shared/data", data="MNIST, 60,000 training digits, grey", half=True,
        license=DIGITS, measured=measured)


if __name__ == "__main__":
    main()
