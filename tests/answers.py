"""What handlers answer, made comparable; what tests ask of a model; and another time of day, or one that is counted."""

import base64
import io
import json
import re
import types
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageSequence


def without_time(answer) -> str:
    """An answer as text, without the milliseconds that it took and with the edges that Gradio trims."""
    return re.sub(
        r'"ms": ?[\d.]+|(\\n)+(?=")|(?<=")(\\n)+|[\d.,]+ (ms|times)\b', "", json.dumps(answer)
    )


def pictures(text: str) -> list[np.ndarray]:
    """The frames of the image in a data URI, wherever in the text it stands, as grey levels."""
    (data,) = re.findall(r"data:image/[a-z]+;base64,([A-Za-z0-9+/=]+)", text)
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    return [np.asarray(frame.convert("L"), int) for frame in ImageSequence.Iterator(image)]


def set_clock(patch, module, **clocks: float) -> None:
    """Stop the clocks that a module reads, time=... or monotonic=..., for this module alone.

    The whole process shares the time module: a timer that the served app's event loop sets while it runs ahead
    never rings again, and from then on every queued event waits for ever.
    """
    stopped = {name: lambda at=at: at for name, at in clocks.items()}
    patch.setattr(module, "time", types.SimpleNamespace(**stopped))


class Clock:
    """A time module for one module under test, where time passes by counting: patch.setattr(module, "time", Clock(1)).

    tick: seconds that pass whenever it is looked at. asleep: what to do while somebody sleeps.
    """

    def __init__(self, tick: float = 0.0, asleep: Callable[[], object] = lambda: None):
        self.now, self.tick, self.asleep = 0.0, tick, asleep

    def monotonic(self) -> float:
        self.now += self.tick
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.asleep()


def is_frozen(model) -> bool:
    training = any(module.training for module in model.modules())
    return not training and not any(p.requires_grad for p in model.parameters())
