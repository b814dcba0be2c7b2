"""The quiz with a whole class: the way into a room, what students need, what is kept."""

import os

import gradio as gr

from demos import ui

TITLE = "With a class"
GAMES = [("Name the maker", "maker"), ("Which face is real?", "play")]


def first() -> str:
    """The game that is chosen before anybody chooses: that of the view which opens first for one player."""
    return "play" if os.environ.get("QUIZ_PACK") else "maker"


# What is shown.


def build() -> None:
    ui.headline(
        "A class votes by phone, and the projector counts",
        "You open a room. It shows a code and a QR code; your students need no account and no app.",
    )
    with ui.columns():
        with ui.knobs():
            game = gr.Radio(GAMES, value=first(), label="The game", elem_id="quiz-game")
            opened = gr.Button("Open a room", variant="primary", elem_id="open-room")
            ui.html(
                "<p class='note'>It opens in a new window: put that on the projector.</p>"
                "<p class='note of-play'>The room plays with the faces of <a href='?tab=quiz&amp;view=play'>Real or "
                "made?</a>: with your own photos if you chose some there.</p>"
                "<p class='note of-maker'>As in <a href='?tab=quiz&amp;view=maker'>Name the maker</a>: our models draw "
                "the faces, new ones for each room.</p>"
                "<p class='note told-room' role='alert'></p>"
            )
        with ui.stage():
            ui.canvas("quiz_room", None, "quiz-room")
        ui.words(
            see=(
                "The projector shows three faces and counts the votes as they come.",
                "A phone shows the same faces, and learns the answer no earlier than the class.",
                "At the end: d\u2032, who was taken for whom or how sure the class was, a ranking, all votes as CSV.",
                "Closed the projector's window? The way back stands above the picture, for a day.",
            ),
            steps={"open": "Open a room"},
        )
    ui.mathematics(MATHEMATICS)
    ui.in_page(
        opened.click, "(game) => document.querySelector('#quiz-room .room-scene').open(game)", game
    )
    ui.link("quiz", game=game)


MATHEMATICS = r"""
**Name the maker.** $d'$ of each pair of models is computed as in Who is taken for whom, of the votes of all.

**Which face is real?** Of all votes in the rounds that were revealed, $H$ is the share of photographs taken for real,
and $F_g$ the share of the faces made by model $g$ that were taken for real. All models are set against the same
photographs:

$$d'_g = z(H) - z(F_g)$$

A model with $d'_g = 0$ fools the class completely. As in Play, a vote says once how sure it is of each of its three
faces, and each face counts.

**Either game.** Votes of many people on few faces are not as good as votes on many faces: the interval counts every
vote as if it stood alone, so thirty votes on one face make it look narrower than it is.

Points are faces judged correctly, three at most in a round. Who guesses each face with chance $g$ ($\frac12$ real or
made, $\frac13$ of three makers) gets $3g$ a round with a deviation of $\sqrt{3g(1-g)}$, which is $0.87$ or $0.82$;
after $n$ rounds the luckiest of thirty who all guess is expected about two deviations, $2\sqrt{3g(1-g)\,n}$, above
$3gn$.
"""
