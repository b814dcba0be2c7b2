"""A visitor's photo, from the text the page sends to an aligned face. It stays in memory: nothing is stored or logged.

A photo comes as a data URL, never through Gradio's upload, which would write it to disk. What a decoder may be asked
to do is bounded before it starts: the length of the text, the kind of file, the number of pixels.
"""

import base64
import io
import threading
from functools import lru_cache

import numpy as np
from PIL import Image, ImageOps

KINDS = ("JPEG", "PNG", "WEBP")
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
HEIC = (
    "This is a HEIC photo: save it as JPEG and take that. An iPhone takes JPEGs from the start "
    "with Settings, Camera, Formats, Most Compatible."
)
LONGEST_TEXT, SMALLEST, LARGEST = 4_000_000, 64, 4096  # characters; pixels along a side
SIDE = 64
EYES = ((0.366, 0.457), (0.635, 0.458))  # of the side, as in the training data
EYES_IN_BOX = (
    (0.307, 0.391),
    (0.690, 0.393),
)  # where they are in a detected face: medians of 300 training faces
SEARCHED = 640  # pixels along the longer side, for the search
_one_at_a_time = threading.Lock()  # a cascade must not search two pictures at once


def read(photo: str) -> np.ndarray:
    """A photo as the page sends it: "data:image/...;base64,...". -> (H, W, 3) uint8, upright. Raises ValueError."""
    if (
        not isinstance(photo, str)
        or not photo.startswith("data:image/")
        or ";base64," not in photo[:40]
    ):
        raise ValueError("A photo is a JPEG, PNG or WebP picture, sent as a data URL.")
    if len(photo) > LONGEST_TEXT:
        raise ValueError(
            f"This photo is too large: at most {LONGEST_TEXT * 3 // 4 // 10**6} MB are taken."
        )
    content = b""
    try:
        content = base64.b64decode(photo.partition(",")[2], validate=True)
        picture = Image.open(io.BytesIO(content), formats=KINDS)  # reads the header only
    except Exception:  # a hostile header can make the decoders raise nearly anything
        raise ValueError(
            HEIC
            if content[4:8] == b"ftyp" and content[8:12] in HEIC_BRANDS
            else "This is no picture that can be read: take a JPEG, PNG or WebP photo."
        ) from None
    if max(picture.size) > LARGEST:
        raise ValueError(
            f"This photo has {picture.width} x {picture.height} pixels: at most {LARGEST} a side."
        )
    if min(picture.size) < SMALLEST:
        raise ValueError(
            f"This photo has only {picture.width} x {picture.height} pixels: at least {SMALLEST} a side."
        )
    # MPO is a phone's JPEG with more behind it, such as a map of depth or of light: the photo is its first frame.
    if picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1:
        raise ValueError("This picture moves: take one that stands still.")
    if picture.mode == "CMYK":
        raise ValueError(
            "This photo has the colours of print (CMYK): save it in RGB and try again."
        )
    if picture.mode.startswith(("I", "F")):
        raise ValueError("This photo has 16 bits a colour: save it with 8 and try again.")
    try:
        picture = ImageOps.exif_transpose(picture)  # decodes, and turns it upright
        clear = picture.has_transparency_data and picture.convert("RGBA").getextrema()[3][0] < 255
        pixels = np.asarray(picture.convert("RGB"))
    except Exception:  # and so can hostile pixels
        raise ValueError(
            "This photo is damaged or cut short: choose it again, or take another."
        ) from None
    if clear:
        raise ValueError("This picture is transparent in places: put it on a ground and try again.")
    return pixels


