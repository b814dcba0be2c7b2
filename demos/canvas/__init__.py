"""Drawing surfaces: <name>.html and <name>.js each, put into a view by demos.ui.canvas. Some scripts are shared."""

import re
from pathlib import Path

HERE = Path(__file__).parent


def source(name: str, kind: str) -> str:
    """kind: html or js. Without indents and lines of comment: those are for whoever reads the file."""
    text = (HERE / f"{name}.{kind}").read_text(encoding="utf-8")
    return re.sub(r"^\s*(//.*\n\s*)*", "", text, flags=re.MULTILINE)
