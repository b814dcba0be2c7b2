"""A picture in colour: the Hub's Image GPT against its own library, and both models in the view that asks them."""

import copy
import json
import pickle
import re
import shutil

import numpy as np
import pytest
import torch

import checkpoints
from checkpoints import CheckpointError, hub, image_gpt_formats, resident
from demos import gpu
from demos.autoregressive import colour, writers
from demos.autoregressive.pictures import PICTURES, picture
from models import colour_gpt
from models.image_gpt import sample
from models.images import noise
from tests.answers import is_frozen, pictures
from tests.endpoints import GOOD, ask, check_message
from tests.offers import bring, save_image_gpt

LARGE = "imagegpt-small"
START = 512  # the token in front, in the library


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_image_gpt(tmp_path_factory.mktemp("image-gpt"), side=8)


@pytest.fixture(scope="module")
def ours(folder):
    return image_gpt_formats.pretrained(folder)


@pytest.fixture(scope="module")
def theirs(folder):
    from transformers import ImageGPTForCausalImageModeling

    return ImageGPTForCausalImageModeling.from_pretrained(folder).eval().requires_grad_(False)


def some(n: int, length: int = 64) -> torch.Tensor:
    return torch.randint(512, (n, length), generator=torch.Generator().manual_seed(1))


def test_its_logits_are_those_of_the_library(ours, theirs):
    k, y = some(3), torch.zeros(3, dtype=torch.long)
    text = torch.cat([torch.full((3, 1), START), k[:, :-1]], 1)
    wanted = copy.deepcopy(theirs).double()(text).logits
    assert wanted.std() > 1, "no two colours are equally likely"
    got = copy.deepcopy(ours).double()(k, y)
    torch.testing.assert_close(got, wanted.float(), rtol=1e-6, atol=1e-6)
    assert (ours(k, y) - theirs(text).logits).abs().max() < 1e-4, "in single precision"


@pytest.mark.parametrize("first", [0, 40])
def test_it_draws_what_a_loop_over_the_library_draws(ours, theirs, first):
    """From the same uniform numbers, without anything kept."""
    u, given = noise((64,), range(2), "uniform"), some(1)[:, :first]
    got = torch.stack(
        [t for t, _ in sample(ours, torch.zeros(2, dtype=torch.long), u, 0.9, given)], 1
    )
    text = torch.cat([torch.full((2, 1), START), given.expand(2, -1)], 1)
    with torch.inference_mode():
        for at in range(first, 64):
            p = (theirs(text).logits[:, -1] / 0.9).softmax(1)
            below = (p.cumsum(1) <= u[:, at, None]).sum(1, keepdim=True)
            text = torch.cat([text, below.clamp(max=511)], 1)
    assert got.equal(text[:, 1 + first :])
    assert got[0].unique().numel() > 5 and not got[0].equal(got[1])


def test_pixels_become_the_nearest_colours_as_in_the_library(ours, folder):
    from transformers import ImageGPTImageProcessorPil

    levels = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    processor = ImageGPTImageProcessorPil.from_pretrained(folder, size=dict(height=8, width=8))
    wanted = torch.tensor(np.asarray(processor([*levels])["input_ids"]))
    k = colour_gpt.nearest(ours, torch.from_numpy(levels).permute(0, 3, 1, 2) / 255)
    assert k.equal(wanted)
    again = ours.look_up(k)
    assert again.shape == (2, 3, 8, 8) and colour_gpt.nearest(ours, again).equal(k)
    assert again[1, :, 2, 5].equal((ours.colours[k[1, 21]] + 1) / 2), "row by row"


def spoil(folder, file: str, **values) -> None:
    told = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps(told | values))


def weights(folder, change) -> None:
    from safetensors.torch import load_file, save_file

    state = load_file(folder / "model.safetensors")
    change(state)
    save_file(state, folder / "model.safetensors")


