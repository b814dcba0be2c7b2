"""How well somebody tells real faces from made ones: sensitivity, bias, calibration, each with its interval.

    H = (hits + 1/2) / (real + 1),   F = (false alarms + 1/2) / (made + 1)        (log-linear: Hautus 1995)
    d' = z(H) - z(F),   c = -(z(H) + z(F)) / 2,   z the inverse of the normal distribution function
    var d' = H (1 - H) / (real phi(z(H))^2) + F (1 - F) / (made phi(z(F))^2)      (Gourevitch, Galanter 1967)
    var c = var d' / 4

A hit is a real face taken for real, a false alarm a made one taken for real. d' = 0 is guessing; c > 0 is a person who
rather says "made". The correction keeps H and F off 0 and 1, where z is infinite, and pulls small samples towards 0.
Intervals are 95 %: d' and c plus and minus 1.96 standard errors, shares after Wilson 1927.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, pi, sqrt
from statistics import NormalDist

NORMAL = NormalDist()
SIGMAS = NORMAL.inv_cdf(0.975)
BINS = ((50, 60), (60, 70), (70, 80), (80, 90), (90, 101))  # how sure, in %: from, and below


@dataclass(frozen=True)
class Judged:
    """One face, judged: real is what it is, said what the player took it for, sure from 50 to 100."""

    real: bool
    said: bool
    sure: int
    source: str

    @property
    def right(self) -> bool:
        return self.real == self.said


@dataclass(frozen=True)
class Estimate:
    value: float
    low: float
    high: float


def share(right: int, n: int) -> Estimate:
    """A proportion with Wilson's interval. n: at least 1."""
    p, z2 = right / n, SIGMAS**2
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = SIGMAS * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return Estimate(p, max(0.0, middle - half), min(1.0, middle + half))


def sensitivity(hits: int, real: int, false_alarms: int, made: int) -> tuple[Estimate, Estimate]:
    """d' and the criterion c. real, made: how many faces of each there were, at least 1. Raises ValueError."""
    if not (0 <= hits <= real and 0 <= false_alarms <= made and real and made):
        raise ValueError(
            "d' needs at least one real and one made face, and no more hits than faces."
        )
    h, f = (hits + 0.5) / (real + 1), (false_alarms + 0.5) / (made + 1)
    z_h, z_f = NORMAL.inv_cdf(h), NORMAL.inv_cdf(f)
    # phi(z)^2, from the density's own formula.
    squared = [exp(-z * z) / (2 * pi) for z in (z_h, z_f)]
    error = sqrt(h * (1 - h) / (real * squared[0]) + f * (1 - f) / (made * squared[1]))

    def around(value: float, half: float) -> Estimate:
        return Estimate(value, value - half, value + half)

    return around(z_h - z_f, SIGMAS * error), around(-(z_h + z_f) / 2, SIGMAS * error / 2)


def of_player(judged: Iterable[Judged]) -> tuple[Estimate, Estimate] | None:
    """d' and c of all faces. None before there was one of each kind."""
    judged = list(judged)
    real, made = [j for j in judged if j.real], [j for j in judged if not j.real]
    if not real or not made:
        return None
    return sensitivity(sum(j.said for j in real), len(real), sum(j.said for j in made), len(made))


def between(named: Iterable[tuple[str, str]], a: str, b: str) -> Estimate | None:
    """d' of makers a and b: the distance between their faces for an eye that has to choose between these two.

    named: (who made a face, who was said to have) for each face. Of faces by a or b that were given to a or b, a hit is
    one by a given to a, a false alarm one by b given to a; a and b change places with no change of d'. Faces given to
    others say nothing of this pair (the constant-ratio rule: Clarke 1957). None before there was a face of each.
    """
    mine = [(made, said) for made, said in named if made in (a, b) and said in (a, b)]
    of_a, of_b = ([said == a for made, said in mine if made == one] for one in (a, b))
    if not of_a or not of_b:
        return None
    return sensitivity(sum(of_a), len(of_a), sum(of_b), len(of_b))[0]


def calibration(judged: Iterable[Judged]) -> list[tuple[float, Estimate, int]]:
    """(mean of how sure, 0.5 to 1; share that was right; faces) in bins of ten per cent that hold any."""
    judged, rows = list(judged), []
    for low, high in BINS:
        inside = [j for j in judged if low <= j.sure < high]
        if inside:
            sure = sum(j.sure for j in inside) / len(inside) / 100
            rows.append((sure, share(sum(j.right for j in inside), len(inside)), len(inside)))
    return rows


def by_source(judged: Iterable[Judged]) -> list[tuple[str, bool, Estimate, int]]:
    """(source, whether it is real, share judged correctly, faces), real sources first."""
    groups: dict[tuple[bool, str], list[Judged]] = {}
    for j in judged:
        groups.setdefault((not j.real, j.source), []).append(j)
    return [
        (name, not made, share(sum(j.right for j in group), len(group)), len(group))
        for (made, name), group in sorted(groups.items())
    ]


def streak(rounds: Sequence[bool]) -> tuple[int, int]:
    """Rounds without a mistake: in a row up to now, and the longest row. rounds: whether each was right."""
    now = best = 0
    for right in rounds:
        now = now + 1 if right else 0
        best = max(best, now)
    return now, best
