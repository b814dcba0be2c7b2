"""StyleGAN2: the original programs' pictures, per-sample convolutions as the reference.

The two files in fixtures/ hold small random generators, and what the original public programs drew with them.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from checkpoints import stylegan_formats
from models.images import noise, to_uint8
from models.stylegan import (
    Generator,
    Layer,
    Mapping,
    ToRGB,
    blur_kernel,
    broadcast,
    mix,
    path_lengths,
    truncate,
)
from train import stylegan as training

FIXTURES = Path(__file__).parent / "fixtures"
# FFHQ's config F: channels at 4, 8, ... 1024 pixels.
CONFIG_F = (512, 512, 512, 512, 512, 256, 128, 64, 32)


def oracle(name: str) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """The state dict of one of the original programs, and what that program made of it."""
    with np.load(FIXTURES / f"stylegan2_{name}_32px.npz") as file:
        arrays = {key: torch.from_numpy(file[key]) for key in file.files if key != "config"}
    state = {key.removeprefix("state/"): t for key, t in arrays.items() if key.startswith("state/")}
    return state, {key: t for key, t in arrays.items() if not key.startswith("state/")}


def tiny(size: int = 16, latent: int = 12, depth: int = 3, seed: int = 0) -> Generator:
    """A generator with large random numbers everywhere: no bias, strength or mean is zero."""
    model = Generator(size, [14, 10, 8, 6][: int(np.log2(size)) - 1], latent, depth)
    generator = torch.Generator().manual_seed(seed)
    for name, t in [*model.named_parameters(), *model.named_buffers()]:
        if "blur" not in name:
            t.data.copy_(
                torch.randn(t.shape, generator=generator)
                * (50 if "mapping" in name and t.ndim > 1 else 1)
            )
    return model.eval().requires_grad_(False)


def close(a: torch.Tensor, b: torch.Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=0, atol=1e-4)


# The original programs.


def test_nvlabs_pictures():
    state, made = oracle("nvlabs")
    model = stylegan_formats.generator(state)
    ws = broadcast(model.mapping(made["z"]), model.layers)
    close(ws, made["ws"])
    close(model.synthesis(ws, model.noise("fixed")), made["img_const_noise"])
    close(model(made["z"]), made["img_const_noise"])
    close(model.synthesis(ws, model.noise("off")), made["img_no_noise"])
    pulled = truncate(ws, model.mapping.w_avg, 0.7, 4)
    close(pulled, made["ws_psi07_cutoff4"])
    close(model.synthesis(pulled, model.noise("fixed")), made["img_psi07_cutoff4"])
    crossed = mix(ws[:1], ws[1:2], range(3, 6))
    close(crossed, made["ws_mix_1_into_0_layers_3_to_5"])
    close(model.synthesis(crossed, model.noise("fixed")), made["img_mix"])
    assert (made["img_const_noise"] - made["img_no_noise"]).abs().max() > 0.01, (
        "the oracle's noise is visible"
    )


@pytest.mark.parametrize("as_file", [True, False])
def test_rosinality_pictures(as_file, tmp_path):
    """Bare, and as its own training script saves it: g_ema beside latent_avg."""
    state, made = oracle("rosinality")
    if as_file:
        file = tmp_path / "faces.pt"
        torch.save({"g_ema": state, "latent_avg": made["latent_avg"], "args": {"size": 32}}, file)
        model = stylegan_formats.read(file)
    else:
        model = stylegan_formats.generator(state | {"latent_avg": made["latent_avg"]})
    w = model.mapping(made["z"])
    close(w, made["w"])
    close(model.synthesis(broadcast(w, model.layers), model.noise()), made["img"])
    pulled = truncate(broadcast(w, model.layers), model.mapping.w_avg, 0.7)
    close(model.synthesis(pulled, model.noise()), made["img_truncation07"])


def test_a_file_without_the_mean_gets_one():
    """As some copies of rosinality's files are. The mean over so many draws lies close to any other such mean."""
    state, made = oracle("rosinality")
    model = stylegan_formats.generator({"g_ema": state})
    draws = torch.randn(10_000, model.latent, generator=torch.Generator().manual_seed(9))
    w = model.mapping(draws)
    assert (model.mapping.w_avg - w.mean(0)).abs().max() < 5 * (2 / len(w)) ** 0.5 * w.std(0).max()
    assert model.mapping.w_avg.abs().max() > 0
    close(
        model.synthesis(broadcast(model.mapping(made["z"]), model.layers), model.noise()),
        made["img"],
    )


def test_bf16_is_the_same_picture():
    state, made = oracle("nvlabs")
    model = stylegan_formats.generator(state)
    ws = broadcast(model.mapping(made["z"]), model.layers)
    with torch.autocast("cpu", torch.bfloat16):
        got = model.synthesis(ws, model.noise()).float()
    error = (got - made["img_const_noise"]).abs()
    assert 0 < error.mean() < 0.01 * made["img_const_noise"].std()


