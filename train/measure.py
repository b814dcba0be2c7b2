"""Measures a checkpoint on the whole test set; --write puts the numbers into the manifest.

    python -m train.measure pixelcnn-mnist --data ../shared/data --write

Whatever is measured is what checkpoints.load() returns, not what training had in memory. A family is one
function below and one line in FAMILIES; the same function makes the small derived data that its tab shows.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import checkpoints
import checkpoints.save
from train.data import binary_mnist, mnist

# Entry name -> (numbers, derived entries: {name: keyword arguments of checkpoints.save.save}).
Measured = tuple[dict[str, Any], dict[str, dict[str, Any]]]


def mean_and_error(x: Tensor) -> tuple[float, float]:
    """The mean and its standard error. x: (n,)."""
    return x.mean().item(), x.std().item() / len(x) ** 0.5


def share_above(a: Tensor, b: Tensor) -> float:
    """How often a draw from b exceeds one from a: the area under the ROC curve. a: (n,), b: (m,)."""
    a = a.sort().values
    below, up_to = torch.searchsorted(a, b), torch.searchsorted(a, b, right=True)
    return (below + up_to).double().mean().item() / 2 / len(a)      # a tie counts one half


def size_of(name: str) -> dict[str, int]:
    model = checkpoints.load(name)
    return {"parameters": sum(p.numel() for p in model.parameters()), "bytes": checkpoints.path(name).stat().st_size}


def pixelcnn(name: str, folder: Path | None) -> Measured:
    """-log p of the 10,000 fixed test digits; and of 1,000 pictures of clothes, which it has never seen."""
    from models.pixelcnn import loss

    model = checkpoints.load(name)

    def nats(bits: np.ndarray) -> Tensor:
        x = torch.from_numpy(bits).float()[:, None]
        with torch.inference_mode():
            return torch.cat([loss(model, part) for part in x.split(25)])

    digits = nats(binary_mnist(folder, "test"))
    mean, error = mean_and_error(digits)
    numbers = {
        "nats_per_image": round(mean, 3), "standard_error": round(error, 3),
        "bits_per_pixel": round(mean / np.log(2) / model.size**2, 5),
        "test_images": len(digits), "trained": "dynamic", **size_of(name),
    }
    if folder is None:
        print("Without --data there is no Fashion-MNIST, so the scores for the histogram are left as they are.")
        return numbers, {}

    with np.load(folder / "fashion.npz") as file:
        grey = file["x_test"][:1000]
    fashion = nats((np.random.default_rng(0).random(grey.shape) < grey / 255).astype(np.uint8))
    scores = dict(
        tensors={"digits": digits, "fashion": fashion}, model=None, config={},
        made_by=f"python -m train.measure {name} --data ../shared/data --write",
        data="-log p in nats of the 10,000 fixed MNIST test bits (digits) and of the first 1,000 Fashion-MNIST "
             "test pictures, made binary in the same way with default_rng(0) (fashion)",
        license="Apache-2.0; numbers only, no picture of MNIST (CC BY-SA 3.0) or Fashion-MNIST (MIT)",
        measured={
            "digits_mean": round(mean, 3), "fashion_mean": round(fashion.mean().item(), 3),
            "digits_99th_percentile": round(digits.quantile(0.99).item(), 3),
            "fashion_above_it": round((fashion > digits.quantile(0.99)).float().mean().item(), 4),
            "roc_area": round(share_above(digits, fashion), 5),
        },
    )
    return numbers, {f"{name}-scores": scores}


def vae(name: str, folder: Path | None) -> Measured:
    """The bound on all test digits, log p by importance weights on 1,000, and how well means tell digits apart."""
    from models.vae import kl, log_likelihood, loss

    model, generator = checkpoints.load(name), torch.Generator().manual_seed(0)

    def encoded(split: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        x = torch.from_numpy(binary_mnist(folder, split)).float()[:, None]
        with torch.inference_mode():
            mu, log_var = model.encode(x)
        return x, mu, log_var, torch.from_numpy(mnist(folder, split)[1]).long()

    (_, known, _, names), (x, mu, log_var, labels) = encoded("train"), encoded("test")
    with torch.inference_mode():
        elbo = -torch.cat([loss(model, part, generator) for part in x.split(1000)])
        information = kl(mu, log_var).mean(0)
    nats = -torch.cat([log_likelihood(model, part, 5000, generator) for part in x[:1000].split(20)])
    mean, error = mean_and_error(nats)
    nearest = torch.cat([torch.cdist(part, known).topk(10, largest=False).indices for part in mu.split(1000)])
    numbers = {
        "nats_per_image": round(mean, 3), "standard_error": round(error, 3),
        "test_images": len(nats), "importance_samples": 5000,
        "elbo_all_test_images": round(elbo.mean().item(), 3),
        "kl_per_dimension": [round(v, 3) for v in information.tolist()],
        "ten_nearest_agree": round((names[nearest].mode(1).values == labels).float().mean().item(), 4),
        "trained": "dynamic", **size_of(name),
    }
    # The map shows every test digit; the sliders need a few of each kind to start from.
    each = len(x) if model.latent == 2 else 100
    shown = torch.cat([(labels == digit).nonzero()[:each, 0] for digit in range(10)]).sort().values
    means = dict(
        tensors={"means": mu[shown], "labels": labels[shown].byte()}, model=None, config={}, half=True,
        made_by=f"python -m train.measure {name} --data ../shared/data --write",
        data=f"mu of q(z|x) for {len(shown)} of the fixed MNIST test bits, and which digit each one is",
        license="Apache-2.0; numbers only, no picture of MNIST (CC BY-SA 3.0)",
        measured={"digits": len(shown), "largest": round(mu[shown].abs().max().item(), 3)},
    )
    return numbers, {f"{name}-means": means}


def vae_faces(name: str, folder: Path | None) -> Measured:
    """The bound and the error on all test faces, 2,779 draws from the prior against them, and directions of z."""
    from models.images import noise, to_uint8
    from models.vae import kl
    from models.vae_faces import loss
    from train.data import faces
    from train.faces import measure, named
    from train.vae_faces import to_tensor

    model, generator = checkpoints.load(name), torch.Generator().manual_seed(0)
    x = to_tensor(faces(folder, "test"))
    with torch.inference_mode():
        elbo = -torch.cat([loss(model, part, generator) for part in x.split(200)])
        mu, log_var = (torch.cat(part) for part in zip(*(model.encode(p) for p in x.split(200)), strict=True))
        errors = torch.cat([(model.decode(m) - p).square().flatten(1).mean(1)
                            for m, p in zip(mu.split(200), x.split(200), strict=True)])
        z = noise((model.latent,), range(len(x)))
        drawn = torch.cat([model.decode(part) for part in z.split(200)])
    information = kl(mu, log_var).mean(0)
    numbers = {
        "s": model.s, "elbo_all_test_images": round(elbo.mean().item(), 1), "test_images": len(x),
        "root_mean_squared_error": round(errors.mean().sqrt().item(), 4),
        "kl": round(information.sum().item(), 2), "kl_per_dimension": [round(v, 3) for v in information.tolist()],
        **measure(to_uint8(drawn), folder), **size_of(name),
    }
    # Directions: the principal components of the means, one standard deviation long, named by what they change.
    with torch.inference_mode():
        means = torch.cat([model.encode(to_tensor(part))[0] for part in np.array_split(faces(folder, "train"), 120)])
    values, vectors = torch.linalg.eigh(means.T.cov())
    steps = (vectors * values.clamp(min=0).sqrt()).flip(1).T.contiguous()            # (64, 64), the longest first
    names, changes = [], []
    for k in range(SHOWN):
        with torch.inference_mode():
            low, high = (model.decode(z[:200] + a * steps[k]) for a in (-1.5, 1.5))
        effect, change = named(low, high, x)
        if change < 0:
            steps[k] *= -1
        names.append(effect)
        changes.append(round(abs(change), 2))
    for effect in set(names) - {None}:                                       # a name is given once
        same = [k for k in range(SHOWN) if names[k] == effect]
        for k in same:
            names[k] = effect if changes[k] == max(changes[j] for j in same) else None
    directions = dict(
        tensors={"mean": means.mean(0), "steps": steps}, model=None, config={}, half=True,
        made_by=f"python -m train.measure {name} --data ../shared/data --write",
        data="CelebA, 24,000 training faces: mean and principal directions of mu of q(z|x), nobody's own z",
        license=checkpoints.MANIFEST[name]["license"],
        measured={
            "names": names, "change_in_standard_deviations": changes,
            "share_of_variance": [round(v, 4) for v in (values.flip(0) / values.sum())[:SHOWN].tolist()],
        },
    )
    return numbers, {f"{name}-directions": directions}


def dcgan(name: str, folder: Path | None) -> Measured:
    """2,779 draws against the test faces."""
    from models.dcgan import sample
    from models.images import noise, to_uint8
    from train.data import faces
    from train.faces import measure

    model = checkpoints.load(name)
    z = noise((model.latent,), range(len(faces(folder, "test"))))
    drawn = torch.cat([sample(model, part) for part in z.split(200)])
    return {**measure(to_uint8(drawn, -1, 1), folder), **size_of(name)}, {}


PSIS = (0.3, 0.5, 0.7)                                         # truncations that the page plots beside 1
PAIRS, FRAMES = 50, 17                                         # walks from one face to another
PLACES, STEP = 1500, 0.03                                      # on other walks, and the part of a walk between looks
SEARCHES, STEPS = 16, 200                                      # faces drawn, then searched for


def stylegan(name: str, folder: Path | None) -> Measured:
    """2,779 draws against the test faces, at several psi; walks in z and in w; what noise changes; searches."""
    from models.images import noise, to_uint8
    from models.projection import project, spread
    from models.stylegan import broadcast, truncate
    from models.vae import slerp
    from train.data import faces
    from train.faces import compare, features, load, measure, of_faces

    model, net = checkpoints.load(name), load()
    generator, n = torch.Generator().manual_seed(0), len(faces(folder, "test"))

    def draw(w: Tensor, psi: float = 1.0, kind: str = "new") -> np.ndarray:
        parts = []
        with torch.inference_mode():
            for part in truncate(broadcast(w, model.layers), model.mapping.w_avg, psi).split(100):
                parts.append(model.synthesis(part, model.noise(kind, generator, len(part))))
        return to_uint8(torch.cat(parts), -1, 1)

    w = model.mapping(noise((model.latent,), range(n)))
    test, whole = of_faces(net, folder, "test"), measure(draw(w), folder)
    print(whole, flush=True)
    curve = {psi: compare(features(net, draw(w, psi)), test) for psi in PSIS} | {1.0: whole}

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
        "psi": list(curve), "psi_precision": [c["precision"] for c in curve.values()],
        "psi_recall": [c["recall"] for c in curve.values()],
        "path_w_over_z_pixels": round(pixels["w"] / pixels["z"], 3),
        "path_w_over_z_mobilenetv2": round(seen["w"] / seen["z"], 3),
        "ppl_w_over_z": round(squared["w"] / squared["z"], 3),
        "deviation_by_noise": round(float(draw(one).std(0).mean()), 2),
        "deviation_by_seed": round(float(draw(w[:100], 1.0, "off").std(0).mean()), 2),
        **size_of(name),
    }
    return numbers, {}


SHOWN = 8                                                      # directions of faces that the page has sliders for
SAMPLES = 500                                                  # of each sampler; 1000 steps take half an hour of a core


def ddpm(name: str, folder: Path | None) -> Measured:
    """Frechet distances to the 10,000 test digits: of 50 steps, of 1000, and of as many real training digits."""
    from models.ddpm import UNet, sample
    from models.images import noise
    from train.features import frechet, load

    model: UNet = checkpoints.load(name)
    features, shape = load(), (1, model.size, model.size)

    def of_grey(split: str) -> Tensor:
        return features(torch.from_numpy(mnist(folder, split)[0]).float()[:, None] / 255)

    def of_samples(steps: int, eta: float) -> Tensor:
        parts = []
        for seeds in torch.arange(SAMPLES).split(50):
            def roll(k: int, seeds: Tensor = seeds) -> Tensor:
                return noise(shape, [10_000 * (s + 1) + k for s in seeds.tolist()])

            *_, (x, _, _) = sample(model, noise(shape, seeds.tolist()), steps, eta, roll)
            # To the 256 levels that the test digits have.
            parts.append(features(((x + 1) * 127.5).round().clamp(0, 255) / 255))
            print(f"{steps} steps: {sum(map(len, parts))} of {SAMPLES}", flush=True)
        return torch.cat(parts)

    real = of_grey("test")
    numbers = {
        "frechet_ddim_50": round(frechet(of_samples(50, 0.0), real), 3),
        "frechet_ddpm_1000": round(frechet(of_samples(1000, 1.0), real), 3),
        "frechet_training_digits": round(frechet(of_grey("train")[:SAMPLES], real), 3),
        "samples": SAMPLES, "features": "features-mnist", **size_of(name),
    }
    return numbers, {}


FAMILIES: dict[str, Callable[[str, Path | None], Measured]] = {  # by the stem that entry names begin with
    "pixelcnn": pixelcnn,
    "vae-faces": vae_faces,
    "vae-mnist": vae,
    "dcgan": dcgan,
    "stylegan": stylegan,
    "ddpm": ddpm,
}


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("name", help="an entry of checkpoints/manifest.json")
    args.add_argument("--data", type=Path, help="folder with the data sets; without it they come from the Hub")
    args.add_argument("--write", action="store_true", help="record the numbers, save the derived entries")
    args = args.parse_args()
    family = next((f for stem, f in FAMILIES.items() if args.name.startswith(stem)), None)
    if args.name not in checkpoints.MANIFEST or family is None:
        raise SystemExit(f"{args.name}: not in the manifest, or nothing in FAMILIES measures it.")

    numbers, derived = family(args.name, args.data)
    shown = {args.name: numbers} | {name: entry["measured"] for name, entry in derived.items()}
    print(json.dumps(shown, indent=1))
    if args.write:
        checkpoints.save.record(args.name, numbers)
        for name, entry in derived.items():
            checkpoints.save.save(name, **entry)


if __name__ == "__main__":
    main()
