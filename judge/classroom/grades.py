"""From raw scores to grades: what counts how much, what a person gave instead, what being late costs."""

from __future__ import annotations

import contextlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from judge.classroom.assignment import FULL, Assignment, UnusableAssignment, everything, read_assignment
from judge.classroom.gradebook import Entry, Gradebook, Record, Remembered
from judge.classroom.intake import Unmatched
from judge.classroom.overrides import Override, read_overrides
from judge.classroom.students import Student
from judge.problems import BrokenProblem, Packs, Problem
from judge.report import Report

STATUSES = ("graded", "missing", "unmatched", "infra", "ungraded")
SAME = 0.005  # scores are rounded to two decimals


@dataclass(frozen=True)
class Mark:
    """What a student has for one problem, in the assignment's points."""

    problem: str
    possible: float
    state: str  # graded, missing (nothing was handed in), infra (the judge failed), ungraded (not judged yet, or here)
    entry: Entry | None = None
    override: Override | None = None
    before: float | None = None  # the machine's points when it was overridden, where they are others now
    changed: bool = False  # whether the machine's points are others than when it was overridden

    @property
    def report(self) -> Report | None:
        return self.entry.report if self.entry is not None else None

    @property
    def machine(self) -> float | None:
        """What the judge gave: 0 for what is missing, None where it could not say."""
        if self.state == "missing":
            return 0.0
        if self.state != "graded" or self.report is None:
            return None
        return self.report.score / FULL * self.possible

    @property
    def points(self) -> float | None:
        """What counts; None where nobody knows."""
        return self.override.score if self.override is not None else self.machine


@dataclass(frozen=True)
class Grade:
    """What a student has for the assignment."""

    student: Student
    marks: dict[str, Mark]  # problem -> mark, one for each problem of the assignment
    submitted_at: datetime | None  # of the last file that counts
    days_late: int | None  # None where nobody can tell
    kept: float  # the part of the points that being late leaves
    unmatched: bool  # whether a file of his could not be matched

    @cached_property
    def status(self) -> str:
        """graded; infra and ungraded: no grade yet; unmatched: somebody must look; missing: nothing was handed in."""
        open_ = {mark.state for mark in self.marks.values() if mark.override is None}
        for state in ("infra", "ungraded"):
            if state in open_:
                return state
        if "missing" in open_ and self.unmatched:
            return "unmatched"
        return "missing" if open_ == {"missing"} and not self._overridden else "graded"

    @property
    def _overridden(self) -> bool:
        return any(mark.override is not None for mark in self.marks.values())

    @property
    def _nothing(self) -> bool:
        """Whether all there is are files that nobody has looked at."""
        return self.status == "unmatched" and all(
            mark.state == "missing" and mark.override is None for mark in self.marks.values()
        )

    @property
    def raw(self) -> float | None:
        """What the judge gave in all, before overrides and lateness; None where a part is not known."""
        return None if self._nothing else _total(mark.machine for mark in self.marks.values())

    @property
    def override(self) -> float | None:
        """The same with the overrides; None without any."""
        return _total(mark.points for mark in self.marks.values()) if self._overridden else None

    @property
    def penalty(self) -> float | None:
        """What being late costs."""
        total = self._total
        return None if total is None else round(total * (1 - self.kept), 2)

    @property
    def final(self) -> float | None:
        """The grade; None, never 0, where the judge failed or a person has to look."""
        total, penalty = self._total, self.penalty
        return None if total is None or penalty is None else round(total - penalty, 2)

    @property
    def _total(self) -> float | None:
        return self.override if self._overridden else self.raw


@dataclass(frozen=True)
class Grades:
    """The grades of a class for an assignment."""

    assignment: Assignment
    students: list[Grade]
    notes: list[str]  # what an instructor should be told
    unknown: list[str]  # what names a student whom nobody knows
    unmatched: list[Unmatched]
    remembered: dict[tuple[str, str], Remembered]  # the overrides, for the gradebook

    def reports(self) -> list[Report]:
        """Everything that was judged, or that the judge failed to judge."""
        return [mark.report for grade in self.students for mark in grade.marks.values() if mark.report is not None]

    def finals(self) -> list[float]:
        """The grades that are known of those who handed something in."""
        return [grade.final for grade in self.students if grade.final is not None and grade.status != "missing"]


def grade_class(
    record: Record,
    assignment: Assignment,
    overrides: Sequence[Override] = (),
    remembered: Mapping[tuple[str, str], Remembered] | None = None,
) -> Grades:
    """The grades of everybody who is in the class or handed something in.

    remembered: the overrides as the gradebook knows them, to tell where the machine's score has changed since.
    """
    students = {student.id: student for student in record.students}
    for name in [*(entry.student for entry in record.entries), *(one.student for one in record.unmatched)]:
        if name is not None:
            students.setdefault(name, Student(name))
    notes, unknown = list(assignment.notes), []
    given: dict[tuple[str, str], Override] = {}
    for override in overrides:
        student = find_student(override.student, students.values())
        if student is None:
            unknown.append(f"overrides: line {override.line}: no student of the class is called {override.student}")
        else:
            given[student.id, override.problem] = override
    for name in assignment.late.extensions:
        if find_student(name, students.values()) is None:
            unknown.append(f"late.extensions: no student of the class is called {name}")
    attempts: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in record.entries:
        attempts[entry.student, entry.problem].append(entry)
    with_unmatched = {one.student for one in record.unmatched}
    known: dict[tuple[str, str], Remembered] = {}
    found = []
    for student in students.values():
        marks = {}
        for problem, possible in assignment.points.items():
            who = student.id, problem
            counting = _best(attempts[who], student, assignment) if who in attempts else None
            mark = _mark(problem, possible, counting, given.get(who), (remembered or {}).get(who))
            marks[problem] = mark
            if mark.override is not None:
                known[who] = _remember(mark, (remembered or {}).get(who))
                if mark.changed:
                    notes.append(_flag(student, mark))
        found.append(_grade(student, marks, assignment, student.id in with_unmatched))
    return Grades(assignment, found, notes, unknown, record.unmatched, known)


