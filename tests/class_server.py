"""The class rooms alone on a port, with drawn patterns for faces of either game: what tests start, kill and load.

DATABASE_URL=sqlite:////tmp/class.sqlite3 python -m tests.class_server 7870

It says its port; 0 is any that is free.
"""

import hashlib
import io
import socket
import sys
from functools import cache

import numpy as np
import uvicorn
from PIL import Image
from starlette.applications import Starlette

from demos.quiz import lineup
from demos.quiz import rooms as module
from demos.quiz.maker import DECK
from demos.quiz.rooms import Rooms
from demos.quiz.rounds import Dealt
from demos.quiz.routes import Class


def deal(secret: str, number: int, deck: str) -> Dealt | lineup.Dealt:
    """A "real" one is red, a made one is green: a test can see the truth, a student's state must not say it.

    In Name the maker each maker has a colour.
    """
    bits = hashlib.sha256(f"{secret} {number}".encode()).digest()
    if deck == DECK:
        by = tuple(bit % len(lineup.makers()) for bit in bits[:3])
        faces = [lineup.Drawn(_picture(m, k), _picture(m, k), 32) for k, m in enumerate(by)]
        return lineup.Dealt(tuple(faces), by)
    real = [bool(bit % 2) for bit in bits[:3]]
    return Dealt(
        [_picture(0 if r else 1, k) for k, r in enumerate(real)],
        real,
        ["photos" if r else "patterns" for r in real],
    )


@cache
def _picture(colour: int, k: int) -> bytes:
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:, 8 * k :, colour % 3] = 255
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "webp")
    return file.getvalue()


def application(url: str = "") -> Starlette:
    rooms = cache(lambda: Rooms(deal, url))
    return Starlette(routes=Class(rooms).routes())


if __name__ == "__main__":
    module.PAUSE = 0.0  # here presses follow each other as fast as the answers come
    # Who comes before the server is ready waits at the open door.
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as door:
        print(door.getsockname()[1], flush=True)
        config = uvicorn.Config(application(), log_level="critical")
        uvicorn.Server(config).run(sockets=[door])
