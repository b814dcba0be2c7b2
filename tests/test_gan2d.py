"""GANs in two dimensions: losses against closed forms and torch's own, penalties of a linear D, what is counted."""

import base64
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.spatial.distance import cdist

import checkpoints
import train.gan2d
from demos.gan import collapse
from models import gan2d


def seeded(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


class Line(torch.nn.Module):
    """v(x) = a . x: its gradient is a, everywhere."""

    def __init__(self, *a: float):
        super().__init__()
        self.a = torch.tensor(a, dtype=torch.float64, requires_grad=True)

    def forward(self, x):
        return (x @ self.a)[..., None]


X = torch.tensor([[[1.0, 0.0], [0.0, 2.0]]], dtype=torch.float64)  # v = 3, 8 with a = (3, 4)
MADE = torch.tensor([[[-1.0, 0.0], [0.0, 0.5]]], dtype=torch.float64)  # v = -3, 2


def s(v: float) -> float:
    return 1 / (1 + math.exp(-v))


def bce(r: float, f: float) -> float:
    return -math.log(s(r)) - math.log(1 - s(f))


@pytest.mark.parametrize(
    ("kind", "of_d", "of_g"),
    [
        ("minimax", lambda r, f: bce(r, f), lambda f, r: math.log(1 - s(f))),
        ("non-saturating", lambda r, f: bce(r, f), lambda f, r: -math.log(s(f))),
        ("least squares", lambda r, f: ((r - 1) ** 2 + f**2) / 2, lambda f, r: (f - 1) ** 2 / 2),
        ("hinge", lambda r, f: max(0, 1 - r) + max(0, 1 + f), lambda f, r: -f),
        # |grad v| = 5, so (5 - 1)^2 * 10 = 160 on top
        ("Wasserstein", lambda r, f: f - r + 160, lambda f, r: -f),
        ("relativistic", lambda r, f: -math.log(s(r - f)), lambda f, r: -math.log(s(f - r))),
    ],
)  # fmt: skip
def test_losses_are_the_papers(kind, of_d, of_g):
    D, u = Line(3.0, 4.0), torch.full((1, 2, 1), 0.3, dtype=torch.float64)
    pairs = [(3.0, -3.0), (8.0, 2.0)]
    loss = gan2d.loss_d(D, kind, X, MADE, u=u)
    assert loss.item() == pytest.approx(np.mean([of_d(r, f) for r, f in pairs]))
    assert gan2d.loss_g(D, kind, MADE, X).item() == pytest.approx(
        np.mean([of_g(f, r) for r, f in pairs])
    )
    more = gan2d.loss_d(D, kind, X, MADE, gamma=0.4, u=u)
    assert (more - loss).item() == pytest.approx(0.2 * (25 + 25)), "R1 and R2 of a linear D: |a|^2"


def test_an_unknown_loss_is_refused():
    with pytest.raises(ValueError, match="There is no loss 'wgan'"):
        gan2d.loss_d(Line(1, 1), "wgan", X, MADE)
    with pytest.raises(ValueError, match="There is no loss 'wgan'"):
        gan2d.loss_g(Line(1, 1), "wgan", MADE)


def test_the_penalty_s_gradient_reaches_the_weights():
    """d/da of gamma / 2 (|a|^2 + |a|^2) = 2 gamma a; the hinge adds nothing where both are beyond their margins."""
    D = Line(3.0, 4.0)
    far = torch.tensor([[[10.0, 10.0]]], dtype=torch.float64)
    gan2d.loss_d(D, "hinge", far, -far, gamma=0.4).sum().backward()
    assert torch.allclose(D.a.grad, 2 * 0.4 * D.a)


def test_runs_side_by_side_are_runs_alone():
    both = gan2d.Discriminator(8, 2, seeded(1, 2))
    x = torch.randn(2, 6, 2, generator=seeded(0)[0])
    for k, seed in enumerate((1, 2)):
        alone = gan2d.Discriminator(8, 2, seeded(seed))
        assert torch.equal(alone(x[k : k + 1])[0], both(x)[k])


def test_packing_sees_rows_and_deviation_sees_the_spread():
    x = torch.randn(1, 8, 2, generator=seeded(0)[0])
    packed = gan2d.Discriminator(8, 2, seeded(1), pack=4)
    assert packed(x).shape == (1, 2, 1)
    rows = torch.cat([packed.net(row.reshape(1, 1, 8)) for row in x[0].split(4)], 1)
    assert torch.allclose(packed(x), rows)
    spread = gan2d.Discriminator(8, 2, seeded(1), deviation=True)
    beside = torch.cat([x, x[0].std(0, unbiased=False).mean().expand(1, 8, 1)], 2)
    assert torch.allclose(spread(x), spread.net(beside), atol=1e-6)
    together = spread(torch.zeros(1, 8, 2))
    assert not torch.allclose(together[0, 0], spread(torch.cat([torch.zeros(1, 1, 2), x], 1))[0, 0])


@pytest.mark.parametrize("make", [gan2d.ring, gan2d.grid, gan2d.moons, gan2d.spiral])
def test_the_data_fit_on_the_plane(make):
    centres = make()
    assert centres.shape[1] == 2 and centres.abs().max() <= 2.4
    far = cdist(centres, centres) + 9 * np.eye(len(centres))
    assert far.min() > 0.04, "no two in one place"


def test_draws_have_the_mixture_s_moments():
    x = gan2d.draw(gan2d.grid(2, 2.0), 0.1, 40_000, seeded(3))[0]
    assert torch.allclose(x.mean(0), torch.zeros(2), atol=0.02)
    assert torch.allclose(x.var(0), torch.full((2,), 1 + 0.01), atol=0.02)


def test_what_is_counted():
    centres = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    points = torch.tensor(
        [[[0.0, 0.1], [0.0, 0.29], [1.0, 0.05], [0.5, 0.5]]]
    )  # the last is near none
    found = gan2d.counted(points, centres, 0.1)
    assert found["modes"].item() == 2 and found["quality"].item() == 0.75
    q = [2 / 3, 1 / 3]
    assert found["reverse_kl"].item() == pytest.approx(sum(p * math.log(4 * p) for p in q))
    nowhere = gan2d.counted(torch.full((1, 5, 2), 9.0), centres, 0.1)
    assert nowhere["modes"].item() == 0 and nowhere["quality"].item() == 0
    evenly = gan2d.counted(centres[None].repeat(1, 7, 1), centres, 0.1)
    assert evenly["reverse_kl"].item() == pytest.approx(0, abs=1e-6)


def test_gradients_of_a_logit_loss_are_torch_s():
    """binary_cross_entropy_with_logits, term by term, and its gradient in D's weights."""
    x, made = (torch.randn(1, 16, 2, generator=g) for g in seeded(0, 1))
    D = gan2d.Discriminator(8, 2, seeded(2))
    ours = torch.autograd.grad(gan2d.loss_d(D, "minimax", x, made).sum(), list(D.parameters()))
    r, f = D(x), D(made)
    bce = F.binary_cross_entropy_with_logits
    theirs = torch.autograd.grad(
        bce(r, torch.ones_like(r)) + bce(f, torch.zeros_like(f)), list(D.parameters())
    )
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(ours, theirs, strict=True))


