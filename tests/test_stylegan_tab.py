"""The tab StyleGAN: what its handlers draw, from people in text to sheets, and what they refuse."""

import base64
import io
import re

import numpy as np
import pytest
import torch
from PIL import Image

import checkpoints
from demos.stylegan import adain, directions, face, find, latent, mapping, mixing, network, walk
from models import stylegan
from models.images import noise, to_uint8

LARGE = (
    stylegan.Generator(128, (16, 16, 12, 10, 8, 6), latent=24, depth=2).eval().requires_grad_(False)
)


@pytest.fixture(params=["ships", "128 pixels"])
def generator(request, monkeypatch):
    """The tab is a function of the generator: everything holds for one of another size too."""
    if request.param == "ships":
        return latent.generator()
    request.addfinalizer(directions.directions.cache_clear)
    directions.directions.cache_clear()
    for module in (adain, directions, find, latent, mapping, network, walk):
        monkeypatch.setattr(module, "generator", lambda name=latent.SHIPPED: LARGE)
    monkeypatch.setitem(checkpoints.MANIFEST[latent.SHIPPED]["config"], "size", LARGE.size)
    return LARGE


def decoded(text: str) -> list[np.ndarray]:
    """The pictures in an answer. -> (H, W, 3) uint8 each."""
    found = re.findall(r"data:image/\w+;base64,([A-Za-z0-9+/=]+)", text)
    return [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")) for data in found
    ]


def cells(value: dict, size: int) -> np.ndarray:
    """-> (rows + 1, columns + 1, size, size, 3), as integers."""
    (sheet,) = decoded(value["sheet"])
    rows, columns = sheet.shape[0] // size, sheet.shape[1] // size
    return sheet.reshape(rows, size, columns, size, 3).swapaxes(1, 2).astype(int)


def mixed(*given) -> dict:
    """The end of the stream."""
    *_, value = mixing.mix_styles(*given)
    return value


def drawn(generator, ws) -> np.ndarray:
    return to_uint8(generator.synthesis(ws, generator.noise()), -1, 1).astype(int)


def apart(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).mean())


def test_cells_are_synthesis_of_a_w_made_by_hand(generator):
    value = mixed("5, 6", "1, 2, 3", "0, 1, 2", 0.7)
    got = cells(value, generator.size)
    assert got.shape[:2] == (3, 4) and value["faces"] == 12
    w = generator.mapping(noise((generator.latent,), [5, 6, 1, 2, 3]))
    w = generator.mapping.w_avg + 0.7 * (w - generator.mapping.w_avg)
    for i, row in enumerate(w[:2], 1):
        for j, column in enumerate(w[2:], 1):
            by_hand = torch.stack([column] * 3 + [row] * (generator.layers - 3))[None]
            wanted = drawn(generator, by_hand)[0]
            others = [got[k, n] for k in (1, 2) for n in (1, 2, 3) if (k, n) != (i, j)]
            assert apart(got[i, j], wanted) < 4, "but for the compression"
            if generator is not LARGE:
                assert all(
                    apart(other, wanted) > 1.5 * apart(got[i, j], wanted) for other in others
                )
    assert apart(got[1, 0], drawn(generator, w[None, 0].expand(generator.layers, -1)[None])[0]) < 4
    mean = generator.mapping.w_avg.expand(1, generator.layers, -1)
    assert apart(got[0, 0], drawn(generator, mean)[0]) < 4


def test_a_mixture_is_a_person_and_can_be_mixed_again(generator):
    last = generator.layers - 1
    token = " ".join(["9"] * 2 + ["4"] * (last - 1))
    got = cells(mixed(f"4, {token}", "9", "0, 1", 1), generator.size)
    assert apart(got[1, 1], got[2, 0]) < 2, "row 4 with two layers of 9 is the person '9 9 4 4 ...'"
    assert mixed(token, "9", "", 1)["rows"] == [[9, 9] + [4] * (last - 1)]


def test_no_layers_and_all_layers():
    size = latent.generator().size
    layers = latent.generator().layers
    none = cells(mixed("5, 6", "1, 2", "", 0.7), size)
    everything = cells(mixed("5, 6", "1, 2", ", ".join(map(str, range(layers))), 0.7), size)
    for i in (1, 2):
        for j in (1, 2):
            assert (
                apart(none[i, j], none[i, 0]) < 3 and apart(everything[i, j], everything[0, j]) < 3
            )
    still = cells(mixed("5, 6", "1, 2", "", 0), size)
    assert np.ptp(still.reshape(9, -1).mean(1)) < 2, "with psi = 0 everybody is the mean face"


def test_one_row_changes_alone():
    size = latent.generator().size
    a, b = (cells(mixed(f"5, {seed}, 8", "1, 2", "0, 1", 0.7), size) for seed in (6, 77))
    changed = np.abs(a - b).mean((1, 2, 3, 4))
    assert changed[2] > 10 and changed[[0, 1, 3]].max() < 0.1


