"""A class at a glance: who has which score, how many of which verdict, and what was not graded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import mean, median

from rich.cells import cell_len
from rich.console import Console

from judge.classroom.grades import Grade, Grades, Mark
from judge.classroom.intake import Intake
from judge.classroom.sheets import statements
from judge.classroom.students import Student
from judge.report.page import Page
from judge.report.telling import score_text
from judge.report.text import plain, shorten

WIDEST_NAME = 28
TOTAL = "total"
_VERDICTS = {"passed": "accepted", "not judged": "not judged on these devices"}


def show(grades: Grades, console: Console) -> None:
    """Prints the table of points, the count of each verdict and every file that was not graded, with the reason."""
    page = Page(console)
    if grades.assignment.file is not None:
        page.line()
        page.paragraph(plain(grades.assignment.title), style="bold")
    _table(grades, page)
    reports = grades.reports()
    judged = [one for one in reports if one.verdict != "infra"]
    states = Counter("still the stub" if one.untouched else _VERDICTS.get(one.verdict, one.verdict) for one in judged)
    counts = ", ".join(f"{count} {state}" for state, count in states.most_common())
    line = f"{len(judged)} graded{': ' if counts else ''}{counts}"
    lost = len(reports) - len(judged)
    page.line()
    page.paragraph(f"{line}; {lost} not judged (!): the judge itself failed" if lost else line, style="bold")
    if grades.assignment.file is not None:
        page.paragraph(_statistics(grades))
    if grades.unmatched:
        page.line()
        page.paragraph("Not graded:", style="bold yellow")
    for one in grades.unmatched:
        page.paragraph(f"{plain(one.path)}: {plain(one.reason)}", indent=2)
    if grades.notes or grades.unknown:
        page.line()
    for note in [*grades.notes, *grades.unknown]:
        page.paragraph(plain(note), style="yellow")
    page.print()


def show_intake(intake: Intake, console: Console) -> None:
    """Prints what an instructor should know of how files were taken: what was left out, who is missing or unknown."""
    page = Page(console)
    if intake.dropped:
        page.line()
        page.paragraph("Left out of notebooks, since they are no imports, definitions or constants:", style="bold")
    for one in intake.dropped:
        page.paragraph(f"{plain(one.path)}: {statements(one.count)}", indent=2)
    if intake.missing:
        page.line()
        page.paragraph(f"Missing: {', '.join(map(_called, intake.missing))}", style="yellow")
    if intake.strangers:
        page.line()
        page.paragraph("Not on the roster, but handed something in:", style="bold yellow")
    for id_, why in intake.strangers.items():
        page.paragraph(f"{plain(id_)}: {plain(why)}", indent=2)
    if intake.superseded:
        count = len(intake.superseded)
        page.line()
        page.paragraph(f"{count} other attempt{'s' if count > 1 else ''} at a problem did not count.")
    page.print()


def _called(student: Student) -> str:
    named = student.name is not None and student.name != student.id
    return plain(f"{student.id} ({student.name})" if named else student.id)


def _statistics(grades: Grades) -> str:
    finals = grades.finals()
    states = Counter(grade.status for grade in grades.students)
    counts = ", ".join(f"{count} {state}" for state, count in states.most_common())
    numbers = f"; mean {mean(finals):.1f}, median {median(finals):.1f}" if finals else ""
    count = f"{len(grades.students)} student{'s' if len(grades.students) != 1 else ''}"
    return f"{count} ({counts}){numbers} of {grades.assignment.possible:g} points"


def _table(grades: Grades, page: Page) -> None:
    """Students by problems; as many tables one below the other as the width asks for."""
    students = sorted(grades.students, key=lambda grade: grade.student.id)
    names = {one.student.id: shorten(plain(one.student.id), WIDEST_NAME, page.marks.ellipsis) for one in students}
    first = max([cell_len(name) for name in names.values()] + [len("student")])
    headings = short_names(sorted(grades.assignment.points))
    columns = list(headings)
    if grades.assignment.file is not None:  # else adding up means nothing
        headings[TOTAL] = TOTAL
        columns.append(TOTAL)
    column = max([cell_len(heading) for heading in headings.values()] + [5]) + 2
    at_once = max((page.width - first) // column, 1)
    for start in range(0, len(columns), at_once):
        part = columns[start : start + at_once]
        page.line()
        page.line((f"{'student':<{first}}" + "".join(f"{headings[one]:>{column}}" for one in part), "bold"))
        for grade in students:
            name = names[grade.student.id] + " " * (first - cell_len(names[grade.student.id]))
            cells = [_total(grade) if one == TOTAL else _cell(grade.marks[one]) for one in part]
            page.line((name, ""), *((f"{text:>{column}}", style) for text, style in cells))


def short_names(problems: Sequence[str]) -> dict[str, str]:
    """The number of each problem, or its whole name where it has none or shares it."""
    numbers = {problem: problem.rpartition("/")[2].partition("-")[0] for problem in problems}
    often = Counter(numbers.values())
    return {
        problem: number if number.isdecimal() and often[number] == 1 else plain(problem)[:WIDEST_NAME]
        for problem, number in numbers.items()
    }


def _cell(mark: Mark) -> tuple[str, str]:
    """The points with their style; "*" behind those that a person gave."""
    if mark.override is not None:
        return f"{score_text(mark.override.score)}*", "cyan"
    if mark.report is None:
        return "-", "dim"
    if mark.state == "infra":
        return "!", "magenta"
    points = mark.machine if mark.machine is not None else 0.0
    return ("?" if mark.state == "ungraded" else score_text(points)), ("green" if mark.report.accepted else "")


def _total(grade: Grade) -> tuple[str, str]:
    return ("-", "dim") if grade.final is None else (score_text(grade.final), "bold")
