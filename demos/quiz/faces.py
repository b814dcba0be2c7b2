"""Where faces come from: a quiz pack, a teacher's own photos, our generators against scikit-image's small photographs.

A Deck deals: real(secret, i) and made(secret, i) are the i-th face of either kind, always the same for one secret.
"""

import functools
import hashlib
import io
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

import checkpoints
from checkpoints.faces import PSI, Generator, generators
from demos import photo
from demos.quiz.pack import files_in, pack_file
from demos.quiz.pictures import FACE_ONLY, encoded, enlarged, small_grey, square, unpack

FEWEST = 3  # faces of each kind: a round may need three of one
LARGEST_SIDE, SMALL_SIDE, SHOWN_SIDE = 256, 25, 250
PHOTOS, LARGEST_PHOTO, FORGOTTEN = 40, 400_000, 2 * 3600  # of one teacher, characters, seconds
# As train.quiz_pack places them, in fractions of the side.
PACK_EYES = ((0.377, 0.4605), (0.624, 0.4605))
FARTHEST = 1.2  # standard deviations between two faces that are a pair


@dataclass(frozen=True)
class Face:
    webp: bytes
    source: str


Draw = Callable[[str, int], Face]


@dataclass(frozen=True, eq=False)
class Deck:
    note: str  # what is compared with what, to be shown
    side: int
    real: Draw
    made: Draw
    small: bool = False  # few pixels, enlarged alike: no fine detail to look at


class Missing(ValueError):
    """There is nothing to play with yet. The text says what is missing and what to do."""


