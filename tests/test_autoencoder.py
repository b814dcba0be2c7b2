"""The autoencoder of faces: its bound, its discriminator's part of the gradient, its training, and its weights."""

import json
import sys

import numpy as np
import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

import checkpoints
import train.autoencoder
from models import autoencoder
from models.autoencoder import Adversaries, Autoencoder, Discriminator
from models.images import noise
from train.data import faces

NAME = "autoencoder-faces"
SMALL = dict(channels=4, wide=16, deep=16, s=0.3)


def shaken(module: torch.nn.Module, seed: int = 0, size: float = 0.1) -> torch.nn.Module:
    """What begins at zero hides mistakes."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in module.parameters():
            p.add_(size * torch.randn(p.shape, generator=generator))
    return module


def tiny() -> Autoencoder:
    return shaken(Autoencoder(**SMALL)).requires_grad_(False)


def some(n: int = 5, size: int = 16) -> torch.Tensor:
    return 2 * noise((3, size, size), range(n), "uniform") - 1


def test_the_loss_is_the_bound_of_a_gaussian_up_to_a_constant():
    """Term by term, from torch.distributions."""
    model, x = tiny(), some()
    mu, log_var = model(x)
    assert mu.std() > 0.05 and log_var.std() > 0.05
    q = Normal(mu, (log_var / 2).exp())
    epsilon = torch.randn(mu.shape, generator=torch.Generator().manual_seed(7))
    p = Independent(Normal(model.decoder(mu + q.stddev * epsilon), model.s), 3)
    bound = p.log_prob(x) - kl_divergence(q, Normal(0.0, 1.0)).sum((1, 2, 3))
    constant = np.log(model.s * np.sqrt(2 * np.pi))
    got = autoencoder.loss(model, x, torch.Generator().manual_seed(7))
    torch.testing.assert_close(got, -bound / x[0].numel() - constant.item())
    assert not got.equal(autoencoder.loss(model, x, torch.Generator().manual_seed(8)))


def test_a_new_block_changes_nothing():
    x = noise((16, 4, 4), range(2))
    block = autoencoder.ResBlock(16)
    block.conv2.bias.data.zero_()
    assert block(x).equal(x) and not shaken(block)(x).allclose(x, atol=0.1)


@pytest.mark.parametrize("size", [16, 64, 72])
def test_any_side_divisible_by_eight_will_do(size):
    model, x = tiny(), some(2, size)
    z = autoencoder.encode(model, x)
    assert z.shape == (2, 4, size // 8, size // 8)
    assert autoencoder.decode(model, z).shape == x.shape


def test_the_second_stage_sees_mean_0_and_deviation_1(monkeypatch):
    """And decode undoes what encode did."""
    monkeypatch.setattr(train.autoencoder, "CONFIG", SMALL)
    both = shaken(Adversaries(**SMALL)).requires_grad_(False)
    pictures = np.random.default_rng(0).integers(0, 256, (300, 16, 16, 3)).astype(np.uint8)
    weights = train.autoencoder.finished(both.state_dict(), pictures)
    model = Autoencoder(**SMALL).requires_grad_(False)
    model.load_state_dict(weights)  # no word of the discriminator
    x = train.autoencoder.to_model(pictures)
    z = autoencoder.encode(model, x)
    torch.testing.assert_close(z.mean((0, 2, 3)), torch.zeros(4), atol=1e-4, rtol=0)
    torch.testing.assert_close(z.std((0, 2, 3)), torch.ones(4))
    mu, _ = both.model(x)
    assert (mu.std((0, 2, 3)) - 1).abs().min() > 0.05, "it was something else"
    torch.testing.assert_close(
        autoencoder.decode(model, z), model.decoder(mu), rtol=1e-4, atol=1e-5
    )


def test_a_pixel_speaks_to_its_own_patches_only():
    """38 pixels a side: what is farther away than that does not change the logit."""
    critic, x = Discriminator(), some(1, 64).requires_grad_()
    critic(x)[0, 0, 4, 4].backward()
    seen = x.grad[0].abs().sum(0) > 0
    rows, columns = seen.any(1).nonzero(), seen.any(0).nonzero()
    assert rows.max() - rows.min() + 1 == columns.max() - columns.min() + 1 == 38


def test_the_hinge_is_flat_once_the_margin_is_kept():
    real = torch.tensor([2.0, 0.5, -1.0])
    fake = torch.tensor([-3.0, 0.0, 0.5])
    assert autoencoder.hinge(real, fake).item() == pytest.approx(
        (0 + 0.5 + 2) / 3 + (0 + 1 + 1.5) / 3
    )


def test_the_pull_is_as_long_as_it_should_be():
    pull, against = noise((3, 8, 8), range(2)), 0.5 * noise((3, 8, 8), range(2, 4))
    got = autoencoder.balanced(pull, against, 0.4)
    assert got.norm().item() == pytest.approx(0.4 * against.norm().item(), rel=1e-4)
    torch.testing.assert_close(got / got.norm(), pull / pull.norm())
    assert autoencoder.balanced(pull, 50 * against, 0.4).equal(pull), "it is never stretched"


def test_every_part_of_the_loss_reaches_its_own_network(monkeypatch):
    """One backward pass for all, against the parts of Eq. 25 derived one by one."""
    both, x = shaken(Adversaries(**SMALL)), some(4)

    def gradients(value: torch.Tensor, of: torch.nn.Module) -> torch.Tensor:
        found = torch.autograd.grad(value, list(of.parameters()), retain_graph=True)
        return torch.cat([g.flatten() for g in found])

    def together() -> torch.Tensor:
        return autoencoder.adversarial_loss(both, x, torch.Generator().manual_seed(1))

    value = together()
    of_decoder, of_critic = gradients(value, both.model.decoder), gradients(value, both.critic)
    value.backward()
    assert all(p.grad is None for p in both.model.encoder.parameters()), "E stays as it is"

    mu, log_var = both.model(x)
    epsilon = torch.randn(mu.shape, generator=torch.Generator().manual_seed(1))
    drawn = both.model.decoder((mu + (log_var / 2).exp() * epsilon).detach())
    wanted = gradients(autoencoder.hinge(both.critic(x), both.critic(drawn.detach())), both.critic)
    torch.testing.assert_close(of_critic, wanted)

    error = ((x - drawn).square() / (2 * both.model.s**2)).mean()
    adversary = -both.critic(drawn).mean()
    lengths = [
        torch.autograd.grad(v, drawn, retain_graph=True)[0].norm() for v in (error, adversary)
    ]
    scale = min(1, autoencoder.ADVERSARY * (lengths[0] / lengths[1]).item())
    wanted = gradients(error + scale * adversary, both.model.decoder)
    torch.testing.assert_close(of_decoder, wanted, rtol=1e-4, atol=1e-5)
    monkeypatch.setattr(autoencoder, "ADVERSARY", 0.0)
    without = gradients(together(), both.model.decoder)
    torch.testing.assert_close(without, gradients(error, both.model.decoder), rtol=1e-4, atol=1e-5)
    assert not without.allclose(of_decoder, rtol=1e-2)


def test_training_learns_resumes_and_publishes(monkeypatch, tmp_path, empty_checkpoints):
    """On squares of one grey each. The discriminator learns late, and does not ship."""
    grey = np.random.default_rng(0).integers(40, 220, (300, 1, 1, 1)).astype(np.uint8)
    made = np.broadcast_to(grey, (300, 16, 16, 3)).copy()
    monkeypatch.setattr(train.autoencoder, "faces", lambda folder, split: made)
    monkeypatch.setattr(train.autoencoder, "CONFIG", SMALL)

    def run(*words) -> dict:
        monkeypatch.setattr(sys, "argv", ["train", "--run", str(tmp_path / "run"), *words])
        train.autoencoder.main()
        return torch.load(tmp_path / "run" / "state.pt", weights_only=True)

    half = run("--steps", "20")
    whole = run("--steps", "50")
    again = run("--steps", "50")
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [row["images"] for row in rows] == [320, 800, 800], "a finished run is finished"
    assert rows[1]["loss"] < rows[0]["loss"] and rows[1]["logit_real"] != rows[0]["logit_real"]
    assert half["step"] == 20 and whole["model"]["critic.0.bias"].equal(
        again["model"]["critic.0.bias"]
    )
    run("--steps", "50", "--publish")
    entry, model = checkpoints.MANIFEST[NAME], checkpoints.load(NAME)
    assert "CelebA" in entry["license"] and "on-commercial" in entry["license"]
    assert entry["data"].startswith("CelebA") and entry["made_by"].endswith("--steps 50")
    z = autoencoder.encode(model, train.autoencoder.to_model(made))
    assert z.mean().abs() < 0.05 and z.std() == pytest.approx(1, abs=0.1)


def test_the_discriminator_comes_late_and_the_encoder_stays(monkeypatch, tmp_path):
    made = np.random.default_rng(0).integers(0, 256, (50, 16, 16, 3)).astype(np.uint8)
    monkeypatch.setattr(train.autoencoder, "faces", lambda folder, split: made)
    monkeypatch.setattr(train.autoencoder, "CONFIG", SMALL)
    monkeypatch.setattr(train.autoencoder, "LATE", 0.4)
    monkeypatch.setattr(sys, "argv", ["train", "--run", str(tmp_path), "--steps", "5"])
    train.autoencoder.main()
    state = torch.load(tmp_path / "state.pt", weights_only=True)["optimizer"]["state"]
    steps = {"model.encoder": 2, "model.decoder": 5, "critic": 3}
    names = [name for name, _ in Adversaries(**SMALL).named_parameters()]
    assert len(names) == len(state)
    for k, name in enumerate(names):
        assert state[k]["step"] == next(
            n for start, n in steps.items() if name.startswith(start)
        ), name


# The weights that ship.


def test_the_weights_are_measured_again(shared_data):
    """On every 27th test face: the error of what comes back, and that its channels are what they say."""
    model, measured = checkpoints.load(NAME), checkpoints.MANIFEST[NAME]["measured"]
    x = train.autoencoder.to_model(faces(shared_data, "test")[::27])
    with torch.inference_mode():
        z = autoencoder.encode(model, x)
        error = (autoencoder.decode(model, z) - x).square().mean().sqrt().item()
    assert error == pytest.approx(measured["root_mean_squared_error"], rel=0.04)
    assert z.mean((0, 2, 3)).abs().max() < 0.15 and (z.std((0, 2, 3)) - 1).abs().max() < 0.1
    assert measured["samples"] == 2779 and checkpoints.path(NAME).stat().st_size < 8e6
