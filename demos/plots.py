"""Figures that belong to the page: its fonts and colours, light and dark, no script of their own."""

from html import escape

import numpy as np


def histogram(
    groups: dict[str, np.ndarray], mark: float, mark_name: str, axis: str, bins: int = 60
) -> str:
    """Distributions side by side with one value marked, as SVG. groups: {name: values}, the first in colour.

    The range covers the groups; a mark beyond it stands at the edge with an arrow.
    """
    everything = np.concatenate([*groups.values()])
    low, high = 0.0, float(np.quantile(everything, 0.995))
    edges = np.linspace(low, high, bins + 1)
    width, height, base = 640, 250, 190
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
    ticks = np.arange(0, high, 50 if high < 500 else 100)
    parts += [
        f'<text class="tick" x="{to_x(t):.0f}" y="{base + 24}" text-anchor="middle">{t:.0f}</text>'
        for t in ticks[1:]
    ]
    x = min(max(to_x(mark), 2), width - 2)
    side = "end" if x > width / 2 else "start"
    arrow = " →" if mark > high else ""
    parts.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="8" y2="{base}"/>')
    parts.append(
        f'<text class="mark-name" x="{x + (-8 if side == "end" else 8):.0f}" y="18" text-anchor="{side}">'
        f"{escape(mark_name)}: {mark:.1f}{arrow}</text>"
    )
    label = f"Histogram of {', '.join(groups)}: {axis}. {mark_name} {mark:.1f}"
    return (
        f'<svg class="histogram" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
        f'<line class="axis" x1="0" x2="{width}" y1="{base}" y2="{base}"/>{"".join(parts)}'
        f'<text class="tick" x="{width / 2}" y="{height - 6}" text-anchor="middle">{escape(axis)}</text></svg>'
    )
