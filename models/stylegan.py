"""Analyzing and Improving the Image Quality of StyleGAN. Karras et al. 2019, arXiv:1912.04958 (StyleGAN2).

    w = f(z), z / sqrt(mean z^2) first                                          (the mapping network)
    w <- w_mean + psi (w - w_mean)                                              (truncation)
    W'_oik = s_i W_oik,  W''_oik = W'_oik / sqrt(sum_ik W'_oik^2 + epsilon)     (modulation, demodulation: Eqs. 1 and 3)

A layer with style s = A w convolves with W''. Every picture of a batch has weights of its own then, which is slow as
a grouped convolution; the same numbers come out when the input is scaled by s, all pictures are convolved with the one
W, and the output is scaled by 1 / sqrt(sum_i s_i^2 sum_k W_oik^2): so it is done here.

Departs from the paper: widths and depth are arguments, so that one file holds the small generator that ships and the
official ones at 1024 px.
Read in this order: Linear, Mapping, Layer, ToRGB, Synthesis, Generator, Discriminator, mix, truncate, path_lengths.
"""

from collections.abc import Sequence
from math import log2, sqrt

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def lrelu(x: Tensor) -> Tensor:
    """Leaky ReLU that keeps the variance."""
    return F.leaky_relu(x, 0.2) * sqrt(2)


class Linear(nn.Module):
    """y = x W^T rate / sqrt(inputs) + b rate: weights start at N(0, 1) / rate, so that all learn at one rate."""

    def __init__(self, inputs: int, outputs: int, bias: float = 0.0, rate: float = 1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias / rate))
        self.gain, self.rate = rate / sqrt(inputs), rate

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.gain, self.bias * self.rate)


class Mapping(nn.Module):
    """f: z (B, latent) -> w (B, latent). w_avg is the mean of w, followed while training."""

    def __init__(self, latent: int, depth: int):
        super().__init__()
        self.fc = nn.ModuleList(Linear(latent, latent, rate=0.01) for _ in range(depth))
        self.register_buffer("w_avg", torch.zeros(latent))

    def forward(self, z: Tensor) -> Tensor:
        x = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        for layer in self.fc:
            x = lrelu(layer(x))
        return x


def blur_kernel() -> Tensor:
    """[1, 3, 3, 1] in both directions, of sum 1."""
    line = torch.tensor([1.0, 3.0, 3.0, 1.0])
    return line.outer(line) / line.sum() ** 2


def depthwise(x: Tensor, kernel: Tensor, stride: int = 1, padding: int = 0) -> Tensor:
    c = x.shape[1]
    return F.conv2d(x, kernel.to(x.dtype).expand(c, 1, 4, 4), stride=stride, padding=padding, groups=c)


