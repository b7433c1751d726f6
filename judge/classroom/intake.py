"""Which files of a folder are submissions: of whom, to which problem; and why the others are none."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import msgspec

from judge.finding import UnknownProblem, either, find_name, number_of
from judge.problems import BrokenProblem, Packs, Problem

IGNORED = ("__pycache__", "__MACOSX")  # and whatever is hidden


@dataclass(frozen=True)
class Submission:
    """A file that a student handed in for a problem; it may be unreadable, a folder or a link: the report says so."""

    student: str
    problem: Problem
    path: Path
    root: Path  # the student's folder: a link out of it is refused


class Unmatched(msgspec.Struct, frozen=True):
    """What lies in the folder and was not graded."""

    path: str  # relative to the folder
    student: str | None
    reason: str


@dataclass(frozen=True)
class Intake:
    """All that a folder holds, by student and problem; nothing is dropped but hidden and compiled files."""

    submissions: list[Submission]
    unmatched: list[Unmatched]


def collect(folder: Path, packs: Packs, *, leave_out: Path | None = None) -> Intake:
    """Reads the names in a folder: the files of one person, or one folder per student.

    leave_out: a folder inside that holds results. Raises OSError when the folder itself cannot be read.
    """
    # os.path says no to whatever it cannot look at, where pathlib raises: links in a circle, or to what is not ours.
    own = None if leave_out is None else os.path.realpath(leave_out)
    entries = [entry for entry in _entries(folder) if own is None or os.path.realpath(entry) != own]
    students = [entry for entry in entries if os.path.isdir(entry) and not os.path.islink(entry)]
    intake = Intake([], [])
    if not any(_holds_python(student) for student in students):
        _collect_student(folder, entries, folder.resolve().name or "student", folder, packs, intake)
        return intake
    for entry in entries:
        if entry in students:
            try:
                found = _entries(entry)
            except OSError as error:
                _leave(entry, folder, entry.name, f"cannot be read: {error.strerror}", intake)
                continue
            _collect_student(entry, found, entry.name, folder, packs, intake)
            if not found:
                _leave(entry, folder, entry.name, "an empty folder", intake)
        elif os.path.islink(entry):
            _leave(entry, folder, None, "a link; only folders that lie here themselves are graded", intake)
        else:
            _leave(entry, folder, None, "lies beside the students' folders, so it is nobody's", intake)
    return intake


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


def _collect_student(root: Path, entries: list[Path], student: str, folder: Path, packs: Packs, intake: Intake) -> None:
    taken: dict[str, Path] = {}
    for entry in sorted(entries, key=lambda entry: (_distance(entry.name), entry.name)):
        if entry.suffix != ".py":
            reason = "a folder; only what lies directly in a student's folder is graded"
            _leave(entry, folder, student, reason if os.path.isdir(entry) else "not a .py file", intake)
            continue
        try:
            name = problem_of(entry.name, packs)
            problem = packs.read(name)
        except (UnknownProblem, BrokenProblem) as error:
            _leave(entry, folder, student, str(error), intake)
            continue
        if name in taken:
            _leave(entry, folder, student, f"a second file for {name}; {taken[name].name} was taken", intake)
            continue
        taken[name] = entry
        intake.submissions.append(Submission(student, problem, entry, root))


def _distance(file_name: str) -> int:
    """How far a name is from a slug: of two files for one problem the nearer one is taken."""
    if re.fullmatch(r"\d+-[a-z0-9-]+\.py", file_name):
        return 0
    return 2 if re.search(r"[^a-z0-9_.-]", file_name) else 1


def _leave(entry: Path, folder: Path, student: str | None, reason: str, intake: Intake) -> None:
    intake.unmatched.append(Unmatched(os.fspath(entry.relative_to(folder)), student, reason))


def _entries(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith(".") and entry.name not in IGNORED)


def _holds_python(folder: Path) -> bool:
    try:
        return any(entry.suffix == ".py" for entry in _entries(folder))
    except OSError:
        return True  # somebody's folder, which must be reported


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
