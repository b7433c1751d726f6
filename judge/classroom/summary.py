"""A class at a glance: who has which score, how many of which verdict, and what was not graded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console

from judge.classroom.intake import Unmatched
from judge.classroom.results import Graded
from judge.report import Report
from judge.report.page import Page
from judge.report.terminal import score_text
from judge.report.text import plain, shorten

WIDEST_NAME = 28
_VERDICTS = {"passed": "accepted", "not judged": "not judged on these devices"}


def show(graded: Sequence[Graded], unmatched: Sequence[Unmatched], console: Console) -> None:
    """Prints the table of scores, the count of each verdict and every file that was not graded, with the reason."""
    page = Page(console)
    _table(graded, page)
    judged = [one.report for one in graded if one.report.verdict != "infra"]
    states = Counter("still the stub" if one.untouched else _VERDICTS.get(one.verdict, one.verdict) for one in judged)
    counts = ", ".join(f"{count} {state}" for state, count in states.most_common())
    line = f"{len(judged)} graded{': ' if counts else ''}{counts}"
    lost = len(graded) - len(judged)
    page.line()
    page.paragraph(f"{line}; {lost} not judged (!): the judge itself failed" if lost else line, style="bold")
    if unmatched:
        page.line()
        page.line(("Not graded:", "bold yellow"))
    for one in unmatched:
        page.paragraph(f"{plain(one.path)}: {plain(one.reason)}", indent=2)
    page.print()


def _table(graded: Sequence[Graded], page: Page) -> None:
    """Students by problems; as many tables one below the other as the width asks for."""
    scores = {(one.submission.student, one.report.problem): one.report for one in graded}
    students = sorted({student for student, _ in scores})
    problems = sorted({problem for _, problem in scores})
    names = {student: shorten(plain(student), WIDEST_NAME, page.marks.ellipsis) for student in students}
    first = max([cell_len(name) for name in names.values()] + [len("student")])
    headings = _headings(problems)
    column = max([cell_len(heading) for heading in headings.values()] + [5]) + 2
    at_once = max((page.width - first) // column, 1)
    for start in range(0, len(problems), at_once):
        part = problems[start : start + at_once]
        page.line()
        page.line((f"{'student':<{first}}" + "".join(f"{headings[problem]:>{column}}" for problem in part), "bold"))
        for student in students:
            name = names[student] + " " * (first - cell_len(names[student]))
            reports = [scores.get((student, problem)) for problem in part]
            page.line((name, ""), *((f"{_cell(report):>{column}}", _style(report)) for report in reports))


def _headings(problems: Sequence[str]) -> dict[str, str]:
    """The number of each problem, or its whole name where it has none or shares it."""
    numbers = {problem: problem.rpartition("/")[2].partition("-")[0] for problem in problems}
    often = Counter(numbers.values())
    return {
        problem: number if number.isdecimal() and often[number] == 1 else plain(problem)[:WIDEST_NAME]
        for problem, number in numbers.items()
    }


def _cell(report: Report | None) -> str:
    if report is None:
        return "-"
    return "!" if report.verdict == "infra" else score_text(report.score)


def _style(report: Report | None) -> str:
    if report is None:
        return "dim"
    return "magenta" if report.verdict == "infra" else "green" if report.accepted else ""
