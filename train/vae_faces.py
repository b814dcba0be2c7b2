"""Trains a convolutional VAE on faces and saves its averaged weights as checkpoint `vae-faces-64d`.

    python -m train.vae_faces --data ../shared/data --minutes 45
    python -m train.vae_faces --data ../shared/data --minutes 45 --publish
    python -m train.measure vae-faces-64d --data ../shared/data --write

Every face is seen as it is or mirrored. The loop is in train/loop.py. The same command with --publish trains
nothing: it puts what the run has so far into checkpoints/, the dimensions of z sorted by what they carry.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import checkpoints
from models.images import noise, to_uint8
from models.vae import kl
from models.vae_faces import FaceVAE, loss
from train.data import faces
from train.faces import measure as measure_faces
from train.faces import named
from train.loop import FACES, Recipe, arguments, budget, device, fit, publish
from train.measure import Measured, size_of

NAME, CONFIG = "vae-faces-64d", dict(size=64, latent=64, width=32, s=0.5)
RECIPE = Recipe(batch=64, rate=1e-3, clip=1e4, flat=0.3, warmup=500, decay=0.0, ema=0.999, save_every=120)
SHOWN = 8                                                      # directions that the page has sliders for


def to_tensor(pictures) -> Tensor:
    """(n, H, W, 3) uint8 -> (n, 3, H, W) in [0, 1], float32."""
    return torch.as_tensor(pictures).permute(0, 3, 1, 2).float() / 255


def sort_by_information(weights: dict[str, Tensor], x: Tensor) -> dict[str, Tensor]:
    """The same model with the dimensions of z in another order: the most nats of KL first. x: (n, 3, 64, 64)."""
    model = FaceVAE(**CONFIG).requires_grad_(False)
    model.load_state_dict(weights)
    order = torch.cat([kl(*model.encode(part)) for part in x.split(200)]).mean(0).argsort(descending=True)
    rows = torch.cat([order, order + len(order)])              # mu, then log sigma^2
    out = max(int(key.split(".")[1]) for key in weights if key.startswith("encoder."))
    return weights | {
        f"encoder.{out}.weight": weights[f"encoder.{out}.weight"][rows],
        f"encoder.{out}.bias": weights[f"encoder.{out}.bias"][rows],
        "decoder.0.weight": weights["decoder.0.weight"][:, order],
    }


def measure(name: str, folder: Path | None) -> Measured:
    """The bound and the error on all test faces, 2,779 draws from the prior against them, and directions of z."""
    model, generator = checkpoints.load(name), torch.Generator().manual_seed(0)
    x = to_tensor(faces(folder, "test"))
    with torch.inference_mode():
        elbo = -torch.cat([loss(model, part, generator) for part in x.split(200)])
        mu, log_var = (torch.cat(part) for part in zip(*(model.encode(p) for p in x.split(200)), strict=True))
        errors = torch.cat([(model.decode(m) - p).square().flatten(1).mean(1)
                            for m, p in zip(mu.split(200), x.split(200), strict=True)])
        z = noise((model.latent,), range(len(x)))
        drawn = torch.cat([model.decode(part) for part in z.split(200)])
    information = kl(mu, log_var).mean(0)
    numbers = {
        "s": model.s, "elbo_all_test_images": round(elbo.mean().item(), 1), "test_images": len(x),
        "root_mean_squared_error": round(errors.mean().sqrt().item(), 4),
        "kl": round(information.sum().item(), 2), "kl_per_dimension": [round(v, 3) for v in information.tolist()],
        **measure_faces(to_uint8(drawn), folder), **size_of(name),
    }
    # Directions: the principal components of the means, one standard deviation long, named by what they change.
    with torch.inference_mode():
        means = torch.cat([model.encode(to_tensor(part))[0] for part in np.array_split(faces(folder, "train"), 120)])
    values, vectors = torch.linalg.eigh(means.T.cov())
    steps = (vectors * values.clamp(min=0).sqrt()).flip(1).T.contiguous()            # (64, 64), the longest first
    names, changes = [], []
    for k in range(SHOWN):
        with torch.inference_mode():
            low, high = (model.decode(z[:200] + a * steps[k]) for a in (-1.5, 1.5))
        effect, change = named(low, high, x)
        if change < 0:
            steps[k] *= -1
        names.append(effect)
        changes.append(round(abs(change), 2))
    for effect in set(names) - {None}:                                       # a name is given once
        same = [k for k in range(SHOWN) if names[k] == effect]
        for k in same:
            names[k] = effect if changes[k] == max(changes[j] for j in same) else None
    directions = dict(
        tensors={"mean": means.mean(0), "steps": steps}, model=None, config={}, half=True,
        made_by=f"python -m train.measure {name} --data ../shared/data --write",
        data="CelebA, 24,000 training faces: mean and principal directions of mu of q(z|x), nobody's own z",
        license=checkpoints.MANIFEST[name]["license"],
        measured={
            "names": names, "change_in_standard_deviations": changes,
            "share_of_variance": [round(v, 4) for v in (values.flip(0) / values.sum())[:SHOWN].tolist()],
        },
    )
    return numbers, {f"{name}-directions": directions}


def main() -> None:
    args = arguments(__doc__, "vae_faces", minutes=45).parse_args()
    pictures = torch.from_numpy(faces(args.data, "train"))
    if args.publish:
        return publish(
            args.run, NAME, "vae_faces.FaceVAE", CONFIG, license=FACES,
            made_by=f"python -m train.vae_faces --data ../shared/data {budget(args)}",
            data="CelebA, 24,000 aligned training faces at 64 px, each also mirrored",
            change=lambda weights: sort_by_information(weights, to_tensor(pictures[:4000])))
    pictures, held = pictures.to(device()), to_tensor(faces(args.data, "test")[:500]).to(device())

    def batch_loss(model: FaceVAE, generator: torch.Generator) -> Tensor:
        picked, mirrored = torch.randint(
            len(pictures), (2, RECIPE.batch), generator=generator, device=pictures.device)
        x = to_tensor(pictures[picked])
        return loss(model, torch.where(mirrored.view(-1, 1, 1, 1) % 2 == 1, x.flip(3), x), generator).mean()

    def progress(model: FaceVAE) -> dict[str, float]:
        generator = torch.Generator(held.device).manual_seed(0)
        with torch.inference_mode():
            parts = [(loss(model, x, generator), kl(*model.encode(x)).sum(1)) for x in held.split(100)]
        bound, cost = (torch.cat(part).mean().item() for part in zip(*parts, strict=True))
        return {"loss_first_500": round(bound, 1), "kl_first_500": round(cost, 2)}

    fit(lambda: FaceVAE(**CONFIG).to(memory_format=torch.channels_last), RECIPE, args.run, args.minutes, batch_loss,
        progress, steps=args.steps)


if __name__ == "__main__":
    main()
