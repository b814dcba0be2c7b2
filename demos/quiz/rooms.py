"""Rooms in which a whole class plays: codes, players, rounds and votes, in a database that several processes share.

A vote counts from the moment that its transaction is committed, and is answered only then, so nothing that was
acknowledged is lost when the server dies. What students may see and what only the teacher may see are two functions.
Times are seconds since 1970. Everything that is wrong with a request is a Refusal whose text can be shown.
"""

import hashlib
import secrets
import time
import unicodedata
from collections.abc import Callable, Sequence

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from demos.quiz.network import Refusal
from demos.quiz.rounds import Dealt
from demos.quiz.tables import Database, Player, Room, Round, Vote

LETTERS = "BCDFGHJKMPQRTVWX"  # no vowels, so no words; none that looks like another or like a digit
LIFE = 24 * 3600  # seconds that a room lives
PLAYERS = 400  # in one room
ROOMS = 1000  # at one time
LONGEST_NAME = 20


Deal = Callable[
    [str, int], Dealt
]  # a room's secret and the number of the round -> the same faces every time


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Rooms:
    """What may be done in rooms. deal: gives the faces of a round. now: the clock."""

    def __init__(self, deal: Deal, url: str = "", now: Callable[[], float] = time.time):
        self.deal, self.now, self.base = deal, now, Database(url)

    # The teacher.

    def open(self, deck: str = "standard", owner: str = "") -> tuple[str, str]:
        """A new room. -> its code, and the secret that makes its owner the teacher."""
        key = secrets.token_urlsafe(18)
        with self.base.write() as session:
            old = self.now() - LIFE
            for room in session.scalars(select(Room).where(Room.opened < old)):
                session.delete(room)
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

    def advance(self, code: str, key: str) -> None:
        """Lobby or revealed -> the next round; open -> revealed."""
        with self.base.write() as session:
            room = self._taught(session, code, key)
            if room.phase == "open":
                room.phase = "revealed"
            elif room.phase == "over":
                raise Refusal("This game is over. Open a new room.", 409)
            else:
                room.round, room.phase = room.round + 1, "open"
                dealt = self._deal(room.secret, room.round, room.deck)
                real = "".join("1" if r else "0" for r in dealt.real)
                session.add(
                    Round(room=code, number=room.round, real=real, sources="\t".join(dealt.sources))
                )
            room.version += 1

    def finish(self, code: str, key: str) -> None:
        with self.base.write() as session:
            room = self._taught(session, code, key)
            room.phase, room.version = "over", room.version + 1

    def edit(self, code: str, key: str, player: int, change: str, name: str = "") -> None:
        """change: hide, show, rename or remove."""
        with self.base.write() as session:
            room = self._taught(session, code, key)
            found = session.get(Player, player)
            if found is None or found.room != code:
                raise Refusal("There is no such player in this room.", 404)
            if change in ("hide", "show"):
                found.hidden = change == "hide"
            elif change == "rename":
                found.name = self._free(session, code, clean_name(name))
            elif change == "remove":
                session.delete(found)
            else:
                raise Refusal("A player can be hidden, shown, renamed or removed.")
            room.version += 1

    # The students.

    def join(self, code: str, name: str) -> str:
        """-> the token that the student's page keeps; what the server keeps is its hash."""
        token, name = secrets.token_urlsafe(18), clean_name(name)
        with self.base.write() as session:
            room = self._room(session, code)
            if room.phase == "over":
                raise Refusal("This game is over.", 409)
            if session.scalar(select(func.count()).where(Player.room == code)) >= PLAYERS:
                raise Refusal(f"This room is full: {PLAYERS} players.", 409)
            session.add(Player(room=code, token=_hash(token), name=self._free(session, code, name)))
            room.version += 1
        return token

    def vote(self, code: str, token: str, number: int, picks: Sequence[int], sure: int) -> None:
        """Counts once for each player and round, and only while the round is open. Committed when it returns."""
        if (
            not isinstance(picks, list)
            or len(set(map(str, picks))) != len(picks)
            or any(type(p) is not int or not 0 <= p <= 2 for p in picks)
        ):
            raise Refusal(
                "A vote names the faces that are real: a list of 0, 1, 2, each once, or none."
            )
        if type(sure) is not int or not 50 <= sure <= 100:
            raise Refusal("How sure is a whole number from 50 to 100.")
        try:
            with self.base.write() as session:
                room, player = self._room(session, code), self._player(session, code, token)
                if room.phase != "open" or type(number) is not int or number != room.round:
                    raise Refusal("This round is not open any more.", 409)
                text = "".join("1" if k in picks else "0" for k in range(3))
                session.add(Vote(room=code, round=number, player=player.id, picks=text, sure=sure))
                session.flush()
                # In the same transaction as the vote, so that a reveal comes wholly before or wholly after it.
                still = update(Room).where(
                    Room.code == code, Room.phase == "open", Room.round == number
                )
                if session.execute(still.values(version=Room.version + 1)).rowcount != 1:
                    raise Refusal("This round is not open any more.", 409)
        except IntegrityError:
            raise Refusal("You have voted in this round already.", 409) from None

    # What is seen.

    def version(self, code: str) -> int:
        with self.base.read() as session:
            return self._room(session, code).version

    def seen_by_students(self, code: str, token: str = "") -> dict:
        """Nothing that gives an open round away, and nobody else's vote."""
        with self.base.read() as session:
            room = self._room(session, code)
            state = self._state(session, room)
            if token:
                player = self._player(session, code, token)
                mine = session.get(Vote, (code, room.round, player.id))
                state["you"] = dict(
                    name=player.name, picks=mine and mine.picks, sure=mine and mine.sure
                )
            return state

    def seen_by_teacher(self, code: str, key: str) -> dict:
        with self.base.read() as session:
            room = self._taught(session, code, key)
            return self._state(session, room) | self._standing(session, room)

    def seen_by_both(self, code: str) -> tuple[dict, dict]:
        """What students see, and what the teacher sees, at one moment: a vote between two reads would tear them."""
        with self.base.read() as session:
            room = self._room(session, code)
            state = self._state(session, room)
            return state, state | self._standing(session, room)

    @staticmethod
    def _state(session: Session, room: Room) -> dict:
        votes = select(func.count()).where(Vote.room == room.code, Vote.round == room.round)
        state = dict(
            code=room.code,
            phase=room.phase,
            round=room.round,
            voted=session.scalar(votes),
            players=session.scalar(select(func.count()).where(Player.room == room.code)),
        )
        if room.phase in ("revealed", "over") and room.round:
            state |= _truth(session.get(Round, (room.code, room.round)))
        return state

    def _standing(self, session: Session, room: Room) -> dict:
        """The votes for each face as they come, and the ranking: only for who has shown the teacher's secret."""
        counts = [0, 0, 0]
        for (picks,) in session.execute(
            select(Vote.picks).where(Vote.room == room.code, Vote.round == room.round)
        ):
            for k in range(3):
                counts[k] += picks[k] == "1"
        players = session.scalars(
            select(Player).where(Player.room == room.code).order_by(Player.id)
        ).all()
        right = self._right(session, room)
        ranking = sorted(players, key=lambda p: (-right.get(p.id, 0), p.id))
        shown = [
            dict(id=p.id, name=p.name, hidden=p.hidden, right=right.get(p.id, 0)) for p in ranking
        ]
        return dict(counts=counts, ranking=shown)

    def votes(self, code: str, key: str) -> list[dict]:
        """Every vote in rounds that are revealed and not void: for the results at the end."""
        with self.base.read() as session:
            room = self._taught(session, code, key)
            rows = session.execute(
                select(Vote, Round, Player)
                .join(Round, (Round.room == Vote.room) & (Round.number == Vote.round))
                .join(Player, Player.id == Vote.player)
                .where(Vote.room == code, ~Round.void, self._told(room))
                .order_by(Vote.round, Player.id)
            )
            return [
                dict(
                    round=vote.round,
                    player=player.name,
                    hidden=player.hidden,
                    picks=vote.picks,
                    sure=vote.sure,
                    real=dealt.real,
                    sources=dealt.sources.split("\t"),
                )
                for vote, dealt, player in rows
            ]

    def dealt(self, code: str, number: int) -> Dealt:
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
        with self.base.write() as session:
            for room in session.scalars(select(Room).where(Room.owner != "")):
                if alive(room.owner):
                    continue
                if room.phase == "open":
                    session.get(Round, (room.code, room.round)).void = True
                    room.phase = "revealed"
                room.deck, room.owner, room.version = "standard", "", room.version + 1

    # Inside.

    def _deal(self, secret: str, number: int, deck: str) -> Dealt:
        try:
            return self.deal(secret, number, deck)
        except Refusal:
            raise
        except ValueError as error:  # no pack, no generator, forgotten photos: it says so itself
            raise Refusal(str(error), 409) from error

    def _room(self, session: Session, code: str) -> Room:
        room = session.get(Room, code) if isinstance(code, str) else None
        if room is None or room.opened < self.now() - LIFE:
            raise Refusal("There is no room with this code. Look at the projector again.", 404)
        return room

    def _taught(self, session: Session, code: str, key: str) -> Room:
        room = self._room(session, code)
        if not isinstance(key, str) or not secrets.compare_digest(_hash(key), room.teacher):
            raise Refusal("Only the teacher's own link may do this.", 403)
        return room

    def _player(self, session: Session, code: str, token: str) -> Player:
        query = select(Player).where(Player.token == _hash(token if isinstance(token, str) else ""))
        player = session.scalar(query)
        if player is None or player.room != code:
            raise Refusal("You are not in this room. Join with its code.", 403)
        return player

    def _free(self, session: Session, code: str, name: str) -> str:
        """The name, or the name with a number when somebody has it."""
        taken = set(session.scalars(select(Player.name).where(Player.room == code)))
        return next(
            n for n in [name, *(f"{name} {k}" for k in range(2, PLAYERS + 2))] if n not in taken
        )

    def _told(self, room: Room):
        return Round.number <= (room.round - 1 if room.phase == "open" else room.round)

    def _right(self, session: Session, room: Room) -> dict[int, int]:
        """How many faces each player has named rightly, in rounds that are revealed."""
        right: dict[int, int] = {}
        rows = session.execute(
            select(Vote.player, Vote.picks, Round.real)
            .join(Round, (Round.room == Vote.room) & (Round.number == Vote.round))
            .where(Vote.room == room.code, ~Round.void, self._told(room))
        )
        for player, picks, real in rows:
            right[player] = right.get(player, 0) + sum(
                a == b for a, b in zip(picks, real, strict=True)
            )
        return right


def _truth(dealt: Round) -> dict:
    return dict(
        real=[r == "1" for r in dealt.real], sources=dealt.sources.split("\t"), void=dealt.void
    )


def _code() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(4))


def clean_name(name: str) -> str:
    """One line of letters that show: no control or direction marks, no more than one space together. Raises Refusal."""
    if not isinstance(name, str) or len(name) > 1000:
        raise Refusal(f"A nickname has 1 to {LONGEST_NAME} letters.")
    shown = "".join(" " if c.isspace() else c for c in unicodedata.normalize("NFC", name))
    # Cf holds the marks that turn the direction of a line, and the joiner inside many emoji, which may stay.
    kept = "".join(c for c in shown if c == "\u200d" or unicodedata.category(c)[0] != "C")
    kept = " ".join(kept.split())
    if not 1 <= len(kept) <= LONGEST_NAME or not any(
        unicodedata.category(c)[0] in "LNS" for c in kept
    ):
        raise Refusal(f"A nickname has 1 to {LONGEST_NAME} letters.")
    return kept
