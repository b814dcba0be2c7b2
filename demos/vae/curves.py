"""The curve of measured models that a VAE's beta moves along, as SVG."""

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, BASE, TOP, LEFT = 420, 250, 190, 24, 50


def trade(points: Sequence[tuple[float, dict]], chosen: float) -> str:
    """Distortion over rate, both in nats, a dot for each beta. points: (beta, its measured); the first is beta = 0.

    An autoencoder's rate has no bound: it is a line at its distortion.
    """
    (_, plain), *rest = points
    high = max(m["distortion"] for _, m in rest) * 1.04
    low, far = 0.9 * plain["distortion"], 1.25 * max(m["rate"] for _, m in rest)

    def at(m: dict) -> tuple[float, float]:
        return LEFT + (WIDTH - LEFT) * m["rate"] / far, BASE - (BASE - TOP) * (
            m["distortion"] - low
        ) / (high - low)

    level = BASE - (BASE - TOP) * (plain["distortion"] - low) / (high - low)
    line = " ".join("{:.1f},{:.1f}".format(*at(m)) for _, m in rest)
    kind, said = ("line", "mark-name") if chosen == 0 else ("coin", "tick")
    parts = [
        f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH}" y1="{level:.1f}" y2="{level:.1f}"/>',
        f'<text class="{said}" x="{LEFT + 4}" y="{level - 7:.1f}">0: any rate</text>',
        f'<polyline class="line" points="{line}"/>',
    ]
    for beta, m in rest:
        x, y = at(m)
        large = beta == chosen
        parts.append(
            f'<circle class="dot{" g1" if large else ""}" cx="{x:.1f}" cy="{y:.1f}" r="{8 if large else 5}"/>'
            f'<text class="{"mark-name" if large else "tick"}" x="{x + 12:.1f}" y="{y - 6:.1f}">{beta:g}</text>'
        )
    parts += [_tick(LEFT + (WIDTH - LEFT) * r / far, f"{r}") for r in range(0, int(far) + 1, 10)]
    parts += [
        f'<text class="tick" x="0" y="{y:.0f}">{nats:.0f}</text>'
        for y, nats in ((TOP + 6, high), (BASE - 2, low))
    ]
    told = "; ".join(f"beta {b:g}: {m['rate']:.1f}, {m['distortion']:.1f}" for b, m in rest)
    return _figure(f"Rate and distortion in nats. {told}", "distortion over rate", parts)


def _tick(x: float, text: str) -> str:
    return f'<text class="tick" x="{x:.1f}" y="{BASE + 20}" text-anchor="middle">{text}</text>'


def _figure(label: str, axis: str, parts: Sequence[str]) -> str:
    return (
        f'<svg class="histogram small" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
        f'<line class="axis" x1="0" x2="{WIDTH}" y1="{BASE}" y2="{BASE}"/>{"".join(parts)}'
        f'<text class="tick" x="{WIDTH / 2}" y="{HEIGHT - 6}" text-anchor="middle">{escape(axis)}</text></svg>'
    )
