"""Faces as they are sent: one size, one encoder, one length, whatever they are.

Names, dates and other metadata never get here: every picture is unpacked, cut, and encoded anew from its pixels.
"""

import hashlib
import io
import os
import secrets
import struct
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageOps

FORMATS = ("WEBP", "PNG", "JPEG")
SMALLEST, LARGEST = 48, 4096  # pixels along a side of a picture that is taken in
# What random bytes are made from: QUIZ_SECRET is for several processes behind one address.
FILLER = os.environ.get("QUIZ_SECRET", secrets.token_hex(32)).encode()
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
# By how much a face in few pixels is moved, in fractions of what it is cut from, degrees, its pixels, grey levels. It
# stays inside of what it is cut from. The last two hide how much detail a data set has.
SHIFT, TURN, ZOOM, SOFT, GRAIN = 0.03, 5, (0.80, 0.88), 0.6, 3


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


def small_grey(picture: np.ndarray, side: int, box: Sequence[float] = (0, 0, 1, 1)) -> np.ndarray:
    """A face in few pixels: grey, at equal light and contrast. box: what to cut it from, in fractions of the side.

    One resampling for all, whatever size they had: zoomed, shifted and turned a little and perhaps mirrored, by chance
    that only the picture sets; then softened, with grain. -> (side, side, 3) uint8.
    """
    import cv2

    chance = np.random.default_rng(int.from_bytes(hashlib.sha256(picture.tobytes()).digest()[:8]))
    x = np.asarray(Image.fromarray(picture).convert("L"), np.float32)
    (x0, y0, x1, y1), fine = (len(x) * b for b in box), 8 * side
    span = np.array([x1 - x0, y1 - y0])
    middle = np.array([x0 + x1, y0 + y1]) / 2 + span * chance.uniform(-SHIFT, SHIFT, 2) - 0.5
    turn = np.deg2rad(chance.uniform(-TURN, TURN))
    axes = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    axes = axes * span * chance.uniform(*ZOOM) / fine
    if chance.random() < 0.5:
        axes[:, 0] *= -1
    matrix = np.column_stack([axes, middle - axes.sum(1) * (fine - 1) / 2])
    how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    x = cv2.warpAffine(x, matrix, (fine, fine), flags=how, borderMode=cv2.BORDER_REFLECT)
    x = cv2.resize(
        cv2.GaussianBlur(x, (0, 0), 8 * SOFT), (side, side), interpolation=cv2.INTER_AREA
    )
    x = 120 + 45 * (x - x.mean()) / max(x.std(), 1) + chance.normal(0, GRAIN, x.shape)
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
    """The same picture, exactly length(side) bytes: random ones behind its own, where a decoder has stopped reading.

    They stand in the picture's only chunk, so that no header says where it ends, and are always the same for one
    picture and server.
    """
    assert webp[12:16] == b"VP8 "
    filler = length(side) - len(webp)
    whole = webp + hashlib.shake_256(FILLER + webp).digest(filler)
    return b"".join(
        (
            b"RIFF",
            struct.pack("<I", len(whole) - 8),
            whole[8:16],
            struct.pack("<I", len(whole) - 20),
            whole[20:],
        )
    )
