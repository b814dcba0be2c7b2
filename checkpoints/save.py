"""How training writes weights.

    save("vae-mnist", model.state_dict(), model="vae.VAE", config={...}, made_by=..., ...)
    record("vae-mnist", {"nats_per_image": 86.1})      measured on checkpoints.load("vae-mnist")

Both are safe to stop at any moment and to run in two processes at once: a reader finds the old file
or the new one, never half of either, and no process loses the entry that another one just wrote.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import checkpoints

if TYPE_CHECKING:
    from torch import Tensor


def save(
    name: str,
    tensors: "Mapping[str, Tensor]",
    *,
    model: str | None,  # "vae.VAE", or None for derived data
    config: Mapping[str, Any],  # the constructor's keywords
    made_by: str,  # the command, "python -m train.vae --steps 5000"
    data: str,  # what it was trained on, or derived from
    license: str,
    measured: Mapping[str, Any] | None = None,
    half: bool = False,  # float16 in the file; load() gives float32 back
) -> None:
    """Write tensors to checkpoints/<name>.safetensors and the entry to the manifest.

    A state dict or any {key: Tensor}. repo and revision are emptied, since what is on the Hub is no
    longer this file; numbers measured on the old weights go as well. Measure what load() returns:
    with half=True the weights in memory are not quite the ones saved.
    Raises ValueError or TypeError, with nothing written, if config or measured do not fit in JSON.
    """
    import safetensors.torch

    # Cloned, because safetensors refuses tensors that share memory, as tied weights and views do.
    tensors = {key: t.detach().cpu().contiguous().clone() for key, t in tensors.items()}
    if half:
        tensors = {key: t.half() if t.is_floating_point() else t for key, t in tensors.items()}
    content = safetensors.torch.save(tensors)
    entry = {
        "model": model,
        "config": dict(config),
        "file": f"{name}.safetensors",
        "repo": None,
        "revision": None,
        "sha256": hashlib.sha256(content).hexdigest(),
        "made_by": made_by,
        "data": data,
        "license": license,
        "measured": dict(measured or {}),
    }
    entry = json.loads(_text(entry))  # as a reader will see it: tuples are lists, NaN is refused
    with editing() as entries:
        _replace(checkpoints.HERE / entry["file"], content)
        entries[name] = entry
    checkpoints._loaded.pop(name, None)


def record(name: str, measured: Mapping[str, Any]) -> None:
    """Merge numbers into an entry's "measured". Raises KeyError on an unknown name."""
    with editing() as entries:
        entries[name]["measured"] |= measured


@contextmanager
def editing() -> Iterator[dict[str, dict[str, Any]]]:
    """The manifest on disk, to change in place; written back unless the block raises."""
    from filelock import FileLock

    file = checkpoints.HERE / "manifest.json"
    with FileLock(checkpoints.HERE / ".manifest.lock"):
        entries = json.loads(file.read_text(encoding="utf-8"))
        yield entries
        _replace(file, _text(entries).encode())
        checkpoints.MANIFEST = checkpoints.listed(entries)


def _text(value: Any) -> str:
    """Sorted and one field a line, so that a change of one number is a change of one line."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _replace(file: Path, content: bytes) -> None:
    part = file.with_name(
        f".{file.name}.{os.getpid()}.part"
    )  # the same disk, so the rename is atomic
    try:
        part.write_bytes(content)
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)
