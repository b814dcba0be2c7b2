"""Writing weights and publishing them, in a folder of our own."""

import hashlib
import json
import os
import subprocess
import sys
import types
from pathlib import Path

import httpx
import huggingface_hub
import pytest
import torch
from huggingface_hub import errors

import checkpoints
from checkpoints.__main__ import main
from checkpoints.save import editing, record, save

ROOT = Path(__file__).parent.parent
SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty checkpoints folder."""
    (tmp_path / "manifest.json").write_text("{}")
    monkeypatch.setattr(checkpoints, "HERE", tmp_path)
    monkeypatch.setattr(checkpoints, "MANIFEST", types.MappingProxyType({}))
    monkeypatch.setattr(checkpoints, "_checked", {})
    monkeypatch.setattr(checkpoints, "_loaded", {})
    return tmp_path


def put(name, value=0.0, **fields):
    """Save one small tensor. Returns the file."""
    about = {"model": None, "config": {}, "measured": {"bits": 1.25}}
    about |= {"made_by": "python -m train.tiny", "data": "none", "license": "mit"}
    save(name, {"x": torch.full((3,), value)}, **about | fields)
    return checkpoints.HERE / f"{name}.safetensors"


def pin(name, repo, revision):
    with editing() as entries:
        entries[name] |= {"repo": repo, "revision": revision}


def on_disk(folder):
    return json.loads((folder / "manifest.json").read_text())


def contents(folder):
    return {f.name: f.read_bytes() for f in folder.iterdir() if f.name != ".manifest.lock"}


def test_save_and_record_write_the_manifest(folder):
    put("b"), put("a", config={"sizes": (1, 2)})
    record("a", {"bits": 1.0}), record("a", {"loss": 2.5})
    entries = on_disk(folder)
    text = json.dumps(entries, indent=1, sort_keys=True) + "\n"
    assert (folder / "manifest.json").read_text() == text and list(entries) == ["a", "b"]
    assert entries == dict(checkpoints.MANIFEST), "this process sees what the next one will"
    content = (folder / "a.safetensors").read_bytes()
    assert entries["a"] == {
        "model": None, "config": {"sizes": [1, 2]}, "file": "a.safetensors", "repo": None,
        "revision": None, "sha256": hashlib.sha256(content).hexdigest(), "data": "none",
        "made_by": "python -m train.tiny", "license": "mit", "measured": {"bits": 1.0, "loss": 2.5},
    }  # fmt: skip
    assert torch.equal(checkpoints.load("a")["x"], torch.zeros(3))


def test_new_weights_forget_the_hub_and_the_old_numbers(folder):
    put("a"), pin("a", "me/weights", SHA)
    put("a", 1.0, measured=None)
    entry = on_disk(folder)["a"]
    assert entry["repo"] is entry["revision"] is None and entry["measured"] == {}
    assert torch.equal(checkpoints.load("a")["x"], torch.ones(3))


@pytest.mark.parametrize(
    "how", ["killed while writing", "killed before the rename", "not a number"]
)
def test_an_interrupted_save_changes_nothing(folder, monkeypatch, how):
    def stop(file, data):
        if how == "killed while writing":
            with open(file, "wb") as out:
                out.write(data[:10])
        raise OSError

    put("a")
    before, measured = contents(folder), {}
    if how == "not a number":
        measured = {"loss": float("nan")}
    else:
        monkeypatch.setattr(*((Path, "write_bytes") if "writing" in how else (os, "replace")), stop)
    with pytest.raises((OSError, ValueError)):
        put("a", 1.0, measured=measured)
    assert contents(folder) == before


def test_two_processes_lose_no_entry(folder):
    code = """if True:
        import sys, pathlib, checkpoints
        from checkpoints.save import editing
        checkpoints.HERE = pathlib.Path(sys.argv[1])
        for i in range(100):
            with editing() as entries:
                entries[sys.argv[2] + str(i)] = {}
    """
    command = [sys.executable, "-c", code, str(folder)]
    both = [subprocess.Popen([*command, letter], cwd=ROOT) for letter in "ab"]
    assert [process.wait(60) for process in both] == [0, 0]
    assert len(on_disk(folder)) == 200


@pytest.fixture
def api(monkeypatch):
    """A Hub that keeps what it is sent in api.sent, after calling api.on_create()."""

    class Api:
        def create_repo(self, repo, exist_ok):
            assert exist_ok
            state.on_create()

        def create_commit(self, repo, operations, commit_message):
            state.sent[repo] = {o.path_in_repo: o.path_or_fileobj for o in operations}
            return types.SimpleNamespace(oid=SHA)

    state = types.SimpleNamespace(sent={}, on_create=lambda: None)
    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    return state


def test_push_uploads_and_pins(folder, api):
    file = put("near")
    put("far").unlink(), pin("far", "them/other", "f" * 40)
    assert main(["push", "me/weights"]) == 0
    sent = api.sent["me/weights"]
    assert set(sent) == {"near.safetensors", "README.md"} and Path(sent["near.safetensors"]) == file
    card = sent["README.md"].decode()
    assert card.startswith("---\nlicense: other\n") and "far" not in card
    for words in ("## near", "Data: none", "License: mit", "bits 1.25", "`python -m train.tiny`"):
        assert words in card
    entries = on_disk(folder)
    assert (entries["near"]["repo"], entries["near"]["revision"]) == ("me/weights", SHA)
    assert (entries["far"]["repo"], entries["far"]["revision"]) == ("them/other", "f" * 40)
    file.unlink()
    assert main(["verify"]) == 0, "what is pinned on the Hub need not lie here"


def test_push_does_not_pin_what_training_replaced_meanwhile(folder, api):
    put("a")
    api.on_create = lambda: put("a", 1.0)
    assert main(["push", "me/weights"]) == 0
    assert on_disk(folder)["a"]["revision"] is None


REPLY = httpx.Response(403, request=httpx.Request("POST", "https://huggingface.co"))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errors.LocalTokenNotFoundError("two\nlines"), "hf auth login"),
        (errors.HfHubHTTPError("two\nlines", response=REPLY), "hf auth login"),
        (errors.HFValidationError("two\nlines"), "OWNER/REPO"),
        (httpx.ConnectError("two\nlines"), "network"),
    ],
)
def test_push_errors_are_one_line(folder, api, capsys, error, words):
    def refuse():
        raise error

    put("a")
    api.on_create, before = refuse, contents(folder)
    assert main(["push", "me/weights"]) == 1
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1
    assert contents(folder) == before and not api.sent


def test_list_verify_and_no_push_of_bad_files(folder, api, capsys):
    ring, moon = put("ring"), put("moon")
    put("star").unlink(), pin("star", "me/weights", SHA)
    assert main(["verify"]) == 0
    ring.write_bytes(b"x"), moon.unlink()
    assert main(["list"]) == 0
    rows = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert [rows[name].count("mit") for name in ("ring", "moon", "star")] == [1, 1, 1]
    assert "damaged" in rows["ring"] and "missing" in rows["moon"] and "on the Hub" in rows["star"]
    for command in (["verify"], ["push", "me/weights"]):
        assert main(command) == 1
        assert "2 of 3 bad: moon is missing, ring is damaged." in capsys.readouterr().err
    assert not api.sent


def test_push_of_nothing(api, capsys):
    assert main(["push", "me/weights"]) == 1 and "nothing to push" in capsys.readouterr().err


def test_one_line_leaves_out_what_was_trained_on_some_data(folder):
    put("face", data="CelebA, 24,000 faces"), put("digit", data="MNIST")
    manifest = on_disk(folder)
    (folder / "manifest.json").write_text(json.dumps(manifest | {"without": ["CelebA"]}))
    assert [*checkpoints.listed(on_disk(folder))] == ["digit"]
    record("digit", {"bits": 2.0})  # leaves the line where it is, and what it leaves out out
    assert on_disk(folder)["without"] == ["CelebA"] and "face" in on_disk(folder)
    assert [*checkpoints.MANIFEST] == ["digit"]
    with pytest.raises(checkpoints.CheckpointError, match="leaves it out"):
        checkpoints.load("face")
    (folder / "manifest.json").write_text(json.dumps(manifest | {"without": []}))
    assert [*checkpoints.listed(on_disk(folder))] == ["digit", "face"]
