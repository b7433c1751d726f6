"""Where a candidate's solutions are, and with which seed they are practised on."""

from __future__ import annotations

from pathlib import Path

from judge.problems import Problem

PRACTICE_SEED = 7  # the same numbers each time, so that a candidate sees what a change did
SOLUTIONS = "solutions"


def solution_file(problem: Problem) -> Path:
    """solutions/<slug>.py in the nearest folder upwards that has solutions/, else in the current one."""
    here = Path.cwd()
    base = next((folder for folder in (here, *here.parents) if (folder / SOLUTIONS).is_dir()), here)
    return base / SOLUTIONS / f"{problem.slug}.py"
