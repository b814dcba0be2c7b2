"""The PixelCNN: what its pixels may see, that it is a distribution, and that it is sampled exactly."""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats

import checkpoints
import train.autoregressive
import train.measure
from models.autoregressive import loss, sample_naive
from models.images import noise
from models.pixelcnn import PixelCNN, mask, receptive_field, sample
from train.data import binary_mnist


@pytest.fixture(scope="module")
def shipped() -> PixelCNN:
    return checkpoints.load("pixelcnn-mnist")


def tiny(size=4, k_first=5, k=3, blocks=2, width=8, inner=6, seed=0) -> PixelCNN:
    """A model in which every parameter matters: biases, positions and last layers are random too."""
    model = PixelCNN(size, width, inner, blocks, k_first, k).requires_grad_(False).eval()
    generator = torch.Generator().manual_seed(seed)
    for p in model.parameters():
        scale = 0.7 if p.dim() < 4 else 1.4 / p[0].numel() ** 0.5
        p.copy_(scale * torch.randn(p.shape, generator=generator))
    return model


def uniforms(model: PixelCNN, seeds) -> torch.Tensor:
    return noise((1, model.size, model.size), seeds, "uniform")


def draw(model: PixelCNN, seeds, x=None, temperature=1.0, how=sample) -> torch.Tensor:
    *_, x = how(model, uniforms(model, seeds), x, temperature)
    return x


def all_pictures(size: int) -> torch.Tensor:
    bits = itertools.product((0.0, 1.0), repeat=size * size)
    return torch.tensor(list(bits)).view(-1, 1, size, size)


def ties(model, u, a, b, temperature=1.0) -> int:
    """How many pictures of a and b part ways. They may do so only at a pixel where |u - p| < 1e-6."""
    p = torch.sigmoid(model(a) / temperature)
    parted = [
        (i, (a[i] != b[i]).flatten().nonzero()[0].item())
        for i in range(len(a))
        if not a[i].equal(b[i])
    ]
    for i, pixel in parted:  # the past of the first such pixel is the same in both
        assert abs(u[i].flatten()[pixel] - p[i].flatten()[pixel]) < 1e-6, (i, pixel)
    return len(parted)


def test_mask():
    assert mask("A", 3).tolist() == [[1, 1, 1], [1, 0, 0]]
    assert mask("B", 3).tolist() == [[1, 1, 1], [1, 1, 0]]
    assert mask("B", 1).tolist() == [[1]]


# What a pixel may see.


@pytest.mark.parametrize("which", ["shipped", "random", "wide"])
def test_no_pixel_sees_itself_or_the_future(which, shipped):
    model = shipped if which == "shipped" else tiny(7, *((7, 5) if which == "wide" else (5, 3)))
    n = model.size
    x = torch.rand((1, 1, n, n), generator=torch.Generator().manual_seed(1)).round()
    some = range(1, n * n) if n < 28 else [1, 27, 28, 29, 300, 391, 405, 420, 447, 600, 782, 783]
    for i in some:
        x.requires_grad_()
        (gradient,) = torch.autograd.grad(model(x).flatten()[i], x)
        x.requires_grad_(False)
        past, rest = gradient.flatten()[:i], gradient.flatten()[i:]
        assert not rest.any(), i
        assert past.any(), i
        flipped = x.clone().flatten()
        flipped[i:] = 1 - flipped[i:]
        with torch.inference_mode():
            change = (model(flipped.view_as(x)) - model(x)).flatten().abs()
        assert change[: i + 1].max() < 1e-5, i
    if n < 28:
        assert change[0] == 0 and (model(1 - x) - model(x)).abs().max() > 0.1


