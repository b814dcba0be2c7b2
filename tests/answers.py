"""What handlers answer, made comparable."""

import base64
import io
import json
import re

import numpy as np
from PIL import Image, ImageSequence


def without_time(answer) -> str:
    """An answer as text, without the milliseconds that it took and with the edges that Gradio trims."""
    return re.sub(
        r'"ms": ?[\d.]+|(\\n)+(?=")|(?<=")(\\n)+|[\d.]+ (ms|times)\b', "", json.dumps(answer)
    )


def pictures(text: str) -> list[np.ndarray]:
    """The frames of the image in a data URI, wherever in the text it stands, as grey levels."""
    (data,) = re.findall(r"data:image/[a-z]+;base64,([A-Za-z0-9+/=]+)", text)
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    return [np.asarray(frame.convert("L"), int) for frame in ImageSequence.Iterator(image)]