def test_groups_cover_the_layers_in_order(generator):
    groups, sizes = latent.groups(), latent.sizes()
    assert [k for own in groups.values() for k in own] == list(range(generator.layers))
    assert len(sizes) == generator.layers and sizes == sorted(sizes) and sizes[-1] == generator.size
    assert all(groups.values())


def test_the_paper_s_groups():
    name = "stylegan2-ffhq-1024"
    with torch.device("meta"):
        assert (
            network.layers(name)
            == stylegan.Generator(1024, (1,) * 9, latent=8, depth=1).layers
            == 18
        )
    sizes = latent.sizes(name)
    by_name = {group: sorted({sizes[k] for k in own}) for group, own in latent.groups(name).items()}
    assert by_name == dict(Coarse=[4, 8], Middle=[16, 32], Fine=[64, 128, 256, 512, 1024])


# One face.


def the_face(*given) -> np.ndarray:
    return decoded(face.one_face(*given))[0].astype(int)


def test_psi_0_is_the_mean_face_and_the_cutoff_spares_the_rest(generator):
    last = generator.layers
    mean = [the_face(str(seed), 0, last, "fixed", 1, 1, 1, 1) for seed in (3, 4)]
    assert apart(*mean) < 1
    plain = the_face("3", 1, last, "fixed", 1, 1, 1, 1)
    assert apart(the_face("3", 0, 0, "fixed", 1, 1, 1, 1), plain) < 1, "psi reaches no layer"
    if generator is not LARGE:
        assert apart(plain, mean[0]) > 10


def test_noise_off_is_deterministic_and_new_is_not():
    layers = latent.generator().layers
    off, fixed, one, same, two = (
        the_face("3", 0.7, layers, *noise, 1, 1, 1)
        for noise in (("off", 1), ("fixed", 1), ("new", 1), ("new", 1), ("new", 2))
    )
    assert apart(off, the_face("3", 0.7, layers, "off", 9, 1, 1, 1)) == 0
    assert apart(off, the_face("3", 0.7, layers, "fixed", 1, 0, 0, 0)) < 1, (
        "no strength is no noise"
    )
    assert apart(one, same) == 0 and apart(one, two) > 0.3 and apart(off, fixed) > 0.3
    other = the_face("4", 0.7, layers, "fixed", 1, 1, 1, 1)
    assert apart(one, two) < apart(fixed, other), "noise changes less than another seed does"


# Walks.


def test_both_roads_join_the_same_faces(generator):
    t = torch.tensor([0.0, 1.0])
    ways = walk.both_ways(7, 24, t)
    ends = latent.w_of([7, 24])
    for w in ways.values():
        torch.testing.assert_close(w, ends, rtol=1e-4, atol=1e-5)
    z, w = (walk.both_ways(7, 24, torch.linspace(0, 1, 9))[k] for k in ("z", "w"))
    assert not torch.allclose(z[4], w[4])
    torch.testing.assert_close(w[4], ends.mean(0), rtol=1e-4, atol=1e-5)


def test_the_length_of_a_path():
    x = torch.zeros(3, 3, 4, 4)
    x[1], x[2] = 0.5, 0.25
    assert walk.length(x) == (pytest.approx(0.75 * 127.5), pytest.approx(0.5 * 127.5))


def test_walks_are_pictures(generator):
    answer = walk.walk_faces(7, 24)
    assert [p.shape for p in decoded(answer)] == [(generator.size, 9 * generator.size, 3)] * 2
    uri = walk.face_film(7, 24)
    film = Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))
    assert film.info["comment"].startswith(b"AI-generated")
    assert (
        uri.startswith("data:image/gif") and film.n_frames == walk.FILM and film.size[0] > 2 * 128
    )


# From z to w.


def test_the_circle_is_one_and_w_knows_its_plane(generator):
    z = mapping.circle(7)
    torch.testing.assert_close(z.norm(dim=1), torch.full((96,), generator.latent**0.5))
    torch.testing.assert_close(z[48:], -z[:48], rtol=1e-4, atol=1e-4)
    assert mapping.spread(z.numpy()) == pytest.approx(1, abs=1e-3)
    g = torch.Generator().manual_seed(0)
    axes = torch.linalg.qr(torch.randn(10, 10, generator=g))[0]
    cloud = (torch.randn(5000, 10, generator=g) * torch.tensor([5.0, 3.0] + [0.5] * 8)) @ axes.T + 4
    centre, found, shares = mapping.plane(cloud)
    assert (found.T @ axes[:, :2]).abs().diag().min() > 0.99 and (centre - 4).abs().max() < 0.3
    assert shares == pytest.approx([25 / 36, 9 / 36], abs=0.03)


