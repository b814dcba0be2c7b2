"""A quiz pack: real/<source>/*.webp and ai/<source>/*.webp in a zip, all cut, sized and compressed alike.

    python -m train.quiz_pack --out faces.zip --real mine=FOLDER --ai theirs=FOLDER      from folders of pictures
    python -m train.quiz_pack --out faces.zip --hub celeba-hq this-person-does-not-exist from public data sets
    python -m train.quiz_pack --out faces.zip --side 48 --target .366,.635,.457 --real celeba=FOLDER --ours

Every picture is cut so that the eyes come to rest at --target. Where they are in a source is the same for all of its
pictures, because it was aligned by whoever published it, and is given by --eyes; nothing here looks for eyes, and
portraits that are not aligned must be aligned first. Names, dates and metadata are left behind.
Then look through what you made: whatever lies in the clothes, the background or the sharpness gives a class away, and
no child's face belongs in a quiz. What should go is listed by hash in demos/quiz/left_out.txt.
"""

import argparse
import hashlib
import io
import itertools
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

LEFT_OUT = Path(__file__).parents[1] / "demos" / "quiz" / "left_out.txt"
PICTURES = (".webp", ".png", ".jpg", ".jpeg")
# Data sets on the Hub: kind, repository, commit. None: the newest, whose commit is printed. Mind their terms: CelebA
# non-commercial research; FFHQ CC BY-NC-SA 4.0; the last one's uploader claims MIT for another's StyleGAN pictures.
HUB = {
    "celeba-hq": ("real", "jxie/celeba-hq", "7ecc6a45edfb5483ccf2f7df1035d298ffe7c76b"),
    "ffhq": ("real", "gaunernst/ffhq-1024-wds", None),
    "this-person-does-not-exist": ("ai", "javi22/this-person-does-not-exist-10k", None),
}
TARGET = (0.377, 0.624, 0.4605)                                # eyes: left x, right x, y, as fractions of the side
OURS = (0.366, 0.635, 0.4575)                                  # where the faces that we train on have them
PSI, QUALITY = 0.8, 90


def from_folder(folder: Path) -> Iterator[bytes]:
    """Picture files below a folder, in the order of their hashes: the first n are a fair choice. Raises ValueError."""
    files = [p for p in sorted(folder.rglob("*")) if p.suffix.lower() in PICTURES]
    if not files:
        raise ValueError(f"There are no pictures ({', '.join(PICTURES)}) below {folder}.")
    return iter(sorted((p.read_bytes() for p in files), key=lambda data: hashlib.sha256(data).digest()))


def from_hub(repo: str, revision: str | None) -> Iterator[bytes]:
    """Picture files of a data set: single ones, in tar archives, or in parquet tables with a column "image"."""
    from huggingface_hub import HfApi, hf_hub_download

    api = HfApi()
    revision = revision or api.dataset_info(repo).sha
    print(f"{repo} at {revision}")
    for name in sorted(api.list_repo_files(repo, repo_type="dataset", revision=revision)):
        suffix = Path(name).suffix.lower()
        if suffix not in (*PICTURES, ".tar", ".parquet"):
            continue
        file = hf_hub_download(repo, name, repo_type="dataset", revision=revision)
        if suffix == ".tar":
            import tarfile

            with tarfile.open(file) as archive:                # read, never unpacked
                for member in archive:
                    if Path(member.name).suffix.lower() in PICTURES:
                        yield archive.extractfile(member).read()
        elif suffix == ".parquet":
            import pyarrow.parquet as parquet  # training only: `pip install pyarrow`

            for batch in parquet.ParquetFile(file).iter_batches(64, columns=["image"]):
                yield from (cell["bytes"] for cell in batch["image"].to_pylist())
        else:
            yield Path(file).read_bytes()


def from_ours(generator) -> Iterator[bytes]:
    """Pictures of one of our own generators, one for each seed, as PNG."""
    for seed in itertools.count():
        file = io.BytesIO()
        Image.fromarray(generator.sample([seed], PSI)[0]).save(file, "PNG")
        yield file.getvalue()