class Layer(nn.Module):
    """A modulated 3x3 convolution, noise, bias, leaky ReLU. up: to twice the resolution.

    x: (B, inputs, H, W), w: (B, latent), noise: (B or 1, 1, H', W') or None -> (B, outputs, H', W').
    """

    def __init__(self, inputs: int, outputs: int, latent: int, size: int, up: bool = False):
        super().__init__()
        self.up = up
        self.affine = Linear(latent, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("noise_const", torch.randn(size, size))
        self.register_buffer("blur", blur_kernel(), persistent=False)

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        style = self.affine(w)
        demodulate = (style.square() @ self.weight.square().sum((2, 3)).T + 1e-8).rsqrt()       # (B, outputs)
        x = x * style.to(x.dtype)[:, :, None, None]
        if self.up:
            x = F.conv_transpose2d(x, self.weight.to(x.dtype).transpose(0, 1), stride=2)          # (B, ., 2H+1, 2W+1)
            x = depthwise(x, 4 * self.blur, padding=1)
        else:
            x = F.conv2d(x, self.weight.to(x.dtype), padding=1)
        x = x * demodulate.to(x.dtype)[:, :, None, None]
        if noise is not None:
            x = x + (noise * self.noise_strength).to(x.dtype)
        return lrelu(x + self.bias.to(x.dtype)[:, None, None])


class ToRGB(nn.Module):
    """A modulated 1x1 convolution to colours, not demodulated. (B, inputs, H, W), (B, latent) -> (B, 3, H, W)."""

    def __init__(self, inputs: int, latent: int):
        super().__init__()
        self.affine = Linear(latent, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(3, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(3))
        self.gain = 1 / sqrt(inputs)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        x = x * (self.affine(w) * self.gain).to(x.dtype)[:, :, None, None]
        return F.conv2d(x, self.weight.to(x.dtype), self.bias.to(x.dtype))


class Block(nn.Module):
    """One resolution: two layers (the smallest has one) and their colours."""

    def __init__(self, inputs: int, outputs: int, latent: int, size: int):
        super().__init__()
        if size == 4:
            self.const = nn.Parameter(torch.randn(outputs, 4, 4))
        else:
            self.conv0 = Layer(inputs, outputs, latent, size, up=True)
        self.conv1 = Layer(outputs, outputs, latent, size)
        self.torgb = ToRGB(outputs, latent)


class Synthesis(nn.Module):
    """g: one w for each layer -> a picture. Layer 0 is the coarsest.

    ws: (B, layers, latent); noise: one (B or 1, 1, H, W) or None for each convolution, see Generator.noise
    -> (B, 3, size, size), about [-1, 1].
    """

    def __init__(self, size: int, widths: Sequence[int], latent: int):
        super().__init__()
        sizes = [4 * 2**k for k in range(int(log2(size)) - 1)]
        self.blocks = nn.ModuleDict({
            f"b{s}": Block(a, b, latent, s) for s, a, b in zip(sizes, [0, *widths], widths, strict=False)
        })
        self.register_buffer("blur", blur_kernel(), persistent=False)

    def forward(self, ws: Tensor, noise: Sequence[Tensor | None]) -> Tensor:
        ws, noise, at, picture, x = ws.unbind(1), iter(noise), 0, None, None
        for block in self.blocks.values():
            if x is None:
                const = block.const
                x = const.expand(len(ws[0]), *const.shape).contiguous(memory_format=torch.channels_last)
            else:
                x = block.conv0(x, ws[at], next(noise))
                at += 1
            x = block.conv1(x, ws[at], next(noise))
            at += 1
            # The colours' style is the next layer's: at the end of one resolution, at the start of the next.
            colours = block.torgb(x, ws[at])
            picture = colours if picture is None else self.double(picture) + colours
        return picture

    def double(self, picture: Tensor) -> Tensor:
        """Twice the resolution, smoothly."""
        kernel = (4 * self.blur).to(picture.dtype).expand(picture.shape[1], 1, 4, 4)
        return F.conv_transpose2d(picture, kernel, stride=2, padding=1, groups=picture.shape[1])


class Generator(nn.Module):
    """G = g(f(z)). widths: channels at 4x4, 8x8, ... up to size x size; depth: of the mapping."""

    def __init__(self, size: int, widths: Sequence[int], latent: int = 512, depth: int = 8):
        super().__init__()
        self.size, self.latent, self.layers = size, latent, 2 * int(log2(size)) - 2
        self.mapping = Mapping(latent, depth)
        self.synthesis = Synthesis(size, widths, latent)

    def noise(self, kind: str = "fixed", generator: torch.Generator | None = None, n: int = 1) -> list[Tensor | None]:
        """Noise for every convolution. "fixed": the model's own; "new": drawn for n pictures; "off": none."""
        consts = [m.noise_const for m in self.synthesis.modules() if isinstance(m, Layer)]
        if kind == "off":
            return [None] * len(consts)
        if kind == "new":
            where = generator.device if generator else consts[0].device
            return [torch.randn(n, 1, *c.shape, generator=generator, device=where).to(c.device) for c in consts]
        return [c[None, None] for c in consts]

    def forward(self, z: Tensor, noise: Sequence[Tensor | None] | None = None) -> Tensor:
        """z: (B, latent) -> (B, 3, size, size)."""
        return self.synthesis(broadcast(self.mapping(z), self.layers), noise or self.noise())


def broadcast(w: Tensor, layers: int) -> Tensor:
    """The same w for every layer. (B, latent) -> (B, layers, latent)."""
    return w[:, None].expand(-1, layers, -1)


def truncate(ws: Tensor, w_avg: Tensor, psi: float, cutoff: int | None = None) -> Tensor:
    """Layers before the cutoff move towards the mean face: psi = 1 changes nothing, psi = 0 is the mean face.

    ws: (B, layers, latent) -> the same shape.
    """
    near = w_avg + psi * (ws[:, :cutoff] - w_avg)
    return near if cutoff is None else torch.cat([near, ws[:, cutoff:]], 1)


def mix(a: Tensor, b: Tensor, layers: Sequence[int]) -> Tensor:
    """These layers from b, the others from a. a, b: (B, layers, latent) -> the same shape."""
    chosen = torch.zeros(a.shape[1], dtype=torch.bool, device=a.device)
    chosen[list(layers)] = True
    return torch.where(chosen[:, None], b, a)


def path_lengths(x: Tensor, ws: Tensor, y: Tensor) -> Tensor:
    """|J^T y|, how far a small step in w moves the picture (section 3.2, Eq. 4); differentiable itself.

    x: (B, 3, H, W), drawn from ws; ws: (B, layers, latent); y ~ N(0, I), of the shape of x -> (B,), the root of the
    mean square over layers, in the picture's units divided by sqrt(H W), which makes it about the same at every size.
    """
    (slope,) = torch.autograd.grad((x * y).sum() / sqrt(x[0, 0].numel()), ws, create_graph=True)
    return slope.square().sum(2).mean(1).sqrt()


class Downsample(nn.Module):
    """Half the resolution in a residual block of D. (B, inputs, H, W) -> (B, outputs, H / 2, W / 2)."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv0, self.conv1 = Conv(inputs, inputs), Conv(inputs, outputs)
        self.skip = nn.Parameter(torch.randn(outputs, inputs, 1, 1))
        self.gain = 1 / sqrt(inputs)
        self.register_buffer("blur", blur_kernel(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        skip = F.conv2d(depthwise(x, self.blur, stride=2, padding=1), self.skip.to(x.dtype) * self.gain)
        x = lrelu(self.conv1(depthwise(lrelu(self.conv0(x)), self.blur, stride=2, padding=1)))
        return (x + skip) / sqrt(2)


class Conv(nn.Module):
    """A 3x3 convolution with weights that start at N(0, 1)."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.gain = 1 / sqrt(9 * inputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight.to(x.dtype) * self.gain, self.bias.to(x.dtype), padding=1)


class Discriminator(nn.Module):
    """How real, as a logit. widths: channels at 4x4 ... size x size. x: (B, 3, size, size) -> (B,)."""

    def __init__(self, size: int, widths: Sequence[int], group: int = 4):
        super().__init__()
        self.group, (first, *_) = group, widths
        self.colours = nn.Conv2d(3, widths[-1], 1)
        down = list(zip(reversed(widths[1:]), reversed(widths[:-1]), strict=True))
        self.blocks = nn.Sequential(*(Downsample(a, b) for a, b in down))
        self.conv = Conv(first + 1, first)
        self.fc, self.out = Linear(16 * first, first), Linear(first, 1)
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(lrelu(self.colours(x)))
        x = lrelu(self.conv(torch.cat([x, self.spread(x)], 1)))
        return self.out(lrelu(self.fc(x.flatten(1).float()))).flatten()

    def spread(self, x: Tensor) -> Tensor:
        """How much the pictures of a group differ, as one more channel: D sees a G that always draws the same."""
        b, c, h, w = x.shape
        groups = x.float().view(min(self.group, b), -1, c, h, w)
        deviation = (groups.var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))                # (b / group,)
        return deviation.repeat(min(self.group, b)).view(b, 1, 1, 1).expand(b, 1, h, w).to(x.dtype)
