"""A photo for tests, of nobody: the VAE's own mean face on grey paper."""

import base64
import io

import numpy as np
import torch
from PIL import Image

from demos.vae.faces import LATENT, pictures
from models.images import to_uint8

SIZE, CORNER, SIDE = (640, 520), (150, 90), 360  # of the paper; where the face is on it


def portrait(angle: float = 0) -> Image.Image:
    (mean,) = to_uint8(pictures(torch.zeros(1, LATENT)))
    paper = Image.new("RGB", SIZE, (200, 205, 210))
    paper.paste(Image.fromarray(mean).resize((SIDE, SIDE), Image.Resampling.BICUBIC), CORNER)
    return paper.rotate(angle, Image.Resampling.BICUBIC, fillcolor=(200, 205, 210))


def face_itself() -> np.ndarray:
    return to_uint8(pictures(torch.zeros(1, LATENT)))[0]


def data_url(picture: Image.Image, kind: str = "JPEG", **options) -> str:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return as_url(file.getvalue(), kind)


def as_url(content: bytes, kind: str = "JPEG") -> str:
    return f"data:image/{kind.lower()};base64,{base64.b64encode(content).decode()}"
