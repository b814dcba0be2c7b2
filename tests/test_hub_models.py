"""Large models from the Hub: a tiny one of the same class and layout, saved by the library, on a Hub of our own."""

import dataclasses
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import huggingface_hub
import pytest

from checkpoints import CheckpointError, hub, resident
from tests.offers import CIFAR, FACES, bring, last, weights_of

ROOT = Path(__file__).parents[1]


def test_a_line_that_dies_at_40_percent_is_taken_up_there(small_hub):
    size = hub.OFFERED[CIFAR]["bytes"]
    small_hub.limit = int(0.4 * size)
    bring(CIFAR)
    assert size <= small_hub.sent(weights_of(CIFAR)) <= size + 10
    assert (
        len(
            [
                1
                for method, path, _ in small_hub.log
                if method == "GET" and path.endswith(weights_of(CIFAR))
            ]
        )
        == 3
    )
    assert last(1, 2, 0, CIFAR)


@pytest.mark.slow
def test_a_killed_download_is_taken_up_by_the_next_process(small_hub, tmp_path, monkeypatch):
    entry = hub.OFFERED[CIFAR]
    revision, blob = entry["revision"], random.Random(0).randbytes(8_000_000)
    small_hub.files[entry["repo"], revision] |= {weights_of(CIFAR): blob}
    code = f"from checkpoints import hub; [print(p.done, flush=True) for p in hub.fetch({CIFAR!r})]"
    command = [sys.executable, "-c", code]
    home = dict(HF_ENDPOINT=small_hub.url, HF_HOME=str(tmp_path), HF_HUB_OFFLINE="0")
    options = dict(cwd=ROOT, env=os.environ | home, text=True)
    monkeypatch.setattr(small_hub, "held", 3_000_000)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, **options)
    for line in process.stdout:
        if int(line) > 2_000_000:
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert hub.folder(CIFAR) is None
    monkeypatch.setattr(small_hub, "held", None)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=120, **options)
    assert (hub.folder(CIFAR) / weights_of(CIFAR)).read_bytes() == blob
    assert small_hub.sent(weights_of(CIFAR)) < 2 * len(blob)  # the log counts what was to be sent
    asked = [
        1
        for method, path, size in small_hub.log
        if method == "GET" and 0 < size < len(blob) - 1_000_000 and path.endswith(weights_of(CIFAR))
    ]
    assert asked, "only the rest was asked for"


def test_a_cancelled_download_leaves_nothing_that_could_be_used(small_hub, monkeypatch):
    size = hub.OFFERED[FACES]["bytes"]
    monkeypatch.setattr(small_hub, "held", int(0.6 * size))
    progress = hub.fetch(FACES)
    assert next(progress).done < size
    thread = hub._running[FACES].thread
    progress.close()
    monkeypatch.setattr(small_hub, "held", None)  # what it still hears, it does not want
    thread.join(60)
    assert not thread.is_alive() and hub._running == {}
    assert hub.folder(FACES) is None
    with pytest.raises(CheckpointError, match="download it first"):
        resident.load(FACES)
    bring(FACES)
    assert resident.load(FACES)


def test_many_who_ask_share_one_download_and_one_model(small_hub, monkeypatch):
    monkeypatch.setattr(small_hub, "held", int(0.6 * hub.OFFERED[FACES]["bytes"]))
    leaver, results, waiting = hub.fetch(FACES), [], threading.Semaphore(0)
    next(leaver)

    def visit():
        progress = hub.fetch(FACES)
        next(progress)
        waiting.release()
        assert len(list(progress)) >= 1
        results.append(resident.load(FACES))

    visitors = [threading.Thread(target=visit) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    for _ in visitors:
        assert waiting.acquire(timeout=60)
    assert hub._running[FACES].waiting == 5
    leaver.close()  # the others still want it
    monkeypatch.setattr(small_hub, "held", None)
    for visitor in visitors:
        visitor.join(60)
    assert len(results) == 4 and len({id(model) for model in results}) == 1
    assert small_hub.sent(weights_of(FACES)) == hub.OFFERED[FACES]["bytes"]


def test_bytes_that_change_under_way_are_not_used(small_hub):
    """The Hub says what hash its file has."""
    small_hub.spoil = True
    with pytest.raises(CheckpointError, match="hash is different"):
        bring(CIFAR)
    assert hub.folder(CIFAR) is None
    small_hub.spoil = False
    assert bring(CIFAR) and last(1, 2, 0, CIFAR)


def test_a_file_that_is_not_the_pinned_one_is_not_used(small_hub):
    """Whatever the Hub says of it: our list has its hash."""
    files = small_hub.files[hub.OFFERED[FACES]["repo"], hub.OFFERED[FACES]["revision"]]
    right = files[weights_of(FACES)]
    files[weights_of(FACES)] = right[:-1] + bytes([right[-1] ^ 1])
    with pytest.raises(CheckpointError, match="hash is different"):
        bring(FACES)
    assert hub.folder(FACES) is None
    files[weights_of(FACES)] = right
    assert bring(FACES) and last(1, 2, 0, FACES)


@pytest.mark.parametrize(
    ("refuse", "words"),
    [
        ((401, "GatedRepo"), "asks for permission"),
        ((404, "RepoNotFound"), "not on the Hub"),
        ((404, "RevisionNotFound"), "no longer has revision"),
        ((404, "EntryNotFound"), "no such file"),
        ((403, ""), "refuses access"),
        ((500, ""), "out of order just now"),
        ((429, ""), "too many requests"),
    ],
)
def test_a_hub_that_refuses_is_one_line_and_the_next_call_works(small_hub, refuse, words):
    small_hub.refuse = refuse
    with pytest.raises(CheckpointError, match=words) as raised:
        bring(CIFAR)
    assert "\n" not in str(raised.value)
    small_hub.refuse = None
    assert bring(CIFAR)


def test_a_full_disk_is_said_before_and_during(small_hub, monkeypatch):
    usage = shutil.disk_usage("/")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=10_000))
        with pytest.raises(CheckpointError, match="MB of disk"):
            bring(CIFAR)
    etag = hashlib.sha256(
        small_hub.files[hub.OFFERED[CIFAR]["repo"], hub.OFFERED[CIFAR]["revision"]][
            weights_of(CIFAR)
        ]
    ).hexdigest()
    part = hub._home(CIFAR) / f"{weights_of(CIFAR)}.{etag[:16]}.part"
    part.symlink_to("/dev/full")
    with pytest.raises(CheckpointError, match="disk is full"):
        bring(CIFAR)
    part.unlink()
    assert bring(CIFAR)


def test_progress_knows_what_is_left():
    p = hub.Progress(done=400, total=1000, speed=100.0)
    assert p.left == 6.0
    assert dataclasses.replace(p, speed=0.0).left == float("inf")


def test_what_a_space_has_preloaded_is_used(small_hub):
    """In the client's own cache, with not a byte more over the line."""
    entry = hub.OFFERED[CIFAR]
    for file in entry["files"]:
        huggingface_hub.hf_hub_download(entry["repo"], file, revision=entry["revision"])
    small_hub.log.clear()
    small_hub.refuse = (503, "")
    assert bring(CIFAR) == []
    assert last(1, 2, 0, CIFAR) and small_hub.log == []
