"""Trains the prior over a VQ-VAE's grids of codes, and saves it as checkpoint `image-gpt-vqvae-mnist` or `-faces`.

    python -m train.image_gpt image-gpt-vqvae-mnist --data ../shared/data --minutes 40
    python -m train.image_gpt image-gpt-vqvae-mnist --data ../shared/data --minutes 40 --publish
    python -m train.measure image-gpt-vqvae-mnist --data ../shared/data --write

It learns from the codes that the published VQ-VAE gives the training pictures, so that one comes first. One digit in
ten is shown without its name. The loop is in train/loop.py.
"""

from pathlib import Path

import torch
from torch import Tensor

import checkpoints
from models.image_gpt import ImageGPT, loss, sample
from models.images import noise, to_uint8
from train.classifier import grey, verdict
from train.faces import measure as measure_faces
from train.features import distances
from train.loop import DIGITS, FACES, Recipe, arguments, budget, device, fit, publish
from train.measure import Measured, mean_and_error, size_of
from train.vqvae import codes, decoded, pictures

CONFIGS = {
    "image-gpt-vqvae-mnist": dict(vocabulary=128, side=7, classes=10, width=128, blocks=3, heads=4),
    "image-gpt-vqvae-faces": dict(vocabulary=512, side=8, classes=0, width=192, blocks=4, heads=6),
}
RECIPE = Recipe(batch=32, rate=2e-3, clip=1.0, flat=0.4, ema=0.998, decay=0.02)
UNNAMED, SAMPLES = 0.1, 5_000                                  # the share shown without a name; digits drawn to measure


def quantizer(name: str):
    return checkpoints.load(name.removeprefix("image-gpt-"))


def grids(name: str, folder: Path | None, split: str) -> tuple[Tensor, Tensor]:
    """Codes of the pictures, those of mirrored training faces too, and classes. -> (n, tokens), (n,)."""
    model, x = quantizer(name), pictures(name.removeprefix("image-gpt-"), folder, split)
    if CONFIGS[name]["classes"]:
        return codes(model, x).flatten(1), grey(folder, split)[1]
    k = codes(model, x).flatten(1)
    if split == "train":
        k = torch.cat([k, codes(model, x.flip(3)).flatten(1)])
    return k, torch.zeros(len(k), dtype=torch.long)


def drawn(name: str, y: Tensor, seed: int = 0) -> Tensor:
    """Pictures of these classes, from the seeds that follow `seed`. y: (n,) -> (n, C, H, W) in [0, 1]."""
    model, vqvae, parts = checkpoints.load(name), quantizer(name), []
    uniforms = noise((model.tokens,), range(seed, seed + len(y)), "uniform")
    for some, u in zip(y.split(250), uniforms.split(250), strict=True):
        tokens = torch.stack([token for token, _ in sample(model, some, u)], 1)
        parts.append(decoded(vqvae, tokens.view(-1, model.side, model.side)))
    return torch.cat(parts)


def measure(name: str, folder: Path | None) -> Measured:
    """Nats a grid on all test pictures, and how far what it draws is from them."""
    model = checkpoints.load(name)
    k, y = grids(name, folder, "test")
    with torch.inference_mode():
        nats = torch.cat([loss(model, some, names) for some, names in zip(k.split(200), y.split(200), strict=True)])
    mean, error = mean_and_error(nats)
    numbers = {"test_images": len(k), "nats_per_grid": round(mean, 2), "standard_error": round(error, 2)}
    if model.classes:
        asked = torch.arange(SAMPLES) % model.classes
        made = drawn(name, asked)
        named, sure = verdict(made)
        numbers["classifier_agrees"] = round((named == asked).float().mean().item(), 4)
        numbers["clear_digits"] = round(sure.item(), 4)
        numbers |= distances({"samples": made}, folder)
    else:
        numbers |= measure_faces(to_uint8(drawn(name, torch.zeros(len(k), dtype=torch.long))), folder)
    return numbers | size_of(name), {}


def main() -> None:
    args = arguments(__doc__, "image_gpt", minutes=40)
    args.add_argument("name", choices=CONFIGS)
    args = args.parse_args()
    run, config = args.run / args.name, CONFIGS[args.name]
    if args.publish:
        return publish(
            run, args.name, "image_gpt.ImageGPT", config, license=DIGITS if config["classes"] else FACES,
            made_by=f"python -m train.image_gpt {args.name} --data ../shared/data {budget(args)}",
            data=f"codes of {args.name.removeprefix('image-gpt-')} for all training pictures"
            + ("" if config["classes"] else " and their mirror images"))
    k, y = (t.to(device()) for t in grids(args.name, args.data, "train"))
    held = [t[:1000].to(device()) for t in grids(args.name, args.data, "test")]

    def batch_loss(model: ImageGPT, generator: torch.Generator) -> Tensor:
        picked = torch.randint(len(k), (RECIPE.batch,), generator=generator, device=k.device)
        unnamed = torch.rand(len(picked), generator=generator, device=k.device) < UNNAMED
        return loss(model, k[picked], y[picked].where(~unnamed, model.classes)).mean() / model.tokens

    def progress(model: ImageGPT) -> dict[str, float]:
        with torch.inference_mode():
            nats = torch.cat([loss(model, a, b) for a, b in zip(*(t.split(100) for t in held), strict=True)])
        return {"nats_first_1000": round(nats.mean().item(), 2)}

    fit(lambda: ImageGPT(**config), RECIPE, run, args.minutes, batch_loss, progress, steps=args.steps)


if __name__ == "__main__":
    main()
