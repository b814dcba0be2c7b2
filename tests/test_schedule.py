"""Noise schedules: the cosine against diffusers, curves against scipy, sampling along them, the handler."""

import base64
import itertools

import numpy as np
import pytest
import torch
from diffusers import DDPMScheduler
from scipy.interpolate import PchipInterpolator

from demos.diffusion import schedule
from demos.diffusion.network import SHIPPED, T, network
from models import ddpm, schedules
from models.images import noise, to_uint8

STEEP = (9, 8.5, -9)
HANDLES = [(1.8, 0, -1.8), STEEP, (9, 8.5, 8), (-8, -8.5, -9), (0.1, -2.5, -5.7)]


def ask(kind="by hand", handles=(4, 2, -6), steps=4, seed=3) -> dict:
    return schedule.schedule_samples(kind, *handles, steps, seed)


def ink(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(-1, 28, 28, 1)


@pytest.mark.parametrize("times", [10, 1000])
def test_the_cosine_is_that_of_diffusers(times):
    wanted = DDPMScheduler(times, beta_schedule="squaredcos_cap_v2").alphas_cumprod.double()
    torch.testing.assert_close(schedules.cosine(times), wanted, rtol=2e-4, atol=1e-8)


def test_the_cosine_is_equation_17():
    f = lambda t: np.cos((t / T + 0.008) / 1.008 * np.pi / 2) ** 2  # noqa: E731
    wanted = f(np.arange(1, T)) / f(0)
    np.testing.assert_allclose(schedules.cosine(T)[:-1], wanted, rtol=1e-9)
    assert 0 < schedules.cosine(T)[-1] < 1e-8, (
        "beta is at most 0.999: nearly nothing, and not nothing"
    )


def test_log_snr_is_that_of_the_ratio():
    a = np.array([0.9999, 0.5, 0.03, 4e-5])
    got = schedules.log_snr(torch.from_numpy(a))
    np.testing.assert_allclose(got, np.log(a / (1 - a)), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("handles", HANDLES)
def test_a_bent_curve_is_scipy_s_and_falls(handles):
    knots = [9.2, *handles, -10.1]
    wanted = PchipInterpolator(np.linspace(0, 1, 5), knots)(np.linspace(0, 1, T))
    got = schedules.bent(knots, T)
    np.testing.assert_allclose(got, wanted, atol=1e-9)
    assert (got.diff() < 0).all()


@pytest.mark.parametrize(
    "knots", [[9, 1, 1, 0, -9], [9, 0, 1, -1, -9], [9, 9, 9, 9, 9], [9, 1, float("nan"), 0, -9]]
)
def test_a_curve_that_does_not_fall_is_refused(knots):
    with pytest.raises(ValueError, match="must fall"):
        schedules.bent(knots, T)


@pytest.mark.parametrize("steps", [2, 3, 10, 50])
def test_the_schedule_of_training_is_the_sampler_itself(steps):
    """At exactly its times, and to the last byte."""
    assert schedule.path(schedule.curve("linear", 2, 0, -2), steps) == tuple(ddpm.times(T, steps))
    *_, (x, _, _) = ddpm.sample(network(SHIPPED), noise((1, 28, 28), range(3, 11)), steps)
    value = ask("linear", steps=steps)
    assert (
        np.array_equal(ink(value["ours"]), to_uint8(x, -1, 1)) and value["ours"] == value["trained"]
    )
    assert value["changes"] == value["trained_changes"]


def test_times_may_be_given():
    x, model = noise((1, 28, 28), [1]), network(SHIPPED)
    one, same, other = (
        [*ddpm.sample(model, x, by)][-1][0] for by in (3, ddpm.times(T, 3), (999, 400, 100))
    )
    assert torch.equal(one, same) and not torch.equal(one, other)


@pytest.mark.parametrize("kind", schedule.KINDS)
def test_the_levels_visited_are_the_curve_s(kind):
    """No further from it than the levels of training are from each other, where training has such levels."""
    along, known = schedule.curve(kind, 4, 2, -6), schedule.trained()
    visited, wanted = known[list(schedule.path(along, 50))], along[ddpm.times(T, 50)]
    inside = wanted.clamp(known.min(), known.max())
    assert (visited - inside).abs().max() <= known.diff().abs().max() / 2
    assert (visited.diff() >= 0).all() and visited[0] == known[-1]


def test_how_much_the_guess_changes_is_counted():
    """By hand, with one picture at a time."""
    times = schedule.looks(schedule.curve("by hand", 4, 2, -6))
    assert len(times) == 9 and times[-1] == 0
    assert schedule.looks(schedule.trained()) == (*ddpm.times(T, 8), 0)
    changes = []
    for seed in range(3, 11):
        guesses = [
            x_0 for *_, x_0 in ddpm.sample(network(SHIPPED), noise((1, 28, 28), [seed]), times)
        ]
        levels = 127.5 * torch.cat(guesses)
        changes.append((levels[1:] - levels[:-1]).abs().mean((1, 2, 3)))
    assert ask()["changes"] == pytest.approx(torch.stack(changes).mean(0).tolist(), abs=0.02)


@pytest.mark.parametrize(
    ("kind", "handles", "steps", "seed"),
    [
        *itertools.product(schedule.KINDS, [STEEP], (2,), (0,)),
        *itertools.product(["by hand"], HANDLES, (2,), (9999,)),
        ("by hand", STEEP, 50, 0),
    ],
    ids=str,
)
def test_every_corner_draws_and_int_is_float(kind, handles, steps, seed):
    value = ask(kind, handles, steps, seed)
    schedule.walk.cache_clear()
    assert value == ask(kind, tuple(map(float, handles)), float(steps), float(seed))
    assert ink(value["ours"]).shape == ink(value["trained"]).shape == (8, 28, 28, 1)
    assert np.isfinite(value["changes"]).all() and len(value["changes"]) == 8


@pytest.mark.parametrize(
    "other", [dict(kind="cosine"), dict(handles=(4, 1, -6)), dict(steps=5), dict(seed=4)], ids=str
)
def test_every_knob_counts(other):
    assert ask()["ours"] != ask(**other)["ours"]


@pytest.mark.parametrize(
    "handles",
    [
        (0, 0, 0),
        (9, 9, 9),
        (1, 2, 3),
        (3, 2.6, 0),
        (3, 0, 0),
        (9.1, 0, -1),
        (float("nan"), 0, -1),
        (2, None, -1),
        (2, 1, "<b>"),
        (2, 1, float("-inf")),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", schedule.KINDS)
def test_what_is_no_schedule_is_refused(kind, handles):
    with pytest.raises(ValueError, match="-9 to 9"):
        ask(kind, handles)


def test_the_network_is_left_alone_and_what_is_kept_is_bounded():
    before = {key: t.clone() for key, t in network(SHIPPED).state_dict().items()}
    ask(seed=77)
    assert all(network(SHIPPED).state_dict()[key].equal(t) for key, t in before.items())
    assert schedule.walk.cache_info().maxsize == 256
