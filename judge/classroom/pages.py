"""The class and each student as pages for a browser: index.html and students/NAME.html, which need no network.

At the top of the index is what stands in the way of releasing the grades; then the class, and what to teach next.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import shlex
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from statistics import correlation, mean, median
from typing import Any

import msgspec
from markupsafe import Markup

from judge import __version__
from judge.classroom.gradebook import Entry, Gradebook
from judge.classroom.grades import Grade, Grades, Mark
from judge.classroom.results import INFRA_TOLD, file_name, grade_lines, replace
from judge.classroom.unchanged import texts_of
from judge.language import translated
from judge.problems import BrokenProblem, Packs, Problem
from judge.report import Report
from judge.report.html import default_style, environment, fragment, page
from judge.report.localised import localised
from judge.report.telling import score_text
from judge.report.text import plain

INDEX, STUDENTS = "index.html", "students"
ITEMS_SHOWN = 12
MISTAKES_SHOWN = 5
ENOUGH = 5  # submissions, to be surprised that none passes
SHARE = 0.2  # of a problem's submissions that fail in the same words make a group
BARS = 10


def write_pages(book: Gradebook, grades: Grades, packs: Packs, language: str = "en") -> None:
    """Writes the index and a page for each student who handed something in; what has not changed stays."""
    if book.folder is None:
        return
    folder = book.folder / STUDENTS
    folder.mkdir(exist_ok=True)
    problems, texts = known_problems(grades, packs), texts_of(grades, packs)
    for grade in grades.students:
        if any(mark.entry is not None for mark in grade.marks.values()):
            path = folder / f"{file_name(grade.student.id)}.html"
            stamp = _stamp(grade, grades, [language, texts, shlex.quote(str(book.folder))])
            if not _has(path, stamp):
                text = student_page(
                    grade, grades, problems, lambda entry: book.solution(entry).source, language, at=book.folder
                )
                replace(path, f"{text}{stamp}")
    index = _index(book, grades, problems, language)
    replace(book.folder / INDEX, index)


def feedback_pages(book: Gradebook, grades: Grades, packs: Packs) -> dict[str, str]:
    """What each student who handed something in may see, by his id, in the language of the last `judge grade`."""
    problems, language = known_problems(grades, packs), book.setting("language", str) or "en"
    return {
        grade.student.id: student_page(grade, grades, problems, lambda entry: book.solution(entry).source, language)
        for grade in grades.students
        if any(mark.report is not None for mark in grade.marks.values())
    }


def student_page(
    grade: Grade,
    grades: Grades,
    problems: Mapping[str, Problem],
    source_of: Callable[[Entry], str | None],
    language: str = "en",
    *,
    at: Path | None = None,
) -> str:
    """All that is known of one student's work.

    at: the folder of the gradebook, for the instructor's page, which tells how to judge the same again. Without it the
    page is for the student: nothing of the class's seed, and nothing about others.
    """
    name = plain(grade.student.name or grade.student.id)
    lines = grade_lines(grade, grades) if grades.assignment.file is not None else []
    sections = []
    for slug, mark in grade.marks.items():
        if mark.report is None or mark.entry is None:
            continue
        report = localised(mark.report, problems.get(slug), language)
        if report.verdict == "infra" and at is None:  # what failed there is for the instructor
            report = msgspec.structs.replace(report, message=translated(INFRA_TOLD, language), checks=[])
        shown = fragment(report, source_of(mark.entry), language=language, handed_out=at is None)
        replay = None
        if at is not None and report.verdict != "infra":
            replay = shlex.join(["judge", "replay", str(at), grade.student.id, slug])
        sections.append({"report": shown, "replay": replay and plain(replay, longest=None)})
    content = (
        environment()
        .get_template("student.html.jinja")
        .render(
            name=name,
            lines=[translated(line, language) for line in lines],
            sections=sections,
            back=f"../{INDEX}" if at is not None else None,
            _=partial(translated, language=language),
        )
    )
    return page(Markup(content), name, language=language, style=_style())


def _stamp(grade: Grade, grades: Grades, common: Sequence[str]) -> str:
    """What a student's page is made of, in a comment at its end; common: what all pages share."""
    parts: list[Any] = [__version__, *common, msgspec.to_builtins(grade.student), grade_lines(grade, grades)]
    for slug, mark in grade.marks.items():
        if mark.entry is not None and mark.report is not None:
            parts.append((slug, mark.entry.key, mark.report.started_at, mark.report.verdict))
    return f"<!-- {hashlib.sha256(msgspec.json.encode([default_style(), *parts])).hexdigest()} -->\n"


