"""Whose is which file: the ways in which a class's files come.

One person's files, one folder per student, a file per student, or what formats.py recognises by itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from judge.classroom.formats import recognise
from judge.classroom.places import SOLUTIONS, Found, Handed, Place, holds_solutions, inside, is_folder, take
from judge.classroom.students import Student
from judge.classroom.which import problem_of
from judge.finding import UnknownProblem
from judge.problems import Packs

DEPTH = 3  # folders around everything that are looked through for a format


def find(place: Place, packs: Packs, found: Found, *, of_one_problem: bool = False) -> None:
    """Adds what is in a place, however it is laid out; raises OSError when the folder itself cannot be read.

    of_one_problem: files that do not say what they are for are for the same problem; so several are of several people.
    """
    entries = place.entries(place.root)
    root, within = place.root, entries
    for _ in range(DEPTH):
        if read := recognise(place, root, within, packs):
            read(found)
            return
        if len(within) != 1 or not is_folder(within[0]):
            break
        root = within[0]
        try:
            within = place.entries(root)
        except OSError:
            break
    if place.given is not None and len(entries) == 1 and is_folder(entries[0]):
        within = place.entries(entries[0])  # a zip often has one folder around everything
        if any(holds_solutions(place, entry) for entry in within if is_folder(entry)):
            entries = within
    if any(holds_solutions(place, entry) for entry in entries if is_folder(entry)):
        _folder_each(place, entries, found)
    elif of_one_problem and _say_nothing(entries, packs):
        _file_each(place, entries, found)
    else:
        take(place, entries, (Student(place.name),), place.root, found)


def _folder_each(place: Place, entries: Iterable[Path], found: Found) -> None:
    """One folder per student, called as the student is."""
    for entry in entries:
        if is_folder(entry):
            student = Student(entry.name)
            take(place, inside(place, entry, student, found), (student,), entry, found)
        elif os.path.islink(entry):
            found.leave(place, entry, None, "a link; only folders that lie here themselves are graded")
        else:
            found.leave(place, entry, None, "lies beside the students' folders, so it is nobody's")


def _say_nothing(entries: Sequence[Path], packs: Packs) -> bool:
    """Whether these are several solutions whose names tell no problem."""
    names = [entry.name for entry in entries if entry.suffix in SOLUTIONS]
    for name in names:
        try:
            problem_of(name, packs)
            return False
        except UnknownProblem:
            continue
    return len(names) > 1


def _file_each(place: Place, entries: Iterable[Path], found: Found) -> None:
    """One file per student, called as the student is: ada.py, or ada_hw3.py where every name ends so."""
    files = [entry for entry in entries if entry.suffix in SOLUTIONS and not is_folder(entry)]
    first = files[0].stem
    ends = [first[sign.start() :] for sign in re.finditer(r"[\W_]", first)]  # the longest first
    end = next((end for end in ends if all(entry.stem.endswith(end) for entry in files)), "")
    for entry in entries:
        if entry in files:
            student = Student(entry.stem.removesuffix(end) or entry.stem)
            found.add(Handed((student,), entry, place.root, entry.name, place.show(entry), place.where(entry)))
        else:
            found.leave(place, entry, None, "lies beside the students' files, so it is nobody's")
