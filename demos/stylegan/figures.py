"""Figures of this tab alone, as SVG in the page's own fonts and colours."""

from collections.abc import Sequence

from torch import Tensor

WIDTH, HEIGHT, BASE, TOP, LEFT, RIGHT = 560, 205, 145, 12, 44, 60


def steps(groups: dict[str, Tensor]) -> str:
    """How much a picture changes at each step of a road, a line for each road. groups: {name: (n,) grey levels}."""
    high = max(float(v.max()) for v in groups.values()) or 1.0
    n = max(map(len, groups.values()))
    to_x = lambda k: LEFT + (WIDTH - LEFT - RIGHT) * k / (n - 1)  # noqa: E731
    to_y = lambda v: BASE - (BASE - TOP) * v / high  # noqa: E731
    parts = [_text(0, to_y(v) + 5, f"{v:.0f}") for v in (0, high)]
    parts += [_text(to_x(k), BASE + 22, k + 1, "middle") for k in (0, n // 2 - 1, n - 1)]
    for k, (name, values) in enumerate(groups.items()):
        line = " ".join(f"{to_x(i):.1f},{to_y(v):.1f}" for i, v in enumerate(values.tolist()))
        peak = int(values.argmax())
        parts.append(f'<polyline class="line g{1 - k}" points="{line}"/>')
        parts.append(
            f'<circle class="dot g{1 - k}" cx="{to_x(peak):.1f}" cy="{to_y(float(values[peak])):.1f}" r="4"/>'
        )
        parts.append(
            _text(WIDTH - RIGHT + 10, TOP + 30 + 28 * k, f"in {name}", classes=f"key g{1 - k}")
        )
    told = ", ".join(f"in {name} at most {float(v.max()):.1f}" for name, v in groups.items())
    return _svg(
        "road",
        f"Change of the picture at each step: {told}",
        parts,
        "step of the way; grey levels of change",
    )


def costs(psi: Sequence[float], curves: dict[str, Sequence[float]], at: float) -> str:
    """Shares over psi, with the psi that is looked at marked. curves: {name: shares}."""
    width, height, base, left, right = 420, 300, 240, 44, 96
    low, top = min(*psi, 0.0), max(*psi, 1.0)
    to_x = lambda v: left + (width - left - right) * (v - low) / (top - low)  # noqa: E731
    to_y = lambda v: base - (base - TOP) * v  # noqa: E731
    parts = [_text(0, to_y(v) + 5, f"{v:g}") for v in (0, 0.5, 1)]
    parts += [_text(to_x(v), base + 20, f"{v:g}", "middle") for v in psi]
    x = min(max(to_x(at), left), width - right)
    parts.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{base}"/>')
    for k, (name, values) in enumerate(curves.items()):
        at_end = to_y(values[-1])
        line = " ".join(f"{to_x(p):.1f},{to_y(v):.1f}" for p, v in zip(psi, values, strict=True))
        parts.append(f'<polyline class="line g{k}" points="{line}"/>')
        parts += [
            f'<circle class="dot g{k}" cx="{to_x(p):.1f}" cy="{to_y(v):.1f}" r="4"/>'
            for p, v in zip(psi, values, strict=True)
        ]
        parts.append(_text(width - right + 10, at_end + 5, name, classes=f"key g{k}"))
    told = "; ".join(
        f"{name} " + ", ".join(f"{v:.2f} at {p:g}" for p, v in zip(psi, values, strict=True))
        for name, values in curves.items()
    )
    return _svg("costs", f"Precision and recall by psi: {told}", parts, "psi", width, height, base)


def _text(x: float, y: float, text: object, anchor: str = "start", classes: str = "tick") -> str:
    return f'<text class="{classes}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def _svg(
    kind: str,
    label: str,
    parts: Sequence[str],
    axis: str,
    width: int = WIDTH,
    height: int = HEIGHT,
    base: int = BASE,
) -> str:
    line = f'<line class="axis" x1="{LEFT}" x2="{width}" y1="{base}" y2="{base}"/>'
    name = _text(LEFT, base + 50, axis)
    return (
        f'<svg class="histogram small {kind}" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">'
        f"{line}{''.join(parts)}{name}</svg>"
    )
