"""Large models in memory: they draw what their files say, one copy for all, and leave when another needs room."""

import gc
import os
import re
import subprocess
import sys
from pathlib import Path

import diffusers
import pytest
import torch

from checkpoints import CheckpointError, hub, resident
from demos import gpu
from demos.diffusion import network
from models import ddpm
from tests.answers import without_time
from tests.offers import CIFAR, FACES, bring, last, weights_of

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", network.LARGE)
def test_a_model_comes_from_the_hub_and_draws(small_hub, tiny_models, name):
    """Every file once; then our loop asks it, and the pictures are those of the files as they were saved."""
    with pytest.raises(CheckpointError, match="download it first"):
        last(1, 2, 0, name)
    steps = bring(name)
    assert [p.done for p in steps] == sorted(p.done for p in steps)
    assert (
        steps[-1].done
        == steps[-1].total
        == sum(f.stat().st_size for f in tiny_models[name].iterdir())
    )
    for file in tiny_models[name].iterdir():
        assert small_hub.sent(file.name) == file.stat().st_size
    assert bring(name) == [], "it is here"
    value, _ = last(1, 3, 0.5, name)
    assert (value["model"], value["size"], value["channels"]) == (name, 16, 3)
    original = ddpm.Pretrained(tiny_models[name]).requires_grad_(False)
    dice = network.rolls(1, name)
    wanted = list(ddpm.sample(original, network.first_noise(1, name), 3, 0.5, dice))
    for got, state in zip(network.path(name, 1, 3, 0.5), wanted, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(got, state, strict=True))
    assert without_time(last(1, 3, 0.5, name)) != without_time(last(2, 3, 0.5, name))


def test_our_loop_draws_what_the_librarys_pipelines_draw(small_hub):
    bring(CIFAR)
    model, x = resident.load(CIFAR), network.first_noise(7, CIFAR)
    options = dict(timestep_spacing="trailing", clip_sample=True)
    for eta in (0.0, 1.0):
        scheduler = diffusers.DDIMScheduler(set_alpha_to_one=True, **options)
        scheduler.set_timesteps(20)
        theirs, dice = x, network.rolls(7, CIFAR)
        for k, (ours, guess, _) in enumerate(ddpm.sample(model, x, 20, eta, dice)):
            t = scheduler.timesteps[k]
            with torch.inference_mode():
                said = model.unet(theirs, t).sample
            assert (said - guess).abs().max() < 1e-4
            step = scheduler.step(
                said, t, theirs, eta, use_clipped_model_output=True, variance_noise=dice(k)
            )
            theirs = step.prev_sample if k < 19 else step.pred_original_sample
            assert (theirs - ours).abs().max() < 1e-5, f"step {k}, eta {eta}"


def test_weights_that_hold_code_are_refused(small_hub, tmp_path):
    class Code:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "it-ran"),)

    bring(FACES)
    torch.save({"conv_in.weight": Code()}, hub.folder(FACES) / weights_of(FACES))
    with pytest.raises(CheckpointError, match="more than numbers"):
        resident.load(FACES)
    assert not (tmp_path / "it-ran").exists() and resident.held() == []


def test_what_does_not_fit_is_refused_and_the_oldest_makes_room(small_hub, monkeypatch):
    for name in network.LARGE:
        bring(name)
    need = max(map(resident.needs, network.LARGE))
    monkeypatch.setenv("MODEL_MEMORY_GB", str(0.5 * need / 1e9))
    assert "GB of memory" in resident.fits(CIFAR)
    with pytest.raises(CheckpointError, match="GB of memory"):
        resident.load(CIFAR)
    monkeypatch.setenv("MODEL_MEMORY_GB", str(1.5 * need / 1e9))
    assert resident.fits(CIFAR) == ""
    first = resident.load(CIFAR)
    assert resident.load(CIFAR) is first
    resident.load(FACES)
    assert resident.held() == [FACES], "one of two has room"
    monkeypatch.setenv("MODEL_MEMORY_GB", str(2.5 * need / 1e9))
    resident.load(CIFAR)
    resident.load(FACES)
    assert resident.held() == [CIFAR, FACES], "the order of use"
    monkeypatch.setattr(resident, "memory", lambda: (0, 10**12))
    resident.release(CIFAR)
    with pytest.raises(CheckpointError, match="are free"):
        resident.load(CIFAR)


USED = """
from pathlib import Path
def used(): return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
"""


def as_the_app_runs(code: str) -> list[int]:
    """The numbers that it prints, in a process of its own with the allocator's settings of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", USED + code],
        cwd=ROOT,
        env=os.environ | dict(re.findall(r"(MALLOC_\w+)=(\d+)", makefile)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return [int(number) for number in done.stdout.split()]


def test_what_one_thread_has_freed_the_next_one_uses():
    """Else a server holds, for each of its threads, as much as the largest answer of that thread took."""
    code = """
import threading
turns, end = [threading.Event() for _ in range(9)], threading.Event()
def draw(): b'.' * 20_000_000
def answer(k):
    turns[k].wait(); draw(); turns[k + 1].set(); end.wait()
threads = [threading.Thread(target=answer, args=(k,)) for k in range(8)]
for thread in threads: thread.start()
draw()
before = used()
turns[0].set(); turns[8].wait()
print(used() - before); end.set()
"""
    (grown,) = as_the_app_runs(code)
    assert grown < 20e6, f"{grown / 1e6:.0f} MB for eight answers of 20 MB"


@pytest.mark.slow
def test_memory_comes_back(tmp_path):
    code = f"""
import torch, diffusers
from checkpoints import hub, resident
import demos.diffusion.network
folder = Path({str(tmp_path)!r})
model = diffusers.UNet2DModel(sample_size=16, block_out_channels=(256, 512), layers_per_block=1,
    down_block_types=("DownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "UpBlock2D"))
model.save_pretrained(folder); diffusers.DDPMScheduler().save_pretrained(folder)
size = 4 * sum(p.numel() for p in model.parameters())
del model
hub.folder = lambda name: folder
name = next(iter(hub.OFFERED))
resident.load(name); resident.release(name)
before = used()
list(__import__("models.ddpm").ddpm.sample(resident.load(name), torch.zeros(1, 3, 16, 16), 1))
held = used()
resident.release(name)
print(size, held - before, used() - before)
"""
    size, held, left = as_the_app_runs(code)
    assert held > 0.8 * size, "it was there"
    assert left < 0.25 * size, f"{left / size:.0%} of the model's memory stayed"


def test_without_a_gpu_long_work_is_bounded_and_one_at_a_time(small_hub, monkeypatch):
    bring(CIFAR)
    if resident.device().type == "cuda":
        pytest.skip("there is a GPU here")
    monkeypatch.setattr(gpu, "LONGEST", network.seconds(CIFAR, 1) * 10.5)
    monkeypatch.setattr(gpu, "PATIENCE", 0.1)
    with pytest.raises(ValueError, match="at most 10 steps"):
        last(1, 11, 0, CIFAR)
    first = network.path(CIFAR, 1, 10, 0)
    next(first)
    with pytest.raises(ValueError, match="Somebody else"):
        last(1, 2, 0, CIFAR)
    first.close()  # a visitor who stops or leaves
    gc.collect()
    assert last(1, 2, 0, CIFAR)
