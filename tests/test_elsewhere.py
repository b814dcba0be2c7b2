"""On macOS and Windows, in a container, without a home, with nothing that can be written: simulated on Linux."""

import ctypes
import os
import socket
from pathlib import Path

import psutil
import pytest

from checkpoints import CheckpointError, resident
from demos.quiz import network
from tests.offers import CIFAR


@pytest.fixture
def no_linux(monkeypatch):
    """No /proc, no /sys, and no library without a name: what macOS and Windows lack."""

    def away(self, *args, **kwargs):
        if str(self).startswith(("/proc", "/sys")):
            raise FileNotFoundError(self)
        return read(self, *args, **kwargs)

    def nameless(name):
        raise TypeError("bad argument type for built-in operation")

    read = Path.read_text
    monkeypatch.setattr(Path, "read_text", away)
    monkeypatch.setattr(ctypes, "CDLL", nameless)
    monkeypatch.delenv("MODEL_MEMORY_GB", raising=False)


def test_memory_is_known_without_linux(no_linux):
    free, total = resident.memory()
    assert 0 < free < total == psutil.virtual_memory().total
    assert resident.bound() == int(resident.SHARE * total)
    assert isinstance(resident.fits(CIFAR), str)
    resident.release("nothing that is held")


def test_a_container_s_share_is_what_there_is(no_linux, monkeypatch):
    files = {"memory.max": "2000000000\n", "memory.current": "500000000\n"}
    monkeypatch.setattr(Path, "read_text", lambda self: files[self.name])
    free, total = resident.memory()
    assert total == min(2_000_000_000, psutil.virtual_memory().total) and free <= 1_500_000_000
    files["memory.max"] = "max\n"
    assert resident.memory()[1] == psutil.virtual_memory().total


@pytest.mark.parametrize("given", ["0,5", "8GB", "lots", "nan", "inf", "1e400", "٨ GB"])
def test_a_bound_that_is_no_number_says_what_to_write(monkeypatch, given):
    monkeypatch.setenv("MODEL_MEMORY_GB", given)
    with pytest.raises(CheckpointError, match=r"MODEL_MEMORY_GB.*such as 8 or 0\.5"):
        resident.bound()
    assert "MODEL_MEMORY_GB" in resident.fits(CIFAR), (
        "the models that ship are drawn with all the same"
    )
    monkeypatch.setenv("MODEL_MEMORY_GB", " 0.5 ")
    assert resident.bound() == 500_000_000


def test_a_process_is_known_again_without_linux(no_linux):
    me = network.process()
    assert network.alive(me) and network.process() == me
    assert not network.alive(f"{socket.gethostname()} {os.getpid()} 12.5"), (
        "its number, given again"
    )
    assert not network.alive(f"{socket.gethostname()} 4194304000 12.5")
