"""The loop that every training shares: a budget in minutes, an averaged model that ships, state that survives a stop.

The budget is in minutes, not epochs, so that a machine of any speed ends with a finished schedule; the clock is
part of the saved state, and the same command goes on after a stop. A larger --minutes goes on from a finished run.
With --steps the budget is counted instead: the same steps on every machine, however busy, which is what a test wants.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

import checkpoints.save

# The terms of what was trained on which data.
DIGITS = "Apache-2.0 for the weights; trained on MNIST (Y. LeCun, C. Cortes: CC BY-SA 3.0), no picture included"
FACES = ("Non-commercial research only: trained on CelebA (Liu, Luo, Wang, Tang 2015), whose terms allow no other use; "
         "no picture included")


@dataclass(frozen=True)
class Recipe:
    batch: int                 # pictures in a step
    rate: float                # peak learning rate of AdamW
    clip: float                # largest norm of the gradient
    flat: float = 0.3          # part of the budget at the peak rate, before it falls linearly to 0
    warmup: int = 200          # steps
    ema: float = 0.999         # per step; the averaged weights are the ones that ship
    decay: float = 0.01        # weight decay
    save_every: float = 180.0  # seconds
    precision: str = "bf16"    # of products, where the machine has it; "fp32" for a net that is worse for it


def arguments(doc: str, family: str, minutes: float) -> argparse.ArgumentParser:
    """What every training can be told."""
    args = argparse.ArgumentParser(description=doc.splitlines()[0])
    args.add_argument("--data", type=Path, help="folder with the data sets; without it they come from the Hub")
    args.add_argument("--minutes", type=float, default=minutes)
    args.add_argument("--steps", type=int, help="a budget counted in steps, instead of --minutes")
    args.add_argument("--run", type=Path, default=Path("train/runs") / family, help="state, log and weights")
    args.add_argument("--publish", action="store_true", help="train nothing: put the run's weights into checkpoints/")
    return args


def device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def budget(args: argparse.Namespace) -> str:
    """As it was on the command line, for made_by."""
    return f"--minutes {args.minutes:g}" if args.steps is None else f"--steps {args.steps}"


def lower(precision: str) -> bool:
    """Whether to multiply in bfloat16: a processor without it takes many times as long, not half."""
    has = device().type == "cuda" or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return precision == "bf16" and has


def rate(recipe: Recipe, step: int, done: float) -> float:
    """Learning rate. done: the part of the budget that is used, 0 to 1."""
    return recipe.rate * min(1.0, step / recipe.warmup) * min(1.0, (1.0 - done) / (1.0 - recipe.flat))


def fit(
    build: Callable[[], nn.Module],
    recipe: Recipe,
    run: Path,
    minutes: float,
    loss: Callable[[nn.Module, torch.Generator], Tensor],  # of one batch, a scalar
    measure: Callable[[nn.Module], dict[str, float]],      # on data not trained on; a row of the log
    steps: int | None = None,                              # the budget, if it is counted
    late: tuple[float, Callable[[nn.Module, torch.Generator], Tensor]] | None = None,  # from this part on: another loss
) -> None:
    """Train, or go on. Saves state.pt, weights.safetensors (averaged, float16) and a row of log.jsonl in `run`."""
    run.mkdir(parents=True, exist_ok=True)
    where = device()
    model, average = build().to(where), build().to(where).requires_grad_(False)
    average.load_state_dict(model.state_dict())
    optimizer = torch.optim.AdamW(model.parameters(), recipe.rate, betas=(0.9, 0.99), weight_decay=recipe.decay)
    generator, state_file = torch.Generator(where), run / "state.pt"
    step, seconds, low = 0, 0.0, lower(recipe.precision)
    if state_file.exists():
        state = torch.load(state_file, map_location=where, weights_only=True)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        step, seconds = state["step"], state["seconds"]
    generator.manual_seed(step)

    def save() -> None:
        state = dict(model=model.state_dict(), average=average.state_dict(), optimizer=optimizer.state_dict(),
                     step=step, seconds=seconds)
        torch.save(state, state_file.with_suffix(".new"))
        state_file.with_suffix(".new").replace(state_file)     # a cut-off save leaves the last one whole
        weights = {k: v.half().cpu().contiguous() for k, v in average.state_dict().items()}
        save_file(weights, run / "weights.safetensors")
        row = dict(minutes=round(seconds / 60, 1), images=step * recipe.batch, **measure(average.eval()))
        print(json.dumps(row), flush=True)
        with (run / "log.jsonl").open("a") as log:
            log.write(json.dumps(row) + "\n")

    clock = saved = time.monotonic()
    while (done := seconds / (60 * minutes) if steps is None else step / steps) < 1:
        for group in optimizer.param_groups:
            group["lr"] = rate(recipe, step, done)
        with torch.autocast(where.type, torch.bfloat16, enabled=low):
            value = (late[1] if late and done >= late[0] else loss)(model, generator)
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        optimizer.step()
        step += 1
        decay = min(recipe.ema, step / (step + 10))            # a young average forgets its random start
        torch._foreach_lerp_(list(average.parameters()), [p.detach() for p in model.parameters()], 1 - decay)
        now = time.monotonic()
        seconds, clock = seconds + now - clock, now
        if now - saved > recipe.save_every:
            save()
            clock = saved = time.monotonic()                   # measuring is not training
    save()


def publish(run: Path, name: str, model: str, config: dict, made_by: str, data: str,
            change: Callable[[dict[str, Tensor]], dict[str, Tensor]] = dict, license: str = DIGITS) -> None:
    """The run's averaged weights into checkpoints/ and its manifest, without numbers: train.measure adds them."""
    weights = {key: t.float() for key, t in load_file(run / "weights.safetensors").items()}
    checkpoints.save.save(
        name, change(weights), model=model, config=config, made_by=made_by, data=data, half=True, license=license)
