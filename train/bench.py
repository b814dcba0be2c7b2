"""Timings as ratios against a reference, in one run on one machine: `make bench`, or a part of it by name.

    python -m train.bench [pixelcnn] [pixels] [scales] [vae] [stylegan] [page] [crowd]

The two sides of a ratio take turns, so that whatever else the machine does slows both; a time is the median of
its turns. Milliseconds are context, ratios are compared. Nothing here is a test.
"""

import argparse
import time
from collections import deque
from collections.abc import Callable, Iterator
from statistics import median

import torch
import torch.nn.functional as F

import checkpoints
from models import gated_pixelcnn, pixel_gpt, pixelrnn, var
from models.autoregressive import sample_naive
from models.images import noise
from models.pixelcnn import sample
from models.stylegan import Layer, depthwise, lrelu
from train import bench_app

TURNS = 9
Row = tuple[str, str, str, str, str]  # what, measured, reference, ratio, goal


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def ratio(value: float, goal: float, at_least: bool) -> tuple[str, str]:
    met = value >= goal if at_least else value <= goal
    return f"{value:.3g}x", f"{'>=' if at_least else '<='} {goal:g}x {'met' if met else 'MISSED'}"


def last(states: Iterator[torch.Tensor]) -> torch.Tensor:
    return deque(states, maxlen=1).pop()


def pixelcnn() -> Iterator[Row]:
    """The sampler that keeps its features, against a full pass for each of the 784 pixels."""
    model = checkpoints.load("pixelcnn-mnist")
    n = model.size**2
    cores = torch.get_num_threads()
    for batch, goal in ((1, 40), (16, 150)):
        u = noise((1, model.size, model.size), range(batch), "uniform")
        x = last(sample(model, u))

        def draw(u=u) -> None:
            last(sample(model, u))

        def full_pass(x=x) -> None:
            with torch.inference_mode():
                model(x)

        # A full pass gains from a second thread, so the reference gets the better of both. The few rows of a front
        # do not, and on a busy machine they wait for it: the app draws with half the cores.
        drawn, passes = [], {count: [] for count in {1, cores}}
        for turn in range(TURNS + 1):
            torch.set_num_threads(1)
            times = [seconds(draw)]
            for count in passes:
                torch.set_num_threads(count)
                times.append(seconds(full_pass))
            if turn:                                           # the first one warms up
                for kept, elapsed in zip((drawn, *passes.values()), times, strict=True):
                    kept.append(elapsed)
        torch.set_num_threads(1)
        reference = n * min(map(median, passes.values()))
        shown = ratio(reference / median(drawn), goal, at_least=True)
        took = f"{median(drawn) * 1e3:.1f} ms"
        yield f"PixelCNN, {batch} at once", took, f"{n} passes {reference * 1e3:.0f} ms", *shown

        with torch.inference_mode():
            p = torch.sigmoid(model(x))
        # Each pixel is what the definition draws from this past: by induction the whole picture is.
        wrong = x != (u < p)
        excused = int((wrong & ((u - p).abs() < 1e-6)).sum())
        found = f"{int(wrong.sum())} differ, {excused} with |u-p| < 1e-6"
        yield f"  {x.numel()} pixels", found, "u < p, given the past", "", "0 others"
        if batch == 1:
            slow: list[torch.Tensor] = []
            elapsed = seconds(lambda u=u, slow=slow: slow.append(last(sample_naive(model, u))))
            differ = int((slow[0] != x).sum())
            yield f"  {n} pixels", f"{differ} differ", f"sample_naive {elapsed * 1e3:.0f} ms", "", ""


def pixels() -> Iterator[Row]:
    """The other models of pixels: each sampler that keeps what it has computed, against 784 full passes."""
    torch.set_num_threads(1)
    for name, draw, goal in (
        ("gated-pixelcnn-mnist", gated_pixelcnn.sample, ""), ("row-lstm-mnist", pixelrnn.sample, ""),
        ("diagonal-bilstm-mnist", pixelrnn.sample, "250 ms"), ("pixel-gpt-mnist", pixel_gpt.sample, "800 ms"),
    ):
        if name not in checkpoints.MANIFEST:
            continue
        model = checkpoints.load(name)
        u = noise((1, model.size, model.size), [0], "uniform")
        x, drawn, passes = last(draw(model, u)), [], []
        for turn in range(TURNS + 1):
            took = seconds(lambda model=model, u=u, draw=draw: last(draw(model, u)))
            with torch.inference_mode():
                whole = seconds(lambda model=model, x=x: model(x))
            if turn:                                           # the first one warms up
                drawn.append(took)
                passes.append(whole)
        reference = model.size**2 * median(passes)
        yield (name, f"{median(drawn) * 1e3:.0f} ms", f"784 passes {reference * 1e3:,.0f} ms",
               f"{reference / median(drawn):.3g}x", goal)


