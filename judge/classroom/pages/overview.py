"""The class on one page: what stands in the way of releasing the grades, everybody, and what to teach next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import mean, median
from urllib.parse import quote

from markupsafe import Markup

from judge import __version__
from judge.classroom.gradebook import Gradebook
from judge.classroom.grades import Grade, Grades, Mark
from judge.classroom.pages.blocking import blocking
from judge.classroom.pages.problems import figures_of, judged_solutions
from judge.classroom.results import file_name
from judge.classroom.summary import short_names
from judge.language import translated
from judge.problems import Problem
from judge.report.html import environment, page, text_of
from judge.report.html.drawings import drawn_histogram
from judge.report.telling import score_text
from judge.report.text import plain

INDEX, STUDENTS = "index.html", "students"


def was_handed_in(grade: Grade) -> bool:
    """Whether there is anything of the student to show."""
    return any(mark.entry is not None for mark in grade.marks.values())


def anchors_of(grade: Grade) -> dict[str, str]:
    """Where on the student's page each problem with a report is."""
    shown = [slug for slug, mark in grade.marks.items() if mark.entry is not None and mark.report is not None]
    return {slug: f"p{number}" for number, slug in enumerate(shown)}


def class_page(book: Gradebook, grades: Grades, problems: Mapping[str, Problem], language: str = "en") -> str:
    """The whole page, with links to those of the students."""
    said = partial(translated, language=language)
    assignment = grades.assignment
    title = plain(assignment.title, lines=1) or said("The class")
    slugs = list(assignment.points)
    numbers = short_names(slugs)
    titles = {slug: problems[slug].title(language) if slug in problems else slug for slug in slugs}
    late = any(grade.penalty and grade.days_late for grade in grades.students)
    headings = [_Heading(numbers[slug], plain(f"{slug}: {titles[slug]}", lines=1)) for slug in slugs]
    headings += [_Heading(said("late"))] if late else []
    headings += [_Heading(said("total")), _Heading(said("status"), is_text=True)]
    totals = [grade.final for grade in grades.students if grade.final is not None and grade.status != "missing"]
    shares = [total / assignment.possible for total in totals] if assignment.possible else []
    judged = judged_solutions(grades)
    about = [*(book.setting("devices", list[str]) or []), f"torch {book.setting('torch_version', str) or '?'}"]
    content = (
        environment("judge.classroom.pages")
        .get_template("class.html.jinja")
        .render(
            title=title,
            about=plain(" · ".join([*about, f"judge {__version__}"]), lines=1),
            blocks=list(blocking(grades, judged, problems, book, language)),
            facts=_facts(grades, totals, language),
            histogram=drawn_histogram(shares) if shares else "",
            headings=headings,
            students=[_row(grade, slugs, late, language) for grade in grades.students],
            problems=[
                figures_of(slug, numbers[slug], plain(titles[slug], lines=1), judged[slug], grades, problems, language)
                for slug in slugs
            ],
            _=said,
        )
    )
    style, script = (text_of("judge.classroom.pages", name) for name in ("class.css", "class.js"))
    return page(Markup(content), title, language=language, style=style, script=script)


def _facts(grades: Grades, totals: Sequence[float], language: str) -> list[tuple[str, str]]:
    statuses = Counter(grade.status for grade in grades.students)
    facts = [("students", str(len(grades.students)))]
    facts += [(status, str(count)) for status, count in statuses.most_common()]
    if totals:
        possible = f" / {grades.assignment.possible:g}"
        facts += [("mean", f"{mean(totals):.1f}{possible}"), ("median", f"{median(totals):.1f}{possible}")]
    return [(translated(name, language), number) for name, number in facts]


# ------------------------------------------------------------------------------------------------------- the students


@dataclass(frozen=True)
class _Heading:
    text: str
    title: str = ""
    is_text: bool = False


@dataclass(frozen=True)
class _Cell:
    text: str
    style: str = ""
    value: str = ""  # what it is sorted by; empty comes last
    anchor: str = ""  # where in the student's page it is explained


def _row(grade: Grade, slugs: Sequence[str], late: bool, language: str) -> dict[str, object]:
    name = plain(grade.student.name or grade.student.id, lines=1)
    anchors = anchors_of(grade)
    cells = [_cell(grade.marks[slug], anchors.get(slug, "")) for slug in slugs]
    if late:
        days = grade.days_late or 0
        cells.append(_Cell(str(days) if days else "", "bad" if grade.penalty else "", str(days)))
    final = None if grade.final is None else score_text(grade.final)
    cells += [_Cell(final or "–", "total", final or ""), _Cell(translated(grade.status, language), "text")]
    words = (grade.student.id, grade.student.name, grade.student.email, grade.student.group)
    return {
        "name": name,
        "search": plain(" ".join(filter(None, words)).lower(), lines=1),
        "link": f"{STUDENTS}/{quote(file_name(grade.student.id))}.html" if was_handed_in(grade) else "",
        "cells": cells,
    }


def _cell(mark: Mark, anchor: str) -> _Cell:
    if mark.override is not None:
        return _Cell(f"{score_text(mark.override.score)}*", "odd", f"{mark.override.score:g}", anchor)
    if mark.state == "missing":
        return _Cell("–", "none")
    if mark.state == "infra":
        return _Cell("!", "odd", "", anchor)
    if mark.machine is None:
        return _Cell("?", "none", "", anchor)
    accepted = mark.report is not None and mark.report.accepted
    style = "good" if accepted else "bad" if not mark.machine else ""
    return _Cell(score_text(mark.machine), style, f"{mark.machine:g}", anchor)
