"""The tab Which face is real: three faces, none to three of them photographs; or each by one of our own models.

maker.py       which model made which face                       confusion.py   which makers are taken for which
lineup.py      faces by all our generators, made alike

play.py        a round dealt, answered, revealed                 scores.py      d', criterion, calibration
record.py      what all rounds say of the player                 hints.py       where to look afterwards
room.py        the way into a room for a class                   pictures.py    one encoder, one length
rounds.py      pure function of a secret and a number; tokens    left_out.txt   faces that no round shows
faces.py       packs, a teacher's photos, our own generators     pack.py        a zip as people make one

With a whole class:
rooms.py       what may be done and seen in a room               tables.py      the database it is kept in
games.py       how the two games differ on the server            standing.py    how a room stands, to whom
routes.py      the addresses of phones and projector             report.py      what the class has shown at the end
network.py     how phones reach this server; who asks, how often, refused with what
pages/         the phone's and the projector's page
"""

import functools
import os
from typing import TYPE_CHECKING

from demos.quiz import confusion, maker, play, record, room
from demos.quiz.network import alive, process
from demos.quiz.routes import Class

if TYPE_CHECKING:
    from demos.quiz.rooms import Rooms

TITLE, ID, FAMILY = "Which face is real?", "quiz", "quiz"
VIEWS = (
    maker,  # which model made which face: no photograph, and nothing but the face tells
    confusion,  # which makers are taken for which
    play,  # three faces, a guess, the answer
    record,  # how well you tell, and how well you know it
    room,  # the same with phones and a projector
)
if os.environ.get("QUIZ_PACK"):  # good photographs make the better game
    VIEWS = (play, record, maker, confusion, room)


@functools.cache
def class_rooms() -> "Rooms":
    """The rooms of all classes; made when the first one asks, so that no other visitor touches a database."""
    from demos.quiz import games
    from demos.quiz.rooms import Rooms  # SQLAlchemy is a tenth of the time to the first page

    found = Rooms(lambda secret, k, deck: games.of(deck).deal(secret, k, deck))
    found.void_lost(alive)
    return found


ROUTES = Class(class_rooms, process()).routes()
