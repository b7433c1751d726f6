"""Is a solution slower than the reference, beyond doubt?

Machines are noisy and shared, so no time is compared with a constant. Candidate and reference are called in turns on
the same fresh inputs; a *pair* is one block of calls of the candidate between, before or after two blocks of the
reference, in random order, and a block counts by its fastest call. The median of the pairs' log ratios, with an
interval from order statistics, is compared with the limit: `slow` needs the whole interval above it. The two blocks of
the reference against each other, treated in the same way, say how much the machine itself varies.

On a machine with more work than cores a long call is interrupted more often than a short one: true ratios of 3 and 5
were measured as 5 and 9 next to two busy neighbours, while the reference's own noise stayed small. Interruptions never
make a call faster, so `slow` also needs the candidate's fastest call of all to be above the limit.

Nothing here knows of processes. A `Stopwatch` runs one call and says how long it took; the judge's own clock is in it.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from statistics import fmean, median
from typing import Literal, Protocol

import msgspec

CONFIDENCE = 0.98  # of one interval; we look after every pair, so a single look is stricter than the usual 95 %
FEWEST_PAIRS = 7  # the fewest whose smallest and largest enclose the median with that confidence
FEWEST_OBVIOUS_PAIRS = 3
MEASUREMENTS_THAT_AGREE = 2
MOST_BUSY_MEASUREMENTS = 3
OBVIOUS = 5.0  # times the limit: no interval is needed any more
BUSY = 0.20  # width of the reference-against-reference interval from which a time says nothing

Verdict = Literal["fast", "slow", "unclear", "busy"]


class TimingStopped(Exception):
    """A call had no right answer, so there is nothing to time; `who` is "candidate" or "reference"."""

    def __init__(self, message: str = "", who: str = "") -> None:
        super().__init__(message)
        self.who = who


class Stopwatch(Protocol):
    def __call__(self, round: int) -> float | None:
        """Runs the call on the inputs of that round; seconds from "go" until the complete answer was there.

        None, or `TimingStopped`, when the answer was wrong or the worker died: measuring stops at once.
        """


class Measurement(msgspec.Struct, frozen=True):
    """How candidate and reference compare.

    `ratio` is the median of candidate / reference over the pairs and (`low`, `high`) its interval; `noise` is the
    width of the same interval for reference against reference (0.05: 5 %). Seconds are medians of a block's fastest
    call. With fewer pairs than an interval needs (obviously slow, or out of time) the whole range stands for it.
    """

    ratio: float
    low: float
    high: float
    pairs: int
    reference_seconds: float
    candidate_seconds: float
    noise: float
    verdict: Verdict


def beyond_doubt(
    candidate: Stopwatch,
    reference: Stopwatch,
    limit: float,
    *,
    rounds: int = 25,
    calls: int = 3,
    warm_up: int = 3,
    budget_seconds: float = 20.0,
    random: Random,
) -> Measurement:
    """Measures until two measurements say "slow" or one says something better; the last one is the answer.

    Only "slow" counts against the candidate; "unclear" counts for it. "busy" is tried again, and then means not
    measured. The budget is for all of it. Raises `TimingStopped`, see there.
    """
    numbers = itertools.count()
    ends = time.perf_counter() + budget_seconds
    seen: list[Verdict] = []
    while True:
        measurement = measure(
            candidate,
            reference,
            limit,
            rounds=rounds,
            calls=calls,
            warm_up=warm_up,
            budget_seconds=(ends - time.perf_counter()) / 2,
            random=random,
            numbers=numbers,
        )
        seen.append(measurement.verdict)
        if (
            measurement.verdict in ("fast", "unclear")
            or seen.count("slow") == MEASUREMENTS_THAT_AGREE
            or seen.count("busy") == MOST_BUSY_MEASUREMENTS
        ):
            return measurement


def measure(
    candidate: Stopwatch,
    reference: Stopwatch,
    limit: float,
    *,
    rounds: int = 25,
    calls: int = 3,
    warm_up: int = 3,
    budget_seconds: float = 20.0,
    random: Random,
    numbers: Iterator[int] | None = None,
) -> Measurement:
    """Compares both in up to `rounds` pairs of `calls` calls, stopping as soon as the answer is clear.

    How many pairs are planned never depends on the candidate; it can only end the measuring by being clearly fast or
    slow, or by using up `budget_seconds`. `numbers` gives the rounds, each new to both stopwatches: hand on the same
    iterator to measure once more. Raises `TimingStopped` when a stopwatch could not time a right answer.
    """
    session = _Session(candidate, reference, calls, random, itertools.count() if numbers is None else numbers)
    started = time.perf_counter()
    longest = 0.0
    for pair in range(-warm_up, rounds):
        before = time.perf_counter()
        if pair < 0:
            session.warm_up()
        else:
            session.pair()
            longest = max(longest, time.perf_counter() - before)
            verdict = session.decide(limit)
            if verdict in ("fast", "slow"):
                return session.measurement(verdict)
        if time.perf_counter() + longest - started > budget_seconds:
            return session.measurement(session.decide_out_of_time(limit))
    return session.measurement(session.decide(limit))


def decide(ratio: tuple[float, float], noise: float, limit: float) -> Verdict:
    """The verdict from the interval of the ratio and the width of the reference-against-reference interval."""
    low, high = ratio
    if high <= limit:
        return "fast"
    if not noise <= BUSY:
        return "busy"
    return "slow" if low > limit else "unclear"


def median_interval(samples: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The interval from the k-th smallest to the k-th largest sample that holds the median with `confidence`.

    The number of n samples below the median is binomial(n, 1/2), so that interval misses the median with probability
    2 P(fewer than k below); k is the largest for which this is at most 1 - confidence. No distribution is assumed.
    Too few samples for any k: (-inf, inf).
    """
    count = len(samples)
    miss = 0.0
    rank = 0
    for below in range(count // 2):
        miss += 2 * math.comb(count, below) / 2**count
        if miss > 1 - confidence:
            break
        rank += 1
    if rank == 0:
        return -math.inf, math.inf
    ordered = sorted(samples)
    return ordered[rank - 1], ordered[count - rank]


@dataclass(frozen=True)
class _Pair:
    """Seconds of every call of the candidate, and of the reference in two blocks."""

    candidate: list[float]
    reference: list[float]
    again: list[float]

    def log_ratio(self) -> float:
        """Against the geometric mean of both blocks of the reference."""
        return math.log(min(self.candidate)) - (math.log(min(self.reference)) + math.log(min(self.again))) / 2

    def log_noise(self) -> float:
        return math.log(min(self.reference) / min(self.again))


@dataclass
class _Session:
    """The calls made so far."""

    candidate: Stopwatch
    reference: Stopwatch
    calls: int
    random: Random
    numbers: Iterator[int]
    warm_ups: list[_Pair] = field(default_factory=list)
    pairs: list[_Pair] = field(default_factory=list)

    def warm_up(self) -> None:
        self.warm_ups.append(self._run(calls=1))

    def pair(self) -> None:
        self.pairs.append(self._run(self.calls))

    def _run(self, calls: int) -> _Pair:
        rounds = [next(self.numbers) for _ in range(calls)]
        more = [next(self.numbers) for _ in range(calls)]
        plan = {"candidate": rounds, "reference": rounds, "again": more}
        seconds: dict[str, list[float]] = {}
        for block in self.random.sample(list(plan), len(plan)):
            seconds[block] = [self._time(block, number) for number in plan[block]]
        return _Pair(**seconds)

    def _time(self, block: str, number: int) -> float:
        who, stopwatch = ("candidate", self.candidate) if block == "candidate" else ("reference", self.reference)
        try:
            seconds = stopwatch(number)
        except TimingStopped as stopped:
            raise TimingStopped(str(stopped), who) from stopped
        if seconds is None:
            raise TimingStopped(f"no right answer from the {who} in round {number}", who)
        return max(seconds, 1e-9)  # a clock that stood still must not end in log(0)

    def decide(self, limit: float) -> Verdict:
        if len(self.pairs) >= FEWEST_OBVIOUS_PAIRS and self.obviously_slow(limit):
            return "slow"
        low, high = median_interval([pair.log_ratio() for pair in self.pairs])
        noise_low, noise_high = median_interval([pair.log_noise() for pair in self.pairs])
        verdict = decide((math.exp(low), math.exp(high)), math.expm1(noise_high - noise_low), limit)
        return "unclear" if verdict == "slow" and not self.always_slow(limit) else verdict

    def always_slow(self, limit: float) -> bool:
        """Whether even its fastest call is above the limit, measured by the reference's usual block."""
        usual = median(min(block) for pair in self.pairs for block in (pair.reference, pair.again))
        return min(min(pair.candidate) for pair in self.pairs) > limit * usual

    def obviously_slow(self, limit: float) -> bool:
        """Whether even its fastest call is so far above the limit that no interval is needed."""
        usual = median(seconds for pair in self.pairs for seconds in pair.reference + pair.again)
        return min(min(pair.candidate) for pair in self.pairs) > OBVIOUS * limit * usual

    def decide_out_of_time(self, limit: float) -> Verdict:
        """The verdict when the budget ended first.

        With enough pairs they decide as always. With fewer, the mean of all calls does, the warm-up included: else a
        candidate that sleeps in its first calls would leave no time to be measured and win by an unclear case.
        """
        if len(self.pairs) >= FEWEST_PAIRS:
            return self.decide(limit)
        made = self.warm_ups + self.pairs
        candidate = fmean(seconds for pair in made for seconds in pair.candidate)
        reference = fmean(seconds for pair in made for seconds in pair.reference + pair.again)
        return "slow" if candidate > limit * reference else "unclear"

    def measurement(self, verdict: Verdict) -> Measurement:
        shown = self.pairs or self.warm_ups
        low, ratio, high = _spread([pair.log_ratio() for pair in shown])
        noise_low, _, noise_high = _spread([pair.log_noise() for pair in shown])
        return Measurement(
            ratio=math.exp(ratio),
            low=math.exp(low),
            high=math.exp(high),
            pairs=len(self.pairs),
            reference_seconds=median(min(pair.reference + pair.again) for pair in shown),
            candidate_seconds=median(min(pair.candidate) for pair in shown),
            noise=math.expm1(noise_high - noise_low),
            verdict=verdict,
        )


def _spread(samples: list[float]) -> tuple[float, float, float]:
    """Low end of the interval, median, high end; the whole range where they are too few for an interval."""
    low, high = median_interval(samples)
    return max(low, min(samples)), median(samples), min(high, max(samples))
