"""What a class has shown when a game ends: d' by generator, how sure and how right it was, one table of all votes."""

import csv
import io
from collections import defaultdict

import regex

from demos.quiz.names import INVISIBLE
from demos.quiz.scores import sensitivity

# What a spreadsheet computes: a sign, also a wide one or behind what does not show, where a cell begins, also for one
# that divides cells by semicolons.
FORMULA = regex.compile(rf"(?:^|(?<=[;,|\t\r\n]))(?=(?:{INVISIBLE.pattern}|\s)*[=+\-@＝＋－＠−])")
SURE = (50, 60, 70, 80, 90, 100)  # per cent; votes are counted at the nearest


def faces(votes: list[dict]) -> list[tuple[str, bool, bool]]:
    """Each face of each vote: its source, whether it is real, whether it was taken for real."""
    return [
        (source, real == "1", pick == "1")
        for vote in votes
        for source, real, pick in zip(vote["sources"], vote["real"], vote["picks"], strict=True)
    ]


def summary(votes: list[dict]) -> dict:
    """votes: as Rooms.votes gives them -> by_source, confidence, calibration (a sentence)."""
    reals, hits, made = 0, 0, defaultdict(lambda: [0, 0])
    for source, real, picked in faces(votes):
        if real:
            reals, hits = reals + 1, hits + picked
        else:
            made[source] = [made[source][0] + 1, made[source][1] + picked]
    rows = []
    for source, (seen, alarms) in sorted(made.items()):
        d = sensitivity(hits, reals, alarms, seen)[0] if reals else None
        numbers = dict(d_prime=d and d.value, low=d and d.low, high=d and d.high)
        rows.append(dict(source=source, seen=seen, right=1 - alarms / seen) | numbers)
    columns = [dict(sure=sure, votes=0, right=0) for sure in SURE]
    for vote in votes:
        column = min(columns, key=lambda c: abs(c["sure"] - vote["sure"]))
        column["votes"] += 1
        column["right"] += vote["picks"] == vote["real"]
    said = ""
    if votes:
        sure = sum(vote["sure"] for vote in votes) / len(votes)
        right = 100 * sum(column["right"] for column in columns) / len(votes)
        said = f"On average {sure:.0f} % sure; all three faces right in {right:.0f} % of the votes."
    return dict(votes=len(votes), by_source=rows, confidence=columns, calibration=said)


def table(votes: list[dict]) -> str:
    """All votes as CSV, one line for each face, with the mark by which spreadsheets know UTF-8.

    What a spreadsheet would compute gets a quote in front. canvas/quiz_record.js writes the same for one player.
    """
    file = io.StringIO()
    file.write("\ufeff")
    out = csv.writer(file)
    out.writerow(["round", "player", "face", "source", "real", "said_real", "sure_percent"])
    for vote in votes:
        name = "(hidden)" if vote["hidden"] else FORMULA.sub("'", vote["player"])
        for k, (source, real, pick) in enumerate(
            zip(vote["sources"], vote["real"], vote["picks"], strict=True)
        ):
            source = FORMULA.sub("'", source)
            out.writerow([vote["round"], name, k + 1, source, real, pick, vote["sure"]])
    return file.getvalue()
