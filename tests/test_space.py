"""What a Space and a server for a class are made from: the card on top of README, the Dockerfile, the list of files."""

import re
from pathlib import Path

import yaml

from checkpoints import hub

ROOT = Path(__file__).parents[1]


def card() -> dict:
    """The block on top of README that a Space is configured by."""
    _, block, _ = (ROOT / "README.md").read_text().split("---\n", 2)
    return yaml.safe_load(block)


def test_the_card_is_one_that_spaces_accept():
    space = card()
    assert space["sdk"] == "gradio" and (ROOT / space["app_file"]).is_file()
    requirements = (ROOT / "requirements.txt").read_text()
    wanted = re.search(r"^gradio>=([\d.]+),", requirements, re.MULTILINE)[1]
    assert space["sdk_version"].startswith(wanted)
    assert space["python_version"] in ("3.12.12", "3.10.13")  # what GPU Spaces run
    assert len(space["short_description"]) <= 60 and len(space["title"]) <= 60
    assert {"tags", "suggested_hardware", "startup_duration_timeout"} <= set(space)
    # Weights carry the terms of their data, so the card must not promise the code's for all.
    assert space["license"] == "other" and re.fullmatch(r"[a-z0-9.-]+", space["license_name"])
    assert (ROOT / space["license_link"]).is_file()


def test_the_card_names_the_models_on_offer():
    space = card()
    repos = {entry["repo"] for entry in hub.OFFERED.values()}
    assert set(space["models"]) == repos
    by_repo = {entry["repo"]: entry for entry in hub.OFFERED.values() if len(entry["files"]) > 1}
    for line in space["preload_from_hub"]:
        repo, names, revision = line.split(" ")
        entry = by_repo[repo]
        assert names.split(",") == entry["files"] and revision == entry["revision"]
        assert entry["bytes"] < 200e6, "what is small"


def test_every_offer_is_pinned_and_described():
    for name, entry in hub.OFFERED.items():
        # A commit; but where nobody could read it yet, the newest one, of a single file that is opened as numbers only.
        newest = (
            entry["revision"] == "main"
            and entry["files"][0].endswith(".pt")
            and len(entry["files"]) == 1
        )
        assert newest or re.fullmatch(r"[0-9a-f]{40}", entry["revision"]), name
        assert entry["sha256"] is None or re.fullmatch(r"[0-9a-f]{64}", entry["sha256"]), name
        assert all(
            entry[key] for key in ("title", "license", "data", "parameters", "bytes", "gigaflops")
        ), name
        assert not any(file.endswith((".pkl", ".py")) for file in entry["files"]), name


def test_the_server_for_a_class_holds_what_a_space_holds():
    pushed = re.search(r"^SPACE := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    copied = []
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY "):
            *sources, _ = line.split()[1:]
            copied += sources
    assert sorted(copied) == sorted(pushed)
    for name in pushed:
        assert (ROOT / name).exists()
    makefile = (ROOT / "Makefile").read_text()
    for setting in re.findall(r"MALLOC_\w+=\d+", (ROOT / "Dockerfile").read_text()):
        assert setting in makefile
