"""VAR: its scales add up, no grid sees a finer one, and its sampler draws from the very model."""

import itertools
import json

import pytest
import torch

import checkpoints
import train.measure
import train.var
from demos.autoregressive import scales
from models.images import noise
from models.var import (
    VAR,
    MultiScaleVQ,
    guided,
    known,
    loss,
    loss_terms,
    quantized,
    sample,
    sample_raster,
    vq_loss,
)
from train.classifier import grey
from train.var import piled

SCALES = (1, 2, 3)


def quantizer(codes: int = 5) -> MultiScaleVQ:
    torch.manual_seed(0)
    model = MultiScaleVQ(SCALES, channels=1, widths=(4, 8), codes=codes, dim=4)
    return model.eval().requires_grad_(False)


def transformer(raster: bool, vocabulary: int = 5, layout=SCALES) -> VAR:
    model = VAR(layout, vocabulary, dim=4, classes=3, width=16, blocks=2, heads=2, raster=raster)
    generator = torch.Generator().manual_seed(1)
    for p in model.parameters():
        p.data.copy_(0.5 * torch.randn(p.shape, generator=generator))
    return model.eval().requires_grad_(False)


def read_of(model: VAR, vq: MultiScaleVQ, tokens: torch.Tensor) -> torch.Tensor:
    return known(model, vq, *piled(vq, tokens))


def test_what_the_scales_lack_is_what_the_next_one_writes():
    vq = quantizer()
    f = torch.randn(6, 4, 3, 3, generator=torch.Generator().manual_seed(0))
    grids, sums = quantized(vq, f)
    assert [g.shape[1:] for g in grids] == [(s, s) for s in SCALES]
    again, sums_again = piled(vq, torch.cat([g.flatten(1) for g in grids], 1))
    assert all(torch.equal(a, b) for a, b in zip(grids, again, strict=True))
    assert torch.allclose(sums[-1], sums_again[-1], atol=1e-6)
    # The last grid is as fine as f: each of its codes is the nearest to what was left there.
    rest = (f - sums[-2]).permute(0, 2, 3, 1).reshape(-1, 1, 4)
    far = (rest - vq.codebook).square().sum(2)
    assert torch.equal(far.argmin(1).view(6, 3, 3), grids[-1])