def _has(path: Path, stamp: str) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(-len(stamp), 2)
            return file.read() == stamp.encode()
    except OSError:
        return False


def known_problems(grades: Grades, packs: Packs) -> dict[str, Problem]:
    """The problems that are still there."""
    found = {}
    for slug in grades.assignment.points:
        with contextlib.suppress(BrokenProblem, KeyError):  # what is known of it is in the reports
            found[slug] = packs.read(slug)
    return found


@lru_cache(maxsize=1)
def _style() -> str:
    return default_style() + _file("class.css")


@lru_cache(maxsize=2)
def _file(name: str) -> str:
    loader = environment().loader
    assert loader is not None
    return loader.get_source(environment(), name)[0]


# ---------------------------------------------------------------------------------------------------------- the index


@dataclass(frozen=True)
class _Cell:
    text: str
    style: str = ""
    value: str | None = None


def _index(book: Gradebook, grades: Grades, problems: Mapping[str, Problem], language: str) -> str:
    def _(text: str) -> str:
        return translated(text, language)

    title = plain(grades.assignment.title) or _("The class")
    slugs = list(grades.assignment.points)
    numbers = _short(slugs)
    totals = [grade.final for grade in grades.students if grade.final is not None and grade.status != "missing"]
    possible = grades.assignment.possible
    statuses = Counter(grade.status for grade in grades.students)
    facts = [(_("students"), str(len(grades.students)))]
    facts += [(_(status), str(count)) for status, count in statuses.most_common()]
    if totals:
        facts += [(_("mean"), f"{mean(totals):.1f}"), (_("median"), f"{median(totals):.1f}")]
        facts.append((_("possible"), f"{possible:g}"))
    headings = [{"text": _("student"), "title": ""}]
    headings += [{"text": numbers[slug], "title": _title(slug, problems, language)} for slug in slugs]
    headings += [{"text": _("total"), "title": ""}, {"text": _("status"), "title": ""}]
    about = [", ".join(book.setting("devices", list[str]) or []), f"judge {__version__}"]
    about.append(f"torch {book.setting('torch_version', str) or '?'}")
    content = (
        environment()
        .get_template("class.html.jinja")
        .render(
            title=title,
            about=plain(" · ".join(filter(None, about))),
            blocks=list(_blocks(grades, book, language)),
            facts=facts,
            histogram=_histogram([total / possible for total in totals]) if totals and possible else "",
            headings=headings,
            students=[_row(grade, slugs, language) for grade in grades.students],
            problems=[_statistics(slug, numbers[slug], grades, problems, language) for slug in slugs],
            _=_,
        )
    )
    return page(Markup(content), title, language=language, style=_style(), script=_file("class.js"))


def _row(grade: Grade, slugs: Sequence[str], language: str) -> dict[str, Any]:
    name = plain(grade.student.name or grade.student.id, lines=1)
    known = any(mark.entry is not None for mark in grade.marks.values())
    cells = [_cell(grade.marks[slug]) for slug in slugs]
    final = "" if grade.final is None else score_text(grade.final)
    cells += [_Cell(final or "–", "", final), _Cell(translated(grade.status, language))]
    search = " ".join(filter(None, (grade.student.id, grade.student.name, grade.student.email))).lower()
    link = f"{STUDENTS}/{_url(file_name(grade.student.id))}.html" if known else ""
    return {"name": name, "search": plain(search, lines=1), "link": link, "cells": cells}


def _url(name: str) -> str:
    from urllib.parse import quote

    return quote(name)


