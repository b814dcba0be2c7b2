"""A visitor's photo: every bad one gets its sentence, memory stays bounded, eyes are found, no file appears."""

import io
import os
import re
import struct
import tempfile
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demos import photo
from demos.vae import own_photo
from tests.answers import without_time
from tests.endpoints import GOOD, ask
from tests.portrait import as_url, data_url, face_itself, portrait


def png_bomb(side: int) -> bytes:
    """A PNG of side x side pixels in a few kilobytes: all zero."""

    def chunk(name: bytes, content: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + crc

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + chunk(b"IDAT", zlib.compress(bytes(10**6)))
        + chunk(b"IEND", b"")
    )


def animated() -> str:
    file = io.BytesIO()
    first = portrait()
    first.save(file, "WEBP", save_all=True, append_images=[first.rotate(9)])
    return as_url(file.getvalue(), "webp")


def jpeg() -> bytes:
    file = io.BytesIO()
    portrait().save(file, "JPEG")
    return file.getvalue()


def heic(brand: bytes) -> str:
    return as_url(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1heic" + bytes(500), "heic")


def of_a_phone(angle: float = 0) -> str:
    """A JPEG with a second frame behind the photo, as phones keep a map of depth or of light."""
    file = io.BytesIO()
    behind = Image.new("RGB", (160, 130), "white")
    portrait(angle).save(file, "MPO", save_all=True, append_images=[behind])
    return as_url(file.getvalue())


def several() -> Image.Image:
    both = Image.new("RGB", (880, 520), (200, 205, 210))
    for left in (0, 440):
        both.paste(portrait().crop((110, 0, 550, 520)), (left, 0))
    return both


BAD = {
    "no text": (lambda: 5, "data URL"),
    "nothing": (lambda: "", "data URL"),
    "a name of a file": (lambda: "/etc/passwd", "data URL"),
    "an address": (lambda: "http://127.0.0.1/x.png", "data URL"),
    "a list": (lambda: [1, 2], "data URL"),
    "what an upload would be": (lambda: {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}, "data URL"),
    "no base64": (lambda: "data:image/png;base64,<b>", "no picture"),
    "no picture": (lambda: as_url(b"hello" * 99), "no picture"),
    "SVG": (lambda: as_url(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "no picture"),
    "a PDF": (lambda: as_url(b"%PDF-1.7 " + bytes(500)), "no picture"),
    "a TIFF": (lambda: data_url(portrait(), "TIFF"), "no picture"),
    "HEIC": (lambda: heic(b"heic"), "HEIC photo: save it as JPEG"),
    "HEIC of another camera": (lambda: heic(b"mif1"), "HEIC photo: save it as JPEG"),
    "too long": (lambda: as_url(bytes(4_000_000)), "too large"),
    "1 x 1": (lambda: data_url(Image.new("RGB", (1, 1))), "1 x 1 pixels"),
    "10,000 pixels": (lambda: data_url(Image.new("L", (10_000, 80))), "10000 x 80"),
    "a bomb": (lambda: as_url(png_bomb(10_000), "png"), "10000 x 10000"),
    "a bomb beyond Pillow's own limit": (lambda: as_url(png_bomb(50_000), "png"), "no picture"),
    "CMYK": (lambda: data_url(portrait().convert("CMYK")), "CMYK"),
    "16 bits": (lambda: data_url(portrait().convert("I;16"), "PNG"), "16 bits"),
    "animated": (animated, "moves"),
    "transparent": (lambda: data_url(Image.new("RGBA", (99, 99), (9, 9, 9, 99)), "PNG"), "transparent"),
    "transparent palette": (
        lambda: data_url(Image.new("P", (99, 99)), "PNG", transparency=0), "transparent"),
    "cut short": (lambda: as_url(jpeg()[:2000]), "cut short"),
    "a PNG cut short": (lambda: as_url(png_bomb(3000)[:700], "png"), "cut short"),
    "no face": (lambda: data_url(Image.new("RGB", (300, 300), "teal")), "No face"),
    "noise": (lambda: data_url(Image.effect_noise((300, 300), 90)), "No face"),
    "several": (lambda: data_url(several()), "several"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_photo_gets_its_sentence(name):
    make, says = BAD[name]
    with pytest.raises(ValueError, match=says) as raised:
        photo.face(make())
    assert "\n" not in str(raised.value) and 20 < len(str(raised.value)) < 160


def test_a_bomb_costs_no_memory():
    bomb = as_url(png_bomb(4097), "png")
    tracemalloc.start()
    with pytest.raises(ValueError, match="4097"):
        photo.face(bomb)
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()


@pytest.mark.parametrize(
    "make",
    [
        lambda: data_url(portrait()),
        lambda: data_url(portrait(), "PNG"),
        lambda: data_url(portrait(), "WEBP"),
        lambda: data_url(portrait().convert("L")),
        lambda: data_url(portrait().convert("RGBA"), "PNG"),  # could be transparent, and is not
        lambda: data_url(portrait(angle=8)),
        lambda: data_url(portrait(angle=-8)),
        lambda: data_url(portrait().resize((2560, 2080))),
        of_a_phone,
    ],
)
def test_a_portrait_is_aligned_as_the_data_are(make):
    """The mean face comes back to where it was: turned, scaled and placed on paper, then aligned."""
    aligned, _ = photo.face(make())
    wanted = face_itself().astype(float).mean(2)
    assert aligned.shape == (64, 64, 3) and aligned.dtype == np.uint8
    inner = np.s_[16:52, 14:50]
    assert np.corrcoef(aligned.mean(2)[inner].flat, wanted[inner].flat)[0, 1] > 0.75


def test_a_photo_taken_sideways_is_turned_upright():
    tag = Image.Exif()
    tag[0x0112] = 6  # to be turned by a quarter to the right
    sideways = data_url(portrait().transpose(Image.Transpose.ROTATE_90), exif=tag.tobytes())
    upright = photo.read(data_url(portrait()))
    turned = photo.read(sideways)
    assert turned.shape == upright.shape
    assert np.abs(turned.astype(int) - upright).mean() < 2
    photo.face(sideways)


def test_the_eyes_come_to_stand_where_they_should():
    """Two dots at known places, in pictures larger and smaller than the goal, straight and slanting."""
    for eyes in ([(200, 150), (300, 150)], [(90, 130), (120, 100)], [(40, 40), (58, 43)]):
        paper = np.full((400, 400, 3), 255, np.uint8)
        for x, y in eyes:
            r = max(2, int(np.hypot(*np.subtract(*eyes)) / 8))
            paper[y - r : y + r + 1, x - r : x + r + 1] = 0
        dark = 255 - photo.align(paper, np.array(eyes, float))[..., 0].astype(float)
        for half, wanted in ((np.s_[:, :32], photo.EYES[0]), (np.s_[:, 32:], photo.EYES[1])):
            part = dark[half]
            y, x = (np.indices(part.shape) * part).sum((1, 2)) / part.sum()
            x += 32 * (wanted[0] > 0.5)
            assert (x + 0.5, y + 0.5) == pytest.approx([64 * v for v in wanted], abs=0.8)


@pytest.mark.parametrize("wall", ["#d6d2c8", "#2d2d32", "white"])
@pytest.mark.parametrize(
    ("width", "side", "light"), [(768, 400, 0.25), (1024, 250, 1), (1024, 250, 0.25)]
)
def test_a_face_on_a_wall_is_found_in_any_light(wall, width, side, light):
    """With the histogram of the whole picture made equal a bright wall hides it; untouched, the dark does."""
    height = width * 3 // 4
    corner = np.array([(width - side) // 2, (height - side) // 2])
    paper = Image.new("RGB", (width, height), wall)
    face = Image.fromarray(face_itself()).resize((side, side), Image.Resampling.BICUBIC)
    paper.paste(face, tuple(corner))
    eyes, seen = photo.find_eyes((np.asarray(paper) * light).astype(np.uint8))
    wanted = np.array(photo.EYES) * side + corner
    apart = np.hypot(*(wanted[1] - wanted[0]))
    assert seen and np.hypot(*(eyes - wanted).T).max() < 0.15 * apart


def test_eyes_are_found_on_faces_never_used_before(shared_data):
    """60 real faces of the quiz: a median error of a twelfth of the distance between the eyes is asked (it is .048)."""
    truth, errors = np.array([(0.377, 0.460), (0.624, 0.461)]), []
    with zipfile.ZipFile(shared_data / "faces_quiz160.zip") as archive:
        names = sorted(n for n in archive.namelist() if re.match(r"real/celeba/.*\.webp", n))[:60]
        for name in names:
            picture = np.asarray(Image.open(archive.open(name)).convert("RGB"))
            try:
                eyes, _ = photo.find_eyes(picture)
            except ValueError:
                continue
            errors.append(np.hypot(*(eyes / len(picture) - truth).T).mean() / 0.247)
    assert len(errors) >= 59 and np.median(errors) < 1 / 12 and max(errors) < 0.25


def test_encoding_gives_numbers_that_decode_to_the_face():
    z, html = own_photo.encode_photo(data_url(portrait()))
    numbers = [float(v) for v in z.split(",")]
    # The mean face is at the middle: most of its numbers are small.
    assert len(numbers) == 64 and np.median(np.abs(numbers)) < 0.7
    assert html.count("<img") == 4 and html.count("alt=") == 4
    assert own_photo.encode_photo(data_url(portrait())) == (z, html)
    assert own_photo.encode_photo(data_url(portrait(angle=8)))[0] != z
    assert own_photo.example_face().count("<img") == 4


def seen(folders: list[Path]) -> set[tuple[str, int]]:
    return {
        (str(file), file.stat().st_mtime_ns)
        for folder in folders
        for file in folder.rglob("*")
        if file.is_file() and "pytest" not in str(file) and file.stat().st_uid == os.getuid()
    }


@pytest.mark.parametrize("queued", [False, True])
@pytest.mark.parametrize("name", ["encode_photo", "find_face"])
def test_no_file_appears(app_url, monkeypatch, name, queued):
    """A good photo and bad ones over HTTP: nothing is written where Gradio or Python write files."""
    opened = []
    folders = [Path(os.environ["GRADIO_TEMP_DIR"])]
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", lambda *a, **k: opened.append(a))
    monkeypatch.setattr(tempfile, "mkstemp", lambda *a, **k: opened.append(a))
    before, given = seen(folders), GOOD[name]
    taken = "photo" if name == "encode_photo" else "own"

    def send(picture):
        return ask(app_url, name, given | {taken: picture}, queued)[0]

    answer = send(data_url(portrait()))
    for bad in ("no picture", "cut short", "what an upload would be", "no face"):
        assert send(BAD[bad][0]()) is None
    assert seen(folders) == before and opened == []
    assert answer and without_time(send(data_url(portrait()))) == without_time(answer)
