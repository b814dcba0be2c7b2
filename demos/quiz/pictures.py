"""Faces as they are sent: one size, one encoder, one length, whatever they are.

Names, dates and other metadata never get here: every picture is unpacked, cut, and encoded anew from its pixels.
"""

import io
import struct
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageOps

FORMATS = ("WEBP", "PNG", "JPEG")
SMALLEST, LARGEST = 48, 4096  # pixels along a side of a picture that is taken in
QUALITIES = (
    80,
    60,
    40,
    20,
    5,
    1,
)  # the next only for what does not fit, such as a picture of noise

# What scikit-image's small photographs show, cut out of our generators' faces, whose eyes are at .366 and .635 of the
# width and .457 of the height: where the mean of 300 aligned photographs is most like the mean of the small ones.
FACE_ONLY = (0.17, 0.20, 0.93, 0.96)


def unpack(data: bytes) -> Image.Image:
    """A picture somebody else made, as RGB. Raises ValueError for what is none, too small or too large."""
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        # Before any pixel is unpacked: a small file may claim a very large picture.
        if min(image.size) < SMALLEST or max(image.size) > LARGEST:
            raise ValueError("size")
        return ImageOps.exif_transpose(image).convert("RGB")
    except Exception as error:  # Pillow's decoders raise whatever comes to them
        raise ValueError(
            f"A picture is a WebP, PNG or JPEG with {SMALLEST} to {LARGEST} pixels along each side."
        ) from error


def square(image: Image.Image, side: int) -> np.ndarray:
    """The middle of it, side by side. -> (side, side, 3) uint8."""
    return np.asarray(ImageOps.fit(image, (side, side), Image.Resampling.LANCZOS))


def small_grey(
    picture: np.ndarray, side: int, box: Sequence[float] = (0, 0, 1, 1), through: int = 0
) -> np.ndarray:
    """Grey, cut to `box` (fractions of the side), at equal light and contrast. -> (side, side, 3) uint8.

    through: a size in between, so that a picture that had more pixels is not the sharper one.
    """
    image = Image.fromarray(picture).convert("L")
    n = image.width
    for size in filter(None, (through, side)):
        image = image.resize(
            (size, size),
            Image.Resampling.BOX if image.width > 2 * size else Image.Resampling.BICUBIC,
            box=[n * b for b in box],
        )
        n, box = size, (0, 0, 1, 1)
    x = np.asarray(image, np.float32)
    x = 120 + 45 * (x - x.mean()) / max(x.std(), 1)
    return np.repeat(x.clip(0, 255).round().astype(np.uint8)[..., None], 3, 2)


def enlarged(picture: np.ndarray, side: int) -> np.ndarray:
    """A picture of few pixels as it is shown: one smooth filter for all, so that no browser chooses another.

    -> (side, side, 3) uint8.
    """
    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS))


def length(side: int) -> int:
    """Bytes of every picture of this side, in the file and on the wire."""
    return 2048 + 2 * round(0.15 * side * side)


def encoded(picture: np.ndarray) -> bytes:
    """The one encoder. (side, side, 3) uint8 -> a WebP without metadata, not longer than length(side)."""
    for quality in QUALITIES:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "WEBP", quality=quality, method=0)
        if file.tell() <= length(len(picture)) - 8:
            return file.getvalue()
    raise ValueError("This picture cannot be made small enough.")


def padded(webp: bytes, side: int) -> bytes:
    """The same picture, exactly length(side) bytes: a chunk at the end that no reader knows, full of zeros."""
    filler = length(side) - len(webp) - 8
    whole = webp + b"PADD" + struct.pack("<I", filler) + bytes(filler)
    return whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:]
