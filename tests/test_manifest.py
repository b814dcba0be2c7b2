"""The entries of the manifest, and the files that ship with them."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import checkpoints
from tests.answers import is_frozen

ROOT = Path(__file__).parent.parent
FIELDS = "model config file repo revision sha256 made_by data license measured".split()
NAMES = sorted(checkpoints.MANIFEST)


@pytest.mark.parametrize("name", NAMES)
def test_entry_is_complete(name):
    entry = checkpoints.MANIFEST[name]
    assert sorted(entry) == sorted(FIELDS)
    for field in ("file", "made_by", "data", "license", "measured"):
        assert entry[field], f"{name} has no {field}"
    assert re.fullmatch("[0-9a-f]{64}", entry["sha256"])
    if entry["repo"] or entry["revision"]:
        assert entry["repo"] and re.fullmatch("[0-9a-f]{40}", entry["revision"])


@pytest.mark.parametrize("name", NAMES)
def test_entry_loads_frozen_and_shared(name):
    entry = checkpoints.MANIFEST[name]
    file = checkpoints.HERE / entry["file"]
    if not file.exists() and entry["repo"]:
        pytest.skip(f"{name} is on the Hub only")
    assert checkpoints.path(name) == file
    assert hashlib.sha256(file.read_bytes()).hexdigest() == entry["sha256"]
    loaded = checkpoints.load(name)
    assert checkpoints.load(name) is loaded
    assert is_frozen(loaded) if entry["model"] else len(loaded)


def test_shipped_files_are_small_and_all_listed():
    files = list(checkpoints.HERE.glob("*.safetensors"))
    assert {file.name for file in files} <= {e["file"] for e in checkpoints.MANIFEST.values()}
    assert sum(file.stat().st_size for file in files) <= 90e6


def test_manifest_is_read_only_and_import_is_cheap():
    with pytest.raises(TypeError):
        checkpoints.MANIFEST["new"] = {}
    code = "import sys, checkpoints; print({'torch', 'huggingface_hub'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], cwd=ROOT) == b"set()\n"
