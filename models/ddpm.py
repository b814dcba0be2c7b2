"""Denoising Diffusion Probabilistic Models. Ho, Jain, Abbeel 2020, arXiv:2006.11239.

    x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) epsilon                 (the forward process, in closed form)
    L_simple = E || epsilon - epsilon_theta(x_t, t) ||^2                        (Algorithm 1)
    x0_hat = clamp((x_t - sqrt(1 - alpha_bar_t) epsilon_theta) / sqrt(alpha_bar_t), -1, 1)
    epsilon_hat = (x_t - sqrt(alpha_bar_t) x0_hat) / sqrt(1 - alpha_bar_t)
    x_s = sqrt(alpha_bar_s) x0_hat + sqrt(1 - alpha_bar_s - sigma^2) epsilon_hat + sigma noise,   s < t

The last line is the generalised sampler of DDIM (Song, Meng, Ermon 2020, arXiv:2010.02502, Eq. 12 and 16): with eta = 1
it is the ancestral sampling of Algorithm 2, with eta = 0 nothing is random but the start, and few steps are enough.

Departs from the paper: x0_hat is clamped to the range that pictures have, and the noise is what belongs to it then;
without the clamp epsilon_hat is epsilon_theta. And a far smaller U-Net, with one residual block per
level on each side and attention in the middle alone. Times are counted 0 ... T-1, as in every implementation; the
paper's t is one more.
Read in this order: ResBlock, Attention, UNet, diffuse, loss, times, sample. Pretrained lets the same loop ask
networks that others have trained.
"""

from collections.abc import Callable, Iterator, Sequence
from math import log, sqrt
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ResBlock(nn.Module):
    """Two 3x3 convolutions around a shift that tells the time. (B, inputs, H, W), (B, time) -> (B, outputs, H, W)."""

    def __init__(self, inputs: int, outputs: int, time: int):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(8, inputs), nn.Conv2d(inputs, outputs, 3, padding=1)
        self.time = nn.Linear(time, outputs)
        self.norm2, self.conv2 = nn.GroupNorm(8, outputs), nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        nn.init.zeros_(self.conv2.weight)                      # a new block changes nothing

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        h = h + self.time(time)[:, :, None, None]
        return self.skip(x) + self.conv2(F.silu(self.norm2(h)))


