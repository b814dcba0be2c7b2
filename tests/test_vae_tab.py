"""The tab Autoencoders without a page: its handlers as plain functions, at every corner of the knobs."""

import base64

import numpy as np
import pytest
import torch

import checkpoints
from demos.vae import bound, dials, film, gap, gradients, latent_map, plane, trick
from demos.vae.latent import EDGE, MODELS, SIZE, ink, own_digit
from models.images import noise
from tests.answers import pictures, without_time

PIXELS = SIZE * SIZE
SKETCH = np.zeros((SIZE, SIZE), np.uint8)
SKETCH[4:24, 13:15] = 1  # a one
DRAWING = "".join(map(str, SKETCH.flatten()))
OTHER = DRAWING[1:] + "1"
DRAWINGS = ("0" * PIXELS, "1" * PIXELS, DRAWING)
OF_DRAWING = (("encode", ("2-D",)), ("close_gap", ("2-D", 20)), ("measure_gradients", ("2-D", 20)))
HANDLERS = dict(
    decode_2d=latent_map.decode_2d,
    decode_16d=dials.decode_16d,
    draw_16d=dials.draw_16d,
    encode=bound.encode,
    close_gap=gap.close_gap,
    measure_gradients=gradients.measure_gradients,
    own_digit=own_digit,
    reparameterize_2d=trick.reparameterize_2d,
    interpolate=film.interpolate,
    interpolation_film=film.interpolation_film,
)
CORNERS = [
    *(("decode_2d", (a, b)) for a in (-3, 0, 3) for b in (-3, 3)),
    *(("decode_16d", z) for z in ((0,) * 16, (3,) * 16, (-3,) * 16, (3, -3) * 8)),
    *(("draw_16d", (seed,)) for seed in (0, 9999)),
    *(("encode", (d, m)) for d in DRAWINGS for m in MODELS),
    *(("close_gap", (d, m, k)) for d in DRAWINGS for m, k in (("2-D", 5000), ("16-D", 1))),
    *(("measure_gradients", (d, m, 10)) for d in DRAWINGS for m in MODELS),
    *(("own_digit", (digit,)) for digit in (0, 9)),
    *(
        ("reparameterize_2d", (m, -m, s, 0, e, -e))
        for m in (-3, 3)
        for s in (0, 1)
        for e in (-3, 3)
    ),
    *(("interpolate", g) for g in ((0, 9, 0), (9, 0, 99), (5, 5, 7))),
    ("interpolation_film", (0, 9, 99)),
]


@pytest.mark.parametrize(("name", "given"), CORNERS, ids=lambda v: v if isinstance(v, str) else "")
def test_same_call_same_bytes_and_int_is_float(name, given):
    handler = HANDLERS[name]
    first = without_time(handler(*given))
    assert first == without_time(handler(*given))
    assert first == without_time(handler(*(float(v) if isinstance(v, int) else v for v in given)))


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("decode_2d", (0, 0), (0.5, 0)),
        ("decode_2d", (0, 0), (0, 0.5)),
        *(
            ("decode_16d", (0,) * 16, tuple(2.0 * (k == other) for k in range(16)))
            for other in range(16)
        ),
        ("draw_16d", (1,), (2,)),
        *((name, (DRAWING, *more), (OTHER, *more)) for name, more in OF_DRAWING),
        *(
            (name, (DRAWING, "2-D", *more), (DRAWING, "16-D", *more))
            for name, (_, *more) in OF_DRAWING
        ),
        ("close_gap", (DRAWING, "2-D", 20), (DRAWING, "2-D", 21)),
        ("measure_gradients", (DRAWING, "2-D", 20), (DRAWING, "2-D", 30)),
        ("own_digit", (3,), (4,)),
        *(
            (
                "reparameterize_2d",
                (0, 0, 1, 1, 1, 1),
                tuple(1 - 0.5 * (k == other) for k in range(6)),
            )
            for other in range(6)
        ),
        ("interpolate", (3, 8, 4), (3, 8, 5)),
        ("interpolate", (3, 8, 4), (3, 9, 4)),
        ("interpolate", (3, 8, 4), (2, 8, 4)),
    ],
)
def test_every_knob_counts(name, one, other):
    assert without_time(HANDLERS[name](*one)) != without_time(HANDLERS[name](*other))


def test_handlers_leave_the_models_alone():
    names = [name for name in checkpoints.MANIFEST if name.startswith("vae-mnist")]
    assert len(names) == 4

    def tensors(name):
        loaded = checkpoints.load(name)
        return loaded if isinstance(loaded, dict) else loaded.state_dict()

    before = {name: {k: t.clone() for k, t in tensors(name).items()} for name in names}
    latent_map.sheet.cache_clear()
    latent_map.sheet()
    for name, given in CORNERS:
        HANDLERS[name](*given)
    for name in names:
        for key, t in tensors(name).items():
            assert t.equal(before[name][key]) and not t.requires_grad, (name, key)


