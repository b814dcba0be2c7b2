"""The large models on offer, brought from the small Hub and drawn with, as tests ask for it."""

from checkpoints import hub
from demos.diffusion import denoise, network

CIFAR, FACES = network.LARGE


def bring(name: str) -> list[hub.Progress]:
    return list(hub.fetch(name))


def weights_of(name: str) -> str:
    return hub.OFFERED[name]["files"][-1]


def last(*given):
    """The end of the stream that draws."""
    *_, answer = denoise.denoise(*given)
    return answer
