"""Where the quiz's faces come from: our own generators, a teacher's photos."""

import io
import json

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from checkpoints.faces import PSI, generators
from demos import quiz, shell, ui
from demos.quiz import faces, pictures, play, rounds
from tests.answers import set_clock
from tests.portrait import data_url, portrait

PHOTOS = [data_url(portrait(angle)) for angle in (-8, 0, 8)]


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
