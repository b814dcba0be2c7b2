"""Rooms in which a whole class plays: codes, players, rounds and votes, in a database that several processes share.

A vote counts from the moment that its transaction is committed, and is answered only then, so nothing that was
acknowledged is lost when the server dies. Who changes a room, or anything in it, holds its row until then: of two at
once the second sees what the first has done. What students may see and what only the teacher may see are two
functions. Times are seconds since 1970. Everything that is wrong with a request is a Refusal whose text can be shown.
"""

import hashlib
import re
import secrets
import time
from collections.abc import Callable

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from demos.quiz import games, standing
from demos.quiz.names import clean_name, free
from demos.quiz.network import Refusal
from demos.quiz.tables import Database, Player, Room, Round, Vote

LETTERS = "BCDFGHJKMPQRTVWX"  # no vowels, so no words; none that looks like another or like a digit
LIFE = 24 * 3600  # seconds that a room lives
PLAYERS = 400  # in one room
ROOMS = 1000  # at one time
PAUSE = 1.0  # seconds between two presses of the teacher that both count
PHASES = ("lobby", "open", "revealed", "over")

# A room's secret, the number of the round, the deck -> the same faces every time.
Deal = Callable[[str, int, str], games.Dealt]


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Rooms:
    """What may be done in rooms. deal: gives the faces of a round. now: the clock."""

    def __init__(self, deal: Deal, url: str = "", now: Callable[[], float] = time.time):
        self.deal, self.now, self.base = deal, now, Database(url)

    # The teacher.

    def open(self, deck: str = "standard", owner: str = "") -> tuple[str, str]:
        """A new room; its deck says which game. -> its code, and the secret that makes its owner the teacher."""
        key = secrets.token_urlsafe(18)
        with self.base.write(
            alone=True
        ) as session:  # the codes and the number of rooms are everybody's
            session.execute(delete(Room).where(Room.opened < self.now() - LIFE))
            if session.scalar(select(func.count()).select_from(Room)) >= ROOMS:
                raise Refusal("There are too many rooms at the moment. Try again later.", 503)
            taken = set(session.scalars(select(Room.code)))
            code = next(c for c in iter(_code, None) if c not in taken)
            session.add(
                Room(
                    code=code,
                    teacher=_hash(key),
                    secret=secrets.token_urlsafe(18),
                    opened=self.now(),
                    phase="lobby",
                    round=0,
                    version=0,
                    deck=deck,
                    owner=owner,
                )
            )
        return code, key

    def advance(self, code: str, key: str, phase: str, number: int) -> bool:
        """Lobby or revealed -> the next round; open -> revealed. phase, number: what the teacher's page showed.

        -> whether the press counts: see _press.
        """
        with self.base.read() as session:
            room = self._taught(session, code, key)
            ahead = room.secret, room.round + 1, room.deck
        if phase in ("lobby", "revealed"):
            self._deal(*ahead)  # drawing takes a while, during which nobody must wait for the room
        with self.base.write() as session:
            room = self._taught(session, code, key, lock=True)
            if not self._press(room, phase, number):
                return False
            if room.phase == "over":
                raise Refusal("This game is over. Open a new room.", 409)
            if room.phase == "open":
                room.phase = "revealed"
            else:
                room.round, room.phase = room.round + 1, "open"
                dealt = self._deal(room.secret, room.round, room.deck)
                kept = games.of(room.deck).kept(dealt)
                session.add(Round(room=code, number=room.round, **kept))
            room.version += 1
        return True

    def finish(self, code: str, key: str, phase: str, number: int) -> bool:
        """-> whether the press counts: see _press."""
        with self.base.write() as session:
            room = self._taught(session, code, key, lock=True)
            if not self._press(room, phase, number):
                return False
            room.phase, room.version = "over", room.version + 1
        return True

    def edit(self, code: str, key: str, player: int, change: str, name: str = "") -> None:
        """change: hide, show, rename or remove."""
        with self.base.write() as session:
            room = self._taught(session, code, key, lock=True)
            known = type(player) is int and 0 < player < 2**31  # as large as the databases' numbers
            found = session.get(Player, player) if known else None
            if found is None or found.room != code:
                raise Refusal("There is no such player in this room.", 404)
            if change in ("hide", "show"):
                found.hidden = change == "hide"
            elif change == "rename":
                found.name = free(clean_name(name), self._names(session, code, found.id))
            elif change == "remove":
                session.delete(found)
            else:
                raise Refusal("A player can be hidden, shown, renamed or removed.")
            room.version += 1

    def door(self, code: str, key: str, shut: bool) -> None:
        """shut: nobody else may join; who is in stays in."""
        if type(shut) is not bool:
            raise Refusal("The door is shut or not: true or false.")
        with self.base.write() as session:
            room = self._taught(session, code, key, lock=True)
            room.shut, room.version = shut, room.version + 1

    def clear(self, code: str, key: str, seconds: int) -> int:
        """Removes all who joined in the last so many seconds, with their votes. -> how many"""
        if type(seconds) is not int or not 1 <= seconds <= LIFE:
            raise Refusal(f"Seconds are a whole number from 1 to {LIFE}.")
        with self.base.write() as session:
            room = self._taught(session, code, key, lock=True)
            late = delete(Player).where(Player.room == code, Player.joined >= self.now() - seconds)
            room.version += 1
            return session.execute(late).rowcount

    # The students.

    def join(self, code: str, name: str) -> str:
        """-> the token that the student's page keeps; what the server keeps is its hash."""
        token, name = secrets.token_urlsafe(18), clean_name(name)
        with self.base.write() as session:
            room = self._room(session, code, lock=True)
            if room.phase == "over":
                raise Refusal("This game is over.", 409)
            if room.shut:
                raise Refusal("The door of this room is closed. Ask your teacher to open it.", 409)
            names = self._names(session, code)
            if len(names) >= PLAYERS:
                raise Refusal(f"This room is full: {PLAYERS} players.", 409)
            name, joined = free(name, names), self.now()
            session.add(Player(room=code, token=_hash(token), name=name, joined=joined))
            room.version += 1
        return token

    def vote(self, code: str, token: str, number: int, picks, sure=None) -> None:
        """One for each player and round: until the reveal the last one given is it. Committed when it returns.

        picks, sure: what the room's game takes for a vote.
        """
        with self.base.write() as session:
            room = self._room(
                session, code, lock=True
            )  # a reveal comes wholly before or wholly after
            player = self._player(session, code, token)
            if room.phase != "open" or type(number) is not int or number != room.round:
                raise Refusal("This round is not open any more.", 409)
            dealt = session.get(Round, (code, number))
            text, sure = games.of(room.deck).vote(picks, sure, dealt.options)
            session.merge(Vote(room=code, round=number, player=player.id, picks=text, sure=sure))
            room.version += 1

    # What is seen.

    def version(self, code: str) -> int:
        with self.base.read() as session:
            return self._room(session, code).version

    def seen_by_students(self, code: str, token: str = "") -> dict:
        """Nothing that gives an open round away, and nobody else's vote; at the end one's own total and rank."""
        with self.base.read() as session:
            room = self._room(session, code)
            state = standing.state(session, room)
            if token:
                player = self._player(session, code, token)
                mine = session.get(Vote, (code, room.round, player.id))
                state["you"] = dict(
                    name=player.name, picks=mine and mine.picks, sure=mine and mine.sure
                )
                if room.phase == "over":
                    state["you"] |= standing.reached(session, room, player.id)
            return state

    def seen_by_teacher(self, code: str, key: str) -> dict:
        with self.base.read() as session:
            room = self._taught(session, code, key)
            return standing.state(session, room) | standing.taught(session, room)

    def seen_by_both(self, code: str) -> tuple[dict, dict]:
        """What students see, and what the teacher sees, at one moment: a vote between two reads would tear them."""
        with self.base.read() as session:
            room = self._room(session, code)
            state = standing.state(session, room)
            return state, state | standing.taught(session, room)

    def votes(self, code: str, key: str) -> list[dict]:
        """Every vote in rounds that are revealed and not void: for the results at the end."""
        return self.results(code, key)[1]

    def results(self, code: str, key: str) -> tuple[games.Game, list[dict]]:
        """The game that the room plays, and its votes."""
        with self.base.read() as session:
            room = self._taught(session, code, key)
            return games.of(room.deck), standing.votes(session, room)

    def dealt(self, code: str, number: int) -> games.Dealt:
        """The faces of a round that has been opened."""
        with self.base.read() as session:
            room = self._room(session, code)
            if not 1 <= number <= room.round:
                raise Refusal("This round has not begun.", 404)
            secret, deck = room.secret, room.deck
        return self._deal(secret, number, deck)

    def void_lost(self, alive: Callable[[str], bool]) -> None:
        """The photos of a process that is gone are gone: its open rounds count for nothing, its scores stay.

        Such a room goes on with the standard faces. alive: whether a process, by its name, still runs.
        """
        owned = select(Room).where(Room.owner != "").order_by(Room.code).with_for_update()
        with self.base.write(alone=True) as session:
            for room in session.scalars(owned):
                if alive(room.owner):
                    continue
                if room.phase == "open":
                    session.get(Round, (room.code, room.round)).void = True
                    room.phase = "revealed"
                room.deck, room.owner, room.version = "standard", "", room.version + 1

    # Inside.

    def _deal(self, secret: str, number: int, deck: str) -> games.Dealt:
        try:
            return self.deal(secret, number, deck)
        except Refusal:
            raise
        except ValueError as error:  # no pack, no generator, forgotten photos: it says so itself
            raise Refusal(str(error), 409) from error

    def _press(self, room: Room, phase: str, number: int) -> bool:
        """Whether a press counts: it is for the phase and round that the page showed, and not for what came since.

        Nor does one count that comes within a second of another: the second half of a double click, when the page has
        already heard of the first.
        """
        if phase not in PHASES or type(number) is not int:
            raise Refusal(
                "A press names the phase and the round that it is for. Load the page again."
            )
        now = self.now()
        if (phase, number) != (room.phase, room.round) or abs(now - room.pressed) < PAUSE:
            return False
        room.pressed = now
        return True

    def _room(self, session: Session, code: str, lock: bool = False) -> Room:
        """lock: until the transaction ends, nobody else changes the room or anything in it."""
        good = isinstance(code, str) and re.fullmatch(f"[{LETTERS}]{{4}}", code)
        room = session.get(Room, code, with_for_update=lock or None) if good else None
        if room is None or room.opened < self.now() - LIFE:
            raise Refusal("There is no room with this code. Look at the projector again.", 404)
        return room

    def _taught(self, session: Session, code: str, key: str, lock: bool = False) -> Room:
        room = self._room(session, code, lock)
        if not isinstance(key, str) or not secrets.compare_digest(_hash(key), room.teacher):
            raise Refusal("Only the teacher's own link may do this.", 403)
        return room

    @staticmethod
    def _names(session: Session, code: str, but: int = 0) -> list[str]:
        """Of all players in a room; but: less this one."""
        players = select(Player.name).where(Player.room == code, Player.id != but)
        return [*session.scalars(players)]

    def _player(self, session: Session, code: str, token: str) -> Player:
        query = select(Player).where(Player.token == _hash(token if isinstance(token, str) else ""))
        player = session.scalar(query)
        if player is None or player.room != code:
            raise Refusal("You are not in this room. Join with its code.", 403)
        return player


def _code() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(4))