def _cell(mark: Mark) -> _Cell:
    if mark.override is not None:
        return _Cell(f"{score_text(mark.override.score)}*", "odd", f"{mark.override.score:g}")
    if mark.state == "missing":
        return _Cell("–", "soft", "")
    if mark.state == "infra":
        return _Cell("!", "odd", "")
    if mark.machine is None:
        return _Cell("?", "soft", "")
    accepted = mark.report is not None and mark.report.accepted
    return _Cell(score_text(mark.machine), "good" if accepted else "", f"{mark.machine:g}")


def _short(slugs: Sequence[str]) -> dict[str, str]:
    """The number of each problem, or its whole name where it has none or shares it."""
    numbers = {slug: slug.rpartition("/")[2].partition("-")[0] for slug in slugs}
    often = Counter(numbers.values())
    return {
        slug: number if number.isdecimal() and often[number] == 1 else plain(slug) for slug, number in numbers.items()
    }


def _title(slug: str, problems: Mapping[str, Problem], language: str) -> str:
    return plain(f"{slug}: {problems[slug].title(language)}" if slug in problems else slug, lines=1)


# ------------------------------------------------------------------------------------------- what needs a look first


def _blocks(grades: Grades, book: Gradebook, language: str) -> Iterator[dict[str, Any]]:
    """What stands in the way of releasing the grades, the worst first."""

    def block(text: str, items: Sequence[str] = ()) -> dict[str, Any]:
        shown = [plain(item) for item in items[:ITEMS_SHOWN]]
        if len(items) > ITEMS_SHOWN:
            shown.append(translated(f"and {len(items) - ITEMS_SHOWN} more", language))
        return {"text": translated(plain(text), language), "listed": [translated(item, language) for item in shown]}

    marks = [(grade, slug, mark) for grade in grades.students for slug, mark in grade.marks.items()]
    infra = [f"{grade.student.id}, {slug}" for grade, slug, mark in marks if mark.state == "infra"]
    if infra:
        yield block(f"{len(infra)} not judged: the judge itself failed; run the same command again", infra)
    left = [f"{grade.student.id}, {slug}" for grade, slug, mark in marks if mark.state == "ungraded"]
    if left:
        yield block(f"{len(left)} not graded yet", left)
    if grades.unmatched:
        files = [f"{one.path}: {one.reason}" for one in grades.unmatched]
        yield block(f"{len(files)} files could not be matched", files)
    if grades.unknown:
        yield block("Names that nobody in the class has", grades.unknown)
    if grades.notes:
        yield block("To be decided", grades.notes)
    for text, items in _groups(grades, book):
        yield block(text, items)
    for text in _surprises(grades):
        yield block(text)
    missing = [grade.student.name or grade.student.id for grade in grades.students if grade.status == "missing"]
    if missing:
        yield block(f"{len(missing)} handed in nothing", missing)


def _judged(grades: Grades) -> dict[str, list[tuple[Grade, Entry, Report]]]:
    """What counts and was judged, by problem, without untouched stubs."""
    found: dict[str, list[tuple[Grade, Entry, Report]]] = defaultdict(list)
    for grade in grades.students:
        for slug, mark in grade.marks.items():
            judged = mark.state == "graded" and mark.entry is not None and mark.report is not None
            if judged and not mark.report.untouched:  # type: ignore[union-attr]
                found[slug].append((grade, mark.entry, mark.report))  # type: ignore[arg-type]
    return found


def _groups(grades: Grades, book: Gradebook) -> Iterator[tuple[str, list[str]]]:
    """Whole groups whose files fail at import in the same words, with the names that they use instead."""
    for slug, judged in _judged(grades).items():
        words: dict[str, list[tuple[Grade, Entry]]] = defaultdict(list)
        for grade, entry, report in judged:
            if report.message:
                words[report.message].append((grade, entry))
        for message, group in words.items():
            if len(group) < max(3, SHARE * len(judged)):
                continue
            used: Counter[str] = Counter()
            for _, entry in group:
                used.update(_defined(book.solution(entry).source or ""))
            names = ", ".join(f"{name} ({count})" for name, count in used.most_common(4) if count > 1)
            text = f"{slug}: {len(group)} of {len(judged)} fail in the same way: {message}"
            yield (f"{text}; they define {names}" if names else text), [grade.student.id for grade, _ in group]


