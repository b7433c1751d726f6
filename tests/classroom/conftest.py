"""Gradings made by hand, for tests of how they are kept and shown."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from judge.classroom.intake import Submission
from judge.classroom.results import Graded
from judge.problems import packs
from judge.report import Report


@pytest.fixture
def graded() -> Callable[..., Graded]:
    """graded("ada", score=35) is what became of ada's solution of 25-self-attention."""
    problem = packs().find("25")

    def make(student: str, score: float = 100, **fields: Any) -> Graded:
        chosen: dict[str, Any] = {
            "problem": problem.slug,
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
            "file": f"{student}/25.py",
            "sha256": "ab" * 32,
            "started_at": "2026-01-01T10:00:00+00:00",
            "judge_version": "0.1.0",
            "torch_version": "2.15.0",
        }
        return Graded(Submission(student, problem, Path(student) / "25.py", Path(student)), Report(**(chosen | fields)))

    return make
