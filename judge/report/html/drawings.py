"""Pictures as SVG, in the colours of the style sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeGuard

from markupsafe import Markup

from judge.report import CheckResult

MOST_POINTS = 200  # of a drawn curve
WIDTH, HEIGHT = 560, 150  # of a drawing, in its own units
LEFT, RIGHT, TOP, BOTTOM = 46, 8, 10, 20  # room for its numbers


def drawn_score(checks: Sequence[CheckResult]) -> Markup:
    """A bar with a piece for each check, as wide as its points and filled as far as they were earned."""
    judged = [check for check in checks if check.verdict != "not judged" and check.max_points > 0]
    whole = math.fsum(check.max_points for check in judged)
    if not whole:
        return Markup("")
    parts, x = [], 0.0
    for check in sorted(judged, key=lambda check: -check.points / check.max_points):
        width = WIDTH * check.max_points / whole
        earned = (width - 2) * min(max(check.points / check.max_points, 0), 1)
        parts.append(f'<rect class="rest" x="{x:.1f}" width="{max(width - 2, 1):.1f}" height="6"/>')
        if earned > 0:
            parts.append(f'<rect class="earned" x="{x:.1f}" width="{earned:.1f}" height="6"/>')
        x += width
    return Markup(
        f'<svg class="bar" viewBox="0 0 {WIDTH} 6" preserveAspectRatio="none" aria-hidden="true">{"".join(parts)}</svg>'
    )


def drawn_share(share: float) -> Markup:
    """A small bar that is filled so far."""
    return Markup(
        f'<svg class="share" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="rest" width="100" height="6"/><rect class="earned" width="{100 * share:.1f}" height="6"/></svg>'
    )


def drawn_curves(curves: Sequence[tuple[str, Sequence[float | None]]]) -> Markup:
    """Learning curves, each with its style, on one scale; a value that is not finite leaves a gap."""
    known = [value for _, curve in curves for value in curve if _is_finite(value)]
    if not known:
        return Markup("")
    low, high = min(known), max(known)
    spread = high - low if 0 < high - low < math.inf else 1.0
    longest = max(len(curve) for _, curve in curves)
    base = HEIGHT - BOTTOM

    def place(index: int, value: float) -> str:
        x = LEFT + (WIDTH - LEFT - RIGHT) * index / max(longest - 1, 1)
        return f"{x:.1f},{TOP + (base - TOP) * (1 - (value - low) / spread):.1f}"

    lines = []
    for style, curve in reversed(curves):  # the first is drawn over the others
        pieces: list[list[str]] = [[]]
        for index in _thinned(len(curve)):
            value = curve[index]
            if _is_finite(value):
                pieces[-1].append(place(index, value))
            else:
                pieces.append([])
        lines += [f'<polyline class="{style}" points="{" ".join(piece)}"/>' for piece in pieces if piece]
    grid = "".join(f'<path class="grid" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>' for y in (TOP, (TOP + base) // 2, base))
    return Markup(
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">{grid}'
        f'<text x="{LEFT - 8}" y="{TOP + 4}" text-anchor="end">{high:.3g}</text>'
        f'<text x="{LEFT - 8}" y="{base + 4}" text-anchor="end">{low:.3g}</text>'
        f'<text x="{LEFT}" y="{HEIGHT - 4}">1</text>'
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">{longest}</text>{"".join(lines)}</svg>'
    )


def ends(curve: Sequence[float | None]) -> str:
    """ "2.3 → 0.05"."""
    return " → ".join(f"{value:.3g}" if value is not None else "nan" for value in (curve[0], curve[-1]))


def drawn_histogram(shares: Sequence[float], bars: int = 10) -> Markup:
    """How many of some numbers from 0 to 1 fall into each of so many equal parts."""
    counts = [0] * bars
    for share in shares:
        counts[min(max(int(share * bars + 1e-9), 0), bars - 1)] += 1
    base, step = HEIGHT - BOTTOM, (WIDTH - 2 * RIGHT) / bars
    parts = [f'<path class="grid" d="M{RIGHT} {base}H{WIDTH - RIGHT}"/>']
    for number, count in enumerate(counts):
        x, tall = RIGHT + number * step, (base - 2 * TOP) * count / max(*counts, 1)
        if count:
            parts.append(
                f'<rect class="earned" x="{x + 3:.1f}" y="{base - tall:.1f}" width="{step - 6:.1f}" '
                f'height="{tall:.1f}" rx="2"/>'
                f'<text x="{x + step / 2:.1f}" y="{base - tall - 5:.1f}" text-anchor="middle">{count}</text>'
            )
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 4}" text-anchor="middle">{100 * number // bars}</text>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="middle">100</text>')
    label = ", ".join(
        f"{100 * number // bars}-{100 * (number + 1) // bars} %: {count}" for number, count in enumerate(counts)
    )
    return Markup(
        f'<svg class="histogram" viewBox="-4 0 {WIDTH + 8} {HEIGHT}" role="img" aria-label="{label}">'
        f"{''.join(parts)}</svg>"
    )


def _thinned(count: int) -> list[int]:
    """The places that are drawn of so many, the last among them."""
    if count <= MOST_POINTS:
        return list(range(count))
    return [round(number * (count - 1) / (MOST_POINTS - 1)) for number in range(MOST_POINTS)]


def _is_finite(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)
