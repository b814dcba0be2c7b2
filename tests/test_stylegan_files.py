"""StyleGAN2's files from outside: those that are refused, and that nothing in them runs."""

import os
from pathlib import Path

import pytest
import torch

from checkpoints import stylegan_formats
from tests.test_stylegan import oracle


class Hostile:
    def __init__(self, target: Path):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


def test_code_in_a_file_is_refused_and_does_not_run(tmp_path):
    file, mark = tmp_path / "bad.pt", tmp_path / "it-ran"
    torch.save({"g_ema": oracle("rosinality")[0], "extra": Hostile(mark)}, file)
    with pytest.raises(ValueError, match="more than numbers"):
        stylegan_formats.read(file)
    assert not mark.exists()
    torch.load(file, weights_only=False)
    assert mark.exists(), "the file is what it claims to be: opened carelessly, it runs"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no weights at all",
        {},
        [1, 2],
        {"g_ema": {}},
        {"input.input": torch.zeros(1, 8, 4, 4)},
        torch.zeros(3),
        {"synthesis.b4.conv1.bias": torch.zeros(8)},
    ],
)
def test_what_is_no_generator(content, tmp_path):
    file = tmp_path / "odd.pt"
    file.write_bytes(content) if isinstance(content, bytes) else torch.save(content, file)
    with pytest.raises(ValueError, match="known format"):
        stylegan_formats.read(file)


@pytest.mark.parametrize("spoil", ["drop", "shape", "extra"])
def test_a_state_dict_with_a_fault(spoil, tmp_path):
    state, _ = oracle("nvlabs")
    key = "synthesis.b8.conv1.weight"
    if spoil == "drop":
        del state[key]
    elif spoil == "shape":
        state[key] = state[key][:, :5]
    else:
        state["synthesis.b8.conv7.weight"] = state[key]
    torch.save(state, tmp_path / "odd.pt")
    with pytest.raises(ValueError, match="known format"):
        stylegan_formats.read(tmp_path / "odd.pt")