def nvlabs_state(size: int, widths, latent: int, depth: int) -> dict[str, torch.Tensor]:
    """Names and shapes as NVlabs' program has them, written down by hand; no numbers."""
    state = {
        f"mapping.fc{k}.{part}": torch.empty(*shape)
        for k in range(depth)
        for part, shape in (("weight", (latent, latent)), ("bias", (latent,)))
    }
    state["mapping.w_avg"] = torch.empty(latent)
    before = None
    for k, width in enumerate(widths):
        at, pixels = f"synthesis.b{4 << k}", 4 << k
        state[f"{at}.resample_filter"] = torch.empty(4, 4)
        if k == 0:
            state[f"{at}.const"] = torch.empty(width, 4, 4)
        for layer, i, o, kernel in (
            ("conv0", before, width, 3),
            ("conv1", width, width, 3),
            ("torgb", width, 3, 1),
        ):
            if i is None:
                continue
            state |= {
                f"{at}.{layer}.weight": torch.empty(o, i, kernel, kernel),
                f"{at}.{layer}.bias": torch.empty(o),
                f"{at}.{layer}.affine.weight": torch.empty(i, latent),
                f"{at}.{layer}.affine.bias": torch.empty(i),
            }
            if layer != "torgb":
                state |= {
                    f"{at}.{layer}.noise_strength": torch.empty(()),
                    f"{at}.{layer}.noise_const": torch.empty(pixels, pixels),
                    f"{at}.{layer}.resample_filter": torch.empty(4, 4),
                }
        before = width
    return state


def test_config_f_fits():
    """FFHQ at 1024 pixels: every tensor finds its place, none is left. On the meta device: no memory."""
    with torch.device("meta"):
        state = nvlabs_state(1024, CONFIG_F, 512, 8)
        model = stylegan_formats.generator(state)
        picture = model(torch.empty(1, 512))
    assert picture.shape == (1, 3, 1024, 1024)
    assert (model.size, model.layers, model.latent, len(model.mapping.fc)) == (1024, 18, 512, 8)
    assert sum(p.numel() for p in model.parameters()) == 30_370_060, (
        "as NVlabs' own table of config F adds up"
    )
    known, _ = oracle("nvlabs")
    listed = {key: t.shape for key, t in nvlabs_state(32, (64, 64, 64, 32), 64, 4).items()}
    assert listed == {key: t.shape for key, t in known.items()}, (
        "the list above is how such a file really looks"
    )


@pytest.mark.slow
def test_config_f_draws():
    """The official widths at 64 pixels, random weights: fp32 and bf16 draw the same."""
    model = Generator(64, CONFIG_F[:5], 512, 8).eval().requires_grad_(False)
    z = noise((512,), [3])
    exact = model(z)
    with torch.autocast("cpu", torch.bfloat16):
        short = model(z).float()
    assert exact.shape == (1, 3, 64, 64) and exact.std() > 0.1
    assert (exact - short).abs().mean() < 0.05 * exact.std()


# Mathematics.


