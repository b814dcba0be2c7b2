"""The tab Autoencoders: the latent space of a VAE on digits, and of another on faces.

latent.py holds what the views share.
"""

from demos.vae import (
    beta,
    blur,
    bound,
    codes,
    cvae,
    dials,
    dims,
    face_walk,
    faces,
    film,
    gap,
    gradients,
    latent_map,
    own_photo,
    prior,
    trick,
    versus,
)

TITLE, ID, FAMILY = "Autoencoders", "vae", "ae"
VIEWS = (
    versus,  # an autoencoder, a VAE and PCA in two dimensions, side by side
    latent_map,  # two dimensions as a map: drag a point, and see what it decodes to
    dims,  # one drawing through autoencoders, VAEs and PCA of 2 to 32 dimensions
    dials,  # sixteen dimensions as sliders
    bound,  # what a drawing costs, line by line
    gap,  # what the bound leaves out, and what closes it
    beta,  # what the KL term may weigh, as a dial over trained models
    trick,  # mu, sigma and epsilon as knobs
    gradients,  # past the dice or round them: two gradients, and their variance
    film,  # from one digit to another, on two roads
    faces,  # a face as sixty-four numbers
    face_walk,  # from one face to another
    blur,  # what a squared error makes of what it is not told
    cvae,  # style apart from the class
    codes,  # a digit as forty-nine whole numbers
    prior,  # a model that writes such numbers
    own_photo,  # one's own face, encoded
)
