"""Faces in the tabs Autoencoders and GAN without a page: their handlers as plain functions."""

import base64
import io
import json
import re

import numpy as np
import pytest
import torch
from PIL import Image

import app
import checkpoints
from demos import TABS, gan, shell, vae
from demos.gan import (
    algorithm,
    arithmetic,
    between,
    collapse,
    laboratory,
    loss,
    oscillation,
    theorem,
    training,
)
from demos.vae import blur, face_walk, faces, latent_map, own_photo
from models.images import noise
from tests.answers import without_time
from tests.portrait import data_url, portrait

ZEROS = (0,) * 8
HAND = ",".join(f"{v:.2f}" for v in np.linspace(-3, 3, 64))
HANDLERS = dict(
    decode_face=faces.decode_face,
    face_picture=faces.face_picture,
    face_walk=face_walk.face_walk,
    why_blurred=blur.why_blurred,
    learn=training.learn,
    faces_picture=training.faces_picture,
    gan_walk=between.gan_walk,
    arithmetic=arithmetic.arithmetic,
)
CORNERS = [
    *(("decode_face", (seed, "", *([a] * 8))) for seed in (0, 9999) for a in (-3, 0, 3)),
    ("decode_face", (5, HAND, *ZEROS)),
    ("face_picture", (5, HAND, 3, *ZEROS[1:])),
    *(("face_walk", g) for g in ((0, 9999), (4, 4))),
    *(("why_blurred", g) for g in ((7, 0), (7, 64), (0, 5))),
    *(("learn", (seed,)) for seed in (0, 9999)),
    ("faces_picture", (4,)),
    *(("gan_walk", g) for g in ((0, 9999), (4, 4))),
    *(("arithmetic", g) for g in (("0", "9999", "5"), ("1, 2,3", " 4", "5,6"), ("7", "7", "7"))),
]


def as_float(v):
    return float(v) if isinstance(v, int) else v


@pytest.mark.parametrize(("name", "given"), CORNERS, ids=lambda v: v if isinstance(v, str) else "")
def test_same_call_same_bytes_and_int_is_float(name, given):
    first = without_time(HANDLERS[name](*given))
    assert first == without_time(HANDLERS[name](*map(as_float, given)))


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("decode_face", (1, "", *ZEROS), (2, "", *ZEROS)),
        ("decode_face", (1, "", *ZEROS), (1, HAND, *ZEROS)),
        *(
            ("decode_face", (1, "", *ZEROS), (1, "", *(1 * (j == k) for j in range(8))))
            for k in range(8)
        ),
        ("face_picture", (1, "", *ZEROS), (1, "", 1, *ZEROS[1:])),
        ("face_walk", (1, 2), (1, 3)),
        ("face_walk", (1, 2), (3, 2)),
        ("why_blurred", (1, 6), (2, 6)),
        ("why_blurred", (1, 6), (1, 7)),
        ("learn", (1,), (2,)),
        ("faces_picture", (1,), (2,)),
        ("gan_walk", (1, 2), (1, 3)),
        ("gan_walk", (1, 2), (3, 2)),
        *(("arithmetic", ("1", "2", "3"), g) for g in (("4", "2", "3"), ("1", "4", "3"), ("1", "2", "4"))),
        ("arithmetic", ("1", "2", "3"), ("1, 5", "2", "3")),
    ],
)  # fmt: skip
def test_every_knob_counts(name, one, other):
    assert without_time(HANDLERS[name](*one)) != without_time(HANDLERS[name](*other))


def test_handlers_leave_the_models_alone():
    names = [n for n in checkpoints.MANIFEST if n.startswith(("vae-faces", "dcgan"))]
    assert len(names) == 4

    def tensors(name):
        loaded = checkpoints.load(name)
        return loaded if isinstance(loaded, dict) else loaded.state_dict()

    g, d = training.networks(training.moments()[1])
    before = {n: {k: t.clone() for k, t in tensors(n).items()} for n in names}
    nets = [(net, {k: t.clone() for k, t in net.state_dict().items()}) for net in (g, d)]
    for name, given in CORNERS:
        HANDLERS[name](*given)
    own_photo.encode_photo(data_url(portrait()))
    for name in names:
        assert all(t.equal(before[name][k]) for k, t in tensors(name).items()), name
    for net, kept in nets:
        assert not net.training and all(t.equal(kept[k]) for k, t in net.state_dict().items())