def cut(data: bytes, eyes: Sequence[float], target: Sequence[float], side: int) -> bytes:
    """One picture with its eyes where they belong, as a WebP with nothing else in it.

    eyes, target: left x, right x, y in fractions of the side. Raises ValueError when the frame would leave the picture,
    or when it has fewer pixels than are asked for.
    """
    image = Image.open(io.BytesIO(data), formats=("WEBP", "PNG", "JPEG")).convert("RGB")
    n = min(image.size)
    across = (eyes[1] - eyes[0]) / (target[1] - target[0])     # width of the frame, in sides of the picture
    left, top = (eyes[0] + eyes[1] - across * (target[0] + target[1])) / 2, eyes[2] - across * target[2]
    if min(left, top) < -0.005 or max(left, top) + across > 1.005:
        raise ValueError("The eyes are so far apart that the frame leaves the picture: give a --target farther apart.")
    if across * n < side - 1:
        raise ValueError(f"{round(across * n)} pixels are left of a picture, fewer than {side}: give a smaller --side.")
    x, y = max(0.0, left) * n, max(0.0, top) * n
    box = (x, y, min(n, x + across * n), min(n, y + across * n))
    file = io.BytesIO()
    image.resize((side, side), Image.Resampling.LANCZOS, box).save(file, "WEBP", quality=QUALITY, method=6)
    return file.getvalue()


def build(out: Path, sources: dict, eyes: dict, target: Sequence[float], side: int, n: int) -> dict:
    """sources: {(kind, name): picture files}. -> how many of each went into the zip."""
    lines = LEFT_OUT.read_text(encoding="utf-8").splitlines()
    unwanted = {line.split(" ")[0] for line in lines if not line.startswith("#")}
    counts = {}
    with zipfile.ZipFile(out, "w") as archive:
        for (kind, name), files in sources.items():
            k = 0
            for data in files:
                if k == n:
                    break
                if hashlib.sha256(data).hexdigest()[:16] in unwanted:
                    continue
                # ZipInfo's own date, 1980, and a running number: neither says where a picture was before.
                entry = zipfile.ZipInfo(f"{kind}/{name}/{k:04}.webp")
                archive.writestr(entry, cut(data, eyes.get(name, TARGET), target, side))
                k += 1
            counts[kind, name] = k
    return counts


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--out", type=Path, required=True)
    args.add_argument("--real", nargs="*", default=[], metavar="NAME=FOLDER")
    args.add_argument("--ai", nargs="*", default=[], metavar="NAME=FOLDER")
    args.add_argument("--hub", nargs="*", default=[], choices=HUB)
    args.add_argument("--ours", action="store_true", help="every face generator in the manifest")
    args.add_argument("--eyes", nargs="*", default=[], metavar="NAME=LEFT,RIGHT,Y")
    args.add_argument("--target", type=_numbers, default=TARGET, metavar="LEFT,RIGHT,Y")
    args.add_argument("--side", type=int, default=160)
    args.add_argument("--n", type=int, default=300, help="faces of each source")
    args = args.parse_args()
    eyes = {name: _numbers(text) for name, _, text in (given.partition("=") for given in args.eyes)}
    sources = {}
    for kind, given in (("real", args.real), ("ai", args.ai)):
        for name, _, folder in (text.partition("=") for text in given):
            sources[kind, name] = from_folder(Path(folder))
    for name in args.hub:
        kind, repo, revision = HUB[name]
        sources[kind, name] = from_hub(repo, revision)
    if args.ours:
        from checkpoints.faces import generators

        for generator in generators():
            sources["ai", generator.name] = from_ours(generator)
            eyes.setdefault(generator.name, OURS)
    for (kind, name), k in build(args.out, sources, eyes, args.target, args.side, args.n).items():
        print(f"{kind}/{name}: {k} faces")


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


if __name__ == "__main__":
    main()
