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

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import checkpoints
from models.dcgan import loss_d, loss_g
from models.images import noise, to_uint8
from models.projection import project, spread
from models.stylegan import Discriminator, Generator, broadcast, mix, path_lengths, truncate
from models.vae import slerp
from train.adversarial import Recipe, fit
from train.data import faces
from train.faces import at_32_pixels, features, load
from train.faces import measure as measure_faces
from train.loop import FACES, arguments, budget, device, publish
from train.measure import Measured, size_of

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

# What is measured.
PSIS = (0.3, 0.5, 0.7)                                         # truncations that the page plots beside 1
PAIRS, FRAMES = 50, 17                                         # walks from one face to another
PLACES, STEP = 1500, 0.03                                      # on other walks, and the part of a walk between looks
SEARCHES, STEPS = 16, 200                                      # faces drawn, then searched for


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


def measure(name: str, folder: Path | None) -> Measured:
    """2,779 draws against the test faces, at several psi; walks in z and in w; what noise changes; searches."""
    model, net = checkpoints.load(name), load()
    generator, n = torch.Generator().manual_seed(0), len(faces(folder, "test"))

    def draw(w: Tensor, psi: float = 1.0, kind: str = "new") -> np.ndarray:
        parts = []
        with torch.inference_mode():
            for part in truncate(broadcast(w, model.layers), model.mapping.w_avg, psi).split(100):
                parts.append(model.synthesis(part, model.noise(kind, generator, len(part))))
        return to_uint8(torch.cat(parts), -1, 1)

    w = model.mapping(noise((model.latent,), range(n)))
    whole = measure_faces(draw(w), folder)
    print(whole, flush=True)
    curve = {psi: at_32_pixels(net, draw(w, psi), folder) for psi in PSIS} | {1.0: whole}

    # The same 50 pairs, straight in z and straight in w; a path's length is the sum of its steps.
    t = torch.linspace(0, 1, FRAMES)[:, None]
    z = noise((model.latent,), range(2 * PAIRS)).view(PAIRS, 2, 1, -1)
    ends = w[:2 * PAIRS].view(PAIRS, 2, 1, -1)
    walks = {"z": model.mapping((z[:, 0] + t * (z[:, 1] - z[:, 0])).flatten(0, 1)),
             "w": (ends[:, 0] + t * (ends[:, 1] - ends[:, 0])).flatten(0, 1)}
    pixels, seen = {}, {}
    for where, way in walks.items():
        frames = draw(way, 0.7, "fixed")
        steps = torch.from_numpy(frames).float().view(PAIRS, FRAMES, -1).diff(dim=1)
        pixels[where] = steps.square().mean(2).sqrt().sum().item()
        seen[where] = features(net, frames).view(PAIRS, FRAMES, -1).diff(dim=1).norm(dim=2).sum().item()

    # Perceptual path length, arXiv:1812.04948, section 4.1: the mean square of a small step, at any place of a walk,
    # by slerp in z, without truncation. Ours sees with MobileNetV2.
    a, b = (noise((model.latent,), range(first, first + PLACES)) for first in (0, PLACES))
    at = torch.rand(PLACES, 1, generator=generator) * (1 - STEP)
    squared = {}
    for where, road in {"z": lambda t: model.mapping(torch.cat([*map(slerp, a, b, t)])),
                        "w": lambda t: model.mapping(a).lerp(model.mapping(b), t)}.items():
        before, after = (features(net, draw(road(t), kind="fixed")) for t in (at, at + STEP))
        squared[where] = (after - before).square().sum(1).mean().item()

    # Faces drawn and then searched for, against where a search could begin: the mean face, or some other face.
    targets = truncate(broadcast(w[:SEARCHES], model.layers), model.mapping.w_avg, 0.7)
    others = truncate(broadcast(w[SEARCHES:2 * SEARCHES], model.layers), model.mapping.w_avg, 0.7)
    around, apart = spread(model, noise((model.latent,), range(20_000, 24_000))), []
    with torch.inference_mode():
        x, other = (model.synthesis(ws, model.noise()) for ws in (targets, others))
    for k in range(SEARCHES):
        errors = [error for _, error in project(model, around, x[k:k + 1], STEPS, generator)]
        apart.append((errors[-1], errors[0], (x[k] - other[k]).square().mean().item()))
        print(f"searched for {k + 1} of {SEARCHES} faces", flush=True)
    found, mean_face, another = (127.5 * np.sqrt(apart)).mean(0).round(2).tolist()

    one = w[:1].expand(100, -1)
    numbers = {
        **whole,
        "searches": SEARCHES, "search_steps": STEPS, "found_grey_levels": found,
        "mean_face_grey_levels": mean_face, "another_face_grey_levels": another,
        "psi": list(curve),
        **{f"psi_{key}": [c[key] for c in curve.values()]
           for key in ("fd_mobilenetv2_at_32", "precision_at_32", "recall_at_32")},
        "path_w_over_z_pixels": round(pixels["w"] / pixels["z"], 3),
        "path_w_over_z_mobilenetv2": round(seen["w"] / seen["z"], 3),
        "ppl_w_over_z": round(squared["w"] / squared["z"], 3),
        "deviation_by_noise": round(float(draw(one).std(0).mean()), 2),
        "deviation_by_seed": round(float(draw(w[:100], 1.0, "off").std(0).mean()), 2),
        **size_of(name),
    }
    return numbers, {}


def main() -> None:
    args = arguments(__doc__, "stylegan", minutes=100)
    args.add_argument("--size", type=int, choices=list(WIDTHS), default=64)
    args.add_argument("--grow", type=Path, help="a finished run at half the size, to start from")
    args = args.parse_args()
    if args.publish:
        return publish(args.run, NAME, "stylegan.Generator", config(args.size), license=FACES,
                       made_by=f"python -m train.stylegan --data ../shared/data --size {args.size} "
                               f"{budget(args)}", data=DATA.format(size=args.size),
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
        penalty=PathPenalty(recipe.batch // 2), steps=args.steps)


def _shifted(key: str) -> str:
    part, number, *rest = key.split(".")
    return ".".join([part, str(int(number) + 1), *rest]) if part == "blocks" else key


if __name__ == "__main__":
    main()
