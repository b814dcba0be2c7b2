"""Starts the app as another machine would: python -m tests.foreign unlike-linux app.py

"unlike-linux" takes away what macOS and Windows lack, from our own code alone: /proc and /sys, fork, signals and
modules of Unix, a library without a name. Other people's code knows which machine it is on; it is told the truth.
"""

import builtins
import ctypes
import os
import pathlib
import runpy
import signal
import sys

OURS = ("app", "__main__", "demos", "models", "checkpoints")
UNIX = {"fcntl", "grp", "pwd", "resource", "termios", "posix"}


def ours(frame) -> bool:
    return frame.f_globals.get("__name__", "").split(".")[0] in OURS


def unlike_linux() -> None:
    imported, opened, read, library = (
        builtins.__import__,
        builtins.open,
        pathlib.Path.read_text,
        ctypes.CDLL,
    )

    def importing(name, *args, **kwargs):
        if name.split(".")[0] in UNIX and ours(sys._getframe(1)):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return imported(name, *args, **kwargs)

    def away(file) -> None:
        if str(file).startswith(("/proc", "/sys")):
            raise FileNotFoundError(file)

    def opening(file, *args, **kwargs):
        if ours(sys._getframe(1)):
            away(file)
        return opened(file, *args, **kwargs)

    def reading(self, *args, **kwargs):
        if ours(sys._getframe(1)):
            away(self)
        return read(self, *args, **kwargs)

    def loading(name, *args, **kwargs):
        if name is None and ours(sys._getframe(1)):
            raise TypeError("bad argument type for built-in operation")
        return library(name, *args, **kwargs)

    builtins.__import__, builtins.open = importing, opening
    pathlib.Path.read_text, ctypes.CDLL = reading, loading
    for module, names in {
        os: ("fork", "sched_getaffinity", "getuid", "geteuid", "getloadavg", "posix_fadvise"),
        signal: ("SIGKILL", "SIGHUP", "SIGUSR1", "SIGALRM"),
    }.items():
        for name in names:
            # subprocess and multiprocessing took theirs when they were imported.
            Taken(module, name)


class Taken:
    """A module's attribute that our code finds missing, and all others as it was."""

    def __init__(self, module, name: str):
        kept = getattr(module, name, None)
        if kept is None:
            return
        delattr(module, name)
        before = module.__dict__.get("__getattr__")

        def found(asked: str):
            if asked == name and not ours(sys._getframe(1)):
                return kept
            if before:
                return before(asked)
            raise AttributeError(f"module {module.__name__!r} has no attribute {asked!r}")

        module.__getattr__ = found


if __name__ == "__main__":
    import asyncio  # noqa: F401  (and with it subprocess and signal's users, as whole as they are)

    {"unlike-linux": unlike_linux, "as-it-is": lambda: None}[sys.argv[1]]()
    sys.argv = sys.argv[2:]
    sys.path.insert(0, os.getcwd())
    runpy.run_path(sys.argv[0], run_name="__main__")