def test_the_map_shows_its_faces(generator):
    (faces,) = decoded(mapping.map_to_w(7))
    assert faces.shape == (generator.size, 12 * generator.size, 3)
    w = generator.mapping(mapping.circle(7))[::8]
    wanted = drawn(generator, latent.along(w))
    got = faces.reshape(generator.size, 12, generator.size, 3).swapaxes(0, 1).astype(int)
    assert apart(got, wanted) < 6 < apart(got[:-1], wanted[1:]), "but for the compression"


# AdaIN.


def test_adain_gives_the_style_s_mean_and_deviation_and_keeps_the_pattern():
    x = torch.randn(8, 8, generator=torch.Generator().manual_seed(0)) * 3 + 2
    y = adain.adain(x, 0.7, -4)
    assert y.mean().item() == pytest.approx(-4, abs=1e-4)
    assert y.std(correction=0).item() == pytest.approx(0.7, abs=1e-4)
    assert torch.corrcoef(torch.stack([x.flatten(), y.flatten()]))[0, 1] > 0.9999
    norm = torch.nn.functional.instance_norm(x[None, None], eps=1e-12)[0, 0]
    torch.testing.assert_close(y, 0.7 * norm - 4, rtol=1e-4, atol=1e-4)
    assert adain.adain(torch.ones(4, 4), 1, 5).isfinite().all(), "a flat channel"


def test_the_channel_is_the_generator_s_own(generator):
    """What leaves the last layer, turned into colours and added up, is the picture: so these are its features."""
    ws, seen = latent.styles([range(generator.layers), range(5, 5 + generator.layers)], 1.0), {}
    layers = adain.layers_in_order()
    hooks = [
        m.register_forward_hook(lambda m, given, out, k=k: seen.update({k: out}))
        for k, m in enumerate(layers)
    ]
    try:
        latent.synthesis(ws)
        wanted = dict(seen)
        for k in range(len(layers)):
            torch.testing.assert_close(adain.leaving(ws, k), wanted[k], rtol=1e-3, atol=1e-4)
    finally:
        [hook.remove() for hook in hooks]


def test_the_numbers_in_the_equations_are_those_of_the_pictures():
    tiles, text = adain.work_through(7, 24, 3, 5)
    x, y = adain.leaving(
        torch.stack([w.expand(latent.generator().layers, -1) for w in latent.w_of([7, 24])]), 3
    )[:, 5]
    for value in (x.mean(), x.std(correction=0), y.mean(), y.std(correction=0)):
        assert f"{value.item():.3g}" in text
    assert len(decoded(tiles)) == 4


# Directions.


def test_directions_are_unit_and_the_first_varies_most(generator):
    for method in directions.METHODS:
        v, deviation = directions.directions(method, "All")
        torch.testing.assert_close(v @ v.T, torch.eye(len(v)), rtol=1e-3, atol=1e-3)
        assert (deviation > 0).all()
    v, deviation = directions.directions("GANSpace", "All")
    w = latent.w_of(range(20_000, 24_000))
    assert (deviation[:-1] >= deviation[1:] - 1e-4).all()
    other = torch.nn.functional.normalize(
        torch.randn(40, w.shape[1], generator=torch.Generator().manual_seed(0))
    )
    assert ((w - w.mean(0)) @ other.T).std(0).max() < deviation[0] + 1e-5
    with torch.no_grad():
        coarse = torch.cat(
            [adain.layers_in_order()[k].affine.weight for k in latent.groups()["Coarse"]]
        )
    sefa = directions.directions("SeFa", "Coarse")[0]
    assert (coarse @ sefa[0]).norm() >= max((coarse @ d).norm() for d in other) - 1e-4


def test_only_the_chosen_layers_are_pushed(monkeypatch):
    asked = []
    monkeypatch.setattr(directions, "pictures", lambda ws: asked.append(ws) or latent.pictures(ws))
    directions.push_along(7, "GANSpace", "Fine", 2)
    moved = asked[0].view(6, 7, *asked[0].shape[1:])
    fine = latent.groups()["Fine"]
    rest = [k for k in range(latent.generator().layers) if k not in fine]
    middle = latent.along(latent.w_of([7]))[0]
    assert torch.equal(moved[:, :, rest], middle[rest].expand(6, 7, -1, -1))
    torch.testing.assert_close(
        moved[:, 3], middle.expand(6, -1, -1), msg="the fourth of seven is the face itself"
    )
    v, deviation = directions.directions("GANSpace", "Fine")
    torch.testing.assert_close(
        moved[2, 6, fine[0]] - middle[fine[0]], 2 * deviation[2] * v[2], rtol=1e-3, atol=1e-3
    )


def test_effects_are_the_difference_of_the_ends():
    row = np.full((7, 8, 8, 3), 100, np.uint8)
    row[-1] = 110
    row[-1, :, :4] += 6
    assert directions.effects(row) == "brighter by 13, brighter at the left by 6 grey levels"
    row[0, :, :, 2] += 40
    assert directions.effects(row) == "redder by 40, brighter at the left by 6 grey levels"
    assert directions.effects(row[:1].repeat(7, 0)) == "less than one grey level in all of these"
