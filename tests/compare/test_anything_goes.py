"""Whatever a solution answers, comparing never raises, and an answer equals itself."""

from __future__ import annotations

import math
import time

import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from judge.compare import Difference, cases, compare, equal
from judge.observations import DTYPES, Observation, Opaque, Raised

shapes = some.lists(some.integers(0, 3), max_size=3)


@some.composite
def tensors(draw):
    dtype = DTYPES[draw(some.sampled_from(sorted(DTYPES)))]
    shape = draw(shapes)
    size = math.prod(shape) * dtype.itemsize
    data = torch.tensor(list(draw(some.binary(min_size=size, max_size=size))), dtype=torch.uint8)
    if dtype is torch.bool:
        return (data > 127).reshape(shape)
    return data.view(dtype).reshape(shape) if size else torch.empty(shape, dtype=dtype)


raised = some.builds(Raised, some.text(max_size=9), some.tuples(some.text(max_size=9)), some.text(max_size=9))
leaves = (
    some.none()
    | some.booleans()
    | some.integers()
    | some.integers().map(lambda number: number * 10**5000)
    | some.floats()
    | some.text(max_size=9)
    | some.binary(max_size=9)
    | tensors()
    | raised
    | some.builds(Opaque, some.text(max_size=9))
    | some.builds(object)
)
keys = some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=3) | some.just((1, "a"))
values = some.recursive(
    leaves,
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.lists(inner, max_size=3).map(tuple)
        | some.dictionaries(keys, inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(values, values, values)
def test_comparing_never_raises(got, expected, exact):
    got, expected, exact = Observation(got), Observation(expected), Observation(exact)
    found = compare(got, expected, exact)
    assert found is None or isinstance(found, Difference)
    assert equal(got, expected) == (compare(got, expected) is None)
    assert all(found is None or isinstance(found, Difference) for found in cases(got, expected, exact).values())


plain_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=9) | tensors() | raised,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(plain_values)
def test_an_answer_equals_itself(value):
    assert compare(Observation(value), Observation(value), Observation(value)) is None
    assert not any(cases(Observation(value), Observation(value)).values())


@settings(max_examples=150, deadline=None)
@given(tensors(), tensors())
def test_other_tensors_of_the_same_form_are_told_apart(one, other):
    """Nothing passes but what is within float rounding of what is expected."""
    if one.shape != other.shape or one.dtype != other.dtype:
        assert compare(Observation(one), Observation(other)) is not None
    elif not (one.is_floating_point() or one.is_complex()):
        same = one.tolist() == other.tolist()
        assert (compare(Observation(one), Observation(other)) is None) == same
    elif compare(Observation(one), Observation(other)) is None and not one.is_complex():
        mine, right = one.double().flatten().tolist(), other.double().flatten().tolist()
        largest = max((abs(number) for number in right if math.isfinite(number)), default=0.0)
        for a, b in zip(mine, right, strict=True):
            assert math.isnan(a) == math.isnan(b)
            assert a == b or math.isnan(a) or abs(a - b) <= 16 * max(1.0, largest)


def test_a_tree_that_is_too_deep_is_no_answer():
    deep: list = []
    for _ in range(500):
        deep = [deep]
    assert "nested too deeply" in compare(Observation(deep), Observation(deep)).message


def test_small_answers_are_compared_in_no_time():
    exact = torch.randn(2, 4, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected, got = Observation(exact.float()), Observation(exact.float() * 7.7 / 7.7)
    times = []
    for _ in range(200):
        began = time.perf_counter()
        assert compare(got, expected, Observation(exact)) is None
        times.append(time.perf_counter() - began)
    assert min(times) < 200e-6  # about 30 µs here
