"""Figures of the bound, of its gap and of two gradients, as SVG in the page's own fonts and colours."""

from collections.abc import Sequence
from html import escape

import numpy as np

WIDTH = 340


def minus(text: str) -> str:
    """A number with a true minus sign, and none on a zero."""
    return text.replace("-", "−") if text.strip("-0.") else text.lstrip("-")


def with_error(value: float, error: float | None = None) -> str:
    """A number of nats with what it may be off by: "−81.71 ± 0.02"."""
    return minus(f"{value:.2f}" if error is None else f"{value:.2f} ± {error:.2f}")


def figure(height: int, label: str, parts: Sequence[str], width: int = WIDTH) -> str:
    return (
        f'<svg class="histogram near" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
        f"{''.join(parts)}</svg>"
    )


def text(x: float, y: float, words: str, kind: str = "tick", anchor: str = "middle") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def ticks(low: float, high: float, most: int = 4) -> list[float]:
    """A few round numbers within low and high."""
    step = 10.0 ** np.floor(np.log10((high - low) / most))
    step *= next(k for k in (1, 2, 5, 10) if (high - low) / (k * step) <= most)
    return [float(v) for v in np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step]


def spread(
    groups: dict[str, np.ndarray], marks: Sequence[tuple[float, str]], axis: str, height: int = 170
) -> str:
    """Histograms on one axis, the first in colour, each named above its peak, and numbers marked by a line."""
    everything = np.concatenate([*groups.values(), [v for v, _ in marks]])
    low, high = float(everything.min()), float(everything.max())
    low, high = low - 0.04 * (high - low + 1e-3), high + 0.04 * (high - low + 1e-3)
    base, top = height - 46, 44
    to_x = lambda v: (v - low) / (high - low) * WIDTH  # noqa: E731
    edges, parts = np.linspace(low, high, 49), []
    for k, (name, values) in enumerate(groups.items()):
        count, _ = np.histogram(values, edges)
        tall = (base - top) * count / count.max()
        steps = " ".join(
            f"L{to_x(a):.1f},{base - t:.1f} L{to_x(b):.1f},{base - t:.1f}"
            for a, b, t in zip(edges, edges[1:], tall, strict=False)
        )
        parts.append(f'<path class="group g{k}" d="M0,{base} {steps} L{WIDTH},{base} Z"/>')
        if name:
            peak = to_x(edges[int(count.argmax())])
            parts.append(text(np.clip(peak, 70, WIDTH - 70), 16 + 20 * k, name, "name"))
    for k, (value, name) in enumerate(marks):
        x, left = to_x(value), value < (low + high) / 2 or (len(marks) > 1 and k == 0)
        parts.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{top - 6}" y2="{base}"/>')
        at = np.clip(x, 4, WIDTH - 4)
        parts.append(
            text(at, 16 + 20 * k, name, "mark-name", "start" if left and x < WIDTH / 2 else "end")
        )
    parts.append(f'<line class="axis" x1="0" x2="{WIDTH}" y1="{base}" y2="{base}"/>')
    parts += [text(to_x(v), base + 18, minus(f"{v:g}")) for v in ticks(low, high)]
    parts.append(text(WIDTH / 2, height - 6, axis))
    told = ", ".join(f"{name} {value:.2f}" for value, name in marks)
    return figure(height, f"{axis}: {', '.join(groups)}. {told}", parts)


def columns(values: Sequence[float], axis: str, name: str, height: int = 170) -> str:
    """One bar for each value, numbered from 1, the highest with its number."""
    base, top, slot = height - 46, 24, WIDTH / len(values)
    wide = min(slot - 3, 46)
    high, parts = max(*values, 1e-9), []
    for k, value in enumerate(values):
        tall, x = (base - top) * value / high, slot * (k + 0.5)
        parts.append(
            f'<rect class="bar" x="{x - wide / 2:.1f}" y="{base - tall:.1f}" width="{wide:.1f}" height="{tall:.1f}"/>'
        )
        if len(values) < 9 or k % 3 == 0:
            parts.append(text(x, base + 18, str(k + 1)))
        if value == high:
            parts.append(
                text(np.clip(x, 24, WIDTH - 24), base - tall - 7, f"{value:.1f}", "mark-name")
            )
    parts += [
        f'<line class="axis" x1="0" x2="{WIDTH}" y1="{base}" y2="{base}"/>',
        text(WIDTH / 2, height - 6, axis),
    ]
    told = ", ".join(f"{name}{k} {v:.2f}" for k, v in enumerate(values, 1))
    return figure(height, f"{axis}: {told}", parts)