# The recorded study.


@pytest.fixture(scope="module")
def study():
    return checkpoints.load(collapse.NAME), checkpoints.MANIFEST[collapse.NAME]


def test_the_study_s_means_are_those_of_what_is_kept(study):
    kept, entry = study
    measured, kinds = entry["measured"], entry["config"]["kinds"]
    assert kinds == list(train.gan2d.KINDS)
    shape = (len(kinds), measured["runs"], len(entry["config"]["moments"]))
    for name in ("modes", "quality", "reverse_kl"):
        assert kept[name].shape == shape
        for k, kind in enumerate(kinds):
            ends = kept[name][k, :, -1]
            assert measured[kind][name] == pytest.approx(ends.mean().item(), abs=1e-3)
    assert kept["points"].shape == (*shape, train.gan2d.SHOWN, 2)


def test_the_points_that_are_kept_are_those_that_were_counted(study):
    """200 of 2,500, in steps of 12 / 255, which is a third of the distance that counts."""
    kept, _ = study
    points = (kept["points"][:, :, -1].float() / 127.5 - 1) * train.gan2d.EXTENT
    for k in range(len(points)):
        found = gan2d.counted(points[k], train.gan2d.CENTRES, train.gan2d.DEVIATION)
        again = found["quality"].mean().item()
        assert again == pytest.approx(kept["quality"][k, :, -1].mean().item(), abs=0.08)


@pytest.mark.parametrize("kind", train.gan2d.KINDS)
def test_the_study_begins_as_it_is_recorded(study, kind):
    kept, entry = study
    steps = entry["config"]["moments"]
    k, some = entry["config"]["kinds"].index(kind), 4
    again = train.gan2d.train(kind, steps[-1], until=steps[some - 1])
    for name in ("modes", "quality"):
        recorded = kept[name][k, :, :some].mean(0)
        assert torch.allclose(
            again[name].mean(0), recorded, atol=0.15 if name == "modes" else 0.003
        )


def test_it_trains_publishes_and_is_shown(empty_checkpoints, command, monkeypatch):
    monkeypatch.setattr(train.gan2d, "RUNS", 2)
    for _ in range(2):  # the second time there is nothing left to do
        command(train.gan2d.main, "--run", empty_checkpoints / "run", "--steps", 30)
    command(train.gan2d.main, "--run", empty_checkpoints / "run", "--steps", 30, "--publish")
    collapse.recorded.cache_clear()
    shown = collapse.collapse_run(2)
    assert shown["moments"][-1] == 30 and len(shown["kinds"]) == 4
    raw = base64.b64decode(shown["points"])
    assert len(raw) == 4 * len(shown["moments"]) * train.gan2d.SHOWN * 2
    with pytest.raises(ValueError, match="Run"):
        collapse.collapse_run(3)
    collapse.recorded.cache_clear()
