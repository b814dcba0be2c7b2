"""Trains a VQ-VAE on digits or on faces, and saves it as checkpoint `vqvae-mnist` or `vqvae-faces`.

    python -m train.vqvae vqvae-mnist --data ../shared/data --minutes 10
    python -m train.vqvae vqvae-mnist --data ../shared/data --minutes 10 --publish
    python -m train.measure vqvae-mnist --data ../shared/data --write

Every face is seen as it is or mirrored. A code that no picture of the last EVERY steps chose is put where the encoder
has just been. The loop is in train/loop.py. The prior over the grids is made by train/image_gpt.py.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

import checkpoints
from models.vqvae import VQVAE, loss, nearest, revive
from train.classifier import grey
from train.data import faces
from train.features import distances
from train.loop import DIGITS, FACES, Recipe, arguments, budget, device, fit, publish
from train.measure import Measured, size_of

CONFIGS = {
    "vqvae-mnist": dict(channels=1, widths=(32, 64), codes=128, dim=16),
    "vqvae-faces": dict(channels=3, widths=(48, 96, 160), codes=512, dim=32),
}
RECIPES = {
    "vqvae-mnist": Recipe(batch=64, rate=1e-3, clip=100.0, flat=0.5, ema=0.998, decay=0.0, save_every=60),
    "vqvae-faces": Recipe(batch=32, rate=1e-3, clip=500.0, flat=0.5, ema=0.998, decay=0.0),
}
EVERY = 100                                                    # steps between revivals
PATCH = 12                                                     # pixels along a side of a code's portrait


def pictures(name: str, folder: Path | None, split: str) -> Tensor:
    """Of the data set, uint8: (n, C, H, W)."""
    if name == "vqvae-mnist":
        return (255 * grey(folder, split)[0]).round().byte()
    return torch.from_numpy(faces(folder, split)).permute(0, 3, 1, 2).contiguous()


def codes(model: VQVAE, x: Tensor) -> Tensor:
    """The grids of pictures. x: (n, C, H, W) uint8 -> (n, h, w)."""
    with torch.inference_mode():
        return torch.cat([nearest(model, model.encode(part.float() / 255)) for part in x.split(200)])


def decoded(model: VQVAE, k: Tensor) -> Tensor:
    """And back. k: (n, h, w) -> (n, C, H, W) in [0, 1]."""
    with torch.inference_mode():
        return torch.cat([model.decode(model.look_up(part)).clamp(0, 1) for part in k.split(200)])


def perplexity(k: Tensor, codes: int) -> float:
    """How many codes would be in use, were all of those used alike: exp of the entropy. k: any shape."""
    p = k.flatten().bincount(minlength=codes) / k.numel()
    return torch.special.entr(p.double()).sum().exp().item()


def portraits(k: Tensor, back: Tensor, codes: int) -> tuple[Tensor, Tensor]:
    """How often each code stands anywhere, and the mean of what is drawn around it, 0 where it never does.

    k: (n, h, w), back: (n, C, H, W), decoded from them -> (codes,), (codes, C, PATCH, PATCH).
    """
    channels, cell = back.shape[1], back.shape[2] // k.shape[1]
    counts, sums = k.flatten().bincount(minlength=codes), torch.zeros(codes, channels * PATCH**2)
    for some, pictures in zip(k.split(200), back.split(200), strict=True):
        wide = F.pad(pictures, [(PATCH - cell) // 2] * 4, mode="replicate")
        sums.index_add_(0, some.flatten(), F.unfold(wide, PATCH, stride=cell).transpose(1, 2).flatten(0, 1))
    means = sums / counts.clamp(min=1)[:, None]
    return counts, means.view(codes, channels, PATCH, PATCH)


def measure(name: str, folder: Path | None) -> Measured:
    """The error on all test pictures, how far from themselves they come back, and how they use the codes."""
    model, x = checkpoints.load(name), pictures(name, folder, "test")
    k = codes(model, x)
    back = decoded(model, k)
    error = (back - x.float() / 255).square().flatten(1).mean(1)
    numbers = {
        "test_images": len(x), "squared_error": round(error.mean().item(), 5),
        "codes_used": round(k.unique().numel() / model.codes, 4), "perplexity": round(perplexity(k, model.codes), 1),
    }
    if name == "vqvae-mnist":
        numbers |= distances({"reconstructions": back}, folder)
    else:
        from models.images import to_uint8
        from train.faces import measure as measure_faces
        numbers |= measure_faces(to_uint8(back), folder)
    counts, means = portraits(k, back, model.codes)
    kept = dict(
        tensors={"counts": counts.int(), "portraits": (255 * means).round().byte()}, model=None, config={},
        made_by=f"python -m train.measure {name} --data ../shared/data --write",
        data=f"how often {name} chooses each code for a test picture, and the mean of what it draws around it",
        license=DIGITS if name == "vqvae-mnist" else FACES,
        measured={"places": k.numel(), "most_used": round(counts.max().item() / k.numel(), 4)},
    )
    return numbers | size_of(name), {f"{name}-codes": kept}


def main() -> None:
    args = arguments(__doc__, "vqvae", minutes=10)
    args.add_argument("name", choices=CONFIGS)
    args = args.parse_args()
    run, config, recipe = args.run / args.name, CONFIGS[args.name], RECIPES[args.name]
    digits = args.name == "vqvae-mnist"
    if args.publish:
        return publish(
            run, args.name, "vqvae.VQVAE", config, license=DIGITS if digits else FACES,
            made_by=f"python -m train.vqvae {args.name} --data ../shared/data {budget(args)}",
            data="MNIST, 60,000 training digits, grey" if digits
            else "CelebA, 24,000 aligned training faces at 64 px, each also mirrored")
    x = pictures(args.name, args.data, "train").to(device())
    held = pictures(args.name, args.data, "test")[:500].to(device())
    counts, steps = torch.zeros(config["codes"], device=x.device), 0

    def batch_loss(model: VQVAE, generator: torch.Generator) -> Tensor:
        nonlocal steps
        picked = torch.randint(len(x), (recipe.batch,), generator=generator, device=x.device)
        batch = x[picked].float() / 255
        if not digits:
            mirrored = torch.rand(len(batch), generator=generator, device=x.device) < 0.5
            batch = torch.where(mirrored.view(-1, 1, 1, 1), batch.flip(3), batch)
        steps += 1
        with torch.no_grad():
            z = model.encode(batch)
            if steps % EVERY == 0:
                revive(model, counts == 0, z, generator)
                counts.zero_()
            counts.add_(nearest(model, z).flatten().bincount(minlength=model.codes))
        return loss(model, batch).mean()

    def progress(model: VQVAE) -> dict[str, float]:
        k = codes(model, held)
        error = (decoded(model, k) - held.float() / 255).square().mean().item()
        return {"squared_error_first_500": round(error, 5), "codes_used": round(k.unique().numel() / model.codes, 3),
                "perplexity": round(perplexity(k, model.codes), 1)}

    fit(lambda: VQVAE(**config), recipe, run, args.minutes, batch_loss, progress, steps=args.steps)


if __name__ == "__main__":
    main()
