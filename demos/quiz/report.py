"""What a class has shown when a game ends, and one table of all its votes.

Of Which face is real? d' by generator, how sure and how right it was; of Name the maker who was taken for whom.
votes: as Rooms.votes gives them.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable

import regex

from demos.quiz import confusion
from demos.quiz.names import INVISIBLE
from demos.quiz.scores import Judged, calibration, sensitivity

# What a spreadsheet computes: a sign, also a wide one or behind what does not show, where a cell begins, also for one
# that divides cells by semicolons.
FORMULA = regex.compile(rf"(?:^|(?<=[;,|\t\r\n]))(?=(?:{INVISIBLE.pattern}|\s)*[=+\-@＝＋－＠−])")


def faces(votes: list[dict]) -> list[Judged]:
    """Each face of each vote. How sure somebody was of a vote, they were of each of its faces."""
    return [
        Judged(real == "1", pick == "1", vote["sure"], source)
        for vote in votes
        for source, real, pick in zip(vote["sources"], vote["real"], vote["picks"], strict=True)
    ]


def summary(votes: list[dict]) -> dict:
    """-> by_source, photographs (None: none were shown), confidence, calibration.

    called_made is a share of the judgements of these faces; d' sets a model's against that of the photographs.
    confidence: faces by how sure their judges were, in the bins of a player's own record; calibration: a sentence.
    """
    judged, made = faces(votes), defaultdict(list)
    photographs = [j for j in judged if j.real]
    for j in judged:
        if not j.real:
            made[j.source].append(j)
    hits, rows = sum(j.said for j in photographs), []
    for source, seen in sorted(made.items()):
        alarms = sum(j.said for j in seen)
        d = sensitivity(hits, len(photographs), alarms, len(seen))[0] if photographs else None
        numbers = dict(d_prime=d and d.value, low=d and d.low, high=d and d.high)
        rows.append(
            dict(source=source, seen=len(seen), called_made=1 - alarms / len(seen)) | numbers
        )
    real = None
    if photographs:
        real = dict(seen=len(photographs), called_made=1 - hits / len(photographs))
    columns = [
        dict(sure=round(100 * sure), right=right.value, faces=n)
        for sure, right, n in calibration(judged)
    ]
    said = ""
    if judged:
        sure = sum(j.sure for j in judged) / len(judged)
        right = 100 * sum(j.right for j in judged) / len(judged)
        said = f"On average {sure:.0f} % sure of a face, and right about {right:.0f} %; a coin gets 50 %."
    return dict(
        votes=len(votes), by_source=rows, photographs=real, confidence=columns, calibration=said
    )


def named(vote: dict) -> list[tuple[str, str]]:
    """Of each face of a vote who made it, and who was said to have."""
    return [
        (made, vote["choices"][int(pick) - 1])
        for made, pick in zip(vote["sources"], vote["picks"], strict=True)
    ]


def taken(votes: list[dict]) -> dict:
    """-> the numbers of confusion.counted over the faces of all votes, and how many votes there are."""
    known = dict.fromkeys(name for vote in votes for name in vote["choices"])
    pairs = [pair for vote in votes for pair in named(vote)]
    return dict(votes=len(votes)) | confusion.counted(pairs, [*known])[0]


def table(votes: list[dict]) -> str:
    """All votes as CSV, one line for each face. canvas/quiz_record.js writes the same for one player."""
    return _table(
        ["real", "said_real", "sure_percent"],
        votes,
        lambda vote: [
            [r, p, vote["sure"]] for r, p in zip(vote["real"], vote["picks"], strict=True)
        ],
    )


def table_of_makers(votes: list[dict]) -> str:
    """The same of Name the maker."""
    return _table(["said_source"], votes, lambda vote: [[said] for _, said in named(vote)])


def _table(columns: list[str], votes: list[dict], said: Callable[[dict], Iterable[list]]) -> str:
    """said: of a vote the cells of each face below these columns.

    It begins with the mark by which spreadsheets know UTF-8; what a spreadsheet would compute gets a quote in front.
    """
    file = io.StringIO()
    file.write("\ufeff")
    out = csv.writer(file)
    out.writerow(["round", "player", "face", "source", *columns])
    for vote in votes:
        name = "(hidden)" if vote["hidden"] else vote["player"]
        faces_of = zip(vote["sources"], said(vote), strict=True)
        for k, (source, cells) in enumerate(faces_of, 1):
            row = [vote["round"], name, k, source, *cells]
            out.writerow([FORMULA.sub("'", c) if isinstance(c, str) else c for c in row])
    return file.getvalue()
