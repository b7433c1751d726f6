"""Whose is which file: the ways in which a class's files come.

One person's files, one folder per student, or what formats.py recognises by itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from judge.classroom.formats import recognise
from judge.classroom.places import Found, Place, holds_solutions, inside, is_folder, take
from judge.classroom.students import Student
from judge.problems import Packs

DEPTH = 3  # folders around everything that are looked through for a format


def find(place: Place, packs: Packs, found: Found) -> None:
    """Adds what is in a place, however it is laid out; raises OSError when the folder itself cannot be read."""
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
