"""The tab Autoencoders: the latent space of a VAE on digits, and of another on faces.

latent_map.py   two dimensions as a map               trick.py          mu, sigma and epsilon as knobs
sliders.py      sixteen dimensions, and the bound     film.py           from one digit to another
latent.py       what they share                       faces.py          a face as sixty-four numbers
                                                      faces_between.py  from face to face, and why they are blurred
                                                      own_photo.py      one's own face
"""

from demos import ui
from demos.vae import faces, faces_between, film, latent_map, own_photo, sliders, trick

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
    # Their data have terms of their own, and may be left out: the digits stay.
    ui.guarded(build_faces)
    equations()


def build_faces() -> None:
    face, dials, decode, opened = faces.build()
    own_photo.build(face, dials, decode, opened)
    faces_between.build(opened)
