"""The interval of the median means what it says, whatever the times look like."""

import math
from random import Random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as some

from judge.timing import FEWEST_PAIRS, decide, median_interval

samples = some.lists(some.floats(-5, 5), min_size=FEWEST_PAIRS, max_size=40)


@pytest.mark.parametrize("count", [7, 12, 25])
@pytest.mark.parametrize(
    ("draw", "truth"),
    [(lambda r: r.random(), 0.5), (lambda r: r.gauss(0, 1), 0.0), (lambda r: r.paretovariate(0.5), 4.0)],
    ids=["uniform", "normal", "heavy tail"],
)
def test_it_holds_the_true_median_98_times_in_100(count, draw, truth):
    random = Random(0)
    hits = 0
    for _ in range(4000):
        low, high = median_interval([draw(random) for _ in range(count)])
        hits += low <= truth <= high
    assert hits / 4000 >= 0.973  # 98 %, less three standard deviations


def test_the_ranks_are_those_of_the_binomial_table():
    assert median_interval(list(range(1, 26))) == (7, 19)
    assert median_interval(list(range(1, 26)), confidence=0.95) == (8, 18)
    assert median_interval(list(range(1, 8))) == (1, 7)


def test_fewer_pairs_than_seven_say_nothing():
    assert FEWEST_PAIRS == 7
    assert median_interval([1.0] * 6) == (-math.inf, math.inf)


@given(samples)
def test_it_holds_the_samples_own_median(values):
    low, high = median_interval(values)
    assert low <= median(values) <= high


@given(samples, some.floats(-3, 3), some.floats(0.1, 10))
def test_another_unit_of_time_only_moves_it(values, shift, scale):
    low, high = median_interval(values)
    moved = median_interval([shift + scale * value for value in values])
    assert moved == (shift + scale * low, shift + scale * high)


@given(samples, some.integers(0, 39), some.floats(0, 5))
def test_a_slower_pair_never_lowers_it(values, index, more):
    low, high = median_interval(values)
    values[index % len(values)] += more
    slower_low, slower_high = median_interval(values)
    assert slower_low >= low
    assert slower_high >= high


@given(some.lists(some.floats(-1, 1), min_size=25, max_size=25), some.permutations(range(25)), some.floats(2, 1e6))
def test_a_burst_of_noise_in_a_quarter_of_the_pairs_cannot_leave_the_range_of_the_others(values, order, burst):
    for index in order[:6]:
        values[index] = burst
    _, high = median_interval(values)
    assert high <= 1


@pytest.mark.parametrize(
    ("interval", "noise", "verdict"),
    [
        ((1.0, 1.9), 0.0, "fast"),
        ((1.0, 1.9), 9.0, "fast"),
        ((1.9, 2.1), 0.1, "unclear"),
        ((2.1, 2.2), 0.1, "slow"),
        ((2.1, 2.2), 0.3, "busy"),
        ((1.9, 2.1), 0.3, "busy"),
        ((0.0, math.inf), math.inf, "busy"),
        ((2.1, 2.2), math.nan, "busy"),
    ],
)
def test_only_an_interval_that_lies_above_the_limit_on_a_quiet_machine_is_slow(interval, noise, verdict):
    assert decide(interval, noise, 2.0) == verdict
