"""Flow matching in two dimensions, with no network: the right velocity is known. Lipman et al. 2022, arXiv:2210.02747.

Rectified flow: Liu, Gong, Liu 2022, arXiv:2209.03003.

    x_t = a x_1 + b x_0       x_0 ~ N(0, I) noise, x_1 ~ data       straight: a = t, b = 1 - t
    u_t(x) = E[a' x_1 + b' x_0 | x_t = x]                           a', b': derivatives in t
    dx / dt = u_t(x), from noise at t = 0 to data at t = 1

If the data are n equal round Gaussians with middles c_k and deviation s, the expectation is a sum of n terms:

    x_t | k ~ N(a c_k, V I),  V = b^2 + a^2 s^2
    u_t(x | k) = a' c_k + (V' / 2V) (x - a c_k)
    u_t(x) = sum_k w_k(x) u_t(x | k),    w = softmax over k of -|x - a c_k|^2 / 2V

Reflow: noise and the end to which the flow takes it become pairs, joined by straight lines; what goes along those is a
flow again, from the same noise to the same data, and straighter. Of n pairs each is a line with a
round Gaussian around it, of a small deviation h: u_t(x) = sum_k w_k(x) (end_k - start_k).

Departs from the paper: nothing is learned, so that what is seen is no network's error; variance preserving has a = sin,
b = cos of a quarter turn, in place of a schedule of noise; h blurs what reflow gives.
demos/canvas/flow2d.js computes the same in the page.
Read in this order: schedule, of_data, of_pairs, SOLVERS, flow, reflow.
"""

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

import torch
from torch import Tensor

Velocity = Callable[[Tensor, float], Tensor]                   # x: (B, 2), t -> (B, 2)
PATHS = ("straight", "variance preserving")


def schedule(path: str, t: float) -> tuple[float, float, float, float]:
    """a, b and their derivatives at t in [0, 1]."""
    match path:
        case "straight":
            return t, 1 - t, 1.0, -1.0
        case "variance preserving":
            turn = math.pi / 2
            a, b = math.sin(turn * t), math.cos(turn * t)
            return a, b, turn * b, -turn * a
    raise ValueError(f"There is no path {path!r}: {', '.join(PATHS)}.")


def of_data(centres: Tensor, s: float, path: str = "straight") -> Velocity:
    """The marginal velocity if the data are round Gaussians. centres: (n, 2). With s = 0 there is none at t = 1."""
    def velocity(x: Tensor, t: float) -> Tensor:
        a, b, a_, b_ = schedule(path, t)
        V, half = b**2 + (a * s) ** 2, b * b_ + a * a_ * s**2                        # half: V' / 2
        away = x[:, None] - a * centres                                              # (B, n, 2)
        w = (-away.square().sum(2) / (2 * V)).softmax(1)                             # p(k | x_t = x)
        return (w[..., None] * (a_ * centres + half / V * away)).sum(1)

    return velocity


def of_pairs(starts: Tensor, ends: Tensor, h: float) -> Velocity:
    """The marginal velocity of straight lines from starts to ends, both (n, 2), each blurred by h."""
    def velocity(x: Tensor, t: float) -> Tensor:
        away = x[:, None] - ((1 - t) * starts + t * ends)
        w = (-away.square().sum(2) / (2 * h**2)).softmax(1)
        return w @ (ends - starts)

    return velocity


def euler(v: Velocity, x: Tensor, t: float, dt: float) -> Tensor:
    return x + dt * v(x, t)


def midpoint(v: Velocity, x: Tensor, t: float, dt: float) -> Tensor:
    return x + dt * v(x + dt / 2 * v(x, t), t + dt / 2)


def heun(v: Velocity, x: Tensor, t: float, dt: float) -> Tensor:
    first = v(x, t)
    return x + dt / 2 * (first + v(x + dt * first, t + dt))


def runge_kutta(v: Velocity, x: Tensor, t: float, dt: float) -> Tensor:
    """The classical one, of order 4: what the others are held against."""
    k1 = v(x, t)
    k2 = v(x + dt / 2 * k1, t + dt / 2)
    k3 = v(x + dt / 2 * k2, t + dt / 2)
    k4 = v(x + dt * k3, t + dt)
    return x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


SOLVERS = {"Euler": euler, "Midpoint": midpoint, "Heun": heun, "Runge-Kutta": runge_kutta}


def flow(v: Velocity, x: Tensor, solver: str, steps: int) -> Iterator[Tensor]:
    """From noise to data in equal steps: all states, x first."""
    yield x
    for k in range(steps):
        x = SOLVERS[solver](v, x, k / steps, 1 / steps)
        yield x


def reflow(v: Velocity, starts: Tensor, h: float, steps: int) -> Velocity:
    """The straightened field: each start is paired with the end to which v takes it."""
    *_, ends = flow(v, starts, "Runge-Kutta", steps)
    return of_pairs(starts, ends, h)


def strokes(lines: list[list[tuple[float, float]]], step: float) -> Tensor:
    """Points at equal distances, nearly `step`, along lines through corners. -> (n, 2)."""
    points = []
    for line in lines:
        corners = torch.tensor(line)
        for start, end in pairwise(corners):
            n = max(1, round((end - start).norm().item() / step))
            points.append(torch.lerp(start, end, torch.arange(n)[:, None] / n))
        points.append(corners[-1:])
    return torch.cat(points)


def letter(step: float = 0.17) -> Tensor:
    """An R, as a pen writes it."""
    bowl = [(0.9 * math.cos(x), 0.9 + 0.8 * math.sin(x)) for x in torch.linspace(math.pi / 2, -math.pi / 2, 9).tolist()]
    bowl = [(0.2 + x, y) for x, y in bowl]
    return strokes([[(-1.1, -1.9), (-1.1, 1.7)], [(-0.9, 1.7), *bowl, (-0.9, 0.1)], [(0.0, 0.0), (1.2, -1.9)]], step)
