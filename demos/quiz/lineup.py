"""Faces by each of our face generators, made alike: what Name the maker deals from.

Every picture is shrunk to the size of the smallest generator's and enlarged again, by the same two filters, whoever
drew it: none has more pixels than another, and what tells them apart is in the face. A round is a pure function of a
secret and a number, as in rounds.py; a face is drawn once for all visitors, or for one class alone.
"""

import functools
import threading
from dataclasses import dataclass

import numpy as np
from PIL import Image

import checkpoints
from checkpoints.faces import PSI, Generator, generators
from demos.quiz.faces import number
from demos.quiz.pictures import encoded, enlarged, padded
from demos.quiz.rounds import keyed

SIDE = 256  # pixels along a side, as sent
FACES = 3  # in a round
POOL, SHEET = 128, 16  # faces of each maker, and how many are drawn at a time

# The makers, in the lecture's order, and what gives each away. A generator that is not named here plays too, at the
# end of the list. What can be measured in this is measured again in tests/test_quiz_maker.py.
GIVES_AWAY = {
    "VAE": "Blur, with half of the others' fine detail: it draws the mean of all pictures that fit its z.",
    "DCGAN": "Sharp but pale, and put together from parts: do both eyes match? With all pixels it shows fine checks on "
    "the skin.",
    "StyleGAN2": "Strong contrast, hard edges. The first StyleGAN was known by its droplets; the second, this one, was "
    "built to draw none.",
}
OTHERWISE = "Look at edges, hair and background first."


@dataclass(frozen=True)
class Drawn:
    """One face as WebP files, SIDE by SIDE: made alike, and with all the pixels that its model drew."""

    alike: bytes
    own: bytes
    size: int  # pixels along a side that the model drew


@dataclass(frozen=True)
class Dealt:
    """The faces of a round, left to right, and the number of each one's maker in makers(), from 0."""

    faces: tuple[Drawn, ...]
    by: tuple[int, ...]

    @property
    def pictures(self) -> list[bytes]:
        """WebP files of one length: all of a round that may be told before the reveal."""
        return [padded(face.alike, SIDE) for face in self.faces]


def makers() -> list[Generator]:
    """Who can have made a face, in the order of the keys 1, 2, 3."""
    known = list(GIVES_AWAY)
    return sorted(generators(), key=lambda g: known.index(g.title) if g.title in known else 99)


def gives_away(title: str) -> str:
    """What a maker's faces are known by."""
    return GIVES_AWAY.get(title, OTHERWISE)


def lacking() -> str:
    """What is missing, told before a face is drawn; "" when there are makers to tell apart. Raises CheckpointError."""
    for maker in makers():
        checkpoints.path(maker.name)
    enough = len(makers()) > 1
    return "" if enough else "Two face generators at least are needed, and they are not here yet."


def smallest() -> int:
    """Pixels along a side that all faces are brought to."""
    return min(maker.size for maker in makers())


def alike(picture: np.ndarray, size: int) -> np.ndarray:
    """Through `size` pixels along a side, by means of areas. (H, H, 3) uint8 -> (SIDE, SIDE, 3) uint8."""
    few = Image.fromarray(picture).resize((size, size), Image.Resampling.BOX)
    return enlarged(np.asarray(few), SIDE)


def deal(secret: str, k: int) -> Dealt:
    """Round k of whoever has this secret. k: 1, 2, ... Each face by any maker, whoever made the others."""
    by, start, faces = _by(secret, k), number(secret, "start") + FACES * (k - 1), []
    for j, maker in enumerate(by):
        sheet, at = divmod((start + j) % POOL, SHEET)
        faces.append(_drawn(sheet)[maker][at])
    return Dealt(tuple(faces), by)


def deal_alone(secret: str, k: int) -> Dealt:
    """The same, of faces that are drawn from the secret alone: whoever keeps it has them in every process, and again
    after a restart.
    """
    with _drawing:
        return _alone(secret, k, tuple(maker.name for maker in makers()))


@functools.lru_cache(maxsize=256)
def _alone(secret: str, k: int, names: tuple[str, ...]) -> Dealt:
    places, by = range(FACES * (k - 1), FACES * k), _by(secret, k)
    by_all = [
        _faces(maker, [number(secret, "maker", maker.name, place) for place in places])
        for maker in makers()  # by those too who made none of the three: the time it takes tells nothing
    ]
    return Dealt(tuple(by_all[maker][j] for j, maker in enumerate(by)), by)


def _by(secret: str, k: int) -> tuple[int, ...]:
    chance = np.random.default_rng(number(secret, k, "makers"))
    return tuple(int(maker) for maker in chance.integers(len(makers()), size=FACES))


_drawing = threading.Lock()


def _drawn(sheet: int) -> tuple[tuple[Drawn, ...], ...]:
    """The faces of a sheet by every maker, so that the time it takes tells nothing of who made the one asked for."""
    with _drawing:  # thirty who ask at once wait for one drawing
        return _sheet(sheet, tuple(maker.name for maker in makers()))


@functools.lru_cache(maxsize=POOL // SHEET)
def _sheet(sheet: int, names: tuple[str, ...]) -> tuple[tuple[Drawn, ...], ...]:
    places = range(sheet * SHEET, (sheet + 1) * SHEET)
    return tuple(
        _faces(maker, [number(keyed("maker", maker.name, place)) for place in places])
        for maker in makers()
    )


def _faces(maker: Generator, seeds: list[int]) -> tuple[Drawn, ...]:
    size = smallest()
    return tuple(
        Drawn(encoded(alike(p, size)), encoded(alike(p, maker.size)), maker.size)
        for p in maker.sample(seeds, PSI)
    )
