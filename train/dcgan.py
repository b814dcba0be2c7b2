"""Trains a DCGAN on faces and saves its averaged generator as checkpoint `dcgan-faces`, and moments of its training.

    python -m train.dcgan --data ../shared/data --minutes 110
    python -m train.dcgan --data ../shared/data --minutes 110 --publish
    python -m train.measure dcgan-faces --data ../shared/data --write

The loop is in train/adversarial.py. G and D are kept as they are after so many images (MOMENTS); --publish puts those
in SHOWN into checkpoints/ beside the averaged generator, as `dcgan-faces-moments`.
"""

import torch
from safetensors.torch import load_file
from torch import Tensor

import checkpoints.save
from models.dcgan import Discriminator, Generator, loss_d, loss_g
from models.images import noise
from train.adversarial import Recipe, fit
from train.data import faces
from train.loop import FACES, arguments, device, publish

NAME, CONFIG = "dcgan-faces", dict(latent=100, width=32)
RECIPE = Recipe(batch=64, rate_g=2e-4, rate_d=2e-4, betas=(0.5, 0.999), half_life=20_000)
MOMENTS = (0, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 512_000, 1_000_000, 2_000_000)
SHOWN = (0, 4_000, 16_000, 64_000, 256_000)                    # the last moment is the averaged generator
DATA = "CelebA, 24,000 aligned training faces at 64 px, half of them mirrored"


def settle(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The averaged generator with batch statistics of its own, over 4,000 pictures, not those of the last batches."""
    model = Generator(**CONFIG)
    model.load_state_dict(weights)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None                             # all batches count alike
    with torch.no_grad():
        for seeds in torch.arange(4_000).split(100):
            model(noise((CONFIG["latent"],), seeds.tolist()))
    return {key: value for key, value in model.state_dict().items() if "num_batches" not in key}


def main() -> None:
    args = arguments(__doc__, "dcgan", minutes=110).parse_args()
    made_by = f"python -m train.dcgan --data ../shared/data --minutes {args.minutes:g}"
    if args.publish:
        publish(args.run, NAME, "dcgan.Generator", CONFIG, license=FACES, made_by=made_by, data=DATA, change=settle)
        kept = {m: load_file(args.run / f"moment-{m}.safetensors") for m in SHOWN}
        return checkpoints.save.save(
            f"{NAME}-moments", {f"{m}.{key}": t.float() for m, part in kept.items() for key, t in part.items()
                                if "num_batches" not in key},
            model=None, config={}, half=True, license=FACES, made_by=made_by, data=DATA)
    pictures = torch.from_numpy(faces(args.data, "train")).to(device())
    latent = CONFIG["latent"]

    def draw(g: Generator, n: int, generator: torch.Generator) -> Tensor:
        return g(torch.randn(n, latent, generator=generator, device=pictures.device))

    fit(lambda: (Generator(**CONFIG), Discriminator(CONFIG["width"])), RECIPE, args.run, args.minutes, pictures, draw,
        loss_d, loss_g, look=lambda g: g(noise((latent,), range(64)).to(pictures.device)), moments=MOMENTS)


if __name__ == "__main__":
    main()
