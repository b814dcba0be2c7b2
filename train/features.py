"""Features of digits, for Frechet distances: a small classifier, saved as checkpoint `features-mnist`.

    python -m train.features --data ../shared/data

Distances by these features compare models of this house with each other, and with nothing else.
"""

import argparse
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import checkpoints
import checkpoints.save
from train.data import mnist

EPOCHS, BATCH, RATE = 6, 128, 2e-3
AGAIN = 50                                                     # draws of the bootstrap


class Features(nn.Module):
    """64 numbers that tell digits apart. x: (B, 1, 28, 28) in [0, 1], ink 1 -> (B, 64)."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.Conv2d(16, 32, 3, stride=2, padding=1)
        self.hidden, self.names = nn.Linear(32 * 7 * 7, 64), nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.hidden(F.relu(self.conv2(F.relu(self.conv1(x)))).flatten(1)))


def load() -> Features:
    model = Features().eval().requires_grad_(False)
    model.load_state_dict(checkpoints.load("features-mnist"))
    return model


def frechet(a: Tensor, b: Tensor) -> float:
    """Frechet distance between Gaussians fitted to two sets of features. a: (n, d), b: (m, d)."""
    a, b = a.double(), b.double()
    cov_a, cov_b = a.T.cov(), b.T.cov()
    values, vectors = torch.linalg.eigh(cov_a)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    # The trace of the root of cov_a cov_b: by the eigenvalues of a symmetric matrix that has the same ones.
    shared = torch.linalg.eigvalsh(root @ cov_b @ root).clamp(min=0).sqrt().sum()
    return ((a.mean(0) - b.mean(0)).square().sum() + cov_a.trace() + cov_b.trace() - 2 * shared).item()


def distances(made: dict[str, Tensor], folder: Path | None) -> dict[str, Any]:
    """How far made digits, and as many real ones, are from the 10,000 test digits. made: {name: (n, 1, 28, 28)}.

    The real ones are drawn at random from the training digits, which do not lie in random order. Each distance has a
    standard error, by drawing again from its own pictures (bootstrap): differences below it mean nothing.
    """
    features, generator = load(), torch.Generator().manual_seed(0)
    (samples,) = {len(x) for x in made.values()}               # a distance depends on how many there are

    def seen(x: Tensor) -> Tensor:
        # To the 256 levels that the test digits have.
        return torch.cat([features((255 * part).round().clamp(0, 255) / 255) for part in x.split(500)])

    real, known = (seen(torch.from_numpy(mnist(folder, s)[0]).float()[:, None] / 255) for s in ("test", "train"))
    known = known[torch.randperm(len(known), generator=generator)[:samples]]
    numbers = {}
    for name, x in {"training_digits": known, **{name: seen(x) for name, x in made.items()}}.items():
        numbers[f"frechet_{name}"] = round(frechet(x, real), 3)
        again = [frechet(x[torch.randint(len(x), (len(x),), generator=generator)], real) for _ in range(AGAIN)]
        numbers[f"frechet_{name}_error"] = round(torch.tensor(again).std().item(), 3)
    return numbers | {"samples": samples, "features": "features-mnist"}


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--data", type=Path, help="folder with mnist.npz; without it the set comes from the Hub")
    args = args.parse_args()
    (x, y), (x_test, y_test) = (
        (torch.from_numpy(grey).float()[:, None] / 255, torch.from_numpy(names).long())
        for grey, names in (mnist(args.data, "train"), mnist(args.data, "test"))
    )
    model, generator = Features(), torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(model.parameters(), RATE)
    total = EPOCHS * (len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=total)
    for _ in range(EPOCHS):
        for picked in torch.randperm(len(x), generator=generator)[:len(x) // BATCH * BATCH].view(-1, BATCH):
            optimizer.zero_grad()
            F.cross_entropy(model.names(model(x[picked])), y[picked]).backward()
            optimizer.step()
            schedule.step()
    with torch.inference_mode():
        right = (model.names(model(x_test)).argmax(1) == y_test).float().mean().item()
    print(f"{right:.2%} of the test digits")
    checkpoints.save.save(
        "features-mnist", model.state_dict(), model=None, config={},
        made_by="python -m train.features --data ../shared/data", data="MNIST, 60,000 training digits, grey",
        license="Apache-2.0 for the weights; trained on MNIST (Y. LeCun, C. Cortes: CC BY-SA 3.0), no picture included",
        measured={"test_accuracy": round(right, 4)}, half=True)


if __name__ == "__main__":
    main()
