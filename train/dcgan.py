"""Trains a DCGAN on faces and saves its averaged generator as checkpoint `dcgan-faces`, and moments of its training.

    python -m train.dcgan --data ../shared/data --minutes 110
    python -m train.dcgan --data ../shared/data --minutes 110 --publish
    python -m train.measure dcgan-faces --data ../shared/data --write

The loop is in train/adversarial.py. G and D are kept as they are after so many images (MOMENTS); --publish puts those
in SHOWN into checkpoints/ beside the averaged generator, as `dcgan-faces-moments`, with D as it was then.
"""

from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

import checkpoints.save
from models.dcgan import Discriminator, Generator, loss_d, loss_g, sample
from models.images import noise, to_uint8
from train.adversarial import Recipe, fit
from train.data import faces
from train.faces import measure as measure_faces
from train.loop import FACES, arguments, budget, device
from train.measure import Measured, size_of

NAME, CONFIG = "dcgan-faces", dict(latent=100, width=32)
RECIPE = Recipe(batch=64, rate_g=2e-4, rate_d=2e-4, betas=(0.5, 0.999), half_life=20_000)
MOMENTS = (0, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 512_000, 1_000_000, 2_000_000)
SHOWN = (0, 2_000, 8_000, 32_000, 128_000, 512_000)            # the last moment is the averaged generator
DATA = "CelebA, 24,000 aligned training faces at 64 px, half of them mirrored"


def settle(model: nn.Module, batches: Iterable[Tensor]) -> dict[str, Tensor]:
    """The model's weights with batch statistics of its own, over all these batches, not those of its last steps."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None                             # all batches count alike
    with torch.no_grad():
        for batch in batches:
            model.train()(batch)
    return {key: t for key, t in model.eval().state_dict().items() if "num_batches" not in key}


def settled(g: dict[str, Tensor], d: dict[str, Tensor], real: Tensor) -> dict[str, Tensor]:
    """G and D of one moment. D meets real and generated pictures half and half. real: (n, 3, 64, 64) in [-1, 1]."""
    generator, discriminator = Generator(**CONFIG), Discriminator(CONFIG["width"])
    generator.load_state_dict(g)
    discriminator.load_state_dict(d)
    z = noise((CONFIG["latent"],), range(len(real))).split(100)
    g = settle(generator, z)
    with torch.no_grad():
        both = [torch.cat([x, generator(part)]) for x, part in zip(real.split(100), z, strict=True)]
    return {f"g.{k}": t for k, t in g.items()} | {f"d.{k}": t for k, t in settle(discriminator, both).items()}


def put(run: Path, made_by: str, real: Tensor) -> None:
    """Two entries: the averaged generator, and the moments with D as it was then, but for the very first."""
    state = torch.load(run / "state.pt", map_location="cpu", weights_only=True)
    images = state["step"] * RECIPE.batch
    last = settled(state["mean"], state["d"], real)
    options = dict(half=True, license=FACES, made_by=made_by, data=DATA)
    checkpoints.save.save(
        NAME, {k.removeprefix("g."): t for k, t in last.items() if k.startswith("g.")},
        model="dcgan.Generator", config=CONFIG, measured={"images": images}, **options)
    tensors = {f"{images}.{k}": t for k, t in last.items() if k.startswith("d.")}
    for moment in SHOWN:
        kept = load_file(run / f"moment-{moment}.safetensors")
        g, d = ({k[2:]: t.float() if t.is_floating_point() else t for k, t in kept.items() if k[0] == net}
                for net in "gd")
        tensors |= {f"{moment}.{k}": t for k, t in settled(g, d, real).items() if moment or k.startswith("g.")}
    checkpoints.save.save(f"{NAME}-moments", tensors, model=None, config={}, measured={"images": [*SHOWN, images]},
                          **options)


def measure(name: str, folder: Path | None) -> Measured:
    """2,779 draws against the test faces."""
    model = checkpoints.load(name)
    z = noise((model.latent,), range(len(faces(folder, "test"))))
    drawn = torch.cat([sample(model, part) for part in z.split(200)])
    return {**measure_faces(to_uint8(drawn, -1, 1), folder), **size_of(name)}, {}


def main() -> None:
    args = arguments(__doc__, "dcgan", minutes=110).parse_args()
    if args.publish:
        real = torch.from_numpy(faces(args.data, "train")[:2000]).permute(0, 3, 1, 2).float() / 127.5 - 1
        return put(args.run, f"python -m train.dcgan --data ../shared/data {budget(args)}", real)
    pictures = torch.from_numpy(faces(args.data, "train")).to(device())
    latent = CONFIG["latent"]

    def draw(g: Generator, n: int, generator: torch.Generator) -> Tensor:
        return g(torch.randn(n, latent, generator=generator, device=pictures.device))

    fit(lambda: (Generator(**CONFIG), Discriminator(CONFIG["width"])), RECIPE, args.run, args.minutes, pictures, draw,
        loss_d, loss_g, look=lambda g: g(noise((latent,), range(64)).to(pictures.device)), moments=MOMENTS,
        steps=args.steps)


if __name__ == "__main__":
    main()
