"""What somebody did so far: by day, and for one problem by attempt."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from judge.history import Attempt
from judge.report import Report

# As the timing checks of a report put it.
_RATIO = re.compile(r"([0-9.]+) times the reference's time")


@dataclass(frozen=True)
class Day:
    """One day's attempts."""

    day: date
    attempts: int
    solved: tuple[str, ...]  # problems that were accepted for the first time
    again: tuple[str, ...]  # problems accepted before that day, and accepted again
    tried: tuple[str, ...]  # the others


@dataclass(frozen=True)
class Summary:
    """Some days together, without praise."""

    attempts: int
    days: int
    solved: int  # problems
    without_hint: int  # of those
    open: int  # tried and not solved


def by_day(attempts: Sequence[Attempt]) -> list[Day]:
    """The days with attempts, the latest first. The attempts come in order, the oldest first."""
    solved: set[str] = set()
    found = []
    grouped: dict[date, list[Attempt]] = {}
    for attempt in attempts:
        grouped.setdefault(attempt.started_at.astimezone().date(), []).append(attempt)
    for day in sorted(grouped):
        problems = list(dict.fromkeys(attempt.problem for attempt in grouped[day]))
        accepted = {attempt.problem for attempt in grouped[day] if attempt.accepted}
        found.append(
            Day(
                day=day,
                attempts=len(grouped[day]),
                solved=tuple(problem for problem in problems if problem in accepted - solved),
                again=tuple(problem for problem in problems if problem in accepted & solved),
                tried=tuple(problem for problem in problems if problem not in accepted),
            )
        )
        solved |= accepted
    return found[::-1]


def summary(attempts: Sequence[Attempt], hints: Mapping[str, int]) -> Summary:
    """All of these attempts in short. hints: how many were seen of each problem."""
    solved = {attempt.problem for attempt in attempts if attempt.accepted}
    return Summary(
        attempts=len(attempts),
        days=len({attempt.started_at.astimezone().date() for attempt in attempts}),
        solved=len(solved),
        without_hint=sum(not hints.get(problem) for problem in solved),
        open=len({attempt.problem for attempt in attempts} - solved),
    )


def pace(report: Report) -> float | None:
    """The time of a solution in units of the reference's, by its slowest timing check; None where none was measured."""
    said = [check.message or "" for check in report.checks if check.kind == "timing"]
    ratios = [float(found[1]) for message in said if (found := _RATIO.search(message))]
    return max(ratios) if ratios else None


def time_to_solve(attempts: Sequence[Attempt], starts: Sequence[datetime]) -> timedelta | None:
    """The shortest time from a stub to an accepted solution; None where no stub or no success is known."""
    times, begun = [], sorted(starts)
    for index, start in enumerate(begun):
        until = begun[index + 1] if index + 1 < len(begun) else None
        accepted = [
            attempt.started_at
            for attempt in attempts
            if attempt.accepted and attempt.started_at >= start and (until is None or attempt.started_at < until)
        ]
        if accepted:
            times.append(min(accepted) - start)
    return min(times, default=None)
