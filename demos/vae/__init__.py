"""The tab Autoencoders: the latent space of a VAE on digits, and of another on faces.

latent.py holds what the views share.
"""

from demos.vae import (
    blur,
    bound,
    dials,
    face_walk,
    faces,
    film,
    gap,
    gradients,
    latent_map,
    own_photo,
    trick,
)

TITLE, ID, FAMILY = "Autoencoders", "vae", "ae"
VIEWS = (
    latent_map,  # two dimensions as a map: drag a point, and see what it decodes to
    dials,  # sixteen dimensions as sliders
    bound,  # what a drawing costs, line by line
    gap,  # what the bound leaves out, and what closes it
    trick,  # mu, sigma and epsilon as knobs
    gradients,  # past the dice or round them: two gradients, and their variance
    film,  # from one digit to another, on two roads
    faces,  # a face as sixty-four numbers
    face_walk,  # from one face to another
    blur,  # what a squared error makes of what it is not told
    own_photo,  # one's own face, encoded
)
