"""What a wrong tensor looks like: one sentence of evidence, only where a cheap test makes it certain.

"Every number is 0.5 times the expected one" says more than the first number that differs. Nothing here guesses at a
cause; naming a known mistake is `judge.diagnosis`'s work.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

MOST_NUMBERS = 1 << 18  # nobody waits for a remark on a larger tensor


def shape_remark(got: tuple[int, ...], expected: tuple[int, ...]) -> str | None:
    """How two different shapes are related, or None."""
    if sorted(got) == sorted(expected):
        return "these are the same dimensions in another order"
    without_ones = [[size for size in shape if size != 1] for shape in (got, expected)]
    if without_ones[0] == without_ones[1]:
        few = len(got) < len(expected)
        return f"a dimension of size 1 is {'missing' if few else 'too many' if len(got) > len(expected) else 'elsewhere'}"
    if len(got) > len(expected) and got[-len(expected) :] == expected and expected:
        return "there are too many dimensions in front"
    if np.prod([*got, 1], dtype=object) == np.prod([*expected, 1], dtype=object):
        return "there are as many numbers, in another shape"
    return None


def remark(got: np.ndarray, right: np.ndarray, wrong: np.ndarray, allowed: float) -> str | None:
    """What is certain about a tensor of the right shape whose numbers are wrong.

    got, right: finite float64 numbers; wrong: where they differ by more than `allowed`. None: nothing stands out.
    """
    if got.size < 2 or got.size > MOST_NUMBERS:
        return None
    with np.errstate(all="ignore"):
        for found in (_constant(got, right, allowed), _scaled(got, right, allowed), _shifted(got, right, allowed)):
            if found:
                return found
        return next(_moved(got, right, allowed), None) or _place(wrong)


def _close(a: np.ndarray, b: np.ndarray, allowed: float) -> bool:
    return a.shape == b.shape and bool((np.abs(a - b) <= allowed).all())


def _constant(got: np.ndarray, right: np.ndarray, allowed: float) -> str | None:
    first = got.flat[0]
    if not bool((got == first).all()) or _close(right, np.full_like(right, right.flat[0]), allowed):
        return None
    return f"all your numbers are {first:.6g}"


def _scaled(got: np.ndarray, right: np.ndarray, allowed: float) -> str | None:
    if not np.count_nonzero(np.abs(right) > 100 * allowed) >= 3:
        return None
    factor = float((got * right).sum() / (right * right).sum())
    if not _close(got, factor * right, allowed * max(1.0, abs(factor))) or abs(factor) < 1e-6:
        return None
    if abs(factor + 1) < 1e-6:
        return "every number has the wrong sign"
    return f"every number is {factor:.4g} times the expected one"


def _shifted(got: np.ndarray, right: np.ndarray, allowed: float) -> str | None:
    offset = float((got - right).mean())
    if got.size < 3 or abs(offset) <= 10 * allowed or not _close(got, right + offset, 2 * allowed):
        return None
    return f"every number is {abs(offset):.4g} too {'large' if offset > 0 else 'small'}"


def _moved(got: np.ndarray, right: np.ndarray, allowed: float) -> Iterator[str]:
    """The right numbers at other places."""
    for one, other in combinations(range(got.ndim), 2):
        if got.shape[one] == got.shape[other] > 1 and _close(got, right.swapaxes(one, other), allowed):
            yield f"dimensions {one} and {other} are swapped"
    for dimension, size in enumerate(got.shape):
        if size > 1 and _close(got, np.flip(right, dimension), allowed):
            yield f"the numbers are right but reversed along dimension {dimension}"
        if size > 2:
            head, tail = slice(0, -1), slice(1, None)
            ahead, behind = np.moveaxis(got, dimension, 0), np.moveaxis(right, dimension, 0)
            if _varies(behind, allowed) and _close(ahead[tail], behind[head], allowed):
                yield f"the numbers are shifted by one along dimension {dimension}: each should come one earlier"
            if _varies(behind, allowed) and _close(ahead[head], behind[tail], allowed):
                yield f"the numbers are shifted by one along dimension {dimension}: each should come one later"
    if _close(np.sort(got, axis=None), np.sort(right, axis=None), allowed):
        yield "the numbers are right but in another order"


def _varies(numbers: np.ndarray, allowed: float) -> bool:
    """Whether neighbours along the first dimension differ."""
    return bool((np.abs(np.diff(numbers, axis=0)) > 10 * allowed).any())


def _place(wrong: np.ndarray) -> str | None:
    """Where the wrong numbers are, when they fill a part of one dimension."""
    for dimension, size in enumerate(wrong.shape):
        others = tuple(other for other in range(wrong.ndim) if other != dimension)
        bad = np.flatnonzero(wrong.any(axis=others))
        if size < 2 or len(bad) in (0, size):
            continue
        along = f"of dimension {dimension}" if wrong.ndim > 1 else ""
        if len(bad) == 1:
            last = ", the last" if bad[0] == size - 1 and bad[0] else ""
            return f"only index {bad[0]}{last} {along} is wrong".replace("  ", " ")
        if bad[-1] == size - 1 and len(bad) == size - bad[0]:
            return f"index 0 to {bad[0] - 1} {along} is right, the rest is not".replace("  ", " ")
    return None
