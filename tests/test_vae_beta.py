"""The VAEs of each beta, PCA, and the classifier that judges: closed forms, weights measured again, their trainings."""

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import checkpoints
import train.classifier
import train.features
import train.measure
import train.pca
import train.vae_beta
from models import classifier, vae
from models.classifier import Classifier
from models.images import noise
from models.vae import VAE
from train.classifier import grey
from train.vae_beta import NAMES

SMALL = dict(size=28, latent=2, hidden=16, layers=1)


def shaken(model: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
    generator = torch.Generator().manual_seed(seed)
    for p in model.requires_grad_(False).parameters():
        p.add_(0.3 * torch.randn(p.shape, generator=generator))
    return model.eval()


def digits(n: int, seed: int = 3) -> torch.Tensor:
    return torch.rand((n, 1, 28, 28), generator=torch.Generator().manual_seed(seed))


# What beta does to the loss.


def test_beta_zero_is_the_autoencoder():
    """No draw and no KL: the cross entropy at the mean, the same for every generator."""
    model, x = shaken(VAE(**SMALL)), digits(5)
    by_hand = F.binary_cross_entropy(
        model.decode(model.encode(x)[0]).sigmoid(), x, reduction="none"
    )
    one, other = (vae.loss(model, x, torch.Generator().manual_seed(s), 0) for s in (1, 2))
    assert one.equal(other)
    torch.testing.assert_close(one, by_hand.flatten(1).sum(1), rtol=1e-4, atol=1e-3)
    small = vae.loss(model, x, torch.Generator().manual_seed(1), 1e-9)
    assert not torch.allclose(one, small), "the least beta draws z"


def test_grey_pictures_stand_for_all_bits_that_could_be_drawn():
    """The loss is linear in x beside the encoder: the mean of the loss over bits, for an encoder that reads grey."""
    model, x = shaken(VAE(**SMALL)), digits(1)
    epsilon = torch.randn(1, 2, generator=torch.Generator().manual_seed(0))
    z = vae.reparameterize(*model.encode(x), epsilon)
    logits = model.decode(z)
    bits = (noise((1, 28, 28), range(4000), "uniform") < x).float()
    each = vae.log_p_x_given_z(logits.expand(4000, -1, -1, -1), bits)
    exact = vae.log_p_x_given_z(logits, x).item()
    assert each.mean().item() == pytest.approx(exact, abs=4 * each.std().item() / 4000**0.5)


def test_whitening_changes_where_codes_lie_and_nothing_that_is_drawn():
    before, x = shaken(VAE(**SMALL | dict(latent=3))), digits(300)
    after = VAE(**SMALL | dict(latent=3)).requires_grad_(False)
    after.load_state_dict(train.vae_beta.whitened(before.state_dict(), before_config(3), x))
    mu = after.encode(x)[0]
    torch.testing.assert_close(mu.mean(0), torch.zeros(3), atol=1e-3, rtol=0)
    torch.testing.assert_close(mu.T.cov(), torch.eye(3), atol=1e-3, rtol=0)
    assert (before.encode(x)[0].T.cov() - torch.eye(3)).abs().max() > 0.1
    torch.testing.assert_close(
        after.decode(mu), before.decode(before.encode(x)[0]), rtol=1e-3, atol=1e-3
    )


def before_config(latent: int) -> dict:
    return SMALL | dict(latent=latent)


def test_the_best_linear_autoencoder_is_pca():
    """Least squares from PCA's codes gives PCA's error back, and another subspace of equal size a larger one."""
    x = digits(200).flatten(1)[:, :40].double()
    x = (x - x.mean(0)) @ torch.diag(torch.linspace(1, 3, 40).double())
    vectors = torch.linalg.eigh(x.T.cov())[1].flip(1)

    def error(encoder: torch.Tensor) -> float:
        z = x @ encoder
        return (z @ torch.linalg.lstsq(z, x).solution - x).square().sum().item()

    best = error(vectors[:, :5])
    projected = (x @ vectors[:, :5] @ vectors[:, :5].T - x).square().sum().item()
    assert best == pytest.approx(projected, rel=1e-9)
    values = torch.linalg.eigvalsh(x.T.cov()).flip(0)
    assert best == pytest.approx(199 * values[5:].sum().item(), rel=1e-9)
    generator = torch.Generator().manual_seed(0)
    others = [torch.randn(40, 5, generator=generator).double() for _ in range(20)]
    assert min(map(error, others)) > 1.1 * best
    # A gradient from PCA's subspace is none at all: it is an optimum of the linear autoencoder's loss.
    encoder = vectors[:, :5].clone().requires_grad_()
    decoder = vectors[:, :5].T.clone().requires_grad_()
    (x @ encoder @ decoder - x).square().sum().backward()
    assert max(encoder.grad.abs().max(), decoder.grad.abs().max()) < 1e-8 * x.square().sum()


# The judge.


def test_mixed_pictures_pay_for_both_names():
    model, x = shaken(Classifier(8)), digits(6)
    names, others = torch.arange(6), torch.arange(6).flip(0)
    share = torch.linspace(0, 1, 6)
    each = [F.cross_entropy(model(x), y, reduction="none") for y in (names, others)]
    torch.testing.assert_close(
        classifier.loss(model, x, names, others, share), share * each[0] + (1 - share) * each[1]
    )


def test_clear_is_a_matter_of_the_best_name():
    class Says(torch.nn.Module):
        def forward(self, x):
            return x.flatten(1)[:, :10].log()

    p = torch.full((3, 784), 0.01)
    p[0, 3], p[1, 3], p[2, 3] = 0.91, 0.78, 0.5
    p[2, 5] = 0.42
    p[:, :10] /= p[:, :10].sum(1, keepdim=True)
    assert classifier.clear(Says(), p.view(3, 1, 28, 28)).tolist() == [True, False, False]


def test_digits_are_moved_and_not_lost():
    x = torch.zeros(64, 1, 28, 28)
    x[:, :, 10:18, 12:16] = 1
    moved = train.classifier.moved(x, torch.Generator().manual_seed(0))
    assert not moved.equal(x) and (moved.sum((1, 2, 3)) > 15).all()
    assert moved.min() >= 0 and moved.max() <= 1 + 1e-6
    assert not moved[0].equal(moved[1]), "each in its own way"


# The weights that ship.


def measured(name: str) -> dict:
    return checkpoints.MANIFEST[name]["measured"]


def test_the_manifest_meets_the_goals():
    assert measured("classifier-mnist")["test_accuracy"] >= 0.993
    pca = measured("pca-mnist")
    for name, (d, beta) in NAMES.items():
        of = measured(name)
        assert of["beta"] == beta and of["latent"] == d and of["test_images"] == 10_000
        if beta == 0:
            assert of["squared_error"] <= (1 if d == 2 else 0.5) * pca[str(d)]["squared_error"], d
    rates = [measured(f"vae-beta-16d-{b:g}")["rate"] for b in (0.25, 1, 4, 16)]
    costs = [measured(f"vae-beta-16d-{b:g}")["distortion"] for b in (0, 0.25, 1, 4, 16)]
    assert rates == sorted(rates, reverse=True) and costs == sorted(costs)
    units = [measured(f"vae-beta-16d-{b:g}")["active_units"] for b in (0, 0.25, 1, 4, 16)]
    assert units == sorted(units, reverse=True) and units[0] == 16 > units[-1], "some fall silent"


@pytest.mark.parametrize("name", NAMES)
def test_the_weights_measured_again(shared_data, name):
    model, of = checkpoints.load(name), measured(name)
    x, names = grey(shared_data, "test")
    with torch.inference_mode():
        mu, log_var = model.encode(x)
        error = (model.decode(mu).sigmoid() - x).square().mean().item()
    assert error == pytest.approx(of["squared_error"], abs=2e-5)
    if of["beta"]:
        assert vae.kl(mu, log_var).sum(1).mean().item() == pytest.approx(of["rate"], abs=0.02)
    made = vae.sample(model, torch.randn(2000, model.latent, generator=seeded(5)))
    judged = train.vae_beta.judged(made)
    assert judged["clear_digits"] == pytest.approx(of["clear_digits"], abs=0.045)
    assert judged["digits_drawn"] == pytest.approx(of["digits_drawn"], abs=0.4)
    if model.latent == 2:
        kept = checkpoints.load(f"{name}-means")
        assert (kept["means"] - mu[: len(kept["means"])]).abs().max() < 0.01
        assert kept["labels"].long().equal(names[: len(kept["labels"])])


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_judge_measured_again(shared_data):
    x, names = grey(shared_data, "test")
    model, of = checkpoints.load("classifier-mnist"), measured("classifier-mnist")
    with torch.inference_mode():
        right = (model(x[::4]).argmax(1) == names[::4]).float().mean().item()
        sure = classifier.clear(model, x[::4]).float().mean().item()
        halves = classifier.clear(model, (x[::4] + x[::4].roll(1, 0)) / 2).float().mean().item()
    assert right == pytest.approx(of["test_accuracy"], abs=0.006)
    assert sure == pytest.approx(of["clear_test_digits"], abs=0.015)
    assert halves < 0.6 * sure, "half one digit and half another is seldom clear"


def test_pca_measured_again(shared_data):
    x = grey(shared_data, "test")[0].flatten(1)
    kept = checkpoints.load("pca-mnist")
    torch.testing.assert_close(
        kept["components"] @ kept["components"].T, torch.eye(32), atol=2e-3, rtol=0
    )
    for d in (2, 8, 16, 32):
        c = kept["components"][:d]
        back = kept["mean"] + (x - kept["mean"]) @ c.T @ c
        error = (back - x).square().mean().item()
        assert error == pytest.approx(measured("pca-mnist")[str(d)]["squared_error"], abs=2e-5)
    codes = (x - kept["mean"]) @ kept["components"][:2].T / kept["std"][:2]
    assert (kept["means"] - codes[: len(kept["means"])]).abs().max() < 0.01


# The trainings.


@pytest.fixture
def two_shapes(monkeypatch) -> np.ndarray:
    """A data set of squares and bars."""
    pictures = np.zeros((400, 28, 28), np.uint8)
    pictures[::2, 8:20, 8:20], pictures[1::2, :, 14] = 250, 255
    labels = np.tile(np.arange(2), 200)
    for module in (train.classifier, train.features):
        monkeypatch.setattr(module, "mnist", lambda folder, split: (pictures, labels))
    return pictures


@pytest.mark.parametrize("name", ["vae-beta-2d-0", "vae-beta-2d-1"])
def test_training_resumes_learns_publishes_and_is_measured(
    empty_checkpoints, command, monkeypatch, two_shapes, name
):
    folder, module = empty_checkpoints, train.vae_beta
    judge = shaken(Classifier(8))
    monkeypatch.setattr(module, "config", lambda name: SMALL)
    monkeypatch.setattr(module, "SAMPLES", 60)
    load = checkpoints.load
    monkeypatch.setattr(
        checkpoints, "load", lambda name: judge if name == "classifier-mnist" else load(name)
    )
    features = train.features.Features().requires_grad_(False).eval()
    monkeypatch.setattr(train.features, "load", lambda: features)
    for steps in (150, 600, 600):
        command(module.main, name, "--run", folder, "--steps", steps)
    first, second, third = map(json.loads, (folder / name / "log.jsonl").read_text().splitlines())
    assert third["images"] == second["images"] > first["images"] > 0, "a finished run is finished"
    assert second["loss_first_1000"] < first["loss_first_1000"] < 784 * np.log(2)
    command(module.main, name, "--run", folder, "--steps", 600, "--publish")
    command(train.measure.main, name, "--data", folder, "--write")
    entry = checkpoints.MANIFEST[name]
    assert entry["made_by"].endswith("--steps 600") and entry["measured"]["squared_error"] < 0.1
    assert ("rate" in entry["measured"]) == (name[-1] == "1")
    assert checkpoints.MANIFEST[f"{name}-means"]["measured"]["digits"] > 0


def test_the_judge_s_training(empty_checkpoints, command, monkeypatch, two_shapes):
    folder, module = empty_checkpoints, train.classifier
    monkeypatch.setattr(module, "CONFIG", dict(width=8))
    for steps in (40, 200, 200):
        command(module.main, "--run", folder, "--steps", steps)
    first, second, third = map(json.loads, (folder / "log.jsonl").read_text().splitlines())
    assert third["images"] == second["images"] > first["images"] > 0
    assert second["accuracy_of_2000_training_digits"] > 0.9
    command(module.main, "--run", folder, "--steps", 200, "--publish")
    command(train.measure.main, "classifier-mnist", "--data", folder, "--write")
    assert checkpoints.MANIFEST["classifier-mnist"]["measured"]["test_accuracy"] > 0.9


def test_pca_is_made_by_its_command(empty_checkpoints, command, monkeypatch, two_shapes):
    rng = np.random.default_rng(0)
    two_shapes += rng.integers(0, 3, two_shapes.shape, np.uint8).clip(0, 255 - two_shapes)
    monkeypatch.setattr(train.pca, "SAMPLES", 60)
    monkeypatch.setattr(train.pca, "judged", lambda made: {"clear_digits": 0.5})
    monkeypatch.setattr(train.pca, "distances", lambda made, folder: {"samples": 60})
    command(train.pca.main)
    kept = checkpoints.load("pca-mnist")
    assert kept["components"].shape == (32, 784) and kept["mean"].shape == (784,)
    errors = [measured("pca-mnist")[str(d)]["squared_error"] for d in (2, 8, 16, 32)]
    assert errors == sorted(errors, reverse=True) and errors[0] < 0.01


def test_one_look_names_and_says_how_sure(monkeypatch):
    """What names and what `clear` says, of one pass: a part of a thousand is seen once."""
    x = torch.rand(1500, 1, 28, 28, generator=seeded(3))
    judge, seen = checkpoints.load("classifier-mnist"), []

    def watched(part):
        seen.append(len(part))
        return judge(part)

    monkeypatch.setattr(checkpoints, "load", lambda name: watched)
    named, sure = train.classifier.verdict(x)
    assert seen == [1000, 500]
    with torch.inference_mode():
        assert named.equal(judge(x).argmax(1))
        assert sure == classifier.clear(judge, x).float().mean()
