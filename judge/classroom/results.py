"""What is written for people and programs beside the gradebook, and made from it every time.

In the folder given by --out:
    results.json    everything, in the form of judge/report/results-schema.json
    grades.csv      a line a student
    checks.csv      a line a check
    intake.csv      a line for each file that was found
    from_notebooks/ what was taken of them, which the lines in reports are counted in
    STUDENT.txt     the report for that student, without the class's seed
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

import msgspec
from rich.console import Console

from judge import __version__
from judge.classroom.gradebook import GRADEBOOK, Gradebook, Record
from judge.classroom.grades import Grade, Grades, Mark
from judge.classroom.intake import Intake
from judge.classroom.sheets import CHECKS, GRADES, INTAKE, checks_csv, grades_csv, intake_csv
from judge.problems import Problem
from judge.report import SCHEMA_VERSION
from judge.report.json import to_fields
from judge.report.localised import localised
from judge.report.terminal import render
from judge.report.text import plain

RESULTS = "results.json"
INFRA_TOLD = "The judge itself failed; this is no grade."
FROM_NOTEBOOKS = "from_notebooks"
MOST_CHARACTERS = 50  # of a student's name in a file's, which may have 255 bytes


class UnusableResults(ValueError):
    """The folder given by --out holds something else; the message says what."""


def refuse_foreign(out: Path | None) -> None:
    """Raises UnusableResults where results.json is somebody else's: it would be replaced."""
    if out is None or (out / GRADEBOOK).exists() or not (out / RESULTS).exists():
        return
    try:
        kept = json.loads((out / RESULTS).read_bytes())
        ours = isinstance(kept, dict) and {"secret", "results"} <= kept.keys()
    except (OSError, ValueError, RecursionError):
        ours = False
    if not ours:
        raise UnusableResults(f"{out / RESULTS} is no work of judge grade; remove it or choose another --out")


def write_results(book: Gradebook, record: Record, *, finished: bool) -> None:
    """Writes results.json in one step."""
    if book.folder is None:
        return
    about = {
        "seed": book.setting("seed", int),
        "isolation": book.setting("isolation", list[str]) or [],
        "devices": book.setting("devices", list[str]),
        "torch_version": book.setting("torch_version", str),
        "secret": book.secret,
        "judge_version": __version__,
        "schema_version": SCHEMA_VERSION,
        "finished": finished,
        "unmatched": [
            {"path": plain(one.path), "student": one.student and plain(one.student), "reason": plain(one.reason)}
            for one in record.unmatched
        ],
    }
    with _replacing(book.folder / RESULTS) as file:
        file.write(json.dumps(about, indent=1, allow_nan=False).removesuffix("\n}") + ',\n "results": [')
        separator = "\n"
        for one in record.entries:  # a line each: without an indent json is ten times as fast
            if one.report is not None:
                fields = {"student": plain(one.student), **to_fields(one.report)}
                file.write(f"{separator}  {json.dumps(fields, allow_nan=False)}")
                separator = ",\n"
        file.write("\n ]\n}\n")


def write_intake(out: Path | None, intake: Intake) -> None:
    """Writes what became of every file, also where nothing can be graded; raises UnusableResults."""
    if out is None:
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
        replace(out / INTAKE, intake_csv(intake))
        for path, source in _taken_of_notebooks(out / FROM_NOTEBOOKS, intake).items():
            path.parent.mkdir(parents=True, exist_ok=True)
            replace(path, source)
    except OSError as error:
        raise UnusableResults(f"{out} cannot be used for results: {error.strerror}") from None


def write_grades(
    out: Path | None, grades: Grades, language: str = "en", problems: Mapping[str, Problem] | None = None
) -> None:
    """Writes the tables, and one text for each student who handed something in.

    problems: those that are still there, for their own words in other languages.
    """
    if out is None:
        return
    replace(out / GRADES, grades_csv(grades))
    replace(out / CHECKS, checks_csv(grades))
    for grade in grades.students:
        if any(mark.report is not None for mark in grade.marks.values()):
            replace(out / f"{file_name(grade.student.id)}.txt", student_text(grade, grades, language, problems))


def student_text(
    grade: Grade, grades: Grades, language: str = "en", problems: Mapping[str, Problem] | None = None
) -> str:
    """All that one student is told: the grade and his own reports; no seed, nothing about others."""
    page = io.StringIO()
    page.write(f"{plain(grade.student.name or grade.student.id)}\n\n")
    if grades.assignment.file is not None:
        page.write("\n".join([*grade_lines(grade, grades), "", "-" * 80, "", ""]))
    reports = [mark.report for mark in grade.marks.values() if mark.report is not None]
    for number, report in enumerate(reports):
        page.write(f"\n{'-' * 80}\n\n" if number else "")
        if report.verdict == "infra":  # what failed there is for the instructor
            report = msgspec.structs.replace(report, message=INFRA_TOLD, checks=[])
        report = localised(report, (problems or {}).get(report.problem), language)
        render(report, Console(file=page, width=80, color_system=None), language=language, handed_out=True)
    return page.getvalue()


def file_name(student: str) -> str:
    """The student's id as the name of a file that stays in its folder; different ids never share one."""
    name = re.sub(r"[/\\\0-\x1f]", "_", re.sub(r"^\.", "_", student))[:MOST_CHARACTERS]
    return name if name == student and name else f"{name}-{hashlib.sha256(student.encode()).hexdigest()[:8]}"


def replace(path: Path, content: str | bytes) -> None:
    """Writes a file in one step: a reader sees the old one or the new one. One that says the same stays as it is."""
    raw = content.encode("utf-8", "replace") if isinstance(content, str) else content
    with suppress(OSError):
        if path.read_bytes() == raw:
            return
    partial = _partial(path)
    partial.write_bytes(raw)
    os.replace(partial, path)


@contextmanager
def _replacing(path: Path) -> Iterator[TextIO]:
    """The same piece by piece, for what is too large to be held at once."""
    with _partial(path).open("w", encoding="utf-8") as file:
        yield file
    os.replace(_partial(path), path)


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.partial")


def _taken_of_notebooks(folder: Path, intake: Intake) -> dict[Path, str]:
    """A file for each solution that came out of a notebook; of several attempts the later ones with a number."""
    files: dict[Path, str] = {}
    for one in intake.submissions:
        if one.solution is None or one.solution.source is None:
            continue
        path = folder / file_name(one.student) / f"{one.problem.slug.replace('/', '-')}.py"
        number = 1
        while path in files:
            number += 1
            path = path.with_name(f"{one.problem.slug.replace('/', '-')}-{number}.py")
        files[path] = one.solution.source
    return files


def grade_lines(grade: Grade, grades: Grades) -> list[str]:
    """What a student has in all, what being late cost, and what each problem gave."""
    assignment = grades.assignment
    state = f"{grade.final:g} of {assignment.possible:g}" if grade.final is not None else "not graded yet"
    lines = [f"{plain(assignment.title)}: {state}"]
    if grade.penalty and grade.days_late:
        lines.append(f"  {grade.days_late} day{'s' if grade.days_late > 1 else ''} late: -{grade.penalty:g}")
    lines += [f"  {plain(problem)}: {mark_text(mark)}" for problem, mark in grade.marks.items()]
    return lines


def mark_text(mark: Mark) -> str:
    """What a problem gave."""
    points = "not graded yet" if mark.points is None else f"{round(mark.points, 2):g} of {mark.possible:g}"
    by = ", given by your instructor" if mark.override is not None else ""
    missing = ", nothing was handed in" if mark.state == "missing" and not by else ""
    return f"{points}{by}{missing}"
