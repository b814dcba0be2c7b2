"""The tab Autoencoders: the latent space of a VAE on digits.

latent_map.py   two dimensions as a map               trick.py    mu, sigma and epsilon as knobs
sliders.py      sixteen dimensions, and the bound     film.py     from one digit to another
latent.py       what they share
"""

from demos import ui
from demos.vae import film, latent_map, sliders, trick

TITLE, ID, FAMILY = "Autoencoders", "vae", "ae"


def build() -> None:
    ui.headline(
        "A map of handwriting",
        "Every digit becomes a point, and every point becomes a digit. "
        "Drag across the map and see what lies between.",
    )
    restored = latent_map.build()
    equations = sliders.build()
    trick.build(restored)
    film.build(restored)
    equations()
