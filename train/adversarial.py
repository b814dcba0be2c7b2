"""The loop that both GANs share: two networks, an averaged generator that ships, state that survives a stop.

As in train/loop.py the budget is in minutes and the clock is part of the saved state: the same command goes on.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from train.augment import augment
from train.loop import device


@dataclass(frozen=True)
class Recipe:
    batch: int                  # pictures in a step
    rate_g: float               # learning rates of Adam
    rate_d: float
    betas: tuple[float, float]
    half_life: int              # images after which half of the averaged generator is new
    r1: float = 0.0             # gamma of the penalty on D's gradient at real pictures (arXiv:1801.04406, Eq. 9)
    r1_every: int = 16          # steps: lazily, as in StyleGAN2
    penalty_every: int = 8      # steps: of a penalty on G, as lazily
    bf16_cpu: bool = True       # on a processor too: for some shapes the backward pass is faster without
    augmented: bool = True      # a run that sees each picture only a few times needs no help against learning by heart
    flat: float = 0.9           # part of the budget at these rates, before they fall linearly to 0
    save_every: float = 180.0   # seconds


def real_batch(pictures: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """n of the pictures, half of them mirrored. pictures: (N, H, W, 3) uint8 -> (n, 3, H, W) in [-1, 1]."""
    picked, mirrored = torch.randint(len(pictures), (2, n), generator=generator, device=pictures.device)
    x = pictures[picked].permute(0, 3, 1, 2).float() / 127.5 - 1
    return torch.where(mirrored.view(-1, 1, 1, 1) % 2 == 1, x.flip(3), x)


def average(mean: nn.Module, now: nn.Module, share: float) -> None:
    """mean <- mean + share (now - mean); what is counted and not learned (batch norm) is copied."""
    torch._foreach_lerp_(list(mean.parameters()), [p.detach() for p in now.parameters()], share)
    for m, n in zip(mean.buffers(), now.buffers(), strict=True):
        m.copy_(n)


def fit(
    build: Callable[[], tuple[nn.Module, nn.Module]],   # G, D
    recipe: Recipe,
    run: Path,
    minutes: float,
    pictures: Tensor,                                   # (N, H, W, 3) uint8, on the device
    draw: Callable[[nn.Module, int, torch.Generator], Tensor],  # G, n -> n pictures
    loss_d: Callable[[Tensor, Tensor], Tensor],
    loss_g: Callable[[Tensor], Tensor],
    look: Callable[[nn.Module], Tensor],                # averaged G -> pictures for a sheet, saved beside the weights
    moments: tuple[int, ...] = (),                      # images after which G and D are kept as they are
    penalty: Callable[[nn.Module, torch.Generator], Tensor] | None = None,  # of G, added to its loss now and then
    steps: int | None = None,                           # the budget, if it is counted
) -> None:
    """Train, or go on. Saves state.pt, weights.safetensors (averaged G, float16), sheet.png and log.jsonl in `run`."""
    from models.images import grid, to_uint8

    run.mkdir(parents=True, exist_ok=True)
    where, shape = device(), dict(memory_format=torch.channels_last)
    (g, d), (mean, _) = ([net.to(where, **shape) for net in build()] for _ in range(2))
    mean.load_state_dict(g.state_dict())
    mean.requires_grad_(False)
    options = dict(betas=recipe.betas, eps=1e-8)
    adam_g = torch.optim.Adam(g.parameters(), recipe.rate_g, **options)
    adam_d = torch.optim.Adam(d.parameters(), recipe.rate_d, **options)
    parts = dict(g=g, d=d, mean=mean, adam_g=adam_g, adam_d=adam_d)
    step, seconds, file = 0, 0.0, run / "state.pt"
    if file.exists():
        state = torch.load(file, map_location=where, weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(state[name])
        step, seconds = state["step"], state["seconds"]
    generator = torch.Generator(where).manual_seed(step)
    change = augment if recipe.augmented else (lambda x, _: x)
    bf16 = dict(device_type=where.type, dtype=torch.bfloat16, enabled=where.type == "cuda" or recipe.bf16_cpu)
    sums = torch.zeros(3, device=where)                        # D at real, D at fake, steps

    def half(module: nn.Module) -> dict[str, Tensor]:
        return {k: v.half() if v.is_floating_point() else v for k, v in module.state_dict().items()}

    def save() -> None:
        state = {name: part.state_dict() for name, part in parts.items()} | dict(step=step, seconds=seconds)
        torch.save(state, file.with_suffix(".new"))
        file.with_suffix(".new").replace(file)
        save_file({k: v.cpu().contiguous() for k, v in half(mean).items()}, run / "weights.safetensors")
        from PIL import Image

        with torch.inference_mode():
            Image.fromarray(grid(to_uint8(look(mean.eval()).float(), -1, 1), 8)).save(run / "sheet.png")
        real, fake, times = sums.tolist()
        row = dict(minutes=round(seconds / 60, 1), images=step * recipe.batch,
                   logit_real=round(real / max(1, times), 3), logit_fake=round(fake / max(1, times), 3))
        sums.zero_()
        print(json.dumps(row), flush=True)
        with (run / "log.jsonl").open("a") as log:
            log.write(json.dumps(row) + "\n")

    clock = saved = time.monotonic()
    while (done := seconds / (60 * minutes) if steps is None else step / steps) < 1:
        falling = min(1.0, (1 - done) / (1 - recipe.flat))
        for adam, rate in ((adam_g, recipe.rate_g), (adam_d, recipe.rate_d)):
            adam.param_groups[0]["lr"] = falling * rate
        if (past := [m for m in moments if m <= step * recipe.batch]) and not (
            kept := run / f"moment-{past[-1]}.safetensors"
        ).exists():
            both = {f"g.{k}": v for k, v in half(g).items()} | {f"d.{k}": v for k, v in half(d).items()}
            save_file({k: v.cpu().contiguous() for k, v in both.items()}, kept)
        real = real_batch(pictures, recipe.batch, generator).contiguous(**shape)
        with torch.autocast(**bf16):
            fake = draw(g, recipe.batch, generator)
            at_real = d(change(real, generator)).float()
            at_fake = d(change(fake.detach().float(), generator)).float()
            value = loss_d(at_real, at_fake)
        if recipe.r1 and step % recipe.r1_every == 0:
            # In float32: the gradient of a gradient is small.
            x = change(real, generator).detach().requires_grad_()
            (slope,) = torch.autograd.grad(d(x).sum(), x, create_graph=True)
            value = value + recipe.r1_every * recipe.r1 / 2 * slope.square().sum((1, 2, 3)).mean()
        adam_d.zero_grad(set_to_none=True)
        value.backward()
        adam_d.step()

        d.requires_grad_(False)
        with torch.autocast(**bf16):
            value = loss_g(d(change(fake.float(), generator)).float())
        if penalty and step % recipe.penalty_every == 0:
            value = value + recipe.penalty_every * penalty(g, generator)  # in float32, as R1
        adam_g.zero_grad(set_to_none=True)
        value.backward()
        adam_g.step()
        d.requires_grad_(True)

        step += 1
        # A young average forgets its random start.
        half_life = min(recipe.half_life, 0.05 * step * recipe.batch + 1)
        average(mean, g, 1 - 0.5 ** (recipe.batch / half_life))
        sums += torch.stack([at_real.detach().mean(), at_fake.detach().mean(), torch.ones((), device=where)])
        now = time.monotonic()
        seconds, clock = seconds + now - clock, now
        if now - saved > recipe.save_every:
            save()
            clock = saved = time.monotonic()
    save()
