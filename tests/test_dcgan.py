"""The DCGAN: its losses against closed forms, its shapes, and what is kept of its training."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import checkpoints
import train.dcgan
from models.dcgan import Discriminator, Generator, loss_d, loss_g, sample
from models.images import noise


def test_the_losses_are_cross_entropies():
    real, fake = noise((50,), [1, 2])
    ones, zeros = torch.ones(50), torch.zeros(50)
    wanted = F.binary_cross_entropy_with_logits(real, ones) + F.binary_cross_entropy_with_logits(
        fake, zeros
    )
    torch.testing.assert_close(loss_d(real, fake), wanted)
    torch.testing.assert_close(loss_g(fake), F.binary_cross_entropy_with_logits(fake, ones))


def test_the_best_d_for_two_gaussians_gives_the_divergence():
    """D* = p / (p + q): the value is 2 JSD - 2 log 2, so -2 log 2 where p = q (Goodfellow 2014, Theorem 1)."""
    x = torch.linspace(-12, 12, 20_001, dtype=torch.double)
    p, q = (
        torch.distributions.Normal(torch.tensor(m, dtype=torch.double), 1.0).log_prob(x)
        for m in (0.0, 1.5)
    )
    step, mid = x[1] - x[0], torch.logaddexp(p, q) - math.log(2)
    jsd = 0.5 * (p.exp() * (p - mid) + q.exp() * (q - mid)).sum() * step
    logit = p - q  # of D*
    value = (p.exp() * F.logsigmoid(logit) + q.exp() * F.logsigmoid(-logit)).sum() * step
    assert value.item() == pytest.approx((2 * jsd - 2 * math.log(2)).item(), abs=1e-6)
    # The loss of draws is minus that value.
    generator = torch.Generator().manual_seed(0)
    real = torch.randn(200_000, generator=generator, dtype=torch.double)
    fake = torch.randn(200_000, generator=generator, dtype=torch.double) + 1.5
    at = lambda y: -1.5 * y + 1.5**2 / 2  # noqa: E731
    assert loss_d(at(real), at(fake)).item() == pytest.approx(-value.item(), abs=0.01)
    assert loss_d(torch.zeros(9), torch.zeros(9)).item() == pytest.approx(2 * math.log(2))


def test_the_generator_s_loss_is_steep_where_d_is_sure():
    logit = torch.tensor([-8.0], requires_grad=True)
    (steep,) = torch.autograd.grad(loss_g(logit), logit)
    (flat,) = torch.autograd.grad(-loss_d(torch.zeros(1), logit), logit)
    assert steep.item() < -0.99 and abs(flat.item()) < 0.001


def test_pictures_and_verdicts():
    g, d = Generator(latent=7, width=8).eval(), Discriminator(width=8).eval()
    x = sample(g, noise((7,), range(3)))
    with torch.inference_mode():
        assert x.shape == (3, 3, 64, 64) and x.abs().max() <= 1 and d(x).shape == (3,)
    assert not x[0].equal(x[1])
    alone = sample(g, noise((7,), [1]))
    torch.testing.assert_close(
        alone[0], x[1], atol=1e-5, rtol=1e-4
    )  # a picture depends on its own z alone


def test_settling_gives_the_statistics_of_what_passes_through():
    net = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 1), torch.nn.BatchNorm2d(3))
    net[1].running_mean += 100
    batches = noise((2, 4, 4), range(30)).split(10)
    with torch.no_grad():
        passed = net[0](torch.cat(batches))
    kept = train.dcgan.settle(net, batches)
    torch.testing.assert_close(kept["1.running_mean"], passed.mean((0, 2, 3)))
    torch.testing.assert_close(kept["1.running_var"], passed.var((0, 2, 3)), rtol=0.05, atol=0)
    assert not [key for key in kept if "num_batches" in key] and not net.training


@pytest.mark.slow
def test_training_goes_on_and_is_published(monkeypatch, tmp_path, empty_checkpoints, command):
    made = np.random.default_rng(0).integers(0, 255, (128, 64, 64, 3), dtype=np.uint8)
    monkeypatch.setattr(train.dcgan, "faces", lambda folder, split: made)
    monkeypatch.setattr(train.dcgan, "CONFIG", dict(latent=5, width=8))
    monkeypatch.setattr(train.dcgan, "MOMENTS", (0, 64, 128))
    monkeypatch.setattr(train.dcgan, "SHOWN", (0, 64))
    run = tmp_path / "run"
    command(train.dcgan.main, "--run", run, "--steps", 4)
    command(train.dcgan.main, "--run", run, "--steps", 6)
    command(train.dcgan.main, "--run", run, "--steps", 6, "--publish")
    entries = checkpoints.MANIFEST
    moments = entries["dcgan-faces-moments"]["measured"]["images"]
    assert (
        moments[:2] == [0, 64] and moments[2] == entries["dcgan-faces"]["measured"]["images"] > 64
    )
    kept = checkpoints.load("dcgan-faces-moments")
    nets = {key.split(".", 2)[0] + key.split(".", 2)[1] for key in kept}
    assert nets == {"0g", "64g", "64d", f"{moments[2]}d"}
    x = sample(checkpoints.load("dcgan-faces"), noise((5,), range(4)))
    assert x.isfinite().all() and x.std() > 0.01
    for entry in entries.values():
        assert entry["data"].startswith("CelebA") and "on-commercial" in entry["license"]


# The weights that ship.


def test_the_goals_are_what_the_manifest_says():
    measured = checkpoints.MANIFEST["dcgan-faces"]["measured"]
    assert measured["samples"] == 2779 and measured["floor_fd_mobilenetv2"] < 20
    assert measured["nearer_than_1_percent"] < 0.03, "no copies of training faces"
    assert measured["parameters"] == sum(
        p.numel() for p in checkpoints.load("dcgan-faces").parameters()
    )


def test_d_tells_the_faces_of_its_own_moment_from_real_ones(shared_data):
    """Mostly: G has been trained against it."""
    from demos.gan.training import moments, networks
    from train.data import faces

    real = (
        torch.from_numpy(faces(shared_data, "test")[:200]).permute(0, 3, 1, 2).float() / 127.5 - 1
    )
    for images in moments()[1:]:
        g, d = networks(images)
        with torch.inference_mode():
            at_real, at_fake = d(real), d(g(noise((100,), range(200))))
        assert (at_real[:, None] > at_fake).float().mean() > 0.6, images