def per_sample(layer: Layer | ToRGB, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    """Eqs. 1 and 3 to the letter: weights of its own for every picture, as one grouped convolution."""
    batch, i = x.shape[:2]
    s = layer.affine(w)
    weights = layer.weight[None] * s[:, None, :, None, None]  # (B, o, i, k, k)
    if isinstance(layer, Layer):
        weights = weights / (weights.square().sum((2, 3, 4), keepdim=True) + 1e-8).sqrt()
    else:
        weights = weights / i**0.5
    grouped = x.reshape(1, batch * i, *x.shape[2:])
    if getattr(layer, "up", False):
        y = F.conv_transpose2d(
            grouped, weights.transpose(1, 2).flatten(0, 1), stride=2, groups=batch
        )
        y = y.view(batch, -1, *y.shape[2:])
        return F.conv2d(
            y, (4 * blur_kernel()).expand(y.shape[1], 1, 4, 4), padding=1, groups=y.shape[1]
        )
    y = F.conv2d(grouped, weights.flatten(0, 1), padding=weights.shape[-1] // 2, groups=batch)
    return y.view(batch, -1, *y.shape[2:])


@pytest.mark.parametrize("up", [False, True])
def test_scaled_activations_are_per_sample_convolutions(up):
    g = torch.Generator().manual_seed(5)
    layer = Layer(7, 9, 11, 16 if up else 8, up=up).requires_grad_(False)
    for p in layer.parameters():
        p.copy_(torch.randn(p.shape, generator=g))
    x, w = torch.randn(5, 7, 8, 8, generator=g), torch.randn(5, 11, generator=g)
    grain = torch.randn(5, 1, *layer.noise_const.shape, generator=g)
    y = per_sample(layer, x, w) + grain * layer.noise_strength + layer.bias[:, None, None]
    torch.testing.assert_close(
        layer(x, w, grain), F.leaky_relu(y, 0.2) * 2**0.5, rtol=1e-4, atol=1e-5
    )


def test_colours_are_scaled_but_not_demodulated():
    g = torch.Generator().manual_seed(6)
    layer = ToRGB(7, 11).requires_grad_(False)
    for p in layer.parameters():
        p.copy_(torch.randn(p.shape, generator=g))
    x, w = torch.randn(3, 7, 4, 4, generator=g), torch.randn(3, 11, generator=g)
    torch.testing.assert_close(
        layer(x, w), per_sample(layer, x, w) + layer.bias[:, None, None], rtol=1e-4, atol=1e-5
    )


def test_demodulation_keeps_the_variance():
    """Eq. 3's promise: for inputs of variance 1 the outputs have variance 1, whatever the style."""
    g = torch.Generator().manual_seed(7)
    layer = Layer(64, 64, 8, 32).requires_grad_(False)
    x = torch.randn(1, 64, 32, 32, generator=g)
    for strength in (0.1, 1.0, 10.0):
        w = strength * torch.randn(1, 8, generator=g)
        assert per_sample(layer, x, w)[..., 1:-1, 1:-1].std().item() == pytest.approx(1, abs=0.05)


def test_the_length_of_z_does_not_matter():
    mapping, z = Mapping(8, 3).requires_grad_(False), noise((8,), range(4))
    torch.testing.assert_close(mapping(z), mapping(7 * z))
    assert not torch.allclose(mapping(z), mapping(-z))


def test_mixing_is_synthesis_of_a_w_made_by_hand():
    model = tiny()
    a, b = (broadcast(model.mapping(noise((12,), [s])), model.layers) for s in (1, 2))
    for k in range(model.layers + 1):
        by_hand = torch.cat([a[:, :k], b[:, k:]], 1)
        assert torch.equal(mix(a, b, range(k, model.layers)), by_hand)
        assert torch.equal(mix(b, a, range(k)), by_hand)
    pictures = [model.synthesis(mix(a, b, [k]), model.noise()) for k in range(model.layers)]
    plain = model.synthesis(a, model.noise())
    for k, picture in enumerate(pictures):
        assert (picture - plain).abs().max() > 1e-3, f"layer {k} does nothing"
    assert torch.equal(mix(a, b, []), a) and torch.equal(mix(a, b, range(model.layers)), b)


def test_psi_0_is_the_mean_face_for_everybody():
    model = tiny()
    ws = broadcast(model.mapping(noise((12,), range(5))), model.layers)
    mean = model.synthesis(broadcast(model.mapping.w_avg[None], model.layers), model.noise())
    drawn = model.synthesis(truncate(ws, model.mapping.w_avg, 0.0), model.noise())
    torch.testing.assert_close(drawn, mean.expand(5, -1, -1, -1), rtol=1e-4, atol=1e-4)
    close(truncate(ws, model.mapping.w_avg, 1.0), ws)
    half = truncate(ws, model.mapping.w_avg, 0.5, 2)
    assert torch.equal(half[:, 2:], ws[:, 2:])
    close(2 * half[:, :2] - ws[:, :2], broadcast(model.mapping.w_avg[None], 2).expand(5, -1, -1))
    beyond = truncate(ws, model.mapping.w_avg, -1.0) - model.mapping.w_avg
    close(beyond, model.mapping.w_avg - ws)


def test_noise():
    model, g = tiny(), torch.Generator().manual_seed(1)
    ws = broadcast(model.mapping(noise((12,), [4])), model.layers)
    off, fixed = (model.synthesis(ws, model.noise(kind)) for kind in ("off", "fixed"))
    assert torch.equal(off, model.synthesis(ws, model.noise("off")))
    assert torch.equal(fixed, model.synthesis(ws, model.noise("fixed")))
    new = [model.synthesis(ws, model.noise("new", g)) for _ in range(2)]
    for a, b in ((off, fixed), (fixed, new[0]), (new[0], new[1])):
        assert (a - b).abs().max() > 1e-2
    torch.testing.assert_close(model.synthesis(ws, [0 * t for t in model.noise()]), off)
    assert [t.shape[-1] for t in model.noise()] == [4, 8, 8, 16, 16]


def test_a_picture_does_not_depend_on_its_batch():
    model = tiny()
    z = noise((12,), range(6))
    together = to_uint8(model(z), -3, 3).astype(int)
    alone = np.concatenate([to_uint8(model(one), -3, 3) for one in z.split(1)]).astype(int)
    assert np.abs(together - alone).max() <= 1
    assert len(np.unique(together.reshape(6, -1), axis=0)) == 6


# Training.


def test_path_lengths_of_a_linear_map():
    """x = A w for each layer: J^T y is A^T y, the same for every layer, whatever w."""
    g = torch.Generator().manual_seed(3)
    a, y = torch.randn(3 * 4 * 4, 5, generator=g), torch.randn(2, 3, 4, 4, generator=g)
    ws = torch.randn(2, 6, 5, generator=g).requires_grad_()
    x = torch.einsum("pl,bkl->bp", a, ws).view(2, 3, 4, 4)
    torch.testing.assert_close(path_lengths(x, ws, y), (y.flatten(1) @ a / 4).norm(dim=1))


def test_parameters_within_the_budget():
    with torch.device("meta"):
        for size in training.WIDTHS:
            assert (
                sum(p.numel() for p in Generator(**training.config(size)).parameters()) <= 2_500_000
            )
