"""The models of binary pixels: what each may see, that it is a distribution, and that it is sampled exactly."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import checkpoints
import train.autoregressive
import train.measure
from demos.autoregressive import family
from models import gated_pixelcnn, pixel_gpt, pixelcnn, pixelrnn
from models.autoregressive import dependence, loss, sample_naive
from models.image_gpt import ImageGPT, sample
from models.images import noise
from models.pixelrnn import skew, unskew
from train.data import binary_mnist

KINDS = {
    "pixelcnn": (
        lambda n: pixelcnn.PixelCNN(n, width=8, inner=6, blocks=2, k_first=5, k=3),
        pixelcnn.sample,
    ),
    "gated": (
        lambda n: gated_pixelcnn.GatedPixelCNN(n, 6, layers=2, k_first=7, k=5, hidden=8),
        gated_pixelcnn.sample,
    ),
    "row": (
        lambda n: pixelrnn.PixelRNN("row", n, h=4, layers=2, k=5, hidden=8),
        pixelrnn.sample,
    ),
    "diagonal": (
        lambda n: pixelrnn.PixelRNN("diagonal", n, h=4, layers=2, k=5, hidden=8),
        pixelrnn.sample,
    ),
    "gpt": (lambda n: pixel_gpt.PixelGPT(n, width=16, blocks=2, heads=2), pixel_gpt.sample),
}
WHOLE_PAST = {"gated", "diagonal", "gpt"}


def tiny(kind: str, size: int, seed: int = 0) -> nn.Module:
    """A model in which every parameter matters: biases, positions and last layers are random too."""
    model = KINDS[kind][0](size).requires_grad_(False).eval()
    generator = torch.Generator().manual_seed(seed)
    for p in model.parameters():
        scale = 0.5 if p.dim() < 2 else 1.4 / p[0].numel() ** 0.5
        p.copy_(scale * torch.randn(p.shape, generator=generator))
    return model


@pytest.mark.parametrize("kind", KINDS)
def test_no_pixel_moves_an_earlier_prediction(kind):
    n = 7
    model = tiny(kind, n)
    x = (noise((1, n, n), range(16), "uniform") < 0.5).float()
    for i in range(n * n):
        strength = dependence(model, *divmod(i, n), x).flatten()
        assert not strength[i:].any(), f"pixel {i} sees what is to come"
        if kind in WHOLE_PAST:
            assert (strength[:i] > 0).all(), f"pixel {i} does not see all its past"
        else:
            assert i == 0 or (strength[:i] > 0).any()


def test_what_a_row_lstm_sees_is_a_triangle():
    """Each row up, one place more to the right: Figure 4 of the paper. Mask A adds its own reach at the start."""
    n, row, col = 12, 11, 2
    model = pixelrnn.PixelRNN("row", n, h=4, layers=1, k=3, hidden=8).requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    for p in model.parameters():
        p.copy_(torch.randn(p.shape, generator=generator) / p[0].numel() ** 0.5)
    x = (noise((1, n, n), range(16), "uniform") < 0.5).float()
    seen = dependence(model, row, col, x) > 0
    for up in range(1, row + 1):
        furthest = int(seen[row - up].nonzero().max())
        assert furthest == min(n - 1, col + up), "one of them is mask A's"


@pytest.mark.parametrize("kind", KINDS)
def test_probabilities_of_all_pictures_sum_to_one(kind):
    model = tiny(kind, 3)
    x = torch.tensor(list(itertools.product((0.0, 1.0), repeat=9))).view(-1, 1, 3, 3)
    p = (-loss(model, x).double()).exp()
    assert p.sum().item() == pytest.approx(1, abs=1e-5)
    assert p.std() > 1e-4, "all alike: nothing is learned from the past"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_the_cached_sampler_draws_what_the_naive_one_draws(kind, temperature):
    n = 6
    model, u = tiny(kind, n), noise((1, n, n), range(9), "uniform")
    given = torch.full_like(u, -1.0)
    given[3:6, 0, 0] = 1.0  # three pictures with pixels given, here and there
    given[3:6, 0, 3, ::2] = 0.0
    *_, naive = sample_naive(model, u, given, temperature)
    states = list(KINDS[kind][1](model, u, given, temperature))
    # They may part ways only at a pixel where |u - p| is rounding.
    p = torch.sigmoid(model(naive) / temperature)
    tied = ((u - p).abs() < 1e-6).flatten(1).any(1)
    assert torch.equal(states[-1][~tied], naive[~tied]) and int(tied.sum()) < 2
    assert given[3:6].ge(0).any() and torch.equal(states[-1][3:6, 0, 0], given[3:6, 0, 0])
    for state in states:
        assert set(state.unique().tolist()) <= {-1.0, 0.0, 1.0}
    assert len({str(picture.tolist()) for picture in naive}) > 3, "the dice do not matter"


@pytest.mark.parametrize("kind", KINDS)
def test_given_everything_nothing_is_drawn(kind):
    x = (noise((1, 5, 5), range(3), "uniform") < 0.5).float()
    *_, same = KINDS[kind][1](tiny(kind, 5), torch.zeros_like(x), x)
    assert torch.equal(same, x)


def test_skew_and_back():
    x = torch.arange(2 * 12.0).view(1, 2, 3, 4)
    skewed = skew(x)
    assert skewed.shape == (1, 2, 3, 6) and torch.equal(unskew(skewed), x)
    assert skewed[0, 0].tolist() == [[0, 1, 2, 3, 0, 0], [0, 4, 5, 6, 7, 0], [0, 0, 8, 9, 10, 11]]


def test_pixels_of_image_gpt_are_its_tokens():
    """Written for pixels or for tokens, it is one model."""
    model = tiny("gpt", 4)
    x = (noise((1, 4, 4), range(5), "uniform") < 0.5).float()
    tokens = ImageGPT.forward(model, x.flatten(1).long(), torch.zeros(5, dtype=torch.long))
    assert torch.allclose(model(x).flatten(1), tokens[..., 1] - tokens[..., 0], atol=1e-5)
    # One chooses ink below p(ink), the other above p(paper), so their uniform numbers mirror each other.
    u = noise((1, 4, 4), range(5), "uniform")
    *_, drawn = pixel_gpt.sample(model, u)
    chosen = [t for t, _ in sample(model, torch.zeros(5, dtype=torch.long), 1 - u.flatten(1))]
    assert torch.equal(torch.stack(chosen, 1).float(), drawn.flatten(1))


def test_image_gpt_is_that_of_transformers():
    """Its ImageGPT with our weights, token before the first one and all, gives our logits."""
    from transformers import ImageGPTConfig, ImageGPTForCausalImageModeling

    ours, n = tiny("gpt", 4), 16
    config = ImageGPTConfig(
        vocab_size=3,  # paper, ink, and the token in front
        n_positions=n,
        n_embd=16,
        n_layer=2,
        n_head=2,
        resid_pdrop=0,
        embd_pdrop=0,
        attn_pdrop=0,
    )
    theirs = ImageGPTForCausalImageModeling(config).eval().requires_grad_(False)
    t = theirs.transformer
    t.wte.weight.copy_(torch.cat([ours.token.weight, ours.start.weight[:1]]))
    t.wpe.weight.copy_(ours.place)
    for block, own in zip(t.h, ours.blocks, strict=True):
        block.ln_1.weight.copy_(own.norm1.weight)
        block.ln_2.weight.copy_(own.norm2.weight)
        for conv, linear in (
            (block.attn.c_attn, own.attention.qkv),
            (block.attn.c_proj, own.attention.out),
            (block.mlp.c_fc, own.into),
            (block.mlp.c_proj, own.out),
        ):
            conv.weight.copy_(linear.weight.T)
            conv.bias.copy_(linear.bias)
    t.ln_f.weight.copy_(ours.norm.weight)
    theirs.lm_head.weight.copy_(ours.head.weight)
    x = (noise((1, 4, 4), range(5), "uniform") < 0.5).float()
    tokens = torch.cat([torch.full((5, 1), 2), x.flatten(1)[:, :-1].long()], 1)
    logits = theirs(tokens).logits
    assert torch.allclose(logits[..., 1] - logits[..., 0], ours(x).flatten(1), atol=1e-5)


@pytest.mark.parametrize("title", family.FAMILY)
def test_the_weights_that_ship_do_as_the_manifest_says(title, shared_data):
    if title not in family.there():
        pytest.skip(f"{title} has not been published yet")
    model, measured = family.load(title), family.measured(title)
    x = torch.from_numpy(binary_mnist(shared_data, "test")[5000:5200]).float()[:, None]
    with torch.inference_mode():
        nats = loss(model, x)
    error = nats.std().item() / len(x) ** 0.5
    assert nats.mean().item() == pytest.approx(measured["nats_per_image"], abs=4 * error)
    assert measured["trained"] == train.autoregressive.KINDS[family.FAMILY[title].name].bits
    u = noise((1, 28, 28), [0, 1], "uniform")
    drawn = family.finished(title, u)
    p = torch.sigmoid(family.logits(title, drawn))
    clear = (u - p).abs() > 1e-5
    assert torch.equal(drawn[clear], (u < p).float()[clear]), "drawn by another model"
    assert dependence(model, 14, 14, (u < 0.5).float()).flatten()[14 * 28 + 14 :].sum() == 0


@pytest.mark.parametrize("name", [n for n in train.autoregressive.KINDS if n != "pixelcnn-mnist"])
def test_training_learns_publishes_and_is_measured(name, empty_checkpoints, command, monkeypatch):
    folder, module = empty_checkpoints, train.autoregressive
    grey = np.zeros((64, 28, 28), np.uint8)
    grey[::2, 8:20, 8:20], grey[1::2, :, 14] = 250, 255
    small = {
        "pixelcnn-static-mnist": dict(width=8, inner=4, blocks=1),
        "gated-pixelcnn-mnist": dict(width=4, layers=1, hidden=8),
        "row-lstm-mnist": dict(h=4, layers=1, hidden=8),
        "diagonal-bilstm-mnist": dict(h=4, layers=1, hidden=8),
        "pixel-gpt-mnist": dict(width=16, blocks=1, heads=2),
    }[name]
    kind = module.KINDS[name]
    monkeypatch.setitem(module.KINDS, name, replace(kind, config=kind.config | small, batch=8))
    monkeypatch.setattr(module, "mnist", lambda folder, split: (grey, np.zeros(64)))
    monkeypatch.setattr(module, "binary_mnist", lambda folder, split: grey // 128)
    for steps in (6, 60):
        command(module.main, name, "--run", folder, "--steps", steps)
    first, second = map(json.loads, (folder / name / "log.jsonl").read_text().splitlines())
    assert second["nats_first_1000"] < first["nats_first_1000"]
    command(module.main, name, "--run", folder, "--steps", 60, "--publish")
    command(train.measure.main, name, "--data", folder, "--write")
    measured = checkpoints.MANIFEST[name]["measured"]
    assert measured["nats_per_image"] == pytest.approx(second["nats_first_1000"], rel=0.02)
    assert ("static" in checkpoints.MANIFEST[name]["data"]) == (measured["trained"] == "static")
