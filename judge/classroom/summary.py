"""A class at a glance: who has which score, how many of which verdict, and what was not graded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from judge.classroom.intake import Unmatched
from judge.classroom.results import Graded
from judge.report import Report
from judge.report.terminal import score_text
from judge.report.text import plain, shorten, wrap
from judge.report.words import marks_for

WIDEST_NAME = 28


def show(graded: Sequence[Graded], unmatched: Sequence[Unmatched], console: Console) -> None:
    """Prints the table of scores, the count of each verdict and every file that was not graded, with the reason."""
    ellipsis = marks_for(console.encoding).ellipsis
    _table(graded, console, ellipsis)
    counts = Counter(_state(one.report) for one in graded)
    judged = sum(one.report.verdict != "infra" for one in graded)
    states = ", ".join(f"{count} {state}" for state, count in counts.most_common())
    _print(console, "", "")
    for line in wrap(f"{judged} graded: {states}" if graded else "nothing graded", console.width):
        _print(console, line, "bold")
    if unmatched:
        _print(console, "", "")
        _print(console, "Not graded:", "bold yellow")
    for one in unmatched:
        for number, line in enumerate(wrap(f"{plain(one.path)}: {plain(one.reason)}", console.width - 4)):
            _print(console, f"{'    ' if number else '  '}{line}", "")


def _table(graded: Sequence[Graded], console: Console, ellipsis: str) -> None:
    """Students by problems; as many tables one below the other as the width asks for."""
    scores = {(one.submission.student, one.report.problem): one.report for one in graded}
    students = sorted({student for student, _ in scores})
    problems = sorted({problem for _, problem in scores})
    names = {student: shorten(plain(student), WIDEST_NAME, ellipsis) for student in students}
    first = max([cell_len(name) for name in names.values()] + [len("student")])
    column = max([cell_len(_heading(problem)) for problem in problems] + [5]) + 2
    at_once = max((console.width - first) // column, 1)
    for start in range(0, len(problems), at_once):
        part = problems[start : start + at_once]
        _print(console, "", "")
        heading = "student" + " " * (first - len("student"))
        _print(console, heading + "".join(f"{_heading(problem):>{column}}" for problem in part), "bold")
        for student in students:
            row = Text(names[student] + " " * (first - cell_len(names[student])))
            for problem in part:
                report = scores.get((student, problem))
                row.append(f"{_cell(report):>{column}}", _style(report))
            _print(console, row, "")


def _heading(problem: str) -> str:
    number = problem.split("-")[0]
    return number if number.isdecimal() else plain(problem)[:16]


def _cell(report: Report | None) -> str:
    if report is None:
        return "-"
    return "!" if report.verdict == "infra" else score_text(report.score)


def _style(report: Report | None) -> str:
    if report is None:
        return "dim"
    return "magenta" if report.verdict == "infra" else "green" if report.accepted else ""


def _state(report: Report) -> str:
    if report.untouched:
        return "still the stub"
    if report.verdict == "infra":
        return "not judged (!) because the judge itself failed"
    return "accepted" if report.accepted else report.verdict


def _print(console: Console, line: str | Text, style: str) -> None:
    text = line if isinstance(line, Text) else Text(line, style=style)
    if not console.encoding.startswith("utf"):
        text.plain = text.plain.encode(console.encoding, "replace").decode(console.encoding)
    console.print(text, soft_wrap=True, highlight=False)
