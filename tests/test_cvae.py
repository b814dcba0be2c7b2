"""The conditional VAE: its bound against torch.distributions, what telling the class does; its weights."""

import itertools
import json

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

import checkpoints
import train.cvae
import train.measure
from models import cvae
from models.cvae import CVAE
from models.images import noise
from models.vae import log_p_x_given_z
from train.data import binary_mnist, mnist

NAME = "cvae-mnist"


def tiny(size: int = 3, latent: int = 2, classes: int = 4, seed: int = 0) -> CVAE:
    """A model with large random weights: nothing in it is close to zero or to linear."""
    model = CVAE(size, latent, hidden=8, layers=1, classes=classes).requires_grad_(False).eval()
    generator = torch.Generator().manual_seed(seed)
    for p in model.parameters():
        p.copy_(torch.randn(p.shape, generator=generator) / p[0].numel() ** 0.5)
    return model


def pictures(size: int, n: int) -> torch.Tensor:
    return noise((1, size, size), range(n), "uniform").round()


def test_the_loss_is_the_bound_written_with_distributions():
    model, x, y = tiny(5), pictures(5, 7), torch.arange(7) % 4
    epsilon = torch.randn(7, 2, generator=torch.Generator().manual_seed(9))
    mu, log_var = model.encode(x, y)
    q = Normal(mu, (log_var / 2).exp())
    p = Bernoulli(logits=model.decode(q.mean + q.stddev * epsilon, y))
    fit = p.log_prob(x).flatten(1).sum(1)
    apart = kl_divergence(q, Normal(0.0, 1.0))
    got = cvae.bound(model, x, y, epsilon)
    torch.testing.assert_close(got[0], fit, rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(got[1], apart, rtol=1e-5, atol=1e-4)
    loss = cvae.loss(model, x, y, torch.Generator().manual_seed(9))
    torch.testing.assert_close(loss, apart.sum(1) - fit, rtol=1e-5, atol=1e-4)
    other = cvae.loss(model, x, y, torch.Generator().manual_seed(8))
    assert not torch.allclose(other, loss), "another draw of epsilon is another estimate"


def test_the_decoder_is_a_distribution_for_every_class():
    """p(x|z, y) of all 512 pictures of 3 x 3 pixels sums to 1."""
    model = tiny()
    every = torch.tensor([*itertools.product((0.0, 1.0), repeat=9)]).view(-1, 1, 3, 3)
    for y in range(4):
        logits = model.decode(noise((2,), [y]), torch.tensor([y]))
        log_p = log_p_x_given_z(logits.expand(512, -1, -1, -1), every)
        assert log_p.logsumexp(0).item() == pytest.approx(0, abs=1e-4)


def test_the_bound_lies_below_log_p_by_quadrature():
    """log p(x|y) is the integral of p(x|z, y) N(z; 0, I) over the plane."""
    model, x, y = tiny(), pictures(3, 4), torch.arange(4)
    line = torch.arange(-5, 5.01, 0.1)
    z = torch.cartesian_prod(line, line)
    prior = Normal(0.0, 1.0).log_prob(z).sum(1)
    for k in range(4):
        told = y[k].expand(len(z))
        log_p = log_p_x_given_z(model.decode(z, told), x[k, None].expand(len(z), -1, -1, -1))
        exact = (log_p + prior).logsumexp(0) + 2 * np.log(0.1)
        fit, apart = cvae.bound(
            model, x[k, None].expand(4000, -1, -1, -1), y[k].expand(4000), noise((4000, 2), [k])[0]
        )
        error = fit.std() / 4000**0.5
        assert (fit - apart.sum(1)).mean() - 4 * error < exact < 0


def test_what_is_told_changes_code_and_picture():
    model, x = tiny(5), pictures(5, 1)
    codes = [model.encode(x, torch.tensor([y]))[0] for y in range(4)]
    z = noise((2,), [3])
    shown = [cvae.sample(model, z, torch.tensor([y])) for y in range(4)]
    for a, b in itertools.combinations(range(4), 2):
        assert (codes[a] - codes[b]).abs().max() > 1e-2
        assert (shown[a] - shown[b]).abs().max() > 1e-2
    together = cvae.sample(model, z.expand(4, -1), torch.arange(4))
    torch.testing.assert_close(together, torch.cat(shown))
    assert together.min() > 0 and together.max() < 1


# The weights that ship.


def test_the_manifest_meets_the_goals():
    measured = checkpoints.MANIFEST[NAME]["measured"]
    # 99 % are wanted; what a model of eight numbers comes to is below.
    assert measured["classifier_agrees"] >= 0.98 and measured["samples"] == 10_000
    assert measured["test_images"] == 10_000 and measured["elbo_all_test_images"] > -106
    # What is told need not be said: fewer nats than the VAE of sixteen numbers spends.
    plain = checkpoints.MANIFEST["vae-mnist-16d"]["measured"]["kl_per_dimension"]
    assert sum(measured["kl_per_dimension"]) < sum(plain)


def test_the_weights_measured_again(shared_data):
    model, measured = checkpoints.load(NAME), checkpoints.MANIFEST[NAME]["measured"]
    x = torch.from_numpy(binary_mnist(shared_data, "test")).float()[:, None]
    y = torch.from_numpy(mnist(shared_data, "test")[1]).long()
    with torch.inference_mode():
        elbo = -cvae.loss(model, x, y, torch.Generator().manual_seed(1)).mean().item()
        kl = cvae.bound(model, x, y, noise((model.latent,), range(len(x))))[1].mean(0)
        wrong = -cvae.loss(model, x, (y + 1) % 10, torch.Generator().manual_seed(1)).mean().item()
    assert elbo == pytest.approx(measured["elbo_all_test_images"], abs=0.3)
    assert kl.tolist() == pytest.approx(measured["kl_per_dimension"], abs=2e-3)
    assert wrong < elbo - 20, "a digit told to be the next one costs much more"
    right, sure = train.cvae.agreement(model, 1000)
    expected = measured["classifier_agrees"]
    error = (expected * (1 - expected) / 1000) ** 0.5
    assert right == pytest.approx(expected, abs=4 * error + 0.002)
    assert sure == pytest.approx(measured["clear_digits"], abs=0.05)


def test_training_resumes_learns_publishes_and_is_measured(empty_checkpoints, command, monkeypatch):
    """On two figures, named 0 and 1."""
    folder = empty_checkpoints
    grey = np.zeros((200, 28, 28), np.float32)
    grey[::2, 8:20, 8:20], grey[1::2, :, 14] = 1, 1
    x, y = torch.from_numpy(grey)[:, None], torch.arange(200) % 2
    monkeypatch.setattr(train.cvae, "CONFIG", dict(size=28, latent=2, hidden=16, layers=1))
    monkeypatch.setattr(train.cvae, "grey", lambda folder, split: (x, y))
    monkeypatch.setattr(train.cvae, "binary_mnist", lambda folder, split: grey)
    for steps in (100, 300, 300):
        command(train.cvae.main, "--run", folder / "run", "--steps", steps)
    log = (folder / "run" / "log.jsonl").read_text().splitlines()
    first, second, third = map(json.loads, log)
    assert third["images"] == second["images"] == 300 * 128, "a finished run is finished"
    assert second["bound_first_1000"] > first["bound_first_1000"] > -784 * np.log(2)

    command(train.cvae.main, "--run", folder / "run", "--steps", 300, "--publish")
    original = checkpoints.load
    monkeypatch.setattr(
        checkpoints,
        "load",
        lambda name: judge if name == "classifier-mnist" else original(name),
    )
    monkeypatch.setattr(train.cvae, "SAMPLES", 100)
    command(train.measure.main, NAME, "--data", folder, "--write")
    entry = checkpoints.MANIFEST[NAME]
    assert entry["made_by"].endswith("--steps 300") and "MNIST" in entry["license"]
    measured = entry["measured"]
    assert measured["elbo_all_test_images"] == pytest.approx(second["bound_first_1000"], rel=0.2)
    # Ten names are asked for, and the judge knows two.
    assert 0 < measured["classifier_agrees"] <= 0.2 and measured["samples"] == 100


def judge(x: torch.Tensor) -> torch.Tensor:
    """1 where there is ink at the top, else 0."""
    line = (x[:, 0, 0, 14] > 0.5).float()
    return 20 * torch.cat([torch.stack([1 - line, line], 1), torch.zeros(len(x), 8)], 1)
