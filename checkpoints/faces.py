"""The face generators that the manifest holds, behind one small door: name, size, sample(seeds, psi)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

import checkpoints

PSI = 0.8  # how far from the mean face, for all generators alike


@dataclass(frozen=True)
class Generator:
    """sample(seeds, psi) -> (n, size, size, 3) uint8; picture i depends on seeds[i] and psi alone."""

    name: str  # in the manifest
    title: str
    size: int
    sample: Callable[[Sequence[int], float], np.ndarray]


def generators() -> list[Generator]:
    """All of them, in the manifest's order; none when it has none. Nothing is loaded before the first sample."""
    return [
        Generator(
            name,
            title,
            entry["config"].get("size", 64),
            lambda s, psi=PSI, n=name, d=draw: d(n, s, psi),
        )
        for name, entry in checkpoints.MANIFEST.items()
        if entry["data"].startswith("CelebA") and entry["model"] in DRAWN_BY
        for title, draw in [DRAWN_BY[entry["model"]]]
    ]


def _vae(name: str, seeds: Sequence[int], psi: float) -> np.ndarray:
    """The mean of p(x|z), with z drawn nearer to the middle by psi."""
    import torch

    from models.images import noise, to_uint8

    model = checkpoints.load(name)
    with torch.inference_mode():
        return to_uint8(model.decode(psi * noise((model.latent,), seeds)))


def _dcgan(name: str, seeds: Sequence[int], psi: float) -> np.ndarray:
    from models.dcgan import sample
    from models.images import noise, to_uint8

    model = checkpoints.load(name)
    return to_uint8(sample(model, psi * noise((model.latent,), seeds)), -1, 1)


def _stylegan(name: str, seeds: Sequence[int], psi: float) -> np.ndarray:
    """With the truncation in w, as in the paper."""
    import torch

    from models.images import noise, to_uint8
    from models.stylegan import broadcast, truncate

    model = checkpoints.load(name)
    with torch.inference_mode():
        w = model.mapping(noise((model.latent,), seeds))
        ws = truncate(broadcast(w, model.layers), model.mapping.w_avg, psi)
        return to_uint8(model.synthesis(ws, model.noise()), -1, 1)


DRAWN_BY = {
    "vae_faces.FaceVAE": ("VAE", _vae),
    "dcgan.Generator": ("DCGAN", _dcgan),
    "stylegan.Generator": ("StyleGAN2", _stylegan),
}