def test_a_point_is_decoded_by_the_model():
    value = latent_map.decode_2d(0.3, -2)
    got = np.frombuffer(base64.b64decode(value["ink"]), np.uint8) / 255
    with torch.inference_mode():
        p = checkpoints.load("vae-mnist-2d").decode(torch.tensor([[0.3, -2.0]])).sigmoid()
    assert np.abs(got - p.flatten().numpy()).max() <= 0.5 / 255 + 1e-6
    assert value["z"] == pytest.approx([0.3, -2]) and value["ms"] > 0


def cells() -> np.ndarray:
    """The sheet cut up: (row, column, 28, 28), 0 to 1."""
    (whole,) = pictures(latent_map.sheet())
    side = plane.SIDE
    assert whole.shape == (side * SIZE, side * SIZE)
    return whole.reshape(side, SIZE, side, SIZE).swapaxes(1, 2) / 255


def test_the_sheet_holds_the_decoder():
    """Its corners are those of the knobs, z1 grows to the right and z2 upwards; compression costs little."""
    sheet, last = cells(), plane.SIDE - 1
    for row, col, z in (
        (0, 0, (-EDGE, EDGE)),
        (0, last, (EDGE, EDGE)),
        (last, 0, (-EDGE, -EDGE)),
        (last // 2, last // 2, (0, 0)),
    ):
        exact = ink(torch.tensor([z], dtype=torch.float32))[0, 0].numpy()
        assert np.abs(sheet[row, col] - exact).mean() < 0.02, z


def test_looking_up_between_cells_is_close_to_decoding():
    """What the page shows while a finger moves: the mixture of four cells, at points drawn from the prior."""
    z = noise((2,), range(300))
    z = z[(z.abs() < EDGE).all(1)]
    exact = ink(z)[:, 0].numpy()
    sheet, n = cells(), plane.SIDE - 1
    u = plane.on_map(z).numpy()
    x, y = u[:, 0] * n, (1 - u[:, 1]) * n
    j, i = np.minimum(n - 1, x.astype(int)), np.minimum(n - 1, y.astype(int))
    fx, fy = (x - j)[:, None, None], (y - i)[:, None, None]
    above = sheet[i, j] * (1 - fx) + sheet[i, j + 1] * fx
    below = sheet[i + 1, j] * (1 - fx) + sheet[i + 1, j + 1] * fx
    error = np.abs(above * (1 - fy) + below * fy - exact).mean((1, 2))
    assert error.mean() < 0.015 and error.max() < 0.06


def test_equal_areas_of_the_map_are_equally_likely():
    u = plane.on_map(noise((2,), range(4000)))
    inside = u[((u > 0) & (u < 1)).all(1)]
    assert len(inside) > 3950
    counts = np.histogram2d(*inside.T.numpy(), bins=4, range=((0, 1), (0, 1)))[0]
    assert counts.min() > 180 and counts.max() < 330  # 250 each, five standard deviations
    edges = plane.on_map(torch.tensor([-EDGE, 0.0, EDGE]))
    torch.testing.assert_close(edges, torch.tensor([0.0, 0.5, 1.0]))


def test_the_first_picture_brings_what_the_page_looks_up():
    value = latent_map.opened(0.3, -2)
    alone = latent_map.decode_2d(0.3, -2)
    assert without_time(value) == without_time(alone | dict(dots=latent_map.dots()))


def test_a_draw_is_the_prior_s():
    *z, picture = dials.draw_16d(7)
    expected = noise((16,), [7])[0].clamp(-EDGE, EDGE)
    assert z == pytest.approx(expected.tolist(), abs=0.006)
    assert picture == dials.decode_16d(*z)


def test_without_sigma_epsilon_does_not_matter():
    still = {
        trick.reparameterize_2d(1, -1, 0, 0, e, -e).partition("<figure")[2] for e in (-3, 0, 2)
    }
    assert len(still) == 1
    assert "z = (1.40, -1.20)" in trick.reparameterize_2d(1, -1, 0.4, 0.2, 1, -1)


def test_a_film_begins_and_ends_at_its_digits():
    paths = film.roads(3, 8, 4)
    z, labels = (checkpoints.load("vae-mnist-16d-means")[k] for k in ("means", "labels"))
    for path in paths.values():
        torch.testing.assert_close(path[0], z[labels == 3][4])
        torch.testing.assert_close(path[-1], z[labels == 8][4])
    smallest = {how: path.norm(dim=1).min() for how, path in paths.items()}
    assert smallest["straight"] < smallest["along the arc"]
    frames = pictures(film.interpolation_film(3, 8, 4))
    assert len(frames) == film.FRAMES and frames[0].shape == (8 * SIZE, 8 * (2 * SIZE + 4))
    first, last = (ink(z[labels == d][4, None])[0, 0].numpy() for d in (3, 8))
    for frame, wanted in ((frames[0], first), (frames[-1], last)):
        for left in (0, 8 * (SIZE + 4)):
            shown = 1 - frame[4::8, left + 4 : left + 8 * SIZE : 8] / 255
            assert np.abs(shown - wanted).max() < 0.01
