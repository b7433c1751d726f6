"""A class as tables for people who count and look things up.

grades.csv has a line a student, checks.csv a line a check, intake.csv a line for each file that was found.
"""

from __future__ import annotations

from collections.abc import Iterator

from judge.classroom.grades import Grade, Grades
from judge.classroom.intake import Intake
from judge.classroom.tables import Value, to_csv
from judge.report import CheckResult, Report
from judge.report.text import plain

GRADES, CHECKS, INTAKE = "grades.csv", "checks.csv", "intake.csv"
CHECK_COLUMNS = (
    "student", "problem", "check", "kind", "part", "verdict", "points", "max_points", "device", "seconds", "message",
)  # fmt: skip
MESSAGE_LINES = 4


def grades_csv(grades: Grades) -> str:
    """One line a student, and one column a problem with the points that count for it."""
    about = ["student_id", "name", "email", "lms_id", "group", "submitted_at", "late_days"]
    numbers = ["raw", "penalty", "override", "final", "status"]
    problems = list(grades.assignment.points)
    return to_csv([*about, *numbers, *problems], (_student_row(grade, problems) for grade in grades.students))


def checks_csv(grades: Grades) -> str:
    """One line a check of everything that was judged, in the points of the check; none where the judge failed."""
    heading = [
        "student",
        "problem",
        "check",
        "kind",
        "part",
        "verdict",
        "points",
        "max_points",
        "device",
        "seconds",
        "message",
    ]
    return to_csv(heading, _check_rows(grades))


def intake_csv(intake: Intake) -> str:
    """One line for each file and problem: what became of it, how its problem was found, and why not."""
    heading = ["path", "student", "problem", "status", "matched_by", "reason"]
    rows: list[tuple[str, str | None, str | None, str, str | None, str | None]] = []
    for one in intake.submissions:
        why = intake.strangers.get(one.student)
        rows.append(
            (one.shown, one.student, one.problem.slug, "graded", one.how, f"not on the roster: {why}" if why else None)
        )
    rows += [(one.path, one.student, one.problem, "superseded", one.how, one.reason) for one in intake.superseded]
    rows += [
        (one.path, one.student, None, "dropped", None, f"{statements(one.count)}: {one.which}")
        for one in intake.dropped
    ]
    rows += [(one.path, one.student, None, "unmatched", None, one.reason) for one in intake.unmatched]
    rows.sort(key=lambda row: (row[0], row[1] or "", row[2] or ""))
    return to_csv(heading, ([plain(cell) if cell is not None else None for cell in row] for row in rows))


def statements(count: int) -> str:
    """ "1 statement", "2 statements"."""
    return f"{count} statement{'s' if count != 1 else ''}"


def _student_row(grade: Grade, problems: list[str]) -> list[Value]:
    student = grade.student
    about: list[Value] = [student.id, student.name, student.email, student.lms_id, student.group]
    when = grade.submitted_at.isoformat(timespec="seconds") if grade.submitted_at else None
    nobody_looked = grade.status == "unmatched" and grade.final is None
    return [
        *[plain(value) if isinstance(value, str) else value for value in about],
        when,
        grade.days_late,
        grade.raw,
        grade.penalty,
        grade.override,
        grade.final,
        grade.status,
        *[None if nobody_looked else grade.marks[problem].points for problem in problems],
    ]


def _check_rows(grades: Grades) -> Iterator[list[Value]]:
    for grade in grades.students:
        for mark in grade.marks.values():
            if mark.report is None:
                continue
            who: list[Value] = [plain(grade.student.id), mark.problem]
            if not mark.report.checks:
                yield [*who, None, None, None, mark.report.verdict, None, None, None, None, _said(mark.report.message)]
            for check in mark.report.checks:
                yield [*who, *_check_row(check, mark.report)]


def _check_row(check: CheckResult, report: Report) -> list[Value]:
    judged = report.verdict != "infra" and check.verdict not in ("infra", "not judged")
    device = check.failing_device or " ".join(check.devices)
    return [
        plain(check.name),
        check.kind,
        check.part,
        check.verdict,
        check.points if judged else None,
        check.max_points,
        device or None,
        check.seconds,
        _said(check.message),
    ]


def _said(message: str | None) -> str | None:
    return plain(message, lines=MESSAGE_LINES) if message else None
