"""Quiz packs, good and hostile, and as people make them."""

import hashlib
import io
import struct
import zipfile
import zlib

import pytest

from demos.quiz import faces, pack, pictures
from tests import quiz_pack


def test_a_pack_becomes_a_deck(tmp_path):
    entries = quiz_pack.heads(5, 4) | {
        "README.txt": b"hello",
        "real/loose.webp": b"",
        "real/a/b/c.webp": b"",
    }
    deck = faces.read_pack(quiz_pack.write(tmp_path / "p.zip", entries))
    assert deck.side == quiz_pack.SIDE and "5 photographs against 4" in deck.note
    assert {deck.real("s", i).source for i in range(9)} == {quiz_pack.REAL}
    assert len({deck.made("s", i).webp for i in range(9)}) == 4


def test_hostile_packs_are_refused_in_a_line(tmp_path):
    good = quiz_pack.heads(4, 4)
    bad = tmp_path / "bad.zip"

    def refused(match: str):
        with pytest.raises(ValueError, match=match) as raised:
            faces.read_pack(bad)
        assert str(tmp_path) not in str(raised.value) and "\n" not in str(raised.value)

    refused("There is no quiz pack bad.zip")
    for data in (b"", b"PK\x03\x04" + bytes(100), b"no zip at all" * 50):
        bad.write_bytes(data)
        refused("cannot be read")
    quiz_pack.write(bad, dict(list(good.items())[:1]))
    refused("holds 1 real and 0 made")
    for climbing in ("../out.webp", "real/../../out.webp", "/etc/out.webp", "real\\..\\x.webp"):
        quiz_pack.write(bad, good | {climbing: quiz_pack.file(9)})
        refused("outside of its own folder")
    broken = {k: v[: len(v) // 2] for k, v in good.items()}
    quiz_pack.write(bad, broken)
    refused("8 pictures in it are broken")
    assert [p.name for p in tmp_path.iterdir()] == ["bad.zip"], "nothing is unpacked"


def by_finder() -> dict[str, bytes]:
    """Zipped as a folder, with a shadow of each file beside it."""
    heads = {f"My faces/{name}": data for name, data in quiz_pack.heads(4, 4).items()}
    shadows = {f"__MACOSX/My faces/{name.replace('/0', '/._0')}": b"Mac OS X" for name in heads}
    hidden = {f"My faces/real/{quiz_pack.REAL}/{name}": b"x" for name in (".DS_Store", "._1.webp")}
    return {"My faces/": b"", "My faces/real/": b""} | heads | shadows | hidden


def by_windows() -> dict[str, bytes]:
    heads = {name.replace("/", "\\"): data for name, data in quiz_pack.heads(4, 4).items()}
    beside = {f"Real\\{quiz_pack.REAL}\\{name}": b"x" for name in ("Thumbs.db", "desktop.ini")}
    return heads | beside


@pytest.mark.parametrize("made", [by_finder, by_windows])
def test_packs_as_people_zip_them(tmp_path, made):
    file = quiz_pack.write(tmp_path / "p.zip", made())
    assert "4 photographs against 4" in faces.read_pack(file).note
    found = pack.files_in(file)
    assert {len(kind) for kind in found.values()} == {4}, (
        "what the system put beside them is no face"
    )
    assert {source for source, _ in found[True]} == {quiz_pack.REAL}


COMMIT = "0123456789" * 4
WEB = "https://huggingface.co/datasets"


@pytest.mark.parametrize(
    ("place", "says"),
    [
        (".", "names a folder. Zip what is in it"),
        ("gone.zip", "no quiz pack gone.zip"),
        ("https://example.org/faces.zip", "a web address. .* owner/name@<commit>/faces.zip. .* 40 digits"),
        (f"{WEB}/me/faces/resolve/main/quiz/a.zip?download=true", "me/faces@<commit>/quiz/a.zip. .* 40"),
        (f"{WEB}/me/faces/blob/{COMMIT}/a.zip", f"write me/faces@{COMMIT}/a.zip.$"),
        ("me/faces/a.zip", "no file a.zip there.*write me/faces@<commit>/a.zip. .* 40 digits"),
        ("me/faces@main/a.zip", "write me/faces@<commit>/a.zip"),
        ("me/faces@0123456/sub/a.zip", "write me/faces@<commit>/sub/a.zip"),
    ],
)  # fmt: skip
def test_a_pack_that_is_not_there_gets_its_own_sentence(tmp_path, monkeypatch, place, says):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=says):
        pack.files_in(pack.pack_file(place))
    if place == "me/faces/a.zip":
        (tmp_path / "me" / "faces").mkdir(parents=True)
        quiz_pack.write(tmp_path / place, quiz_pack.heads(4, 4))
        assert len(pack.files_in(pack.pack_file(place))[True]) == 4, "a path that looks like it"


def test_packs_that_claim_or_hold_too_much_stay_small(tmp_path, monkeypatch):
    good = quiz_pack.heads(4, 4)
    bomb = {
        "real/x/bomb.webp": bytes(50_000_000),
        "ai/x/bomb.png": bytes(50_000_000),
    }  # 50 kB each when packed
    file = quiz_pack.write(tmp_path / "p.zip", good | bomb)
    assert file.stat().st_size < 1e6
    opened = []
    read = zipfile.ZipExtFile.read
    monkeypatch.setattr(zipfile.ZipExtFile, "read", lambda f, n=-1: opened.append(n) or read(f, n))
    assert "4 photographs against 4" in faces.read_pack(file).note
    assert len(opened) == 8 and max(opened) <= pack.LARGEST_FILE + 1, "not even begun"
    # A header that claims two gigabytes.
    data = bytearray(file.read_bytes())
    at = data.find(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 2**31 - 1)
    (tmp_path / "claims.zip").write_bytes(data)
    assert "photographs against" in faces.read_pack(tmp_path / "claims.zip").note
    monkeypatch.setattr(pack, "LARGEST_PACK", 1000)
    with pytest.raises(ValueError, match="too large"):
        faces.read_pack(file)


def test_hostile_pictures_are_left_out():
    # A picture that claims 900 million pixels.
    huge = bytearray(quiz_pack.file(1, "PNG"))
    huge[16:24] = struct.pack(">II", 30_000, 30_000)
    huge[29:33] = struct.pack(">I", zlib.crc32(huge[12:29]))
    vector = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    gif, small = io.BytesIO(), io.BytesIO()
    quiz_pack.head(1).save(gif, "GIF")
    quiz_pack.head(1, 20).save(small, "PNG")
    for data in (bytes(huge), vector, gif.getvalue(), small.getvalue(), b"", bytes(1000)):
        with pytest.raises(ValueError, match="A picture is a WebP"):
            pictures.unpack(data)


def test_left_out_faces_are_not_shown(tmp_path, monkeypatch):
    entries = quiz_pack.heads(4, 4)
    gone = hashlib.sha256(entries[f"real/{quiz_pack.REAL}/0.webp"]).hexdigest()[:16]
    monkeypatch.setattr(pack, "left_out", lambda: {gone: "a reason"})
    assert (
        "3 photographs against 4"
        in faces.read_pack(quiz_pack.write(tmp_path / "p.zip", entries)).note
    )
