"""Which files are submissions: of whom, to which problem; and why the others are none."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Container, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from judge.classroom.archive import UnusableArchive, unpack
from judge.classroom.layouts import find
from judge.classroom.places import SOLUTIONS, Found, Handed, Place, Unmatched
from judge.classroom.students import Student
from judge.classroom.which import distance, problem_of
from judge.finding import UnknownProblem
from judge.grading import Solution
from judge.problems import BrokenProblem, Packs, Problem

__all__ = ["Intake", "Options", "Submission", "Unmatched", "UnusablePlace", "collect", "collect_places", "open_places"]


_NEVER = datetime.min.replace(tzinfo=UTC)


class UnusablePlace(ValueError):
    """A folder or zip cannot be graded at all; the message names it and says why."""


@dataclass(frozen=True)
class Options:
    """What an instructor says of how files are to be taken."""

    policy: Literal["latest", "first"] = "latest"  # which of several attempts counts


@dataclass(frozen=True)
class Submission:
    """A file that a student handed in for a problem; it may be unreadable, a folder or a link: the report says so."""

    student: str  # the id
    problem: Problem
    path: Path
    root: Path  # the student's folder: a link out of it is refused
    shown: str  # the path as people are told of it
    where: str  # the same in full
    submitted_at: datetime | None = None
    late: bool = False

    def read(self, known: Container[str] = ()) -> Solution:
        """What was handed in; known: digests of what has been read before and is Python."""
        return Solution.read(self.path, root=self.root, known=known)


@dataclass(frozen=True)
class Intake:
    """All that was handed in, by student and problem; nothing is dropped but hidden and compiled files."""

    submissions: list[Submission]
    unmatched: list[Unmatched]
    students: dict[str, Student] = field(default_factory=dict)  # id -> who handed in something that is graded


def open_places(paths: Sequence[Path], stack: ExitStack, leave_out: Path | None = None) -> tuple[list[Place], Found]:
    """The folders to look into: a zip is unpacked into a private one, which goes when the stack is closed.

    Returns them with what was refused of the zips. Raises UnusablePlace.
    """
    found = Found()
    places = []
    for path in paths:
        shown = str(path) if len(paths) > 1 else ""
        if path.is_dir():
            places.append(Place.of(path, shown, leave_out))
            continue
        if not path.is_file() or path.suffix.lower() != ".zip":
            what = "is not there" if not path.exists() else "is a file"
            raise UnusablePlace(f"{path} {what}; judge grade takes a folder or a .zip")
        try:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="judge-")))
            refused = unpack(path, folder)
        except UnusableArchive as error:
            raise UnusablePlace(f"{path}: {error}") from None
        except OSError as error:
            raise UnusablePlace(f"{path} cannot be unpacked: {error.strerror}") from None
        places.append(Place(folder, path.stem, shown, path))
        for one in refused:
            name = f"{path if shown else path.name}/{one.name}" if one.name else str(path)
            found.unmatched.append(Unmatched(name, None, one.reason))
    return places, found


def collect(folder: Path, packs: Packs, *, leave_out: Path | None = None) -> Intake:
    """What one folder holds.

    leave_out: a folder inside that holds results. Raises OSError when the folder itself cannot be read.
    """
    return collect_places([Place.of(folder, leave_out=leave_out)], packs)


def collect_places(
    places: Sequence[Place], packs: Packs, found: Found | None = None, options: Options | None = None
) -> Intake:
    """What some folders hold; found: what is known before. Raises OSError when a folder itself cannot be read."""
    found = found if found is not None else Found()
    for place in places:
        find(place, packs, found)
    return _Matching(packs, found, options or Options()).run()


class _Matching:
    """Finds the problem of each file, and the file that counts where a student has several for one problem."""

    def __init__(self, packs: Packs, found: Found, options: Options) -> None:
        self.packs = packs
        self.files = found.files
        self.options = options
        self.unmatched = list(found.unmatched)
        self.attempts: dict[tuple[str, str], list[_Attempt]] = {}

    def run(self) -> Intake:
        for file in self.files:
            self._match(file)
        submissions, students = [], self._students()
        for (student, _), attempts in self.attempts.items():
            taken, *others = self._in_order(attempts)
            submissions.append(taken.submission(student))
            for other in others:
                reason = _reason_against(other, taken)
                self.unmatched.append(Unmatched(other.file.shown, student, reason))
        taking = {one.student for one in submissions}
        return Intake(submissions, self.unmatched, {name: one for name, one in students.items() if name in taking})

    def _in_order(self, attempts: list[_Attempt]) -> list[_Attempt]:
        """The one that counts first: by time, then the nearer name."""
        attempts.sort(key=lambda one: (distance(one.file.name), one.file.name))
        return sorted(attempts, key=lambda one: one.when, reverse=self.options.policy == "latest")

    def _students(self) -> dict[str, Student]:
        """Everybody by id, with all that is known of him in any of the places."""
        students: dict[str, Student] = {}
        for student in (student for file in self.files for student in file.students):
            students[student.id] = students.get(student.id, student).filled(student)
        return students

    def _match(self, file: Handed) -> None:
        if file.path.suffix not in SOLUTIONS:
            is_folder = os.path.isdir(file.path)
            reason = "a folder; only what lies directly in a student's folder is graded"
            self._leave(file, reason if is_folder else "not a .py file")
            return
        try:
            problem = self._problem(file)
        except (UnknownProblem, BrokenProblem) as error:
            self._leave(file, str(error))
            return
        for student in file.students:
            self.attempts.setdefault((student.id, problem.slug), []).append(_Attempt(file, problem))

    def _problem(self, file: Handed) -> Problem:
        try:
            return self.packs.read(problem_of(file.name, self.packs))
        except UnknownProblem:
            if file.plain_name == file.name:
                raise
            return self.packs.read(problem_of(file.plain_name, self.packs))

    def _leave(self, file: Handed, reason: str) -> None:
        for student in file.students:
            self.unmatched.append(Unmatched(file.shown, student.id, reason))


@dataclass(frozen=True)
class _Attempt:
    """A file for a problem."""

    file: Handed
    problem: Problem

    @property
    def when(self) -> tuple[datetime, tuple[int, ...]]:
        return self.file.submitted_at or _NEVER, self.file.order

    def submission(self, student: str) -> Submission:
        file = self.file
        return Submission(
            student, self.problem, file.path, file.root, file.shown, file.where, file.submitted_at, file.late
        )


def _reason_against(other: _Attempt, taken: _Attempt) -> str:
    if other.when == taken.when:
        return f"a second file for {taken.problem.slug}; {taken.file.name} was taken"
    which = "an earlier" if other.when < taken.when else "a later"
    return f"{which} attempt at {taken.problem.slug}; {taken.file.shown} was taken"
