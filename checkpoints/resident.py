"""Large models in memory: on which device, in which precision, and which one makes room for the next.

    device(), dtype(name)   the one place that decides
    fits(name)              why a model cannot run here, or nothing
    load(name)              the model, frozen and shared, on the device

Small models that ship come from checkpoints.load, on the CPU, and stay. Those from the Hub are loaded once, behind a
lock, in the main process; when the next one has no room, the least recently used ones leave.
"""

import contextlib
import ctypes
import gc
import importlib
import os
import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from checkpoints import CheckpointError, hub

if TYPE_CHECKING:
    import torch
    from torch import nn

# A Space lends its GPU for the time of a call; the main process holds the models in ordinary memory.
ZERO_GPU = bool(os.environ.get("SPACES_ZERO_GPU"))
SHARE = 0.6  # of the whole memory that large models may take; MODEL_MEMORY_GB says it in numbers

_lock = threading.RLock()
_held: OrderedDict[str, "nn.Module"] = OrderedDict()  # the least recently used one first


def device() -> "torch.device":
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def dtype(name: str) -> "torch.dtype":
    """bfloat16 on a GPU: half the memory, and the range of float32. But for a model that casts where it can itself."""
    import torch

    half = device().type == "cuda" and not hub.offer(name).get("float32")
    return torch.bfloat16 if half else torch.float32


def needs(name: str) -> int:
    """Bytes of a model here, with what it works in."""
    entry = hub.offer(name)
    return entry["parameters"] * dtype(name).itemsize + entry["working_bytes"]


def memory() -> tuple[int, int]:
    """Bytes that are free, and that there are at all: of the GPU, or of this machine or container."""
    import torch

    if device().type == "cuda" and not ZERO_GPU:
        return torch.cuda.mem_get_info()
    import psutil

    there = psutil.virtual_memory()
    free, total = there.available, there.total
    group = Path("/sys/fs/cgroup")  # psutil tells of the machine, and not of a container's share
    try:
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
    except (OSError, ValueError):  # no container, or one without a limit
        return free, total
    return min(free, limit - used), min(total, limit)


def bound() -> int:
    """Bytes that large models may take together. Raises CheckpointError where MODEL_MEMORY_GB is no number."""
    given = os.environ.get("MODEL_MEMORY_GB")
    if not given:
        return int(SHARE * memory()[1])
    try:
        return int(float(given) * 1e9)
    except (ValueError, OverflowError):  # infinity is no number of bytes either
        raise CheckpointError(
            f"MODEL_MEMORY_GB is {given[:20]!r}: write a plain number of gigabytes, such as 8 or 0.5, and start again."
        ) from None


def fits(name: str) -> str:
    """Why a model cannot run here even alone, as a sentence; empty when it can."""
    try:
        need, most = needs(name), bound()
    except CheckpointError as error:
        return str(error)
    if need <= most:
        return ""
    return f"It needs {need / 1e9:.1f} GB of memory; {most / 1e9:.1f} GB are meant for large models here."


def load(name: str) -> "nn.Module":
    """A model whose files are here, frozen: one object for everybody. Raises CheckpointError."""
    with _lock:
        if name not in _held:
            files = hub.folder(name)
            if files is None:
                megabytes = hub.offer(name)["bytes"] / 1e6
                raise CheckpointError(
                    f"{name} is not here yet: download it first ({megabytes:.0f} MB)."
                )
            _make_room(name)
            _held[name] = _build(name, files)
        _held.move_to_end(name)
        return _held[name]


def held() -> list[str]:
    """What is in memory, the least recently used one first."""
    with _lock:
        return list(_held)


def release(name: str) -> None:
    """Let go of a model. Whoever is still drawing with it keeps it for so long."""
    with _lock:
        _held.pop(name, None)
    gc.collect()
    if device().type == "cuda" and not ZERO_GPU:
        import torch

        torch.cuda.empty_cache()
    # glibc keeps what is freed, and the app is started with settings that make it keep more. Other systems have no
    # such function, and Windows no library without a name.
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _make_room(name: str) -> None:
    if problem := fits(name):
        raise CheckpointError(problem)
    need = needs(name)
    while _held and (need + sum(map(needs, _held)) > bound() or need > memory()[0]):
        release(next(iter(_held)))
    if need > (free := memory()[0]):
        raise CheckpointError(
            f"{name} needs {need / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB are free. Try again later."
        )


def _build(name: str, folder: Path) -> "nn.Module":
    """What the entry calls its model is given the folder, or the file where there is but one."""
    entry = hub.offer(name)
    module, _, cls = entry["model"].rpartition(".")
    where = folder / entry["files"][0] if len(entry["files"]) == 1 else folder
    try:
        model = getattr(importlib.import_module(module), cls)(where)
    # Whatever a library finds wrong in a third party's files, code in a pickle included: they are not used.
    except Exception as error:
        raise CheckpointError(
            f"The files of {name} cannot be read as a model, or hold more than numbers, so they are not used."
        ) from error
    return model.to(device(), dtype(name)).eval().requires_grad_(False)
