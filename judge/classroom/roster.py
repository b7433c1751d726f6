"""The roster: who is in the class, from a table that a school or a learning-management system exports.

Systems call one person differently, so whoever handed something in is looked up by id, email address and number in the
LMS, and else by the exact name. Nobody is guessed: who fits nobody, or two people, is a stranger.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from judge.classroom.cells import NotCsv, Table, read_table
from judge.classroom.students import Student
from judge.classroom.tables import as_written

# Titles as `_title` writes them. An email address is somebody's id only where there is no other.
IDS = (
    "id",
    "student id",
    "studentid",
    "sid",
    "username",
    "user name",
    "login",
    "login id",
    "netid",
    "sis user id",
    "sis login id",
    "id number",
    "student number",
)
EMAILS = ("email", "e mail", "email address", "e mail address", "mail")
NAMES = ("name", "full name", "student name", "student")
FIRST_NAMES = ("first name", "firstname", "given name")
LAST_NAMES = ("last name", "lastname", "surname", "family name")
LMS_IDS = ("lms id", "canvas id", "canvas user id", "moodle id")

MOST_COLUMNS = 20  # in a message

# Canvas's own export: these lines are nobody's.
POINTS_POSSIBLE = "points possible"
TEST_STUDENT = "student, test"


class UnusableRoster(ValueError):
    """The roster cannot be used; the message names the file, and the line or the columns."""


@dataclass(frozen=True)
class Roster:
    """Everybody in the class, in the order of the file."""

    students: tuple[Student, ...]
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # id -> what else identifies him: a login
    spelled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # id -> the ways in which his name is written


@dataclass(frozen=True)
class Joined:
    """The people that files are of, as the roster knows them."""

    students: dict[str, Student]  # what the files call somebody -> who that is
    strangers: dict[str, str]  # id of who is not on the roster -> why


def read_roster(path: Path, key: str | None = None) -> Roster:
    """The class in a CSV file; key: the column with the ids. Raises UnusableRoster."""
    try:
        table = read_table(path.read_bytes())
    except NotCsv as error:
        raise UnusableRoster(f"{path.name}: {error}") from None
    except OSError as error:
        raise UnusableRoster(f"{path} cannot be read: {error.strerror}") from None
    return _Reading(path.name, table, key).run()


class _Reading:
    """Finds the columns, then the students."""

    def __init__(self, name: str, table: Table, key: str | None) -> None:
        self.name = name
        self.table = table
        rows = [[as_written(" ".join(cell.text.split())) for cell in row] for row in table.rows]
        self.heading = rows[0] if rows else []
        titles = [_title(text) for text in self.heading]
        # Canvas writes "Student, ID, ..." or "LastName, FirstName, ID, ...": there an ID is Canvas's own number.
        self.from_canvas = titles[:2] == ["student", "id"] or titles[:3] == ["lastname", "firstname", "id"]
        self.titles = titles
        self.rows = [
            (table.data[: cells[0].start].count(b"\n") + 1, row + [""] * (len(titles) - len(row)))
            for cells, row in zip(table.rows[1:], rows[1:], strict=True)
            if any(row) and not (self.from_canvas and _is_nobodys(row))
        ]
        if not self.rows:
            raise self._wrong("it names nobody: the first line must name the columns, the others the students")
        self.key = self._chosen(key) if key is not None else self._guessed()

    def run(self) -> Roster:
        students: list[Student] = []
        lines: dict[str, int] = {}
        others, spelled = {}, {}
        for line, row in self.rows:
            id_ = row[self.key]
            if not id_:
                raise self._wrong(f"line {line}: {self.heading[self.key]} is empty")
            if (first := lines.setdefault(fold(id_), line)) != line:
                raise self._wrong(f"line {line}: {id_} is in line {first} already")
            student, names = self._student(id_, row)
            students.append(student)
            others[id_] = tuple(
                row[at] for at, title in enumerate(self.titles) if title in IDS and at != self.key and row[at]
            )
            spelled[id_] = names
        return Roster(tuple(students), others, spelled)

    def _student(self, id_: str, row: Sequence[str]) -> tuple[Student, tuple[str, ...]]:
        """A student, and the ways in which his name is written."""
        first, last = self._value(row, FIRST_NAMES), self._value(row, LAST_NAMES)
        name = self._value(row, NAMES) or " ".join(filter(None, (first, last)))
        names = {name, *([f"{first} {last}", f"{last} {first}"] if first and last else [])}
        before, comma, after = name.partition(",")
        if comma and after.strip():  # "Lovelace, Ada"
            name = f"{after.strip()} {before.strip()}"
            names |= {name, f"{before.strip()} {after.strip()}"}
        elif not (first and last):
            before, _, after = name.rpartition(" ")
            names.add(f"{after} {before}")
        logins = [row[at] for at, title in enumerate(self.titles) if title in IDS]
        email = self._value(row, EMAILS) or next((one for one in logins if "@" in one), "")
        lms_id = row[self.titles.index("id")] if self.from_canvas else self._value(row, LMS_IDS)
        student = Student(id_, name or None, email or None, lms_id or None)
        return student, tuple(sorted(one for one in names if one.strip()))

    def _value(self, row: Sequence[str], titles: Sequence[str]) -> str:
        return next((row[self.titles.index(title)] for title in titles if title in self.titles), "")

    def _chosen(self, key: str) -> int:
        fitting = [at for at, text in enumerate(self.heading) if text == key.strip()]
        fitting = fitting or [at for at, title in enumerate(self.titles) if title == _title(key)]
        if len(fitting) != 1:
            what = "no column is" if not fitting else f"{len(fitting)} columns are"
            raise self._wrong(f"{what} called '{' '.join(key.split())}'; there are: {self._columns()}")
        return fitting[0]

    def _guessed(self) -> int:
        """The one column that has ids; of Canvas's own file the school's numbers where everybody has one."""
        if self.from_canvas:
            own = self.titles.index("id")
            sis = self.titles.index("sis user id") if "sis user id" in self.titles else own
            numbers = [row[sis] for _, row in self.rows]
            return sis if all(numbers) and len(set(numbers)) == len(numbers) else own
        for titles in (IDS, EMAILS):
            fitting = [at for at, title in enumerate(self.titles) if title in titles]
            if len(fitting) == 1:
                return fitting[0]
            if fitting:
                break
        raise self._wrong(f"which column has the students' ids? --key names one of: {self._columns()}")

    def _columns(self) -> str:
        titles = [text for text in self.heading if text]
        return ", ".join(titles[:MOST_COLUMNS]) + (", ..." if len(titles) > MOST_COLUMNS else "") if titles else "none"

    def _wrong(self, what: str) -> UnusableRoster:
        return UnusableRoster(f"{self.name}: {what}")


def join(roster: Roster, people: Iterable[Student]) -> Joined:
    """Who of the roster each of these people is."""
    search = _Search(roster)
    found: dict[str, tuple[Student | str, bool]] = {}
    everybody = {one.id: one for one in people}
    by_name: dict[str, set[str]] = defaultdict(set)  # id on the roster -> numbers of who has only the name in common
    for id_, person in everybody.items():
        fitting, only_by_name = found[id_] = search.find(person)
        if isinstance(fitting, Student) and only_by_name and person.lms_id:
            by_name[fitting.id].add(person.lms_id)
    known = {one.id for one in roster.students}
    students, strangers = {}, {}
    for id_, (fitting, only_by_name) in found.items():
        if isinstance(fitting, Student) and only_by_name and len(by_name[fitting.id]) > 1:
            fitting = "several people of that name handed something in"
        if isinstance(fitting, Student):
            students[id_] = fitting.filled(everybody[id_])
        else:
            own = id_ if id_ not in known else f"{id_} (not on the roster)"
            students[id_] = everybody[id_].called(own)
            strangers[own] = fitting
    return Joined(students, strangers)


class _Search:
    """The roster by everything that identifies somebody."""

    def __init__(self, roster: Roster) -> None:
        self.ids: dict[str, set[str]] = defaultdict(set)
        self.emails: dict[str, set[str]] = defaultdict(set)
        self.numbers: dict[str, set[str]] = defaultdict(set)
        self.names: dict[str, set[str]] = defaultdict(set)
        self.canvas_names: dict[str, set[str]] = defaultdict(set)
        self.students = {one.id: one for one in roster.students}
        for one in roster.students:
            for word in (one.id, *roster.others.get(one.id, ())):
                self.ids[fold(word)].add(one.id)
            if one.email:
                self.emails[fold(one.email)].add(one.id)
            if one.lms_id:
                self.numbers[fold(one.lms_id)].add(one.id)
            for name in roster.spelled.get(one.id, ()):
                self.names[_folded_name(name)].add(one.id)
                self.canvas_names[re.sub(r"\W", "", fold(name))].add(one.id)

    def find(self, person: Student) -> tuple[Student | str, bool]:
        """The student or why there is none, and whether nothing but the name says so."""
        # A number that comes with an address is the school's (Gradescope); Canvas's and Moodle's are their own.
        own = [person.id, person.lms_id] if person.email else [person.id]
        sure = self._fitting(self.ids, own)
        sure |= self._fitting(self.emails, [person.email, person.id])
        sure |= self._fitting(self.numbers, [person.lms_id, person.id])
        names = [_folded_name(name) for name in (person.name, person.id) if name]
        named = self._fitting(self.names, names) or self._fitting(self.canvas_names, names)
        if len(sure | named) > 1:
            return f"names and numbers fit {' and '.join(sorted(sure | named))}", False
        if fitting := sure | named:
            return self.students[fitting.pop()], not sure
        several = any(name in self.names for name in names)
        return "several people on the roster have that name" if several else "nobody there is called so", False

    @staticmethod
    def _fitting(index: Mapping[str, set[str]], words: Iterable[str | None]) -> set[str]:
        """Who alone has one of these words."""
        found = (index.get(fold(word), set()) for word in words if word and word.strip())
        return {next(iter(ids)) for ids in found if len(ids) == 1}


def fold(text: str) -> str:
    """The text as it is compared: case and spaces do not count."""
    return "".join(unicodedata.normalize("NFC", text).casefold().split())


def _folded_name(text: str) -> str:
    return fold(text).replace(",", "")  # "Lovelace, Ada"


def _title(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text).strip().casefold()


def _is_nobodys(row: Sequence[str]) -> bool:
    """Whether a line of Canvas's export is about the columns, or of the student that Canvas adds for trying."""
    first, second = (text.casefold() for text in [*row, ""][:2])
    return first in ("", POINTS_POSSIBLE, TEST_STUDENT) or f"{first}, {second}" == TEST_STUDENT
