"""log p(x) by a sum over the plane, the gap as a divergence, and importance bounds with their errors."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

import checkpoints
from models import vae
from models.images import noise
from tests.test_vae import by_quadrature, pictures, tiny

K = 4000


def model_and_pictures(which: str) -> tuple[vae.VAE, torch.Tensor, float]:
    """A model, pictures to bound, and a step of the plane that is fine enough for its posteriors."""
    if which == "tiny":
        return tiny(3), pictures(3, 6), 0.04
    model = checkpoints.load("vae-mnist-2d")
    u = torch.rand((6, 1, 28, 28), generator=torch.Generator().manual_seed(5))
    return model, (u < vae.sample(model, noise((2,), range(6)))).float(), 0.02


@pytest.fixture(scope="module", params=["tiny", "shipped"])
def measured(request):
    """A model, pictures, what the plane says of each, and draws with their weights."""
    model, x, step = model_and_pictures(request.param)
    kept = vae.plane(model)
    exact = [vae.quadrature(model, each[None], kept) for each in x]
    with torch.inference_mode():
        log_w = vae.log_weights(model, x, noise((K, 2), range(6)))
    return model, x, step, exact, log_w


def test_smaller_squares_where_it_matters_find_what_a_fine_grid_finds(measured):
    model, x, step, exact, _ = measured
    fine = by_quadrature(model, x, step)
    got = torch.tensor([each.log_p for each in exact], dtype=torch.float64)
    torch.testing.assert_close(got, fine, rtol=0, atol=0.02)
    for each in exact:
        assert each.error < 0.005
        assert each.log_mass.exp().sum().item() == pytest.approx(1, abs=1e-4)


def test_a_decoder_that_ignores_z_has_the_prior_as_its_posterior():
    """Then p(x) = p(x|z) for any z, and the gap is the KL of q from the prior: both in closed form."""
    model, x = tiny(4), pictures(4, 1)
    model.decoder.into.weight.zero_()
    known = vae.log_p_x_given_z(model.decode(torch.zeros(1, 2)), x).item()
    exact = vae.quadrature(model, x, vae.plane(model))
    assert exact.log_p == pytest.approx(known, abs=1e-3)
    mu, log_var = model.encode(x)
    expected = kl_divergence(Normal(mu, (log_var / 2).exp()), Normal(0.0, 1.0)).sum().item()
    assert expected > 0.05
    assert vae.kl_to_posterior(model, x, exact.log_p) == pytest.approx(expected, rel=2e-3)
    share = exact.log_mass.exp()
    assert (share @ exact.z.square()).tolist() == pytest.approx([1, 1], abs=2e-3), "N(0, I)"


def test_the_gap_is_the_divergence_from_the_posterior(measured):
    """log p(x) - L = KL(q || p(z|x)): draws at the left, a grid of q's own at the right."""
    model, x, _, exact, log_w = measured
    errors = log_w.std(1) / K**0.5
    for one, of, elbo, error in zip(x, exact, log_w.mean(1), errors, strict=True):
        apart = vae.kl_to_posterior(model, one[None], of.log_p)
        assert apart > 0 and of.log_p - elbo.item() == pytest.approx(
            apart, abs=4 * error.item() + 1e-2
        )


def test_the_bounds_are_in_order(measured):
    """L <= L_K <= log p(x), each within its error."""
    _, _, _, exact, log_w = measured
    for of, weights in zip(exact, log_w, strict=True):
        elbo, error = vae.importance_bound(weights, 1)
        assert elbo == pytest.approx(weights.mean().item(), abs=1e-4)
        assert error == pytest.approx(weights.std().item() / K**0.5, rel=1e-4)
        before = elbo
        for k in (5, 50):
            now, error = vae.importance_bound(weights, k)
            assert before < now + 1e-4 and now <= of.log_p + 4 * error
            before = now
    # Where the draws reach the posterior all of them together are log p(x) itself.
    tight, error, n_eff = vae.mean_weight(log_w)
    reached = n_eff > 50
    exact = torch.tensor([of.log_p for of in exact])
    assert reached.sum() >= 2
    assert ((tight - exact).abs() < 4 * error + 5e-3)[reached].all()


def test_the_error_of_a_mean_weight_is_what_repeated_draws_say():
    """Lognormal weights: the log of their mean is s^2 / 2, and K draws count as K / exp(s^2)."""
    s, k, times = 0.7, 2000, 2000
    log_w = s * torch.randn(times, k, generator=torch.Generator().manual_seed(3))
    value, error, n_eff = vae.mean_weight(log_w)
    assert value.mean().item() == pytest.approx(s**2 / 2, abs=1e-3)
    assert n_eff.mean().item() == pytest.approx(k / math.exp(s**2), rel=0.02)
    assert value.std().item() == pytest.approx(error.mean().item(), rel=0.06)
    same = torch.full((1, 50), -3.0)
    assert [v.item() for v in vae.mean_weight(same)] == pytest.approx([-3, 0, 50], abs=1e-3)


def test_groups_of_draws():
    log_w = torch.randn(1000, generator=torch.Generator().manual_seed(4))
    value, error = vae.importance_bound(log_w, 30)  # 33 groups, and ten draws are left
    groups = log_w[:990].view(33, 30).exp().mean(1).log()
    assert value == pytest.approx(groups.mean().item(), abs=1e-5)
    assert error == pytest.approx(groups.std().item() / 33**0.5, rel=1e-4)
    value, error = vae.importance_bound(log_w, 400)
    expected = log_w[:800].view(2, 400).exp().mean(1).log().mean().item()
    assert value == pytest.approx(expected, abs=1e-5)
    assert error == pytest.approx(vae.mean_weight(log_w[None, :800])[1].item(), rel=1e-4)


@pytest.mark.parametrize("ink", [0.0, 1.0])
def test_what_is_no_digit_has_finite_numbers(ink):
    model, x = checkpoints.load("vae-mnist-2d"), torch.full((1, 1, 28, 28), ink)
    exact = vae.quadrature(model, x, vae.plane(model))
    apart = vae.kl_to_posterior(model, x, exact.log_p)
    assert math.isfinite(exact.log_p) and math.isfinite(apart) and apart > 1
    coarse = vae.quadrature(model, x, vae.plane(model), rounds=1)
    assert exact.error < 0.01 and coarse.log_p != exact.log_p
