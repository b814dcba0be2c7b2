"""StyleGAN's large generators: one in the original program's own file, from the small Hub to the matrix."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

import checkpoints
from checkpoints import CheckpointError, hub, resident, stylegan_formats
from demos import gpu
from demos.stylegan import face, latent, mixing, network
from models.images import noise, to_uint8
from models.stylegan import broadcast, mix, truncate
from tests.endpoints import GOOD, ask, check_message
from tests.offers import bring
from tests.test_stylegan import oracle
from tests.test_stylegan_files import Hostile
from tests.test_stylegan_tab import decoded, mixed

CAT = "stylegan2-cat-256"


@pytest.fixture
def cat(small_hub):
    """-> the generator as the original program's numbers make it."""
    bring(CAT)
    state, made = oracle("rosinality")
    return stylegan_formats.generator(state | {"latent_avg": made["latent_avg"]})


def test_the_matrix_is_what_the_original_numbers_draw(cat):
    stream = [*mixing.mix_styles("5, 6", "1, 2, 3", "0, 1, 2", 0.7, "", CAT)]
    assert [value["faces"] for value in stream] == [4, 8, 12], "row by row"
    (early,), (sheet,) = decoded(stream[0]["sheet"]), decoded(stream[-1]["sheet"])
    assert (early[64:] == mixing.BLANK).all() and early[:32].std() > 10
    assert stream[-1]["model"] == CAT and stream[-1]["sizes"] == latent.sizes(CAT)
    w = truncate(cat.mapping(noise((cat.latent,), [5, 6, 1, 2, 3])), cat.mapping.w_avg, 0.7)
    ws = broadcast(w, cat.layers)
    wanted = cat.synthesis(mix(ws[1:2], ws[3:4], [0, 1, 2]), cat.noise())
    got = sheet[64:96, 64:96].astype(int)
    fast = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    assert np.abs(got - to_uint8(wanted, -1, 1)[0]).mean() < (3 if fast else 0.1)
    assert np.abs(got - sheet[32:64, 64:96]).mean() > 10, "another row is another face"


def test_every_knob_of_one_face(cat):
    given = GOOD["one_face"] | dict(model=CAT, noise="fixed", coarse=1, middle=1, fine=1)
    whole, spread = decoded(face.one_face(**given))
    assert whole.shape == spread.shape == (32, 32, 3)
    off, _ = decoded(face.one_face(**given | dict(noise="off")))
    assert np.abs(whole.astype(int) - off).mean() > 1
    with pytest.raises(ValueError, match=f"from 0 to {cat.layers}"):
        face.one_face(**given | dict(cutoff=cat.layers + 1))
    uri = mixing.mixed_picture("7", 0.7, "", CAT)
    image = Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))
    assert "AI-generated" in image.info["Description"]


def test_what_fits_stays_when_the_generator_changes():
    cat, few = "stylegan2-cat-256", " ".join(["1"] * 5 + ["2"] * 3)
    assert mixing.fit(f"{few}, 9", "w1, 8", "0, 7, 13, 14", cat) == ("1, 9", "7, 8", "0, 7, 13", "")
    many = " ".join(["1"] * 5 + ["2"] * 9)
    assert mixing.fit(many, "5", "14", cat) == (many, "5", "0, 1, 2", "")
    assert mixing.fit("<b>", "", None, cat) == ("7", "7", "0, 1, 2", "")
    assert mixing.fit("1", "2", "9" * 5000, cat)[2] == "0, 1, 2", "more digits than Python reads"
    with pytest.raises(ValueError, match="Model is one of"):
        mixing.fit("1", "2", "0", "../x")


def test_faces_that_were_found_stay_with_their_generator(cat):
    with pytest.raises(ValueError, match="the generator that ships"):
        mixed("w1", "9", "0", 0.7, GOOD["mix_styles"]["found"], CAT)


def test_the_file_of_another_program_is_opened_once(cat, monkeypatch):
    first = mixed("5", "1", "0", 0.7, "", CAT)["sheet"]
    kept = hub.folder(CAT) / "stylegan2-cat-config-f.safetensors"
    original = kept.with_suffix(".pt")
    content = original.read_bytes()
    original.write_bytes(b"not opened again")
    resident._held.clear()
    assert mixed("5", "1", "0", 0.7, "", CAT)["sheet"] == first
    original.write_bytes(content)
    for damage in (b"", kept.read_bytes()[:-9], b"\xff" * 99):
        kept.write_bytes(damage)
        resident._held.clear()
        assert mixed("5", "1", "0", 0.7, "", CAT)["sheet"] == first, "made again"
        assert len(kept.read_bytes()) > 10_000


def test_code_in_the_file_is_refused_and_does_not_run(small_hub, tmp_path, monkeypatch):
    entry, file, mark = hub.OFFERED[CAT], tmp_path / "bad.pt", tmp_path / "it-ran"
    torch.save({"g_ema": oracle("rosinality")[0], "extra": Hostile(mark)}, file)
    small_hub.files[entry["repo"], entry["revision"]] = {entry["files"][0]: file.read_bytes()}
    monkeypatch.setitem(hub.OFFERED, CAT, entry | dict(bytes=file.stat().st_size))
    bring(CAT)
    with pytest.raises(CheckpointError, match="more than numbers"):
        mixed("5", "1", "0", 0.7, "", CAT)
    assert not mark.exists()


def test_it_is_said_that_a_model_is_not_here(app_url, small_hub):
    matrix = GOOD["mix_styles"] | dict(rows="7", found="")
    for name, given in (
        ("mix_styles", matrix),
        *((n, GOOD[n]) for n in ("mixed_picture", "one_face")),
    ):
        _, message = ask(app_url, name, given | dict(model=CAT))
        check_message(message, "download it first")


def test_too_much_and_too_many_at_once_are_refused(cat, monkeypatch):
    monkeypatch.setitem(
        hub.OFFERED, CAT, hub.OFFERED[CAT] | dict(gigaflops=gpu.LONGEST * gpu.GIGAFLOPS / 5)
    )
    with pytest.raises(ValueError, match="at most 5 pictures"):
        mixed("5, 6", "1", "0", 0.7, "", CAT)
    monkeypatch.setattr(gpu, "PATIENCE", 0.1)
    slow = mixing.mix_styles("5", "1", "0", 0.7, "", CAT)
    next(slow)
    with pytest.raises(ValueError, match="Somebody else is drawing"):
        mixed("5", "1", "0", 0.7, "", CAT)
    assert mixed("5", "1", "0", 0.7)["faces"] == 4, "the one that ships waits for nobody"
    slow.close()  # the page was closed
    assert mixed("5", "1", "0", 0.7, "", CAT)["faces"] == 4


def test_the_entries_describe_config_f():
    """Parameters and layers of every entry, from the shapes alone."""
    from models.stylegan import Generator

    for name in network.LARGE:
        entry = hub.OFFERED[name]
        widths = (512, 512, 512, 512, 512, 256, 128, 64, 32)[: int(np.log2(entry["size"])) - 1]
        with torch.device("meta"):
            model = Generator(entry["size"], widths, latent=512, depth=8)
        assert sum(p.numel() for p in model.parameters()) == entry["parameters"]
        assert model.layers == network.layers(name)
        assert entry["license"] and name not in checkpoints.MANIFEST
