"""What a class has shown when a game ends: d' by generator, how sure and how right it was, one table of all votes."""

import csv
import io
from collections import defaultdict
from statistics import NormalDist

Z = NormalDist()
SURE = (50, 60, 70, 80, 90, 100)  # per cent; votes are counted at the nearest


def sensitivity(
    hits: int, reals: int, alarms: int, fakes: int
) -> tuple[float, float, float, float]:
    """d' and criterion c with the 95 % interval of d'. hits of reals and alarms of fakes were taken for real.

    d' = z(H) - z(F), c = -(z(H) + z(F)) / 2, with the log-linear correction (Hautus 1995): half a case is added to
    each count and one to each number, so that nobody is infinitely good. The variance of d' is Gourevitch and
    Galanter's (1967): H (1 - H) / (n phi(z(H))^2) + the same for F. -> d', c, low, high.
    """
    h, f = (hits + 0.5) / (reals + 1), (alarms + 0.5) / (fakes + 1)
    z_h, z_f = Z.inv_cdf(h), Z.inv_cdf(f)
    spread = (
        sum(
            p * (1 - p) / (n * Z.pdf(z) ** 2)
            for p, n, z in ((h, reals + 1, z_h), (f, fakes + 1, z_f))
        )
        ** 0.5
    )
    return z_h - z_f, -(z_h + z_f) / 2, z_h - z_f - 1.96 * spread, z_h - z_f + 1.96 * spread


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
        d, _, low, high = (
            sensitivity(hits, reals, alarms, seen) if reals else (None, None, None, None)
        )
        rows.append(
            dict(source=source, seen=seen, right=1 - alarms / seen, d_prime=d, low=low, high=high)
        )
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
    """All votes as CSV, one line for each face. A name that a spreadsheet would compute gets a quote in front."""
    file = io.StringIO()
    out = csv.writer(file)
    out.writerow(["round", "player", "face", "source", "real", "taken for real", "sure (%)"])
    for vote in votes:
        name = "(hidden)" if vote["hidden"] else vote["player"]
        name = f"'{name}" if name[0] in "=+-@\t\r" else name
        for k, (source, real, pick) in enumerate(
            zip(vote["sources"], vote["real"], vote["picks"], strict=True)
        ):
            out.writerow([vote["round"], name, k + 1, source, real, pick, vote["sure"]])
    return file.getvalue()
