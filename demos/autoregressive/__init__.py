"""The tab Autoregressive: PixelCNN on binary digits, drawn one pixel at a time.

play.py      draw a digit, watch it, flip a pixel          complete.py   finish a drawing, four ways
see.py       masks and the receptive field                 score.py      the likelihood of a drawing
race.py      the cost of drawing, two samplers timed
"""

from demos import ui
from demos.autoregressive import complete, play, race, score, see

TITLE, ID, FAMILY = "Autoregressive", "autoregressive", "ar"


def build() -> None:
    ui.headline(
        "One pixel at a time",
        "Each pixel is drawn from what came before it. Stop anywhere, change history, "
        "and watch a different digit appear.",
    )
    equations = play.build()
    complete.build()
    see.build()
    score.build()
    race.build()
    equations()
