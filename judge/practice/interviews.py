"""Interviews: some problems against the clock, kept in the history, so that they outlast an interrupt or a crash.

At most one runs. Its clock is the wall's: it starts with `start` and never stops. Attempts are counted by
`History.record` while there is time left; hints are counted here. `results` makes the scorecard of both.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from judge.history import Attempt, History, whole
from judge.problems import Problem

HINT_COSTS = 10  # points, of the 100 of its problem

_Time = Annotated[datetime, msgspec.Meta(tz=True)]


class AlreadyRunning(Exception):
    """An interview runs, which another terminal started."""


class Task(msgspec.Struct, frozen=True, array_like=True):
    """One problem of an interview."""

    problem: str
    minutes: int  # that it is meant to take
    hints: int = 0  # taken during the interview


class _Row(msgspec.Struct, frozen=True, array_like=True):
    id: int
    started_at: _Time
    minutes: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    finished_at: _Time | None


@dataclass(frozen=True)
class Interview:
    """One interview, running or finished."""

    id: int
    started_at: datetime
    minutes: int
    finished_at: datetime | None
    tasks: tuple[Task, ...]

    @property
    def ends_at(self) -> datetime:
        """When its time is up."""
        return self.started_at + timedelta(minutes=self.minutes)

    def left(self, now: datetime) -> timedelta:
        """The time that is left, never less than none."""
        return max(self.ends_at - now, timedelta())

    def task(self, problem: str) -> Task | None:
        """Its task of that problem, if it asks for it."""
        return next((task for task in self.tasks if task.problem == problem), None)


@dataclass(frozen=True)
class Result:
    """What became of a task."""

    task: Task
    attempts: tuple[Attempt, ...]  # those that count
    best: float  # score, 0 to 100
    points: float  # less what the hints cost
    accepted_after: timedelta | None  # since the interview began


class Interviews:
    """The interviews of a history."""

    def __init__(self, history: History) -> None:
        self.history = history

    def start(self, minutes: int, problems: Sequence[Problem], now: datetime) -> Interview:
        """Starts the clock; raises AlreadyRunning, and sqlite3.Error where it cannot be kept."""
        try:
            with self.history.together() as connection:
                (id,) = connection.execute(
                    "INSERT INTO interviews (started_at, minutes) VALUES (?, ?) RETURNING id", (_text(now), minutes)
                ).fetchone()
                connection.executemany(
                    "INSERT INTO interview_problems (interview, place, problem, minutes) VALUES (?, ?, ?, ?)",
                    [(id, place, problem.slug, problem.minutes) for place, problem in enumerate(problems)],
                )
        except sqlite3.IntegrityError:
            raise AlreadyRunning from None
        tasks = tuple(Task(problem.slug, problem.minutes) for problem in problems)
        return Interview(id, now, minutes, None, tasks)

    def running(self) -> Interview | None:
        """The interview that was started and not finished; its time may be up."""
        return next(iter(self._read("WHERE finished_at IS NULL")), None)

    def asking_for(self, problem: str, now: datetime) -> Interview | None:
        """The interview that runs, has time left and asks for that problem."""
        running = self.running()
        return running if running and running.left(now) and running.task(problem) else None

    def get(self, id: int) -> Interview | None:
        """The interview of that number."""
        return next(iter(self._read("WHERE id = ?", (id,))), None)

    def finished(self) -> list[Interview]:
        """All that are over, the oldest first."""
        return self._read("WHERE finished_at IS NOT NULL")

    def take_hint(self, interview: Interview, problem: str, most: int) -> int:
        """The number of the next hint, from 1, and from now on it costs; the last one again costs nothing more."""
        self.history.change(
            "UPDATE interview_problems SET hints = min(hints + 1, ?) WHERE interview = ? AND problem = ?",
            (most, interview.id, problem),
        )
        again = self.get(interview.id)
        task = again and again.task(problem)
        return task.hints if task else 1

    def finish(self, interview: Interview, when: datetime) -> None:
        """Ends it: nothing counts from now on."""
        self.history.change(
            "UPDATE interviews SET finished_at = ? WHERE id = ? AND finished_at IS NULL", (_text(when), interview.id)
        )

    def discard(self, interview: Interview) -> None:
        """Forgets it."""
        for table, column in (("interview_problems", "interview"), ("interviews", "id")):
            self.history.change(f"DELETE FROM {table} WHERE {column} = ?", (interview.id,))

    def results(self, interview: Interview) -> list[Result]:
        """What became of each task so far."""
        counted = [attempt for attempt in self.history.attempts() if attempt.interview == interview.id]
        return [_result(interview, task, counted) for task in interview.tasks]

    def _read(self, condition: str, values: tuple[object, ...] = ()) -> list[Interview]:
        rows = self.history.rows(
            f"SELECT id, started_at, minutes, finished_at FROM interviews {condition} ORDER BY id", values
        )
        return [
            Interview(row.id, row.started_at, row.minutes, row.finished_at, tasks)
            for row in whole(rows, _Row)
            if (tasks := self._tasks(row.id))
        ]

    def _tasks(self, interview: int) -> tuple[Task, ...]:
        statement = "SELECT problem, minutes, hints FROM interview_problems WHERE interview = ? ORDER BY place"
        return tuple(whole(self.history.rows(statement, (interview,)), Task))


def total(results: Iterable[Result]) -> float:
    """The points of an interview, 0 to 100: the mean over its tasks, each counting as long as it is meant to take."""
    weighted = [(result.points, result.task.minutes) for result in results]
    return sum(points * minutes for points, minutes in weighted) / max(sum(minutes for _, minutes in weighted), 1)


def _result(interview: Interview, task: Task, counted: Sequence[Attempt]) -> Result:
    attempts = tuple(attempt for attempt in counted if attempt.problem == task.problem)
    best = max((attempt.score for attempt in attempts), default=0.0)
    accepted = next((attempt for attempt in attempts if attempt.accepted), None)
    return Result(
        task=task,
        attempts=attempts,
        best=best,
        points=max(best - HINT_COSTS * task.hints, 0.0),
        accepted_after=accepted.started_at - interview.started_at if accepted else None,
    )


def _text(when: datetime) -> str:
    return when.isoformat(timespec="seconds")
