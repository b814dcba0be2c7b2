"""GAN: a good value for each parameter, and those that it must refuse."""

from tests.endpoints import seed, text, whole

WRONG = ["", "1, 2, 3, 4", "-1", "10000", "1.5", "٥", "1;2", "<b>"]


def seeds(good: str):
    return text(good, "1 to 3 whole numbers", *WRONG)


ENDPOINTS = {
    "learn": dict(seed=seed(4)),
    "faces_picture": dict(seed=seed(4)),
    "gan_walk": dict(seed_a=seed(2), seed_b=seed(11)),
    "collapse_run": dict(run=whole(3, 1, 10)),
    "arithmetic": dict(a=seeds("1, 5, 9"), b=seeds("2, 6"), c=seeds("3")),
}