def _defined(source: str) -> set[str]:
    """The functions and classes at the top of a file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)}


def _surprises(grades: Grades) -> Iterator[str]:
    """Problems that look as if the fault were the problem's."""
    for slug, judged in _judged(grades).items():
        if len(judged) < ENOUGH:
            continue
        if not any(report.accepted for _, _, report in judged):
            yield f"{slug}: none of {len(judged)} was accepted; is the problem right?"
        failed: Counter[str] = Counter()
        for _, _, report in judged:
            failed.update(one.name for one in report.checks if one.verdict not in ("passed", "not judged", "skipped"))
        for check, count in failed.items():
            if count == len(judged):
                yield f"{slug}: everybody fails {check}"


# ------------------------------------------------------------------------------------------------------- the problems


def _statistics(
    slug: str, number: str, grades: Grades, problems: Mapping[str, Problem], language: str
) -> dict[str, Any]:
    judged = _judged(grades).get(slug, [])
    points = [grade.marks[slug].machine or 0.0 for grade, _, _ in judged]
    accepted = sum(report.accepted for _, _, report in judged)
    texts = problems[slug].messages["mistakes"] if language == "zh" and slug in problems else {}
    mistakes: Counter[str] = Counter()
    english: dict[str, str] = {}
    for _, _, report in judged:
        for one in report.diagnosis:
            if one.certain:
                mistakes[one.mistake] += 1
                english[one.mistake] = one.text
    shown = [
        {"count": count, "name": plain(name).replace("_", " "), "text": plain(texts.get(name, english[name]))}
        for name, count in mistakes.most_common(MISTAKES_SHOWN)
    ]
    how_it_goes = _discrimination(slug, grades)
    return {
        "name": number,
        "title": _title(slug, problems, language),
        "accepted": f"{accepted} / {len(judged)} ({accepted / len(judged):.0%})" if judged else "–",
        "mean": f"{mean(points):.1f}" if points else "–",
        "median": f"{median(points):.1f}" if points else "–",
        "seconds": f"{median(report.seconds for _, _, report in judged):.1f}" if judged else "–",
        "discrimination": "–" if how_it_goes is None else f"{how_it_goes:.2f}",
        "mistakes": shown,
    }


def _discrimination(slug: str, grades: Grades) -> float | None:
    """The correlation of a problem's points with those of all others, over who handed something in."""
    ours, others = [], []
    for grade in grades.students:
        if grade.status == "missing":
            continue
        points = {name: mark.points for name, mark in grade.marks.items()}
        own = points.pop(slug)
        if own is not None:
            ours.append(own)
            others.append(sum(value for value in points.values() if value is not None))
    if len(ours) < 3 or len(set(ours)) < 2 or len(set(others)) < 2:
        return None
    return correlation(ours, others)


def _histogram(shares: Sequence[float]) -> Markup:
    """How many have how much of what is possible, in tenths."""
    counts = [0] * BARS
    for share in shares:
        counts[min(max(int(share * BARS), 0), BARS - 1)] += 1
    width, height, left, base = 520, 150, 30, 128
    step, most = (width - left) / BARS, max(counts)
    parts = [f'<path class="axis" d="M{left} {base}H{width}"/>']
    for number, count in enumerate(counts):
        x, tall = left + number * step, (base - 20) * count / most
        parts.append(
            f'<rect class="bar" x="{x + 3:.1f}" y="{base - tall:.1f}" width="{step - 6:.1f}" height="{tall:.1f}">'
            f"<title>{number * 10}-{number * 10 + 10} %: {count}</title></rect>"
        )
        if count:
            parts.append(f'<text x="{x + step / 2:.1f}" y="{base - tall - 4:.1f}" text-anchor="middle">{count}</text>')
        parts.append(f'<text x="{x:.1f}" y="{height - 6}" text-anchor="middle">{number * 10}</text>')
    parts.append(f'<text x="{width}" y="{height - 6}" text-anchor="end">100 %</text>')
    return Markup(f'<svg viewBox="0 0 {width} {height}" role="img">{"".join(parts)}</svg>')
