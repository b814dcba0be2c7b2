"""Large models on the Hub: what is on offer, and how it comes here.

    OFFERED         what there is: plain data, read once from hub.json
    folder(name)    where the files of a model lie; None when they are not here
    fetch(name)     brings them: a generator of Progress. Everybody who asks shares one download

huggingface_hub throws an unfinished file away when its call ends, so that whoever closes the laptop at 90 % begins
again. Here a file grows as .part, is taken up where it stopped, even by another process, and gets its name only
when every byte is there and the hash fits. What the client has in its own cache, as a Space preloads it, is used first.
"""

import hashlib
import json
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checkpoints import HERE, WITHOUT, CheckpointError, listed, why

_on_disk = json.loads((HERE / "hub.json").read_text(encoding="utf-8"))
OFFERED = listed(_on_disk | {"without": WITHOUT})
PATIENCE = 5  # attempts without a single new byte
SPARE = 200_000_000  # bytes of the disk that stay free

_lock = threading.Lock()
_running: dict[str, "_Download"] = {}


@dataclass(frozen=True)
class Progress:
    done: int  # bytes, with those of an earlier attempt
    total: int
    speed: float  # bytes a second, of this attempt

    @property
    def left(self) -> float:
        """Seconds, when it goes on like this; infinite as long as nothing came."""
        return (self.total - self.done) / self.speed if self.speed else float("inf")


def offer(name: str) -> dict[str, Any]:
    if name not in OFFERED:
        raise CheckpointError(
            f"There is no model {name!r} on offer. Known names: {', '.join(OFFERED)}."
        )
    return OFFERED[name]


def folder(name: str) -> Path | None:
    """Where a model's files lie, whole and checked, or None."""
    from huggingface_hub import try_to_load_from_cache

    entry, own = offer(name), _home(name)
    if all((own / file).is_file() for file in entry["files"]):
        return own
    cached = [
        try_to_load_from_cache(entry["repo"], f, revision=entry["revision"]) for f in entry["files"]
    ]
    return Path(cached[0]).parent if all(isinstance(file, str) for file in cached) else None


def fetch(name: str) -> Iterator[Progress]:
    """Bring a model here, or go on with it. Closing the generator cancels, unless others wait for the same files.

    Raises CheckpointError; what came so far is kept for the next attempt.
    """
    offer(name)
    if folder(name) is not None:
        return
    job = _join(name)
    try:
        while job.thread.is_alive():
            yield job.progress()
            job.thread.join(0.25)
        if job.error:
            raise job.error
        yield job.progress()
    finally:
        with _lock:
            job.waiting -= 1
            if not job.waiting:
                job.stop.set()


def _join(name: str) -> "_Download":
    while True:
        with _lock:
            job = _running.get(name)
            if job is None:
                job = _running[name] = _Download(name)
                job.thread.start()
            if not job.stop.is_set():
                job.waiting += 1
                return job
        job.thread.join()  # the last one has just been cancelled


def _home(name: str) -> Path:
    from huggingface_hub import constants

    entry = offer(name)
    return Path(constants.HF_HOME) / "generative-models-live" / entry["repo"] / entry["revision"]


class _Stopped(Exception):
    pass


class _Download:
    """One download and those who wait for it."""

    def __init__(self, name: str):
        self.name, self.entry, self.home = name, offer(name), _home(name)
        self.done, self.total, self.came = 0, self.entry["bytes"], 0
        self.since = time.monotonic()
        self.waiting, self.stop, self.error = 0, threading.Event(), None
        self.thread = threading.Thread(target=self._run, name=f"fetch {name}", daemon=True)

    def progress(self) -> Progress:
        return Progress(self.done, self.total, self.came / max(0.1, time.monotonic() - self.since))

    def _run(self) -> None:
        repo, revision = self.entry["repo"], self.entry["revision"]
        try:
            self._all()
        except _Stopped:
            self.error = CheckpointError("The download was cancelled. It goes on where it stopped.")
        except CheckpointError as error:
            self.error = error
        # Broad for the same reason as in checkpoints: the client lets many kinds of error through.
        except Exception as error:
            reason = why(error, repo, revision)
            self.error = CheckpointError(f"Could not download {self.name}: {reason}")
            self.error.__cause__ = error
        finally:
            with _lock:
                del _running[self.name]

    def _all(self) -> None:
        from huggingface_hub import errors, get_hf_file_metadata, hf_hub_url

        self.home.mkdir(parents=True, exist_ok=True)
        wanted = []
        for file in self.entry["files"]:
            url = hf_hub_url(self.entry["repo"], file, revision=self.entry["revision"])
            about = get_hf_file_metadata(url)
            if not about.etag or about.size is None:
                raise errors.FileMetadataError("an answer that is not the Hub's")
            target = self.home / file
            part = target.with_name(f"{file}.{about.etag[:16]}.part")
            wanted.append((url, about.etag, about.size, target, part))
        self.total = sum(size for _, _, size, _, _ in wanted)
        self.done = sum(
            size if target.is_file() else _length(part) for _, _, size, target, part in wanted
        )
        need, free = self.total - self.done, shutil.disk_usage(self.home).free
        if need + SPARE > free:
            raise CheckpointError(
                f"{self.entry['repo']} needs {need / 1e6:.0f} MB of disk and {free / 1e6:.0f} MB are free. "
                "Make room and try again."
            )
        for url, etag, size, target, part in wanted:
            if not target.is_file():
                self._file(url, size, part)
                self._check(part, etag, target.name)
                part.replace(target)

    def _file(self, url: str, size: int, part: Path) -> None:
        from huggingface_hub import get_session
        from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

        tries = PATIENCE
        with part.open("ab") as file:
            while (have := file.tell()) < size:
                # identity: a compressed body would have other lengths than the ones asked for
                headers = build_hf_headers() | {
                    "accept-encoding": "identity",
                    "range": f"bytes={have}-",
                }
                try:
                    with get_session().stream(
                        "GET", url, headers=headers, follow_redirects=True
                    ) as body:
                        hf_raise_for_status(body)
                        if (
                            have and body.status_code != 206
                        ):  # the server knows no ranges: from the start
                            file.truncate(0)
                            self.done -= have
                        for chunk in body.iter_raw():
                            if self.stop.is_set():
                                raise _Stopped
                            file.write(chunk)
                            self.done += len(chunk)
                            self.came += len(chunk)
                            tries = PATIENCE
                except (_Stopped, OSError):
                    raise
                except Exception as error:
                    tries -= 1
                    if not tries or getattr(error, "response", None) is not None:
                        raise
                else:
                    tries -= file.tell() < size
                    if not tries:
                        raise CheckpointError(
                            "The Hub ends this file too early, again and again. Try again later."
                        )
                if file.tell() < size and self.stop.wait(0.5):
                    raise _Stopped

    def _check(self, part: Path, etag: str, name: str) -> None:
        """Of a large file the Hub's tag is the sha256; of a small one it is git's own."""
        digest = hashlib.sha256() if len(etag) == 64 else hashlib.sha1()
        if len(etag) == 40:
            digest.update(f"blob {part.stat().st_size}\0".encode())
        with part.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        pinned = self.entry["sha256"] if name == self.entry["files"][-1] else None
        if digest.hexdigest() != (pinned or etag):
            part.unlink()
            raise CheckpointError(
                f"{name} from {self.entry['repo']} is not the file it should be (its hash is different), "
                "so it is not used. Try again."
            )


def _length(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0
