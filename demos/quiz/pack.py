"""A quiz pack as people make one: a zip, by its path or on the Hub, with faces in real/<source>/ and ai/<source>/."""

import hashlib
import os
import re
import zipfile
import zlib
from pathlib import Path

import checkpoints

LARGEST_PACK, LARGEST_FILE, MOST = 300_000_000, 2_000_000, 2000  # bytes, bytes, faces of each kind
LEFT_OUT = Path(__file__).with_name("left_out.txt")
HUB_FILE = re.compile(r"([\w.-]+/[\w.-]+)@([0-9a-f]{40})/([\w./-]+\.zip)")
WITHOUT_COMMIT = re.compile(r"([\w-][\w.-]*/[\w.-]+?)(?:@[\w.-]*)?/([\w./-]+\.zip)")
WEB = re.compile(
    r"https?://(?:huggingface\.co/datasets/([\w.-]+/[\w.-]+)/\w+/([\w.-]+)/([^?]+))?.*"
)
# What macOS and Windows put beside files.
NO_FACE = re.compile(r"\..*|thumbs\.db|desktop\.ini", re.IGNORECASE)
WHICH_COMMIT = "The commit has 40 digits: Files, then History, on the data set's page."


def pack_file(place: str) -> Path:
    """QUIZ_PACK: a path, or owner/name@<commit>/<file>.zip of a data set on the Hub. Raises ValueError."""
    file = Path(place)
    if os.path.isdir(place):
        raise ValueError("QUIZ_PACK names a folder. Zip what is in it, and name the zip.")
    if os.path.exists(place):
        return file
    if web := WEB.fullmatch(place):
        repo, commit, name = (web[1], web[2], web[3]) if web[1] else ("owner/name", "", "faces.zip")
        known = re.fullmatch("[0-9a-f]{40}", commit)
        raise ValueError(
            "QUIZ_PACK names a web address. Download the zip and name the file. Of a data set on the Hub, "
            f"write {repo}@{commit if known else '<commit>'}/{name}.{'' if known else ' ' + WHICH_COMMIT}"
        )
    if not (found := HUB_FILE.fullmatch(place)):
        if bare := WITHOUT_COMMIT.fullmatch(place):
            raise ValueError(
                f"There is no file {file.name} there. If it is in a data set on the Hub, "
                f"write {bare[1]}@<commit>/{bare[2]}. {WHICH_COMMIT}"
            )
        return file
    from huggingface_hub import hf_hub_download

    repo, revision, name = found.groups()
    try:
        return Path(hf_hub_download(repo, name, repo_type="dataset", revision=revision))
    except Exception as error:
        why = checkpoints.why(error, repo, revision)
        raise ValueError(f"The quiz pack cannot be had: {why}") from error


def left_out() -> dict[str, str]:
    """Faces that no round shows: the first 16 digits of their files' sha256, and why."""
    lines = LEFT_OUT.read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines if line and not line.startswith("#"))


def files_in(pack: Path) -> dict[bool, list[tuple[str, bytes]]]:
    """The (source, file) of real and of made faces in a zip, nothing of it written anywhere. Raises ValueError."""
    try:
        if pack.stat().st_size > LARGEST_PACK:
            raise ValueError(f"The quiz pack is too large: {LARGEST_PACK // 10**6} MB at most.")
        with zipfile.ZipFile(pack) as archive:
            return _entries(archive)
    except FileNotFoundError as error:
        raise ValueError(
            f"There is no quiz pack {pack.name}. QUIZ_PACK is a path from the folder in which the app is started."
        ) from error
    except PermissionError as error:
        raise ValueError(f"The app may not read the quiz pack {pack.name}.") from error
    except (
        OSError,
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
    ) as error:
        raise ValueError(
            "The quiz pack cannot be read: it should be a zip that is not encrypted."
        ) from error


def _entries(archive: zipfile.ZipFile) -> dict[bool, list[tuple[str, bytes]]]:
    unwanted, found = left_out(), {True: [], False: []}
    # By checksum, so that neither names nor dates decide which faces a large pack is cut down to.
    for entry in sorted(archive.infolist(), key=lambda e: (e.CRC, e.filename)):
        # Windows writes backslashes; zipped with its folder, a pack has one more in front.
        path = entry.filename.replace("\\", "/")
        parts = path.split("/")
        if ".." in parts or not parts[0] or ":" in parts[0]:
            raise ValueError(
                "The quiz pack names files outside of its own folder, so it is not used."
            )
        if path.endswith("/") or len(parts) < 3 or "__MACOSX" in parts:
            continue
        kind, source, name = parts[-3].lower(), *parts[-2:]
        if kind not in ("real", "ai") or NO_FACE.fullmatch(name):
            continue
        mine = found[kind == "real"]
        if entry.file_size > LARGEST_FILE or len(mine) >= MOST:
            continue
        with archive.open(entry) as file:  # what the zip claims and what comes out may differ
            data = file.read(LARGEST_FILE + 1)
        if len(data) <= LARGEST_FILE and hashlib.sha256(data).hexdigest()[:16] not in unwanted:
            mine.append((source[:40], data))
    return found
