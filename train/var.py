"""Trains the quantizer of VAR, VAR and its rival: checkpoints `var-vq-mnist`, `var-mnist`, `var-raster-mnist`.

    python -m train.var var-vq-mnist --data ../shared/data --minutes 8
    python -m train.var var-vq-mnist --data ../shared/data --minutes 8 --publish
    python -m train.measure var-vq-mnist --data ../shared/data --write

and the same for the other two, which learn from the codes that the published quantizer gives the training digits. Both
have the same size, codes and time. One digit in ten is shown without its name. The loop is in train/loop.py.
"""

from pathlib import Path

import torch
from torch import Tensor

import checkpoints
from models.images import noise
from models.var import (
    SCALES,
    VAR,
    MultiScaleVQ,
    known,
    loss,
    quantized,
    sample,
    sample_raster,
    vq_loss,
)
from models.vqvae import revive
from train.classifier import grey, verdict
from train.features import distances
from train.image_gpt import UNNAMED
from train.loop import Recipe, arguments, budget, device, fit, publish
from train.measure import Measured, mean_and_error, size_of
from train.vqvae import EVERY, perplexity

VQ = "var-vq-mnist"
PRIOR = dict(scales=SCALES, vocabulary=256, dim=16, width=128, blocks=4, heads=4)
CONFIGS = {
    VQ: dict(scales=SCALES, channels=1, widths=(32, 64), codes=256, dim=16),
    "var-mnist": PRIOR,
    "var-raster-mnist": PRIOR | dict(raster=True),
}
RECIPES = {
    VQ: Recipe(batch=64, rate=1e-3, clip=100.0, flat=0.5, ema=0.998, decay=0.0, save_every=60),
    "var-mnist": Recipe(batch=64, rate=2e-3, clip=1.0, flat=0.4, ema=0.998, decay=0.02),
    "var-raster-mnist": Recipe(batch=64, rate=2e-3, clip=1.0, flat=0.4, ema=0.998, decay=0.02),
}
SAMPLES = 5_000
GUIDANCE = 1.5                                                 # with which digits are drawn to be measured


def codes(vq: MultiScaleVQ, x: Tensor) -> Tensor:
    """All grids of pictures, one after the other. x: (n, 1, 28, 28) in [0, 1] -> (n, tokens)."""
    with torch.inference_mode():
        return torch.cat([torch.cat([k.flatten(1) for k in quantized(vq, vq.encode(part))[0]], 1)
                          for part in x.split(500)])


