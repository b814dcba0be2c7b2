"""Views of styles and codes without a page: their handlers as plain functions, at every corner of the knobs."""

import base64
import re

import numpy as np
import pytest
import torch

import checkpoints
from demos.vae import codebook, codes, cvae, prior
from demos.vae.latent import SIZE
from models.cvae import sample
from models.images import noise
from models.vqvae import loss, nearest
from tests.answers import pictures, without_time

EMPTY, FULL = "0" * SIZE * SIZE, "1" * SIZE * SIZE
SKETCH = np.zeros((SIZE, SIZE), np.uint8)
SKETCH[4:24, 13:15] = 1  # a one
DRAWING = "".join(map(str, SKETCH.flatten()))
HANDLERS = dict(
    style=cvae.style,
    a_digit=codes.a_digit,
    quantize=codes.quantize,
    write_codes=prior.write_codes,
)
SAME = ", ".join(["7"] * 49)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        *(("style", (d, y, s)) for d, y, s in ((EMPTY, 0, 0), (FULL, 9, 9999), (DRAWING, 3, 7))),
        *(("a_digit", (k,)) for k in (0, 99)),
        *(("quantize", (d, "", p)) for d in (EMPTY, FULL, DRAWING) for p in (0, 48)),
        *(("quantize", (DRAWING, ", ".join(["127"] * 49), 24)),),
        *(("write_codes", ("digits", d, s, t)) for d, s, t in (("any", 0, 2), ("9", 9999, 1))),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_same_call_same_bytes_and_int_is_float(name, given):
    handler = HANDLERS[name]
    first = without_time(handler(*given))
    for kept in (prior.written, prior.film_so_far):
        kept.cache_clear()
    assert first == without_time(handler(*given))
    assert first == without_time(handler(*(float(v) if isinstance(v, int) else v for v in given)))
    assert not re.search(r"(?<![\w+/])(nan|inf)(?![\w+/])", first, re.IGNORECASE)


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("style", (DRAWING, 3, 7), (FULL, 3, 7)),
        ("style", (DRAWING, 3, 7), (DRAWING, 4, 7)),
        ("style", (DRAWING, 3, 7), (DRAWING, 3, 8)),
        ("a_digit", (1,), (2,)),
        ("quantize", (DRAWING, "", 9), (EMPTY, "", 9)),
        ("quantize", (DRAWING, "", 9), (DRAWING, SAME, 9)),
        ("quantize", (DRAWING, "", 9), (DRAWING, "", 10)),
        ("write_codes", ("digits", "8", 7, 1), ("digits", "3", 7, 1)),
        ("write_codes", ("digits", "8", 7, 1), ("digits", "8", 8, 1)),
        ("write_codes", ("digits", "8", 7, 1), ("digits", "8", 7, 0.3)),
    ],
)
def test_every_knob_counts(name, one, other):
    assert without_time(HANDLERS[name](*one)) != without_time(HANDLERS[name](*other))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: codes.quantize(DRAWING, "7, 96", 0), "49 codes"),
        (lambda: codes.quantize(DRAWING, SAME.replace("7", "128", 1), 0), "0 to 127"),
        (lambda: codes.quantize(DRAWING, "9" * 500, 0), "49 codes"),
        (lambda: codes.quantize(DRAWING, "", 49), "0 to 48"),
        (lambda: codes.quantize(DRAWING, "", float("nan")), "0 to 48"),
        (lambda: codes.quantize(DRAWING[:-1], "", 0), "28 x 28"),
        (lambda: codes.a_digit(100), "0 to 99"),
        (lambda: cvae.style(DRAWING, 10, 0), "0 to 9"),
        (lambda: cvae.style("2" * 784, 1, 0), "28 x 28"),
        (lambda: prior.write_codes("cats", "1", 0, 1), "digits"),
        (lambda: prior.write_codes("digits", "ten", 0, 1), "any, 0, 1"),
        (lambda: prior.write_codes("digits", "1", 0, 0), "0.1 to 2"),
        (lambda: prior.write_codes("digits", "1", 0, float("nan")), "0.1 to 2"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(call, says):
    with pytest.raises(ValueError) as raised:
        call()
    assert says in str(raised.value) and "\n" not in str(raised.value)


# Styles.


def test_a_row_is_one_style_and_a_column_one_digit():
    html, _ = cvae.style(DRAWING, 1, 11)
    (sheet,) = pictures(html)
    assert sheet.shape == (6 * SIZE, 10 * SIZE)
    for row, seed in enumerate(range(11, 16), 1):
        z = noise((cvae.model().latent,), [seed])
        wanted = 255 - 255 * sample(cvae.model(), z, torch.tensor([4]))[0, 0].numpy()
        got = sheet[row * SIZE : (row + 1) * SIZE, 4 * SIZE : 5 * SIZE]
        assert np.abs(got - wanted).max() <= 1
    judge = checkpoints.load("classifier-mnist")
    # The drawing's own column is the drawing, nearly.
    own = 1 - sheet[:SIZE, SIZE : 2 * SIZE] / 255
    named = judge(torch.from_numpy(own).float()[None, None]).argmax().item()
    assert named == 1 and np.abs(own - SKETCH).mean() < 0.1


def test_the_bound_names_the_digit():
    html, math = cvae.style(DRAWING, 1, 0)
    html = html.replace("−", "-")
    bounds = [float(v) for v in re.findall(r"<span[^>]*>(-?\d+)</span>", html)]
    assert len(bounds) == 10 and max(bounds) == bounds[1]
    nats = float(re.search(r"<b>(-[\d.]+) nats", html)[1])
    assert nats == pytest.approx(bounds[1], abs=0.6) and f"{nats:.1f}" in math
    assert "costs it least" in html
    other, _ = cvae.style(DRAWING, 8, 0)
    assert "told 1" in other and "nats less" in other


# Codes.


def test_the_terms_are_those_of_the_model():
    value, math = codes.quantize(DRAWING, "", 9)
    model = codebook.quantizer(codes.NAME)
    x = torch.tensor([*map(float, DRAWING)]).view(1, 1, SIZE, SIZE)
    with torch.no_grad():
        k = nearest(model, model.encode(x))
        total = loss(model, x).item()
    error, book, commitment = value["terms"]
    assert value["codes"] == value["nearest"] == k.flatten().tolist()
    assert book == commitment and error + book + model.beta * commitment == pytest.approx(
        total, rel=1e-3
    )
    assert f"{error:.2f}" in math


def test_the_nearest_codes_have_the_least_distance():
    value, _ = codes.quantize(DRAWING, "", 9)
    for code in (0, 50, 127):
        grid = [*value["codes"]]
        grid[9] = code
        other, _ = codes.quantize(DRAWING, ", ".join(map(str, grid)), 9)
        assert other["codes"] == grid and other["nearest"] == value["nearest"]
        assert other["terms"][1] > value["terms"][1] or code == value["codes"][9]


def test_the_gradient_is_handed_over_and_argmin_has_none():
    value, _ = codes.quantize(DRAWING, "", 24)
    assert value["to_code"] == value["to_encoder"] and max(map(abs, value["to_code"])) > 0.01
    assert value["through_argmin"] == [0] * 16
    # On the border between two codes argmin leaps, and its slope is no use there either.
    model = codebook.quantizer(codes.NAME)
    middle = (model.codebook[3] + model.codebook[5]) / 2
    if nearest(model, middle[None, :, None, None]).item() in (3, 5):
        assert codes.argmin_passes_on(middle, torch.ones(16)).abs().max() > 10


def test_what_the_page_decodes_with_is_the_decoder():
    sent = codes.decoder()
    flat = np.frombuffer(base64.b64decode(sent["weights"]), "<f2").astype(np.float32)
    model = codebook.quantizer(codes.NAME)
    assert flat.size == sum(p.numel() for p in model.decoder.parameters()) + 128 * 16
    assert torch.from_numpy(flat[: 128 * 16].copy()).equal(model.codebook.flatten())
    assert len(sent["weights"]) < 300_000 and sent["widths"] == [64, 32]


def test_codes_are_used_as_often_as_is_said():
    shares = codebook.use(codes.NAME)
    assert len(shares) == 128 and sum(shares) == pytest.approx(1, abs=1e-3)
    (sheet,) = pictures(codebook.portraits(codes.NAME))
    assert sheet.shape == (8 * 12, 16 * 12)


# The prior.


def test_the_frames_are_the_grid_as_it_grows():
    value, math = prior.write_codes("digits", "3", 5, 1)
    tokens = torch.tensor(value["tokens"])
    (sheet,) = pictures(value["frames"])
    assert sheet.shape == (5 * SIZE, 10 * SIZE)
    for k in (0, 17, 49):
        grid = torch.where(torch.arange(49) < k, tokens, prior.empty("digits")).view(1, 7, 7)
        wanted = 255 - 255 * codebook.decoded(codes.NAME, grid)[0, 0].numpy()
        row, column = divmod(k, 10)
        got = sheet[row * SIZE : (row + 1) * SIZE, column * SIZE : (column + 1) * SIZE]
        assert np.abs(got - wanted).max() <= 1
    blank = sheet[:SIZE, :SIZE]
    assert blank.min() > 200, "nothing is written yet"
    nats = -sum(np.log(step["drawn"]) for step in value["steps"])
    assert f"{-nats:.0f}." in math or f"{-nats:.1f}" in math
    for token, step in zip(value["tokens"], value["steps"], strict=True):
        assert step["p"] == sorted(step["p"], reverse=True) and sum(step["p"]) <= 1.001
        if token in step["codes"]:
            assert step["drawn"] == step["p"][step["codes"].index(token)]


def test_faces_are_written_with_no_digit():
    value, math = prior.write_codes("faces", "any", 5, 1)
    asked = prior.write_codes("faces", "3", 5, 1)
    assert without_time(asked) == without_time((value, math)), "a face is no digit"
    assert len(value["tokens"]) == 64 and max(value["tokens"]) < 512
    assert value["vocabulary"] == 512 and "64 codes of 512" in math
    (sheet,) = pictures(value["frames"])
    assert sheet.shape == (7 * 64, 10 * 64)
    grid = torch.tensor(value["tokens"]).view(1, 8, 8)
    wanted = codebook.on_paper(codebook.decoded("vqvae-faces", grid))[0].mean(2)
    row, column = divmod(64, 10)
    got = sheet[row * 64 : (row + 1) * 64, column * 64 : (column + 1) * 64]
    assert np.abs(got - wanted).mean() < 8
    other, _ = prior.write_codes("faces", "any", 6, 1)
    assert other["tokens"] != value["tokens"]


def test_handlers_leave_the_models_alone():
    names = ("cvae-mnist", "vqvae-mnist", "image-gpt-vqvae-mnist")
    before = {n: {k: v.clone() for k, v in checkpoints.load(n).state_dict().items()} for n in names}
    cvae.style(DRAWING, 1, 3)
    codes.quantize(DRAWING, "", 3)
    prior.write_codes("digits", "any", 3, 0.7)
    for name, tensors in before.items():
        now = checkpoints.load(name)
        assert all(now.state_dict()[k].equal(v) for k, v in tensors.items())
        assert all(p.grad is None and not p.requires_grad for p in now.parameters())
