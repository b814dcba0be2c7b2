"""The games that a room can play, an object each: all in which they differ on the server. In pages/: play.js, maker.js.

A room's deck says which game it is, as a ticket's does, so a room of an older version is one of the game that was the
only one. Both games keep the answer of a round and a vote as text, a letter for each face: a face is right where the
two letters are the same, and standing.py counts points of either game alike.
"""

from typing import TYPE_CHECKING

from demos.quiz import faces, lineup, report, rounds
from demos.quiz.maker import DECK
from demos.quiz.network import Refusal

if TYPE_CHECKING:  # SQLAlchemy is for those who open a room
    from demos.quiz.tables import Round

Dealt = rounds.Dealt | lineup.Dealt  # pictures: all of it that may be told before the reveal


class Play:
    """Which face is real? In an answer and in a vote 1 is a face that is real, or was taken for real."""

    name, file = "play", "which-face-is-real"
    summary, table = staticmethod(report.summary), staticmethod(report.table)

    def deal(self, secret: str, k: int, deck: str) -> rounds.Dealt:
        """Round k of the room with this secret. Raises ValueError where there is nothing to deal."""
        return rounds.deal(secret, k, faces.deck(deck))

    def kept(self, dealt: rounds.Dealt) -> dict:
        """What the database keeps of a round."""
        real = "".join("1" if r else "0" for r in dealt.real)
        return dict(real=real, sources="\t".join(dealt.sources))

    def vote(self, picks, sure, options: list[str]) -> tuple[str, int]:
        """As a phone sends it -> as it is kept: picks, and how sure. Raises Refusal."""
        if (
            not isinstance(picks, list)
            or any(type(p) is not int or not 0 <= p <= 2 for p in picks)
            or len(set(picks)) != len(picks)
        ):
            raise Refusal(
                "A vote names the faces that are real: a list of 0, 1, 2, each once, or none."
            )
        if type(sure) is not int or not 50 <= sure <= 100:
            raise Refusal("How sure is a whole number from 50 to 100.")
        return "".join("1" if k in picks else "0" for k in range(3)), sure

    def asked(self, dealt: "Round") -> dict:
        """What everybody may know of a round while it is open."""
        return {}

    def told(self, dealt: "Round") -> dict:
        """The answer."""
        return dict(real=[r == "1" for r in dealt.real], sources=dealt.names)

    def counts(self, votes: list[str], dealt: "Round | None") -> list:
        """For each face what the projector shows of the votes for it. dealt: None in the lobby."""
        return [sum(picks[k] == "1" for picks in votes) for k in range(3)]


class Maker:
    """Who made which face? In an answer and in a vote 1 is the first of the round's makers, and so on."""

    name, file = "maker", "name-the-maker"
    summary, table = staticmethod(report.taken), staticmethod(report.table_of_makers)

    def deal(self, secret: str, k: int, deck: str) -> lineup.Dealt:
        if lack := lineup.lacking():
            raise ValueError(lack)
        return lineup.deal_alone(secret, k)

    def kept(self, dealt: lineup.Dealt) -> dict:
        titles = [maker.title for maker in lineup.makers()]
        made, options = [titles[m] for m in dealt.by], [*dict.fromkeys(titles)]
        return dict(
            real=_letters(made, options), sources="\t".join(made), choices="\t".join(options)
        )

    def vote(self, picks, sure, options: list[str]) -> tuple[str, int]:
        if (
            not isinstance(picks, list)
            or len(picks) != lineup.FACES
            or not all(isinstance(name, str) and name in options for name in picks)
        ):
            raise Refusal(
                f"A vote names the maker of each of {lineup.FACES} faces: {', '.join(options)}."
            )
        return _letters(picks, options), 0

    def asked(self, dealt: "Round") -> dict:
        return dict(makers=dealt.options)

    def told(self, dealt: "Round") -> dict:
        return dict(made=dealt.names, words=[lineup.gives_away(name) for name in dealt.names])

    def counts(self, votes: list[str], dealt: "Round | None") -> list:
        options = dealt.options if dealt else []
        letters = _letters(options, options)
        return [[sum(picks[k] == m for picks in votes) for m in letters] for k in range(3)]


def _letters(names: list[str], options: list[str]) -> str:
    return "".join(str(options.index(name) + 1) for name in names)


Game = Play | Maker
PLAY, MAKER = Play(), Maker()


def of(deck: str) -> Game:
    return MAKER if deck == DECK else PLAY
