"""The tab GAN: a DCGAN on faces, while it learns and after, and the game behind it, as small as it gets."""

from demos.gan import (
    algorithm,
    arithmetic,
    between,
    collapse,
    laboratory,
    loss,
    oscillation,
    theorem,
    training,
)

TITLE, ID, FAMILY = "GAN", "gan", "gan"
VIEWS = (
    training,  # the same noise at several moments of training, and D's verdict
    laboratory,  # a GAN in two dimensions, trained by hand
    algorithm,  # the listing of the paper, line by line
    theorem,  # the best D, and the distance that V is with it
    loss,  # two losses for G, and what they say while D is sure
    collapse,  # four GANs on 25 Gaussians, recorded
    oscillation,  # the smallest game, and three ways to step
    between,  # from one noise to another
    arithmetic,  # faces added and taken away
)
