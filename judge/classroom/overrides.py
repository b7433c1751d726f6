"""Scores that a person gave: they beat the machine's, whose points at that time are remembered."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from judge.classroom.assignment import Assignment, UnusableAssignment
from judge.classroom.cells import NotCsv
from judge.classroom.tables import read_rows
from judge.finding import UnknownProblem, find_name

COLUMNS = ("student", "problem", "score", "reason")


@dataclass(frozen=True)
class Override:
    """What a person gave a student for a problem, in the points of the assignment."""

    student: str  # as it is written: an id or an email address
    problem: str  # the slug
    score: float
    reason: str
    line: int


def read_overrides(assignment: Assignment) -> list[Override]:
    """The overrides that an assignment names; raises UnusableAssignment with file and line."""
    if assignment.overrides is None:
        return []
    path = assignment.overrides
    overrides: dict[tuple[str, str], Override] = {}
    try:
        for line, row in read_rows(path, COLUMNS):
            try:
                override = _override(row, line, assignment.points)
            except ValueError as error:
                raise UnusableAssignment(f"{path.name}: line {line}: {error}") from None
            earlier = overrides.setdefault((override.student, override.problem), override)
            if earlier is not override:
                raise UnusableAssignment(
                    f"{path.name}: line {line}: {override.student} has a score for {override.problem} already, "
                    f"in line {earlier.line}"
                )
    except NotCsv as error:
        raise UnusableAssignment(f"{path.name}: {error}") from None
    except OSError as error:
        raise UnusableAssignment(f"{path} cannot be read: {error.strerror}") from None
    return list(overrides.values())


def _override(row: Mapping[str, str], line: int, points: Mapping[str, float]) -> Override:
    for column in COLUMNS[:3]:
        if not row[column]:
            raise ValueError(f"{column} is empty")
    try:
        problem = find_name(row["problem"], points)
    except UnknownProblem as error:
        raise ValueError(f"problem: {error}") from None
    try:
        score = float(row["score"])
    except ValueError:
        score = math.nan
    if not 0 <= score <= points[problem]:
        raise ValueError(f"score must be a number from 0 to {points[problem]:g}, not '{row['score']}'")
    return Override(row["student"], problem, score, row["reason"], line)
