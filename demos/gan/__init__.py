"""The tab GAN: a DCGAN on faces, while it learns and after.

training.py     the same noise at several moments of training, and D's verdict
between.py      from one noise to another                       arithmetic.py   faces added and taken away
"""

from demos import ui
from demos.gan import arithmetic, between, training

TITLE, ID, FAMILY = "GAN", "gan", "gan"


def build() -> None:
    ui.headline(
        "Two networks play, and one learns to draw",
        "One makes faces out of noise, the other tells them from real ones. Watch the first get better because the "
        "second does.",
    )
    opened, equations = training.build()
    between.build(opened)
    arithmetic.build(opened)
    equations()
