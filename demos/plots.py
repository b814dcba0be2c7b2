"""Figures that belong to the page: its fonts and colours, light and dark, no script of their own."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np


def histogram(
    groups: dict[str, np.ndarray],
    mark: float,
    mark_name: str,
    axis: str,
    points: Mapping[str, float],
    bins: int = 60,
) -> str:
    """Distributions side by side with one value marked, as SVG. groups: {name: values}, the first in colour.

    points: single pictures on the same axis, {name: value}. The range covers groups and points; a mark beyond it stands
    at the edge with an arrow.
    """
    everything = np.concatenate([*groups.values()])
    low, high = 0.0, max(float(np.quantile(everything, 0.995)), 1.02 * max(points.values()))
    edges = np.linspace(low, high, bins + 1)
    width, height, base = 640, 282, 190
    to_x = lambda v: (v - low) / (high - low) * width  # noqa: E731
    parts = []
    for k, (name, values) in enumerate(groups.items()):
        share, _ = np.histogram(values, edges)
        share = share / share.max()
        steps = " ".join(
            f"L{to_x(a):.1f},{base - 126 * s:.1f} L{to_x(b):.1f},{base - 126 * s:.1f}"
            for a, b, s in zip(edges, edges[1:], share, strict=False)
        )
        peak = to_x(edges[int(share.argmax())] + (high - low) / bins / 2)
        parts.append(f'<path class="group g{k}" d="M0,{base} {steps} L{width},{base} Z"/>')
        parts.append(
            f'<text class="name g{k}" x="{peak:.0f}" y="52" text-anchor="middle">{escape(name)}</text>'
        )
    ticks = np.arange(0, high, 50 if high < 500 else 100 if high < 900 else 200)
    parts += [
        f'<text class="tick" x="{to_x(t):.0f}" y="{base + 24}" text-anchor="middle">{t:.0f}</text>'
        for t in ticks[1:]
    ]
    for name, value in points.items():
        x = to_x(value)
        side = "end" if x > width * 0.9 else "start" if x < width * 0.1 else "middle"
        parts.append(
            f'<path class="point" d="M{x:.1f},{base} l-6,10 h12 Z"/>'
            f'<text class="point-name" x="{x + {"start": -6, "middle": 0, "end": 6}[side]:.0f}" y="{base + 54}" '
            f'text-anchor="{side}">{escape(name)} {value:.0f}</text>'
        )
    x = min(max(to_x(mark), 2), width - 2)
    side = "end" if x > width / 2 else "start"
    arrow = " →" if mark > high else ""
    parts.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="8" y2="{base}"/>')
    parts.append(
        f'<text class="mark-name" x="{x + (-8 if side == "end" else 8):.0f}" y="18" text-anchor="{side}">'
        f"{escape(mark_name)}: {mark:.1f}{arrow}</text>"
    )
    label = f"Histogram of {', '.join(groups)}: {axis}. {mark_name} {mark:.1f}; " + ", ".join(
        f"{name} {value:.0f}" for name, value in points.items()
    )
    return _figure(width, height, base, label, axis, parts)


def bars(values: Sequence[float], axis: str, name: str) -> str:
    """One bar for each value, numbered from 1, as SVG."""
    width, height, base, top = 420, 250, 190, 24
    high, slot = max(*values, 1e-9), width / len(values)
    parts = []
    for k, value in enumerate(values):
        tall, x = (base - top) * value / high, slot * k
        parts.append(
            f'<rect class="bar" x="{x + 2:.1f}" y="{base - tall:.1f}" width="{slot - 4:.1f}" height="{tall:.1f}"/>'
            f'<text class="tick" x="{x + slot / 2:.1f}" y="{base + 20}" text-anchor="middle">{k + 1}</text>'
        )
    parts.append(f'<text class="tick" x="0" y="12">{high:.1f}</text>')
    label = f"{axis}: " + ", ".join(f"{name}{k} {v:.2f}" for k, v in enumerate(values, 1))
    return _figure(width, height, base, label, axis, parts, "small")


def planes(
    mu: Sequence[float], sigma: Sequence[float], epsilon: Sequence[float], edge: float
) -> str:
    """epsilon in its plane, and where z = mu + sigma * epsilon puts it, two planes side by side as SVG."""
    side, gap = 250, 70

    def plane(left: float, centre, spread, point, title: str) -> str:
        def to(x: float, y: float) -> tuple[float, float]:
            return left + (x + edge) / (2 * edge) * side, 24 + (edge - y) / (2 * edge) * side

        (cx, cy), (x, y), unit = to(*centre), to(*point), side / (2 * edge)
        # The prior stands in both planes, for comparison.
        all_rings = [(*to(0, 0), 1.0, 1.0, "ring grey")] + [(cx, cy, *spread, "ring")] * (left > 0)
        rings = "".join(
            f'<ellipse class="{kind}" cx="{x0:.1f}" cy="{y0:.1f}" rx="{max(r * a * unit, 1):.1f}" '
            f'ry="{max(r * b * unit, 1):.1f}" clip-path="url(#plane-{left:.0f})"/>'
            for x0, y0, a, b, kind in all_rings
            for r in (1, 2)
        )
        return (
            f'<clipPath id="plane-{left:.0f}"><rect x="{left}" y="24" width="{side}" height="{side}"/></clipPath>'
            f'<rect class="plane" x="{left}" y="24" width="{side}" height="{side}"/>{rings}'
            f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="6"/>'
            f'<text class="name" x="{left + side / 2}" y="14" text-anchor="middle">{escape(title)}</text>'
        )

    z = [m + s * e for m, s, e in zip(mu, sigma, epsilon, strict=True)]
    shown = [min(max(v, -edge), edge) for v in z]
    label = (
        f"epsilon {tuple(round(e, 2) for e in epsilon)} becomes z {tuple(round(v, 2) for v in z)}"
    )
    return (
        f'<svg class="histogram planes" viewBox="0 0 {2 * side + gap} {side + 26}" role="img" aria-label="{label}">'
        + plane(0, (0, 0), (1, 1), epsilon, "ε ~ N(0, I)")
        + f'<text class="name" x="{side + gap / 2}" y="{side / 2 + 30}" text-anchor="middle">→</text>'
        + plane(side + gap, mu, sigma, shown, "z = μ + σ ε")
        + "</svg>"
    )


def lines(x: Sequence[float], groups: dict[str, Sequence[float]], axis: str) -> str:
    """Shares over x, a line for each group with its name at its end, as SVG."""
    width, height, base, top, left, right = 420, 250, 190, 16, 40, 90
    high = next(v for v in (0.1, 0.2, 0.5, 1.0) if v >= max(map(max, groups.values())))
    to_x = lambda v: left + (width - left - right) * (v - min(x)) / (max(x) - min(x))  # noqa: E731
    to_y = lambda v: base - (base - top) * v / high  # noqa: E731
    parts = [
        f'<text class="tick" x="0" y="{to_y(v) + 5:.0f}">{v:g}</text>' for v in (0, high / 2, high)
    ]
    parts += [_tick(to_x(v), base, f"{v:g}") for v in x]
    lowest = base + 20.0
    # From the lowest line up, so that no name stands on another.
    for k, (name, values) in sorted(enumerate(groups.items()), key=lambda g: g[1][1][-1]):
        points = [(to_x(v), to_y(w)) for v, w in zip(x, values, strict=True)]
        line = " ".join(f"{u:.1f},{v:.1f}" for u, v in points)
        lowest = min(points[-1][1] + 5, lowest - 20)
        parts.append(f'<polyline class="line g{k}" points="{line}"/>')
        parts += [f'<circle class="dot g{k}" cx="{u:.1f}" cy="{v:.1f}" r="4"/>' for u, v in points]
        parts.append(
            f'<text class="name" x="{width - right + 10}" y="{lowest:.0f}">{escape(name)}</text>'
        )
    told = ", ".join(
        f"{name} {w:.2f} at {v:g}"
        for name, ws in groups.items()
        for v, w in zip(x, ws, strict=True)
    )
    return _figure(width, height, base, f"{axis}: {told}", axis, parts, "small")


def shares(rows: Sequence[tuple[str, float, float, float, int, bool]], axis: str) -> str:
    """Shares with their intervals, one line for each, as SVG. rows: (name, share, low, high, n, plain); plain ones are
    in ink, the others in the family's colour; the middle, a coin's share, is marked.
    """
    step, left, right = 54, 8, 560
    width, base = 640, 26 + step * len(rows)
    to_x = lambda v: left + v * (right - left)  # noqa: E731
    parts = [f'<line class="coin" x1="{to_x(0.5)}" x2="{to_x(0.5)}" y1="6" y2="{base}"/>']
    for k, (name, value, low, high, n, plain) in enumerate(rows):
        y, kind = 22 + step * k, "plain" if plain else ""
        parts.append(
            f'<text class="mark-name" x="{left}" y="{y}">{escape(name)}</text>'
            f'<line class="interval {kind}" x1="{to_x(low):.1f}" x2="{to_x(high):.1f}" y1="{y + 16}" y2="{y + 16}"/>'
            f'<circle class="dot {kind}" cx="{to_x(value):.1f}" cy="{y + 16}" r="7"/>'
            f'<text class="tick" x="{width}" y="{y + 21}" text-anchor="end">{value:.0%} of {n}</text>'
        )
    parts += [_tick(to_x(v), base, f"{v:.0%}") for v in (0, 0.5, 1)]
    label = f"{axis}: " + ", ".join(f"{name} {v:.0%} of {n}" for name, v, _, _, n, _ in rows)
    return _figure(width, base + 50, base, label, axis, parts, "shares")


def distances(rows: Sequence[tuple[str, float, float, float, int]], axis: str) -> str:
    """d' with its interval, one line for each, as SVG; 0 is marked. rows: (name, d', low, high, n). They are drawn
    from -2 to 6, a wider interval up to there.
    """
    step, left, right, low_end, high_end = 60, 8, 632, -2.0, 6.0
    width, base = 640, 26 + step * len(rows)
    to_x = lambda v: left + (np.clip(v, low_end, high_end) - low_end) / 8 * (right - left)  # noqa: E731
    parts = [f'<line class="coin" x1="{to_x(0)}" x2="{to_x(0)}" y1="6" y2="{base}"/>']
    for k, (name, value, low, high, n) in enumerate(rows):
        y = 22 + step * k
        parts.append(
            f'<text class="mark-name" x="{left}" y="{y}">{escape(name)}</text>'
            f'<line class="interval" x1="{to_x(low):.1f}" x2="{to_x(high):.1f}" y1="{y + 16}" y2="{y + 16}"/>'
            f'<circle class="dot" cx="{to_x(value):.1f}" cy="{y + 16}" r="7"/>'
            f'<text class="tick" x="{width}" y="{y}" text-anchor="end">{value:.2f}, {n} faces</text>'
        )
    parts += [_tick(to_x(v), base, f"{v}") for v in (0, 2, 4)]
    label = f"{axis}: " + ", ".join(
        f"{name} {v:.2f} ({low:.2f} to {high:.2f}) of {n}" for name, v, low, high, n in rows
    )
    return _figure(width, base + 50, base, label, axis, parts, "shares")


def reliability(rows: Sequence[tuple[float, float, float, float, int]]) -> str:
    """How sure against how often right, with intervals, as SVG. rows: (sure, share, low, high, n), shares of 1."""
    width, height, base, top = 420, 300, 240, 16
    to_x = lambda v: 46 + (v - 0.5) / 0.5 * (width - 70)  # noqa: E731
    to_y = lambda v: base - v * (base - top)  # noqa: E731
    parts = [
        f'<line class="coin" x1="{to_x(0.5)}" y1="{to_y(0.5)}" x2="{to_x(1)}" y2="{to_y(1)}"/>',
        *(
            f'<text class="tick" x="36" y="{to_y(v) + 5}" text-anchor="end">{v:.0%}</text>'
            for v in (0, 0.5, 1)
        ),
        *(_tick(to_x(v), base, f"{v:.0%}") for v in (0.5, 0.75, 1)),
    ]
    for sure, share, low, high, n in rows:
        x, r = to_x(sure), 5 + min(9, n**0.5)
        parts.append(
            f'<line class="interval" x1="{x:.1f}" x2="{x:.1f}" y1="{to_y(low):.1f}" y2="{to_y(high):.1f}"/>'
            f'<circle class="dot" cx="{x:.1f}" cy="{to_y(share):.1f}" r="{r:.1f}"/>'
        )
    axis = "how sure you said you were, against how often right"
    label = f"{axis}: " + ", ".join(f"sure {s:.0%}, right {v:.0%} of {n}" for s, v, _, _, n in rows)
    return _figure(width, height, base, label, axis, parts, "small")


def two_normals(d: float, c: float, left: str, right: str) -> str:
    """Signal detection: two unit normals d apart, and the criterion c between them, as SVG."""
    width, height, base, tall = 420, 300, 240, 170
    x = np.linspace(-4, 4, 81) * 1.2
    to_x = lambda v: width / 2 + v * width / 9.6  # noqa: E731
    parts = []
    for middle, kind in ((-d / 2, "g0"), (d / 2, "plain")):
        line = " L".join(
            f"{to_x(v):.1f},{base - tall * np.exp(-((v - middle) ** 2) / 2):.1f}" for v in x
        )
        parts.append(f'<path class="group {kind}" d="M0,{base} L{line} L{width},{base} Z"/>')
    at = np.clip(to_x(c), 4, width - 4)
    side = 12 * (1 if d >= 0 else -1)
    for name, middle, anchor, shift in (
        (left, -d / 2, "end", -side),
        (right, d / 2, "start", side),
    ):
        x0 = np.clip(to_x(middle) + shift, 50, width - 50)
        anchor = anchor if d >= 0 else {"end": "start", "start": "end"}[anchor]
        parts.append(
            f'<text class="mark-name" x="{x0:.0f}" y="{base - tall - 12}" text-anchor="{anchor}">{escape(name)}</text>'
        )
    parts.append(f'<line class="mark" x1="{at:.1f}" x2="{at:.1f}" y1="24" y2="{base}"/>')
    parts.append(
        f'<text class="tick" x="{at:.1f}" y="16" text-anchor="middle">you say real from here on</text>'
    )
    axis = f"how real it looks to you: d\u2032 = {d:.2f}, c = {c:.2f}"
    return _figure(width, height, base, axis, axis, parts, "small")


def _tick(x: float, base: float, text: str) -> str:
    return f'<text class="tick" x="{x:.1f}" y="{base + 20}" text-anchor="middle">{text}</text>'


def scatter(cloud: np.ndarray, path: np.ndarray, some: Sequence[int], title: str) -> str:
    """Points, and a closed path through them with some of its points numbered from 1, as SVG. cloud, path: (n, 2)."""
    side, edge = 320, 1.15 * max(np.abs(cloud).max(), np.abs(path).max())

    def at(point: np.ndarray) -> tuple[float, float]:
        return side / 2 * (1 + point[0] / edge), 24 + side / 2 * (1 - point[1] / edge)

    dots = "".join(f"M{x:.0f},{y:.0f}h0" for x, y in map(at, cloud))  # round ends make dots of them
    line = " ".join("{:.1f},{:.1f}".format(*at(point)) for point in path)
    names = "".join(
        f'<text class="name" x="{x:.1f}" y="{y + 5:.1f}" text-anchor="middle">{k}</text>'
        for k, (x, y) in enumerate((at(path[i]) for i in some), 1)
    )
    return (
        f'<svg class="histogram small" viewBox="0 0 {side} {side + 26}" role="img" aria-label="{escape(title)}">'
        f'<rect class="plane" x="0" y="24" width="{side}" height="{side}"/><path class="far" d="{dots}"/>'
        f'<polygon class="line" points="{line}"/>{names}'
        f'<text class="name" x="{side / 2}" y="14" text-anchor="middle">{escape(title)}</text></svg>'
    )


def _figure(
    width: int,
    height: int,
    base: int,
    label: str,
    axis: str,
    parts: Sequence[str],
    classes: str = "",
) -> str:
    return (
        f'<svg class="histogram {classes}" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
        f'<line class="axis" x1="0" x2="{width}" y1="{base}" y2="{base}"/>{"".join(parts)}'
        f'<text class="tick" x="{width / 2}" y="{height - 6}" text-anchor="middle">{escape(axis)}</text></svg>'
    )
