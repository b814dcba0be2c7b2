"""Who may use a graphics card, what crosses to the process that has it, and what its failures say."""

import os
import subprocess
import sys
from pathlib import Path

import gradio as gr
import pytest
import torch

from demos import gpu, ui

ROOT = Path(__file__).parents[1]

# What ZeroGPU does with a decorated function or generator, as the `spaces` package does it: a forked process, arguments
# and results pickled on the way, everything else that the process changes lost.
SPACES = """
import inspect, multiprocessing, os, pickle

def GPU(*, duration):
    def decorate(task):
        streams = inspect.isgeneratorfunction(task)
        def stream(*args):
            seconds = duration(*args)
            assert type(seconds) is int and 1 <= seconds <= 300
            print("GPU", seconds, flush=True)
            context = multiprocessing.get_context("fork")
            here, there = context.Pipe(duplex=False)
            packed = pickle.dumps(args)
            def work():
                given = pickle.loads(packed)
                for result in task(*given) if streams else [task(*given)]:
                    there.send_bytes(pickle.dumps(result))
                there.send_bytes(b"")
            process = context.Process(target=work)
            process.start()
            while data := here.recv_bytes():
                assert b"torch" not in data, "numpy arrays cross, no tensors"
                yield pickle.loads(data)
            process.join()
        return stream if streams else lambda *args: [*stream(*args)][0]
    return decorate
"""
VISIT = """
import sys
from pathlib import Path
import torch, diffusers
torch.set_num_threads(1)
from checkpoints import hub, resident
from demos import gpu, TABS
from demos.autoregressive import play
from demos.diffusion import denoise, network, samplers
from demos.stylegan import mixing
from demos.stylegan.network import LARGE as generators
from demos.vae import latent_map
from models.ddpm import sample
from tests.test_stylegan import oracle
assert gpu.spaces is not None
folder, name = Path(sys.argv[1]), network.LARGE[0]
faces = generators[0]
tiny = {name: hub.OFFERED[name] | dict(size=16), faces: hub.OFFERED[faces] | dict(size=32)}
hub.OFFERED = hub.OFFERED | tiny
torch.save({"g_ema": oracle("rosinality")[0]}, folder / hub.OFFERED[faces]["files"][0])
diffusers.UNet2DModel(sample_size=16, block_out_channels=(32, 32), layers_per_block=1,
    down_block_types=("DownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "UpBlock2D")).save_pretrained(folder)
diffusers.DDPMScheduler().save_pretrained(folder)
hub.folder = lambda name: folder
play.draw(7, 1, ""); latent_map.decode_2d(0.5, 1); samplers.compare(3)
list(denoise.denoise(5, 4, 0.5, network.SHIPPED)), list(mixing.mix_styles("7", "5", "0", 0.7))
print("now", flush=True)
*_, (value, _) = denoise.denoise(5, 4, 0.5, name)
print("then", flush=True)
assert resident.held() == [name], "the files are read in the main process"
*_, wanted = sample(resident.load(name), network.first_noise(5, name), 4, 0.5, network.rolls(5, name))
*_, got = network.path(name, 5, 4, 0.5)
assert all(torch.equal(a, b) for a, b in zip(got, wanted)), "the same picture"
print("now a generator", flush=True)
*_, one = mixing.mix_styles("7", "5", "0", 0.7, "", faces)
assert faces in resident.held() and one["faces"] == 4
"""


@pytest.mark.slow
def test_on_a_space_only_large_models_take_gpu_time_and_only_numbers_cross(tmp_path):
    (tmp_path / "spaces.py").write_text(SPACES)
    (tmp_path / "model").mkdir()
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", VISIT, tmp_path / "model"],
        cwd=ROOT,
        env=os.environ | dict(PYTHONPATH=path),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    before, _, rest = done.stdout.partition("now\n")
    during, _, after = rest.partition("then\n")
    assert "GPU" not in before, "what a processor can do takes no GPU time"
    assert during.count("GPU") == 1
    assert after.partition("now a generator\n")[2].count("GPU") == 2, (
        "a call for each row, without a card here"
    )


class TitledError(gr.Error):
    """As the spaces package raises them."""

    def __init__(self, title: str, text: str):
        super().__init__(text)
        self.title = title


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), gpu.BUSY),
        (TitledError("ZeroGPU worker error", "OutOfMemoryError"), gpu.BUSY),
        (
            TitledError("ZeroGPU quota exceeded", "You have exceeded your <b>free</b> quota"),
            gpu.QUOTA,
        ),
        (TitledError("ZeroGPU pending credits exceeded", "..."), gpu.QUOTA),
        (TitledError("ZeroGPU worker error", "GPU task aborted"), gpu.LATE),
        (TitledError("ZeroGPU queue timeout", "No GPU was available after 60 s"), gpu.LATE),
        (TitledError("ZeroGPU client error", "Expired ZeroGPU proxy token"), gpu.BROKEN),
        (RuntimeError("CUDA error: device-side assert triggered\nCompile with"), gpu.BROKEN),
        (RuntimeError("size mismatch"), ui.SORRY),
    ],
)
def test_what_a_gpu_does_wrong_is_one_line_with_a_way_on(error, said):
    def handler():
        raise error

    def stream():
        yield "a first picture"
        raise error

    with pytest.raises(gr.Error) as raised:
        ui.answer(handler)()
    assert raised.value.message == said and "\n" not in said
    pictures = ui.answer(stream)()
    assert next(pictures) == "a first picture"
    with pytest.raises(gr.Error) as raised:
        next(pictures)
    assert raised.value.message == said
