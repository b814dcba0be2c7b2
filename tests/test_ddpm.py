"""The DDPM: its steps against diffusers' schedulers, its forward process against closed forms, its weights."""

import json

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler
from scipy import linalg

import checkpoints
import train.ddpm
import train.features
import train.measure
from models import ddpm
from models.ddpm import UNet
from models.images import noise
from train.data import mnist


def tiny(size=8, T=1000, seed=1) -> UNet:
    """A model whose guess depends on everything: the last layers, zero at first, are random too."""
    with torch.random.fork_rng():
        torch.random.manual_seed(seed)
        model = UNet(size, 1, (8, 16), T).requires_grad_(False).eval()
    generator = torch.Generator().manual_seed(seed)
    for p in model.parameters():
        scale = 0.1 if p.dim() < 2 else 1.0 / p[0].numel() ** 0.5
        p.add_(scale * torch.randn(p.shape, generator=generator))
    return model


def start(model: UNet, seeds) -> torch.Tensor:
    return noise((model.channels, model.size, model.size), seeds)


@pytest.mark.parametrize("steps", [1, 4, 25, 50])
@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_ddim_steps_are_those_of_diffusers(steps, eta):
    """Step by step, from the same x, with the same noise: x, and the clean picture behind it."""
    model = tiny()
    scheduler = DDIMScheduler(1000, 1e-4, 0.02, set_alpha_to_one=True, timestep_spacing="trailing")
    scheduler.set_timesteps(steps)
    assert scheduler.timesteps.tolist() == ddpm.times(1000, steps)
    x, rolls = start(model, [1, 2]), [start(model, [100 + k, 200 + k]) for k in range(steps)]
    expected = x
    states = ddpm.sample(model, x, steps, eta, rolls.__getitem__)
    for k, (t, (x, guess, x_0)) in enumerate(zip(scheduler.timesteps, states, strict=True)):
        with torch.inference_mode():
            out = model(expected, t.expand(2))
        torch.testing.assert_close(guess, out, rtol=0, atol=1e-5)
        # The clamped picture's own noise, as our sampler has it, is the scheduler's use_clipped_model_output.
        step = scheduler.step(
            out, t, expected, eta=eta, use_clipped_model_output=True, variance_noise=rolls[k]
        )
        last = k == steps - 1
        if not (
            last and eta
        ):  # diffusers rolls once more at the very end, with a variance of nearly 0
            torch.testing.assert_close(x, step.prev_sample, rtol=0, atol=1e-5)
        torch.testing.assert_close(x_0, step.pred_original_sample, rtol=0, atol=1e-5)
        expected = x


@pytest.mark.parametrize("steps", [10, 50, 1000])
def test_ancestral_steps_are_those_of_diffusers(steps):
    """eta = 1 is DDPM with the smaller of the paper's two variances."""
    model = tiny()
    scheduler = DDPMScheduler(
        1000, 1e-4, 0.02, variance_type="fixed_small", timestep_spacing="trailing"
    )
    scheduler.set_timesteps(steps)
    # Its own table is in single precision, which near t = 0 leaves three digits of 1 - alpha_bar.
    torch.testing.assert_close(
        scheduler.alphas_cumprod, model.alpha_bar.float(), rtol=1e-4, atol=1e-7
    )
    scheduler.alphas_cumprod = model.alpha_bar
    x = start(model, [5])
    states = ddpm.sample(model, x, steps, 1.0, lambda k: start(model, [k]))
    for k, (t, (after, _, x_0)) in enumerate(zip(scheduler.timesteps, states, strict=True)):
        with torch.inference_mode():
            out = model(x, t.expand(1))
        mean = scheduler.step(out, t, x, generator=torch.Generator().manual_seed(0))
        torch.testing.assert_close(x_0, mean.pred_original_sample, rtol=0, atol=1e-5)
        if t > 0:
            rolled = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
            spread = scheduler._get_variance(t).sqrt()
            wanted = mean.prev_sample + spread * (start(model, [k]) - rolled)
            torch.testing.assert_close(after, wanted, rtol=0, atol=1e-5)
        else:
            torch.testing.assert_close(after, mean.prev_sample, rtol=0, atol=1e-5)
        x = after


def test_noising_is_that_of_diffusers_and_keeps_the_variance():
    model, t = tiny(), torch.tensor([0, 500, 999])
    x_0, epsilon = start(model, [1, 2, 3]), start(model, [4, 5, 6])
    expected = DDPMScheduler(1000, 1e-4, 0.02).add_noise(x_0, epsilon, t)
    torch.testing.assert_close(ddpm.diffuse(model, x_0, t, epsilon), expected, rtol=0, atol=1e-5)
    many = noise((1, 8, 8), range(3000))
    spread = ddpm.diffuse(model, many[:1500], torch.full((1500,), 300), many[1500:]).var()
    assert spread.item() == pytest.approx(1, abs=0.03)  # white in, white out, at every time
    assert model.alpha_bar[-1] < 1e-4 and model.alpha_bar[0] > 0.999


def test_a_perfect_guess_brings_the_picture_back():
    """With the true noise as the guess every path ends at x_0, whatever the number of steps (DDIM, eta = 0)."""

    class Oracle(UNet):
        def forward(self, x, t):
            a = self.alpha_bar[t].view(-1, 1, 1, 1)
            return ((x - a.sqrt() * x_0) / (1 - a).sqrt()).float()

    x_0 = start(tiny(), [7, 8]).clamp(-1, 1)
    for steps in (1, 3, 10):
        model = Oracle(8, 1, (8, 16))
        x = ddpm.diffuse(
            model, x_0, torch.full((2,), ddpm.times(1000, steps)[0]), start(model, [1, 2])
        )
        *_, (x, _, guess) = ddpm.sample(model, x, steps)
        torch.testing.assert_close(x, x_0, rtol=0, atol=1e-4)
        torch.testing.assert_close(guess, x_0, rtol=0, atol=1e-4)


