"""Which of our models made which face: a round dealt, answered and revealed. It needs no photograph."""

import base64
import re

from demos import ui
from demos.quiz import exchange, lineup, rounds
from demos.quiz.play import MIME

TITLE = "Name the maker"
DECK = "makers"  # in a ticket


# What is computed.


def opening() -> dict:
    """What the page is told before it asks for a round: the makers' names, and what is missing, if there is no game."""
    return dict(makers=[maker.title for maker in lineup.makers()], lacking=lineup.lacking())


def maker_round(game: str, number: int) -> dict:
    """Three faces, each by one of our models. game: 8 to 40 letters and digits that the player made up; number: 1 to
    500, of the round.

    Returns the makers' names, three pictures (WebP as data URIs of one length) and the token that answers the round.
    Nothing in it, its length included, depends on who made which.
    """
    if not isinstance(game, str) or not re.fullmatch(r"[a-z0-9]{8,40}", game):
        raise ValueError("A game is 8 to 40 small letters and digits.")
    ticket = rounds.ticket(game, ui.whole(number, "Round", 1, rounds.MOST_ROUNDS), DECK)
    if lack := lineup.lacking():
        raise ValueError(lack)
    dealt = lineup.deal(ticket.secret, ticket.number)
    pictures = [as_uri(webp) for webp in dealt.pictures]
    return opening() | dict(token=rounds.token(ticket), number=ticket.number, pictures=pictures)


def maker_answer(token: str, said: str) -> dict:
    """The reveal, once for each round. token: of the round; said: the number of each face's maker, from 1, as "132".

    Returns the makers that were said and those that it was, how many are right, and for each face what gives it away
    and the picture with all the pixels that its model drew (a data URI), with their number along a side.
    """
    names = [maker.title for maker in lineup.makers()]
    wanted = rf"[1-{len(names) or 1}]{{{lineup.FACES}}}"
    if not isinstance(said, str) or not re.fullmatch(wanted, said, re.ASCII):
        raise ValueError(
            f"Each face's maker is a digit from 1 to {len(names)}: {lineup.FACES} digits."
        )
    ticket = rounds.read(token)
    if ticket.deck != DECK:
        raise ValueError("This round is one of another game. Ask for a new round.")
    dealt = lineup.deal(ticket.secret, ticket.number)
    rounds.answered.once(ticket)
    made, answers = [names[m] for m in dealt.by], [names[int(digit) - 1] for digit in said]
    told = [
        dict(
            words=lineup.gives_away(name),
            own=as_uri(face.own),
            pixels=face.size,
        )
        for name, face in zip(made, dealt.faces, strict=True)
    ]
    right = sum(a == b for a, b in zip(made, answers, strict=True))
    return dict(number=ticket.number, said=answers, made=made, right=right, faces=told)


def as_uri(webp: bytes) -> str:
    return MIME + base64.b64encode(webp).decode()


# What is shown.


def build() -> None:
    ui.headline(
        "Who made which face?",
        "Nobody here exists: our models drew these faces. All three may be by one of them.",
    )
    with ui.columns():
        with ui.stage():
            table = ui.canvas("maker", None, "maker")
            reveal = ui.html(None, elem_id="maker-reveal", visible=False)
        ui.words(
            see=(SEE.format(size=lineup.smallest()) if lineup.makers() else "",),
            steps={
                "reveal": "Name three makers, then reveal",
                "own": "See the faces with all their pixels",
                "keys": "Play a round by keys alone",
                "all": "Get all three right",
            },
        )
    ui.mathematics(MATHEMATICS)
    ui.first(opening, [], [table])
    call = "document.querySelector('#maker .lineup')"
    exchange.rounds(call, table, reveal, maker_round, maker_answer, values=2)


SEE = (
    "Each face is shrunk to {size} by {size} pixels and enlarged again: size tells nothing. The page itself does not "
    "know the answer."
)

MATHEMATICS = r"""
Each model $m$ is a density $q_m$ over pictures, and each of the $M$ models made a face with the same chance. The best
that any eye can say of a face $\mathbf{x}$ is

$$P(m \mid \mathbf{x}) = \frac{q_m(\mathbf{x})}{\sum_{k=1}^{M} q_k(\mathbf{x})}$$

and to name the largest is right more often than $1/M$ exactly as far as the models differ. Were they all equal to the
density of photographs, nobody could tell one from another: how well their makers are named says how far from it they
still are, and each in its own way. All faces are drawn with $\psi = .8$: noise, or $\mathbf{w}$ for the StyleGAN,
moved a fifth of the way to the mean.
"""
