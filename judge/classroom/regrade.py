"""Judging again what is in the gradebook, and who would go up or down by it: `judge regrade`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console

from judge import __version__
from judge.classroom import check_what_is_skipped
from judge.classroom.assignment import UnusableAssignment
from judge.classroom.engines import Engine, UnusableEngine, Work
from judge.classroom.gradebook import Entry, Gradebook, Record, UnusableGradebook, digest_of, key_of
from judge.classroom.grades import SAME, Grade, Grades, current_grades, find_student, known_problems
from judge.classroom.pages import write_pages
from judge.classroom.results import write_grades, write_results
from judge.classroom.status import ALL_GRADED, INTERRUPTED, JUDGE_FAILED, SOME_LEFT, WRONG_USE, complain
from judge.classroom.stopping import Stop
from judge.classroom.students import Student
from judge.classroom.summary import WIDEST_NAME
from judge.finding import UnknownProblem, either, find_name
from judge.grading import Infrastructure, TooWeak
from judge.problems import BrokenProblem, Packs, Problem
from judge.progress import Shown
from judge.report import VERDICTS, Report
from judge.report.page import Page
from judge.report.telling import score_text
from judge.report.text import plain, shorten


def regrade(
    out: Path,
    *,
    packs: Packs,
    engine: Engine,
    console: Console,
    problems: Sequence[str] = (),
    students: Sequence[str] = (),
    verdicts: Sequence[str] = (),
    dry_run: bool = False,
    language: str = "en",
) -> int:
    """Judges again what fits, everything by default, with the class's seed; prints what changes.

    out: the folder with the gradebook, which has the solutions too. problems, students, verdicts: what to judge again.
    dry_run: nothing is stored. Where the judge fails now, an earlier report stays. Returns the exit status: 0 when
    all was judged, 1 when something was not reached, 2 for wrong use, 3 when the judge itself failed on something.
    """
    ours = (
        NotInGradebook,
        UnusableGradebook,
        UnusableAssignment,
        UnusableEngine,
        UnknownProblem,
        BrokenProblem,
        TooWeak,
    )
    try:
        with Gradebook(out, make=False) as book:
            return _Regrading(book, packs, engine, console, dry_run, language).run(problems, students, verdicts)
    except ours as error:
        return complain(str(error), WRONG_USE)
    except Infrastructure as error:
        return complain(str(error), JUDGE_FAILED)


class NotInGradebook(ValueError):
    """What was asked for is not in the class, or its problem is gone; the message is one line."""


def student_called(name: str, grades: Grades) -> Student:
    """The one student whom that fits; raises NotInGradebook."""
    student = find_student(name, [grade.student for grade in grades.students])
    if student is None:
        raise NotInGradebook(f"no student of the class is called '{name}'")
    return student


def problem_of(slug: str, packs: Packs) -> Problem:
    """The problem of something that was judged; raises NotInGradebook."""
    if slug not in packs.names:
        raise NotInGradebook(f"the problem {slug} is not there any more; --problems DIR names its pack")
    return packs.read(slug)


class _Regrading:
    """One run of `judge regrade`."""

    def __init__(
        self, book: Gradebook, packs: Packs, engine: Engine, console: Console, dry_run: bool, language: str
    ) -> None:
        self.book = book
        self.packs = packs
        self.engine = engine
        self.console = console
        self.dry_run = dry_run
        self.language = language
        self.before = book.record()
        self.grades = current_grades(book, packs, record=self.before)
        self.skip = self.grades.assignment.skip
        self.found: dict[tuple[str, str], Report] = {}  # (content, problem) -> the new report
        self.failed = 0

    def run(self, problems: Sequence[str], students: Sequence[str], verdicts: Sequence[str]) -> int:
        chosen = self._choose(problems, students, verdicts)
        if not chosen or self.book.seed is None:
            return complain("nothing in the gradebook fits; nothing was judged", ALL_GRADED)
        seed, secret = self.book.seed, self.book.secret
        known = {slug: problem_of(slug, self.packs) for slug in {entry.problem for entry in chosen}}
        check_what_is_skipped(list(known.values()), self.skip)
        digests = {
            slug: digest_of(problem, self.engine.devices, seed, secret, self.skip) for slug, problem in known.items()
        }
        work: dict[str, Work] = {}
        alike: dict[str, list[Entry]] = {}
        for entry in chosen:
            key = key_of(entry.content, digests[entry.problem])
            alike.setdefault(key, []).append(entry)
            work.setdefault(key, Work(key, known[entry.problem], self.book.solution(entry), self.skip))
        with self.engine.start(seed, secret) as judging, Shown("judging again", len(work)) as shown, Stop() as stop:

            def on_report(one: Work, report: Report) -> None:
                self._take(one, report, alike[one.key])
                shown.take(report)

            try:
                judging.judge_all(list(work.values()), on_report, stop)
            except KeyboardInterrupt:
                stop.asked = True
        self._report(chosen)
        if stop.asked:
            return INTERRUPTED
        if self.failed:
            return JUDGE_FAILED
        return ALL_GRADED if len(self.found) == len({(one.content, one.problem) for one in chosen}) else SOME_LEFT

    def _choose(self, problems: Sequence[str], students: Sequence[str], verdicts: Sequence[str]) -> list[Entry]:
        known = sorted({entry.problem for entry in self.before.entries})
        slugs = {find_name(name, known) for name in problems}
        if wrong := [verdict for verdict in verdicts if verdict not in VERDICTS]:
            raise NotInGradebook(f"there is no verdict '{wrong[0]}'; there are {either(VERDICTS)}")
        ids = {student_called(name, self.grades).id for name in students}
        return [
            entry
            for entry in self.before.entries
            if _fits(entry.problem, slugs)
            and _fits(entry.student, ids)
            and _fits(entry.report.verdict if entry.report else "not judged", verdicts)
        ]

    def _take(self, one: Work, report: Report, entries: Sequence[Entry]) -> None:
        """Takes a new report, and stores it at once unless this is a dry run."""
        if report.verdict == "infra":
            self.failed += len(entries)
            return  # what was there before stays
        for entry in entries:
            self.found[entry.content, entry.problem] = report
        if not self.dry_run:
            self.book.keep(one.key, report)
            self.book.rekey((entry, one.key) for entry in entries)

    def _report(self, chosen: Collection[Entry]) -> None:
        judged = {(entry.student, entry.problem) for entry in chosen}
        entries = [
            replace(entry, report=self.found.get((entry.content, entry.problem), entry.report))
            if (entry.student, entry.problem) in judged
            else entry
            for entry in self.before.entries
        ]
        after = Record(self.before.students, entries, self.before.unmatched)
        grades = current_grades(self.book, self.packs, record=after)
        _show_changes(self.grades, grades, chosen, self.failed, self.dry_run, self.console)
        if self.dry_run:
            return
        self.book.remember_overrides(grades.remembered)
        self.book.keep_settings(torch_version=version("torch"), judge_version=__version__)
        record = self.book.record()
        write_results(self.book, record, finished=all(entry.report is not None for entry in record.entries))
        problems = known_problems(grades, self.packs)
        write_grades(self.book.folder, grades, self.language, problems)
        write_pages(self.book, grades, problems, self.language)


def _fits(value: str, wanted: Collection[str]) -> bool:
    return not wanted or value in wanted


def _show_changes(
    before: Grades, after: Grades, chosen: Collection[Entry], failed: int, dry_run: bool, console: Console
) -> None:
    """A line for each student and problem whose points change, with the grade before and after."""
    page = Page(console)
    new = {grade.student.id: grade for grade in after.students}
    rows = [
        (old.student.id, problem, old, new[old.student.id])
        for old in before.students
        for problem in old.marks
        if _moved(old.marks[problem].machine, new[old.student.id].marks[problem].machine)
    ]
    heading = ("student", "problem", "before", "after", "grade")
    cells = [heading] + [_cells(*row, ellipsis=page.marks.ellipsis) for row in rows]
    widths = [max(cell_len(row[column]) for row in cells) for column in range(len(heading))]
    for number, row in enumerate(cells if rows else []):
        padded = [text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True)]
        page.line(("  ".join(padded), "bold" if number == 0 else _style(rows[number - 1])))
    up = sum(_direction(row) > 0 for row in rows)
    down = sum(_direction(row) < 0 for row in rows)
    page.line()
    other = len(rows) - up - down
    counts = [f"{len(chosen) - failed} judged again: {up} up, {down} down"]
    counts += [f"{other} judged for the first time"] if other else []
    counts += [f"{len(chosen) - len(rows) - failed} the same"]
    counts += [f"{failed} not judged: the judge itself failed, what was there stays"] if failed else []
    page.paragraph(", ".join(counts), style="bold")
    for note in [*after.notes, *after.unknown]:
        page.paragraph(plain(note), style="yellow")
    if dry_run:
        page.paragraph("A dry run: nothing was stored.")
    page.print()


def _moved(before: float | None, after: float | None) -> bool:
    if before is None or after is None:
        return before is not after
    return abs(before - after) > SAME


def _direction(row: tuple[str, str, Grade, Grade]) -> float:
    _, problem, old, new = row
    before, after = old.marks[problem].machine, new.marks[problem].machine
    return 0 if before is None or after is None else after - before


def _cells(student: str, problem: str, old: Grade, new: Grade, *, ellipsis: str) -> tuple[str, ...]:
    before, after = old.marks[problem].machine, new.marks[problem].machine
    name = shorten(plain(student), WIDEST_NAME, ellipsis)
    title = shorten(plain(problem), WIDEST_NAME, ellipsis)
    return name, title, _number(before), _number(after), f"{_number(old.final)} to {_number(new.final)}"


def _number(value: float | None) -> str:
    return "-" if value is None else score_text(value)


def _style(row: tuple[str, str, Grade, Grade]) -> str:
    direction = _direction(row)
    return "green" if direction > 0 else "red" if direction < 0 else ""
