"""A timing check: candidate and reference in two clean workers, the judge's own clock, every answer compared."""

from __future__ import annotations

import time
from dataclasses import dataclass
from random import Random
from typing import Any

import msgspec

from judge.checks import Check
from judge.compare import Difference, compare
from judge.forbidden import Use
from judge.machine import Machine
from judge.making import derive_seed
from judge.observations import Observation, Raised
from judge.sandbox.host import SandboxBroken, Stopped
from judge.subjects import Subject, told
from judge.timing import Measurement, TimingStopped, beyond_doubt, measure


@dataclass(frozen=True)
class Timed:
    """What a timing check gave."""

    verdict: str
    sentence: str
    seconds: float
    difference: Difference | None = None
    doubtful: bool = False  # it may have been stopped for somebody else's doing


class _Told(msgspec.Struct, frozen=True):
    """What a worker tells before and after a timed call."""

    ready: bool = False
    forbidden: list[Use] = []


class _Stopwatch:
    """Times calls of one solution in its worker, each on fresh inputs, and keeps the answers."""

    def __init__(self, subject: Subject, check: Check, seed: int, name: str) -> None:
        self.subject = subject
        self.check = check
        self.seed = seed
        self.name = name
        self.answers: dict[int, Observation] = {}
        self.stopped: Stopped | None = None

    def __call__(self, round: int) -> float | None:
        """Seconds from "go" until the complete answer has arrived; None when there was none."""
        try:
            return self._call(round, "float32", self.answers)
        except Stopped as stopped:
            self.stopped = stopped
            raise TimingStopped(stopped.message, self.name) from None

    def exact(self, round: int) -> Observation:
        """The answer of that round under float64."""
        answers: dict[int, Observation] = {}
        self._call(round, "float64", answers)
        return answers[round]

    def _call(self, round: int, dtype: str, answers: dict[int, Observation]) -> float:
        worker = self.subject.worker
        seed = derive_seed(self.seed, "round", round)
        prepared = worker.ask(
            {"op": "prepare", "check": self.check.name, "seed": seed, "dtype": dtype},
            cpu_seconds=self.check.cpu_seconds,
        )
        if not _told(prepared).ready:
            raised = prepared.get("seen")
            raise Stopped(
                "error", f"raises {raised.type}: {raised.message}" if isinstance(raised, Raised) else "no answer"
            )
        began = time.perf_counter()
        worker.send({"op": "go"})
        answer = worker.receive(cpu_seconds=self.check.cpu_seconds)
        seconds = time.perf_counter() - began
        if not isinstance(answer.value, dict) or "seen" not in answer.value:
            raise Stopped("output-limit", "its answer could not be read")
        _told(answer.value)
        devices = {path.removeprefix("seen").removeprefix("."): device for path, device in answer.devices.items()}
        answers[round] = Observation(answer.value["seen"], devices)
        return seconds


def _told(answer: Any) -> _Told:
    """What a worker tells; raises Stopped when the solution called what the problem forbids."""
    about = told(answer, _Told)
    for use in about.forbidden:
        raise Stopped("forbidden", f"{use.sentence} (line {use.line})")
    return about


def time_check(
    check: Check, candidate: Subject, reference: Subject, machine: Machine, *, seed: int, device: str
) -> Timed:
    """Measures, and compares what was computed while it was timed; only "slow" beyond doubt counts.

    A first measurement may run beside other checks; one that says slow is made again, alone.
    """
    theirs = _Stopwatch(candidate, check, seed, "candidate")
    ours = _Stopwatch(reference, check, seed, "reference")
    began = time.monotonic()
    try:
        with machine.busy():
            measured = measure(theirs, ours, check.limit, random=Random(seed))
            difference = _first_difference(theirs, ours, device)
        if difference is None and measured.verdict != "fast":
            with machine.alone():
                again = derive_seed(seed, "again")
                theirs, ours = (
                    _Stopwatch(candidate, check, again, "candidate"),
                    _Stopwatch(reference, check, again, "reference"),
                )
                measured = beyond_doubt(theirs, ours, check.limit, random=Random(again))
                difference = _first_difference(theirs, ours, device)
    except TimingStopped as stopped:
        cause = theirs.stopped
        if cause is None:
            raise SandboxBroken(f"the reference could not be timed: {stopped}") from None
        return Timed(cause.verdict, cause.message, time.monotonic() - began, doubtful=cause.doubtful)
    seconds = time.monotonic() - began
    if difference is not None:
        return Timed("wrong", f"the answer of a timed call is wrong: {difference.message}", seconds, difference)
    return Timed(_verdict(measured), _sentence(measured, check.limit), seconds)


def _verdict(measured: Measurement) -> str:
    return {"slow": "slow", "busy": "not judged"}.get(measured.verdict, "passed")


def _sentence(measured: Measurement, limit: float) -> str:
    if measured.verdict == "busy":
        return "not measured: the machine is busy"
    interval = f"{measured.low:.2f} to {measured.high:.2f}"
    ratio = f"{measured.ratio:.2f} times the reference's time ({interval})"
    if measured.verdict == "slow":
        return f"takes {ratio}; at most {limit:g} times is allowed"
    return f"{ratio}, limit {limit:g}"


def _first_difference(theirs: _Stopwatch, ours: _Stopwatch, device: str) -> Difference | None:
    """Every timed answer against the reference's for the same inputs."""
    for round in sorted(theirs.answers):
        if round not in ours.answers:
            ours(round)
        difference = _compare(theirs.answers[round], ours, round, device)
        if difference is not None:
            return difference
    return None


def _compare(got: Observation, ours: _Stopwatch, round: int, device: str) -> Difference | None:
    expected: Any = ours.answers[round]
    if isinstance(got.value, Raised) and not isinstance(expected.value, Raised):
        return Difference(message=f"raises {got.value.type}: {got.value.message[:300]}", kind="exception")
    return compare(got, expected, ours.exact(round), device=device)