# Autoencoders.


def test_a_face_is_its_numbers_plus_what_the_directions_add():
    value = faces.decode_face(5, HAND, 0, 2, *ZEROS[2:])
    steps, names = faces.directions()
    assert len(names) == 8 and all(names)
    base = np.array([float(v) for v in HAND.split(",")])
    np.testing.assert_allclose(value["moved"], 2 * steps[1], atol=1e-3)
    np.testing.assert_allclose(value["z"], base + 2 * steps[1].numpy(), atol=2e-3)
    shown = image(value["picture"])
    with torch.inference_mode():
        exact = checkpoints.load("vae-faces-64d").decode(torch.tensor([value["z"]]))[0]
    exact = exact.clamp(0, 1).permute(1, 2, 0).numpy() * 255
    assert np.abs(shown - exact).max() < 3
    assert faces.decode_face(9, "", *ZEROS)["z"] == pytest.approx(
        noise((64,), [9])[0].tolist(), abs=1e-3
    )


def test_all_is_known_nothing_is_left_to_the_mean():
    """With 64 directions known every guess is the face itself, with none the mean is the same for every face."""
    known, none = blur.why_blurred(7, 64), blur.why_blurred(7, 0)
    face, fit, mean, _ = images(known)
    assert np.abs(face - mean).mean() < 2.5 and np.abs(fit[:64, :64] - face).mean() < 2.5
    assert "They are 0 grey levels apart" in known
    assert np.abs(images(none)[2] - images(blur.why_blurred(8, 0))[2]).max() <= 1
    apart = [spread(blur.why_blurred(7, k)) for k in (0, 16, 40, 64)]
    assert apart == sorted(apart, reverse=True) and apart[0] > 30

    def detail(x):
        return np.abs(np.diff(x.mean(2), axis=0)).mean()

    assert detail(images(none)[2]) < 0.6 * detail(images(none)[0]), "a mean is softer"


def spread(html: str) -> int:
    return int(re.search(r"They are (\d+) grey", html)[1])