def pixel_costs(worst: float, height: int = 170) -> str:
    """What a pixel of ink costs where x' was expected, as cross entropy and squared error. worst: the least x' here."""
    base, top, left, high = height - 46, 12, 30, 6.0
    to_x = lambda v: left + v * (WIDTH - left - 6)  # noqa: E731
    to_y = lambda v: base - (base - top) * min(v, high) / high  # noqa: E731
    at = np.linspace(0, 1, 81)
    parts = [text(left - 8, to_y(v) + 5, f"{v}", anchor="end") for v in (0, 1, 3, 6)]
    for kind, cost in (("g0", -np.log(np.maximum(at, np.exp(-high)))), ("g1", (1 - at) ** 2)):
        line = " ".join(f"{to_x(v):.1f},{to_y(c):.1f}" for v, c in zip(at, cost, strict=True))
        parts.append(f'<polyline class="line {kind}" points="{line}"/>')
    x = to_x(worst)
    parts += [
        f'<line class="coin" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{base}"/>',
        text(to_x(0.36), to_y(3.2), "Bernoulli: −log x′", "name", "start"),
        text(to_x(0.36), to_y(1.7), "squared: (1 − x′)²", "name", "start"),
        f'<line class="axis" x1="{left}" x2="{WIDTH}" y1="{base}" y2="{base}"/>',
        *(text(to_x(v), base + 18, f"{v:g}") for v in (0, 0.5, 1)),
        text((WIDTH + left) / 2, height - 6, "x′ where there is ink"),
    ]
    return figure(
        height, f"Cost of a pixel of ink by what was expected; the worst here: {worst:.3f}", parts
    )


def closing(
    rows: Sequence[tuple[int, float, float]], elbo: float, log_p: float | None, draws: int
) -> str:
    """L_K by K on a logarithmic axis, with error bars; L below, log p(x) above where it is known; K = draws marked.

    rows: (K, L_K, its error).
    """
    height, base, top, left, right = 330, 270, 40, 8, 14
    values = (
        [v + s * e for _, v, e in rows for s in (-1, 1)] + [elbo] + [log_p] * (log_p is not None)
    )
    low, high = min(values), max(values)
    span = max(high - low, 0.05)
    to_x = lambda k: left + 52 + (WIDTH - left - right - 52) * np.log10(k) / np.log10(rows[-1][0])  # noqa: E731
    to_y = lambda v: base - 16 - (base - 16 - top) * (v - low) / span  # noqa: E731
    parts = [
        text(left + 44, to_y(v) + 5, minus(f"{v:g}"), anchor="end") for v in ticks(low, low + span)
    ]
    parts.append(
        f'<line class="coin" x1="{left + 52}" x2="{WIDTH}" y1="{to_y(elbo):.1f}" y2="{to_y(elbo):.1f}"/>'
    )
    if log_p is not None:
        y = to_y(log_p)
        parts.append(
            f'<line class="mark" x1="{left + 52}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        parts.append(
            text(
                left + 56,
                max(y - 15, 16),
                f"log p(x) = {minus(f'{log_p:.2f}')}",
                "mark-name",
                "start",
            )
        )
    line = " ".join(f"{to_x(k):.1f},{to_y(v):.1f}" for k, v, _ in rows)
    parts.append(f'<polyline class="line" points="{line}"/>')
    for k, v, error in rows:
        x, here = to_x(k), k == draws
        parts.append(
            f'<line class="interval" x1="{x:.1f}" x2="{x:.1f}" y1="{to_y(v - error):.1f}" y2="{to_y(v + error):.1f}"/>'
            f'<circle class="dot{" plain" * here}" cx="{x:.1f}" cy="{to_y(v):.1f}" r="{8 if here else 4}"/>'
        )
    parts.append(text(WIDTH, to_y(elbo) + 18, f"L = {minus(f'{elbo:.2f}')}", "name", "end"))
    parts += [text(to_x(k), base + 24, f"{k}") for k in (1, 10, 100)]
    parts.append(text(WIDTH, base + 24, f"{rows[-1][0]:,}", anchor="end"))
    parts.append(text((WIDTH + 60) / 2, height - 8, "K draws; the bound in nats"))
    told = ", ".join(f"{k}: {v:.2f} ± {e:.2f}" for k, v, e in rows)
    return figure(height, f"The bound by K, draws of z: {told}", parts)


