"""The tab Diffusion without a page: its handlers as plain functions, at every corner of the knobs."""

import base64
import re

import numpy as np
import pytest
import torch

import checkpoints
from demos.diffusion import denoise, noising, samplers
from demos.diffusion.network import SHIPPED, network, rolls
from models import ddpm
from models.images import noise, to_uint8
from tests.answers import pictures, without_time

PIXELS = 784
SEVEN = noising.first_drawing()


def last(*given):
    """The end of a stream."""
    *_, answer = denoise.denoise(*given, SHIPPED)
    return without_time(answer)


HANDLERS = dict(
    denoise=last, film=denoise.film, add_noise=noising.add_noise, compare=samplers.compare
)
CORNERS = [
    *(("denoise", (s, n, eta)) for s in (0, 9999) for n in (1, 3, 60) for eta in (0, 1)),
    *(("film", (s, 2, eta)) for s in (0, 9999) for eta in (0, 1)),
    *(("add_noise", (d * PIXELS, t, s)) for d in "01" for t in (0, 999) for s in (0, 9999)),
    *(("compare", (s,)) for s in (0, 9999)),
]


@pytest.mark.parametrize(("name", "given"), CORNERS, ids=lambda v: v if isinstance(v, str) else "")
def test_same_call_same_bytes_and_int_is_float(name, given):
    handler = HANDLERS[name]
    first = handler(*given)
    assert first == handler(*(float(v) if isinstance(v, int) else v for v in given))


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("denoise", (1, 4, 0), (2, 4, 0)),
        ("denoise", (1, 4, 0), (1, 5, 0)),
        ("denoise", (1, 4, 0), (1, 4, 0.5)),
        ("film", (1, 4, 0), (1, 4, 1)),
        ("add_noise", (SEVEN, 400, 3), (SEVEN, 401, 3)),
        ("add_noise", (SEVEN, 400, 3), (SEVEN, 400, 4)),
        ("add_noise", (SEVEN, 400, 3), (SEVEN[1:] + "1", 400, 3)),
        ("compare", (1,), (2,)),
    ],
)
def test_every_knob_counts(name, one, other):
    assert HANDLERS[name](*one) != HANDLERS[name](*other)


def test_handlers_leave_the_model_alone():
    state = network(SHIPPED).state_dict()
    before = {key: t.clone() for key, t in state.items()}
    for name, given in CORNERS:
        HANDLERS[name](*given)
    assert all(state[key].equal(t) for key, t in before.items())
    assert not any(p.requires_grad for p in network(SHIPPED).parameters())


def levels(value: dict) -> np.ndarray:
    """What the page is sent of a path. -> (moments and result, 3, H, W, C)."""
    numbers = np.frombuffer(base64.b64decode(value["levels"]), np.uint8)
    return numbers.reshape(-1, 3, value["size"], value["size"], value["channels"])


def test_the_page_gets_the_path():
    """Moment by moment: x_t, the guess, x0_hat; the last one is what the sampler ends with."""
    steps = 6
    *_, (value, _) = denoise.denoise(3, steps, 1, SHIPPED)
    shown = levels(value)
    assert shown.shape == (steps + 1, 3, 28, 28, 1) and value["sheet"] is None
    assert value["times"] == ddpm.times(1000, steps) and value["done"] == value["steps"] == steps
    x = noise((1, 28, 28), [3])
    for row, state in zip(
        shown, ddpm.sample(network(SHIPPED), x, steps, 1, rolls(3)), strict=False
    ):
        after, guess, x_0 = state
        for column, wanted in enumerate((x, guess / 2.5, x_0)):
            assert np.array_equal(row[column], to_uint8(wanted, -1, 1)[0])
        x = after
    for column in (0, 2):
        assert np.array_equal(shown[steps, column], to_uint8(x, -1, 1)[0])


def test_a_long_path_streams_its_parts(monkeypatch):
    monkeypatch.setattr(denoise, "PATIENCE", 0.0)
    values = [value for value, _ in denoise.denoise(1, 100, 0, SHIPPED)]
    assert [value["done"] for value in values] == list(range(1, 101))
    assert len(values[-1]["times"]) == denoise.KEPT, "a bounded number of moments is kept"
    assert values[-1]["times"][0] == 999 and values[-1]["times"][-1] == 9
    whole = [value for value, _ in denoise.denoise(1, 100, 0, SHIPPED)][-1]
    assert whole["levels"] == values[-1]["levels"]


