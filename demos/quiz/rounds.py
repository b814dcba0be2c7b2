"""A round is a pure function of a secret and a number; a token lets it be answered, once.

What a visitor sees of a round (who plays, its number, the token) says nothing about the answer without the server's
key. The server keeps no round: it deals the same one again from the token when the answer comes.
"""

import base64
import binascii
import functools
import hashlib
import hmac
import json
import os
import re
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from demos.quiz.faces import Deck, number
from demos.quiz.pictures import padded

# QUIZ_SECRET is for several processes behind one address; else the key lives and dies with the process.
KEY = hashlib.sha256(os.environ.get("QUIZ_SECRET", secrets.token_hex(32)).encode()).digest()
CHANCES = (0.15, 0.35, 0.35, 0.15)  # of 0, 1, 2, 3 real faces: half of all faces are real
MOST_ROUNDS = 500
HOUR, LIFE = 3600, 2 * 3600
REMEMBERED = 50_000  # answered rounds


@dataclass(frozen=True)
class Dealt:
    """Three faces, left to right. pictures: WebP files of one length. Only `pictures` may be told before the reveal."""

    pictures: tuple[bytes, bytes, bytes]
    real: tuple[bool, bool, bool]
    sources: tuple[str, str, str]


@functools.lru_cache(maxsize=256)
def deal(secret: str, k: int, deck: Deck) -> Dealt:
    """Round k of whoever has this secret. k: 1, 2, ... The same each time, and no face twice until all were shown."""
    # Three of both kinds are made ready whatever the answer is, so that the time it takes does not tell it.
    real, made = (
        [draw(secret, 3 * (k - 1) + i) for i in range(3)] for draw in (deck.real, deck.made)
    )
    rng = np.random.default_rng(number(secret, k, "round"))
    n = rng.choice(4, p=CHANCES)
    chosen = [(real[i], True) for i in range(n)] + [(made[i], False) for i in range(n, 3)]
    shown = [chosen[i] for i in rng.permutation(3)]
    return Dealt(
        tuple(padded(face.webp, deck.side) for face, _ in shown),
        tuple(is_real for _, is_real in shown),
        tuple(face.source for face, _ in shown),
    )


def keyed(*parts) -> str:
    """What only this server can compute from these."""
    return hmac.new(KEY, "\0".join(map(str, parts)).encode(), hashlib.sha256).hexdigest()


def picks(text) -> list[bool]:
    """The faces that were taken for real: "13" -> first and third. Raises ValueError."""
    good = isinstance(text, str) and len(text) <= 3 and not set(text) - set("123")
    if not good or len(set(text)) < len(text):
        raise ValueError(
            "The real faces are named by 1, 2 and 3, each at most once, or by nothing at all."
        )
    return [str(k) in text for k in (1, 2, 3)]


# Tokens.


@dataclass(frozen=True)
class Ticket:
    """What a token stands for: who plays, the number of the round, from which deck, until when."""

    game: str
    number: int
    deck: str
    until: int

    @property
    def secret(self) -> str:
        return keyed("game", self.game, self.deck)


def ticket(game: str, k: int, deck: str) -> Ticket:
    """Good for two to three hours. The end is a full hour, so that asking twice gives the same token."""
    return Ticket(game, k, deck, (int(time.time()) // HOUR + 1) * HOUR + LIFE)


def token(of: Ticket) -> str:
    body = json.dumps([of.game, f"{of.number:04}", of.deck, of.until]).encode()
    return base64.urlsafe_b64encode(body).decode() + "." + keyed("token", body.decode())


def read(text: str) -> Ticket:
    """Raises ValueError for what this server never gave, or long ago."""
    wrong = ValueError("This round is not one that this server dealt. Ask for a new round.")
    if not isinstance(text, str) or not re.fullmatch(
        r"[\w=-]{20,400}\.[0-9a-f]{64}", text, re.ASCII
    ):
        raise wrong
    body, _, signature = text.partition(".")
    try:
        body = base64.urlsafe_b64decode(body).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise wrong from None
    if not hmac.compare_digest(keyed("token", body), signature):
        raise wrong
    game, k, deck, until = json.loads(body)
    if until < time.time():
        raise ValueError("This round is too old to be answered. Ask for a new round.")
    return Ticket(game, int(k), deck, until)


class Answered:
    """Remembers which rounds were answered, at most so many; what is older than its token is forgotten first."""

    def __init__(self, most: int = REMEMBERED):
        self.most, self.known, self.lock = most, OrderedDict(), threading.Lock()

    def once(self, of: Ticket) -> None:
        """Raises ValueError the second time."""
        key = keyed("answered", of.game, of.number, of.deck)[:24]
        with self.lock:
            if key in self.known:
                raise ValueError("This round is answered already; the first answer counts.")
            self.known[key] = of.until
            while len(self.known) > self.most or next(iter(self.known.values())) < time.time():
                self.known.popitem(last=False)


answered = Answered()
