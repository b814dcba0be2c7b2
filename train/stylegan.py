"""Trains StyleGAN2 on faces and saves its averaged generator as checkpoint `stylegan-faces`.

    python -m train.stylegan --data ../shared/data --size 64 --minutes 25           # a GPU
    python -m train.stylegan --data ../shared/data --size 32 --minutes 100          # a processor
    python -m train.stylegan --size 32 --minutes 100 --publish
    python -m train.measure stylegan-faces --data ../shared/data --write

Mixing regularisation, the non-saturating loss, R1 on every sixteenth step and path length regularisation on every
eighth (lazily, as in the paper), DiffAugment at 64.
The loop is in train/adversarial.py. At 32 px a processor sees enough pictures for faces; --grow FOLDER starts a run
at 64 px from the finished run at 32 px: the same blocks, one more at the end of G and one in front of D.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from models.dcgan import loss_d, loss_g
from models.images import noise
from models.stylegan import Discriminator, Generator, broadcast, mix, path_lengths
from train.adversarial import Recipe, fit
from train.data import faces
from train.loop import FACES, arguments, device, publish

NAME = "stylegan-faces"
LATENT, DEPTH = 128, 4
WIDTHS = {32: (128, 128, 64, 48), 64: (128, 128, 128, 96, 64)}  # channels at 4x4, 8x8, ... of G and of D
RECIPES = {
    32: Recipe(batch=32, rate_g=1.5e-3, rate_d=2e-3, betas=(0.0, 0.99), half_life=30_000, r1=0.005,
               bf16_cpu=False, augmented=False),
    64: Recipe(batch=64, rate_g=2e-3, rate_d=2e-3, betas=(0.0, 0.99), half_life=20_000, r1=0.02,
               bf16_cpu=False),
}
MIXED = 0.9                                                    # of the pictures have two styles, as in the paper
PATH = 2.0                                                     # weight of the path length regularisation
DATA = "CelebA, 24,000 aligned training faces at {size} px, half of them mirrored"


def config(size: int) -> dict:
    return dict(size=size, widths=list(WIDTHS[size]), latent=LATENT, depth=DEPTH)


def shrink(pictures: Tensor, size: int) -> Tensor:
    """(N, 64, 64, 3) uint8 -> (N, size, size, 3) uint8, each pixel the mean of those it covers."""
    k = pictures.shape[1] // size
    if k == 1:
        return pictures
    parts = [F.avg_pool2d(p.permute(0, 3, 1, 2).float(), k).round().byte() for p in pictures.split(1000)]
    return torch.cat(parts).permute(0, 2, 3, 1).contiguous()


def settle(weights: dict[str, Tensor], size: int) -> dict[str, Tensor]:
    """With the mean of the averaged mapping's own w, over 10,000 z; while training it follows the newest weights."""
    model = Generator(**config(size)).requires_grad_(False)
    model.load_state_dict(weights)
    return weights | {"mapping.w_avg": model.mapping(noise((LATENT,), range(10_000))).mean(0)}


def draw(g: Generator, n: int, generator: torch.Generator) -> Tensor:
    """n pictures as training sees them: new noise, and for most a second style from some layer on."""
    where = g.mapping.w_avg.device
    a, b = g.mapping(torch.randn(2 * n, g.latent, generator=generator, device=where)).chunk(2)
    g.mapping.w_avg.lerp_(a.detach().float().mean(0), 0.005)
    start = torch.randint(1, g.layers, (), generator=generator, device=where).item()
    both = mix(broadcast(a, g.layers), broadcast(b, g.layers), range(start, g.layers))
    mixed = torch.rand(n, 1, 1, generator=generator, device=where) < MIXED
    ws = torch.where(mixed, both, broadcast(a, g.layers))
    return g.synthesis(ws, g.noise("new", generator, n))


class PathPenalty:
    """(|J^T y| - a)^2, where a follows the mean of |J^T y|: a step in w should change every picture as much.

    The paper's section 3.2. A run that goes on after a stop follows the mean from its first batch again.
    """

    def __init__(self, n: int):
        self.n, self.a = n, None

    def __call__(self, g: Generator, generator: torch.Generator) -> Tensor:
        where = g.mapping.w_avg.device
        ws = broadcast(g.mapping(torch.randn(self.n, g.latent, generator=generator, device=where)), g.layers)
        x = g.synthesis(ws, g.noise("new", generator, self.n))
        lengths = path_lengths(x, ws, torch.randn(x.shape, generator=generator, device=where))
        mean = lengths.detach().mean()
        self.a = mean if self.a is None else self.a.lerp(mean, 0.01)
        return PATH * (lengths - self.a).square().mean()


def main() -> None:
    args = arguments(__doc__, "stylegan", minutes=100)
    args.add_argument("--size", type=int, choices=list(WIDTHS), default=64)
    args.add_argument("--grow", type=Path, help="a finished run at half the size, to start from")
    args = args.parse_args()
    if args.publish:
        return publish(args.run, NAME, "stylegan.Generator", config(args.size), license=FACES,
                       made_by=f"python -m train.stylegan --data ../shared/data --size {args.size} "
                               f"--minutes {args.minutes:g}", data=DATA.format(size=args.size),
                       change=lambda weights: settle(weights, args.size))
    pictures = shrink(torch.from_numpy(faces(args.data, "train")), args.size).to(device())

    def build() -> tuple[Generator, Discriminator]:
        g, d = Generator(**config(args.size)), Discriminator(args.size, WIDTHS[args.size])
        if args.grow:
            state = torch.load(args.grow / "state.pt", map_location="cpu", weights_only=True)
            for net, old in ((g, state["g"]), (d, state["d"])):
                own = net.state_dict()
                # D counts its blocks from the picture inwards: an old block k is the new block k + 1.
                old = {_shifted(key) if net is d else key: value for key, value in old.items()}
                net.load_state_dict(own | {k: v for k, v in old.items() if k in own and own[k].shape == v.shape})
        return g, d

    look = noise((LATENT,), range(64)).to(pictures.device)
    recipe = RECIPES[args.size]
    fit(build, recipe, args.run, args.minutes, pictures, draw, loss_d, loss_g, look=lambda g: g(look),
        penalty=PathPenalty(recipe.batch // 2))


def _shifted(key: str) -> str:
    part, number, *rest = key.split(".")
    return ".".join([part, str(int(number) + 1), *rest]) if part == "blocks" else key


if __name__ == "__main__":
    main()
