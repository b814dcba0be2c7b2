"""What the views share: the generator, people as text, their styles, and styles as pictures.

A person is one seed for each layer: "7" is the face of seed 7, and "7 7 7 7 24 24 24 24" has the style of 24 in its
upper layers. Any mixture is such a list, so what was mixed can be mixed again, sent as a link, or saved. A face that
was found for a picture has no seed; "w1" stands for the first w that was found, "w2" for the next, and they mix alike.
"""

import base64
import re
from collections.abc import Container, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from demos import ui
from demos.stylegan import network
from demos.stylegan.network import SHIPPED, draw, generator, mapping
from models.images import noise, to_uint8
from models.stylegan import broadcast, truncate

PSI = 0.7  # of every view before its knob is turned
AT_ONCE = 2**16  # pixels of one pass: what fits into the cache of a core is fastest

FOUND = 8  # faces that were found, at a time
FURTHEST = 100  # of a number in a w that comes from outside; those of faces lie within ten

Person = tuple[int | str, ...]  # for each layer a seed, or the name of a w that was found


def quality(model: str = SHIPPED) -> int | None:
    """How pictures are packed: exactly while pixels are few and shown large, where a lossy code would smear colours."""
    return None if network.size(model) <= 64 else 90


def sizes(model: str = SHIPPED) -> list[int]:
    """The pixels that each layer's style works on, along a side."""
    return [min(network.size(model), 4 << (k + 1) // 2) for k in range(network.layers(model))]


def groups(model: str = SHIPPED) -> dict[str, list[int]]:
    """Layers as the paper groups them: what shapes, what makes features, what colours and details."""
    fine = max(16, min(32, network.size(model) // 4))
    named = ["Coarse" if s <= 8 else "Middle" if s <= fine else "Fine" for s in sizes(model)]
    return {
        name: [k for k, n in enumerate(named) if n == name] for name in ("Coarse", "Middle", "Fine")
    }


def people(
    text: str, name: str, most: int, model: str = SHIPPED, found: Container[str] = ()
) -> list[Person]:
    """People from text, separated by commas. found: names of w's that may stand for seeds. Raises ValueError."""
    layers = network.layers(model)
    tokens = text.split(",") if isinstance(text, str) and len(text) <= 100 * most else []
    seeds = [token.split() for token in tokens]
    if lost := re.search(r"\bw[1-9]\b", text) if seeds and not found else None:
        raise ValueError(
            f"{name}: {lost[0]} was found on another page, and stays there: find a face here."
        )
    right = all(len(s) in (1, layers) for s in seeds) and 1 <= len(seeds) <= most
    if (
        not right
        or not re.fullmatch(r"[0-9w ,]*", text)
        or not all(v in found or re.fullmatch("[0-9]{1,4}", v) for s in seeds for v in s)
    ):
        count = "one face" if most == 1 else f"1 to {most} faces, separated by commas"
        raise ValueError(
            f"{name}: {count}. A face is a seed from 0 to {ui.LARGEST_SEED}, or {layers} seeds, "
            "one for each layer."
        )
    return [tuple(v if v in found else int(v) for v in s) * (layers // len(s)) for s in seeds]


def fitting(text: str, model: str) -> str:
    """People in text for another generator: who has other layers, or was found, becomes the face of the first seed."""
    count, fitted = network.layers(model), []
    for token in str(text).split(","):
        seeds = [v for v in token.split() if v.isdecimal()] or ["7"]
        fitted.append(" ".join(seeds if len(seeds) == count else seeds[:1]))
    return ", ".join(fitted)


def text_of(ws: Tensor) -> str:
    """A w, or one for each layer, as text. ws: (1 or layers, latent)."""
    return base64.b64encode(ws.numpy().astype("<f2").tobytes()).decode()


def w_in_text(text: str) -> Tensor:
    """What text_of made. -> (layers, latent). Raises ValueError."""
    latent, layers = generator().latent, generator().layers
    good = isinstance(text, str) and len(text) <= 3 * latent * layers
    try:
        ws = np.frombuffer(base64.b64decode(text, validate=True) if good else b"", "<f2")
    except ValueError:  # no base64, or half a number
        ws = np.empty(0)
    if ws.size not in (latent, latent * layers) or not (np.abs(ws) <= FURTHEST).all():
        raise ValueError("A w is the text that a search for a face has answered with.")
    return torch.from_numpy(ws.astype(np.float32)).view(-1, latent).expand(layers, -1)


def found_in_text(text: str) -> dict[str, Tensor]:
    """The w's that were found, as text with spaces between, by their names w1, w2, ... Raises ValueError."""
    parts = text.split(" ") if isinstance(text, str) and text else []
    if not isinstance(text, str) or len(parts) > FOUND:
        raise ValueError(
            f"Faces that were found: up to {FOUND} texts as a search for a face answers, with spaces between."
        )
    return {f"w{k}": w_in_text(part) for k, part in enumerate(parts, 1)}


def mean(model: str = SHIPPED) -> Tensor:
    """w of the mean face. -> (latent,)."""
    return generator(model).mapping.w_avg.cpu()


def w_of(seeds: Sequence[int], model: str = SHIPPED) -> Tensor:
    """-> (n, latent)."""
    with torch.inference_mode():
        return mapping(model)(noise((generator(model).latent,), seeds))


def styles(
    persons: Sequence[Person],
    psi: float,
    cutoff: int | None = None,
    model: str = SHIPPED,
    found: Mapping[str, Tensor] = MappingProxyType({}),
) -> Tensor:
    """One w for each layer of each person, pulled to the mean by psi. -> (n, layers, latent)."""
    seeds = sorted({seed for person in persons for seed in person if seed not in found})
    w = dict(zip(seeds, w_of(seeds, model), strict=True)) if seeds else {}
    ws = torch.stack(
        [
            torch.stack([found[v][k] if v in found else w[v] for k, v in enumerate(person)])
            for person in persons
        ]
    )
    return truncate(ws, mean(model), psi, cutoff)


def along(w: Tensor, psi: float = PSI) -> Tensor:
    """The same w in every layer, truncated. (n, latent) -> (n, layers, latent)."""
    return truncate(broadcast(w, generator().layers), mean(), psi)


def synthesis(ws: Tensor, grain: Sequence[Tensor | None] | None = None) -> Tensor:
    """(n, layers, latent) -> (n, 3, size, size), about [-1, 1]. grain: noise of each layer, else the model's own."""
    model = generator()
    grain = model.noise() if grain is None else grain
    parts = ws.split(max(1, AT_ONCE // model.size**2))
    with torch.inference_mode():
        return torch.cat([model.synthesis(part, grain) for part in parts])


def pictures(
    ws: Tensor,
    grain: Sequence[Tensor | None] | None = None,
    model: str = SHIPPED,
    most: int = 1024,
) -> np.ndarray:
    """-> (n, size, size, 3) uint8; a large model's are made smaller until they have at most so many pixels a side."""
    if model != SHIPPED:
        return draw(model, ws, grain, min(most, network.size(model)))
    return to_uint8(synthesis(ws, grain), -1, 1)
