"""The VQ-VAE: its terms by hand, the gradient past argmin, how far a code reaches; its weights and its training."""

import json

import numpy as np
import pytest
import torch

import checkpoints
import train.measure
import train.vqvae
from models import vqvae
from models.images import noise
from models.vqvae import VQVAE

NAME = "vqvae-mnist"
SMALL = dict(channels=1, widths=(4, 8), codes=6, dim=3)


def tiny(seed: int = 0, **config) -> VQVAE:
    """With weights from a generator of its own."""
    model = VQVAE(**SMALL | config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, generator=generator) / max(1, p[0].numel()) ** 0.5)
    return model


def some(n: int = 3, channels: int = 1, side: int = 28) -> torch.Tensor:
    return noise((channels, side, side), range(n), "uniform")


# The codes.


def test_the_nearest_code_is_that_of_a_search_through_all():
    model, z = tiny(codes=40), noise((3, 5, 7), range(4))
    got = vqvae.nearest(model, z)
    for b in range(4):
        for i in range(5):
            for j in range(7):
                apart = [(z[b, :, i, j] - e).norm().item() for e in model.codebook]
                assert apart[got[b, i, j]] == pytest.approx(min(apart), rel=1e-5)
    assert len(got.unique()) > 10
    torch.testing.assert_close(model.look_up(got)[2, :, 3, 4], model.codebook[got[2, 3, 4]])


def test_the_three_terms_by_hand(monkeypatch):
    """Two codes of two numbers, one place: E(x) = (1, 2) is next to (1, 1), and far from (4, 2)."""
    model = tiny(codes=2, dim=2)
    with torch.no_grad():
        model.codebook.copy_(torch.tensor([[4.0, 2.0], [1.0, 1.0]]))
    z = torch.tensor([1.0, 2.0]).view(1, 2, 1, 1)
    monkeypatch.setattr(model, "encode", lambda x: z)
    monkeypatch.setattr(model, "decode", lambda e: e.sum(1, keepdim=True))  # D(e_k) = 2
    x = torch.full((1, 1, 1, 1), 5.0)
    terms = [t.item() for t in vqvae.loss_terms(model, x)]
    assert terms == [9.0, 1.0, 1.0]  # (5 - 2)^2, and (2 - 1)^2 twice
    assert vqvae.loss(model, x).item() == 9 + 1 + 0.25 * 1
    model.beta = 2
    assert vqvae.loss(model, x).item() == 9 + 1 + 2 * 1


def test_each_term_teaches_its_own_part():
    """D and E by the first, the codebook by the second alone, E by the third."""
    model, x = tiny(), some()

    def taught(term: torch.Tensor) -> set[str]:
        found = torch.autograd.grad(
            term.sum(), [*model.parameters()], retain_graph=True, allow_unused=True
        )
        names = [name.split(".")[0] for name, _ in model.named_parameters()]
        return {
            name
            for name, g in zip(names, found, strict=True)
            if g is not None and g.abs().max() > 0
        }

    terms = vqvae.loss_terms(model, x)
    assert list(map(taught, terms)) == [{"encoder", "decoder"}, {"codebook"}, {"encoder"}]


def test_the_gradient_goes_straight_through():
    z, e = noise((3, 2, 2), [0]).requires_grad_(), noise((3, 2, 2), [1]).requires_grad_()
    passed = vqvae.straight_through(z, e)
    torch.testing.assert_close(passed, e)
    weight = noise((3, 2, 2), [2])
    (passed.square() * weight).sum().backward()
    torch.testing.assert_close(z.grad, 2 * e.detach() * weight)  # that at e_k, number by number
    assert e.grad is None


@pytest.mark.parametrize(
    ("config", "side"), [({}, 28), (dict(channels=3, widths=(4, 4, 8)), 64)], ids=["digit", "face"]
)
def test_shapes_and_range(config, side):
    model = tiny(**config)
    x = some(2, config.get("channels", 1), side)
    z = model.encode(x)
    grid = side >> model.halvings
    assert z.shape == (2, 3, grid, grid)
    assert model.decode(z).shape == x.shape
    assert not model.decode(z).equal(model.decode(2 * z))


@pytest.mark.parametrize("place", [(0, 0), (3, 3), (6, 2)])
def test_how_far_a_code_reaches(place):
    """Three places each way in the grid, then two enlargements: nothing outside, something at the rim."""
    model = tiny(widths=(8, 16))
    e = noise((3, 7, 7), [5]).requires_grad_()
    reached = torch.zeros(28, 28, dtype=torch.bool)
    picture = model.decode(e)[0, 0]
    weights = noise((28, 28), range(6))  # of pixels: one sum could cancel
    for w in weights:
        for i in range(28):
            (g,) = torch.autograd.grad((picture[i] * w[i]).sum(), e, retain_graph=True)
            reached[i] |= g[0, :, *place].abs().max() > 0
    rows = reached[:, 0].nonzero()[:, 0]
    low, high = max(0, 4 * (place[0] - 3) - 3), min(28, 4 * (place[0] + 3) + 7)
    assert (rows.min().item(), rows.max().item() + 1) == (low, high)


def test_an_exchanged_code_changes_nothing_out_of_its_reach():
    model = tiny(widths=(8, 16)).requires_grad_(False)
    k = torch.randint(6, (1, 7, 7), generator=torch.Generator().manual_seed(1))
    other = k.clone()
    other[0, 0, 6] = (k[0, 0, 6] + 1) % 6
    apart = (model.decode(model.look_up(k)) - model.decode(model.look_up(other)))[0, 0].abs()
    assert apart[:19, 9:].max() > 1e-3
    apart[:19, 9:] = 0
    assert apart.max() == 0


