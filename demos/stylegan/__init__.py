"""The tab StyleGAN: a style for each layer of a generator of faces.

latent.py    people, styles, pictures      network.py   the generators, small and large
figures.py   what is drawn as SVG
"""

from demos.stylegan import adain, directions, face, find, mapping, mixing, psi, walk

TITLE, ID, FAMILY = "StyleGAN", "stylegan", "gan"
VIEWS = (
    mixing,  # rows and columns of faces, mixed
    face,  # one face, every knob
    psi,  # what truncation costs
    walk,  # between two faces, in z and in w
    mapping,  # from z to w, as a map
    directions,  # found without labels
    find,  # the w of a picture, searched
    adain,  # one channel, worked through
)