def image(uri: str) -> np.ndarray:
    content = base64.b64decode(uri.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def images(html: str) -> list[np.ndarray]:
    return [image(uri) for uri in re.findall(r'src="(data:[^"]+)"', html)]


@pytest.mark.parametrize(
    "make", [lambda: faces.face_picture(1, "", *ZEROS), lambda: training.faces_picture(1)]
)
def test_what_is_taken_home_says_what_it_is(make):
    picture = Image.open(io.BytesIO(base64.b64decode(make().partition(",")[2])))
    assert picture.format == "PNG" and min(picture.size) > 500
    assert picture.text["Description"].startswith("AI-generated")
    assert "trainedAlgorithmicMedia" in picture.text["XML:com.adobe.xmp"]


# GAN.


def test_the_same_noise_at_every_moment():
    value, equations = training.learn(4)
    rows = len(value["images"])
    assert rows >= 6 and value["images"] == sorted(value["images"]) and value["images"][0] == 0
    sheet = image(value["sheet"])
    assert sheet.shape == (64 * rows, 64 * 6, 3)
    z = noise((6, 100), [4])[0]
    last = (checkpoints.load("dcgan-faces")(z).detach() + 1) / 2 * 255
    shown = sheet[-64:].reshape(64, 6, 64, 3).swapaxes(0, 1)
    assert np.abs(shown - last.permute(0, 2, 3, 1).numpy()).mean() < 6
    assert value["verdicts"][0] is None
    for images_, verdict in zip(value["images"][1:], value["verdicts"][1:], strict=True):
        g, d = training.networks(images_)
        with torch.inference_mode():
            assert verdict == pytest.approx(d(g(z)).sigmoid().tolist(), abs=1e-3)
    v = np.clip(value["verdicts"][-1], 1e-6, 1 - 1e-6)
    assert f"{-np.log(v).mean():.2f}" in equations and f"{-np.log(1 - v).mean():.2f}" in equations


def test_generated_faces_get_better_as_training_goes_on():
    """Farther from noise: a face's pixels are like their neighbours."""
    value, _ = training.learn(4)
    sheet = image(value["sheet"]).reshape(len(value["images"]), 64, 6, 64, 3)
    rough = np.abs(np.diff(sheet, axis=3)).mean((1, 2, 3, 4)) / sheet.std((1, 2, 3, 4))
    assert rough[-1] < 0.5 * rough[0]


def test_a_walk_begins_and_ends_at_its_faces():
    for html in (between.gan_walk(2, 11),):
        for row in images(html):
            for column, seed in ((0, 2), (between.STILLS - 1, 11)):
                wanted = training.draw(noise((100,), [seed]))[0].permute(1, 2, 0).numpy() * 255
                assert np.abs(row[:, 64 * column : 64 * (column + 1)] - wanted).mean() < 6
    arc, straight = (float(v) for v in re.findall(r"falls to ([\d.]+)", between.gan_walk(2, 11)))
    assert arc > 8 and straight < arc


def test_a_sum_is_a_sum_of_noise():
    """A - A + C is C; the mean of three is scaled back to the length that noise has."""
    sums = images(arithmetic.arithmetic("5", "5", "8"))
    assert len(sums) == 8 and np.abs(sums[3] - sums[2]).mean() < 1
    z = noise((100,), [1, 2, 3])
    scaled = arithmetic.as_long_as_noise(z.mean(0, keepdim=True))
    assert scaled.norm().item() == pytest.approx(10, abs=1e-4)
    wanted = training.draw(scaled)[0].permute(1, 2, 0).numpy() * 255
    assert np.abs(images(arithmetic.arithmetic("1, 2, 3", "5", "8"))[0] - wanted).mean() < 6


def test_the_first_sum_lightens_the_hair():
    """What the page says of it, measured: C with what A has more of than B."""
    a, b, c = ([int(v) for v in text.split(",")] for text in arithmetic.first_sum())
    assert len({*a, *b, *c}) == 9

    def top(picture):
        return picture[2:12, 20:44].mean()

    sums = images(arithmetic.arithmetic(*arithmetic.first_sum()))
    assert top(sums[0]) > top(sums[2]) > top(sums[1]) - 30 and top(sums[3]) > top(sums[2]) + 10


def test_left_out_faces_leave_the_rest(monkeypatch):
    """One line of the manifest removes every model of faces: the app says so in their place, and the digits work."""
    manifest = json.loads((checkpoints.HERE / "manifest.json").read_text())
    kept = checkpoints.listed(manifest | {"without": ["CelebA"]})
    left_out = [n for n in manifest if n != "without" and n not in kept]
    assert {"vae-faces-64d", "dcgan-faces", "dcgan-faces-moments"} <= set(left_out)
    assert "vae-mnist-2d" in kept
    monkeypatch.setattr(checkpoints, "MANIFEST", kept)
    monkeypatch.setattr(checkpoints, "_loaded", {})
    training.networks.cache_clear()
    pages = shell.Pages(app.build(), TABS)
    views = [(vae, view) for view in (faces, face_walk, blur, own_photo)]
    without = (laboratory, algorithm, theorem, loss, collapse, oscillation)  # which need no face
    views += [(gan, view) for view in gan.VIEWS if view not in without]
    for tab, view in views:
        shown = json.dumps(pages.describe(shell.page_of(tab, view)))
        assert "leaves it out for its terms" in shown, view
    digits = pages.describe(shell.page_of(vae, latent_map))
    assert digits["problem"] is None and "leaves it out" not in json.dumps(digits)


def test_weights_without_numbers_leave_the_rest(monkeypatch):
    """Between a training and its measurement the tab says what to do, and the others work."""
    manifest = json.loads((checkpoints.HERE / "manifest.json").read_text())
    manifest["dcgan-faces"]["measured"] = {"images": 1}
    monkeypatch.setattr(checkpoints, "MANIFEST", checkpoints.listed(manifest))
    shown = json.dumps(app.build().config["components"])
    assert "python -m train.measure dcgan-faces --write" in shown
    assert "face-dials" in shown and "latent-map" in shown
