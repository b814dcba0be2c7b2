"""AE against VAE, beta, and the number of dimensions: handlers as plain functions."""

import base64
import re

import gradio as gr
import numpy as np
import pytest
import torch

import checkpoints
from demos.vae import beta, dims, versus
from demos.vae.curves import trade
from demos.vae.plane import SIDE
from models.images import noise, to_uint8
from tests.answers import pictures, without_time

POINT, PRIOR, AROUND = versus.SHOWN
STROKE = np.zeros((28, 28), np.uint8)
STROKE[4:24, 13:15] = 1
DRAWING, EMPTY, FULL = "".join(map(str, STROKE.flatten())), "0" * 784, "1" * 784


def shown(value: dict, name: str) -> np.ndarray:
    raw = np.frombuffer(base64.b64decode(value["ink"][name]), np.uint8)
    return raw.reshape(-1, 28, 28).astype(int)


# AE against VAE.


@pytest.mark.parametrize("name", versus.MODELS)
def test_each_model_decodes_the_same_point(name):
    value = versus.side_by_side(POINT, 0.5, -1, 7, 0.3, 0)
    assert value["at"][name] == [0.5, -1]
    by_hand = to_uint8(versus.decode(name, torch.tensor([[0.5, -1.0]])))[..., 0]
    assert (shown(value, name) == by_hand).all() and by_hand.max() > 100
    assert (shown(versus.side_by_side(POINT, 0.6, -1, 7, 0.3, 0), name) != by_hand).any()


def test_the_models_are_three_and_not_one():
    value = versus.side_by_side(POINT, 0.5, 0.5, 7, 0.3, 0)
    ae, vae, pca = (shown(value, name) for name in versus.MODELS)
    assert min(abs(ae - vae).max(), abs(ae - pca).max(), abs(vae - pca).max()) > 50


def test_pca_is_mean_and_two_directions():
    kept = checkpoints.load("pca-mnist")
    z = torch.tensor([[1.5, -0.5]])
    by_hand = kept["mean"] + 1.5 * kept["std"][0] * kept["components"][0]
    by_hand = by_hand - 0.5 * kept["std"][1] * kept["components"][1]
    torch.testing.assert_close(versus.decode("PCA", z).flatten(), by_hand.clamp(0, 1))


def test_draws_are_those_of_the_seed_for_all_models():
    value = versus.side_by_side(PRIOR, 0, 0, 7, 0.3, 5)
    epsilon = noise((16, 2), [5])[0]
    assert torch.tensor(value["epsilon"]).equal(epsilon)
    for name in versus.MODELS:
        assert (shown(value, name) == to_uint8(versus.decode(name, epsilon))[..., 0]).all()
    other = versus.side_by_side(PRIOR, 0, 0, 7, 0.3, 6)
    assert (shown(other, "VAE") != shown(value, "VAE")).any()
    assert versus.side_by_side(PRIOR, 3, 3, 9, 1, 5)["ink"] == value["ink"]


def test_around_a_digit_every_model_begins_at_its_own_code_of_it():
    value = versus.side_by_side(AROUND, 0, 0, 12, 0, 3)
    for name in versus.MODELS:
        code = versus.codes(name)[12]
        assert value["at"][name] == code.tolist()
        same = to_uint8(versus.decode(name, code[None]))[..., 0]
        assert (abs(shown(value, name) - same) <= 1).all(), "a radius of nothing"
    wide = versus.side_by_side(AROUND, 0, 0, 12, 1, 3)
    assert abs(shown(wide, "AE") - shown(value, "AE")).max() > 100
    assert versus.side_by_side(AROUND, 0, 0, 13, 0, 3)["at"] != value["at"]


def test_the_same_call_gives_the_same_bytes():
    for how in versus.SHOWN:
        asked = (how, 1, -2, 4, 0.5, 9)
        first = without_time(versus.side_by_side(*asked))
        assert first == without_time(versus.side_by_side(how, 1.0, -2.0, 4.0, 0.5, 9.0))