class Attention(nn.Module):
    """Every place looks at every other one. (B, width, H, W) -> the same."""

    def __init__(self, width: int, heads: int = 4):
        super().__init__()
        self.heads = heads
        self.norm, self.qkv = nn.GroupNorm(8, width), nn.Conv2d(width, 3 * width, 1)
        self.out = nn.Conv2d(width, width, 1)
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        q, k, v = self.qkv(self.norm(x)).view(b, 3, self.heads, c // self.heads, h * w).transpose(3, 4).unbind(1)
        look = F.scaled_dot_product_attention(q, k, v)                               # (B, heads, H * W, c / heads)
        return x + self.out(look.transpose(2, 3).reshape(b, c, h, w))


class UNet(nn.Module):
    """epsilon_theta(x_t, t): what noise is in the picture. x: (B, channels, H, W), t: (B,) whole -> like x."""

    def __init__(
        self,
        size: int = 28,                    # pixels along a side, divisible by 2 ** (levels - 1)
        channels: int = 1,
        widths: tuple[int, ...] = (32, 64, 128),
        T: int = 1000,                     # noise levels
        beta: tuple[float, float] = (1e-4, 0.02),  # of the first and the last, linear between
    ):
        super().__init__()
        self.size, self.channels, self.T = size, channels, T
        # In double precision: the steps near t = 0 subtract numbers that are almost 1.
        alpha_bar = torch.cumprod(1 - torch.linspace(*beta, T, dtype=torch.float64), 0)
        self.register_buffer("alpha_bar", alpha_bar, persistent=False)
        self.wave, time = widths[0], 4 * widths[0]
        self.time = nn.Sequential(nn.Linear(self.wave, time), nn.SiLU(), nn.Linear(time, time), nn.SiLU())
        self.first = nn.Conv2d(channels, widths[0], 3, padding=1)

        inner = [widths[0], *widths[:-1]]                      # what a level gets from the one above it
        self.down = nn.ModuleList(ResBlock(a, b, time) for a, b in zip(inner, widths, strict=True))
        self.shrink = nn.ModuleList(nn.Conv2d(w, w, 3, stride=2, padding=1) for w in widths[:-1])
        self.middle = nn.ModuleList(ResBlock(widths[-1], widths[-1], time) for _ in range(2))
        self.attention = Attention(widths[-1])
        self.up = nn.ModuleList(ResBlock(2 * b, a, time) for a, b in zip(inner, widths, strict=True))
        self.grow = nn.ModuleList(nn.Conv2d(w, w, 3, padding=1) for w in widths[:-1])
        self.norm, self.out = nn.GroupNorm(8, widths[0]), nn.Conv2d(widths[0], channels, 3, padding=1)
        nn.init.zeros_(self.out.weight)

    def clock(self, t: Tensor) -> Tensor:
        """The time as waves of many lengths, then two linear maps. (B,) -> (B, time)."""
        half = self.wave // 2
        lengths = torch.exp(torch.arange(half, device=t.device) * (-log(10_000) / half))
        angles = t[:, None].float() * lengths
        return self.time(torch.cat([angles.sin(), angles.cos()], 1))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        time, h, kept = self.clock(t), self.first(x), []
        for level, block in enumerate(self.down):
            h = block(h, time)
            kept.append(h)
            if level < len(self.shrink):
                h = self.shrink[level](h)
        h = self.middle[1](self.attention(self.middle[0](h, time)), time)
        for level in reversed(range(len(self.up))):
            h = self.up[level](torch.cat([h, kept[level]], 1), time)
            if level:
                h = self.grow[level - 1](F.interpolate(h, scale_factor=2.0, mode="nearest"))
        return self.out(F.silu(self.norm(h)))


class Pretrained(nn.Module):
    """A U-Net as the diffusers library saves it, with its schedule, asked in the same way as UNet.

    folder: config.json, scheduler_config.json and the weights, which are read as numbers only. The noise guess has the
    type of x, whatever the precision of the weights. Raises ValueError for a model that guesses something else.
    """

    def __init__(self, folder: Path):
        super().__init__()
        # Takes seconds, and only these models need it.
        from diffusers import DDPMScheduler, UNet2DModel

        schedule = DDPMScheduler.from_pretrained(folder)
        if schedule.config.prediction_type != "epsilon":
            raise ValueError("Only networks that guess the noise can be asked.")
        safe = any(folder.glob("*.safetensors"))               # else a .bin, which diffusers reads as numbers only
        self.unet = UNet2DModel.from_pretrained(folder, use_safetensors=safe, low_cpu_mem_usage=False)
        self.size, self.channels, self.T = self.unet.config.sample_size, self.unet.config.in_channels, len(schedule)
        self.alpha_bar = torch.cumprod(1 - schedule.betas.double(), 0)  # no buffer: it stays on the CPU, in double

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        return self.unet(x.to(self.unet.dtype), t).sample.to(x.dtype)


def diffuse(model: UNet, x_0: Tensor, t: Tensor, epsilon: Tensor) -> Tensor:
    """x_t from x_0 in one go. x_0, epsilon: (B, C, H, W), t: (B,) in 0 ... T-1 -> (B, C, H, W)."""
    alpha_bar = model.alpha_bar[t].view(-1, 1, 1, 1)
    return alpha_bar.sqrt().to(x_0.dtype) * x_0 + (1 - alpha_bar).sqrt().to(x_0.dtype) * epsilon


def loss(model: UNet, x_0: Tensor, generator: torch.Generator) -> Tensor:
    """L_simple of one random time per picture (Algorithm 1), mean over pixels. x_0: (B, C, H, W) in [-1, 1] -> (B,)."""
    t = torch.randint(model.T, (len(x_0),), generator=generator, device=x_0.device)
    epsilon = torch.randn(x_0.shape, generator=generator, device=x_0.device)
    guess = model(diffuse(model, x_0, t, epsilon), t)
    return (guess.float() - epsilon).square().flatten(1).mean(1)


def times(T: int, steps: int) -> list[int]:
    """Evenly spaced times from the latest, where there is only noise: 1000 levels in 4 steps are 999, 749, 499, 249.

    Pure noise anywhere below T - 1 is a mistake that shows in few steps (Lin 2023, arXiv:2305.08891).
    Raises ValueError.
    """
    if not 1 <= steps <= T:
        raise ValueError(f"Steps is a whole number from 1 to {T}.")
    return [round(T * (steps - k) / steps) - 1 for k in range(steps)]


@torch.inference_mode()
def sample(
    model: UNet,
    x: Tensor,                 # (B, C, H, W) ~ N(0, I), the picture at the latest time
    steps: int | Sequence[int],  # how many, evenly spaced, or the very times, from late to early
    eta: float = 0.0,          # 0: DDIM, 1: DDPM
    noise: Callable[[int], Tensor] | None = None,  # step -> (B, C, H, W) ~ N(0, I); needed when eta > 0
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Denoise step by step. Yields (the next x, the noise guess, x0_hat in [-1, 1]) after every step."""
    path = times(model.T, steps) if isinstance(steps, int) else steps
    steps = len(path)
    for k, t in enumerate(path):
        a = model.alpha_bar[t].item()
        # One stride back; behind the last one there is the picture itself, without noise.
        b = model.alpha_bar[path[k + 1]].item() if k + 1 < steps else 1.0
        guess = model(x, torch.full((len(x),), t, device=x.device))
        x_0 = ((x - sqrt(1 - a) * guess) / sqrt(a)).clamp(-1, 1)
        epsilon = (x - sqrt(a) * x_0) / sqrt(1 - a)            # the guess that belongs to the clamped picture
        sigma = eta * sqrt((1 - b) / (1 - a) * (1 - a / b))
        x = sqrt(b) * x_0 + sqrt(max(0.0, 1 - b - sigma**2)) * epsilon
        if eta and k + 1 < steps:
            x = x + sigma * noise(k)
        yield x, guess, x_0