def test_the_formula_on_the_page_is_the_one_that_runs():
    """With the numbers that it shows, from what the page gets of a step: the clamp counts, and so does eta."""
    steps, eta = 3, 0.7
    *_, (value, text) = denoise.denoise(3, steps, eta, SHIPPED)
    assert "clamp" in text and r"\hat{\boldsymbol\epsilon}" in text
    numbers = [float(n) for n in re.findall(r"= (\d\.\d+)", text)]
    states = list(ddpm.sample(network(SHIPPED), noise((1, 28, 28), [3]), steps, eta, rolls(3)))
    (x, _, _), (after, guess, x_0) = states[0], states[1]  # the middle one
    a, b = (network(SHIPPED).alpha_bar[t].item() for t in value["times"][1:])
    assert {round(a, 4), round(b, 4)} <= set(numbers)
    sigma = eta * ((1 - b) / (1 - a) * (1 - a / b)) ** 0.5
    assert round(sigma, 3) in numbers
    raw = (x - (1 - a) ** 0.5 * guess) / a**0.5
    assert not torch.allclose(raw, x_0), "here something is clamped"
    x_0 = raw.clamp(-1, 1)
    epsilon = (x - a**0.5 * x_0) / (1 - a) ** 0.5
    wanted = b**0.5 * x_0 + (1 - b - sigma**2) ** 0.5 * epsilon + sigma * rolls(3)(1)
    assert torch.allclose(after, wanted, atol=1e-4)


def test_noise_grows_with_time_and_little_noise_is_undone():
    shown = {t: noising.add_noise(SEVEN, t, 3) for t in (20, 400, 999)}
    right = {t: int(re.search(r"(\d+)% of the pixels right", html)[1]) for t, html in shown.items()}
    assert right[20] >= 99 and right[400] > 90 > right[999]
    variance = [float(re.search(r"([\d.]+)% of the variance", html)[1]) for html in shown.values()]
    assert variance[0] > 99 and variance == sorted(variance, reverse=True) and variance[-1] < 0.1


def test_each_seed_rolls_its_own_dice():
    dice = [rolls(seed)(k) for seed in (0, 1) for k in (0, 1, 999)]
    assert all(not a.equal(b) for i, a in enumerate(dice) for b in dice[:i])
    assert rolls(1)(999).equal(dice[-1])


def test_samplers_start_from_one_noise():
    ddim, dice = re.findall(r"<img[^>]*src='(data:[^']+)'", samplers.compare(5))
    (ddim,), (dice,) = pictures(ddim), pictures(dice)
    cells = ddim.reshape(28, len(samplers.STEPS), 28).swapaxes(0, 1)
    for steps, cell in zip(samplers.STEPS, cells, strict=True):
        *_, (x, _, _) = ddpm.sample(network(SHIPPED), noise((1, 28, 28), [5]), steps)
        assert np.abs(cell - to_uint8(-x, -1, 1)[0, ..., 0].astype(int)).max() <= 1
    assert np.abs(ddim - dice).mean() > 5


def test_how_often_few_steps_give_the_digit_of_many():
    """What the strip says, counted again on fewer noises that it was not counted on."""
    from train.features import load

    features, seeds = load(), range(5000, 5040)
    x = noise((1, 28, 28), seeds)

    def digits(steps: int, eta: float) -> torch.Tensor:
        dice = lambda k: torch.cat([rolls(seed)(k) for seed in seeds])  # noqa: E731
        *_, (end, _, _) = ddpm.sample(network(SHIPPED), x, steps, eta, dice)
        with torch.inference_mode():
            return features.names(features((end.clamp(-1, 1) + 1) / 2)).argmax(1)

    many = digits(50, 0)  # nearly always the digit of 250
    counted = [
        (digits(steps, eta) == many).float().mean().item()
        for steps, eta in ((1, 0), (2, 0), (5, 0), (50, 1))
    ]
    said = [share for share, what in samplers.SAME if what != "50 steps do"]
    for share, (again, wanted) in enumerate(zip(counted, said, strict=True)):
        # Three standard errors of these noises and those of the strip's own.
        error = (wanted * (1 - wanted) * (1 / len(seeds) + 1 / samplers.COUNTED)) ** 0.5
        assert abs(again - wanted) <= 3 * error + 0.02, (share, again, wanted)


def test_the_weights_draw_digits():
    """A classifier that has never seen them is sure of most; of pure noise, of a quarter."""
    from train.features import load

    features = load()
    *_, (x, _, _) = ddpm.sample(network(SHIPPED), noise((1, 28, 28), range(40)), 20)
    with torch.inference_mode():
        sure = features.names(features((x + 1) / 2)).softmax(1)
    assert (sure.max(1).values > 0.9).float().mean() > 0.6
    assert len(sure.argmax(1).unique()) >= 7, "of many kinds"


def test_the_manifest_meets_the_goal():
    measured = checkpoints.MANIFEST["ddpm-mnist"]["measured"]
    assert measured["samples"] >= 2_500
    assert measured["frechet_ddim_50"] < measured["frechet_ddim_5"]
    assert (
        measured["frechet_training_digits"] + 3 * measured["frechet_training_digits_error"]
        < (measured["frechet_ddim_50"])
    ), "nothing drawn is as near as real digits are"
