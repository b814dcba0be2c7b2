"""Trains GANs on 25 Gaussians, ten runs of each kind, and records what they make on the way: `gan2d-collapse`.

    python -m train.gan2d --steps 16000                     every kind after the other; --kind trains one of them
    python -m train.gan2d --steps 16000 --publish

The data are those of Lin et al. 2018 (PacGAN, arXiv:1712.04086): a grid of 5 by 5, 2 apart, deviation .05. The kinds
differ in D and its loss alone; rate, batch, nets and seeds are the same. All runs of a kind stand side by side in the
same tensors. What is recorded is drawn by G's averaged weights. The same command goes on after a stop, kind by kind.
"""

import json
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

import checkpoints.save
from models import gan2d
from train.loop import Recipe, arguments, rate

NAME = "gan2d-collapse"
CENTRES, DEVIATION = gan2d.grid(5, 2.0), 0.05
KINDS = {                                   # as the lecture meets them: the game as it was, and three cures
    "non-saturating": dict(loss="non-saturating"),
    "packing": dict(loss="non-saturating", pack=4),
    "minibatch deviation": dict(loss="non-saturating", deviation=True),
    "relativistic, R1 + R2": dict(loss="relativistic", gamma=0.1),
}
RUNS, WIDTH, DEPTH = 10, 64, 6              # fewer layers cannot jump from heap to heap
BETAS = (0.0, 0.99)
RECIPE = Recipe(batch=128, rate=2e-3, clip=float("inf"), flat=0.5, ema=0.998)
MOMENTS, SHOWN, COUNTED = 24, 200, 2500     # pictures on the way; points in each; points that are counted
EXTENT = 6.0                                # a point is kept as two bytes, from -EXTENT to EXTENT


def moments(steps: int) -> list[int]:
    """Steps at which a picture is taken: dense at first, the last one the last."""
    return sorted({round(steps ** (k / (MOMENTS - 1))) for k in range(MOMENTS)})


def as_bytes(points: torch.Tensor) -> torch.Tensor:
    """(..., 2) -> uint8 of the same shape; what lies outside of the plane stays at its edge."""
    return ((points / EXTENT + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def train(kind: str, steps: int, until: int | None = None) -> dict[str, torch.Tensor]:
    """-> points (RUNS, moments, SHOWN, 2) uint8, and modes, quality, reverse_kl (RUNS, moments).

    until: stop after so many of the steps.
    """
    how = dict(KINDS[kind])
    seeds = [torch.Generator().manual_seed(seed) for seed in range(RUNS)]
    G = gan2d.generator(WIDTH, DEPTH, seeds)
    average = gan2d.generator(WIDTH, DEPTH, seeds).requires_grad_(False)
    average.load_state_dict(G.state_dict())
    D = gan2d.Discriminator(WIDTH, DEPTH, seeds, how.pop("pack", 1), how.pop("deviation", False))
    loss, gamma = how.pop("loss"), how.pop("gamma", 0.0)
    adams = [torch.optim.Adam(net.parameters(), RECIPE.rate, betas=BETAS) for net in (D, G)]
    others = [torch.Generator().manual_seed(10_000 + k) for k in range(RUNS)]
    z_shown = gan2d.draw(torch.zeros(1, 2), 1.0, COUNTED, others)
    kept, start = {"points": [], "modes": [], "quality": [], "reverse_kl": []}, time.monotonic()
    pictured = set(moments(steps))

    def noise() -> torch.Tensor:
        return gan2d.draw(torch.zeros(1, 2), 1.0, RECIPE.batch * D.pack, seeds)

    def data() -> torch.Tensor:
        return gan2d.draw(CENTRES, DEVIATION, RECIPE.batch * D.pack, seeds)

    for step in range(1, (until or steps) + 1):
        for adam in adams:
            adam.param_groups[0]["lr"] = rate(RECIPE, step, step / (steps + 1))
        adams[0].zero_grad()
        gan2d.loss_d(D, loss, data(), G(noise()), gamma).sum().backward()
        adams[0].step()
        adams[1].zero_grad()
        gan2d.loss_g(D, loss, G(noise()), data() if loss == "relativistic" else None).sum().backward()
        adams[1].step()
        decay = min(RECIPE.ema, step / (step + 10))
        torch._foreach_lerp_(list(average.parameters()), [p.detach() for p in G.parameters()], 1 - decay)
        if step in pictured:
            made = average(z_shown)
            kept["points"].append(as_bytes(made[:, :SHOWN]))
            found = gan2d.counted(made, CENTRES, DEVIATION)
            for name, value in found.items():
                kept[name].append(value.float())
            row = {name: round(value.float().mean().item(), 3) for name, value in found.items()}
            print(json.dumps(dict(kind=kind, step=step, minutes=round((time.monotonic() - start) / 60, 1), **row)),
                  flush=True)
    return {name: torch.stack(values, 1) for name, values in kept.items()}


def main() -> None:
    args = arguments(__doc__, "gan2d", minutes=0)
    args.add_argument("--kind", choices=KINDS)
    args = args.parse_args()
    args.run.mkdir(parents=True, exist_ok=True)
    place = {kind: args.run / f"{kind.partition(',')[0].replace(' ', '-')}.safetensors" for kind in KINDS}
    if args.publish:
        return publish(place, args.steps)
    for kind in [args.kind] if args.kind else KINDS:
        if not place[kind].exists():
            save_file(train(kind, args.steps), place[kind])


def publish(place: dict[str, Path], steps: int) -> None:
    parts = {kind: load_file(file) for kind, file in place.items() if file.exists()}
    counts = ("modes", "quality", "reverse_kl")
    tensors = {name: torch.stack([part[name] for part in parts.values()]) for name in ("points", *counts)}
    measured = {"runs": RUNS, "points": COUNTED}
    for k, kind in enumerate(parts):
        ends = {name: tensors[name][k, :, -1] for name in counts}
        measured[kind] = {name: round(v.mean().item(), 3) for name, v in ends.items()}
        measured[kind] |= {f"{name}_error": round(v.std().item() / RUNS**0.5, 3) for name, v in ends.items()}
    checkpoints.save.save(
        NAME, tensors, model=None, config={"kinds": list(parts), "moments": moments(steps), "extent": EXTENT},
        made_by=f"python -m train.gan2d --steps {steps}", license="Apache-2.0",
        data="25 Gaussians that the command draws itself: a grid of 5 by 5, 2 apart, deviation .05", measured=measured)


if __name__ == "__main__":
    main()
