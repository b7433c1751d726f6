"""How a difference is put into words; of a wrong tensor, one sentence where a cheap test makes it certain.

"Every number is 0.5 times the expected one" says more than the first number that differs. Nothing here guesses at a
cause; naming a known mistake is `judge.diagnosis`'s work. A remark is a list of no line or of one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import prod
from typing import Any

import numpy as np
import torch

from judge.observations import Opaque, Raised

MOST_NUMBERS = 1 << 18  # nobody waits for a remark on a larger tensor
NAMES_SHOWN = 4


def shape_remark(got: Sequence[int], expected: Sequence[int]) -> list[str]:
    """How two different shapes are related."""
    if sorted(got) == sorted(expected):
        return ["These are the same dimensions in another order"]
    if [size for size in got if size != 1] == [size for size in expected if size != 1]:
        return [f"A dimension of size 1 is {'missing' if len(got) < len(expected) else 'too many'}"]
    if prod(got) == prod(expected):
        return ["There are as many numbers as expected, in another shape"]
    return []


def boolean_remark(got: np.ndarray, right: np.ndarray, wrong: np.ndarray) -> list[str]:
    """What is certain about booleans of the right shape that are wrong at some places."""
    if got.size < 2 or got.size > MOST_NUMBERS:
        return []
    if wrong.all():
        return ["Every one is the opposite of the expected one"]
    if (got == got.flat[0]).all():
        return [f"All of yours are {got.flat[0]}"]
    return list(_place(wrong))


def remark(got: np.ndarray, right: np.ndarray, wrong: np.ndarray, allowed: float) -> list[str]:
    """What is certain about a tensor of the right shape whose numbers are wrong at some places.

    got, right: finite float64 numbers; wrong: where they differ by more than `allowed`.
    """
    if got.size < 2 or got.size > MOST_NUMBERS:
        return []
    found = (test(got, right, allowed) for test in (_constant, _scaled, _offset, _moved))
    first = next((line for lines in found for line in lines), None)
    return [first] if first else list(_place(wrong))


def _close(a: np.ndarray, b: np.ndarray, allowed: float) -> bool:
    return a.shape == b.shape and bool((np.abs(a - b) <= allowed).all())


def _constant(got: np.ndarray, right: np.ndarray, allowed: float) -> Iterator[str]:
    if bool((got == got.flat[0]).all()) and not _close(right, np.full_like(right, right.flat[0]), allowed):
        yield f"All your numbers are {got.flat[0] + 0.0:.6g}"  # never -0


def _scaled(got: np.ndarray, right: np.ndarray, allowed: float) -> Iterator[str]:
    if np.count_nonzero(np.abs(right) > 100 * allowed) < 3:
        return
    factor = float((got * right).sum() / (right * right).sum())
    shown = f"{factor:.5g}"
    if shown not in ("0", "1") and _close(got, factor * right, allowed * max(1.0, abs(factor))):
        yield "Every number has the wrong sign" if shown == "-1" else f"Every number is {shown} times the expected one"


def _offset(got: np.ndarray, right: np.ndarray, allowed: float) -> Iterator[str]:
    offset = float((got - right).mean())
    if got.size > 2 and abs(offset) > 10 * allowed and _close(got, right + offset, 2 * allowed):
        yield f"Every number is {abs(offset):.5g} too {'large' if offset > 0 else 'small'}"


def _moved(got: np.ndarray, right: np.ndarray, allowed: float) -> Iterator[str]:
    """The right numbers at other places."""
    for one, other in combinations(range(got.ndim), 2):
        if got.shape[one] == got.shape[other] > 1 and _close(got, right.swapaxes(one, other), allowed):
            yield f"Dimensions {one} and {other} are swapped"
    for dimension, size in enumerate(got.shape):
        along = f"along dimension {dimension}" if got.ndim > 1 else "from end to end"
        if size > 1 and _close(got, np.flip(right, dimension), allowed):
            yield f"The numbers are right but reversed {along}"
        mine, theirs = np.moveaxis(got, dimension, 0), np.moveaxis(right, dimension, 0)
        if size > 2 and bool((np.abs(np.diff(theirs, axis=0)) > 10 * allowed).any()):
            for late, a, b in (True, mine[1:], theirs[:-1]), (False, mine[:-1], theirs[1:]):
                if _close(a, b, allowed):
                    yield f"The numbers come one place too {'late' if late else 'early'} in dimension {dimension}"
    if _close(np.sort(got, axis=None), np.sort(right, axis=None), allowed):
        yield "The numbers are right but in another order"


def _place(wrong: np.ndarray) -> Iterator[str]:
    """Where the wrong ones are, when they fill a part of one dimension."""
    for dimension, size in enumerate(wrong.shape):
        others = tuple(other for other in range(wrong.ndim) if other != dimension)
        bad = np.flatnonzero(wrong.any(axis=others))
        where = f" of dimension {dimension}" if wrong.ndim > 1 else ""
        if len(bad) == 1 < size:
            last = ", the last," if bad[0] == size - 1 and where else ""
            yield f"Only index {bad[0]}{where}{last} is wrong"
            return
        if bad[0] > 0 and len(bad) == size - bad[0]:
            yield f"Everything before index {bad[0]}{where} is right"
            return


# ------------------------------------------------------------------------------------------------------- words


def described(value: Any) -> str:
    """What kind of thing an observed value is: "a tensor of shape (3, 4)"."""
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {shape_text(value.shape)}" if value.ndim else "a 0-dim tensor"
    if isinstance(value, Raised):
        return f"an exception ({value.type})"
    if isinstance(value, Opaque):
        return value.type if value.type.startswith(("a ", "an ")) else f"an object of type {value.type}"
    if isinstance(value, list | tuple):
        return f"a {'list' if isinstance(value, list) else 'tuple'} of {len(value)}"
    if isinstance(value, dict):
        return f"a dictionary with {len(value)} key{'s' if len(value) != 1 else ''}"
    names = {bool: "a boolean", int: "a Python int", float: "a Python float", str: "a string", bytes: "bytes"}
    return "None" if value is None else names.get(type(value), f"an object of type {type(value).__name__}")


def two_numbers(expected: complex, got: complex) -> tuple[str, str]:
    """Both numbers with four significant digits, or as many as it takes to tell them apart."""
    for digits in (4, 5, 6, 7, 8, 9, 12, 17):
        shown = f"{expected:.{digits}g}", f"{got:.{digits}g}"
        if shown[0] != shown[1]:
            break
    return shown


def shape_text(shape: Sequence[int]) -> str:
    """A shape as Python writes it."""
    return str(tuple(shape))


def listed(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    shown = ", ".join(name[:80] for name in names[:NAMES_SHOWN])
    return f"{shown} and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else shown


def dtype_text(dtype: torch.dtype) -> str:
    """A dtype without "torch."."""
    return str(dtype).removeprefix("torch.")
