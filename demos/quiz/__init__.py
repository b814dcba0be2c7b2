"""The tab Which face is real: three faces, none to three of them photographs.

play.py        a round dealt, answered, revealed; the record    scores.py      d', criterion, calibration
rounds.py      pure function of a secret and a number; tokens    hints.py       where to look afterwards
faces.py       packs, a teacher's photos, our own generators     pictures.py    one encoder, one length
left_out.txt   faces of known packs that no round shows

With a whole class:
rooms.py       what may be done and seen in a room             tables.py      the database it is kept in
routes.py      the addresses of phones and projector            report.py      what the class has shown at the end
network.py     how phones reach this server; who asks, how often, refused with what
pages/         the phone's and the projector's page
"""

import functools
from typing import TYPE_CHECKING

import gradio as gr

from demos import ui
from demos.quiz import faces, play, rounds
from demos.quiz.network import alive, process
from demos.quiz.routes import Class

if TYPE_CHECKING:
    from demos.quiz.rooms import Rooms

TITLE, ID, FAMILY = "Which face is real?", "quiz", "quiz"


@functools.cache
def class_rooms() -> "Rooms":
    """The rooms of all classes; made when the first one asks, so that no other visitor touches a database."""
    from demos.quiz.rooms import Rooms  # SQLAlchemy is a tenth of the time to the first page

    found = Rooms(lambda secret, k, deck: rounds.deal(secret, k, faces.deck(deck)))
    found.void_lost(alive)
    return found


ROUTES = Class(class_rooms, process()).routes()


def build() -> None:
    try:
        faces.standard_deck().made("opening", 0)  # weights that are missing are told now
        lacking = ""
    except faces.Missing as missing:
        lacking = str(missing)
    ui.headline(
        "Which face is real?",
        "None, one, two or all three are photographs. The others were never born.",
    )
    if lacking:
        ui.html(f'<p class="problem" role="status">{lacking}</p>')
    # The first round is not in the page, as elsewhere, but asked for by it: every visitor has rounds of their own.
    table = ui.canvas("quiz", None, "quiz", lacking=bool(lacking), most_photos=faces.PHOTOS)
    reveal = ui.html(None, elem_id="quiz-reveal", visible=False)
    numbers = ui.html(None, elem_id="quiz-numbers", visible=False)
    with gr.Row(elem_classes="quiz-below"):
        with gr.Column(min_width=0):
            ui.section("How well you tell", "Every face you judge counts, whatever the round.")
            record_html = ui.html(play.quiz_record("[]")[1], elem_id="quiz-record")
        ui.words(
            see=(
                "Every face has the same size, cut and compression; nothing in the page knows the answer.",
                "How sure you are is meant for each single face: 50 % is a coin.",
                "After the answer: one place enlarged, and the spectrum of the fine detail.",
            ),
            steps={
                "reveal": "Choose, say how sure, reveal",
                "keys": "Play a round with 1, 2, 3 and Enter alone",
                "none": "Meet a round in which nobody is real",
                "streak": "Two rounds in a row without a mistake",
                "ten": "Judge ten rounds and read your d\u2032",
            },
        )
    ui.section(
        "With the whole class",
        "Students join by phone with a code, no account. Here: large faces, votes as they come, a ranking.",
    )
    with gr.Row(elem_classes="open-room"):
        opened = gr.Button("Open a room", variant="primary", elem_id="open-room")
    ui.in_page(opened.click, OPEN_ROOM)
    ui.mathematics(MATHEMATICS)
    asked = [ui.html(None, visible=False) for _ in range(3)]
    said = [ui.html(None, visible=False) for _ in range(3)]
    sent, key, record = (ui.html(None, visible=False) for _ in range(3))
    wanted = "() => { const q = document.querySelector('#quiz .table'); return q.%s(); }"
    failed = "() => document.querySelector('#quiz .table').failed()"
    # A question of the page's own, since what it is asked with is not in any knob.
    next_round = ui.in_page(table.select, wanted % "asks", None, asked)
    dealt = ui.on(next_round.then, play.quiz_round, asked, table)
    ui.in_page(dealt.failure, failed)
    answered = ui.in_page(table.submit, wanted % "says", None, said)
    told = ui.on(answered.then, play.quiz_answer, said, reveal)
    ui.in_page(told.failure, failed)
    shown = ui.in_page(
        told.success,
        "(told) => document.querySelector('#quiz .table').reveal(told)",
        reveal,
        record,
    )
    counted = ui.on(shown.then, play.quiz_record, record, [numbers, record_html])
    ui.in_page(counted.success, "(n) => document.querySelector('#quiz .table').numbers(n)", numbers)
    given = ui.in_page(table.upload, wanted % "photos", None, sent)
    kept = ui.on(given.then, play.quiz_photos, sent, key)
    ui.in_page(kept.success, "(key) => document.querySelector('#quiz .table').play(key)", key)


# The window comes before the answer: a browser lets a page open one only while a click lasts.
OPEN_ROOM = """async () => {
  const room = window.open("", "_blank"), deck = document.querySelector("#quiz .table")?.deck() ?? "standard";
  try {
    const answer = await fetch("/class", { method: "POST", body: JSON.stringify({ deck }) });
    const { teacher, error } = await answer.json();
    if (!answer.ok) throw new Error(error);
    room ? room.location.assign(teacher) : location.assign(teacher);
  } catch (error) {
    room?.close();
    alert(error.message);
  }
}"""

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
calibrated when of all faces judged with 70 % certainty, 70 % are told right: the points lie on the diagonal.
"""