CLUSTERS, WTE = "preprocessor_config.json", "transformer.wte.weight"
WRONG = {
    "no colours": lambda f: spoil(f, CLUSTERS, clusters=None),
    "too few colours": lambda f: spoil(f, CLUSTERS, clusters=[[0, 0, 0]] * 511),
    "two numbers a colour": lambda f: spoil(f, CLUSTERS, clusters=[[0, 0]] * 512),
    "colours of 255": lambda f: spoil(f, CLUSTERS, clusters=[[255, 0, 0]] * 512),
    "no number": lambda f: spoil(f, CLUSTERS, clusters=[[float("nan"), 0, 0]] * 512),
    "ragged colours": lambda f: spoil(f, CLUSTERS, clusters=[[0, 0, 0]] * 511 + [[0]]),
    "no preprocessor": lambda f: (f / CLUSTERS).unlink(),
    "another family": lambda f: spoil(f, "config.json", model_type="gpt2"),
    "another norm": lambda f: spoil(f, "config.json", layer_norm_epsilon=1e-3),
    "another activation": lambda f: spoil(f, "config.json", activation_function="relu"),
    "no square": lambda f: spoil(f, "config.json", n_positions=63),
    "no size": lambda f: spoil(f, "config.json", n_layer="2"),
    "another size": lambda f: spoil(f, "config.json", n_layer=3),
    "heads that do not fit": lambda f: spoil(f, "config.json", n_head=3),
    "a config of lists": lambda f: (f / "config.json").write_text("[" * 9000),
    "no token in front": lambda f: weights(f, lambda state: state.pop(WTE)),
    "another shape": lambda f: weights(f, lambda s: s.update({WTE: s[WTE][:-1].clone()})),
    "a part too many": lambda f: weights(f, lambda s: s.update(more=torch.zeros(3))),
    "a pickle": lambda f: (f / "model.safetensors").write_bytes(pickle.dumps({"a": 1})),
    "no weights": lambda f: (f / "model.safetensors").unlink(),
    "a .bin in their place": lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_is_no_such_model_is_refused_in_one_line(folder, tmp_path, wrong):
    shutil.copytree(folder, tmp_path / "copy")
    wrong(tmp_path / "copy")
    with pytest.raises(ValueError, match=r"^[A-Za-z][^\n]{10,90}\.$"):
        image_gpt_formats.pretrained(tmp_path / "copy")


def test_what_the_library_saved_once_is_read_too(folder, tmp_path, ours):
    """With the masks among the weights, as the file on the Hub has them, and without settings that came later."""
    shutil.copytree(folder, tmp_path / "copy")
    masks = {"transformer.h.0.attn.bias": torch.ones(1, 1, 64, 64, dtype=torch.uint8)}
    masks["transformer.h.0.attn.masked_bias"] = torch.tensor(-1e4)
    weights(tmp_path / "copy", lambda state: state.update(masks))
    told = json.loads((tmp_path / "copy" / "config.json").read_text())
    for key in ("add_cross_attention", "scale_attn_by_inverse_layer_idx", "n_inner"):
        told.pop(key)
    (tmp_path / "copy" / "config.json").write_text(json.dumps(told))
    again, y = image_gpt_formats.pretrained(tmp_path / "copy"), torch.zeros(2, dtype=torch.long)
    assert again(some(2), y).equal(ours(some(2), y)) and is_frozen(again)


def test_the_entry_describes_the_model_of_the_paper():
    entry = hub.OFFERED[LARGE]
    with torch.device("meta"):
        model = colour_gpt.ColourGPT()
    count = sum(p.numel() for p in model.parameters())
    assert count == entry["parameters"] and model.side == entry["size"] == 32
    assert entry["gigaflops"] == pytest.approx(2 * count * model.tokens / 1e9, rel=0.01)


# The view.


def ends(*given) -> tuple[str, str]:
    *_, answer = colour.continue_picture(*given)
    return answer


def images(html: str) -> list[np.ndarray]:
    return [pictures(uri)[0] for uri in re.findall(r"src=\"(data:[^\"]+)\"", html)]


@pytest.fixture(params=[writers.SHIPPED, LARGE])
def name(request, small_hub):
    if request.param == LARGE:
        bring(LARGE)
    return request.param


@pytest.mark.parametrize("rows", [0, 3, 7])
def test_what_is_below_the_line_is_told_to_nobody(name, rows):
    x = picture("Boat")
    border = 64 * rows // 8
    other = torch.cat([x[:, :border], picture("A face")[:, border:]], 1)
    read = writers.tokens(name, x, rows)
    n = read.shape[1] * rows // 8
    assert read[:, :n].equal(writers.tokens(name, other, rows)[:, :n])
    assert not read.equal(writers.tokens(name, other, 8))


def test_four_endings_keep_what_is_given(name):
    html, said = ends("A face", 4, 7, 1.0, name)
    _, read, *four = images(html)
    half = len(read) // 2
    for end in four:
        if name == LARGE:
            assert np.array_equal(end[:half], read[:half])
        else:  # the decoder of the codes looks below the line too
            kept, drawn = (np.abs(end - read)[part].mean() for part in (slice(24), slice(40, 64)))
            assert kept < 2 and drawn > 10
    assert len({end.tobytes() for end in four}) == 4, "other seeds, other endings"
    assert "bits on average" in said and f"data-model='{name}'" in html
    assert html.count("bits a pixel" if name == LARGE else "bits a code") == 4
    assert ends("A face", 4, 7, 1.0, name) == (html, said), "the same question, the same answer"
    later = images(ends("A face", 4, 9, 1.0, name)[0])
    assert np.array_equal(later[2], four[2]) and np.array_equal(later[3], four[3]), (
        "by its seed alone"
    )
    assert ends("A face", 4, 7, 0.2, name)[0] != html
    shown = [images(ends("A face", rows, 7, 1.0, name)[0])[2].tobytes() for rows in (0, 1, 7)]
    assert len(set(shown)) == 3


@pytest.mark.parametrize("start", PICTURES)
def test_every_picture_can_begin(start):
    html, _ = ends(start, 4, 1, 1.0, writers.SHIPPED)
    first, *_ = images(html)
    assert first.shape == (64, 64) and first.std() > 20
    assert (
        picture(start).shape == (3, 64, 64)
        and 0 <= picture(start).min() <= picture(start).max() <= 1
    )


def test_it_streams_row_by_row_and_can_be_left(small_hub, monkeypatch):
    bring(LARGE)
    monkeypatch.setattr(colour, "PATIENCE", -1)
    stream = [*colour.continue_picture("Sunset", 4, 1, 1.0, LARGE)]
    known = [re.search(r"data-known='(\d+)/256'", html)[1] for html, _ in stream]
    assert known == [str(16 * row) for row in range(9, 17)]
    assert "16 of 128 pixels of each are drawn, about" in stream[0][1]
    monkeypatch.setattr(gpu, "PATIENCE", 0.1)
    slow = colour.continue_picture("Sunset", 4, 1, 1.0, LARGE)
    next(slow)
    with pytest.raises(ValueError, match="Somebody else is drawing"):
        ends("Boat", 4, 1, 1.0, LARGE)
    assert ends("Boat", 4, 1, 1.0, writers.SHIPPED), "the one that ships waits for nobody"
    slow.close()  # Stop, or the page was closed
    assert ends("Boat", 4, 1, 1.0, LARGE)


def test_too_long_is_refused_and_its_time_is_told(small_hub, monkeypatch):
    bring(LARGE)
    assert "four lower halves" in writers.cost(LARGE)
    assert writers.seconds(LARGE, 8) == pytest.approx(2 * writers.seconds(LARGE, 4))
    monkeypatch.setattr(writers, "PACE", hub.OFFERED[LARGE]["gigaflops"] / gpu.LONGEST)
    with pytest.raises(ValueError, match="draws fewer rows"):
        ends("Boat", 0, 1, 1.0, LARGE)


def test_it_is_said_that_a_model_is_not_here(app_url, small_hub):
    _, message = ask(app_url, "continue_picture", GOOD["continue_picture"] | dict(model=LARGE))
    check_message(message, "download it first")


def test_files_that_are_no_model_are_not_used(small_hub):
    entry = hub.OFFERED[LARGE]
    files = small_hub.files[entry["repo"], entry["revision"]]
    small_hub.files[entry["repo"], entry["revision"]] = files | {
        "model.safetensors": pickle.dumps({"a": torch.zeros(3)}),
    }
    bring(LARGE)
    with pytest.raises(CheckpointError, match="not used") as raised:
        ends("Boat", 4, 1, 1.0, LARGE)
    assert "\n" not in str(raised.value) and resident.held() == []


def test_what_it_draws_with_is_never_written_to(name):
    model = writers.writer(name)
    before = {key: t.clone() for key, t in model.state_dict().items()}
    ends("Apple", 3, 1, 1.0, name)
    assert all(t.equal(before[key]) for key, t in model.state_dict().items())
    assert is_frozen(model) and model.vocabulary == 512
    assert checkpoints.MANIFEST[writers.SHIPPED]["config"]["vocabulary"] == 512
