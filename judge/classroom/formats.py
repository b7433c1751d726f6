"""Downloads that are recognised by themselves: Canvas, Moodle, Gradescope, nbgrader, and one flat folder of a class.

Names and times in them come from outside: what cannot be read is left out or listed, and never raises.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from judge.classroom.places import SOLUTIONS, Found, Handed, Place, holds_solutions, inside, is_folder, take
from judge.classroom.students import Student
from judge.classroom.which import problem_of, problem_with_slug
from judge.finding import UnknownProblem
from judge.problems import Packs

Reader = Callable[[Found], None]

GRADESCOPE = "submission_metadata.yml"
GRADESCOPE_BYTES = 512 << 20
NBGRADER_OWN = ("timestamp.txt", "submission_secret.txt")
NBGRADER_COURSE = ("source", "release", "autograded", "feedback", "gradebook.db", "nbgrader_config.py")
DATE = re.compile(r"\d{4}-\d\d-\d\d[ T_]\d\d[:.-]?\d\d")
CANVAS = re.compile(
    r"(?:(?!(?:LATE|late|anon)_)(?P<name>\w+?)_)?(?:(?P<late>LATE|late)_)?"
    r"(?:anon_(?P<anon>[A-Za-z0-9]+)|(?P<uid>\d+))_"
    r"(?:(?P<att>\d+)_(?P<file>.+)|(?P<kind>text|link)\.html)",
    re.DOTALL,
)
MOODLE = re.compile(
    r"(?:(?P<user>[^_]+)_)?(?P<name>[^_]*)_(?P<pid>\d+)_"
    r"assign(?:submission|feedback)_(?P<plugin>[a-z0-9]+)(?:_(?P<rest>.*))?",
    re.DOTALL,
)


def recognise(place: Place, root: Path, entries: Sequence[Path], packs: Packs) -> Reader | None:
    """What reads a folder of a place with these entries, if it is one of the formats."""
    if (root / GRADESCOPE) in entries and any(re.fullmatch(r"submission_\d+", entry.name) for entry in entries):
        return partial(_gradescope, place, root, entries)
    if _most(entries, [entry for entry in entries if MOODLE.fullmatch(entry.name)]):
        return partial(_moodle, place, entries)
    folders = [entry for entry in entries if is_folder(entry)]
    files = [entry for entry in entries if not is_folder(entry)]
    if any(holds_solutions(place, folder) for folder in folders):
        inbound = [folder for folder in folders if _inbound(folder.name)]
        return partial(_nbgrader_inbound, place, entries) if _most(folders, inbound) else None
    if folders and (base := _nbgrader_base(place, root, entries)):
        return partial(_nbgrader, place, base)
    if _most(files, [entry for entry in files if (found := CANVAS.fullmatch(entry.name)) and _is_named(found)]):
        return partial(_canvas, place, entries)
    solutions = [entry for entry in files if entry.suffix in SOLUTIONS]
    if _most(solutions, [entry for entry in solutions if split_flat(entry.name, packs)]):
        return partial(_flat, place, entries, packs)
    return None


def _most(all_: Sequence[Path], fitting: Sequence[Path]) -> bool:
    return len(fitting) * 2 > len(all_)


# ------------------------------------------------------------------------------------------------------------- Canvas


def _is_named(found: re.Match[str]) -> bool:
    return bool(found["name"] or found["anon"])


def _canvas(place: Place, entries: Iterable[Path], found: Found) -> None:
    """Flat files: lovelaceada_LATE_123_4567_25-self-attention-1.py."""
    parsed = [(entry, CANVAS.fullmatch(entry.name)) for entry in entries]
    ids = _ids((match["name"] or "", match["uid"] or match["anon"]) for _, match in parsed if match)
    for entry, match in parsed:
        if match is None:
            found.leave(place, entry, None, "not called as Canvas calls what students hand in, so it is nobody's")
            continue
        number = match["uid"] or match["anon"]
        student = Student(ids[match["name"] or "", number], match["name"], lms_id=number)
        if match["kind"]:
            what = "a text typed into Canvas" if match["kind"] == "text" else "a link handed in instead of a file"
            found.leave(place, entry, student, f"{what}; only files are graded")
            continue
        again = re.search(r"-(\d{1,3})\.[^.]+$", match["file"])
        order = (_number(match["att"]), int(again[1]) if again else 0)
        found.add(
            Handed(
                (student,),
                entry,
                place.root,
                match["file"],
                place.show(entry),
                place.where(entry),
                late=bool(match["late"]),
                order=order,
            )
        )


# ------------------------------------------------------------------------------------------------------------- Moodle


def _moodle(place: Place, entries: Iterable[Path], found: Found) -> None:
    """Folders "Ada Lovelace_123_assignsubmission_file", or files with their name behind that."""
    parsed = [(entry, MOODLE.fullmatch(entry.name)) for entry in entries]
    ids = _ids((match["name"], match["pid"]) for _, match in parsed if match)
    for entry, match in parsed:
        if match is None:
            found.leave(place, entry, None, "not called as Moodle calls what students hand in, so it is nobody's")
            continue
        student = Student(ids[match["name"], match["pid"]], match["name"] or None, lms_id=match["pid"])
        if match["plugin"] == "onlinetext":
            found.leave(place, entry, student, "a text typed into Moodle; only files are graded")
        elif is_folder(entry):
            take(place, inside(place, entry, student, found), (student,), entry, found)
        elif match["rest"] and not os.path.islink(entry):
            shown, where = place.show(entry), place.where(entry)
            found.add(Handed((student,), entry, place.root, match["rest"], shown, where))
        else:
            found.leave(place, entry, student, "neither a folder nor a file of a student")


def _ids(people: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What to call people of a name and a number: the name, with the number where others share it."""
    numbers: dict[str, set[str]] = defaultdict(set)
    for name, number in people:
        numbers[name].add(number)
    return {
        (name, number): name if name and len(all_) == 1 and name != "Participant" else f"{name}_{number}".lstrip("_")
        for name, all_ in numbers.items()
        for number in all_
    }


