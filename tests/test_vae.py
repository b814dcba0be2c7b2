"""The VAE: its bound against quadrature and closed forms, its weights measured again, its training."""

import itertools
import json

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

import checkpoints
import train.measure
import train.vae
from models import vae
from models.images import noise
from models.vae import VAE
from train.data import binary_mnist, mnist


def tiny(size=3, latent=2, hidden=8, layers=1, seed=0, scale=0.8) -> VAE:
    """A model with large random weights: nothing in it is close to zero or to linear."""
    model = VAE(size, latent, hidden, layers).requires_grad_(False).eval()
    generator = torch.Generator().manual_seed(seed)
    for p in model.parameters():
        p.copy_(scale * torch.randn(p.shape, generator=generator) / p[0].numel() ** 0.5)
    return model


def pictures(size: int, n: int, seed: int = 3) -> torch.Tensor:
    return torch.rand((n, 1, size, size), generator=torch.Generator().manual_seed(seed)).round()


def by_quadrature(model: VAE, x: torch.Tensor, step: float, edge=4.5) -> torch.Tensor:
    """log p(x) = log of the integral of p(x|z) N(z; 0, I) over the plane. x: (B, 1, H, W) -> (B,)."""
    line = torch.arange(-edge, edge + step / 2, step, dtype=torch.float64)
    z = torch.cartesian_prod(line, line).float()
    log_prior = Normal(0.0, 1.0).log_prob(z.double()).sum(1)
    flat, totals = x.flatten(1).double(), []
    with torch.inference_mode():
        for part, prior in zip(z.split(20_000), log_prior.split(20_000), strict=True):
            logits = model.decode(part).flatten(1).double()
            # log p(x|z) = sum of x * logit - softplus(logit), for all pictures at once
            log_p = flat @ logits.T - torch.nn.functional.softplus(logits).sum(1)
            totals.append((log_p + prior).logsumexp(1))
    return torch.stack(totals).logsumexp(0) + 2 * np.log(step)


# The bound.


