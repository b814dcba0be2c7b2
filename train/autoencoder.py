"""Trains the autoencoder of faces, first stage of latent diffusion, and saves it as checkpoint `autoencoder-faces`.

    python -m train.autoencoder --data ../shared/data --minutes 35
    python -m train.autoencoder --data ../shared/data --minutes 35 --publish
    python -m train.measure autoencoder-faces --data ../shared/data --write

Every face is seen as it is or mirrored. The loop is in train/loop.py. The discriminator comes in when LATE of the
budget is used, and does not ship; from then on the encoder stays as it is, only the decoder learns. The same command
with --publish trains nothing: it puts what the run has so far into checkpoints/, with the mean and deviation of each
channel of z over training faces.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import checkpoints
from models import vae
from models.autoencoder import Adversaries, Autoencoder, adversarial_loss, decode, encode, loss
from models.images import to_uint8
from train.adversarial import real_batch
from train.data import faces
from train.faces import measure as measure_faces
from train.loop import FACES, Recipe, arguments, budget, device, fit, publish
from train.measure import Measured, size_of

NAME, CONFIG = "autoencoder-faces", dict(channels=16, wide=64, deep=160, s=0.06)
RECIPE = Recipe(batch=16, rate=2e-3, clip=1.0, flat=0.5, ema=0.998)
LATE = 0.55


def to_model(pictures: np.ndarray) -> Tensor:
    """(n, H, W, 3) uint8 -> (n, 3, H, W) in [-1, 1], float32."""
    return torch.as_tensor(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


def finished(weights: dict[str, Tensor], pictures: np.ndarray) -> dict[str, Tensor]:
    """The autoencoder alone, and what its channels come to over these pictures. pictures: (n, H, W, 3) uint8."""
    weights = {k.removeprefix("model."): t for k, t in weights.items() if k.startswith("model.")}
    model = Autoencoder(**CONFIG).requires_grad_(False)
    model.load_state_dict(weights)
    z = torch.cat([encode(model, to_model(part)) for part in np.array_split(pictures, -(-len(pictures) // 200))])
    return weights | {"mean": z.mean((0, 2, 3)), "std": z.std((0, 2, 3))}


def measure(name: str, folder: Path | None) -> Measured:
    """The error on all test faces, what z costs, and how far they are from themselves once they come back.

    The distance is of faces to the same faces, so that nothing lost would be 0 and not the floor of other faces.
    """
    model, back, errors, costs = checkpoints.load(name), [], [], []
    with torch.inference_mode():
        for x in to_model(faces(folder, "test")).split(100):
            back.append(decode(model, encode(model, x)))
            errors.append((back[-1] - x).square().mean((1, 2, 3)))
            costs.append(vae.kl(*model(x)).sum((1, 2, 3)))
    numbers = {
        "s": model.s, "root_mean_squared_error": round(torch.cat(errors).mean().sqrt().item(), 4),
        "kl": round(torch.cat(costs).mean().item(), 1), **measure_faces(to_uint8(torch.cat(back), -1, 1), folder),
        **size_of(name),
    }
    return numbers, {}


def main() -> None:
    args = arguments(__doc__, "autoencoder", minutes=35).parse_args()
    pictures = faces(args.data, "train")
    if args.publish:
        return publish(
            args.run, NAME, "autoencoder.Autoencoder", CONFIG, license=FACES,
            made_by=f"python -m train.autoencoder --data ../shared/data {budget(args)}",
            data="CelebA, 24,000 aligned training faces at 64 px, each also mirrored",
            change=lambda weights: finished(weights, pictures[:4000]))
    pictures = torch.from_numpy(pictures).to(device())
    held = to_model(faces(args.data, "test")[:200]).to(device())

    def batch(generator: torch.Generator) -> Tensor:
        return real_batch(pictures, RECIPE.batch, generator).contiguous(memory_format=torch.channels_last)

    def progress(both: Adversaries) -> dict[str, float]:
        """On test faces; what D_psi says of them and of what came back: below 0 is made, above 0 is real."""
        with torch.inference_mode():
            back = decode(both.model, encode(both.model, held))
            bound = loss(both.model, held, torch.Generator(held.device).manual_seed(0)).mean().item()
            real, made = (both.critic(x).mean().item() for x in (held, back))
        error = (back - held).square().mean().sqrt().item()
        return {"loss": round(bound, 4), "root_mean_squared_error": round(error, 4),
                "logit_real": round(real, 3), "logit_made": round(made, 3)}

    fit(lambda: Adversaries(**CONFIG).to(memory_format=torch.channels_last), RECIPE, args.run, args.minutes,
        lambda both, generator: loss(both.model, batch(generator), generator).mean(), progress, steps=args.steps,
        late=(LATE, lambda both, generator: adversarial_loss(both, batch(generator), generator)))


if __name__ == "__main__":
    main()
