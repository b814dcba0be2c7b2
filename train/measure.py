"""Measures a checkpoint on the whole test set; --write puts the numbers into the manifest.

    python -m train.measure pixelcnn-mnist --data ../shared/data --write

Whatever is measured is what checkpoints.load() returns, not what training had in memory. A family is one line in
FAMILIES, and a function measure(name, folder) in its train/<family>.py; the same function makes the small derived data
that its tab shows.
"""

import argparse
import json
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import checkpoints
import checkpoints.save

# What measure(name, folder) gives: (numbers, derived entries: {name: keyword arguments of checkpoints.save.save}).
Measured = tuple[dict[str, Any], dict[str, dict[str, Any]]]


def mean_and_error(x: Tensor) -> tuple[float, float]:
    """The mean and its standard error. x: (n,)."""
    return x.mean().item(), x.std().item() / len(x) ** 0.5


def share_above(a: Tensor, b: Tensor) -> float:
    """How often a draw from b exceeds one from a: the area under the ROC curve. a: (n,), b: (m,)."""
    a = a.sort().values
    below, up_to = torch.searchsorted(a, b), torch.searchsorted(a, b, right=True)
    return (below + up_to).double().mean().item() / 2 / len(a)      # a tie counts one half


def size_of(name: str) -> dict[str, int]:
    model = checkpoints.load(name)
    return {"parameters": sum(p.numel() for p in model.parameters()), "bytes": checkpoints.path(name).stat().st_size}


FAMILIES = {                               # the stem that entry names begin with -> the module in train/ that measures
    "pixelcnn": "autoregressive",
    "gated-pixelcnn": "autoregressive",
    "row-lstm": "autoregressive",
    "diagonal-bilstm": "autoregressive",
    "pixel-gpt": "autoregressive",
    "var": "var",
    "vae-faces": "vae_faces",
    "vae-mnist": "vae",
    "vae-beta": "vae_beta",
    "cvae": "cvae",
    "vqvae": "vqvae",
    "classifier": "classifier",
    "image-gpt": "image_gpt",
    "dcgan": "dcgan",
    "stylegan": "stylegan",
    "ddpm": "ddpm",
    "autoencoder": "autoencoder",
    "flow": "flow",
}


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("name", help="an entry of checkpoints/manifest.json")
    args.add_argument("--data", type=Path, help="folder with the data sets; without it they come from the Hub")
    args.add_argument("--write", action="store_true", help="record the numbers, save the derived entries")
    args = args.parse_args()
    family = next((module for stem, module in FAMILIES.items() if args.name.startswith(stem)), None)
    if args.name not in checkpoints.MANIFEST or family is None:
        raise SystemExit(f"{args.name}: not in the manifest, or nothing in FAMILIES measures it.")

    numbers, derived = import_module(f"train.{family}").measure(args.name, args.data)
    shown = {args.name: numbers} | {name: entry["measured"] for name, entry in derived.items()}
    print(json.dumps(shown, indent=1))
    if args.write:
        checkpoints.save.record(args.name, numbers)
        for name, entry in derived.items():
            checkpoints.save.save(name, **entry)


if __name__ == "__main__":
    main()