# --------------------------------------------------------------------------------------------------------- Gradescope


def _gradescope(place: Place, root: Path, entries: Iterable[Path], found: Found) -> None:
    """An export: submission_123/ for each submission, of one or several people, and a table of them in YAML."""
    metadata = _read_yaml(root / GRADESCOPE)
    if metadata is None:
        found.leave(place, root / GRADESCOPE, None, "cannot be read, so nobody knows whose the submissions are")
        metadata = {}
    for entry in entries:
        if entry.name == GRADESCOPE:
            continue
        if not is_folder(entry):
            found.leave(place, entry, None, "lies beside the submissions, so it is nobody's")
            continue
        about = metadata.get(entry.name)
        about = about if isinstance(about, dict) else {}
        students = _submitters(about, entry.name)
        within = inside(place, entry, students[0], found)
        take(place, within, students, entry, found, _time(about.get(":created_at")))
    there = {entry.name for entry in entries}
    for name in metadata:
        if isinstance(name, str) and name not in there:
            found.leave(place, root / name.replace("/", "_"), None, f"named in {GRADESCOPE}, but it is not there")


def _submitters(about: Mapping[Any, Any], name: str) -> tuple[Student, ...]:
    listed = about.get(":submitters")
    students: dict[str, Student] = {}
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict):
            who, sid, email = (_word(one.get(key)) for key in (":name", ":sid", ":email"))
            if id_ := email or sid or who:
                students[id_] = Student(id_, who, email, sid)
    if len(students) > 1:
        return tuple(Student(one.id, one.name, one.email, one.lms_id, name) for one in students.values())
    return tuple(students.values()) or (Student(name),)


def _word(value: object) -> str | None:
    return str(value).strip() or None if isinstance(value, str | int) else None


def _read_yaml(path: Path) -> dict[Any, Any] | None:
    try:
        if os.path.islink(path) or not os.path.isfile(path) or path.stat().st_size > GRADESCOPE_BYTES:
            return None
        with path.open("rb") as file:
            read = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except Exception:  # YAMLError, and whatever an odd date, number or nesting makes of it
        return None
    return read if isinstance(read, dict) else None


# ----------------------------------------------------------------------------------------------------------- nbgrader


def _nbgrader_base(place: Place, root: Path, entries: Sequence[Path]) -> Path | None:
    """The folder of students that have a folder for each assignment, if this is a course or such a folder."""
    names = {entry.name for entry in entries}
    submitted = root / "submitted"
    is_course = names == {"submitted"} or not names.isdisjoint(NBGRADER_COURSE)
    if is_course and submitted in entries and any(_assignments(place, submitted)):
        return submitted
    found = _assignments(place, root)
    if root.name == "submitted":
        return root if any(holds_solutions(place, folder) for folder in found) else None
    return root if any(os.path.isfile(folder / "timestamp.txt") for folder in found) else None