def find_eyes(photo: np.ndarray) -> tuple[np.ndarray, bool]:
    """The two eyes of the only face, in pixels, the left one first. photo: (H, W, 3) uint8 -> (2, 2) x and y.

    Also whether both were found; else the missing one stands where eyes are in most faces. Raises ValueError.

    Contrast is made equal in each part of the picture (CLAHE), not in the whole, where a bright wall takes it all. Of
    60 CelebA faces in ten settings each (plain, dark and patterned walls, small, large, tilted by 12 degrees, a quarter
    of the light, against a window), so of 600: 589 found, both eyes of 542. Untouched 580 and 495, and in poor light
    104 and 40 of 120; with the histogram of the whole made equal 359 and 108.
    """
    import cv2

    height, width = photo.shape[:2]
    margin = int(
        0.3 * max(height, width)
    )  # a face that fills its picture is found only with some room around it
    scale = SEARCHED / (max(height, width) + 2 * margin)
    small = cv2.resize(
        photo,
        None,
        fx=scale,
        fy=scale,
        interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR,
    )
    edge = int(margin * scale)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    grey = cv2.copyMakeBorder(grey, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
    grey = cv2.createCLAHE(2, (8, 8)).apply(grey)
    with _one_at_a_time:
        faces = cascade("frontalface_alt2").detectMultiScale(grey, 1.1, 4, minSize=(50, 50))
        faces = sorted(faces, key=lambda box: -box[2])
        if not faces:
            raise ValueError(
                "No face was found: take a photo from the front, in good light, with all of the face."
            )
        x, y, side = (int(v) for v in faces[0][:3])
        if len(faces) > 1 and faces[1][2] > side / 2:
            raise ValueError("There are several faces on this photo: take one with a single face.")
        # Eyes are looked for where they can be, at a size that the cascade knows.
        zoom, top = 240 / side, int(0.2 * side)
        band = cv2.resize(
            grey[y + top : y + int(0.58 * side), x : x + side], None, fx=zoom, fy=zoom
        )
        found = cascade("eye_tree_eyeglasses").detectMultiScale(
            band, 1.05, 3, minSize=(30, 30), maxSize=(100, 100)
        )
    eyes, seen = [], 0
    for expected in EYES_IN_BOX:
        at = [((a + w / 2) / 240, (b + h / 2) / 240 + top / side) for a, b, w, h in found]
        near = min(at, key=lambda eye: np.hypot(*np.subtract(eye, expected)), default=(9, 9))
        close = np.hypot(*np.subtract(near, expected)) < 0.12
        seen += close
        eyes.append(near if close else expected)
    return (np.array(eyes) * side + (x, y) - edge) / scale, seen == 2


def align(photo: np.ndarray, eyes: np.ndarray, side: int = SIDE, where: tuple = EYES) -> np.ndarray:
    """Turn, scale and crop so that the eyes stand where the training data have them. -> (side, side, 3) uint8."""
    import cv2

    fine = 4 * side  # drawn larger, then averaged: no pixel of the photo is skipped
    (x0, y0), (x1, y1) = eyes
    goal = np.array(where) * fine
    length = np.hypot(x1 - x0, y1 - y0)
    shrink = min(1.0, 2 * (goal[1, 0] - goal[0, 0]) / length)
    if shrink < 1:
        photo = cv2.resize(photo, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    # As complex numbers a turn with a scale is one product: goal = a * eye + b.
    start, end = complex(x0, y0) * shrink, complex(x1, y1) * shrink
    a = (complex(*goal[1]) - complex(*goal[0])) / (end - start)
    b = complex(*goal[0]) - a * start
    matrix = np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])
    turned = cv2.warpAffine(
        photo, matrix, (fine, fine), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return cv2.resize(turned, (side, side), interpolation=cv2.INTER_AREA)


def face(photo: str) -> tuple[np.ndarray, bool]:
    """From a data URL to an aligned face, and whether both eyes were seen. -> (64, 64, 3) uint8. Raises ValueError."""
    pixels = read(photo)
    eyes, seen = find_eyes(pixels)
    return align(pixels, eyes), seen


@lru_cache
def cascade(name: str):
    import cv2

    return cv2.CascadeClassifier(f"{cv2.data.haarcascades}haarcascade_{name}.xml")
