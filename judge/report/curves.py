"""Learning curves drawn in one line of text."""

from __future__ import annotations

import math
from collections.abc import Sequence


def sparkline(curve: Sequence[float | None], scale: Sequence[Sequence[float | None]], blocks: str, cells: int) -> str:
    """The curve in at most `cells` characters; heights and length on the scale of all the curves in `scale`.

    blocks: the characters from lowest to highest. A value that is not finite is drawn as "?".
    """
    finite = [value for one in scale for value in one if value is not None and math.isfinite(value)]
    if not finite or cells < 1:
        return "?" * min(len(curve), max(cells, 0))
    low, high = min(finite), max(finite)
    longest = max(len(one) for one in scale)
    count = len(curve) if longest <= cells else max(round(len(curve) * cells / longest), 1)
    drawn = []
    for cell in range(count):
        part = curve[cell * len(curve) // count : (cell + 1) * len(curve) // count]
        known = [value for value in part if value is not None and math.isfinite(value)]
        if not known or len(known) < len(part):
            drawn.append("?")
            continue
        mean = sum(value / len(known) for value in known)
        height = (mean - low) / (high - low) if 0 < high - low < math.inf else 0.0
        drawn.append(blocks[min(max(round(height * (len(blocks) - 1)), 0), len(blocks) - 1)])
    return "".join(drawn)
