"""A quiz pack with nobody in it: heads drawn with ellipses, so that tests need no person's picture."""

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

REAL, MADE = (
    "zebrafinch",
    "marmalade",
)  # sources that stand nowhere else, to be searched for in what is sent
SIDE = 96


def head(seed: int, side: int = SIDE) -> Image.Image:
    rng = np.random.default_rng(seed)
    light, skin, dark = (
        tuple(int(v) for v in rng.integers(a, b, 3)) for a, b in ((90, 250), (120, 220), (0, 90))
    )
    image = Image.new("RGB", (side, side), light)
    draw, at = ImageDraw.Draw(image), lambda *v: [side * x + rng.normal(0, side / 60) for x in v]
    draw.ellipse(at(0.2, 0.05, 0.8, 0.7), fill=dark)
    draw.ellipse(at(0.25, 0.15, 0.75, 0.95), fill=skin)
    for x in (0.37, 0.62):
        draw.ellipse(at(x - 0.05, 0.43, x + 0.05, 0.5), fill=dark)
    draw.line(at(0.4, 0.72, 0.6, 0.72), fill=dark, width=3)
    grain = rng.normal(0, 6, (side, side, 3))
    return Image.fromarray((np.asarray(image) + grain).clip(0, 255).astype(np.uint8))


def file(seed: int, kind: str = "WEBP", side: int = SIDE, **options) -> bytes:
    out = io.BytesIO()
    head(seed, side).save(out, kind, **options)
    return out.getvalue()


def write(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def heads(real: int = 45, made: int = 45) -> dict[str, bytes]:
    one = {f"real/{REAL}/{k}.webp": file(k) for k in range(real)}
    return one | {f"ai/{MADE}/{k}.webp": file(1000 + k) for k in range(made)}
