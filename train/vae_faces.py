"""Trains a convolutional VAE on faces and saves its averaged weights as checkpoint `vae-faces-64d`.

    python -m train.vae_faces --data ../shared/data --minutes 45
    python -m train.vae_faces --data ../shared/data --minutes 45 --publish
    python -m train.measure vae-faces-64d --data ../shared/data --write

Every face is seen as it is or mirrored. The loop is in train/loop.py. The same command with --publish trains
nothing: it puts what the run has so far into checkpoints/, the dimensions of z sorted by what they carry.
"""

import torch
from torch import Tensor

from models.vae import kl
from models.vae_faces import FaceVAE, loss
from train.data import faces
from train.loop import FACES, Recipe, arguments, device, fit, publish

NAME, CONFIG = "vae-faces-64d", dict(size=64, latent=64, width=32, s=0.5)
RECIPE = Recipe(batch=64, rate=1e-3, clip=1e4, flat=0.3, warmup=500, decay=0.0, ema=0.999, save_every=120)


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


def main() -> None:
    args = arguments(__doc__, "vae_faces", minutes=45).parse_args()
    pictures = torch.from_numpy(faces(args.data, "train"))
    if args.publish:
        return publish(
            args.run, NAME, "vae_faces.FaceVAE", CONFIG, license=FACES,
            made_by=f"python -m train.vae_faces --data ../shared/data --minutes {args.minutes:g}",
            data="CelebA, 24,000 aligned training faces at 64 px, each also mirrored",
            change=lambda weights: sort_by_information(weights, to_tensor(pictures[:4000])))
    pictures, held = pictures.to(device()), to_tensor(faces(args.data, "test")[:500]).to(device())

    def batch_loss(model: FaceVAE, generator: torch.Generator) -> Tensor:
        picked, mirrored = torch.randint(
            len(pictures), (2, RECIPE.batch), generator=generator, device=pictures.device)
        x = to_tensor(pictures[picked])
        return loss(model, torch.where(mirrored.view(-1, 1, 1, 1) % 2 == 1, x.flip(3), x), generator).mean()

    def measure(model: FaceVAE) -> dict[str, float]:
        generator = torch.Generator(held.device).manual_seed(0)
        with torch.inference_mode():
            parts = [(loss(model, x, generator), kl(*model.encode(x)).sum(1)) for x in held.split(100)]
        bound, cost = (torch.cat(part).mean().item() for part in zip(*parts, strict=True))
        return {"loss_first_500": round(bound, 1), "kl_first_500": round(cost, 2)}

    fit(lambda: FaceVAE(**CONFIG).to(memory_format=torch.channels_last), RECIPE, args.run, args.minutes, batch_loss,
        measure)


if __name__ == "__main__":
    main()
