"""The two formats in which StyleGAN2's official weights travel, as Generator's: NVlabs' and rosinality's state dicts.

    generator(state)           a state dict of either kind, or rosinality's {"g_ema", "latent_avg"} -> Generator
    read(file)                 the same from a .pt file, read as numbers only
    pretrained(file)           the same from a downloaded .pt file, which is opened once and kept as safetensors

NVlabs' own .pkl files run code when they are opened, so they are never opened. The names and scales of both formats
are checked against pictures of the original programs in tests/test_stylegan.py.
"""

import os
import re
from collections.abc import Mapping
from math import sqrt
from pathlib import Path

import torch
from torch import Tensor

from models.stylegan import Generator

DRAWS = 10_000  # of z, for the mean of w where a file does not have it


def read(file: Path) -> Generator:
    """A .pt file with tensors in either format. Raises ValueError; code inside is refused, not run."""
    try:
        return generator(torch.load(file, map_location="cpu", weights_only=True))
    # Broad on purpose: whatever a third party's file makes torch or the names below raise, it is not used.
    except Exception as error:
        raise ValueError(
            "This is no StyleGAN2 generator in a known format, or it holds more than numbers."
        ) from error


def pretrained(file: Path) -> Generator:
    """A downloaded .pt file. What was read stays beside it, and the next start opens no .pt. Raises ValueError."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file, save_file

    kept = file.with_suffix(".safetensors")
    if kept.is_file():
        try:
            return _built(load_file(kept))
        except (SafetensorError, RuntimeError, KeyError, IndexError):
            kept.unlink()
    model = read(file)
    if file.parent.parent.name != "snapshots":  # the Hub client's own cache is not ours to write to
        part = kept.with_name(f"{kept.name}.{os.getpid()}.part")
        save_file({key: t.contiguous() for key, t in model.state_dict().items()}, part)
        part.replace(kept)
    return model


def generator(state: Mapping) -> Generator:
    """The model that a state dict describes; its sizes are read from the tensors."""
    if "g_ema" in state:
        average = state.get("latent_avg")
        state = dict(state["g_ema"])
        if average is not None:
            state["latent_avg"] = average
    return _built(from_rosinality(state) if "input.input" in state else from_nvlabs(state))


def _built(weights: Mapping[str, Tensor]) -> Generator:
    sizes = sorted(
        int(m[1])
        for key in weights
        if (m := re.fullmatch(r"synthesis\.blocks\.b(\d+)\.torgb\.bias", key))
    )
    widths = [len(weights[f"synthesis.blocks.b{size}.conv1.bias"]) for size in sizes]
    depth = sum(bool(re.fullmatch(r"mapping\.fc\.\d+\.bias", key)) for key in weights)
    model = Generator(sizes[-1], widths, weights["mapping.fc.0.weight"].shape[1], depth)
    average = weights.get("mapping.w_avg", model.mapping.w_avg)
    model.load_state_dict({**weights, "mapping.w_avg": average})
    if "mapping.w_avg" not in weights:
        with torch.inference_mode():
            draws = torch.randn(DRAWS, model.latent, generator=torch.Generator().manual_seed(0))
            model.mapping.w_avg.copy_(model.mapping(draws).mean(0))
    return model.eval().requires_grad_(False)


def from_nvlabs(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Names only: the scales are the paper's in both."""
    weights = {}
    for key, value in state.items():
        if not key.endswith("resample_filter"):
            key = re.sub(r"^mapping\.fc(\d+)", r"mapping.fc.\1", key)
            weights[re.sub(r"^synthesis\.b(\d+)", r"synthesis.blocks.b\1", key)] = value
    return weights


def from_rosinality(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Layers are counted through there, by resolution here; convolutions are scaled there, only demodulated here."""
    depth = sum(bool(re.fullmatch(r"style\.\d+\.bias", key)) for key in state)
    weights = {"synthesis.blocks.b4.const": state["input.input"][0]}
    for k in range(depth):
        for part in ("weight", "bias"):
            weights[f"mapping.fc.{k}.{part}"] = state[f"style.{k + 1}.{part}"]
    if "latent_avg" in state:
        weights["mapping.w_avg"] = state["latent_avg"].flatten()

    def affine(ours: str, theirs: str) -> None:
        for part in ("weight", "bias"):
            weights[f"{ours}.affine.{part}"] = state[f"{theirs}.conv.modulation.{part}"]

    layers = 1 + sum(bool(re.fullmatch(r"convs\.\d+\.activate\.bias", key)) for key in state)
    for k in range(layers):
        theirs = "conv1" if k == 0 else f"convs.{k - 1}"
        ours = f"synthesis.blocks.b{4 * 2 ** ((k + 1) // 2)}.conv{(k + 1) % 2}"
        weight = state[f"{theirs}.conv.weight"][0]
        weights[f"{ours}.weight"] = weight / sqrt(weight[0].numel())
        weights[f"{ours}.bias"] = state[f"{theirs}.activate.bias"]
        weights[f"{ours}.noise_strength"] = state[f"{theirs}.noise.weight"].reshape(())
        weights[f"{ours}.noise_const"] = state[f"noises.noise_{k}"][0, 0]
        affine(ours, theirs)
        if k % 2 == 0:
            theirs = "to_rgb1" if k == 0 else f"to_rgbs.{k // 2 - 1}"
            ours = f"synthesis.blocks.b{4 * 2 ** (k // 2)}.torgb"
            weights[f"{ours}.weight"] = state[f"{theirs}.conv.weight"][0]
            weights[f"{ours}.bias"] = state[f"{theirs}.bias"].flatten()
            affine(ours, theirs)
    return weights
