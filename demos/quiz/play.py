"""The game for one: a round dealt, answered and revealed, and the player's record as plots."""

import base64
import io
import json
import re
from collections.abc import Sequence

import numpy as np
from PIL import Image

from demos import plots, ui
from demos.quiz import faces, hints, rounds, scores

MIME = "data:image/webp;base64,"


# What is computed.


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
    fractions of the side) and the spectrum of its fine detail (a picture as a data URI).
    """
    said, sure = picks(picked), ui.whole(sure, "How sure", 50, 100)
    ticket = rounds.read(token)
    deck = faces.deck(ticket.deck)
    shown = rounds.deal(ticket.secret, ticket.number, deck)
    rounds.answered.once(ticket)
    told = []
    for webp, real, source in zip(shown.pictures, shown.real, shown.sources, strict=True):
        picture = np.asarray(Image.open(io.BytesIO(webp)).convert("RGB"))
        told.append(
            dict(
                real=real,
                source=source,
                words=hints.words(real, source),
                where=hints.where(picture),
                spectrum=ui.data_uri(hints.spectrum(picture)[None]),
            )
        )
    right = sum(a == b for a, b in zip(said, shown.real, strict=True))
    return dict(number=ticket.number, picked=picked, sure=sure, right=right, faces=told)


def picks(text) -> list[bool]:
    """ "13" -> first and third. Raises ValueError."""
    if (
        not isinstance(text, str)
        or len(text) > 3
        or set(text) - set("123")
        or len(set(text)) < len(text)
    ):
        raise ValueError(
            "The real faces are named by 1, 2 and 3, each at most once, or by nothing at all."
        )
    return [str(k) in text for k in (1, 2, 3)]


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


def quiz_record(record: str) -> tuple[dict, str]:
    """What a player's rounds say. record: a JSON list of up to 500 rounds, each {"picked": "13", "sure": 80,
    "real": "1", "from": ["CelebA", "StyleGAN2", "StyleGAN2"]}.

    Returns the numbers (faces, right, streak, d' and criterion with 95 % intervals, calibration, share right by
    source), and the plots as HTML.
    """
    judged, whole = judgements(record)
    both = scores.of_player(judged)
    now, best = scores.streak(whole)
    rows, sources = scores.calibration(judged), scores.by_source(judged)
    as_list = lambda e: [round(v, 4) for v in (e.value, e.low, e.high)]  # noqa: E731
    numbers = dict(
        rounds=len(whole),
        faces=len(judged),
        right=sum(j.right for j in judged),
        streak=now,
        longest_streak=best,
        d_prime=both and as_list(both[0]),
        criterion=both and as_list(both[1]),
        intervals="95 %: Gourevitch and Galanter 1967 after the log-linear correction for d' and c; Wilson 1927",
        calibration=[dict(sure=s, right=as_list(e), faces=n) for s, e, n in rows],
        by_source=[dict(source=s, real=r, right=as_list(e), faces=n) for s, r, e, n in sources],
    )
    return numbers, shown(numbers, both, rows, sources)


def judgements(record) -> tuple[list[scores.Judged], list[bool]]:
    """Faces one by one, and for each round whether all of it was right. Raises ValueError."""
    wanted = ValueError(
        f'A record is a JSON list of up to {rounds.MOST_ROUNDS} rounds, each with "picked", "sure", "real" and "from".'
    )
    try:
        played = json.loads(record) if isinstance(record, str) and len(record) < 200_000 else None
    except (ValueError, RecursionError):
        played = None
    if not isinstance(played, list) or len(played) > rounds.MOST_ROUNDS:
        raise wanted
    judged, whole = [], []
    for one in played:
        if not isinstance(one, dict) or not isinstance(sources := one.get("from"), list):
            raise wanted
        if len(sources) != 3 or not all(isinstance(s, str) and 0 < len(s) <= 60 for s in sources):
            raise wanted
        said, real = picks(one.get("picked")), picks(one.get("real"))
        sure = ui.whole(one.get("sure"), "How sure", 50, 100)
        judged += [scores.Judged(*row) for row in zip(real, said, [sure] * 3, sources, strict=True)]
        whole.append(said == real)
    return judged, whole


def shown(numbers: dict, both: tuple | None, rows: Sequence, sources: Sequence) -> str:
    """The record as HTML."""
    if not numbers["faces"]:
        return (
            "<p class='note'>After your first round: your accuracy by source, whether you are as often right as you "
            "are sure, and how well you tell the two apart.</p>"
        )
    share = scores.share(numbers["right"], numbers["faces"])
    figures = [
        plots.shares(
            [
                (f"{name}{'' if real else ', made'}", e.value, e.low, e.high, n, real)
                for name, real, e, n in sources
            ],
            "told right, by where the face is from",
        ),
        plots.reliability([(s, e.value, e.low, e.high, n) for s, e, n in rows]),
    ]
    sentence = (
        f"<b>{numbers['right']} of {numbers['faces']}</b> faces told right ({share.low:.0%} to {share.high:.0%}; "
        "a coin gets half)."
    )
    if both:
        d, c = both
        figures.append(plots.two_normals(d.value, c.value, "made", "real"))
        verdict = "you can tell" if d.low > 0 else "no sign yet that you can tell"
        if d.high < 0:
            verdict = "you can tell, but have it backwards"
        leaning = "made" if c.low > 0 else "real" if c.high < 0 else ""
        sentence += (
            f" Sensitivity <b>d&#8242; = {d.value:.2f}</b> ({d.low:.2f} to {d.high:.2f}): {verdict}. Criterion "
            f"c = {c.value:.2f} ({c.low:.2f} to {c.high:.2f}){f': in doubt you say {leaning}' if leaning else ''}."
        )
    else:
        sentence += " For d&#8242; play on until there was a face of each kind."
    return f"<p class='verdict'>{sentence}</p><div class='quiz-plots'>{''.join(figures)}</div>"