def posterior(
    density: str,
    low: Sequence[float],
    side: float,
    mu: Sequence[float],
    sigma: Sequence[float],
    draws: np.ndarray,
    weights: np.ndarray,
) -> str:
    """p(z|x) on a part of the plane, q's ellipses of one and two sigma, and draws from q, as large as they weigh.

    density: a data URI, white where p(z|x) is large; low, side: of the part, its lower left corner and its side;
    draws: (n, 2); weights: (n,), the largest 1.
    """
    top, size = 26, 290
    left, unit = WIDTH - size, size / side

    def at(x: float, y: float) -> tuple[float, float]:
        return left + (x - low[0]) * unit, top + size - (y - low[1]) * unit

    (cx, cy), frame = at(*mu), f'x="{left}" y="{top}" width="{size}" height="{size}"'
    rings = "".join(
        f'<ellipse class="q" cx="{cx:.1f}" cy="{cy:.1f}" rx="{max(r * sigma[0] * unit, 2):.1f}" '
        f'ry="{max(r * sigma[1] * unit, 2):.1f}"/>'
        for r in (1, 2)
    )
    dots = "".join(
        '<circle class="drawn" cx="{:.1f}" cy="{:.1f}" r="{:.1f}"/>'.format(
            *at(*z), 1.2 + 5 * w**0.5
        )
        for z, w in zip(draws, weights, strict=True)
    )
    marks = [v for v in ticks(low[0], low[0] + side, 3) if at(v, 0)[0] < WIDTH - 16]
    parts = [
        f'<rect class="plane" {frame}/>',
        f'<mask id="where-p-is"><image href="{density}" {frame} preserveAspectRatio="none"/></mask>',
        f'<rect class="density" {frame} mask="url(#where-p-is)"/>',
        f'<clipPath id="in-plane"><rect {frame}/></clipPath><g clip-path="url(#in-plane)">{dots}{rings}</g>',
        text(left + size / 2, 16, "p(z | x) filled, q in rings", "name"),
        *(text(at(v, 0)[0], top + size + 18, minus(f"{v:g}")) for v in marks),
        *(
            text(left - 6, at(0, v)[1] + 5, minus(f"{v:g}"), anchor="end")
            for v in ticks(low[1], low[1] + side, 3)
        ),
    ]
    label = f"The posterior on the plane; q at ({mu[0]:.2f}, {mu[1]:.2f}), sigma ({sigma[0]:.3f}, {sigma[1]:.3f})"
    return figure(top + size + 24, label, parts)


def estimators(rows: Sequence[tuple[str, np.ndarray, float, float, float]], axis: str) -> str:
    """Estimators on one axis: a histogram of single draws for each, their mean with its error, and both in words.

    rows: (name, draws, mean, its error, the standard deviation of one draw).
    """
    width, step, right = 660, 66, 330
    base = 12 + step * len(rows)
    everything = np.concatenate([draws for _, draws, *_ in rows])
    low, high = np.quantile(everything, (0.005, 0.995))
    low, high = min(low, 0.0) - 1e-3, max(high, 0.0) + 1e-3
    to_x = lambda v: float(np.clip((v - low) / (high - low), 0, 1)) * right  # noqa: E731
    edges, parts = np.linspace(low, high, 81), []
    for k, (name, draws, mean, error, spread_of_one) in enumerate(rows):
        y, kind = 12 + step * (k + 1) - 10, "g0" if k == 0 else "plain"
        count, _ = np.histogram(draws, edges)
        tall = 44 * count / max(1, count.max())
        line = " ".join(
            f"L{to_x(a):.1f},{y - t:.1f} L{to_x(b):.1f},{y - t:.1f}"
            for a, b, t in zip(edges, edges[1:], tall, strict=False)
        )
        parts += [
            f'<path class="group {kind}" d="M0,{y} {line} L{right},{y} Z"/>',
            f'<line class="axis" x1="0" x2="{right}" y1="{y}" y2="{y}"/>',
            f'<line class="interval plain" x1="{to_x(mean - error):.1f}" x2="{to_x(mean + error):.1f}" '
            f'y1="{y}" y2="{y}"/>',
            f'<circle class="dot {"plain" * (k > 0)}" cx="{to_x(mean):.1f}" cy="{y}" r="6"/>',
            text(right + 20, y - 24, name, "mark-name", "start"),
            text(
                right + 20,
                y - 3,
                minus(f"{mean:,.1f} ± {error:,.1f}; a draw ± {spread_of_one:,.0f}"),
                anchor="start",
            ),
        ]
    parts += [text(to_x(v), base + 12, minus(f"{v:g}")) for v in ticks(low, high)]
    parts.append(text(0, base + 32, axis, anchor="start"))
    told = ", ".join(f"{name} {m:.1f} ± {e:.1f}, one draw ± {s:.1f}" for name, _, m, e, s in rows)
    return figure(base + 40, f"{axis}: {told}", parts, width)
