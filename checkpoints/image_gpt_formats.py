"""Image GPT as the transformers library saves it, as models/colour_gpt.py's ColourGPT.

    pretrained(folder)    config.json, preprocessor_config.json with the colours, model.safetensors -> ColourGPT

The library itself is not needed, and so is no requirement of the app: its names and shapes are translated here. That
both then give the same logits, and draw the same pixels, is tested against the library's own model.
"""

import json
import re
from collections.abc import Mapping
from math import isqrt
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from models.colour_gpt import ColourGPT

# What the library can be told, and what alone is computed here.
ONLY = dict(
    activation_function="quick_gelu",
    layer_norm_epsilon=1e-5,
    scale_attn_weights=True,
    scale_attn_by_inverse_layer_idx=False,
    add_cross_attention=False,
    n_inner=None,
)
INSIDE = {
    "ln_1": "norm1",
    "ln_2": "norm2",
    "attn.c_attn": "attention.qkv",
    "attn.c_proj": "attention.out",
    "mlp.c_fc": "into",
    "mlp.c_proj": "out",
}
OUTSIDE = {
    "transformer.ln_f.weight": "norm.weight",
    "transformer.wpe.weight": "place",
    "lm_head.weight": "head.weight",
}


def pretrained(folder: Path) -> ColourGPT:
    """A downloaded model. Raises ValueError with what is wrong; a file with code in it is never opened."""
    config, told = (_read(folder / name) for name in ("config.json", "preprocessor_config.json"))
    try:
        state = load_file(folder / "model.safetensors")
    except (OSError, SafetensorError):
        raise ValueError("The weights are no safetensors file.") from None
    if config.get("model_type") != "imagegpt":
        raise ValueError("This is no Image GPT.")
    other = [key for key, value in ONLY.items() if config.get(key, value) != value]
    if other:
        raise ValueError(f"This Image GPT computes something else: {', '.join(other)}.")
    return _built(config, state, _colours(told, config.get("vocab_size")))


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise ValueError(f"{file.name} cannot be read.")
    return content


def _colours(told: Mapping[str, Any], vocabulary: Any) -> Tensor:
    """The clusters, (V, 3); the token in front is one more in the vocabulary."""
    try:
        colours = torch.tensor(told.get("clusters"), dtype=torch.float32)
    except (TypeError, ValueError, RuntimeError):
        colours = torch.empty(0)
    good = colours.dim() == 2 and colours.shape[1] == 3 and len(colours) + 1 == vocabulary
    if not good or not (colours.abs() <= 1.001).all():  # also refuses NaN
        raise ValueError("preprocessor_config.json does not have the colours of this model.")
    return colours


def _built(config: Mapping[str, Any], state: Mapping[str, Tensor], colours: Tensor) -> ColourGPT:
    numbers = [config.get(key) for key in ("n_positions", "n_embd", "n_layer", "n_head")]
    if not all(type(n) is int and 0 < n <= 1 << 16 for n in numbers):
        raise ValueError("config.json does not say how large this model is.")
    places, width, blocks, heads = numbers
    side = isqrt(places)
    if side * side != places or width % heads:
        raise ValueError(
            "This Image GPT does not draw squares, or its heads do not share its width."
        )
    weights = dict(_translated(state))
    if "start.weight" not in weights:
        raise ValueError("The weights have no token in front.")
    with torch.device("meta"):  # nothing is filled in twice
        model = ColourGPT(len(colours), side, width, blocks, heads)
    try:
        model.load_state_dict(weights | dict(colours=colours), assign=True)
    except RuntimeError:
        raise ValueError("The weights do not have the names and shapes of this model.") from None
    return model.float().eval().requires_grad_(False)


def _translated(state: Mapping[str, Tensor]):
    """The library's names as ours; its linear layers are stored the other way round."""
    for key, value in state.items():
        if key.endswith((".attn.bias", ".attn.masked_bias")):  # the mask: no weights
            continue
        found = re.fullmatch(r"transformer\.h\.(\d+)\.(.+)\.(weight|bias)", key)
        if key == "transformer.wte.weight":
            yield "token.weight", value[:-1].contiguous()
            yield "start.weight", value[-1:].contiguous()
        elif found and found[2] in INSIDE:
            turned = value.T.contiguous() if value.dim() == 2 else value
            yield f"blocks.{found[1]}.{INSIDE[found[2]]}.{found[3]}", turned
        else:
            yield OUTSIDE.get(key, key), value
