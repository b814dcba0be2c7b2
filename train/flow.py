"""Trains a flow on the latents of faces, second stage of latent diffusion, and saves it as checkpoint `flow-faces`.

    python -m train.flow --data ../shared/data --minutes 65
    python -m train.flow --data ../shared/data --minutes 65 --publish
    python -m train.measure flow-faces --data ../shared/data --write

All training faces and their mirror images go once through the published `autoencoder-faces`; their latents are kept in
the run's folder and made again if its encoder has changed. The loop is in train/loop.py. The same command with
--publish trains nothing: it puts what the run has so far into checkpoints/.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

import checkpoints
from models.autoencoder import Autoencoder, decode, encode
from models.flow import NO, UNKNOWN, YES, Flow, even, guided, interpolate, loss, sample
from models.images import noise, to_uint8
from train.autoencoder import to_model
from train.data import faces
from train.faces import compare, features, load, of_faces
from train.faces import measure as measure_faces
from train.loop import FACES, Recipe, arguments, budget, device, fit, publish
from train.measure import Measured, share_above, size_of

NAME, FIRST_STAGE = "flow-faces", "autoencoder-faces"
# What may be wished for, and what CelebA calls it: no word about who somebody is.
ATTRIBUTES = {
    "glasses": "Eyeglasses", "hat": "Wearing_Hat", "smile": "Smiling", "open mouth": "Mouth_Slightly_Open",
    "bangs": "Bangs", "blond hair": "Blond_Hair", "black hair": "Black_Hair", "wavy hair": "Wavy_Hair",
}
CONFIG = dict(size=8, channels=16, widths=(96, 192), attributes=list(ATTRIBUTES), blocks=2)
RECIPE = Recipe(batch=16, rate=1e-3, clip=1.0, flat=0.5, ema=0.998)

# What is measured.
STEPS, FEW, MANY = 16, (2, 4, 8), 50                           # of Heun's method: of all pictures; compared, on SOME
SOME = 500
PAIRS, GUIDANCE = 60, 1.5                                      # the same noise with a wish and with its contrary


def attributes_of(folder: Path, split: str) -> Tensor:
    """NO or YES for every face, in the order of train.data.faces. -> (n, 8) int64."""
    with np.load(folder / "faces64_attributes.npz") as file:
        columns = [file["names"].tolist().index(name) for name in ATTRIBUTES.values()]
        rows = file["attributes"][:, columns]
    return torch.from_numpy({"train": rows[:24_000], "test": rows[-2_779:]}[split]).long() * (YES - NO) + NO


def encoded(model: Autoencoder, pictures: np.ndarray) -> Tensor:
    """(n, H, W, 3) uint8 -> (n, channels, H / 8, W / 8) float16."""
    parts = np.array_split(pictures, -(-len(pictures) // 200))
    with torch.inference_mode():
        return torch.cat([encode(model, to_model(part)).half() for part in parts]).contiguous()


def fingerprint(model: Autoencoder) -> str:
    """Of everything that makes a latent: a decoder may be trained on, and its latents stay."""
    kept = {k: t for k, t in model.state_dict().items() if not k.startswith("decoder.")}
    return hashlib.sha256(b"".join(t.cpu().float().contiguous().numpy().tobytes() for t in kept.values())).hexdigest()


def latents(run: Path, folder: Path | None) -> dict[str, Tensor]:
    """Faces and their mirror images as "train", and "test": made once for as long as the encoder is the same."""
    kept, model = run / "latents.safetensors", checkpoints.load(FIRST_STAGE)
    made_by = fingerprint(model)
    if kept.exists():
        with safe_open(kept, "pt") as file:
            if file.metadata().get("encoder") == made_by:
                return load_file(kept)
    pictures = faces(folder, "train")
    made = {"train": torch.cat([encoded(model, pictures), encoded(model, pictures[:, :, ::-1].copy())]),
            "test": encoded(model, faces(folder, "test"))}
    run.mkdir(parents=True, exist_ok=True)
    save_file(made, kept, metadata={"encoder": made_by})
    return made


def draw(model: Flow, seeds: Sequence[int], steps: int = STEPS, wish: tuple[int, int] | None = None) -> np.ndarray:
    """Faces, one for each seed. wish: (which attribute, NO or YES). -> (n, 64, 64, 3) uint8."""
    first, parts = checkpoints.load(FIRST_STAGE), []
    for some in np.array_split(np.asarray(seeds), -(-len(seeds) // 50)):
        told = None
        if wish:
            told = torch.full((len(some), len(model.attributes)), UNKNOWN)
            told[:, wish[0]] = wish[1]
        x = noise((model.channels, model.size, model.size), some.tolist())
        *_, (x, _, _) = sample(guided(model, told, GUIDANCE), x, even(steps))
        with torch.inference_mode():
            parts.append(to_uint8(decode(first, x), -1, 1))
    return np.concatenate(parts)


def reader(seen: Tensor, told: Tensor) -> Tensor:
    """Reads an attribute off features, by ridge regression. seen: (n, d), told: (n,) of NO, YES -> (d,)."""
    mean, y = seen.mean(0), (told == YES).double() - (told == YES).double().mean()
    x = (seen - mean).double()
    inner = x.T @ x
    return torch.linalg.solve(inner + 1e-2 * inner.trace() / len(inner) * torch.eye(len(inner)), x.T @ y).float()


def measure(name: str, folder: Path | None) -> Measured:
    """2,779 faces against the test faces; fewer steps against many; and whether wishes are obeyed.

    A wish is judged by a linear reader of the same features, trained on real faces: the share of pairs with the same
    noise in which the face with the wish scores higher than the one with its contrary. Beside it, for test faces, how
    often one that has the attribute scores higher than one that has not.
    """
    model, net = checkpoints.load(name), load()
    whole = measure_faces(draw(model, range(len(faces(folder, "test")))), folder)
    print(whole, flush=True)
    test, seen = of_faces(net, folder, "test"), of_faces(net, folder, "train")
    some = {n: features(net, draw(model, range(SOME), n)) for n in (*FEW, MANY)}
    curve = {n: compare(made, test[:SOME])["fd_mobilenetv2"] for n, made in some.items()}
    print(curve, flush=True)
    known, unseen = attributes_of(folder, "train"), attributes_of(folder, "test")
    obeyed, readable = [], []
    for k in range(len(model.attributes)):
        direction = reader(seen, known[:, k])
        yes, no = (features(net, draw(model, range(PAIRS), 8, (k, wish))) @ direction for wish in (YES, NO))
        obeyed.append(round((yes > no).float().mean().item(), 3))
        scores, has = test @ direction, unseen[:, k] == YES
        readable.append(round(share_above(scores[~has], scores[has]), 3))
        print(model.attributes[k], obeyed[-1], readable[-1], flush=True)
    numbers = {
        **whole, "steps": STEPS, "fd_by_steps": list(curve), "fd_of_500": list(curve.values()),
        "wishes": list(model.attributes), "wishes_obeyed": obeyed, "wishes_readable": readable, "guidance": GUIDANCE,
        **size_of(name),
    }
    return numbers, {}


def main() -> None:
    args = arguments(__doc__, "flow", minutes=65).parse_args()
    if args.publish:
        return publish(
            args.run, NAME, "flow.Flow", CONFIG, license=FACES,
            made_by=f"python -m train.flow --data ../shared/data {budget(args)}",
            data=f"CelebA, 24,000 aligned training faces at 64 px and their mirror images, encoded by {FIRST_STAGE}; "
                 "and eight of their attributes")
    kept = latents(args.run, args.data)
    x, held = kept["train"].to(device()), kept["test"][:500].float().to(device())
    wishes = attributes_of(args.data, "train").to(x.device).repeat(2, 1)         # a mirror image has the same
    wished = attributes_of(args.data, "test")[:500].to(x.device)

    def batch_loss(model: Flow, generator: torch.Generator) -> Tensor:
        picked = torch.randint(len(x), (RECIPE.batch,), generator=generator, device=x.device)
        batch = x[picked].float().contiguous(memory_format=torch.channels_last)
        return loss(model, batch, generator, wishes[picked]).mean()

    def progress(model: Flow) -> dict[str, float]:
        """Squared error of the velocity on test faces, by thirds of time, and what it is with all attributes told."""
        generator, row = torch.Generator(held.device).manual_seed(0), {}
        for name, low in (("early", 0), ("middle", 1), ("late", 2)):
            t = (low + torch.rand(len(held), generator=generator, device=held.device)) / 3
            x_0 = torch.randn(held.shape, generator=generator, device=held.device)
            x_t = interpolate(x_0, held, t)
            for told, attributes in (("", None), ("_told", wished)):
                with torch.inference_mode():
                    error = (model(x_t, t, attributes) - (held - x_0)).square().mean().item()
                row[name + told] = round(error, 4)
        return row

    fit(lambda: Flow(**CONFIG).to(memory_format=torch.channels_last), RECIPE, args.run, args.minutes, batch_loss,
        progress, steps=args.steps)


if __name__ == "__main__":
    main()
