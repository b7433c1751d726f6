"""The autograder inside of Gradescope: judges one submission and writes results/results.json.

    python -m judge.classroom.gradescope /autograder

The layout is Gradescope's: source/ is the zip of `judge gradescope-pack`, submission/ what was handed in,
submission_metadata.json by whom and when. Where the judge itself fails no results are written, so that Gradescope says
"failed to execute" and nobody is given a 0.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from judge.classroom.assignment import Assignment, unpack_assignment
from judge.classroom.engines import Work
from judge.classroom.engines.local import LocalEngine
from judge.classroom.exports.ci import gradescope
from judge.classroom.gradebook import Entry, Record, content_of
from judge.classroom.grades import grade_class
from judge.classroom.gradescope_pack import SETTINGS, Settings
from judge.classroom.intake import Intake, Submission, collect
from judge.classroom.results import replace, student_text
from judge.classroom.sheets import statements
from judge.classroom.status import ALL_GRADED, JUDGE_FAILED, complain
from judge.classroom.stopping import Stop
from judge.classroom.students import Student
from judge.grading import Infrastructure, TooWeak
from judge.problems import packs
from judge.report import Report


@dataclass(frozen=True)
class Metadata:
    """What Gradescope says of a submission; nothing of it is needed."""

    student: Student
    submitted_at: datetime | None


def run_autograder(root: Path) -> int:
    """Judges root/submission; 0 when there are results, 3 when the judge itself failed and there are none."""
    results = root / "results" / "results.json"
    results.unlink(missing_ok=True)
    source = root / "source"
    settings = msgspec.json.decode((source / SETTINGS).read_bytes(), type=Settings)
    assignment = unpack_assignment(settings.assignment)
    known = packs(sorted((source / "packs").glob("*")))
    metadata = read_metadata(root / "submission_metadata.json", assignment)
    intake = collect(root / "submission", known)
    taken = _one_each(intake, assignment)
    try:
        reports = _judge(taken, settings, assignment)
    except (Infrastructure, TooWeak) as error:
        return complain(str(error), JUDGE_FAILED)
    entries = [
        Entry(metadata.student.id, slug, one.path.name, slug, slug, metadata.submitted_at, report=reports[slug])
        for slug, one in taken.items()
    ]
    grades = grade_class(Record([metadata.student], entries, []), assignment)
    (grade,) = grades.students
    if grade.final is None:
        failures = [report.message or "" for report in reports.values() if report.verdict in ("infra", "not judged")]
        return complain(f"the judge failed, so there are no results: {'; '.join(failures)}", JUDGE_FAILED)
    results.parent.mkdir(parents=True, exist_ok=True)
    content = json.loads(gradescope(grade, grades))
    content["output"] = "\n".join([*_left(intake), content["output"]])
    replace(results, json.dumps(content, allow_nan=False))
    print(student_text(grade, grades))
    return ALL_GRADED


def read_metadata(path: Path, assignment: Assignment) -> Metadata:
    """Who handed in and when; of a group, the one who has an extension."""
    try:
        written: Any = json.loads(path.read_bytes())
        users = [_student(user) for user in written.get("users") or ()]
        submitted_at = datetime.fromisoformat(written["created_at"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Metadata(Student("submission"), None)
    extended = [one for one in users if {one.id, one.email, one.name} & assignment.late.extensions.keys()]
    student = next(iter(extended + users), Student("submission"))
    return Metadata(student, submitted_at if submitted_at.tzinfo else None)


def _student(user: Mapping[str, Any]) -> Student:
    email, name = user.get("email"), user.get("name")
    number = str(user["id"]) if user.get("id") is not None else None
    return Student(str(email or number or name or "submission"), name, email, number)


def _one_each(intake: Intake, assignment: Assignment) -> dict[str, Submission]:
    """One file for each problem of the assignment, in whichever folder it lies."""
    taken: dict[str, Submission] = {}
    for one in intake.submissions:
        if one.problem.slug in assignment.points:
            taken.setdefault(one.problem.slug, one)
    return taken


def _judge(taken: Mapping[str, Submission], settings: Settings, assignment: Assignment) -> dict[str, Report]:
    if not taken:
        return {}
    engine = LocalEngine(settings.devices, settings.jobs, settings.require_isolation)
    reports: dict[str, Report] = {}
    work = []
    for slug, one in taken.items():
        solution = one.read()
        work.append(Work(f"{slug} {content_of(solution)}", one.problem, solution, assignment.skip))
    with engine.start(settings.seed, settings.secret) as judging:

        def on_report(one: Work, report: Report) -> None:
            reports[one.problem.slug] = report

        judging.judge_all(work, on_report, Stop())
    return reports


def _left(intake: Intake) -> Sequence[str]:
    return [
        *(f"Not graded: {one.path}: {one.reason}" for one in intake.unmatched),
        *(f"{one.path}: {statements(one.count)} left out: {one.which}" for one in intake.dropped),
    ]


if __name__ == "__main__":
    sys.exit(run_autograder(Path(sys.argv[1]).resolve()))