def piled(vq: MultiScaleVQ, tokens: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Grids and sums again, as `quantized` gives them. tokens: (B, tokens)."""
    parts = tokens.split([s * s for s in vq.scales], 1)
    grids = [k.unflatten(1, (s, s)) for k, s in zip(parts, vq.scales, strict=True)]
    sums, so_far = [], 0
    for level, k in enumerate(grids):
        so_far = so_far + vq.added(level, vq.look_up(k))
        sums.append(so_far)
    return grids, sums


def decoded(vq: MultiScaleVQ, tokens: Tensor) -> Tensor:
    """(n, tokens) -> (n, 1, 28, 28) in [0, 1]."""
    with torch.inference_mode():
        return torch.cat([vq.decode(piled(vq, part)[1][-1]).clamp(0, 1) for part in tokens.split(500)])


def pictures(name: str, y: Tensor, seed: int = 0, guidance: float = GUIDANCE) -> Tensor:
    """Digits of these classes, from the seeds that follow `seed`. y: (n,) -> (n, 1, 28, 28) in [0, 1]."""
    model, vq, parts = checkpoints.load(name), checkpoints.load(VQ), []
    draw = sample_raster if model.raster else sample
    uniforms = noise((model.tokens,), range(seed, seed + len(y)), "uniform")
    for some, u in zip(y.split(250), uniforms.split(250), strict=True):
        *_, (_, f) = draw(model, vq, some, u, guidance)
        with torch.inference_mode():
            parts.append(vq.decode(f).clamp(0, 1))
    return torch.cat(parts)


def measure(name: str, folder: Path | None) -> Measured:
    """Of the quantizer its error and use of codes; of the others nats, and how far they are from test digits."""
    vq = checkpoints.load(VQ)
    x, y = grey(folder, "test")
    tokens = codes(vq, x)
    if name == VQ:
        back = decoded(vq, tokens)
        numbers = {
            "test_images": len(x), "squared_error": round((back - x).square().mean().item(), 5),
            "codes_used": round(tokens.unique().numel() / vq.codes, 4),
            "perplexity": round(perplexity(tokens, vq.codes), 1),
        }
        return numbers | distances({"reconstructions": back}, folder) | size_of(name), {}
    model = checkpoints.load(name)
    with torch.inference_mode():
        nats = torch.cat([loss(model, a, known(model, vq, *piled(vq, b)), b)
                          for a, b in zip(y.split(500), tokens.split(500), strict=True)])
    mean, error = mean_and_error(nats)
    asked = torch.arange(SAMPLES) % model.classes
    made = pictures(name, asked)
    named, sure = verdict(made)
    return {
        "test_images": len(x), "nats_per_picture": round(mean, 2), "standard_error": round(error, 2),
        "guidance": GUIDANCE, "passes": model.tokens if model.raster else len(model.scales),
        "classifier_agrees": round((named == asked).float().mean().item(), 4),
        "clear_digits": round(sure.item(), 4),
    } | distances({"samples": made}, folder) | size_of(name), {}


def main() -> None:
    args = arguments(__doc__, "var", minutes=10)
    args.add_argument("name", choices=CONFIGS)
    args = args.parse_args()
    run, config, recipe = args.run / args.name, CONFIGS[args.name], RECIPES[args.name]
    if args.publish:
        return publish(
            run, args.name, "var.MultiScaleVQ" if args.name == VQ else "var.VAR", config,
            made_by=f"python -m train.var {args.name} --data ../shared/data {budget(args)}",
            data="MNIST, 60,000 training digits, grey" if args.name == VQ
            else f"codes of {VQ} for all training digits of MNIST, and their names")
    (x, y), (held, held_y) = ([t.to(device()) for t in grey(args.data, split)] for split in ("train", "test"))
    held, held_y = held[:1000], held_y[:1000]
    if args.name == VQ:
        counts, steps = torch.zeros(config["codes"], device=x.device), 0

        def vq_batch(model: MultiScaleVQ, generator: torch.Generator) -> Tensor:
            nonlocal steps
            batch = x[torch.randint(len(x), (recipe.batch,), generator=generator, device=x.device)]
            steps += 1
            with torch.no_grad():
                f = model.encode(batch)
                if steps % EVERY == 0:
                    revive(model, counts == 0, f, generator)
                    counts.zero_()
                for k in quantized(model, f)[0]:
                    counts.add_(k.flatten().bincount(minlength=model.codes))
            return vq_loss(model, batch).mean()

        def vq_progress(model: MultiScaleVQ) -> dict[str, float]:
            k = codes(model, held)
            return {"squared_error_first_1000": round((decoded(model, k) - held).square().mean().item(), 5),
                    "codes_used": round(k.unique().numel() / model.codes, 3),
                    "perplexity": round(perplexity(k, model.codes), 1)}

        return fit(lambda: MultiScaleVQ(**config), recipe, run, args.minutes, vq_batch, vq_progress, steps=args.steps)

    vq = checkpoints.load(VQ).to(device())
    tokens, held_tokens = codes(vq, x), codes(vq, held)

    def batch_loss(model: VAR, generator: torch.Generator) -> Tensor:
        picked = torch.randint(len(tokens), (recipe.batch,), generator=generator, device=tokens.device)
        unnamed = torch.rand(len(picked), generator=generator, device=tokens.device) < UNNAMED
        with torch.no_grad():
            read = known(model, vq, *piled(vq, tokens[picked]))
        return loss(model, y[picked].where(~unnamed, model.classes), read, tokens[picked]).mean() / model.tokens

    def progress(model: VAR) -> dict[str, float]:
        with torch.inference_mode():
            nats = loss(model, held_y, known(model, vq, *piled(vq, held_tokens)), held_tokens)
        return {"nats_first_1000": round(nats.mean().item(), 2)}

    fit(lambda: VAR(**config), recipe, run, args.minutes, batch_loss, progress, steps=args.steps)


if __name__ == "__main__":
    main()