def test_what_the_page_looks_up_is_what_the_models_say():
    value = versus.opened(POINT, 0, 0, 7, 0.3, 0)
    assert value["dots"].keys() == versus.sheets().keys() == versus.MODELS.keys()
    for name, kept in versus.sheets().items():
        (sheet,) = pictures(kept)
        middle = sheet.astype(int)[SIDE // 2 * 28 :, SIDE // 2 * 28 :][:28, :28].reshape(28, 28, -1)
        assert abs(middle[..., 0] - shown(value, name)[0]).mean() < 6  # a lossy picture
        raw = base64.b64decode(value["dots"][name])
        assert len(raw) == 5 * versus.DIGITS
        assert list(raw[-versus.DIGITS :]) == versus.digits().tolist()


# Beta.


@pytest.mark.parametrize(
    ("asked", "answers"),
    [(0, 0), (0.05, 0), (0.1, 0.25), (0.5, 0.25), (0.6, 1), (2.1, 4), (9, 16), (16, 16)],
)
def test_a_beta_between_the_trained_ones_is_the_nearest_and_says_so(asked, answers):
    assert beta.nearest(asked) == answers
    told = beta.beta_vae(asked, DRAWING, 0)
    assert (f"this is {answers:g}, the nearest" in told) == (asked != answers)
    exact = beta.beta_vae(answers, DRAWING, 0)
    assert re.findall('src="([^"]+)"', told) == re.findall('src="([^"]+)"', exact)


def test_every_beta_is_a_model_of_its_own_and_collapse_is_named():
    told = {b: beta.beta_vae(b, DRAWING, 0) for b in beta.BETAS}
    assert len({without_time(text) for text in told.values()}) == 5
    for b, text in told.items():
        silent = 16 - beta.measured(b)["active_units"]
        assert ("posterior collapse" in text) == bool(b and silent)
        if b and silent:
            assert f"{silent} of 16 units" in text
    assert "posterior collapse" in told[16] and "no bound" in told[0]


@pytest.mark.parametrize("drawing", [EMPTY, FULL])
def test_empty_and_full_drawings_are_answered(drawing):
    assert "nan" not in beta.beta_vae(1, drawing, 0) and "nan" not in dims.compress(drawing)


def test_drawing_and_seed_count():
    first = beta.beta_vae(1, DRAWING, 0)
    assert first == beta.beta_vae(1.0, DRAWING, 0.0)
    assert first != beta.beta_vae(1, DRAWING, 1) and first != beta.beta_vae(1, EMPTY, 0)
    assert dims.compress(DRAWING) == dims.compress(DRAWING) != dims.compress(EMPTY)


def test_the_curve_has_a_dot_for_each_beta_and_marks_the_chosen_one():
    points = [(b, beta.measured(b)) for b in beta.BETAS]
    svg = trade(points, 4)
    assert svg.count("<circle") == 4 and svg.count('class="dot g1"') == 1
    at = [tuple(map(float, p)) for p in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', svg)]
    assert at == sorted(at, reverse=True), "a higher beta has a lower rate"
    assert trade(points, 0).count('class="dot g1"') == 0


# How many numbers.


def test_more_numbers_come_back_nearer():
    x = torch.from_numpy(STROKE).float().view(1, 1, 28, 28)
    for kind in dims.KINDS:
        off = [(dims.copy(kind, d, x) - x).square().mean().item() for d in dims.DIMENSIONS]
        assert off[-1] < off[0], kind
    assert dims.compress(DRAWING).count("<img") == 12


def test_handlers_leave_the_models_alone():
    names = [n for n in checkpoints.MANIFEST if n.startswith(("vae-beta", "pca"))]
    assert len(names) == 14

    def tensors(name):
        loaded = checkpoints.load(name)
        return loaded if isinstance(loaded, dict) else loaded.state_dict()

    before = {name: {k: t.clone() for k, t in tensors(name).items()} for name in names}
    dims.compress(DRAWING)
    for b in beta.BETAS:
        beta.beta_vae(b, DRAWING, 3)
    for how in versus.SHOWN:
        versus.side_by_side(how, 1, 1, 5, 1, 3)
    for name in names:
        for key, value in tensors(name).items():
            assert value.equal(before[name][key]), (name, key)


def test_pca_is_as_far_off_as_the_strip_says(monkeypatch):
    """More than one: the networks are the better ones."""
    said = []
    monkeypatch.setattr(dims.ui, "strip", lambda cells: said.extend(cells))
    with gr.Blocks():
        dims.build()
    times = float(said[0][0].removesuffix(" times"))
    ratio = dims.measured("PCA", 16)["squared_error"] / dims.measured("AE", 16)["squared_error"]
    assert times == pytest.approx(ratio, abs=0.05) and times > 3
