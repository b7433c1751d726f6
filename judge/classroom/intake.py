"""Which files are submissions: of whom, to which problem; and why the others are none."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from judge.classroom.archive import UnusableArchive, unpack
from judge.classroom.layouts import SOLUTIONS, Found, Handed, Place, Unmatched, find
from judge.classroom.students import Student
from judge.finding import UnknownProblem, either, find_name, number_of
from judge.grading import Solution
from judge.problems import BrokenProblem, Packs, Problem

__all__ = ["Intake", "Submission", "Unmatched", "UnusablePlace", "collect", "collect_places", "open_places"]


class UnusablePlace(ValueError):
    """A folder or zip cannot be graded at all; the message names it and says why."""


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

    def read(self) -> Solution:
        """What was handed in."""
        return Solution.read(self.path, root=self.root)


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


def collect_places(places: Sequence[Place], packs: Packs, found: Found | None = None) -> Intake:
    """What some folders hold; found: what is known before. Raises OSError when a folder itself cannot be read."""
    found = found if found is not None else Found()
    for place in places:
        find(place, found)
    return _Matching(packs, found).run()


class _Matching:
    """Finds the problem of each file, and the file that counts where a student has several for one problem."""

    def __init__(self, packs: Packs, found: Found) -> None:
        self.packs = packs
        self.files = found.files
        self.unmatched = list(found.unmatched)
        self.attempts: dict[tuple[str, str], list[tuple[Handed, Problem]]] = {}

    def run(self) -> Intake:
        for file in self.files:
            self._match(file)
        submissions, students = [], {}
        for (student, _), attempts in self.attempts.items():
            attempts.sort(key=lambda one: (_distance(one[0].name), one[0].name))
            taken, problem = attempts[0]
            students[student] = next(one for one in taken.students if one.id == student)
            submissions.append(
                Submission(
                    student, problem, taken.path, taken.root, taken.shown, taken.where, taken.submitted_at, taken.late
                )
            )
            for other, _ in attempts[1:]:
                reason = f"a second file for {problem.slug}; {taken.name} was taken"
                self.unmatched.append(Unmatched(other.shown, student, reason))
        return Intake(submissions, self.unmatched, students)

    def _match(self, file: Handed) -> None:
        if file.path.suffix not in SOLUTIONS:
            is_folder = os.path.isdir(file.path)
            self._leave(
                file,
                "a folder; only what lies directly in a student's folder is graded" if is_folder else "not a .py file",
            )
            return
        try:
            problem = self.packs.read(problem_of(file.name, self.packs))
        except (UnknownProblem, BrokenProblem) as error:
            self._leave(file, str(error))
            return
        for student in file.students:
            self.attempts.setdefault((student.id, problem.slug), []).append((file, problem))

    def _leave(self, file: Handed, reason: str) -> None:
        for student in file.students:
            self.unmatched.append(Unmatched(file.shown, student.id, reason))


def problem_of(file_name: str, packs: Packs) -> str:
    """The name of the problem that a file is a solution of: "25-self-attention.py", "25_self_attention.py", "25.py".

    Behind a number anything may follow ("25-mine (1).py") but another problem's name. Raises UnknownProblem with the
    reason, and a suggestion where there is one.
    """
    stem = file_name.removesuffix(".py")
    wanted = re.sub(r"[\s_]+", "-", stem.strip().lower())
    if exact := [name for name in packs.names if _slug(name) == wanted]:
        return _only(exact)
    leading = re.match(r"(\d+)(?![^\W_])-?", wanted)
    if leading is None:
        raise UnknownProblem(_suggestion(stem, packs))
    number, rest = int(leading[1]), wanted[leading.end() :]
    matching = [name for name in packs.names if number_of(_slug(name)) == number]
    others = [name for name in packs.names if rest and name not in matching and _slug(name).endswith(f"-{rest}")]
    if not matching:
        raise UnknownProblem(f"there is no problem {number}")
    if others:
        raise UnknownProblem(f"number {number} is {either(matching)}, but the name is that of {either(others)}")
    return _only(matching)


def _distance(file_name: str) -> int:
    """How far a name is from a slug: of two files for one problem the nearer one is taken."""
    if re.fullmatch(r"\d+-[a-z0-9-]+\.py", file_name):
        return 0
    return 2 if re.search(r"[^a-z0-9_.-]", file_name) else 1


def _slug(name: str) -> str:
    return name.rpartition("/")[2]


def _only(names: list[str]) -> str:
    if len(names) > 1:
        raise UnknownProblem(f"may be {either(names)}; the packs share that name")
    return names[0]


def _suggestion(stem: str, packs: Packs) -> str:
    try:
        return f"no problem has that name; did you mean {_slug(find_name(stem, packs.names))}.py?"
    except UnknownProblem as error:
        return str(error)
