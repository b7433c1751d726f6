"""Grades filled into the file that Canvas or Moodle exported; every other byte of it stays.

Canvas (Grades, Export) has a column an assignment, titled "Homework 3 (123456)", a line "Points Possible" and read-only
totals. Moodle's grading worksheet is one assignment's, and its titles are in the language of the site.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from judge.classroom.cells import Cell, NotCsv, Table, read_table
from judge.classroom.grades import Grade, Grades
from judge.classroom.roster import POINTS_POSSIBLE, TEST_STUDENT
from judge.classroom.students import Student
from judge.finding import either

CANVAS_NUMBER = re.compile(r"(?P<title>.*?)\s*\((?P<number>\d+)\)")
READ_ONLY = "(read only)"
NOT_A_SCORE = ("ex", "n/a")  # excused, not assigned

MOODLE_GRADES = (
    "grade",
    "bewertung",
    "note",
    "calificación",
    "nota",
    "valutazione",
    "cijfer",
    "оценка",
    "成绩",
    "评分",
)
MOODLE_CHANGEABLE = ("grade can be changed", "bewertung kann geändert werden", "la note peut être modifiée")
NO = ("no", "nein", "non")
IDENTIFIER = re.compile(r"\D*?(\d+)\s*")


class UnusableTemplate(ValueError):
    """The file is not what the learning-management system exports; the message says what is missing."""


@dataclass(frozen=True)
class Filled:
    """The filled file, and what an instructor should look at."""

    content: bytes
    notes: list[str]
    trouble: list[str]  # who is unknown, or has no line or no grade


@dataclass(frozen=True)
class _Line:
    """A student's line: the names it has for him, from the surest to the least sure, and the cell to fill."""

    number: int
    who: str  # for messages
    names: Sequence[tuple[Callable[[Student], Iterable[str | None]], str]]
    cell: Cell | None


def fill_canvas(data: bytes, grades: Grades, column: str | None) -> Filled:
    """Canvas's gradebook export with the grades in one column; raises UnusableTemplate.

    column: its title, with or without the number in parentheses, or the number; the assignment's title by default.
    """
    table = _table(data)
    heading = [cell.text.strip() for cell in table.rows[0]]
    if heading[0] not in ("Student", "LastName") or "ID" not in heading[1:3]:
        raise UnusableTemplate("the first line must begin with Student, ID: it is no gradebook exported by Canvas")
    wanted = column or grades.assignment.title
    position = _canvas_column(heading, wanted)
    points = next((row for row in table.rows if row and row[0].text.strip().casefold() == POINTS_POSSIBLE), None)
    possible = _text(points, position) if points is not None else ""
    if possible == READ_ONLY:
        raise UnusableTemplate(f"Canvas does not let anybody change the column {heading[position]}")
    begin = table.rows.index(points) + 1 if points is not None else 1
    lines = []
    for row in table.rows[begin:]:
        who = _text(row, 0)
        names = [
            (kind, _text(row, heading.index(title)))
            for title, kind in (("ID", _numbers), ("SIS User ID", _numbers), ("SIS Login ID", _logins))
            if title in heading
        ]
        names.append((_names, who))
        if any(name for _, name in names) and who.casefold() != TEST_STUDENT:
            lines.append(_Line(_number(table, row), who, names, _cell(row, position)))
    return _fill(table, lines, grades, _as_number(possible), decimals=possible)


def fill_moodle(data: bytes, grades: Grades, column: str | None) -> Filled:
    """Moodle's grading worksheet with the grades filled in; raises UnusableTemplate.

    column: the title of the column, where the site's language is not known here.
    """
    table = _table(data)
    heading = [cell.text.strip() for cell in table.rows[0]]
    folded = [title.casefold() for title in heading]
    known = [column.strip().casefold()] if column else [title for title in MOODLE_GRADES if title in folded]
    if len(known) != 1 or known[0] not in folded:
        raise UnusableTemplate(
            f"it must be clear which column has the grades; --column names one of {', '.join(heading)}"
        )
    position = folded.index(known[0])
    changeable = next((place for place, title in enumerate(folded) if title in MOODLE_CHANGEABLE), None)
    lines, locked, maxima = [], [], set()
    for row in table.rows[1:]:
        identifier = IDENTIFIER.fullmatch(_text(row, 0))
        if not row:
            continue
        if identifier is None:
            raise UnusableTemplate(
                f"line {_number(table, row)} must begin with an identifier such as 'Participant 123': it is no grading "
                "worksheet of Moodle"
            )
        names = [(_numbers, identifier[1]), (_logins, _text(row, 2)), (_names, _text(row, 1))]
        who = _text(row, 1) if changeable is None or changeable > 3 else _text(row, 0)
        line = _Line(_number(table, row), who or _text(row, 0), names, _cell(row, position))
        maxima.add(_text(row, position + 1))
        if changeable is not None and _text(row, changeable).casefold() in NO:
            locked.append(f"line {line.number}: Moodle does not let the grade of {line.who} be changed; left as it is")
        else:
            lines.append(line)
    decimals = next(iter(maxima), "")
    filled = _fill(table, lines, grades, _as_number(decimals) if len(maxima) == 1 else None, decimals, most=True)
    return Filled(filled.content, filled.notes, locked + filled.trouble)


