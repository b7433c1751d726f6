"""Gradings made by hand, for tests of how they are kept and shown."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from judge.classroom.assignment import Assignment, everything
from judge.classroom.gradebook import Entry, Record
from judge.classroom.grades import Grades, grade_class
from judge.report import CheckResult, Report


def make_report(score: float = 100, **fields: Any) -> Report:
    chosen: dict[str, Any] = {
        "problem": "25-self-attention",
        "title": "Self-attention with masks",
        "accepted": score == 100,
        "score": score,
        "verdict": "passed" if score == 100 else "wrong",
        "devices": ["cpu"],
        "seed": 987654321,
        "isolation": ["L3"],
        "seconds": 1.0,
        "checks": [],
        "diagnosis": [],
        "file": "25.py",
        "sha256": "ab" * 32,
        "started_at": "2026-01-01T10:00:00+00:00",
        "judge_version": "0.1.0",
        "torch_version": "2.15.0",
    }
    return Report(**(chosen | fields))


def make_check(name: str = "attends", points: float = 100, of: float = 100, **fields: Any) -> CheckResult:
    verdict = fields.pop("verdict", "passed" if points == of else "wrong")
    chosen: dict[str, Any] = {"kind": "values", "sentence": "Plain and masked.", "devices": {"cpu": verdict}}
    chosen |= {"seconds": 0.5, "points": points, "max_points": of, "verdict": verdict, "name": name}
    return CheckResult(**(chosen | fields))


@pytest.fixture
def entry() -> Callable[..., Entry]:
    """entry("ada", score=35) is what became of ada's solution of 25-self-attention."""

    def make(student: str, score: float | None = 100, **fields: Any) -> Entry:
        about = {name: fields.pop(name) for name in ("submitted_at", "late") if name in fields}
        path = f"{student}/25.py"
        report = make_report(score, **({"file": path} | fields)) if score is not None else None
        problem = fields.get("problem", "25-self-attention")
        content = f"{student} {problem}"
        return Entry(student, problem, path, content, f"key of {content}", report=report, **about)

    return make


def graded(entries: Sequence[Entry], unmatched: Sequence[Any] = (), assignment: Assignment | None = None) -> Grades:
    """The grades of a class with these submissions."""
    chosen = assignment or everything(one.problem for one in entries)
    return grade_class(Record([], list(entries), list(unmatched)), chosen)