def test_the_loss_is_the_squared_error_of_the_guess():
    model, x_0 = tiny(), start(tiny(), [3, 4]).clamp(-1, 1)
    g = torch.Generator().manual_seed(5)
    t = torch.randint(1000, (2,), generator=g)
    epsilon = torch.randn(x_0.shape, generator=g)
    guess = model(ddpm.diffuse(model, x_0, t, epsilon), t)
    expected = torch.stack([((a - b) ** 2).mean() for a, b in zip(guess, epsilon, strict=True)])
    got = ddpm.loss(model, x_0, torch.Generator().manual_seed(5))
    torch.testing.assert_close(got, expected)
    assert not torch.allclose(ddpm.loss(model, x_0, torch.Generator().manual_seed(6)), expected)


def test_the_network_knows_the_time_and_treats_each_picture_alone():
    model, x = tiny(), start(tiny(), [1, 2])
    with torch.inference_mode():
        both = model(x, torch.tensor([10, 900]))
        for k, t in enumerate((10, 900)):
            torch.testing.assert_close(model(x[k : k + 1], torch.tensor([t])), both[k : k + 1])
        assert (model(x[:1], torch.tensor([900])) - both[:1]).abs().max() > 0.01


def test_samples_follow_their_own_noise():
    model = tiny()

    def draw(seeds, eta):
        roll = lambda k: noise((1, 8, 8), [1000 * (k + 1) + s for s in seeds])  # noqa: E731
        *_, (x, _, _) = ddpm.sample(model, start(model, seeds), 5, eta, roll)
        return x

    for eta in (0.0, 1.0):
        together = draw([1, 2], eta)
        torch.testing.assert_close(draw([2], eta), together[1:], rtol=0, atol=1e-5)
        assert (together[0] - together[1]).abs().max() > 0.1
    assert (draw([1], 0.0) - draw([1], 1.0)).abs().max() > 0.01


@pytest.mark.parametrize("steps", [0, -1, 1001, 10_000])
def test_impossible_steps_are_refused(steps):
    with pytest.raises(ValueError, match="1 to 1000"):
        ddpm.times(1000, steps)


# Measuring and training.


def test_frechet_is_the_closed_form():
    g = torch.Generator().manual_seed(0)
    mix = torch.randn(6, 6, generator=g)
    a, b = torch.randn(900, 6, generator=g) @ mix, 2 * torch.randn(700, 6, generator=g) + 1
    root = linalg.sqrtm(a.T.cov().double().numpy() @ b.T.cov().double().numpy()).real
    expected = (a.mean(0) - b.mean(0)).square().sum() + a.T.cov().trace() + b.T.cov().trace()
    expected = expected.item() - 2 * root.trace()
    assert train.features.frechet(a, b) == pytest.approx(expected, rel=1e-5)
    assert train.features.frechet(a, a) == pytest.approx(0, abs=1e-6)
    assert train.features.frechet(a, a + 3) == pytest.approx(
        6 * 9, rel=1e-4
    )  # a shift of the mean alone


def test_the_features_know_digits(shared_data):
    grey, names = mnist(shared_data, "test")
    x = torch.from_numpy(grey[:2000]).float()[:, None] / 255
    features = train.features.load()
    right = (features.names(features(x)).argmax(1) == torch.from_numpy(names[:2000])).float().mean()
    wanted = checkpoints.MANIFEST["features-mnist"]["measured"]["test_accuracy"]
    assert right.item() == pytest.approx(wanted, abs=0.02) and wanted > 0.98


def test_training_resumes_learns_publishes_and_is_measured(
    empty_checkpoints, command, monkeypatch, capsys
):
    folder = empty_checkpoints
    grey = np.zeros((500, 28, 28), np.uint8)
    grey[::2, 8:20, 8:20], grey[1::2, :, 14] = 250, 255
    small = dict(size=28, channels=1, widths=(8, 16))
    monkeypatch.setattr(train.ddpm, "CONFIG", small)
    monkeypatch.setattr(train.ddpm, "mnist", lambda folder, split: (grey, np.zeros(500)))
    monkeypatch.setattr(train.ddpm, "SAMPLES", 4)
    monkeypatch.setattr(train.ddpm, "STEPS", (5,))
    features = train.features.Features().requires_grad_(False).eval()
    monkeypatch.setattr(train.features, "load", lambda: features)
    monkeypatch.setattr(train.features, "mnist", train.ddpm.mnist)
    for steps in (15, 45, 45):
        command(train.ddpm.main, "--run", folder, "--steps", steps)
    first, second, third = map(json.loads, (folder / "log.jsonl").read_text().splitlines())
    assert third["images"] == second["images"] > first["images"] > 0, "a finished run is finished"
    assert (
        second["middle"] < first["middle"] < 1.1
    )  # 1: the error of guessing that there is no noise

    command(train.ddpm.main, "--run", folder, "--steps", 45, "--publish")
    command(train.measure.main, "ddpm-mnist", "--data", folder, "--write")
    measured = checkpoints.MANIFEST["ddpm-mnist"]["measured"]
    assert measured["samples"] == 4 and measured["frechet_ddim_5"] > 0
