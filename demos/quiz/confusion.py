"""Which makers a player takes for which: the confusion matrix, and d' for each pair of models."""

import itertools
import json
from collections import Counter
from html import escape

from demos import plots, ui
from demos.quiz import exchange, lineup, rounds, scores

TITLE = "Who is taken for whom"


# What is computed.


def maker_record(record: str) -> tuple[dict, str]:
    """What a player's rounds of Name the maker say. record: a JSON list of up to 500 rounds, each
    {"made": ["VAE", "DCGAN", "VAE"], "said": ["VAE", "VAE", "VAE"]}.

    Returns the numbers (rounds, faces, right, the matrix by maker and then by what was said, d' of each pair with its
    95 % interval), and the matrix and a plot as HTML.
    """
    names = [maker.title for maker in lineup.makers()]
    played = judged(record, names)
    counts, pairs = counted(list(itertools.chain.from_iterable(played)), names)
    numbers = dict(rounds=len(played)) | counts
    return numbers, shown(numbers, pairs)


def counted(named: list[tuple[str, str]], names: list[str]) -> tuple[dict, list]:
    """What faces say of which it is known who made them and who was said to have, of one player or of a class.

    -> the numbers, and each pair of makers with its d' and of how many faces that is.
    """
    counts, pairs = Counter(named), []
    for a, b in itertools.combinations(names, 2):
        n = sum(counts[made, said] for made in (a, b) for said in (a, b))
        pairs.append((a, b, scores.between(named, a, b), n))
    numbers = dict(
        faces=len(named),
        right=sum(made == said for made, said in named),
        makers=names,
        matrix={made: {said: counts[made, said] for said in names} for made in names},
        d_prime=[
            dict(
                pair=[a, b], faces=n, d_prime=e and [round(v, 4) for v in (e.value, e.low, e.high)]
            )
            for a, b, e, n in pairs
        ],
        intervals="95 %: Gourevitch and Galanter 1967 after the log-linear correction (Hautus 1995)",
    )
    return numbers, pairs


def judged(record, names: list[str]) -> list[list[tuple[str, str]]]:
    """The rounds, each as (who made it, who was said to have) for its faces. Raises ValueError."""
    wanted = ValueError(
        f"A record is a JSON list of up to {rounds.MOST_ROUNDS} rounds, each with {lineup.FACES} makers in "
        f'"made" and in "said": {", ".join(names)}.'
    )
    try:
        played = json.loads(record) if isinstance(record, str) and len(record) < 200_000 else None
    except (ValueError, RecursionError):
        played = None
    if not isinstance(played, list) or len(played) > rounds.MOST_ROUNDS:
        raise wanted
    found = []
    for one in played:
        if not isinstance(one, dict):
            raise wanted
        sides = [one.get("made"), one.get("said")]
        for side in sides:
            good = isinstance(side, list) and len(side) == lineup.FACES
            if not good or not all(isinstance(name, str) and name in names for name in side):
                raise wanted
        found.append(list(zip(*sides, strict=True)))
    return found


def shown(numbers: dict, pairs: list) -> str:
    """The record as HTML."""
    if not numbers["faces"]:
        return EMPTY
    names, right, n = numbers["makers"], numbers["right"], numbers["faces"]
    share = scores.share(right, n)
    sentence = (
        f"<b>{right} of {n}</b> faces given to their maker ({share.low:.0%} to {share.high:.0%}; guessing gets "
        f"{1 / len(names):.0%})."
    )
    rows = []
    for made, row in numbers["matrix"].items():
        whole = sum(row.values())
        cells = "".join(
            f'<td{" class=same" if said == made else ""} style="--share:{count / max(whole, 1):.2f}">'
            f"<b>{count / max(whole, 1):.0%}</b><span>{count} of {whole}</span></td>"
            for said, count in row.items()
        )
        rows.append(f'<tr><th scope="row">{escape(made)}</th>{cells}</tr>')
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    matrix = (
        "<table><caption>Down: who made it. Across: who you said. Framed: right.</caption>"
        f"<thead><tr><td></td>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )
    known = [(f"{a} and {b}", e.value, e.low, e.high, k) for a, b, e, k in pairs if e]
    plot = plots.distances(known, "d\u2032 of each pair: 0 is guessing") if known else ""
    missing = [f"{a} and {b}" for a, b, e, _ in pairs if not e]
    wait = (
        f"<p class='note'>Keep playing: no face of both yet for {', '.join(missing)}.</p>"
        if missing
        else ""
    )
    return f"<p class='verdict'>{sentence}</p><div class='confused'>{matrix}<div>{plot}{wait}</div></div>"


EMPTY = """<div class="quiz-empty">
<p class="verdict">Play a round, and the matrix begins here.</p>
<dl>
<dt>The matrix</dt><dd>Of the faces by each model, how many you gave to each.</dd>
<dt>d&#8242; of each pair</dt><dd>How far apart two models are for your eye, whichever name you lean to.</dd>
</dl>
<p><a class="button" href="?tab=quiz&amp;view=maker">Name a maker</a></p>
</div>"""


# What is shown.


def build() -> None:
    ui.headline(
        "Which makers look alike to you?",
        "Every face counts that you gave to a maker in this window.",
    )
    with ui.columns():
        with ui.stage():
            plotted = ui.html("", elem_id="maker-record")
        with ui.knobs():
            sheet = ui.canvas("maker_record", None, "maker-sheet")
        ui.words(
            see=(
                "What is right stands on the diagonal.",
                "d\u2032 sets two models against each other: 0 is guessing, 1 is 69 % right, 3 is 93 %.",
                "Each line is a 95 % interval.",
            ),
            steps={
                "pairs": "Get a d\u2032 for every pair",
                "thirty": "Name the makers of thirty faces",
            },
        )
    ui.mathematics(MATHEMATICS)
    exchange.record(
        "document.querySelector('#maker-sheet .maker-sheet')", sheet, plotted, maker_record
    )


MATHEMATICS = r"""
For models $a$ and $b$, only faces by one of these two count that you gave to one of these two. Of $n_a$ and $n_b$ such
faces, a hit is one by $a$ given to $a$, a false alarm one by $b$ given to $a$; with the log-linear correction (Hautus
1995), so that nobody's $d'$ is infinite,

$$H = \frac{\text{hits} + \frac12}{n_a + 1}, \qquad F = \frac{\text{false alarms} + \frac12}{n_b + 1}, \qquad
d'_{ab} = z(H) - z(F) = d'_{ba}$$

with $z$ the inverse of the normal distribution function. To leave out what was given to a third model is to assume that
the third takes its share from both names alike: the constant-ratio rule (Clarke 1957), which holds well, but not
exactly, for people. The interval is 1.96 standard errors to both sides, with

$$\operatorname{var} d' = \frac{H(1-H)}{n_a\,\varphi(z(H))^2} + \frac{F(1-F)}{n_b\,\varphi(z(F))^2}$$

(Gourevitch and Galanter 1967).
"""
