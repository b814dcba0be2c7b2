"""Flow matching in two dimensions: velocities against closed forms and autograd, solvers by their order, reflow."""

import math

import pytest
import torch
from torch import Tensor

from models import flow, flow2d, gan2d

PATHS = pytest.mark.parametrize("path", flow2d.PATHS)
CENTRES = torch.tensor([[1.0, 0.5], [-1.2, 0.3], [0.4, -1.5]], dtype=torch.float64)


def points(n: int, seed: int = 0) -> Tensor:
    return torch.randn(n, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def log_density(x: Tensor, middles: Tensor, V: float) -> Tensor:
    """Of an equal mixture of round Gaussians with variance V. x: (B, 2) -> (B,)."""
    V = torch.as_tensor(V, dtype=torch.float64)
    far = (x[:, None] - middles).square().sum(2)
    return (-far / (2 * V)).logsumexp(1) - torch.log(2 * math.pi * V * len(middles))


def end(v, x: Tensor, solver: str = "Runge-Kutta", steps: int = 400) -> Tensor:
    *_, last = flow2d.flow(v, x, solver, steps)
    return last


def error(v, x: Tensor, solver: str, steps: int) -> float:
    return (end(v, x, solver, steps) - end(v, x)).norm(dim=1).mean().item()


@PATHS
def test_a_schedule_goes_from_noise_to_data_and_knows_its_slopes(path):
    assert flow2d.schedule(path, 0.0)[:2] == pytest.approx((0, 1))
    assert flow2d.schedule(path, 1.0)[:2] == pytest.approx((1, 0))
    for t in (0.1, 0.5, 0.8):
        a, b, a_, b_ = flow2d.schedule(path, t)
        high, low = flow2d.schedule(path, t + 1e-6), flow2d.schedule(path, t - 1e-6)
        assert ((high[0] - low[0]) / 2e-6, (high[1] - low[1]) / 2e-6) == pytest.approx((a_, b_))
        if path == "variance preserving":
            assert a**2 + b**2 == pytest.approx(1)


def test_an_unknown_path_is_refused():
    with pytest.raises(ValueError, match="There is no path 'VP'"):
        flow2d.schedule("VP", 0.5)


@PATHS
@pytest.mark.parametrize("s", [0.0, 0.1, 0.7])
def test_the_velocity_is_the_mean_that_tweedie_gives(path, s):
    """E[x_0 | x] = -b grad log p, E[x_1 | x] = (x - b E[x_0 | x]) / a, with autograd's gradient."""
    v = flow2d.of_data(CENTRES, s, path)
    for t in (0.2, 0.5, 0.9):
        a, b, a_, b_ = flow2d.schedule(path, t)
        x = points(20).requires_grad_()
        (score,) = torch.autograd.grad(log_density(x, a * CENTRES, b**2 + a**2 * s**2).sum(), x)
        noise = -b * score
        data = (x - b * noise) / a
        assert torch.allclose(v(x, t), a_ * data + b_ * noise)
        if path == "straight":
            assert torch.allclose(v(x, t), (data - x) / (1 - t))


def test_with_points_it_is_the_answer_of_the_latent_flow():
    x = points(20)
    for t in (0.0, 0.3, 0.8):
        known = flow.of_points(CENTRES)(x, torch.full((20,), t, dtype=torch.float64))
        assert torch.allclose(flow2d.of_data(CENTRES, 0.0)(x, t), known)


@PATHS
def test_two_gaussians_have_a_tanh(path):
    m, s = torch.tensor([1.3, -0.4], dtype=torch.float64), 0.3
    v = flow2d.of_data(torch.stack([m, -m]), s, path)
    for t in (0.0, 0.4, 1.0):
        a, b, a_, b_ = flow2d.schedule(path, t)
        V = b**2 + a**2 * s**2
        x = points(30)
        lean = torch.tanh(a * (x @ m) / V)[:, None] * m
        wanted = a_ * lean + (b * b_ + a * a_ * s**2) / V * (x - a * lean)
        assert torch.allclose(v(x, t), wanted)


@PATHS
def test_one_gaussian_is_carried_in_closed_form(path):
    """x_t = a c + sqrt(V) x_0, at every moment."""
    c, s, x = CENTRES[:1], 0.3, points(10)
    states = list(flow2d.flow(flow2d.of_data(c, s, path), x, "Runge-Kutta", 200))
    for k in (50, 100, 200):
        a, b, *_ = flow2d.schedule(path, k / 200)
        assert torch.allclose(states[k], a * c + math.sqrt(b**2 + a**2 * s**2) * x, atol=1e-7)


@pytest.mark.parametrize("kind", [*flow2d.PATHS, "pairs"])
def test_mass_is_neither_made_nor_lost(kind):
    """The continuity equation, dp / dt + div(p u) = 0, for the density that the field is said to carry."""
    starts, s = points(3, seed=1), 0.3
    v = flow2d.of_pairs(starts, CENTRES, s) if kind == "pairs" else flow2d.of_data(CENTRES, s, kind)

    def density(x: Tensor, t: float) -> Tensor:
        if kind == "pairs":
            return log_density(x, (1 - t) * starts + t * CENTRES, s**2).exp()
        a, b, *_ = flow2d.schedule(kind, t)
        return log_density(x, a * CENTRES, b**2 + a**2 * s**2).exp()

    for t in (0.2, 0.7):
        x = points(12).requires_grad_()
        flux = density(x, t)[:, None] * v(x, t)
        spread = sum(
            torch.autograd.grad(flux[:, k].sum(), x, retain_graph=True)[0][:, k] for k in (0, 1)
        )
        change = (density(x, t + 1e-5) - density(x, t - 1e-5)) / 2e-5
        assert torch.allclose(change, -spread, atol=1e-8) and change.abs().max() > 1e-3


@PATHS
@pytest.mark.parametrize(("solver", "order"), [("Euler", 1), ("Midpoint", 2), ("Heun", 2)])
def test_the_error_falls_with_the_solver_s_order(path, solver, order):
    v, x = flow2d.of_data(gan2d.ring().double(), 0.2, path), points(60)
    slope = math.log2(error(v, x, solver, 60) / error(v, x, solver, 120))
    assert slope == pytest.approx(order, abs=0.15)


def test_the_fine_solution_is_of_order_four():
    v, x = flow2d.of_data(CENTRES, 0.3), points(60)
    fine = end(v, x, steps=800)
    far = [(end(v, x, steps=n) - fine).norm(dim=1).mean().item() for n in (40, 80)]
    assert math.log2(far[0] / far[1]) == pytest.approx(4, abs=0.3) and far[1] < 1e-5


def test_what_is_straight_takes_one_step():
    """One data point, where every path is a straight line; and lines from pairs, wherever one is alone."""
    x = points(20)
    one = flow2d.of_data(CENTRES[:1], 0.0)
    assert torch.allclose(end(one, x, "Euler", 1), CENTRES[:1].expand(20, 2))
    pair = flow2d.of_pairs(x[:1], CENTRES[:1], 0.1)
    for solver in flow2d.SOLVERS:
        assert torch.allclose(end(pair, x, solver, 1), x + CENTRES[0] - x[0])
    bent = flow2d.of_data(CENTRES, 0.0)
    assert (end(bent, x, "Euler", 1) - CENTRES.mean(0)).abs().max() < 1e-12, "all at the mean"


def test_the_flow_never_crosses_where_random_pairs_do():
    """On a line: who begins to the left stays to the left. The lines of random pairs swap places."""
    centres = torch.tensor([[-1.5, 0.0], [0.2, 0.0], [1.0, 0.0]], dtype=torch.float64)
    x = points(40)
    order = x[:, 0].argsort()
    for state in flow2d.flow(flow2d.of_data(centres, 0.1), x, "Runge-Kutta", 100):
        assert torch.equal(state[:, 0].argsort(), order)
    which = torch.randint(3, (40,), generator=torch.Generator().manual_seed(1))
    assert not torch.equal(centres[which, 0].argsort(), order)


def test_reflow_straightens():
    """From the same noise to the same data, and one step is nearly enough: at points that are none of the pairs."""
    centres, x = gan2d.ring().double(), points(100)
    v = flow2d.of_data(centres, 0.1)
    again = flow2d.reflow(v, points(600, seed=1), 0.1, 100)
    assert error(v, x, "Euler", 1) == pytest.approx(2.0, abs=0.1), (
        "all at the mean, and the ring has radius 2"
    )
    assert error(again, x, "Euler", 1) < 0.2
    near = torch.cdist(end(again, x, steps=100), centres).min(1)[0]
    assert near.median() < 0.25, "on the ring's Gaussians, blurred"


def test_a_letter_fits_and_its_points_are_even():
    centres = flow2d.letter()
    assert centres.shape[1] == 2 and centres.abs().max() <= 2.4
    far = torch.cdist(centres, centres) + 9 * torch.eye(len(centres))
    assert far.min() > 0.05 and far.min(1)[0].max() < 0.25
    line = flow2d.strokes([[(0.0, 0.0), (1.0, 0.0), (1.0, 2.0)]], 0.5)
    wanted = [(0, 0), (0.5, 0), (1, 0), (1, 0.5), (1, 1), (1, 1.5), (1, 2)]
    assert torch.allclose(line, torch.tensor(wanted, dtype=torch.float32))
