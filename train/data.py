"""The data sets, from a folder given by --data or else from the Hub. None of them ships with the app."""

import hashlib
from pathlib import Path

import numpy as np

# sha256 of np.packbits(bits).tobytes(): whoever draws other bits measures another data set.
BITS = {
    "test": "dc5c95f3b45ba721b3a5f0843c2f8c673891c7f52883e1391b0f206455311a0b",
    "train": "980cfe889628f53cd8f4549f4605ed2ce99bebf71d646ac26e9dc4b89506f27e",
}
MNIST = ("ylecun/mnist", "77f3279092a1c1579b2250db8eafed0ad422088c")  # data set on the Hub, pinned


def mnist(folder: Path | None, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Grey digits and their labels. split: "train" (60,000) or "test" (10,000) -> (n, 28, 28) uint8, (n,) int."""
    if folder is not None:
        with np.load(folder / "mnist.npz") as file:
            return file[f"x_{split}"], file[f"y_{split}"]
    return _mnist_from_hub(split)


def _mnist_from_hub(split: str) -> tuple[np.ndarray, np.ndarray]:
    import io

    import pyarrow.parquet as parquet  # training only: `pip install pyarrow pillow`
    from huggingface_hub import hf_hub_download
    from PIL import Image

    repo, revision = MNIST
    file = hf_hub_download(repo, f"mnist/{split}-00000-of-00001.parquet", repo_type="dataset", revision=revision)
    table = parquet.read_table(file)
    pictures = [np.array(Image.open(io.BytesIO(cell["bytes"]))) for cell in table["image"].to_pylist()]
    return np.stack(pictures), np.array(table["label"].to_pylist())


def binary_mnist(folder: Path | None, split: str) -> np.ndarray:
    """The fixed bits on which likelihoods are compared: ink with probability grey / 255, drawn once.

    -> (n, 28, 28) uint8 in {0, 1}. Raises ValueError when the bits are not the published ones.
    """
    grey, _ = mnist(folder, split)
    rng = np.random.default_rng(0 if split == "test" else 1)
    bits = (rng.random(grey.shape) < grey / 255).astype(np.uint8)
    if hashlib.sha256(np.packbits(bits).tobytes()).hexdigest() != BITS[split]:
        raise ValueError(f"The {split} bits differ from the published ones: is mnist.npz the canonical MNIST?")
    return bits


def faces(folder: Path | None, split: str) -> np.ndarray:
    """Aligned colour faces: eyes at (.366, .457) and (.635, .458) of the side. "train": the first 24,000 of
    faces64.zip, "test": the last 2,779. -> (n, 64, 64, 3) uint8. Raises ValueError without a folder.
    """
    import zipfile

    from PIL import Image

    if folder is None:
        raise ValueError("The faces are in no public data set in this cut: name the folder of faces64.zip with --data.")
    with zipfile.ZipFile(folder / "faces64.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".webp"))
        names = {"train": names[:24_000], "test": names[-2_779:]}[split]
        return np.stack([np.asarray(Image.open(archive.open(name)).convert("RGB")) for name in names])
