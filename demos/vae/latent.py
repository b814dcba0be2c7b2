"""What the views share: the models, where test digits land, knobs as a z, and z as a picture."""

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

import checkpoints
from demos import ui
from models.images import grid, noise, to_uint8
from models.vae import VAE, Plane, Quadrature, log_weights, plane, quadrature, reparameterize

SIZE, EDGE = 28, 3.0  # pixels along a side; the knobs of z go from -EDGE to EDGE
DIMENSIONS = 16  # of the larger model
MODELS = {"2-D": 2, "16-D": 16}
OWN = 3  # the digit to begin with
DRAWS = 5000  # of z for one drawing


def model(dimensions: int) -> VAE:
    return checkpoints.load(f"vae-mnist-{dimensions}d")


class Weighed(NamedTuple):
    x: Tensor  # (1, 1, 28, 28)
    vae: VAE
    mu: Tensor  # (1, d), of q(z|x)
    log_var: Tensor  # (1, d)
    epsilon: Tensor  # (5000, d)
    z: Tensor  # (5000, d), draws from q
    log_w: Tensor  # (5000,), log p(x, z) / q(z|x)


def weighed(drawing: str, model_name: str) -> Weighed:
    """A drawing with 5,000 draws from its q and what each weighs. Raises ValueError."""
    ui.bits(drawing, SIZE)
    return _weighed(drawing, MODELS[ui.choice(model_name, "Model", list(MODELS))])


@lru_cache(maxsize=8)
def _weighed(drawing: str, dimensions: int) -> Weighed:
    """Kept for the last few drawings: under a megabyte each."""
    x, vae = drawn(drawing), model(dimensions)
    with torch.inference_mode():
        mu, log_var = vae.encode(x)
        epsilon = noise((DRAWS, dimensions), [0])
        z = reparameterize(mu, log_var, epsilon[0])
        return Weighed(x, vae, mu, log_var, epsilon[0], z, log_weights(vae, x, epsilon)[0])


@lru_cache(maxsize=8)
def exactly(drawing: str) -> Quadrature:
    """log p(x) of a drawing by the 2-D model, a sum over the plane. Raises ValueError."""
    of = weighed(drawing, "2-D")
    return quadrature(of.vae, of.x, kept_plane())


@lru_cache(maxsize=1)
def kept_plane() -> Plane:
    """The plane of the 2-D model, decoded once: 39 MB."""
    return plane(model(2))


def drawn(drawing: str) -> Tensor:
    """A drawing as a picture. drawing: 784 characters 0 or 1 -> (1, 1, 28, 28). Raises ValueError."""
    return torch.from_numpy(ui.bits(drawing, SIZE)).float().view(1, 1, SIZE, SIZE)


def as_drawing(p: Tensor) -> str:
    """A picture as a drawing, its pixels set where ink is likelier. p: 28 x 28 numbers in [0, 1]."""
    return "".join("01"[v > 0.5] for v in p.flatten().tolist())


def own_digit(own: int) -> str:
    """A digit of the larger model's own, as a drawing: what it makes of a test digit's mean. own: 0 to 9."""
    return example(ui.whole(own, "Digit", 0, 9), 2)


def example(digit: int, which: int) -> str:
    """The same of the test digit number `which` among those of this name: a drawing to begin with."""
    z, labels = means(DIMENSIONS)
    return as_drawing(ink(z[labels == digit][which, None]))


def means(dimensions: int) -> tuple[Tensor, Tensor]:
    """Where the encoder puts test digits, and which digits they are. -> (n, dimensions), (n,)."""
    kept = checkpoints.load(f"vae-mnist-{dimensions}d-means")
    return kept["means"], kept["labels"].long()


def latent(values, name: str = "z") -> Tensor:
    """Knobs as one z. -> (1, d). Raises ValueError."""
    return torch.tensor(
        [[ui.number(v, f"{name}{k}", -EDGE, EDGE) for k, v in enumerate(values, 1)]]
    )


def ink(z: Tensor) -> Tensor:
    """p(ink | z) by the model of that many dimensions. (n, d) -> (n, 1, 28, 28)."""
    with torch.inference_mode():
        return model(z.shape[1]).decode(z).sigmoid()


def image(p: Tensor, alt: str, columns: int = 1) -> str:
    """Pictures with ink black, as one <img>. p: (n, 1, 28, 28) in [0, 1]."""
    source = ui.data_uri(grid(to_uint8(1 - p), columns)[None])
    return f'<img class="pixels" src="{source}" alt="{alt}">'


# The sheet to draw on, in the views that have one.


def on_drawing(pad, handler, given, shown, step="", own=None, named=False, **options):
    """A drawing goes through the handler, at first and whenever it changes. -> the event.

    pad: the sheet, one of `given`, which the handler gets; shown: what it fills; step: of "Try this" that a drawing
    does, as "id of a part, name"; own: a slider of the model's own digits, which fill the sheet; named: own_digit has
    its name in the API here; options: of the event.
    """
    if own:
        ui.first(own_digit, [own], [pad])
    ui.first(handler, given, shown)
    done = ui.on(pad.input, handler, given, shown, **options)
    if step:
        part, _, name = step.partition(", ")
        ui.in_page(done.success, f"() => gml.did(document.querySelector('#{part}'), '{name}')")
    if own:
        seen = {} if named else dict(api_visibility="private")
        chosen = ui.on([own.input, pad.apply], own_digit, own, pad, queue=False, **seen)
        ui.on(chosen.success, handler, given, shown, api_visibility="private")
    return done
