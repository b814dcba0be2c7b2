"""The only door to weights.

    MANIFEST       what there is: plain data, read once from manifest.json
    path(name)     the file of an entry, checked
    load(name)     the model in that file, frozen and shared

Where the terms of some training data cannot be met, one line of manifest.json leaves out every model that was trained
on it: "without": ["CelebA"] drops the entries whose "data" begins with that word. The app then says so in their place.

The sha256 in the manifest decides everywhere: a file is used only when its bytes fit, wherever they
came from. The copy in checkpoints/ comes first, then the one on the Hub, pinned to a commit.
Whatever goes wrong is a CheckpointError, and its text can be shown to a visitor.

torch, safetensors and huggingface_hub are imported where they are used, so that reading the
manifest takes milliseconds. Writing is in checkpoints/save.py, publishing in __main__.py.
"""

import errno
import hashlib
import importlib
import json
import time
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

HERE = Path(__file__).parent


class Measured(dict):
    """The numbers of an entry. One that is asked for and was never measured is a CheckpointError."""

    def __init__(self, name: str, numbers: Mapping[str, Any]):
        super().__init__(numbers)
        self.name = name

    def __missing__(self, key: str):
        raise CheckpointError(
            f"{self.name} has new weights that were not measured yet ({key}). "
            f"Run python -m train.measure {self.name} --write, then start again."
        )


class Entries(dict):
    """Entries by name. One that is not there is a CheckpointError, so that a view can say so in its place."""

    def __missing__(self, name: str):
        raise unknown(name)


def listed(manifest: Mapping[str, Any]) -> Mapping[str, dict[str, Any]]:
    """The entries of a manifest as it is on disk, less those that are left out. Read-only."""
    without = tuple(manifest.get("without", ()))
    entries = {name: entry for name, entry in manifest.items() if name != "without"}
    return MappingProxyType(
        Entries(
            (name, entry | {"measured": Measured(name, entry.get("measured", {}))})
            for name, entry in entries.items()
            if not entry.get("data", "").startswith(without)
        )
    )


_on_disk = json.loads((HERE / "manifest.json").read_text(encoding="utf-8"))
WITHOUT = _on_disk.get("without", [])
MANIFEST = listed(_on_disk)

_checked: dict[str, tuple] = {}  # name -> (path, what identified its bytes when they were hashed)
_loaded: dict[str, Future] = {}  # name -> its model or tensors, there or on the way
# The client takes half a minute to give up: one that starts with no Hub would wait that long for every file.
PAUSE = 60.0  # seconds in which a Hub that could not be reached is not asked again
_unreachable = float("-inf")  # when that was


class CheckpointError(ValueError):
    """Weights cannot be had. The text says what is wrong and what to do, in a sentence or two."""


def path(name: str) -> Path:
    """The file of an entry, its sha256 checked: checkpoints/<file>, else the Hub's copy.

    The bytes are hashed once per process, and again only if size, date or manifest change.
    Raises CheckpointError.
    """
    sha256 = _entry(name)["sha256"]
    file, stamp = _checked.get(name, (None, None))
    if file is None or stamp != _stamp(file, sha256):
        file, _ = _read(name)
        _checked[name] = file, _stamp(file, sha256)
    return file


def load(name: str) -> "nn.Module | dict[str, Tensor]":
    """The model of an entry on the CPU, in eval mode, with no gradients: one object for everybody.

    An entry whose "model" is null is derived data and gives its tensors, {key: Tensor}. float16 in
    the file becomes float32. Never write to what comes back: every thread shares it.

    Threads that ask together wait for one build and share its outcome; other names are not held up.
    A failure is not remembered: the next call tries again, but for a Hub that cannot be reached (PAUSE).
    Raises CheckpointError.
    """
    import torch

    mine = Future()
    future = _loaded.setdefault(name, mine)  # atomic: of many threads one finds its own
    if future is mine:
        try:
            # Who asks first may be drawing; what is made under inference_mode could never be differentiated.
            with torch.inference_mode(False):
                mine.set_result(_build(name))
        except BaseException as error:
            _loaded.pop(name, None)
            mine.set_exception(error)
    return future.result()


def _entry(name: str) -> dict[str, Any]:
    if name not in MANIFEST:
        raise unknown(name)
    return MANIFEST[name]


def unknown(name: str) -> CheckpointError:
    known = ", ".join(sorted(MANIFEST)) or "none"
    return CheckpointError(
        f"There is no checkpoint named {name!r}, or manifest.json leaves it out for its terms. "
        f"Known names: {known}."
    )


def _stamp(file: Path, sha256: str) -> tuple | None:
    """What must stay the same for a checked file to stay checked. None when the file is gone."""
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns, sha256


def _read(name: str) -> tuple[Path, bytes]:
    """Where an entry's file lies, and its bytes: what is parsed later is what was hashed."""
    entry = _entry(name)
    file, repo, revision = entry["file"], entry["repo"], entry["revision"]
    local, shown = HERE / file, f"checkpoints/{file}"
    try:
        data = local.read_bytes()
    except OSError:
        problem = "is missing or cannot be read"
    else:
        if _fits(data, entry):
            return local, data
        problem = "is damaged (its sha256 does not fit the manifest)"

    if not (repo and revision):
        raise CheckpointError(
            f"The file {shown} {problem}. Restore it with `git checkout -- {shown}`, "
            f"or make it again: {entry['made_by']}"
        )
    cached = _download(repo, revision, file, f"The file {shown} {problem}")
    try:
        data = cached.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{file} from {repo} came but cannot be read. Try again.") from error
    if not _fits(data, entry):
        # Left where it is: the cache belongs to the user, and other programs may use the file.
        raise CheckpointError(
            f"The file {file} from {repo} at {revision[:8]} is not the one the manifest describes "
            f"(its sha256 is different), so it is not used. "
            f"If the download was cut short, run `hf cache rm model/{repo}` and try again."
        )
    return cached, data