def test_unused_codes_are_put_where_the_encoder_is():
    model, z = tiny(), noise((3, 2, 2), range(3))
    before = model.codebook.detach().clone()
    unused = torch.tensor([False, True, False, True, False, False])
    vqvae.revive(model, unused, z, torch.Generator().manual_seed(0))
    assert model.codebook[~unused].equal(before[~unused])
    flat = z.permute(0, 2, 3, 1).reshape(-1, 3)
    for e in model.codebook[unused]:
        assert (flat == e).all(1).any()
    assert not model.codebook[1].equal(before[1])
    again = tiny()
    vqvae.revive(again, unused, z, torch.Generator().manual_seed(1))
    assert not again.codebook.equal(model.codebook), "the generator decides"


# What is measured.


def test_perplexity_counts_codes_used_alike():
    assert train.vqvae.perplexity(torch.arange(8).repeat(3), 128) == pytest.approx(8)
    assert train.vqvae.perplexity(torch.zeros(5, dtype=torch.long), 128) == pytest.approx(1)
    half = torch.tensor([0, 0, 1, 2])  # entropy 1.5 bits
    assert train.vqvae.perplexity(half, 4) == pytest.approx(2**1.5)


def test_a_portrait_is_the_mean_of_what_is_around_a_code():
    back = noise((1, 28, 28), range(3), "uniform")
    k = torch.zeros(3, 7, 7, dtype=torch.long)
    k[0, 2, 3] = k[2, 4, 4] = 1
    counts, means = train.vqvae.portraits(k, back, 3)
    assert counts.tolist() == [145, 2, 0] and means.shape == (3, 1, 12, 12)
    around = back[0, :, 4:16, 8:20] + back[2, :, 12:24, 12:24]
    torch.testing.assert_close(means[1], around / 2)
    assert means[2].abs().max() == 0


# The weights that ship.


def test_the_manifest_meets_the_goals():
    measured = checkpoints.MANIFEST[NAME]["measured"]
    assert measured["codes_used"] >= 0.95 and measured["test_images"] == 10_000
    assert measured["frechet_reconstructions"] < measured["frechet_training_digits"]
    kept = checkpoints.load(f"{NAME}-codes")
    assert kept["counts"].sum() == 49 * 10_000 and (kept["counts"] > 0).float().mean() >= 0.95
    assert train.vqvae.perplexity(
        torch.arange(128).repeat_interleave(kept["counts"].long()), 128
    ) == pytest.approx(measured["perplexity"], abs=0.06)


def test_the_weights_measured_again(shared_data):
    """On every tenth test digit."""
    model, measured = checkpoints.load(NAME), checkpoints.MANIFEST[NAME]["measured"]
    x = train.vqvae.pictures(NAME, shared_data, "test")[::10]
    k = train.vqvae.codes(model, x)
    back = train.vqvae.decoded(model, k)
    error = (back - x.float() / 255).square().mean().item()
    assert error == pytest.approx(measured["squared_error"], rel=0.05)
    assert k.unique().numel() >= 0.95 * model.codes
    counts, means = train.vqvae.portraits(k, back, model.codes)
    kept = checkpoints.load(f"{NAME}-codes")
    often = counts > 200
    share = counts[often] / counts.sum() / (kept["counts"][often] / kept["counts"].sum())
    assert share.min() > 0.75 and share.max() < 1.3
    apart = (means - kept["portraits"].float() / 255)[often].abs().mean((1, 2, 3))
    assert apart.max() < 0.03


def test_training_resumes_learns_publishes_and_is_measured(empty_checkpoints, command, monkeypatch):
    folder = empty_checkpoints
    grey = np.zeros((60, 1, 28, 28), np.float32)
    grey[::2, :, 8:20, 8:20], grey[1::2, :, :, 14] = 1, 1
    x = torch.from_numpy(grey)
    monkeypatch.setattr(train.vqvae, "CONFIGS", {NAME: SMALL})
    monkeypatch.setattr(train.vqvae, "EVERY", 10)
    monkeypatch.setattr(train.vqvae, "grey", lambda folder, split: (x, torch.arange(60) % 10))
    monkeypatch.setattr(train.vqvae, "distances", lambda made, folder: {"samples": 60})
    for steps in (20, 60, 60):
        command(train.vqvae.main, NAME, "--run", folder, "--steps", steps)
    log = (folder / NAME / "log.jsonl").read_text().splitlines()
    first, second, third = map(json.loads, log)
    assert third["images"] == second["images"] == 60 * 64, "a finished run is finished"
    assert second["squared_error_first_500"] < first["squared_error_first_500"]
    command(train.vqvae.main, NAME, "--run", folder, "--steps", 60, "--publish")
    command(train.measure.main, NAME, "--data", folder, "--write")
    entry, kept = checkpoints.MANIFEST[NAME], checkpoints.load(f"{NAME}-codes")
    assert entry["made_by"].endswith("--steps 60") and "MNIST" in entry["license"]
    assert entry["measured"]["squared_error"] == pytest.approx(
        second["squared_error_first_500"], rel=0.05
    )
    assert kept["counts"].sum() == 60 * 49 and kept["portraits"].shape == (6, 1, 12, 12)
