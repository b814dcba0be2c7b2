"""How well a player tells real faces from made ones: sensitivity, leaning, calibration, accuracy by source."""

import json
from collections.abc import Sequence

from demos import plots, ui
from demos.quiz import exchange, rounds, scores

TITLE = "Your record"


# What is computed.


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
        if len(sources) != 3 or not all(
            isinstance(s, str) and s.isprintable() and 0 < len(s) <= 60 for s in sources
        ):
            raise wanted
        said, real = rounds.picks(one.get("picked")), rounds.picks(one.get("real"))
        sure = ui.whole(one.get("sure"), "How sure", 50, 100)
        judged += [scores.Judged(*row) for row in zip(real, said, [sure] * 3, sources, strict=True)]
        whole.append(said == real)
    return judged, whole


def shown(numbers: dict, both: tuple | None, rows: Sequence, sources: Sequence) -> str:
    """The record as HTML."""
    if not numbers["faces"]:
        return EMPTY
    share = scores.share(numbers["right"], numbers["faces"])
    figures = [
        plots.shares(
            [
                (f"{name}{'' if real else ', made'}", e.value, e.low, e.high, n, real)
                for name, real, e, n in sources
            ],
            "judged correctly, by where the face is from",
        ),
        plots.reliability([(s, e.value, e.low, e.high, n) for s, e, n in rows]),
    ]
    sentence = (
        f"<b>{numbers['right']} of {numbers['faces']}</b> faces judged correctly ({share.low:.0%} to {share.high:.0%}; "
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
        sentence += " Keep playing: d&#8242; needs at least one real and one made face."
    return f"<p class='verdict'>{sentence}</p><div class='quiz-plots'>{''.join(figures)}</div>"


EMPTY = """<div class="quiz-empty">
<p class="verdict">Play a round, and your record begins here.</p>
<dl>
<dt>By source</dt><dd>The share of faces you judged correctly: photographs, and each model for itself.</dd>
<dt>Calibration</dt><dd>How sure you said you were, against how often you were right.</dd>
<dt>Sensitivity d&#8242;</dt><dd>How far apart real and made faces are for your eye, whichever answer you lean to.</dd>
</dl>
<p><a class="button" href="?tab=quiz&amp;view=play">Play a round</a></p>
</div>"""


# What is shown.


def build() -> None:
    ui.headline(
        "Seeing a difference, and knowing how well you see it",
        "Every face counts that you judged in this window, whatever the round.",
    )
    with ui.columns():
        with ui.stage():
            plotted = ui.html("", elem_id="quiz-record")
        with ui.knobs():
            sheet = ui.canvas("quiz_record", None, "quiz-sheet")
        ui.words(
            see=(
                "Each line is a 95 % interval; a coin gets half.",
                "Below the diagonal you are surer than you are right.",
                "The two hills are how made and real faces look to you; d\u2032 is their distance.",
            ),
            steps={
                "streak": "Play two rounds in a row without a mistake",
                "ten": "Judge ten rounds and read your d\u2032",
            },
        )
    ui.mathematics(MATHEMATICS)
    exchange.record(
        "document.querySelector('#quiz-sheet .quiz-sheet')", sheet, plotted, quiz_record
    )


MATHEMATICS = r"""
Each face is a question with two answers, and there are two ways to be right. With $H$ the share of photographs that
you took for real, and $F$ the share of made faces that you took for real, signal detection theory separates how well
you see from which answer you lean to ($z$: the inverse of the normal distribution function):

$$d' = z(H) - z(F), \qquad c = -\tfrac12\,\bigl(z(H) + z(F)\bigr)$$

$d' = 0$ is guessing, whatever you lean to; $d' = 1$ is 69 % right with no leaning; $c > 0$ leans to "made". So that a
player without a mistake has a number too, the log-linear correction (Hautus 1995) adds half a face to the hits and one
to the photographs, and likewise for the false alarms:

$$H = \frac{\text{hits} + \frac12}{\text{photographs} + 1}, \qquad
F = \frac{\text{false alarms} + \frac12}{\text{made} + 1}$$

$$\operatorname{var} d' = \frac{H(1-H)}{n_\text{real}\,\varphi(z(H))^2}
+ \frac{F(1-F)}{n_\text{made}\,\varphi(z(F))^2},
\qquad \operatorname{var} c = \tfrac14 \operatorname{var} d'$$

(Gourevitch and Galanter 1967.) Intervals are 95 %: 1.96 standard errors to both sides, for shares Wilson's. A player is
calibrated when of all faces judged with 70 % certainty, 70 % are judged correctly: the points lie on the diagonal.
"""