def _fits(data: bytes, entry: Mapping[str, Any]) -> bool:
    return hashlib.sha256(data).hexdigest() == entry["sha256"]


def _download(repo: str, revision: str, file: str, problem: str) -> Path:
    """The Hub's copy in the user's cache. `problem`, about the local file, opens the error."""
    from huggingface_hub import errors, hf_hub_download

    global _unreachable
    cached_only = time.monotonic() < _unreachable + PAUSE
    try:
        return Path(hf_hub_download(repo, file, revision=revision, local_files_only=cached_only))
    # Broad on purpose: beside its own errors the client lets those of its HTTP, Xet and disk layers
    # through, and they change with its version. To the caller all of them mean "no file".
    except Exception as error:
        offline = isinstance(error.__cause__, errors.OfflineModeIsEnabled)
        if isinstance(error, errors.LocalEntryNotFoundError) and not (cached_only or offline):
            _unreachable = time.monotonic()
        raise CheckpointError(f"{problem}, and {why(error, repo, revision)}") from error


def why(error: Exception, repo: str, revision: str) -> str:
    """What an exception of huggingface_hub means, and what to do, as the end of a sentence."""
    import httpx
    from huggingface_hub import errors, get_token

    # The client wraps what has happened in "not in the cache either".
    chain = [error, *filter(None, [error.__cause__])]
    answer = next(filter(None, (getattr(e, "response", None) for e in chain)), None)
    status = getattr(answer, "status_code", None)
    written = {e.errno for e in chain if isinstance(e, OSError)}

    def any_is(*kinds: type) -> bool:
        return any(isinstance(e, kinds) for e in chain)

    # Order matters: several of these classes derive from one another.
    if any_is(errors.GatedRepoError):
        return f"{repo} asks for permission. Accept its terms on the Hub and run `hf auth login`."
    if status == 401 and get_token():
        return "the Hub refuses the token that is set here (401). Renew HF_TOKEN, or unset it."
    if any_is(errors.RepositoryNotFoundError):
        return f"{repo} is not on the Hub, or is private. If private, run `hf auth login`."
    if any_is(errors.RevisionNotFoundError):
        return f"{repo} on the Hub no longer has revision {revision[:8]}. Update the app."
    if any_is(errors.OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE forbids a download. Unset it and try again."
    if status == 407 or any("407" in str(e) and "roxy" in type(e).__name__ for e in chain):
        return "the proxy asks who you are (407). Put name and password into HTTPS_PROXY."
    if status == 429:
        wait = answer.headers.get("retry-after", "")
        when = f"in {wait} seconds" if wait.isdigit() and int(wait) else "in a few minutes"
        return f"the Hub has had too many requests from here (429). Try again {when}."
    if status in (401, 403):
        return f"{repo} on the Hub refuses access ({status}). Run `hf auth login` and try again."
    if status is not None and status >= 500:
        return f"the Hub itself is out of order just now ({status}). Try again later."
    if any_is(errors.FileMetadataError):
        return (
            "something else answers in the Hub's place, such as the sign-in page of a public network. "
            "Open any page in a browser, sign in, and try again."
        )
    if written & {errno.EACCES, errno.EPERM, errno.EROFS}:
        return "the folder for downloads cannot be written. Set HF_HOME to one that can be."
    if written & {errno.ENOSPC, errno.EDQUOT}:
        return "the disk is full. Make room and try again."
    if any_is(errors.LocalEntryNotFoundError, httpx.TransportError):
        return f"the Hub cannot be reached for {repo}. Check the network and try again."
    if any_is(errors.EntryNotFoundError):
        return f"{repo} on the Hub has no such file at {revision[:8]}. Update the app."
    return f"{repo} cannot be fetched. Check the network and try again."


def _build(name: str) -> "nn.Module | dict[str, Tensor]":
    import safetensors.torch
    import torch

    entry = _entry(name)
    _, data = _read(name)
    try:
        tensors = safetensors.torch.load(data)
    except safetensors.SafetensorError as error:
        raise CheckpointError(
            f"The file {entry['file']} of {name!r} is not a safetensors file. "
            f"Make it again: {entry['made_by']}"
        ) from error
    # Half precision saves space on disk; on a CPU it is slow and some operations lack it.
    tensors = {key: t.float() if t.dtype == torch.float16 else t for key, t in tensors.items()}
    if entry["model"] is None:
        return tensors

    module, _, cls = entry["model"].rpartition(".")
    try:
        # An ordinary construction: skipping the random start (meta device, skip_init) would also
        # skip what a constructor computes, such as a noise schedule that is not in the state dict.
        model = getattr(importlib.import_module(f"models.{module}"), cls)(**entry["config"])
        model.load_state_dict(tensors)
    except (ImportError, AttributeError, TypeError, RuntimeError) as error:
        raise CheckpointError(
            f"The weights {name!r} do not fit models.{entry['model']} as it is now. "
            f"Use the code they were made with, or make them again: {entry['made_by']}"
        ) from error
    return model.eval().requires_grad_(False)