def test_receptive_field_is_the_theoretical_one():
    model, (row, col) = tiny(11, 7, 5, blocks=3, width=12, inner=12), (8, 4)
    x = torch.rand((6, 1, 11, 11), generator=torch.Generator().manual_seed(2)).round()
    expected = torch.zeros(11, 11, dtype=torch.bool)

    def taps(kind, k, r, c):
        for up, side in mask(kind, k).nonzero().tolist():
            at = r + up - k // 2, c + side - k // 2
            if min(at) >= 0 and max(at) < 11:
                yield at

    reads = {(row, col)}  # features that the layer reads, from the top down to mask A
    for depth in range(4):
        expected[:] = False
        for r, c in reads:
            for at in taps("A", 7, r, c):
                expected[at] = True
        field = receptive_field(model, depth, row, col, x)
        assert field.shape == (11, 11) and (field >= 0).all()
        assert (field > 0).equal(expected), depth
        assert not field.flatten()[row * 11 + col :].any()
        reads = {at for r, c in reads for at in taps("B", 5, r, c)}
    assert not receptive_field(model, 0, 0, 0, x).any()
    for depth in (-1, 4):
        with pytest.raises(ValueError, match="0 to 3"):
            receptive_field(model, depth, row, col, x)


def test_receptive_field_of_the_shipped_weights_grows(shipped):
    x = draw(shipped, [1, 2])
    fields = [receptive_field(shipped, depth, 14, 14, x) > 0 for depth in (0, 1, 5, 10)]
    for shallow, deep in itertools.pairwise(fields):
        assert (deep | ~shallow).all() and deep.sum() > shallow.sum()


# A distribution.


@pytest.mark.parametrize("size, k_first, k", [(2, 3, 3), (3, 3, 3), (3, 5, 3), (3, 7, 5)])
def test_probabilities_of_all_pictures_sum_to_one(size, k_first, k):
    p = loss(tiny(size, k_first, k), all_pictures(size)).neg().exp()
    assert p.double().sum() == pytest.approx(1, abs=1e-5)
    assert p.max() > 4 * p.mean()  # and it is not the uniform one


