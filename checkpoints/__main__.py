"""python -m checkpoints list | verify | push OWNER/REPO"""

import argparse
import hashlib
import sys

import checkpoints
from checkpoints import CheckpointError
from checkpoints.save import editing


def status(name: str) -> str:
    """How the local file is: "ok", "damaged", "missing", or "on the Hub" if only there."""
    entry = checkpoints.MANIFEST[name]
    try:
        data = (checkpoints.HERE / entry["file"]).read_bytes()
    except OSError:
        return "on the Hub" if entry["repo"] and entry["revision"] else "missing"
    return "ok" if hashlib.sha256(data).hexdigest() == entry["sha256"] else "damaged"


def show() -> None:
    """One line per entry: name, size, state of the local file, license."""
    width = max(map(len, checkpoints.MANIFEST), default=0)
    for name, entry in sorted(checkpoints.MANIFEST.items()):
        file = checkpoints.HERE / entry["file"]
        size = f"{file.stat().st_size / 1e6:7.2f} MB" if file.is_file() else " " * 10
        print(f"{name:{width}}  {size}  {status(name):10}  {entry['license']}")


def verify() -> None:
    """Raise CheckpointError unless every entry is ok or on the Hub."""
    states = {name: status(name) for name in sorted(checkpoints.MANIFEST)}
    bad = [
        f"{name} is {state}" for name, state in states.items() if state in ("damaged", "missing")
    ]
    if bad:
        raise CheckpointError(f"{len(bad)} of {len(states)} bad: {', '.join(bad)}.")


CARD = """---
license: other
license_name: stated-per-file
library_name: pytorch
---

# Weights of Generative Models, Live

Small models made for teaching. Every file is safetensors, and its sha256 stands in the project's
`checkpoints/manifest.json`.
"""

CARD_ENTRY = """
## {name}

- File: `{file}`, sha256 `{sha256}`
- Data: {data}
- License: {license}
- Measured: {numbers}
- Made by: `{made_by}`
"""


def card(names: list[str]) -> str:
    """The model card. Licenses differ from file to file, hence "other" in its header."""
    text = CARD
    for name in names:
        entry = checkpoints.MANIFEST[name]
        numbers = ", ".join(f"{key} {value}" for key, value in entry["measured"].items())
        text += CARD_ENTRY.format(name=name, numbers=numbers, **entry)
    return text


def push(repo: str) -> None:
    """Upload every file that lies here in one commit, then pin its entry to that commit.

    Entries that live on the Hub only, perhaps in another repository, stay as they are.
    Raises CheckpointError.
    """
    from huggingface_hub import CommitOperationAdd, HfApi, errors

    verify()
    names = [name for name in sorted(checkpoints.MANIFEST) if status(name) == "ok"]
    if not names:
        raise CheckpointError("There is nothing to push: the manifest lists no local file.")
    pushed = {name: checkpoints.MANIFEST[name]["sha256"] for name in names}
    files = sorted({checkpoints.MANIFEST[name]["file"] for name in names})
    operations = [CommitOperationAdd(file, checkpoints.HERE / file) for file in files]
    operations.append(CommitOperationAdd("README.md", card(names).encode()))
    try:
        api = HfApi()
        api.create_repo(repo, exist_ok=True)
        message = f"Upload {len(files)} checkpoints"
        commit = api.create_commit(repo, operations, commit_message=message)
    except Exception as error:  # as in checkpoints._download, the client lets many classes through
        code = getattr(getattr(error, "response", None), "status_code", None)
        if code in (401, 403) or isinstance(error, errors.LocalTokenNotFoundError):
            why = "You may not write there: run `hf auth login` with a token that can write."
        elif code:
            why = f"The Hub refused it ({code}): check the name, or try again later."
        elif isinstance(error, ValueError):
            why = "The name is not valid: it has the form OWNER/REPO."
        else:
            why = "The Hub cannot be reached: check the network and try again."
        raise CheckpointError(f"Could not push to {repo}. {why}") from error
    with editing() as entries:
        for name in names:
            if entries[name]["sha256"] == pushed[name]:  # else training replaced it meanwhile
                entries[name] |= {"repo": repo, "revision": commit.oid}
    print(f"Pushed {len(files)} files to {repo} at {commit.oid}.")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m checkpoints")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="names, sizes, state and licenses")
    commands.add_parser("verify", help="exit with 1 if a file is damaged or missing")
    upload = commands.add_parser("push", help="upload the files and pin the manifest to them")
    upload.add_argument("repo", metavar="OWNER/REPO")
    args = parser.parse_args(argv)
    try:
        if args.command == "push":
            push(args.repo)
        else:
            {"list": show, "verify": verify}[args.command]()
    except CheckpointError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
