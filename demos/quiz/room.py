"""The quiz with a whole class: the way into a room, what students need, what is kept."""

import gradio as gr

from demos import ui

TITLE = "With a class"


# What is shown.


def build() -> None:
    ui.headline(
        "A class votes by phone, and the votes appear as they come",
        "You open a room. It shows a code and a QR code; your students need no account and no app.",
    )
    with ui.columns():
        with ui.knobs():
            opened = gr.Button("Open a room", variant="primary", elem_id="open-room")
            ui.html(
                "<p class='note'>It opens in a new window: put that on the projector.</p>"
                "<p class='note'>The room plays with the faces of <a href='?tab=quiz&amp;view=play'>Real or made?</a>: "
                "with your own photos if you chose some there.</p>"
                "<p class='note told-room' role='alert'></p>"
            )
        with ui.stage():
            ui.canvas("quiz_room", None, "quiz-room")
        ui.words(
            see=(
                "The projector shows three faces; the bars are the votes for real.",
                "A phone shows the same faces, and learns the answer no earlier than the class.",
                "At the end: d\u2032 for each model, how sure the class was, a ranking, all votes as CSV.",
                "Closed the projector's window? The way back stands above the picture, for a day.",
            ),
            steps={"open": "Open a room"},
        )
    ui.mathematics(MATHEMATICS)
    ui.in_page(opened.click, "() => document.querySelector('#quiz-room .room-scene').open()")


MATHEMATICS = r"""
Of all votes in the rounds that were revealed, $H$ is the share of photographs taken for real, and $F_g$ the share of
the faces made by model $g$ that were taken for real. All models are set against the same photographs:

$$d'_g = z(H) - z(F_g)$$

A model with $d'_g = 0$ fools the class completely. Votes of many people on few faces are not as good as votes on many
faces: the interval counts every vote as if it stood alone, so thirty votes on one face make it look narrower than it
is.

As in Play, a vote says once how sure it is of each of its three faces, and each face counts.

Points are faces judged correctly, three at most in a round. By coin a student gets $1.5$ a round with a deviation of
$\sqrt{3}/2 = 0.87$; after $n$ rounds the luckiest of thirty who all throw coins is expected about two deviations, $2
\cdot 0.87 \sqrt{n}$, above $1.5\,n$.
"""