def test_loss_is_the_chain_of_conditionals():
    model = tiny(4)
    generator = torch.Generator().manual_seed(3)
    x = torch.rand((5, 1, 4, 4), generator=generator).round()
    total = torch.zeros(5)
    for i in range(16):
        known = torch.rand((5, 16), generator=generator).round()  # the future is noise
        known[:, :i] = x.flatten(1)[:, :i]
        logit = model(known.view_as(x)).flatten(1)[:, i]
        total += torch.distributions.Bernoulli(logits=logit).log_prob(x.flatten(1)[:, i])
    torch.testing.assert_close(loss(model, x), -total, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("temperature", [1, 2])
def test_frequencies_of_samples(temperature):
    """20,000 pictures against the exact probabilities. Dividing the logits is halving the last layer."""
    model, softer = tiny(2, 3, 3, seed=4), tiny(2, 3, 3, seed=4)
    for p in softer.out.parameters():
        p.div_(temperature)
    u = torch.rand((20_000, 1, 2, 2), generator=torch.Generator().manual_seed(5))
    *_, x = sample(model, u, None, temperature)
    counts = torch.bincount((x.flatten(1) @ torch.tensor([8.0, 4, 2, 1])).long(), minlength=16)

    def p_value(model):
        p = loss(model, all_pictures(2)).neg().exp().double()
        return stats.chisquare(counts.numpy(), (p / p.sum() * len(u)).numpy()).pvalue

    assert p_value(softer) > 1e-3
    assert temperature == 1 or p_value(model) < 1e-6


# Sampling.


@pytest.mark.parametrize("temperature", [1, 0.6])
@pytest.mark.parametrize("k_first, k, size", [
    (3, 3, 5), (3, 5, 6), (5, 3, 6), (5, 5, 4), (7, 3, 3), (7, 5, 7), (3, 5, 1), (7, 5, 2), (5, 3, 9),
])  # fmt: skip
def test_sample_is_sample_naive(k_first, k, size, temperature):
    model = tiny(size, k_first, k, seed=size)
    u = uniforms(model, range(8))
    holes = torch.rand(u.shape, generator=torch.Generator().manual_seed(6)) * 3 - 1
    for x in (None, holes.floor().clamp(-1, 1)):  # draw all; or keep two pixels in three, anywhere
        before = None if x is None else x.clone()
        *_, slow = sample_naive(model, u, x, temperature)
        *_, fast = sample(model, u, x, temperature)
        assert ties(model, u, slow, fast, temperature) == 0
        assert x is None or x.equal(before)
        assert x is None or fast[x >= 0].equal(x[x >= 0])


def test_sample_is_sample_naive_on_the_shipped_weights(shipped):
    slow, fast = (draw(shipped, [0], how=how) for how in (sample_naive, sample))
    assert ties(shipped, uniforms(shipped, [0]), slow, fast) == 0


@pytest.mark.parametrize("temperature", [0.5, 1, 1.5])
def test_every_pixel_of_the_shipped_model_follows_from_its_past(shipped, temperature):
    """A picture is the definition's own if each pixel is u < p given itself: one pass, by induction."""
    u, x = uniforms(shipped, range(8)), draw(shipped, range(8), temperature=temperature)
    with torch.inference_mode():
        p = torch.sigmoid(shipped(x) / temperature)
    wrong = x != (u < p)
    assert (u - p)[wrong].abs().max() < 1e-6 if wrong.any() else True
    assert 0.05 < x.mean() < 0.3  # ink, as digits have it


def test_states_only_fill_in(shipped):
    states = list(sample(shipped, uniforms(shipped, [1, 2])))
    assert len(states) == 136
    row, col = torch.arange(28)[:, None], torch.arange(28)
    for t, state in enumerate(states):
        assert (state[0] >= 0).equal((col + 4 * row <= t)[None])
        assert ((state == states[-1]) | (state == -1)).all()
    assert set(states[-1].unique().tolist()) == {0, 1}
    model = tiny()
    for i, state in enumerate(sample_naive(model, uniforms(model, [1]))):
        assert (state.flatten() >= 0).equal(torch.arange(16) <= i)


def test_given_pixels_stay(shipped):
    whole = draw(shipped, [1, 2])
    top = whole.clone()
    top[:, :, 14:] = -1
    assert draw(shipped, [1, 2], top).equal(whole)  # the same past and the same uniforms
    other = draw(shipped, [3, 4], top)
    assert other[:, :, :14].equal(whole[:, :, :14])
    assert not other[:, :, 14:].equal(whole[:, :, 14:])
    assert draw(shipped, [3, 4], whole).equal(whole)  # nothing left to draw


def test_a_picture_depends_on_its_seed_alone(shipped):
    together = draw(shipped, [3, 1, 4])
    for x, seed in zip(together, [3, 1, 4], strict=True):
        alone = draw(shipped, [seed])
        assert ties(shipped, uniforms(shipped, [seed]), alone, x[None]) == 0
    assert draw(shipped, [3, 1, 4]).equal(together)
    assert len({tuple(x.flatten().tolist()) for x in draw(shipped, range(8))}) == 8


def test_temperature_sets_the_surprise(shipped):
    seeds = range(12)
    cold, plain, hot = (
        loss(shipped, draw(shipped, seeds, temperature=t)).mean() for t in (0.5, 1, 2)
    )
    assert cold + 10 < plain < hot - 10


def test_threads_do_not_disturb_each_other(shipped):
    expected = [draw(shipped, [seed]) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(2):
            found = list(pool.map(lambda seed: draw(shipped, [seed]), range(4)))
            assert all(a.equal(b) for a, b in zip(found, expected, strict=True))


def test_nothing_writes_to_the_model(shipped):
    before = {key: t.clone() for key, t in shipped.state_dict().items()}
    x = draw(shipped, [5])
    next(sample_naive(shipped, uniforms(shipped, [5])))
    loss(shipped, x)
    receptive_field(shipped, 3, 10, 10, x)
    assert not x.requires_grad and all(p.grad is None for p in shipped.parameters())
    assert all(t.equal(before[key]) for key, t in shipped.state_dict().items())


# The weights and how they are made.


def test_shipped_numbers_hold(shipped, shared_data):
    """Every 25th test digit on its own; the manifest's mean is the mean of all such numbers."""
    measured = checkpoints.MANIFEST["pixelcnn-mnist"]["measured"]
    shown = checkpoints.load("pixelcnn-mnist-scores")["digits"]
    x = torch.from_numpy(binary_mnist(shared_data, "test")[::25]).float()[:, None]
    with torch.inference_mode():
        again = torch.cat([loss(shipped, part) for part in x.split(25)])
    torch.testing.assert_close(again, shown[::25], rtol=0, atol=0.01)
    mean, error = train.measure.mean_and_error(shown)
    assert (len(shown), measured["test_images"]) == (10_000, 10_000)
    assert measured["nats_per_image"] == pytest.approx(mean, abs=1e-3) and mean < 81.3
    assert measured["standard_error"] == pytest.approx(error, abs=1e-3)
    assert measured["parameters"] == sum(p.numel() for p in shipped.parameters())
    assert measured["bytes"] == checkpoints.path("pixelcnn-mnist").stat().st_size <= 4e6


def test_share_above_is_the_area_under_the_curve():
    generator = torch.Generator().manual_seed(7)
    a, b = (torch.randint(9, (n,), generator=generator).float() + n / 200 for n in (300, 200))
    b = b.round()
    u = stats.mannwhitneyu(b.numpy(), a.numpy()).statistic
    assert train.measure.share_above(a, b) == pytest.approx(u / (300 * 200), abs=1e-9)


def test_training_resumes_learns_publishes_and_is_measured(
    empty_checkpoints, command, monkeypatch, capsys
):
    folder = empty_checkpoints
    grey = np.zeros((64, 28, 28), np.uint8)
    grey[::2, 8:20, 8:20], grey[1::2, :, 14] = 250, 255
    module = train.autoregressive
    name = "pixelcnn-mnist"
    small = dict(width=8, inner=4, blocks=1)
    kind = module.KINDS[name]
    monkeypatch.setitem(module.KINDS, name, replace(kind, config=kind.config | small))
    monkeypatch.setattr(module, "mnist", lambda folder, split: (grey, np.zeros(64)))
    # Other bits than the published ones are refused.
    monkeypatch.setattr(module, "binary_mnist", lambda folder, split: grey // 128)
    np.savez(folder / "fashion.npz", x_test=255 - grey)
    for steps in (15, 45, 45):
        command(module.main, name, "--run", folder, "--steps", steps)
    first, second, third = map(json.loads, (folder / name / "log.jsonl").read_text().splitlines())
    assert third["images"] == second["images"] > first["images"] > 0, "a finished run is finished"
    untrained = 784 * np.log(2)
    assert second["nats_first_1000"] < first["nats_first_1000"] < untrained

    command(module.main, name, "--run", folder, "--steps", 45, "--publish")
    command(train.measure.main, name, "--data", folder, "--write")
    entry, scores = (checkpoints.MANIFEST[f"pixelcnn-mnist{end}"] for end in ("", "-scores"))
    assert entry["made_by"].endswith("--steps 45")
    assert entry["measured"]["nats_per_image"] == pytest.approx(second["nats_first_1000"], rel=0.01)
    assert scores["measured"]["fashion_above_it"] == scores["measured"]["roc_area"] == 1
    assert len(checkpoints.load("pixelcnn-mnist-scores")["digits"]) == 64
    with pytest.raises(SystemExit, match="not in the manifest"):
        command(train.measure.main, "pixelcnn-other", "--data", folder)
