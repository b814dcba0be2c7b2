"""Trains the PixelCNN on binary digits and saves its averaged weights as checkpoint `pixelcnn-mnist`.

    python -m train.pixelcnn --data ../shared/data --minutes 108
    python -m train.pixelcnn --data ../shared/data --minutes 108 --publish
    python -m train.measure pixelcnn-mnist --data ../shared/data --write

Bits are drawn anew for every batch ("dynamic"): the paper trains on fixed ones. The budget is in minutes, not
epochs, so that a machine of any speed ends with a finished schedule; the clock is part of the saved state, and
the same command goes on after a stop. A larger --minutes goes on from a finished run. The same command with
--publish trains nothing: it puts what the run has so far into checkpoints/.
"""

import argparse
import json
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

import checkpoints.save
from models.pixelcnn import PixelCNN, loss
from train.data import binary_mnist, mnist

CONFIG = dict(size=28, width=96, inner=32, blocks=10, k_first=7, k=5)
BATCH = 32
RATE = 2e-3                # peak learning rate of AdamW
WARMUP = 200               # steps
FLAT = 0.3                 # part of the budget at the peak rate, before it falls linearly to 0
EMA = 0.999                # per step; the averaged weights are the ones that ship
CLIP = 50.0                # gradient norm; the loss is a sum over 784 pixels
SAVE_EVERY = 180.0         # seconds


def rate(step: int, done: float) -> float:
    """Learning rate. done: the part of the budget that is used, 0 to 1."""
    return RATE * min(1.0, step / WARMUP) * min(1.0, (1.0 - done) / (1.0 - FLAT))


def evaluate(model: PixelCNN, bits: torch.Tensor) -> float:
    """Mean -log p(x) in nats. bits: (n, 1, 28, 28)."""
    with torch.inference_mode():
        return torch.cat([loss(model, x) for x in bits.split(100)]).mean().item()


def publish(run: Path, minutes: float) -> None:
    """The run's averaged weights into checkpoints/ and its manifest, without numbers: train.measure adds them."""
    checkpoints.save.save(
        "pixelcnn-mnist", load_file(run / "weights.safetensors"), model="pixelcnn.PixelCNN", config=CONFIG,
        made_by=f"python -m train.pixelcnn --data ../shared/data --minutes {minutes:g}",
        data="MNIST, 60,000 training digits, bits drawn anew for every batch (dynamic)",
        license="Apache-2.0 for the weights; trained on MNIST (Y. LeCun, C. Cortes: CC BY-SA 3.0), no picture included",
        half=True)


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--data", type=Path, help="folder with mnist.npz; without it the set comes from the Hub")
    args.add_argument("--minutes", type=float, default=120.0)
    args.add_argument("--run", type=Path, default=Path("train/runs/pixelcnn"), help="state, log and weights")
    args.add_argument("--publish", action="store_true", help="train nothing: put the run's weights into checkpoints/")
    args = args.parse_args()
    if args.publish:
        return publish(args.run, args.minutes)
    args.run.mkdir(parents=True, exist_ok=True)

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    grey = torch.from_numpy(mnist(args.data, "train")[0]).to(device)[:, None]
    held = torch.from_numpy(binary_mnist(args.data, "test")[:1000]).float().to(device)[:, None]
    generator = torch.Generator(device)
    model = PixelCNN(**CONFIG).to(device, memory_format=torch.channels_last)
    average = PixelCNN(**CONFIG).to(device).requires_grad_(False)
    average.load_state_dict(model.state_dict())
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.99), weight_decay=0.01)
    step, seconds, state_file = 0, 0.0, args.run / "state.pt"
    if state_file.exists():
        state = torch.load(state_file, map_location=device, weights_only=True)
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
        save_file(weights, args.run / "weights.safetensors")
        nats = round(evaluate(average, held), 2)
        row = dict(minutes=round(seconds / 60, 1), images=step * BATCH, nats_first_1000=nats)
        print(json.dumps(row), flush=True)
        with (args.run / "log.jsonl").open("a") as log:
            log.write(json.dumps(row) + "\n")

    clock = saved = time.monotonic()
    while seconds < 60 * args.minutes:
        for group in optimizer.param_groups:
            group["lr"] = rate(step, seconds / (60 * args.minutes))
        x = grey[torch.randint(len(grey), (BATCH,), generator=generator, device=device)].float() / 255
        x = torch.bernoulli(x, generator=generator)
        with torch.autocast(device.type, torch.bfloat16):
            nats = loss(model, x).mean()
        optimizer.zero_grad(set_to_none=True)
        nats.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        step += 1
        decay = min(EMA, step / (step + 10))                   # a young average forgets its random start
        torch._foreach_lerp_(list(average.parameters()), [p.detach() for p in model.parameters()], 1 - decay)
        now = time.monotonic()
        seconds, clock = seconds + now - clock, now
        if now - saved > SAVE_EVERY:
            save()
            clock = saved = time.monotonic()                   # measuring is not training
    save()


if __name__ == "__main__":
    main()
