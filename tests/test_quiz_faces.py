"""Where the quiz's faces come from: packs, good and hostile; our own generators; a teacher's photos."""

import hashlib
import io
import json
import struct
import zipfile
import zlib

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from checkpoints.faces import PSI, generators
from demos import quiz, shell, ui
from demos.quiz import faces, pack, pictures, play, rounds
from tests import quiz_pack
from tests.answers import set_clock
from tests.portrait import data_url, portrait

PHOTOS = [data_url(portrait(angle)) for angle in (-8, 0, 8)]
# Packs.


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
    assert {len(kind) for kind in found.values()} == {4}, "nothing that the system put beside"
    assert {source for source, _ in found[True]} == {quiz_pack.REAL}


COMMIT = "0123456789" * 4
WEB = "https://huggingface.co/datasets"


@pytest.mark.parametrize(
    ("place", "says"),
    [
        (".", "names a folder. Zip what is in it"),
        ("gone.zip", "no quiz pack gone.zip"),
        ("https://example.org/faces.zip", "a web address.* owner/name@<commit>/faces.zip.* 40"),
        (f"{WEB}/me/faces/resolve/main/q/a.zip?download=true", "me/faces@<commit>/q/a.zip. .* 40"),
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


# Our own generators, and a teacher's photos.


@pytest.fixture
def stand_in(empty_checkpoints, monkeypatch):
    """A manifest with one face generator: the real class, small, with no training."""
    import torch

    from checkpoints.save import save
    from models.dcgan import Generator

    config = dict(latent=8, width=4)
    with torch.random.fork_rng():
        torch.random.manual_seed(0)
        model = Generator(**config)
        for p in model.parameters():
            p.data *= 20 if p.dim() > 1 else 1  # else all its pictures are one grey
    about = dict(
        model="dcgan.Generator",
        config=config,
        made_by="a test",
        license="none",
        data="CelebA, in name only",
    )
    save("dcgan-faces", model.state_dict(), **about)
    save("dcgan-faces-moments", model.state_dict(), **(about | dict(model=None, config={})))
    monkeypatch.setattr(faces, "_ready", {})
    monkeypatch.delenv("QUIZ_PACK", raising=False)


def test_without_a_generator_the_tab_says_what_is_missing(empty_checkpoints, monkeypatch):
    monkeypatch.setattr(faces, "_ready", {})
    monkeypatch.delenv("QUIZ_PACK", raising=False)
    assert generators() == []
    with pytest.raises(faces.Missing, match="QUIZ_PACK"):
        faces.standard_deck()
    assert "No face generator ships with the app yet" in play.opening()["lacking"]
    with gr.Blocks() as blocks:
        pass
    for view in quiz.VIEWS:
        with blocks.route(view.TITLE, shell.page_of(quiz, view)), ui.view():
            view.build()
    described = json.dumps(shell.Pages(blocks, (quiz,)).describe("quiz-play"))
    assert "No face generator ships with the app yet" in described


def test_generators_are_found_through_the_manifest(stand_in):
    (one,) = generators()
    assert (one.name, one.title, one.size) == ("dcgan-faces", "DCGAN", 64)
    both = one.sample([3, 4], PSI)
    assert both.shape == (2, 64, 64, 3) and both.dtype == np.uint8
    assert np.abs(one.sample([4], PSI)[0].astype(int) - both[1]).max() <= 1
    assert (one.sample([3], PSI) != one.sample([3], 0.1)).any()


@pytest.mark.parametrize(
    ("model", "config", "size"),
    [
        ("stylegan.Generator", dict(size=32, widths=[8, 8, 8, 8], latent=8, depth=2), 32),
        ("vae_faces.FaceVAE", dict(size=32, latent=8, width=16), 32),
    ],
)
def test_every_kind_of_generator_draws(empty_checkpoints, model, config, size):
    import importlib

    import torch

    from checkpoints.save import save

    module, _, name = model.rpartition(".")
    with torch.random.fork_rng():
        torch.random.manual_seed(1)
        built = getattr(importlib.import_module(f"models.{module}"), name)(**config)
    about = dict(made_by="a test", license="none", data="CelebA, in name only")
    save("a-face", built.state_dict(), model=model, config=config, **about)
    (one,) = generators()
    a, b = one.sample([1, 2], PSI)
    assert one.size == size and a.shape == (size, size, 3) and (a != b).any()
    assert np.abs(one.sample([2], PSI)[0].astype(int) - b).max() <= 1
    same = one.sample([1, 2], 0.0)
    assert np.abs(same[0].astype(int) - same[1]).max() <= 1, "psi = 0 is one face for all"


def test_with_no_network_and_no_pack_it_plays(stand_in, monkeypatch):
    import socket

    def closed(*args):
        raise OSError("no network")

    monkeypatch.setattr(socket.socket, "connect", closed)
    deck = faces.standard_deck()
    assert deck.side == 250 and "DCGAN" in deck.note and "25 by 25" in deck.note
    dealt = [rounds.deal("s", k, deck) for k in range(1, 12)]
    assert {s for d in dealt for s in d.sources} == {"DCGAN", "LFW"}
    means = {True: [], False: []}
    for d in dealt:
        for webp, real in zip(d.pictures, d.real, strict=True):
            x = np.asarray(Image.open(io.BytesIO(webp)).convert("RGB")).astype(int)
            assert len(webp) == pictures.length(250)
            assert x.shape == (250, 250, 3) and np.ptp(x, axis=2).max() < 12, "grey on both sides"
            means[real].append((x.mean(), x.std()))
    assert np.abs(np.mean(means[True], 0) - np.mean(means[False], 0)).max() < 10, (
        "equal light and contrast"
    )


def test_of_few_pixels_no_detail_is_told(stand_in):
    """Neither a place to enlarge nor a spectrum: both would show the filter that enlarged the picture."""
    told = [
        face
        for k in range(1, 9)
        for face in play.quiz_answer(play.quiz_round("fewpixels", k, "standard")["token"], "", 50)[
            "faces"
        ]
    ]
    assert {face["source"] for face in told} == {"DCGAN", "LFW"}
    assert all(face["where"] is None and face["spectrum"] == "" for face in told)
    fine = ("earring", "teeth", "glasses", "single hair,", "spectrum", "background first")
    assert not any(word in face["words"] for word in fine for face in told)


def test_a_bad_pack_is_told_and_the_quiz_plays_on(stand_in, monkeypatch, tmp_path):
    (tmp_path / "bad.zip").write_bytes(b"nothing")
    monkeypatch.setenv("QUIZ_PACK", str(tmp_path / "bad.zip"))
    assert faces.standard_deck().side == 250 and "cannot be read" in faces.problem
    assert "cannot be read" in play.quiz_round("game0000", 1, "standard")["problem"]


def test_photos_are_kept_for_a_while_and_only_some(stand_in, monkeypatch):
    set_clock(monkeypatch, faces, monotonic=0.0)
    key = faces.keep_photos(PHOTOS)
    dealt = [rounds.deal("s", k, faces.deck(key)) for k in range(1, 12)]
    assert {s for d in dealt for s in d.sources} == {"DCGAN", "your photo"}
    monkeypatch.setattr(faces, "MOST_DECKS", 2)
    keys = [faces.keep_photos(PHOTOS) for _ in range(2)]
    assert len({key, *keys}) == 3, "the key is nobody's to guess"
    with pytest.raises(ValueError, match="forgotten"):
        faces.deck(key)
    set_clock(monkeypatch, faces, monotonic=faces.FORGOTTEN + 1)
    with pytest.raises(ValueError, match="forgotten"):
        faces.deck(keys[1])
    assert not faces._photos