def current_grades(
    book: Gradebook, packs: Packs, assignment: Path | None = None, record: Record | None = None
) -> Grades:
    """The grades as they stand.

    assignment: another file than that of the last `judge grade`. record: what the gradebook would hold, where that is
    asked for. Raises UnusableAssignment.
    """
    if assignment is None and (kept := book.setting("assignment", str)):
        assignment = Path(kept)
        if not assignment.is_file():
            raise UnusableAssignment(f"{assignment}, the assignment of this class, is gone; --assignment FILE names it")
    record = record if record is not None else book.record()
    if assignment is None:
        return grade_class(record, everything(entry.problem for entry in record.entries))
    read = read_assignment(assignment, packs)
    return grade_class(record, read, read_overrides(read), book.overrides())


def known_problems(grades: Grades, packs: Packs) -> dict[str, Problem]:
    """The problems of a class that are still there; what is known of the others is in the reports."""
    found = {}
    for slug in grades.assignment.points:
        with contextlib.suppress(BrokenProblem, LookupError):
            found[slug] = packs.read(slug)
    return found


def find_student(name: str, students: Iterable[Student]) -> Student | None:
    """The student of that id, else the only one of that email address, number in the LMS, or name."""
    students = list(students)
    for words in (_id, _email, _lms_id, _name):
        fitting = [one for one in students if name and words(one) == name]
        if len(fitting) == 1:
            return fitting[0]
    return None


def _id(student: Student) -> str | None:
    return student.id


def _email(student: Student) -> str | None:
    return student.email


def _lms_id(student: Student) -> str | None:
    return student.lms_id


def _name(student: Student) -> str | None:
    return student.name


def _best(attempts: Sequence[Entry], student: Student, assignment: Assignment) -> Entry:
    """The attempt that counts where several may: the one that is worth most when its own lateness is taken off.

    Of equal ones the first; one that is not judged, where it might be worth more than all others.
    """

    def left_of(entry: Entry) -> float:
        days = assignment.days_late(_names(student), entry.submitted_at, entry.late)
        return assignment.late.kept(days or 0)

    def worth(entry: Entry) -> float:
        return entry.report.score * left_of(entry) if entry.report is not None else 0.0

    judged = [one for one in attempts if one.report is not None and one.report.verdict not in ("infra", "not judged")]
    best = max(judged, key=worth, default=None)
    open_ = [one for one in attempts if one not in judged]
    promising = max(open_, key=left_of, default=None)
    if best is None or (promising is not None and FULL * left_of(promising) > worth(best) + SAME):
        return promising if promising is not None else attempts[0]
    return best


def _mark(
    problem: str, possible: float, entry: Entry | None, override: Override | None, known: Remembered | None
) -> Mark:
    if entry is None:
        state = "missing"
    elif entry.report is None or entry.report.verdict == "not judged":
        state = "ungraded"
    else:
        state = "infra" if entry.report.verdict == "infra" else "graded"
    mark = Mark(problem, possible, state, entry, override)
    if override is None or known is None or not _is_same(override, known) or state not in ("graded", "missing"):
        return mark
    score = entry.report.score if state == "graded" and entry and entry.report else None
    both = score is not None and known.machine is not None
    if score == known.machine or (both and abs((score or 0.0) - (known.machine or 0.0)) < SAME):
        return mark
    before = known.machine / FULL * possible if known.machine is not None else None
    return Mark(problem, possible, state, entry, override, before, changed=True)


def _remember(mark: Mark, known: Remembered | None) -> Remembered:
    """What the gradebook is to know of an override: the machine's score when it was first seen as it is now."""
    assert mark.override is not None
    if known is not None and _is_same(mark.override, known):
        return known
    score = mark.report.score if mark.state == "graded" and mark.report else None
    return Remembered(mark.override.score, mark.override.reason, score)


def _is_same(override: Override, known: Remembered) -> bool:
    return override.score == known.score and override.reason == known.reason


def _flag(student: Student, mark: Mark) -> str:
    assert mark.override is not None
    then = "nothing" if mark.before is None else f"{mark.before:g}"
    now = "nothing" if mark.state == "missing" or mark.machine is None else f"{mark.machine:g}"
    return (
        f"overrides: line {mark.override.line}: {student.id} has {mark.override.score:g} for {mark.problem}; the judge "
        f"gave {then} when that was written and gives {now} now. Change score or reason, or remove the line"
    )


def _grade(student: Student, marks: dict[str, Mark], assignment: Assignment, unmatched: bool) -> Grade:
    entries = [mark.entry for mark in marks.values() if mark.entry is not None]
    submitted_at = max((entry.submitted_at for entry in entries if entry.submitted_at is not None), default=None)
    days = assignment.days_late(_names(student), submitted_at, any(entry.late for entry in entries))
    return Grade(student, marks, submitted_at, days, assignment.late.kept(days or 0), unmatched)


def _names(student: Student) -> tuple[str | None, ...]:
    return student.id, student.email, student.lms_id, student.name


def _total(points: Iterable[float | None]) -> float | None:
    numbers = list(points)
    known = [one for one in numbers if one is not None]
    return round(math.fsum(known), 2) if len(known) == len(numbers) else None
