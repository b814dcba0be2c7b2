"""The large models on offer, brought from the small Hub and drawn with, as tests ask for it."""

import json
from pathlib import Path

import torch

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


def save_image_gpt(folder: Path, side: int = 16) -> Path:
    """A tiny Image GPT with large random weights, as its library saves it: no two colours are equally likely."""
    from transformers import (
        ImageGPTConfig,
        ImageGPTForCausalImageModeling,
        ImageGPTImageProcessorPil,
    )

    generator = torch.Generator().manual_seed(3)
    config = ImageGPTConfig(vocab_size=513, n_positions=side * side, n_embd=16, n_layer=2, n_head=2)
    model = ImageGPTForCausalImageModeling(config)
    for name, p in model.named_parameters():
        size = 0.1 if name.endswith("bias") else 1 if p.dim() == 1 or len(p) > 64 else 0.4
        p.data.copy_(size * torch.randn(p.shape, generator=generator))
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink()  # nobody asks for it
    colours = 2 * torch.rand((512, 3), generator=generator) - 1
    ImageGPTImageProcessorPil(clusters=colours.tolist()).save_pretrained(folder)
    assert json.loads((folder / "preprocessor_config.json").read_text())["clusters"]
    return folder
