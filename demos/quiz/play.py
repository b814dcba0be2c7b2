"""Three faces, none to three of them photographs: a round dealt, answered and revealed."""

import base64
import io
import json
import re

import numpy as np
from PIL import Image

from demos import ui
from demos.quiz import exchange, faces, hints, rounds

TITLE = "Real or made?"
MIME = "data:image/webp;base64,"


# What is computed.


def opening() -> dict:
    """What the page is told before it asks for a round: what is missing, if there is nothing to play with."""
    return dict(lacking=faces.lacking())


def quiz_round(game: str, number: int, deck: str) -> dict:
    """Three faces to judge. game: 8 to 40 letters and digits that the player made up; number: 1 to 500, of the round;
    deck: "standard", or what quiz_photos answered.

    Returns three pictures (WebP as data URIs of one length), their side in pixels, what they are taken from, and the
    token that answers the round. Nothing in it, its length included, depends on which faces are real.
    """
    if not isinstance(game, str) or not re.fullmatch(r"[a-z0-9]{8,40}", game):
        raise ValueError("A game is 8 to 40 small letters and digits.")
    number, deck = ui.whole(number, "Round", 1, rounds.MOST_ROUNDS), deck_key(deck)
    return dict(problem=faces.problem, **dealt(rounds.ticket(game, number, deck)))


def deck_key(text) -> str:
    if not isinstance(text, str) or not re.fullmatch(r"standard|photos-[0-9a-f]{24}", text):
        raise ValueError('A deck is "standard", or the key that your photos were given.')
    return text


def dealt(ticket: rounds.Ticket) -> dict:
    deck = faces.deck(ticket.deck)
    shown = rounds.deal(ticket.secret, ticket.number, deck)
    pictures = [MIME + base64.b64encode(webp).decode() for webp in shown.pictures]
    return dict(
        token=rounds.token(ticket),
        number=ticket.number,
        deck=ticket.deck,
        side=deck.side,
        note=deck.note,
        pictures=pictures,
    )


def quiz_answer(token: str, picked: str, sure: int) -> dict:
    """The reveal, once for each round. token: of the round; picked: the real ones, as "", "2", "13";
    sure: 50 to 100, how sure of each face in per cent.

    Returns which are real, and for each face where it is from, what to look at, where to look (left, top, width in
    fractions of the side) and the spectrum of its fine detail (a picture as a data URI); in pictures of few pixels
    there is none: null and "".
    """
    said, sure = rounds.picks(picked), ui.whole(sure, "How sure", 50, 100)
    ticket = rounds.read(token)
    deck = faces.deck(ticket.deck)
    shown = rounds.deal(ticket.secret, ticket.number, deck)
    rounds.answered.once(ticket)
    told = []
    for webp, real, source in zip(shown.pictures, shown.real, shown.sources, strict=True):
        face = dict(real=real, source=source, words=hints.words(real, source, deck.small))
        picture = np.asarray(Image.open(io.BytesIO(webp)).convert("RGB"))
        fine = dict(where=None, spectrum="")
        if not deck.small:
            spectrum = ui.data_uri(hints.spectrum(picture)[None])
            fine = dict(where=hints.where(picture), spectrum=spectrum)
        told.append(face | fine)
    right = sum(a == b for a, b in zip(said, shown.real, strict=True))
    return dict(number=ticket.number, picked=picked, sure=sure, right=right, faces=told)


def quiz_photos(photos: str) -> str:
    """Play with photos of your own as the real faces. photos: a JSON list of 3 to 40 data URIs,
    made small in the page, with one face on each.

    They stay in this process's memory, for two hours at most; nothing is written. Returns the key of their deck.
    """
    wanted = f"Photos are a JSON list of {faces.FEWEST} to {faces.PHOTOS} data URIs."
    limit = faces.PHOTOS * (faces.LARGEST_PHOTO + 100)
    if not isinstance(photos, str) or len(photos) > limit:
        raise ValueError(wanted)
    try:
        uris = json.loads(photos)
    except (ValueError, RecursionError):
        raise ValueError(wanted) from None
    good = isinstance(uris, list) and faces.FEWEST <= len(uris) <= faces.PHOTOS
    if not good or not all(isinstance(uri, str) for uri in uris):
        raise ValueError(wanted)
    return faces.keep_photos(uris)


# What is shown.


def build() -> None:
    ui.headline(
        "Which face is real?",
        "None, one, two or all three. The others are not photographs: a model made them.",
    )
    with ui.columns():
        with ui.stage():
            table = ui.canvas("quiz", None, "quiz", most_photos=faces.PHOTOS)
            reveal = ui.html(None, elem_id="quiz-reveal", visible=False)
        ui.words(
            see=(
                "All have one size, crop and compression; the page itself does not know the answer.",
                "Sureness counts for each face: 50 % is a coin toss.",
                "After the reveal: where to look.",
            ),
            steps={
                "reveal": "Choose, say how sure, reveal",
                "keys": "Play a round with 1, 2, 3, arrows and Enter alone",
                "none": "Meet a round without a photograph",
            },
        )
    ui.mathematics(MATHEMATICS)
    sent, key = (ui.html(None, visible=False) for _ in range(2))
    # The first round is not in the page, as elsewhere, but asked for by it: every visitor has rounds of their own.
    ui.first(opening, [], [table])
    call = "document.querySelector('#quiz .table')"
    exchange.rounds(call, table, reveal, quiz_round, quiz_answer, values=3)
    given = ui.in_page(table.upload, f"() => {call}.photos()", None, sent)
    kept = ui.on(given.then, quiz_photos, sent, key)
    ui.in_page(kept.success, f"(key) => {call}.play(key)", key)


MATHEMATICS = r"""
You play the part of the discriminator. To say "real, 80 % sure" of a face $\mathbf{x}$ is to say $D(\mathbf{x}) =
.8$; to say "made, 80 % sure" is $D(\mathbf{x}) = .2$. When photographs $p$ and made faces $q$ come equally often, the
best that anybody can say compares two densities, and nobody can do more than guess where they agree:

$$D^*(\mathbf{x}) = \frac{p(\mathbf{x})}{p(\mathbf{x}) + q(\mathbf{x})}
\qquad p = q \;\Rightarrow\; D^* = \tfrac12$$

They do come equally often. With $K$ the number of photographs among the three,

$$P(K = 0, 1, 2, 3) = .15,\; .35,\; .35,\; .15 \qquad \mathbb{E}\,K = 1.5 = 3 \cdot \tfrac12$$

A coin thrown for each face gets $1.5$ of $3$ right on average, and all three in $(\tfrac12)^3 = 12.5\,\%$ of the
rounds. Always "none" gets all three right a little more often, in $15\,\%$.
"""
