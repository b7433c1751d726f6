"""Places that files are taken from, and what is found there: of whom, or why it is nobody's."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from judge.classroom.archive import is_ignored
from judge.classroom.students import Student

NOTEBOOK = ".ipynb"
SOLUTIONS = (".py", NOTEBOOK)


class Unmatched(msgspec.Struct, frozen=True):
    """What lies in the folder and was not graded."""

    path: str  # relative to the folder
    student: str | None
    reason: str


@dataclass(frozen=True)
class Place:
    """A folder that files are taken from."""

    root: Path
    name: str  # what it is called: of whom it is, when it has the files of one person
    shown: str = ""  # what is put in front of paths inside, where there are several places
    given: Path | None = None  # the zip that was unpacked there
    leave_out: Path | None = None  # a folder inside that holds results

    @classmethod
    def of(cls, folder: Path, shown: str = "", leave_out: Path | None = None) -> Place:
        return cls(folder, folder.resolve().name or "student", shown, None, leave_out)

    def entries(self, folder: Path) -> list[Path]:
        """What lies in a folder of it, but for what is hidden, compiled, or the results. Raises OSError."""
        away = None if self.leave_out is None else os.path.realpath(self.leave_out)
        found = sorted(entry for entry in folder.iterdir() if not is_ignored(entry.name))
        return [entry for entry in found if away is None or os.path.realpath(entry) != away]

    def show(self, path: Path) -> str:
        """The path as people are told of it."""
        return os.path.join(self.shown, os.fspath(path.relative_to(self.root)))

    def where(self, path: Path) -> str:
        """The path in full: where its owner finds the file, in the zip if it came in one."""
        return os.path.join(self.given, path.relative_to(self.root)) if self.given is not None else str(path)


@dataclass(frozen=True)
class Handed:
    """A file as it was handed in, before anybody knows for which problem."""

    students: tuple[Student, ...]  # several where a group handed it in
    path: Path
    root: Path  # a link out of this folder is refused
    name: str  # what the student called it
    shown: str
    where: str  # the same in full
    submitted_at: datetime | None = None
    late: bool = False  # whether its name says so
    order: tuple[int, ...] = ()  # of two files with the same time, or without any, the larger is the later

    @property
    def plain_name(self) -> str:
        """The name without the "-1" that Canvas puts behind that of a file handed in again."""
        return re.sub(r"(?<=.)-\d{1,3}(?=\.[^.]+$)", "", self.name)


@dataclass
class Found:
    """Everything in the places, by owner, or with the reason why it is nobody's."""

    files: list[Handed] = field(default_factory=list)
    unmatched: list[Unmatched] = field(default_factory=list)
    students: dict[str, Student] = field(default_factory=dict)  # id -> all that is known of him in any of the places

    def add(self, file: Handed) -> None:
        for student in file.students:
            self._know(student)
        self.files.append(file)

    def leave(self, place: Place, path: Path, student: Student | None, reason: str) -> None:
        if student is not None:
            self._know(student)
        self.unmatched.append(Unmatched(place.show(path), student.id if student is not None else None, reason))

    def _know(self, student: Student) -> None:
        self.students[student.id] = self.students.get(student.id, student).filled(student)


def inside(place: Place, folder: Path, student: Student | None, found: Found) -> list[Path]:
    """What lies in a folder; nothing, and a line of why, where it is empty or cannot be read."""
    try:
        inside = place.entries(folder)
    except OSError as error:
        found.leave(place, folder, student, f"cannot be read: {error.strerror}")
        return []
    if not inside:
        found.leave(place, folder, student, "an empty folder")
    return inside


def take(
    place: Place,
    entries: Iterable[Path],
    students: tuple[Student, ...],
    root: Path,
    found: Found,
    submitted_at: datetime | None = None,
) -> None:
    """Adds files that lie in a folder of these students."""
    for entry in entries:
        shown, where = place.show(entry), place.where(entry)
        found.add(Handed(students, entry, root, entry.name, shown, where, submitted_at))


def is_folder(entry: Path) -> bool:
    return os.path.isdir(entry) and not os.path.islink(entry)  # pathlib raises for links in a circle


def holds_solutions(place: Place, folder: Path) -> bool:
    try:
        return any(entry.suffix in SOLUTIONS for entry in place.entries(folder))
    except OSError:
        return True  # somebody's folder, which must be reported
