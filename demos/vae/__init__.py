"""The tab Autoencoders: the latent space of a VAE on digits, and of another on faces.

latent.py holds what the views share.
"""

from demos.vae import (
    blur,
    bound,
    codes,
    cvae,
    dials,
    face_walk,
    faces,
    film,
    latent_map,
    own_photo,
    prior,
    trick,
)

TITLE, ID, FAMILY = "Autoencoders", "vae", "ae"
VIEWS = (
    latent_map,  # two dimensions as a map: drag a point, and see what it decodes to
    dials,  # sixteen dimensions as sliders
    bound,  # what a drawing costs, in two halves
    trick,  # mu, sigma and epsilon as knobs
    film,  # from one digit to another, on two roads
    faces,  # a face as sixty-four numbers
    face_walk,  # from one face to another
    blur,  # what a squared error makes of what it is not told
    cvae,  # style apart from the class
    codes,  # a digit as forty-nine whole numbers
    prior,  # a model that writes such numbers
    own_photo,  # one's own face, encoded
)
