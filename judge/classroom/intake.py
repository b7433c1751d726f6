"""Which files are submissions: of whom, to which problem; and why the others are none."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Container, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from judge.classroom.answers import Answer, Matching
from judge.classroom.archive import UnusableArchive, unpack
from judge.classroom.assignment import Assignment
from judge.classroom.layouts import find
from judge.classroom.places import SOLUTIONS, Found, Handed, Place, Unmatched
from judge.classroom.roster import Joined, Roster, join
from judge.classroom.students import Student
from judge.classroom.which import distance
from judge.grading import Solution
from judge.problems import Packs, Problem

__all__ = [
    "Dropped",
    "Intake",
    "Options",
    "Submission",
    "Superseded",
    "Unmatched",
    "UnusablePlace",
    "collect",
    "collect_places",
    "open_places",
]


_NEVER = datetime.min.replace(tzinfo=UTC)


class UnusablePlace(ValueError):
    """A folder or zip cannot be graded at all; the message names it and says why."""


Policy = Literal["latest", "first", "best"]


@dataclass(frozen=True)
class Options:
    """What an instructor says of how files are to be taken."""

    policy: Policy = "latest"  # which of several attempts counts
    problem: Problem | None = None  # that of files which do not say it themselves
    roster: Roster | None = None
    assignment: Assignment | None = None


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
    how: str = ""  # how its problem is known
    solution: Solution | None = None  # what a notebook has for this problem; None: the file as it is

    def read(self, known: Container[str] = ()) -> Solution:
        """What was handed in; known: digests of what has been read before and is Python."""
        return self.solution or Solution.read(self.path, root=self.root, known=known)


@dataclass(frozen=True)
class Superseded:
    """An attempt that does not count, since another one does."""

    path: str
    student: str
    problem: str  # the slug
    how: str
    reason: str


@dataclass(frozen=True)
class Dropped:
    """Statements of a notebook that belong to no solution."""

    path: str
    student: str
    count: int
    which: str


@dataclass(frozen=True)
class Intake:
    """All that was handed in, by student and problem; nothing is dropped but hidden and compiled files."""

    submissions: list[Submission]  # several of a student for a problem where the best one counts
    unmatched: list[Unmatched]
    superseded: list[Superseded] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    students: dict[str, Student] = field(default_factory=dict)  # the roster's, then who else handed in something
    strangers: dict[str, str] = field(default_factory=dict)  # who handed in something and is not on the roster -> why
    missing: list[Student] = field(default_factory=list)  # who is on the roster and handed in nothing at all


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
    options = options or Options()
    for place in places:
        find(place, packs, found, of_one_problem=options.problem is not None)
    return _Taking(packs, found, options).run()


class _Taking:
    """Finds the owner and the problem of each file, and what counts where a student has several for one problem."""

    def __init__(self, packs: Packs, found: Found, options: Options) -> None:
        assignment = options.assignment
        self.matching = Matching(packs, assignment.points if assignment is not None else None, options.problem)
        self.found = found
        self.options = options
        everybody = found.students.values()
        if options.roster is not None:
            self.joined = join(options.roster, everybody)
        else:
            self.joined = Joined({one.id: one for one in everybody}, {})
        self.unmatched = [
            Unmatched(one.path, self._known(one.student) if one.student is not None else None, one.reason)
            for one in found.unmatched
        ]
        self.superseded: list[Superseded] = []
        self.dropped: list[Dropped] = []
        self.attempts: dict[tuple[str, str], list[_Attempt]] = {}

    def run(self) -> Intake:
        for file in self.found.files:
            self._match(file)
        submissions = []
        for (student, _), attempts in self.attempts.items():
            attempts = self._in_order(attempts)
            count = len(attempts) if self.options.policy == "best" else 1
            submissions += [one.submission(student) for one in attempts[:count]]
            for other in attempts[count:]:
                self._pass_over(student, other, attempts[0])
        seen: set[str | None] = {one.student for one in submissions}
        seen.update(one.student for one in self.unmatched)
        students = self._students(one.student for one in submissions)
        return Intake(
            submissions,
            self.unmatched,
            self.superseded,
            self.dropped,
            students,
            {id_: why for id_, why in self.joined.strangers.items() if id_ in students},
            self._missing(seen),
        )

    def _in_order(self, attempts: list[_Attempt]) -> list[_Attempt]:
        """The one that counts first: by time, then the nearer name."""
        attempts.sort(key=lambda one: (distance(one.file.name), one.file.name))
        return sorted(attempts, key=lambda one: one.when, reverse=self.options.policy == "latest")

    def _pass_over(self, student: str, other: _Attempt, taken: _Attempt) -> None:
        """Lists an attempt that does not count; where the times do not tell which one should, somebody must look."""
        file, slug = other.file, taken.answer.problem.slug
        if other.when == taken.when:
            self.unmatched.append(
                Unmatched(file.shown, student, f"a second file for {slug}; {taken.file.name} was taken")
            )
            return
        which = "an earlier" if other.when < taken.when else "a later"
        reason = f"{which} attempt at {slug}; {taken.file.shown} was taken"
        self.superseded.append(Superseded(file.shown, student, slug, other.answer.how, reason))

    def _students(self, taking: Iterable[str]) -> dict[str, Student]:
        """The roster, then everybody else: first those of whom something is graded."""
        roster = self.options.roster
        students = {one.id: one for one in roster.students} if roster is not None else {}
        found: dict[str, Student] = {}
        for student in self.joined.students.values():
            found[student.id] = found.get(student.id, student).filled(student)
        others = [one.student for one in self.unmatched if one.student is not None]
        return students | {id_: found[id_] for id_ in [*taking, *others]}

    def _missing(self, seen: set[str | None]) -> list[Student]:
        roster = self.options.roster
        return [one for one in roster.students if one.id not in seen] if roster is not None else []

    def _known(self, student: str) -> str:
        return self.joined.students[student].id

    def _match(self, file: Handed) -> None:
        if file.path.suffix not in SOLUTIONS:
            is_folder = os.path.isdir(file.path)
            reason = "a folder; only what lies directly in a student's folder is graded"
            self._leave(file, reason if is_folder else "not a .py file and not a notebook")
            return
        answers = self.matching.of(file)
        for reason in answers.left:
            self._leave(file, reason)
        if answers.dropped:
            student = self._known(file.students[0].id)  # of a group the first: it is one file
            self.dropped.append(Dropped(file.shown, student, answers.dropped, answers.which))
        assignment = self.options.assignment
        for answer in answers.taken:
            if assignment is not None and answer.problem.slug not in assignment.points:
                self._leave(file, f"{answer.problem.slug} is not part of {assignment.title}")
                continue
            for student in dict.fromkeys(self._known(one.id) for one in file.students):
                self.attempts.setdefault((student, answer.problem.slug), []).append(_Attempt(file, answer))

    def _leave(self, file: Handed, reason: str) -> None:
        for student in file.students:
            self.unmatched.append(Unmatched(file.shown, self._known(student.id), reason))


@dataclass(frozen=True)
class _Attempt:
    """A file for a problem."""

    file: Handed
    answer: Answer

    @property
    def when(self) -> tuple[datetime, tuple[int, ...]]:
        return self.file.submitted_at or _NEVER, self.file.order

    def submission(self, student: str) -> Submission:
        file, answer = self.file, self.answer
        return Submission(
            student,
            answer.problem,
            file.path,
            file.root,
            file.shown,
            file.where,
            file.submitted_at,
            file.late,
            answer.how,
            answer.solution,
        )
