"""The tab Diffusion: a DDPM on digits, from noise to a picture and back.

denoise.py    out of noise, step by step          noising.py    into noise, and one look back
samplers.py   one noise, several samplers
"""

from demos import ui
from demos.diffusion import denoise, noising, samplers

TITLE, ID, FAMILY = "Diffusion", "diffusion", "df"


def build() -> None:
    ui.headline(
        "A picture out of noise",
        "One network has learned a single thing: to say what part of a picture is noise. "
        "Ask it again and again, and a digit appears.",
    )
    opened, equations = denoise.build()
    noising.build(opened)
    samplers.build(opened)
    equations()