def test_kl_is_that_of_torch():
    g = torch.Generator().manual_seed(1)
    mu, log_var = 2 * torch.randn(50, 4, generator=g), 2 * torch.randn(50, 4, generator=g)
    expected = kl_divergence(Normal(mu, (log_var / 2).exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(vae.kl(mu, log_var), expected, rtol=1e-5, atol=1e-5)
    assert vae.kl(torch.zeros(1, 3), torch.zeros(1, 3)).abs().max() == 0


def test_the_loss_is_the_bound_written_with_distributions():
    model, x = tiny(5), pictures(5, 7)
    epsilon = torch.randn(7, 2, generator=torch.Generator().manual_seed(9))
    q = Normal((e := model.encode(x))[0], (e[1] / 2).exp())
    z = q.mean + q.stddev * epsilon
    fit = Bernoulli(logits=model.decode(z)).log_prob(x).flatten(1).sum(1)
    apart = kl_divergence(q, Normal(0.0, 1.0)).sum(1)
    for beta in (0.5, 1.0, 4.0):
        got = vae.loss(model, x, torch.Generator().manual_seed(9), beta)
        torch.testing.assert_close(got, beta * apart - fit, rtol=1e-5, atol=1e-4)
    other = vae.loss(model, x, torch.Generator().manual_seed(8))
    assert not torch.allclose(other, apart - fit), "another draw of epsilon is another estimate"


def test_gradients_pass_through_the_draw():
    mu, log_var = torch.zeros(1, 1, requires_grad=True), torch.full((1, 1), 0.6, requires_grad=True)
    epsilon = torch.tensor([[1.7]])
    by_mu, by_log_var = torch.autograd.grad(
        vae.reparameterize(mu, log_var, epsilon).sum(), (mu, log_var)
    )
    assert by_mu.item() == 1
    sigma = np.exp(0.3)  # dz/dsigma = epsilon, dsigma/dlog sigma^2 = sigma / 2
    assert by_log_var.item() == pytest.approx(1.7 * sigma / 2)


def test_the_decoder_is_a_distribution():
    """p(x|z) of all 512 pictures of 3 x 3 pixels sums to 1, for every z."""
    model = tiny(3)
    every = torch.tensor(list(itertools.product((0.0, 1.0), repeat=9))).view(-1, 1, 3, 3)
    for z in noise((2,), range(4)):
        log_p = vae.log_p_x_given_z(model.decode(z[None]).expand(512, -1, -1, -1), every)
        assert log_p.logsumexp(0).item() == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("which", ["tiny", "shipped"])
def test_bounds_are_in_order_below_log_p_by_quadrature(which):
    """ELBO <= importance-weighted bound <= log p(x), and the gap closes."""
    if which == "tiny":
        model, x, step = tiny(3), pictures(3, 6), 0.04
    else:
        step = 0.02  # the posterior of a sharp decoder is as narrow as that
        model = checkpoints.load("vae-mnist-2d")
        u = torch.rand((6, 1, 28, 28), generator=torch.Generator().manual_seed(5))
        x = (u < vae.sample(model, noise((2,), range(6)))).float()
    exact, fine = by_quadrature(model, x, step), by_quadrature(model, x, 0.8 * step)
    torch.testing.assert_close(exact, fine, rtol=0, atol=0.01)  # the quadrature has converged
    with torch.inference_mode():
        log_w = vae.log_weights(model, x, noise((8192, 2), range(6)))
        fit, apart = zip(*(vae.bound(model, x, e) for e in noise((6, 2), range(200))), strict=True)
    elbo = (torch.stack(fit) - torch.stack(apart).sum(2)).mean(0)
    bounds = vae.importance_bounds(log_w)
    # The Monte Carlo errors: of the mean of 200 single draws, and of the best estimate.
    error = torch.stack(fit).std(0) / 200**0.5
    assert (elbo - 4 * error <= exact).all()
    assert (elbo - 4 * error <= bounds[:, -1]).all()
    w = (log_w - log_w.max(1, keepdim=True).values).exp()
    spread = w.std(1) / w.mean(1) / 8192**0.5
    assert (bounds[:, -1] <= exact + 4 * spread + 1e-3).all()
    # Where a posterior has two hills, one Gaussian misses the other and the bound stays loose.
    one_hill = spread < 0.1
    assert one_hill.sum() >= (2 if which == "tiny" else 4)
    assert ((exact - bounds[:, -1]).abs() < 6 * spread + 0.02)[one_hill].all()
    assert (exact - elbo).max() > 0.01, "the single-draw bound is loose somewhere"


def test_bounds_climb_from_the_mean_to_the_log_of_the_mean():
    log_w = 5 * torch.randn(20, 64, generator=torch.Generator().manual_seed(2))
    bounds = vae.importance_bounds(log_w)
    assert bounds.shape == (20, 7)
    torch.testing.assert_close(bounds[:, 0], log_w.mean(1))
    torch.testing.assert_close(bounds[:, -1], log_w.exp().mean(1).log(), rtol=1e-5, atol=1e-4)
    assert (bounds.diff(dim=1) >= -1e-5).all() and (bounds.diff(dim=1) > 0.1).any()


def test_a_decoder_that_ignores_z_has_a_known_likelihood():
    """Then p(x) = p(x|z), and with q = N(0, I) every weight is exactly that."""
    model = tiny(4)
    model.decoder.into.weight.zero_()
    model.encoder.out.weight.zero_()
    model.encoder.out.bias.zero_()
    x = pictures(4, 5)
    exact = Bernoulli(logits=model.decode(torch.zeros(5, 2))).log_prob(x).flatten(1).sum(1)
    for k in (1, 7, 1200):
        got = vae.log_likelihood(model, x, k, torch.Generator().manual_seed(0), chunk=500)
        torch.testing.assert_close(got, exact, rtol=1e-5, atol=1e-4)


def test_samples_follow_their_own_noise():
    model = tiny(5)
    together = vae.sample(model, noise((2,), [4, 9, 4]))
    assert together.shape == (3, 1, 5, 5)
    torch.testing.assert_close(together[0], together[2])
    alone = vae.sample(model, noise((2,), [9]))
    torch.testing.assert_close(together[1:2], alone)
    assert (together[0] - together[1]).abs().max() > 0.01
    assert together.min() > 0 and together.max() < 1


# The arc.


@pytest.mark.parametrize("d", [2, 16])
def test_slerp_keeps_the_norm_and_an_even_pace(d):
    a, b = noise((d,), [1, 2])
    b = b * a.norm() / b.norm()
    path = vae.slerp(a, b, torch.linspace(0, 1, 11))
    torch.testing.assert_close(path.norm(dim=1), a.norm().expand(11), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(path[[0, -1]], torch.stack([a, b]), rtol=1e-5, atol=1e-5)
    angles = torch.cosine_similarity(path[1:], path[:-1]).clamp(-1, 1).acos()
    torch.testing.assert_close(angles, angles.mean().expand(10), rtol=1e-3, atol=1e-3)
    straight = torch.lerp(a, b, 0.5)
    assert straight.norm() < 0.95 * a.norm(), "the straight line does not keep it"


def test_slerp_of_different_norms_goes_evenly_from_one_to_the_other():
    a, b = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 4.0])
    path = vae.slerp(a, b, torch.linspace(0, 1, 5))
    torch.testing.assert_close(path.norm(dim=1), torch.linspace(2, 4, 5))


@pytest.mark.parametrize("b", [[1.0, 2.0], [-1.0, -2.0], [2.0, 4.0], [0.0, 0.0]])
def test_slerp_where_there_is_no_arc(b):
    a, b = torch.tensor([1.0, 2.0]), torch.tensor(b)
    path = vae.slerp(a, b, torch.linspace(0, 1, 5))
    assert path.isfinite().all()
    torch.testing.assert_close(path[[0, -1]], torch.stack([a, b]))


# The weights that ship.


def test_sorting_changes_the_order_of_z_and_nothing_else():
    config = dict(size=5, latent=6, hidden=16, layers=1)
    before, x = tiny(**config, scale=1.5), pictures(5, 40)
    after = VAE(**config).requires_grad_(False)
    after.load_state_dict(train.vae.sort_by_information(before.state_dict(), config, x))
    information = vae.kl(*after.encode(x)).mean(0)
    assert (information.diff() <= 0).all() and (vae.kl(*before.encode(x)).mean(0).diff() > 0).any()
    mu, log_var = before.encode(x)
    torch.testing.assert_close(after.decode(after.encode(x)[0]), before.decode(mu))
    assert after.encode(x)[1].sum(1).allclose(log_var.sum(1), atol=1e-4)


def test_the_manifest_meets_the_goals():
    large, flat = (checkpoints.MANIFEST[f"vae-mnist-{d}d"]["measured"] for d in (16, 2))
    assert large["nats_per_image"] <= 88 and large["test_images"] == 10_000
    assert flat["ten_nearest_agree"] >= 0.75
    for measured in (large, flat):
        kl = measured["kl_per_dimension"]
        # Sorted on training digits; on test digits equals may trade places.
        assert max(b - a for a, b in itertools.pairwise(kl)) < 0.05, "the first carry the most"
        assert min(kl) > 0.1, "no dimension has collapsed"


@pytest.mark.parametrize("d", [2, 16])
def test_the_weights_measured_again(shared_data, d):
    model, measured = (
        checkpoints.load(f"vae-mnist-{d}d"),
        checkpoints.MANIFEST[f"vae-mnist-{d}d"]["measured"],
    )
    x = torch.from_numpy(binary_mnist(shared_data, "test")).float()[:, None]
    with torch.inference_mode():
        elbo = -vae.loss(model, x, torch.Generator().manual_seed(1)).mean().item()
        mu, log_var = model.encode(x)
    assert elbo == pytest.approx(measured["elbo_all_test_images"], abs=0.3)
    again = vae.kl(mu, log_var).mean(0).tolist()
    assert again == pytest.approx(measured["kl_per_dimension"], abs=2e-3)
    some = slice(0, 10_000, 200)
    nats = -vae.log_likelihood(model, x[some], 500, torch.Generator().manual_seed(2), chunk=100)
    error = nats.std().item() / len(nats) ** 0.5
    assert nats.mean().item() == pytest.approx(measured["nats_per_image"], abs=4 * error)
    kept, labels = (checkpoints.load(f"vae-mnist-{d}d-means")[k] for k in ("means", "labels"))
    truth = torch.from_numpy(mnist(shared_data, "test")[1])
    nearest = torch.cdist(kept, mu).argmin(1)
    assert (truth[nearest] == labels).float().mean() > 0.999
    assert (kept - mu[nearest]).abs().max() < 0.01


def test_training_resumes_learns_publishes_and_is_measured(
    empty_checkpoints, command, monkeypatch, capsys
):
    folder = empty_checkpoints
    grey = np.zeros((400, 28, 28), np.uint8)
    grey[::2, 8:20, 8:20], grey[1::2, :, 14] = 250, 255
    labels = np.tile(np.arange(10), 40)
    name, module = "vae-mnist-2d", train.vae
    small = {name: dict(size=28, latent=2, hidden=16, layers=1)}
    monkeypatch.setattr(module, "CONFIGS", small)
    # Other bits than the published ones are refused.
    monkeypatch.setattr(module, "binary_mnist", lambda folder, split: grey // 128)
    monkeypatch.setattr(module, "mnist", lambda folder, split: (grey, labels))
    monkeypatch.setattr(module, "IMPORTANCE", 100)
    for steps in (160, 320, 320):
        command(module.main, name, "--run", folder, "--steps", steps)
    first, second, third = map(json.loads, (folder / name / "log.jsonl").read_text().splitlines())
    assert third["images"] == second["images"] > first["images"] > 0, "a finished run is finished"
    assert second["bound_first_200"] > first["bound_first_200"] > -784 * np.log(2)

    command(module.main, name, "--run", folder, "--steps", 320, "--publish")
    command(train.measure.main, name, "--data", folder, "--write")
    entry, kept = checkpoints.MANIFEST[name], checkpoints.load(f"{name}-means")
    assert entry["made_by"].endswith("--steps 320")
    assert -entry["measured"]["elbo_all_test_images"] == pytest.approx(
        -second["bound_first_200"], rel=0.2
    )
    assert (
        entry["measured"]["ten_nearest_agree"] > 0.1
    )  # by chance: five names for each of two pictures
    assert kept["means"].shape == (400, 2) and kept["labels"].tolist() == labels.tolist()