def _fill(
    table: Table, lines: Sequence[_Line], grades: Grades, possible: float | None, decimals: str, *, most: bool = False
) -> Filled:
    """Fills the cells of the students who have a grade; most: whether `possible` is a bound."""
    notes, trouble = [], []
    ours = grades.assignment.possible
    if possible is not None and abs(possible - ours) > 0.005:
        notes.append(f"the column is worth {possible:g} points, the assignment here {ours:g}; nothing was scaled")
    values: dict[Cell, str] = {}
    seen: dict[str, int] = {}
    for line in lines:
        grade = _grade_of(line, grades.students)
        if grade is None:
            trouble.append(f"line {line.number}: {line.who} is unknown here; left as it is")
            continue
        student = grade.student.id
        if student in seen:
            trouble.append(f"line {line.number}: {line.who} is {student}, as is line {seen[student]}; left as it is")
            continue
        seen[student] = line.number
        if line.cell is None:
            trouble.append(f"line {line.number}: the line of {line.who} ends before the column")
        elif line.cell.text.strip().casefold() in NOT_A_SCORE:
            notes.append(f"line {line.number}: {line.who} has {line.cell.text.strip()}; left as it is")
        elif grade.final is None:
            pass  # the caller lists it
        elif most and possible is not None and grade.final > possible:
            trouble.append(f"line {line.number}: {line.who} has {grade.final:g}, above the maximum; left as it is")
        else:
            values[line.cell] = _written(grade.final, comma=bool(re.search(r"\d,\d", decimals)))
    for grade in grades.students:
        if grade.student.id not in seen:
            trouble.append(f"{grade.student.id} has no line in the file")
    return Filled(table.filled(values), notes, trouble)


def _grade_of(line: _Line, students: Sequence[Grade]) -> Grade | None:
    """Whose line it is: the surest name that fits exactly one student decides."""
    for kind, name in line.names:
        fitting = [one for one in students if name and name.casefold() in _folded(kind(one.student))]
        if len(fitting) == 1:
            return fitting[0]
    return None


def _numbers(student: Student) -> Iterable[str | None]:
    return student.lms_id, student.id


def _logins(student: Student) -> Iterable[str | None]:
    return student.id, student.email


def _names(student: Student) -> Iterable[str | None]:
    yield from (student.name, student.id)
    for name in (student.name, student.id):
        first, _, last = (name or "").rpartition(" ")
        if first:
            yield f"{last}, {first}"


def _folded(names: Iterable[str | None]) -> set[str]:
    return {name.strip().casefold() for name in names if name}


def _canvas_column(heading: Sequence[str], wanted: str) -> int:
    columns = {place: found for place, title in enumerate(heading) if (found := CANVAS_NUMBER.fullmatch(title))}
    for fits in (
        lambda place: heading[place] == wanted,
        lambda place: place in columns and columns[place]["title"].casefold() == wanted.strip().casefold(),
        lambda place: place in columns and columns[place]["number"] == wanted.strip(),
    ):
        fitting = [place for place in range(3, len(heading)) if wanted and fits(place)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise UnusableTemplate(f"'{wanted}' may be {either([heading[place] for place in fitting])}")
    titles = ", ".join(heading[place] for place in columns) or "none"
    said = f"no column is called '{wanted}'" if wanted else "it must be clear which column to fill"
    raise UnusableTemplate(f"{said}; --column names one of those with a number: {titles}")


def _table(data: bytes) -> Table:
    try:
        table = read_table(data)
    except NotCsv as error:
        raise UnusableTemplate(str(error)) from None
    if not table.rows or not table.rows[0]:
        raise UnusableTemplate("its first line is empty")
    return table


def _cell(row: Sequence[Cell], position: int) -> Cell | None:
    return row[position] if position < len(row) else None


def _text(row: Sequence[Cell], position: int) -> str:
    return row[position].text.strip() if position < len(row) else ""


def _number(table: Table, row: Sequence[Cell]) -> int:
    return table.data[: row[0].start].count(b"\n") + 1


def _as_number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def _written(grade: float, *, comma: bool) -> str:
    text = f"{grade:.2f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if comma else text
