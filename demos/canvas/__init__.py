"""Drawing surfaces: <name>.html and <name>.js each, put into a view by demos.ui.canvas. Some scripts are shared."""

import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

HERE = Path(__file__).parent


def source(name: str, kind: str) -> str:
    """kind: html or js. Without indents and lines of comment: those are for whoever reads the file."""
    text = (HERE / f"{name}.{kind}").read_text(encoding="utf-8")
    return re.sub(r"^\s*(//.*\n\s*)*", "", text, flags=re.MULTILINE)


def mixtures(data: Mapping[str, tuple[Tensor, float]]) -> dict[str, dict]:
    """For a surface: equal round Gaussians by their centres, (n, 2) -> [x, y, x, y, ...], and their deviation."""
    return {
        name: dict(centres=[round(v, 4) for v in centres.flatten().tolist()], deviation=deviation)
        for name, (centres, deviation) in data.items()
    }
