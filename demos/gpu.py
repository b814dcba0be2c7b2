"""The graphics card, where there is one: who may use it, and what its failures mean to a visitor.

On a Space with ZeroGPU a decorated function runs in another process that has a GPU for so many seconds; what goes in
and what comes out is pickled, so it is numbers and numpy arrays. Everywhere else it is an ordinary function.

Without a card a large model keeps the processor for long: one visitor at a time may ask it, and not for everything.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from checkpoints import resident

try:
    import spaces  # a Space brings it; it must come before anything that touches CUDA
except ImportError:
    spaces = None

BUSY = "The graphics card has no memory left for this just now. Try again in a minute, or with a smaller model."
BROKEN = "The graphics card has failed. The models that ship with the app still work; the others need a restart."
QUOTA = (
    "Your share of graphics card time for today is used up. Sign in to Hugging Face for more, come back tomorrow, "
    "or go on with the models that ship with the app."
)
LATE = "The graphics card was taken away before the picture was done. Try again with fewer steps."

GIGAFLOPS = 80  # a second, of one core with float32; measured where the weights were made
LONGEST = 300  # seconds that one answer may keep a processor
PATIENCE = 30  # seconds that the next one waits for its turn
_turn = threading.Semaphore(1)


@contextmanager
def alone(gigaflops: float, refusal: str) -> Iterator[None]:
    """So much work with a large model, as the only one where there is no card. Raises ValueError, with refusal if it is
    too much."""
    if resident.device().type == "cuda":
        yield
        return
    if gigaflops / GIGAFLOPS > LONGEST:
        raise ValueError(refusal)
    if not _turn.acquire(timeout=PATIENCE):
        raise ValueError(
            "Somebody else is drawing with a large model just now. Try again in a minute."
        )
    try:
        yield
    finally:
        _turn.release()


def on_gpu(seconds: Callable[..., float]) -> Callable[[Callable], Callable]:
    """Mark a call that needs the GPU. seconds: how long it takes, from the call's own arguments."""
    return spaces.GPU(duration=seconds) if spaces else lambda function: function


def sentence(error: Exception) -> str | None:
    """What an exception from a GPU means, in one line. None when it has nothing to do with one."""
    name = type(error).__name__
    text = f"{name} {getattr(error, 'title', '')} {error}"
    if "OutOfMemoryError" in text or "CUDA out of memory" in text:
        return BUSY
    if "quota exceeded" in text or "credits exceeded" in text:
        return QUOTA
    if "ZeroGPU" in text:
        return LATE if "aborted" in text or "timeout" in text else BROKEN
    if name == "AcceleratorError" or "CUDA error" in text or "cuDNN" in text:
        return BROKEN
    return None
