"""The loop of both GANs: it resumes, averages, keeps moments; its random changes are what they say."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import nn

import checkpoints
import train.dcgan
import train.stylegan
from models.dcgan import Discriminator, Generator, loss_d, loss_g, sample
from models.images import noise
from models.stylegan import broadcast, path_lengths
from train import adversarial, augment


def pictures(n: int = 40) -> np.ndarray:
    """Bright squares on dark ground, at different places."""
    x = np.full((n, 64, 64, 3), 30, np.uint8)
    for k in range(n):
        x[k, 8 + k % 8 : 40 + k % 8, 12:44] = (220, 150, 90)
    return x


@pytest.mark.parametrize("name", ["dcgan", "stylegan"])
def test_training_resumes_publishes_and_keeps_moments(
    name, empty_checkpoints, command, monkeypatch
):
    module, folder = getattr(train, name), empty_checkpoints
    monkeypatch.setattr(module, "faces", lambda folder, split: pictures())
    options = ["--run", folder]
    if name == "dcgan":
        monkeypatch.setattr(module, "CONFIG", dict(latent=8, width=4))
        monkeypatch.setattr(module, "SHOWN", (0,))
    else:
        monkeypatch.setattr(module, "WIDTHS", {32: (8, 8, 8, 8)})
        options += ["--size", 32]
    for steps in (4, 10, 10):
        command(module.main, *options, "--steps", steps)
    first, second, third = map(json.loads, (folder / "log.jsonl").read_text().splitlines())
    assert third["images"] == second["images"] > first["images"] > 0, "a finished run is finished"
    side = 64 if name == "dcgan" else 32
    assert Image.open(folder / "sheet.png").size == (8 * side, 8 * side)
    command(module.main, *options, "--steps", 10, "--publish")
    entry, model = checkpoints.MANIFEST[f"{name}-faces"], checkpoints.load(f"{name}-faces")
    assert entry["data"].startswith("CelebA") and "Non-commercial" in entry["license"]
    z = noise((model.latent,), range(4))
    assert model(z).shape == (4, 3, side, side) and model(z).isfinite().all()
    if name == "dcgan":
        kept = checkpoints.load("dcgan-faces-moments")
        g = Generator(8, 4)
        g.load_state_dict(
            {k.removeprefix("0.g."): t for k, t in kept.items() if k.startswith("0.g.")},
            strict=False,
        )
        assert g(z).isfinite().all()
    else:
        w = model.mapping(noise((model.latent,), range(2000)))
        assert (w.mean(0) - model.mapping.w_avg).abs().max() < 0.3 * w.std(0).max(), (
            "the mean of w, of these weights"
        )
    weights, learned = load_file(folder / "weights.safetensors"), 0
    state = torch.load(folder / "state.pt", weights_only=True)
    for key, t in state["g"].items():
        learned += int(
            t.is_floating_point() and not torch.equal(weights[key].float(), t.half().float())
        )
    assert learned > 5, "the average is not the last state"


def test_a_changed_recipe_is_obeyed_after_a_stop(tmp_path):
    def go_on(steps: int, rate: float) -> dict:
        recipe = adversarial.Recipe(
            batch=8, rate_g=rate, rate_d=2 * rate, betas=(0.5, 0.9), half_life=100, flat=0
        )
        adversarial.fit(
            lambda: (Generator(8, 2), Discriminator(2)),
            recipe,
            tmp_path,
            0,
            torch.from_numpy(pictures(8)),
            lambda g, n, generator: g(torch.randn(n, 8, generator=generator)),
            loss_d,
            loss_g,
            look=lambda g: g(noise((8,), range(2))),
            steps=steps,
        )
        return torch.load(tmp_path / "state.pt", weights_only=True)

    go_on(10, 1e-3)
    state = go_on(20, 1e-5)
    rate_g, rate_d = (state[name]["param_groups"][0]["lr"] for name in ("adam_g", "adam_d"))
    assert 0 < rate_g < 1e-5 and rate_d == pytest.approx(2 * rate_g), "which fall towards the end"


def test_the_average_forgets_by_halves():
    mean, now = nn.Linear(1, 1).requires_grad_(False), nn.Linear(1, 1)
    nn.init.zeros_(mean.weight), nn.init.ones_(now.weight)
    for _ in range(10):  # ten steps of a tenth of the half-life
        adversarial.average(mean, now, 1 - 0.5**0.1)
    assert mean.weight.item() == pytest.approx(0.5, abs=1e-6)


def test_real_batches_are_mirrored_half_of_the_time():
    x = torch.zeros(2, 4, 4, 3, dtype=torch.uint8)
    x[:, :, 0] = 255
    drawn = adversarial.real_batch(x, 400, torch.Generator().manual_seed(0))
    assert drawn.min() == -1 and drawn.max() == 1
    left = (drawn[:, 0, 0, 0] == 1).float().mean().item()
    assert 0.4 < left < 0.6 and ((drawn[:, 0, 0, 0] == 1) ^ (drawn[:, 0, 0, 3] == 1)).all()


def test_the_losses_are_the_papers():
    real, fake = torch.randn(2, 50, generator=torch.Generator().manual_seed(0))
    d_real, d_fake = real.sigmoid(), fake.sigmoid()
    torch.testing.assert_close(loss_d(real, fake), -d_real.log().mean() - (1 - d_fake).log().mean())
    torch.testing.assert_close(loss_g(fake), -d_fake.log().mean())


def test_dcgan_is_the_size_it_says():
    g, d = Generator(), Discriminator()
    sizes = [sum(p.numel() for p in net.parameters()) for net in (g, d)]
    assert sizes == [pytest.approx(1.1e6, rel=0.03), pytest.approx(0.69e6, rel=0.03)]
    g.eval()
    z = noise((100,), range(5))
    together, alone = sample(g, z), torch.cat([sample(g, one) for one in z.split(1)])
    assert together.abs().max() <= 1
    torch.testing.assert_close(together, alone, rtol=1e-3, atol=1e-4)


# The random changes.


def test_a_shift_moves_whole_pixels_and_brings_in_black():
    x = torch.rand(60, 3, 16, 16, generator=torch.Generator().manual_seed(0)) + 1
    y = augment.shift(x, torch.Generator().manual_seed(1))
    found = set()
    for a, b in zip(x, y, strict=True):
        padded = torch.nn.functional.pad(a, (2, 2, 2, 2))
        places = [
            (i, j)
            for i in range(5)
            for j in range(5)
            if torch.equal(padded[:, i : i + 16, j : j + 16], b)
        ]
        assert len(places) == 1
        found.add(places[0])
    assert len(found) > 15 and {i for i, _ in found} == {j for _, j in found} == set(range(5))


def test_a_hole_is_at_most_half_a_side():
    x = torch.ones(100, 3, 16, 16)
    y = augment.hole(x, torch.Generator().manual_seed(1))
    assert set(y.unique().tolist()) == {0.0, 1.0}
    share = 1 - y.mean((1, 2, 3))
    assert share.max() <= 0.3 and share.max() > 0.2 and (share > 0).float().mean() > 0.9


def test_colour_changes_all_pixels_alike():
    g = torch.Generator().manual_seed(0)
    x = torch.rand(20, 3, 8, 8, generator=g) * 2 - 1
    y = augment.colour(x, torch.Generator().manual_seed(1))
    for a, b in zip(x, y, strict=True):  # an affine map of the colours, the same for all pixels
        known = torch.cat([a.flatten(1), torch.ones(1, 64)]).T
        fitted = known @ torch.linalg.lstsq(known, b.flatten(1).T).solution
        torch.testing.assert_close(fitted, b.flatten(1).T, rtol=1e-3, atol=1e-3)
    assert (y.mean((1, 2, 3)) - x.mean((1, 2, 3))).abs().max() <= 0.5 + 1e-5


def test_the_changes_let_gradients_through_and_obey_their_generator():
    x = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0)).requires_grad_()
    one, same, other = (augment.augment(x, torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, other)
    (gradient,) = torch.autograd.grad(one.square().sum(), x)
    assert (gradient.abs().sum((1, 2, 3)) > 0).all()


def test_the_path_penalty_evens_out_how_far_a_step_moves():
    """A generator whose pictures move by very different lengths, trained on the penalty alone."""
    model, g = train.stylegan.Generator(8, [8, 8], 6, 2), torch.Generator().manual_seed(0)
    model.requires_grad_(True)

    def uneven() -> float:
        ws = broadcast(model.mapping(noise((6,), range(200))), model.layers)
        x = model.synthesis(ws, model.noise())
        lengths = path_lengths(x, ws, noise(x.shape[1:], range(200, 400)))
        return (lengths.std() / lengths.mean()).item()

    before, penalty = uneven(), train.stylegan.PathPenalty(32)
    adam = torch.optim.Adam(model.parameters(), 0.03)
    for _ in range(60):
        adam.zero_grad()
        penalty(model, g).backward()
        adam.step()
    assert uneven() < 0.8 * before
    assert penalty.a.item() > 0.1, "not by standing still"
