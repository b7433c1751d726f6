"""What is wrong with one tensor, number or text whose form is right: a message and the evidence for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from judge.remarks import boolean_remark, remark, two_numbers
from judge.yardstick import Measured


@dataclass(frozen=True)
class Finding:
    """What differs at one place, before the place has a name; see `judge.compare.Difference`."""

    kind: str
    message: str
    expected: str | None = None
    got: str | None = None
    index: tuple[int, ...] = ()  # of the first number that differs
    error: float | None = None
    allowed: float | None = None


def wrong_numbers(
    got: torch.Tensor, expected: torch.Tensor, numbers: np.ndarray, exact: np.ndarray, found: Measured
) -> Finding:
    """Floating-point or complex numbers that are further off than allowed.

    numbers, exact: those of `got` and of the yardstick in float64, complex ones with a last dimension of size 2.
    """
    places = found.wrong.any(-1) if got.is_complex() else found.wrong
    first = tuple(int(index) for index in np.argwhere(places)[0])
    shown = two_numbers(expected[first].item(), got[first].item())
    if found.strange:
        message = _strange(got, numbers, exact, found, first, shown)
        return Finding("nan", message, *shown, index=first) if got.ndim else Finding("nan", message)
    count = f"{int(places.sum())} of {got.numel()} numbers differ"
    lines = [f"Shape and dtype are right; {count}" if got.ndim else "The number differs"]
    if np.isfinite(exact).all() and np.isfinite(numbers).all() and not got.is_complex():
        lines += remark(numbers, exact, found.wrong, found.allowed)
    return Finding("value", "\n".join(lines), *shown, index=first, error=found.error, allowed=found.allowed)


def _strange(
    got: torch.Tensor,
    numbers: np.ndarray,
    exact: np.ndarray,
    found: Measured,
    first: tuple[int, ...],
    shown: tuple[str, str],
) -> str:
    """Numbers that are nan or infinite where they should not be, or the reverse."""
    if not got.ndim:
        return f"is {shown[1]}, expected {shown[0]}"
    mine = numbers[first].flat[np.argmax(found.wrong[first])]  # a complex number has two
    if np.isfinite(mine):
        what, alike = f"should be {shown[0]}", np.isfinite(numbers)
    else:
        what, alike = f"are {mine}", (np.isnan(numbers) if np.isnan(mine) else numbers == mine)
    count = int((alike & found.wrong).reshape(*got.shape, -1).any(-1).sum())
    message = f"Shape and dtype are right; {count} of {got.numel()} numbers {what}"
    right = (np.abs(numbers - exact) <= found.allowed) | (numbers == exact)
    others_are_right = not found.wrong.all() and bool((right | found.wrong).all())
    return f"{message}\nThe others are right" if others_are_right else message


def wrong_integers(got: torch.Tensor, expected: torch.Tensor) -> Finding:
    """Integers or booleans that are not the same everywhere."""
    mine, right = got.detach().numpy(), expected.detach().numpy()
    wrong = mine != right
    first = tuple(int(index) for index in np.argwhere(wrong)[0])
    kind = "bool" if got.dtype is torch.bool else "integer"
    count = f"{int(wrong.sum())} of {got.numel()} {kind.replace('bool', 'boolean')}s differ"
    lines = [f"Shape and dtype are right; {count}" if got.ndim else "It differs"]
    if kind == "bool":
        lines += boolean_remark(mine, right, wrong)
    else:
        lines += remark(mine.astype(np.float64), right.astype(np.float64), wrong, 0.0)
    return Finding(kind, "\n".join(lines), str(expected[first].item()), str(got[first].item()), index=first)


def wrong_text(got: str | bytes, expected: str | bytes) -> Finding:
    """Texts that are not the same; both are shown around the first character that differs."""
    pairs = enumerate(zip(got, expected, strict=False))
    at = next((at for at, (mine, right) in pairs if mine != right), min(len(got), len(expected)))
    start = max(0, at - 20)
    mine, right = (("..." if start else "") + repr(text[start : start + 60]) for text in (got, expected))
    return Finding("string", f"The text differs from character {at} on" if at else "The text differs", right, mine)
