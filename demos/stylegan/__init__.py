"""The tab StyleGAN: a style for each layer of a generator of faces.

mixing.py     rows and columns of faces, mixed           face.py        one face, every knob
walk.py       between two faces, in z and in w           mapping.py     from z to w, as a map
adain.py      one channel worked through                 directions.py  found without labels
find.py       the w of a picture, searched               latent.py      people, styles, pictures
network.py    the generators, small and large
"""

from demos import ui
from demos.stylegan import adain, directions, face, find, mapping, mixing, walk

TITLE, ID, FAMILY = "StyleGAN", "stylegan", "gan"


def build() -> None:
    ui.headline(
        "A style for every layer",
        "A face is painted from coarse to fine, and every layer asks for a style of its own. So take the pose from one "
        "face, and the colours from another.",
    )
    opened, model, another = mixing.build()
    face.build(opened, model, another)
    walk.build(opened)
    mapping.build(opened)
    directions.build(opened)
    find.build()
    equations = adain.build(opened)
    equations()
