"""The class and each student as pages for a browser: index.html and students/NAME.html, which need no network.

overview.py is the class: at its top what stands in the way of releasing the grades (blocking.py), then everybody, then
what to teach next (problems.py). A student's page has the code; the index has only numbers.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from markupsafe import Markup

from judge.classroom.gradebook import Gradebook
from judge.classroom.grades import Grade, Grades, Mark
from judge.classroom.pages.overview import INDEX, STUDENTS, anchors_of, class_page, was_handed_in
from judge.classroom.results import INFRA_TOLD, file_name, grade_lines, mark_text, replace
from judge.classroom.unchanged import code_digest, texts_of
from judge.language import translated
from judge.problems import Problem
from judge.report.html import environment, fragment, page, text_of
from judge.report.localised import localised
from judge.report.text import plain


def write_pages(book: Gradebook, grades: Grades, problems: Mapping[str, Problem], language: str = "en") -> None:
    """Writes the index and a page for each student who handed something in; what has not changed stays."""
    if book.folder is None:
        return
    folder = book.folder / STUDENTS
    folder.mkdir(exist_ok=True)
    common = [language, code_digest(), texts_of(problems), str(book.folder)]
    for grade in filter(was_handed_in, grades.students):
        path = folder / f"{file_name(grade.student.id)}.html"
        stamp = _stamp(grade, grades, common)
        if not _has(path, stamp):
            replace(path, f"{student_page(grade, grades, problems, book, language, at=book.folder)}{stamp}")
    replace(book.folder / INDEX, class_page(book, grades, problems, language))


def feedback_page(book: Gradebook, grade: Grade, *, grades: Grades, problems: Mapping[str, Problem]) -> str:
    """What the student may see, in the language of the last `judge grade`."""
    return student_page(grade, grades, problems, book, book.setting("language", str) or "en")


def student_page(
    grade: Grade,
    grades: Grades,
    problems: Mapping[str, Problem],
    book: Gradebook,
    language: str = "en",
    *,
    at: Path | None = None,
) -> str:
    """All that is known of one student's work.

    at: the folder of the gradebook, for the instructor's page, which tells how to judge the same again. Without it the
    page is for the student: nothing of the class's seed, and nothing about others.
    """
    name = plain(grade.student.name or grade.student.id, lines=1)
    anchors = anchors_of(grade)
    sections = []
    for slug, anchor in anchors.items():
        replay = shlex.join(["judge", "replay", str(at), grade.student.id, slug]) if at is not None else ""
        shown = _report(grade.marks[slug], problems.get(slug), book, language, handed_out=at is None, anchor=anchor)
        sections.append({"report": shown, "replay": plain(replay, longest=None)})
    said = partial(translated, language=language)
    summary = grade_lines(grade, grades)[: -len(grade.marks) or None] if grades.assignment.file is not None else []
    content = (
        environment("judge.classroom.pages")
        .get_template("student.html.jinja")
        .render(
            name=name,
            about=[plain(text, lines=1) for text in (grade.student.id, grade.student.email) if text and text != name],
            summary=[said(line.strip()) for line in summary],
            marks=[(plain(slug), anchors.get(slug), said(mark_text(mark))) for slug, mark in grade.marks.items()],
            sections=sections,
            back=f"../{INDEX}" if at is not None else None,
            _=said,
        )
    )
    style = text_of("judge.classroom.pages", "class.css")
    return page(Markup(content), name, language=language, style=style)


def _report(
    mark: Mark, problem: Problem | None, book: Gradebook, language: str, *, handed_out: bool, anchor: str
) -> Markup:
    assert mark.report is not None
    assert mark.entry is not None
    report = localised(mark.report, problem, language)
    if report.verdict == "infra" and handed_out:  # what failed there is for the instructor
        report = msgspec.structs.replace(report, message=translated(INFRA_TOLD, language), checks=[])
    source = book.solution(mark.entry).source
    return fragment(report, source, language=language, handed_out=handed_out, anchor=anchor)


def _stamp(grade: Grade, grades: Grades, common: Sequence[str]) -> str:
    """What a student's page is made of, in a comment at its end; common: what all pages share."""
    parts: list[Any] = [*common, msgspec.to_builtins(grade.student), grade_lines(grade, grades)]
    for slug, mark in grade.marks.items():
        if mark.entry is not None and mark.report is not None:
            parts.append((slug, mark.entry.key, mark.report.started_at, mark.report.verdict))
    return f"<!-- {hashlib.sha256(msgspec.json.encode(parts)).hexdigest()} -->\n"


def _has(path: Path, stamp: str) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(-len(stamp), 2)
            return file.read() == stamp.encode()
    except OSError:
        return False