def test_the_loss_is_made_of_its_terms_and_passes_straight_through():
    vq = quantizer().requires_grad_(True)
    x = torch.rand(4, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    reconstruction, codebook, commitment = loss_terms(vq, x)
    total = vq_loss(vq, x)
    assert torch.allclose(total, reconstruction + codebook + vq.beta * commitment)
    assert torch.allclose(codebook, commitment), "the same distances; their gradients differ"
    reconstruction.sum().backward()
    assert vq.encoder[0].weight.grad.abs().sum() > 0, "straight through"
    assert vq.codebook.grad is None or vq.codebook.grad.abs().sum() == 0


@pytest.mark.parametrize("raster", [False, True])
def test_probabilities_of_all_piles_sum_to_one(raster):
    vq, model = quantizer(3), transformer(raster, 3, (1, 2))
    vq.scales, vq.phi = (1, 2), vq.phi[:2]
    every = torch.tensor(list(itertools.product(range(3), repeat=5)))
    y = torch.zeros(len(every), dtype=torch.long)
    p = (-loss(model, y, read_of(model, vq, every), every).double()).exp()
    assert p.sum().item() == pytest.approx(1, abs=1e-5) and p.std() > 1e-5


@pytest.mark.parametrize("raster", [False, True])
def test_nothing_depends_on_what_comes_later(raster):
    vq, model = quantizer(), transformer(raster)
    tokens = torch.randint(5, (8, 14), generator=torch.Generator().manual_seed(0))
    y = torch.arange(8) % 3
    logits = model(y, read_of(model, vq, tokens))
    starts = [0, 1, 5, 14]
    for i in range(14):
        other = tokens.clone()
        other[:, i] = (other[:, i] + 1) % 5
        same = (model(y, read_of(model, vq, other)) == logits).all(2).all(0)
        first = i + 1 if raster else next(s for s in starts if s > i)
        assert same[:first].all(), f"code {i} is seen too early"
        assert first == 14 or not same[first:].all(), f"code {i} is never seen"


@pytest.mark.parametrize("guidance", [1.0, 2.5])
@pytest.mark.parametrize("raster", [False, True])
def test_the_sampler_draws_from_the_model(raster, guidance):
    """Each code is the first whose cumulative probability, by a full pass without a cache, passes its number."""
    vq, model = quantizer(), transformer(raster)
    y, u = torch.arange(6) % 3, noise((14,), range(6), "uniform")
    draw = sample_raster if raster else sample
    grids, sums = zip(*draw(model, vq, y, u, guidance, 0.8), strict=True)
    tokens = torch.cat([g.flatten(1) for g in grids], 1)
    read = read_of(model, vq, tokens)
    none = torch.full_like(y, model.classes)
    logits = guided(torch.cat([model(y, read), model(none, read)]), guidance)
    p = (logits / 0.8).softmax(2).cumsum(2)
    expected = (p <= u[..., None]).sum(2).clamp(max=4)
    near = (p - u[..., None]).abs().amin(2) < 1e-5
    assert torch.equal(tokens[~near], expected[~near]) and near.float().mean() < 0.05
    assert torch.allclose(sums[-1], piled(vq, tokens)[1][-1], atol=1e-5)
    assert len(tokens.unique()) > 2


@pytest.mark.parametrize("raster", [False, True])
def test_the_pictures_on_the_way_end_in_the_picture(raster):
    if not set(scales.MODELS) <= set(checkpoints.MANIFEST):
        pytest.skip("VAR has not been published yet")
    value = scales.write_scales("3", 5, 1.0, 1.0)
    tokens = value["lanes"][raster]["tokens"]
    frames = scales.so_far(tokens, raster)
    assert len(frames) == (71 if raster else 5)
    vq = scales.quantizer()
    whole = train.var.decoded(vq, torch.tensor([tokens]))[0]
    assert torch.allclose(frames[-1], whole, atol=1e-5)
    assert (frames[-1] - frames[0]).abs().max() > 0.5
    part = torch.tensor([tokens[:1]])
    coarse = vq.decode(vq.added(0, vq.look_up(part.view(1, 1, 1)))).clamp(0, 1)[0]
    assert torch.allclose(frames[1], coarse, atol=1e-5)


def test_the_weights_that_ship_do_as_the_manifest_says(shared_data):
    if not set(scales.MODELS) <= set(checkpoints.MANIFEST):
        pytest.skip("VAR has not been published yet")
    vq, (x, y) = scales.quantizer(), grey(shared_data, "test")
    some = slice(4000, 4400)
    tokens = train.var.codes(vq, x[some])
    error = (train.var.decoded(vq, tokens) - x[some]).square().flatten(1).mean(1)
    own = checkpoints.MANIFEST[scales.VQ]["measured"]
    spread = error.std().item() / 20
    assert error.mean().item() == pytest.approx(own["squared_error"], abs=4 * spread)
    for name in scales.MODELS:
        model, measured = checkpoints.load(name), checkpoints.MANIFEST[name]["measured"]
        with torch.inference_mode():
            nats = loss(model, y[some], read_of(model, vq, tokens), tokens)
        assert nats.mean().item() == pytest.approx(
            measured["nats_per_picture"], abs=4 * nats.std().item() / 20
        )
        assert measured["passes"] == (70 if model.raster else 4)


def test_training_learns_publishes_and_is_measured(empty_checkpoints, command, monkeypatch):
    folder, module = empty_checkpoints, train.var
    generator = torch.Generator().manual_seed(0)
    x = torch.zeros(64, 1, 28, 28)
    x[::2, :, 8:20, 8:20], x[1::2, :, :, 14] = 1, 1
    x = (x + 0.02 * torch.rand(x.shape, generator=generator)).clamp(0, 1)
    monkeypatch.setattr(module, "grey", lambda folder, split: (x, torch.arange(64) % 2))
    monkeypatch.setattr(module, "distances", lambda made, folder: {"samples": 64})
    monkeypatch.setattr(module, "SAMPLES", 20)
    load = checkpoints.load
    judge = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
    monkeypatch.setattr(
        checkpoints, "load", lambda name: judge if name == "classifier-mnist" else load(name)
    )
    small = dict(widths=(4, 8), codes=8, dim=4)
    tiny = dict(vocabulary=8, dim=4, width=16, blocks=1, heads=2)
    for name in module.CONFIGS:
        config = module.CONFIGS[name] | (small if name == module.VQ else tiny)
        monkeypatch.setitem(module.CONFIGS, name, config)
        for steps in (8, 40):
            command(module.main, name, "--run", folder, "--steps", steps)
        first, second = map(json.loads, (folder / name / "log.jsonl").read_text().splitlines())
        key = "squared_error_first_1000" if name == module.VQ else "nats_first_1000"
        assert second[key] < first[key]
        command(module.main, name, "--run", folder, "--steps", 40, "--publish")
        command(train.measure.main, name, "--data", folder, "--write")
    measured = {name: checkpoints.MANIFEST[name]["measured"] for name in module.CONFIGS}
    assert measured["var-mnist"]["passes"] == 4 and measured["var-raster-mnist"]["passes"] == 70
    assert measured["var-mnist"]["nats_per_picture"] < 70 * torch.tensor(8.0).log()
