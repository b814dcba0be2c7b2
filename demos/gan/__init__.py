"""The tab GAN: a DCGAN on faces, while it learns and after."""

from demos.gan import arithmetic, between, training

TITLE, ID, FAMILY = "GAN", "gan", "gan"
VIEWS = (
    training,  # the same noise at several moments of training, and D's verdict
    between,  # from one noise to another
    arithmetic,  # faces added and taken away
)
