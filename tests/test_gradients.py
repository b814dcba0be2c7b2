"""Gradients of a mean over draws: against closed forms, and against each other on the models that ship."""

import pytest
import torch

import checkpoints
from models import gradients, vae
from models.images import noise

MU, SIGMA = torch.tensor([0.7, -1.3]), torch.tensor([0.4, 1.1])
A, B, C = torch.tensor([2.0, 0.5]), torch.tensor([1.5, -0.8]), -6.0
N = 200_000


def quadratic(z: torch.Tensor) -> torch.Tensor:
    """A log-likelihood that is a parabola: C + b z - a z^2 / 2 in each dimension."""
    return C + (B * z - A * z.square() / 2).sum(1)


def closed_forms() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The gradient of E[f] by mu, and the variances of one pathwise and of one score draw.

    f = f0 + sum_d (g_d s_d e_d - a_d s_d^2 e_d^2 / 2), g = b - a mu, so a pathwise draw g - a s e has variance a^2 s^2.
    A score draw is f e_1 / s_1. With E e^2, e^4, e^6 = 1, 3, 15 and all odd ones 0 its square has the mean below.
    """
    g = B - A * MU
    by_path = (A * SIGMA).square()
    f0, by_score = quadratic(MU[None])[0], []
    for k, j in ((0, 1), (1, 0)):
        p, r = A[k] * SIGMA[k] ** 2 / 2, A[j] * SIGMA[j] ** 2 / 2
        gk, gj = g[k] * SIGMA[k], g[j] * SIGMA[j]
        # E[e_k^2 (f0 + gk e_k - p e_k^2 + gj e_j - r e_j^2)^2]
        square = f0**2 + 3 * gk**2 + 15 * p**2 + gj**2 + 3 * r**2
        square = square - 6 * f0 * p - 2 * f0 * r + 6 * p * r
        by_score.append(square / SIGMA[k] ** 2 - g[k] ** 2)
    return g, by_path, torch.stack(by_score)


def test_both_have_the_mean_and_the_variance_of_the_closed_form():
    exact, by_path, by_score = closed_forms()
    epsilon = torch.randn(N, 2, generator=torch.Generator().manual_seed(1))
    for estimator, variance in ((gradients.pathwise, by_path), (gradients.score, by_score)):
        drawn = estimator(quadratic, MU, SIGMA, epsilon)
        mean, error, spread = gradients.mean_and_spread(drawn)
        assert drawn.shape == (N, 2) and not drawn.requires_grad
        assert ((mean - exact).abs() < 4 * error).all()
        torch.testing.assert_close(spread.square(), variance, rtol=0.03, atol=0)
        torch.testing.assert_close(error, (variance / N).sqrt(), rtol=0.02, atol=0)
    assert (by_score > 10 * by_path).all()


def test_a_straight_line_has_no_pathwise_variance():
    drawn = gradients.pathwise(lambda z: z @ B, MU, SIGMA, noise((2,), range(9)))
    torch.testing.assert_close(drawn, B.expand(9, 2))


def test_a_baseline_keeps_the_mean_and_narrows_the_spread():
    """Each draw's baseline is the mean of the others', so with two draws it is the other's value."""
    epsilon = torch.randn(N, 2, generator=torch.Generator().manual_seed(2))
    far = lambda z: quadratic(z) - 500  # noqa: E731
    plain, less = (gradients.score(far, MU, SIGMA, epsilon, b) for b in (False, True))
    mean, error, spread = gradients.mean_and_spread(less)
    assert ((mean - closed_forms()[0]).abs() < 4 * error).all()
    assert (spread < 0.05 * gradients.mean_and_spread(plain)[2]).all()
    two = epsilon[:2]
    a, b = quadratic(MU + SIGMA * two)
    expected = torch.stack([(a - b) * two[0], (b - a) * two[1]]) / SIGMA
    torch.testing.assert_close(gradients.score(quadratic, MU, SIGMA, two, True), expected)


@pytest.mark.parametrize("d", [2, 16])
def test_both_agree_on_the_models_that_ship_and_leave_them_alone(d):
    model = checkpoints.load(f"vae-mnist-{d}d")
    before = {name: t.clone() for name, t in model.state_dict().items()}
    x = (model.decode(noise((d,), [5])) > 0).float()
    mu, log_var = (v[0] for v in model.encode(x))
    f = lambda z: vae.log_p_x_given_z(model.decode(z), x.expand(len(z), -1, -1, -1))  # noqa: E731
    epsilon = noise((2000, d), [0])[0]
    given = (f, mu, (log_var / 2).exp(), epsilon)
    path, pe, ps = gradients.mean_and_spread(gradients.pathwise(*given))
    for baseline in (False, True):
        mean, error, spread = gradients.mean_and_spread(gradients.score(*given, baseline))
        assert ((mean - path).abs() < 4.5 * (error + pe)).all()
        assert (spread > 1.5 * ps).all(), "what is only asked for its values knows less"
    for name, t in model.state_dict().items():
        assert t.equal(before[name]) and not t.requires_grad
    assert all(p.grad is None for p in model.parameters())