def _assignments(place: Place, base: Path) -> list[Path]:
    folders = []
    for student in _folders(place, base):
        folders += _folders(place, student)
    return folders


def _folders(place: Place, folder: Path) -> list[Path]:
    try:
        return [entry for entry in place.entries(folder) if is_folder(entry)]
    except OSError:
        return []


def _nbgrader(place: Place, base: Path, found: Found) -> None:
    """submitted/{student}/{assignment}/, with a timestamp.txt."""
    for student in inside(place, base, None, found):
        if not is_folder(student):
            found.leave(place, student, None, "lies beside the students' folders, so it is nobody's")
            continue
        for entry in inside(place, student, Student(student.name), found):
            if is_folder(entry):
                _nbgrader_folder(place, entry, Student(student.name), None, found)
            else:
                found.leave(place, entry, Student(student.name), "lies beside the assignments' folders")


def _nbgrader_inbound(place: Place, entries: Iterable[Path], found: Found) -> None:
    """The exchange: {student}+{assignment}+{timestamp}[+{random}]/."""
    for entry in entries:
        parts = _inbound(entry.name)
        if parts is None or not is_folder(entry):
            found.leave(place, entry, None, "not called as nbgrader calls what students hand in, so it is nobody's")
        else:
            _nbgrader_folder(place, entry, Student(parts[0]), _time(parts[1]), found)


def _inbound(name: str) -> tuple[str, str] | None:
    """Student and timestamp: both may have a "+", so the last part that begins like a date is looked for."""
    parts = name.split("+")
    for position in range(len(parts) - 1, 1, -1):
        if DATE.match(parts[position]):
            student = "+".join(parts[: position - 1])
            return (student, parts[position]) if student else None
    return None


def _nbgrader_folder(place: Place, folder: Path, student: Student, when: datetime | None, found: Found) -> None:
    within = inside(place, folder, student, found)
    stamp = folder / NBGRADER_OWN[0]
    if stamp in within and not os.path.islink(stamp) and os.path.isfile(stamp):
        try:
            with stamp.open("rb") as file:
                when = _time(file.read(200).decode("utf-8-sig", "replace").strip()) or when
        except OSError:
            pass
    take(place, [entry for entry in within if entry.name not in NBGRADER_OWN], (student,), folder, found, when)


# ---------------------------------------------------------------------------------------------------- one flat folder


def _flat(place: Place, entries: Iterable[Path], packs: Packs, found: Found) -> None:
    """ada_25-self-attention.py, ben_25-self-attention.py, ..."""
    for entry in entries:
        if is_folder(entry):
            found.leave(place, entry, None, "lies beside the students' files, so it is nobody's")
        elif split := split_flat(entry.name, packs):
            shown, where = place.show(entry), place.where(entry)
            found.add(Handed((Student(split[0]),), entry, place.root, split[1], shown, where))
        else:
            found.leave(place, entry, None, "has no student's name in front, like ada_25-self-attention.py")


def split_flat(name: str, packs: Packs) -> tuple[str, str] | None:
    """The student's and the file's part of ada_25-self-attention.py; None where it has no such two."""
    splits = [(name[: sign.start()], name[sign.end() :]) for sign in re.finditer("_", name)]
    splits = [(student, file) for student, file in splits if student.strip("_ ") and re.match(r"\d", file)]
    for student, file in splits:
        if problem_with_slug(file, packs):
            return student, file
    for student, file in reversed(splits):
        if re.match(r"\d+(?![^\W_])", student):
            continue  # "25_2.py" is a name of problem 25
        try:
            problem_of(file, packs)
        except UnknownProblem:
            continue
        return student, file
    return None


# -------------------------------------------------------------------------------------------------------------- times


def _time(value: object) -> datetime | None:
    """A time in one of the ways in which these formats write it; without a zone it is UTC."""
    if isinstance(value, str):
        value = _parsed(value.strip())
    if not isinstance(value, datetime):
        return None
    try:
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _parsed(text: str) -> datetime | None:
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?(?:\.\d+)?)(?:\s+(\S+))?", text)
    try:
        if match is None:
            return datetime.fromisoformat(text)
        when = datetime.fromisoformat(match[1])
        return when.replace(tzinfo=ZoneInfo(match[2])) if match[2] else when
    except (ValueError, KeyError, OSError):
        return None


def _number(text: str) -> int:
    return int(text[:18])
