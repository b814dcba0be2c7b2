"""Colour pictures to begin with: faces of nobody, by the house's own GAN, and scenes drawn by a few lines of code."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter
from torch import Tensor

from demos.gan import training as gan
from models.images import noise

SIDE, FINE = 64, 8  # pixels of a picture; drawn so many times finer, for soft edges


def ramp(stops: list[tuple[float, tuple[int, int, int]]]) -> Image.Image:
    """A ground whose colour changes from top to bottom. stops: (height in 0 ... 1, colour), from above."""
    at = np.linspace(0, 1, SIDE * FINE)
    heights = [height for height, _ in stops]
    column = np.stack([np.interp(at, heights, [c[k] for _, c in stops]) for k in range(3)], 1)
    return Image.fromarray(np.repeat(column[:, None].astype(np.uint8), SIDE * FINE, 1))


def scaled(*points: tuple[float, float]) -> list[tuple[float, float]]:
    """Points in sixty-fourths of the side, as pixels of the fine drawing."""
    return [(x * FINE, y * FINE) for x, y in points]


def sunset() -> Image.Image:
    sky = [
        (0, (38, 42, 92)),
        (0.3, (150, 74, 110)),
        (0.52, (250, 150, 70)),
        (0.56, (255, 190, 100)),
    ]
    sea = [(0.57, (120, 74, 84)), (0.75, (46, 48, 84)), (1, (14, 20, 44))]
    picture = ramp(sky + sea)
    pen = ImageDraw.Draw(picture)
    pen.pieslice(scaled((22, 25), (44, 47)), 180, 360, fill=(255, 226, 150))
    for y, half in ((38, 10), (41, 7), (45, 8), (49, 5), (54, 4)):  # its road on the water
        pen.rectangle(scaled((33 - half, y), (33 + half, y + 1)), fill=(244, 160, 90))
    return picture


def boat() -> Image.Image:
    picture = ramp(
        [(0, (96, 160, 220)), (0.62, (200, 226, 240)), (0.63, (40, 104, 150)), (1, (16, 52, 92))]
    )
    pen = ImageDraw.Draw(picture)
    pen.polygon(scaled((31, 8), (31, 42), (12, 42)), fill=(250, 248, 240))
    pen.polygon(scaled((34, 14), (34, 42), (48, 42)), fill=(222, 74, 60))
    pen.rectangle(scaled((31.6, 6), (33, 46)), fill=(90, 60, 40))
    pen.polygon(scaled((10, 45), (54, 45), (47, 53), (17, 53)), fill=(110, 66, 40))
    return picture


def apple() -> Image.Image:
    picture = ramp(
        [
            (0, (244, 240, 228)),
            (0.66, (236, 228, 210)),
            (0.67, (196, 164, 124)),
            (1, (164, 128, 90)),
        ]
    )
    pen = ImageDraw.Draw(picture)
    pen.ellipse(scaled((14, 50), (54, 58)), fill=(130, 96, 66))  # its shadow
    for (left, top), (right, bottom), colour in (
        ((11, 18), (37, 55), (190, 30, 36)),
        ((27, 18), (53, 55), (178, 24, 32)),
        ((14, 20), (32, 44), (216, 56, 52)),
    ):
        pen.ellipse(scaled((left, top), (right, bottom)), fill=colour)
    pen.line(scaled((32, 22), (34, 10)), fill=(92, 60, 34), width=2 * FINE)
    pen.polygon(scaled((34, 14), (41, 7), (50, 8), (43, 14)), fill=(92, 148, 60))
    pen.ellipse(scaled((18, 25), (23, 32)), fill=(250, 206, 196))
    return picture


def drawn(scene: Callable[[], Image.Image]) -> Tensor:
    soft = scene().filter(ImageFilter.GaussianBlur(FINE / 2)).resize((SIDE, SIDE), Image.BOX)
    return torch.from_numpy(np.array(soft)).permute(2, 0, 1).float() / 255


def face(seed: int) -> Tensor:
    return gan.draw(noise((gan.LATENT,), [seed]))[0]


FACES = ("A face", "Another")
PICTURES: dict[str, Callable[[], Tensor]] = {
    "A face": lambda: face(3),
    "Another": lambda: face(20),
    "Sunset": lambda: drawn(sunset),
    "Boat": lambda: drawn(boat),
    "Apple": lambda: drawn(apple),
}


@lru_cache
def picture(name: str) -> Tensor:
    """-> (3, 64, 64) in [0, 1]. Never write to it: everybody shares it."""
    return PICTURES[name]()
