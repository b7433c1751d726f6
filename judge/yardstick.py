"""How far floating-point numbers may be off: the rule that accepts every right way of computing and no wrong one.

Tensor by tensor, with r the exact numbers (the reference under float64), E the reference's own largest float32 error in
that tensor and eps of the tensor's dtype, the largest error may be

    allowed = 16 * max(E, 4 * eps * max|r|)        always tested as: not (error <= allowed)

(8 * max(E, eps * max|r|) for float16, bfloat16 and float8, whose eps is coarse; 16 * 64 * eps * max|r| for float64,
where r is the reference's own answer, so that E is 0 and says nothing of digits that cancel). Right solutions that sum
in another order stay well below it.

Where E >= 4 * eps * max|r|, larger numbers have cancelled each other, down to nothing for the gradient of a bias that
softmax ignores. What remains is rounding of those larger numbers, and E is a matter of luck: it may well be 0. There E
counts as at least eps * S, S being the largest number of the same observation (1 where all are 0). Of 3600 such
gradients of right attention variants 12 were refused without S and none with it; the largest error was 7.2 * eps * S. A
tensor whose digits are sound gets nothing from S, however small it is: a wrong second moment of 1e-12 beside weights of
1 is found.

By luck E may also be small where digits are lost. So before a tensor is wrong, the same one, say the gradient of the
same weight, is looked at for the other inputs of the check: E counts as at least what it was there, in proportion where
the numbers were larger; unless they cancelled there, since then they count as cancelled here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from judge.observations import MAX_DEPTH, join

SOUND = 1e-3  # a reference that is off by more than this share of its largest number gives no digits to go by
MOST_OWN_ERROR = 16.0  # of a known mistake, in eps


@dataclass(frozen=True)
class Measured:
    """Numbers that are further off than allowed."""

    error: float  # the largest absolute error
    allowed: float
    wrong: np.ndarray  # where; complex numbers have a last dimension of size 2
    strange: bool  # wrong because they are nan or infinite and should not be, or the reverse


def measure(
    got: np.ndarray,
    reference: np.ndarray,
    exact: np.ndarray,
    dtype: torch.dtype,
    neighbours: Callable[[], float],
    mistake: bool = False,
    elsewhere: Callable[[], Sequence[Rounding]] = tuple,
) -> Measured | None:
    """None when the numbers are as good as the reference's; all are float64 arrays of one shape that is not empty.

    neighbours: called for S, only where digits have cancelled. elsewhere: the same for other inputs, asked for only
    where the numbers would be too far off. mistake: the "reference" is a known mistake. It may be
    off by itself, as one that computes in float16: its float32 numbers are what counts, and E up to 16 eps.
    Entries that are not finite in the reference must be the same in kind and sign and are then left out.
    """
    eps, factor, least = PRECISION[dtype]
    own, size = float(np.abs(reference - exact).max()), float(np.abs(exact).max())
    if not own + size < np.inf:
        exact = np.where(np.isfinite(exact), exact, reference)
        judged = np.isfinite(reference)
        own, size = _largest((reference - exact)[judged]), _largest(exact[judged])
    if own >= least * eps * size:
        own = max(own, eps * neighbours())
        if mistake:
            own, exact = min(own, MOST_OWN_ERROR * eps * max(size, neighbours())), reference
    allowed = factor * max(own, least * eps * size)
    errors = np.abs(got - exact)
    error = float(errors.max())
    if error <= allowed < np.inf:
        return None
    if error < np.inf and (others := elsewhere()):
        for other in others:
            if other.error >= least * eps * other.size:
                own = max(own, other.error, eps * neighbours())
            else:
                own = max(own, other.error * min(1.0, size / other.size))
        allowed = factor * max(own, least * eps * size)
        if error <= allowed < np.inf:
            return None
    special = ~np.isfinite(reference)
    same = np.where(np.isnan(reference), np.isnan(got), got == reference)
    strange = np.where(special, ~same, ~np.isfinite(got))
    if strange.any():
        return Measured(error, allowed, strange, True)
    errors = np.where(special, 0.0, errors)
    wrong = ~(errors <= allowed)
    return Measured(float(errors.max()), allowed, wrong, False) if wrong.any() else None


@dataclass(frozen=True)
class Rounding:
    """How far the reference's own float32 numbers are off at some place, and the largest of them."""

    error: float
    size: float


def _largest(numbers: np.ndarray) -> float:
    return float(np.abs(numbers).max()) if numbers.size else 0.0


def largest_number(expected: Any, exact: Any) -> float:
    """The largest finite floating-point number in an observation, of tensors and numbers that are not mere rounding."""
    leaves = (leaf for _, leaf in _leaves(expected, exact))
    return max((leaf.size for leaf in leaves if leaf.error <= SOUND * leaf.size), default=0.0)


def roundings(expected: Any, exact: Any) -> Iterator[tuple[str, Rounding]]:
    """The paths in an observation of the reference whose numbers are off, and how far; where all are 0 is left out."""
    return ((path, leaf) for path, leaf in _leaves(expected, exact) if leaf.error and leaf.size)


def _leaves(expected: Any, exact: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Rounding]]:
    """The floating-point tensors and numbers in an observation; what `exact` does not have is taken for exact."""
    if isinstance(expected, torch.Tensor):
        if not (expected.is_floating_point() or expected.is_complex()):
            return
        numbers = to_numbers(expected)
        usable = isinstance(exact, torch.Tensor) and exact.shape == expected.shape
        truth = to_numbers(exact) if usable and exact.is_complex() == expected.is_complex() else numbers
        finite = np.isfinite(numbers) & np.isfinite(truth)
        yield path, Rounding(_largest(numbers[finite] - truth[finite]), _largest(truth[finite]))
    elif isinstance(expected, float):
        sure = exact if isinstance(exact, float) else expected
        if abs(expected) < np.inf and abs(sure) < np.inf:
            yield path, Rounding(abs(expected - sure), abs(sure))
    elif depth > MAX_DEPTH:
        return
    elif isinstance(expected, dict):
        beside = exact if isinstance(exact, dict) else {}
        for key, item in expected.items():
            yield from _leaves(item, beside.get(key), join(path, key), depth + 1)
    elif isinstance(expected, list | tuple):
        same = isinstance(exact, list | tuple) and len(exact) == len(expected)
        for place, (item, truth) in enumerate(zip(expected, exact if same else [None] * len(expected), strict=True)):
            yield from _leaves(item, truth, join(path, place), depth + 1)


def to_numbers(tensor: torch.Tensor) -> np.ndarray:
    """A tensor's numbers in float64; complex ones with a last dimension of size 2."""
    plain = tensor.detach()
    if plain.is_complex():
        plain = torch.view_as_real(plain.resolve_conj())
    return plain.double().numpy()


def to_float(number: float | int) -> float:
    """A Python number as a float; infinite when it is too large for one."""
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def _precision() -> dict[torch.dtype, tuple[float, float, float]]:
    """dtype -> its eps, and the two factors of the rule."""
    coarse = ("float16", "bfloat16", "float8_e4m3fn", "float8_e5m2")
    factors = {
        **dict.fromkeys(("float64", "complex128"), (16.0, 64.0)),
        **dict.fromkeys(("float32", "complex64"), (16.0, 4.0)),
        **{name: (8.0, 1.0) for name in coarse if hasattr(torch, name)},
    }
    return {getattr(torch, name): (torch.finfo(getattr(torch, name)).eps, *both) for name, both in factors.items()}


PRECISION = _precision()