def number(*parts) -> int:
    """A number that only who knows all parts can tell. -> 0 to 2**63 - 1."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def shuffled(faces: Sequence[Face]) -> Draw:
    """Every face once, in an order that the secret sets, then the same again."""

    @functools.lru_cache(maxsize=256)
    def order(secret: str) -> np.ndarray:
        return np.random.default_rng(number(secret, "order")).permutation(len(faces))

    return lambda secret, i: faces[order(secret)[i % len(faces)]]


def drawn(made: Sequence[Generator], finish: Callable[[np.ndarray], np.ndarray]) -> Draw:
    """Every time a new face, by one generator or another."""

    @functools.lru_cache(maxsize=512)
    def draw(secret: str, i: int) -> Face:
        which = made[number(secret, i, "which") % len(made)]
        picture = which.sample([number(secret, i, "seed")], PSI)[0]
        return Face(encoded(finish(picture)), which.title)

    return draw


# A quiz pack.


def traits(webp: bytes) -> list[float]:
    """What a glance takes in: bytes to encode, light, contrast, colour, how much is black, how sharp the face is."""
    with Image.open(io.BytesIO(webp)) as image:
        hsv = np.asarray(image.convert("HSV"), np.float32)
        grey = np.asarray(image.convert("L"), np.float32)
    third = len(grey) // 3
    sharp = np.abs(np.diff(grey[third:-third, third:-third], axis=1)).mean()
    dark = np.sqrt((hsv[..., 2] < 16).mean())
    return [float(v) for v in (len(webp), grey.mean(), grey.std(), hsv[..., 1].mean(), dark, sharp)]


def matched(real: list[Face], made: list[Face]) -> tuple[list[Face], list[Face]]:
    """Pairs that are alike in all traits, so that none tells the kinds apart; what finds no match is left out."""
    if min(len(real), len(made)) < 40:
        return real, made
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    x, y = (np.array([traits(f.webp) for f in faces]) for faces in (real, made))
    spread = np.concatenate([x, y]).std(0) + 1e-9
    far = cdist(x / spread, y / spread)
    i, j = linear_sum_assignment(np.minimum(far, 2 * FARTHEST))
    close = far[i, j] < FARTHEST
    i, j = i[close], j[close]
    return ([real[k] for k in i], [made[k] for k in j]) if len(i) >= FEWEST else (real, made)


def read_pack(file: Path) -> Deck:
    """A deck from a pack. Raises ValueError, with what is wrong with it."""
    images, broken = {True: [], False: []}, 0
    for kind, entries in files_in(file).items():
        for source, data in entries:
            try:
                images[kind].append((source, unpack(data)))
            except ValueError:
                broken += 1
    n = [len(images[kind]) for kind in (True, False)]
    if min(n) < FEWEST:
        also = f" {broken} pictures in it are broken." if broken else ""
        raise ValueError(
            f"The quiz pack holds {n[0]} real and {n[1]} made faces that can be used; "
            f"{FEWEST} of each are needed, as real/<source>/*.webp and ai/<source>/*.webp.{also}"
        )
    side = min(LARGEST_SIDE, *(min(image.size) for kind in images.values() for _, image in kind))
    real, made = (
        [
            Face(encoded(square(image, side)), SOURCES.get(source, source))
            for source, image in images[kind]
        ]
        for kind in (True, False)
    )
    real, made = matched(real, made)
    note = f"{len(real)} photographs against {len(made)} made faces, {side} by {side} pixels, cut and compressed alike."
    return Deck(note, side, shuffled(real), shuffled(made))


SOURCES = {
    "celeba": "CelebA",
    "ffhq": "FFHQ",
    "celeba-hq": "CelebA-HQ",
    "lfw": "LFW",
    "stylegan2": "StyleGAN2",
}
SOURCES |= {
    "stylegan": "StyleGAN",
    "dcgan": "DCGAN",
    "vae": "VAE",
    "this-person-does-not-exist": "StyleGAN2 (web site)",
}


# With no network and no pack.


@functools.lru_cache(maxsize=1)
def small_photographs() -> np.ndarray:
    """A hundred real faces that scikit-image ships, cut from LFW. -> (100, 25, 25, 3) uint8."""
    from skimage.data import lfw_subset

    grey = (lfw_subset()[:100] * 255).round().astype(np.uint8)
    return np.repeat(grey[..., None], 3, 3)


def lacking() -> str:
    """What is missing, told before a face is unpacked or drawn; "" when there is something to play with.

    Raises CheckpointError.
    """
    if os.environ.get("QUIZ_PACK"):
        return ""
    for generator in generators():
        checkpoints.path(generator.name)
    return "" if generators() else NOTHING


NOTHING = (
    "No face generator ships with the app yet, and no quiz pack is set, so there is nothing to compare. Set "
    "QUIZ_PACK to a zip with real/<source>/*.webp and ai/<source>/*.webp, and start the app again."
)


TOLD_MADE, TOLD_REAL = 79, 70  # per cent; measured again in tests/test_quiz_few_pixels.py


def own_deck() -> Deck:
    """Our generators against small photographs. Raises Missing when the manifest has no face generator."""
    made = generators()
    if not made:
        raise Missing(NOTHING)
    real = [Face(encoded(small(p)), "LFW") for p in small_photographs()]
    note = (
        f"{', '.join(g.title for g in made)}, trained on CelebA, against photographs of LFW from scikit-image: "
        f"{SMALL_SIDE} by {SMALL_SIDE} grey pixels, moved, softened and enlarged alike. The data sets still differ: a "
        f"classifier that sees only the spectrum picks the photograph in {TOLD_MADE} % of all pairs of one with a made "
        f"face, and the one of LFW in {TOLD_REAL} % of all pairs with one of CelebA (a coin: 50 %)."
    )
    cut = functools.partial(small, box=FACE_ONLY)
    return Deck(note, SHOWN_SIDE, shuffled(real), drawn(made, cut), small=True)


def small(picture: np.ndarray, **cut) -> np.ndarray:
    """As both kinds are shown where photographs have few pixels."""
    return enlarged(small_grey(picture, SMALL_SIDE, **cut), SHOWN_SIDE)


# A teacher's own photos: in this process's memory, for two hours, and nowhere else.

_photos: OrderedDict[str, tuple[float, Deck]] = OrderedDict()
_lock = threading.Lock()
MOST_DECKS = 64


def keep_photos(uris: Sequence[str]) -> str:
    """A deck from photos as the page sends them, turned and cut like the made faces. -> its key. Raises ValueError."""
    standard, pictures, last = standard_deck(), [], ""
    side = SMALL_SIDE if standard.small else standard.side
    for uri in uris:
        if len(uri) > LARGEST_PHOTO:
            raise ValueError(f"A photo is a data URL of at most {LARGEST_PHOTO // 1000} kB.")
        pixels = photo.read(uri)
        try:
            eyes, _ = photo.find_eyes(pixels)
        except ValueError as error:
            last = str(error)
            continue
        if standard.small:
            pictures.append(small(photo.align(pixels, eyes), box=FACE_ONLY))
        else:
            pictures.append(photo.align(pixels, eyes, side, PACK_EYES))
    if len(pictures) < FEWEST:
        n, all_of_them = len(pictures), len(uris)
        raise ValueError(f"{n} of {all_of_them} photos can be used, {FEWEST} are needed. {last}")
    faces = [Face(encoded(picture), "your photo") for picture in pictures]
    digest = hashlib.sha256(os.urandom(16) + b"".join(f.webp for f in faces)).hexdigest()
    key = f"photos-{digest[:24]}"
    note = (
        f"{len(faces)} photos of yours against the made faces of the quiz, {side} by {side} pixels."
    )
    mine = replace(standard, note=note, real=shuffled(faces))
    with _lock:
        _photos[key] = time.monotonic(), mine
        while len(_photos) > MOST_DECKS:
            _photos.popitem(last=False)
    return key


# Which deck.

_ready: dict[str, Deck] = {}
_opening = threading.Lock()
problem = ""  # with the pack, to be shown beside what is played instead


def standard_deck() -> Deck:
    """The pack of QUIZ_PACK if it is good, else our own. Made once per process. Raises Missing."""
    global problem
    with _opening:
        if "standard" not in _ready:
            problem = ""
            place = os.environ.get("QUIZ_PACK", "")
            try:
                _ready["standard"] = read_pack(pack_file(place)) if place else own_deck()
            except Missing:
                raise
            except ValueError as error:
                problem = str(error)
                _ready["standard"] = own_deck()
        return _ready["standard"]


def deck(key: str) -> Deck:
    """By its key. Raises ValueError."""
    if key == "standard":
        return standard_deck()
    with _lock:
        now = time.monotonic()
        for old in [k for k, (since, _) in _photos.items() if now - since > FORGOTTEN]:
            del _photos[old]
        if key not in _photos:
            raise ValueError(
                "These photos are forgotten: they are kept for two hours. Choose them again."
            )
        return _photos[key][1]