def scales() -> Iterator[Row]:
    """VAR, a pass for each grid, against the same codes one after the other, with and without a cache."""
    if "var-raster-mnist" not in checkpoints.MANIFEST:
        return
    torch.set_num_threads(1)
    vq, grids, codes = (checkpoints.load(f"var-{name}mnist") for name in ("vq-", "", "raster-"))
    y, u = torch.tensor([8]), noise((codes.tokens,), [0], "uniform")
    ours, theirs, passes = [], [], []
    known = torch.zeros(1, codes.tokens - 1, vq.dim)
    for turn in range(TURNS + 1):
        times = [seconds(lambda: last(var.sample(grids, vq, y, u))),
                 seconds(lambda: last(var.sample_raster(codes, vq, y, u)))]
        with torch.inference_mode():
            times.append(codes.tokens * seconds(lambda: codes(y, known)))
        if turn:
            for kept, elapsed in zip((ours, theirs, passes), times, strict=True):
                kept.append(elapsed)
    took = f"{median(ours) * 1e3:.1f} ms (goal: 10 ms)"
    for what, times in (("70 codes, cached", theirs), ("70 full passes", passes)):
        shown = ratio(median(times) / median(ours), 20, at_least=True)
        yield "VAR, 4 passes", took, f"{what} {median(times) * 1e3:.0f} ms", *shown


def vae() -> Iterator[Row]:
    """The pictures of a 20 x 20 map at once, against one after the other."""
    model = checkpoints.load("vae-mnist-2d")
    z = noise((model.latent,), range(400))
    torch.set_num_threads(1)
    at_once, one_by_one = [], []
    with torch.inference_mode():
        for turn in range(TURNS + 1):
            whole = seconds(lambda: model.decode(z).sigmoid())
            parts = seconds(lambda: [model.decode(v).sigmoid() for v in z[:, None]])
            if turn:                                           # the first one warms up
                at_once.append(whole)
                one_by_one.append(parts)
    shown = ratio(median(one_by_one) / median(at_once), 3, at_least=True)
    took = f"{median(at_once) * 1e3:.1f} ms (goal: 5 ms)"
    yield "VAE, a map of 20 x 20", took, f"one by one {median(one_by_one) * 1e3:.0f} ms", *shown


def stylegan() -> Iterator[Row]:
    """Scaled activations and one shared convolution, against weights of each picture's own as a grouped convolution."""
    model = checkpoints.load("stylegan-faces")
    layers = [layer for layer in model.synthesis.modules() if isinstance(layer, Layer)]
    widths = [layer.weight.shape[1] for layer in layers]
    torch.set_num_threads(1)

    def grouped(layer: Layer, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        weight = layer.weight * layer.affine(w)[:, None, :, None, None]
        weight = weight * (weight.square().sum((2, 3, 4), keepdim=True) + 1e-8).rsqrt()
        batch, one = len(x), x.reshape(1, -1, *x.shape[2:])
        if not layer.up:
            return F.conv2d(one, weight.flatten(0, 1), padding=1, groups=batch).view(batch, -1, *x.shape[2:])
        y = F.conv_transpose2d(one, weight.transpose(1, 2).flatten(0, 1), stride=2, groups=batch)
        return depthwise(y.view(batch, -1, *y.shape[2:]), 4 * layer.blur, padding=1)

    for batch in (1, 16):
        w = noise((model.latent,), range(batch))
        inputs = [noise((i, *(layer.noise_const.shape[0] // (1 + layer.up),) * 2), range(batch))
                  .contiguous(memory_format=torch.channels_last) for layer, i in zip(layers, widths, strict=True)]
        plain = [x.contiguous() for x in inputs]
        scaled, reference = [], []
        with torch.inference_mode():
            for turn in range(TURNS + 1):
                ours = seconds(lambda w=w, inputs=inputs: [
                    layer(x, w, None) for layer, x in zip(layers, inputs, strict=True)])
                theirs = seconds(lambda w=w, plain=plain: [
                    lrelu(grouped(layer, x, w) + layer.bias[:, None, None])
                    for layer, x in zip(layers, plain, strict=True)])
                if turn:
                    scaled.append(ours)
                    reference.append(theirs)
        gain = median(reference) / median(scaled)
        # One picture is one group: there the two are the same work.
        shown = (f"{gain:.3g}x", "") if batch == 1 else ratio(gain, 2, at_least=True)
        yield (f"StyleGAN2, all layers, batch {batch}", f"{median(scaled) * 1e3:.1f} ms",
               f"grouped {median(reference) * 1e3:.1f} ms", *shown)

    with torch.inference_mode():
        z, grain = noise((model.latent,), range(36)), model.noise()
        one = median(seconds(lambda: model(z[:1], grain)) for _ in range(TURNS))
        sheet = median(seconds(lambda: model(z, grain)) for _ in range(TURNS))
    yield "  a face; a 5 x 5 matrix", f"{one * 1e3:.1f} ms; {sheet * 1e3:.0f} ms", "", "", "5 ms; 120 ms"


PARTS: dict[str, Callable[[], Iterator[Row]]] = {
    "pixelcnn": pixelcnn, "pixels": pixels, "scales": scales, "vae": vae, "stylegan": stylegan,
    "page": bench_app.page, "crowd": bench_app.crowd,
}


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("parts", nargs="*", help=f"what to time: {', '.join(PARTS)}; all without any")
    parts = args.parse_args().parts or list(PARTS)
    if unknown := set(parts) - set(PARTS):
        raise SystemExit(f"Unknown: {', '.join(sorted(unknown))}. There are {', '.join(PARTS)}.")
    layout = "{:<32}{:<34}{:<26}{:>8}   {}"
    print(layout.format("", "measured", "reference", "ratio", "goal"))
    for part in parts:
        for row in PARTS[part]():
            print(layout.format(*row), flush=True)


if __name__ == "__main__":
    main()
