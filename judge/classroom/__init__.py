"""Many submissions: `grade_folder` is the whole of `judge grade`.

intake.py says which files are submissions, engines/ has them judged side by side, gradebook.py keeps every report as
it comes, grades.py makes grades of them by what assignment.py and overrides.py read, and results.py, sheets.py and
summary.py show the class. regrade.py judges again what is in the gradebook; exports/ is for other programs.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from judge import __version__
from judge.classroom import unchanged
from judge.classroom.assignment import Assignment, UnusableAssignment, read_assignment
from judge.classroom.engines import Engine, UnusableEngine, Work
from judge.classroom.engines.local import LocalEngine
from judge.classroom.gradebook import (
    Entry,
    Gradebook,
    UnusableGradebook,
    content_of,
    digest_of,
    key_of,
)
from judge.classroom.grades import current_grades, known_problems
from judge.classroom.intake import Intake, Options, UnusablePlace, collect_places, open_places
from judge.classroom.overrides import read_overrides
from judge.classroom.pages import INDEX, write_pages
from judge.classroom.results import UnusableResults, refuse_foreign, write_grades, write_intake, write_results
from judge.classroom.status import ALL_GRADED, INTERRUPTED, JUDGE_FAILED, SOME_LEFT, WRONG_USE, complain
from judge.classroom.stopping import Stop
from judge.classroom.summary import show, show_intake
from judge.grading import Infrastructure, Solution, TooWeak
from judge.language import translated
from judge.problems import Packs, Problem
from judge.progress import Shown
from judge.report import Report
from judge.report.page import Page
from judge.report.text import plain

__all__ = [
    "ALL_GRADED",
    "INTERRUPTED",
    "JUDGE_FAILED",
    "SOME_LEFT",
    "WRONG_USE",
    "Engine",
    "LocalEngine",
    "Options",
    "grade_folder",
]


def grade_folder(
    *paths: Path,
    packs: Packs,
    engine: Engine,
    seed: int | None,
    out: Path | None,
    console: Console,
    assignment: Path | None = None,
    language: str = "en",
    options: Options | None = None,
) -> int:
    """Judges every submission in folders and zips, prints the class at a glance, and returns the exit status.

    seed: None takes the one kept in `out`, else draws a secret one. out: where the gradebook, the tables and the
    students' reports go, and where a stopped run goes on; None keeps nothing. console: for the summary; progress and
    errors go to stderr. assignment: what the grades are relative to. options: how files are to be taken. Returns 0
    when everything was graded, whatever the scores; 1 when something was left unmatched or ungraded, or somebody is
    not on the roster; 2 for wrong use; 3 when the judge itself failed on something, also at the second try; 130 after
    Ctrl-C.
    """
    try:
        read = read_assignment(assignment, packs) if assignment is not None else None
        if read is not None:
            read_overrides(read)  # so that a mistake in it is told now
        with ExitStack() as stack:
            intake = _intake(paths, packs, out, stack, replace(options or Options(), assignment=read))
            refuse_foreign(out)
            if not intake.submissions:
                for one in intake.unmatched:
                    complain(f"{one.path}: {one.reason}")
                write_intake(out, intake)
                where = ", ".join(map(str, paths))
                raise _WrongUse(f"there is no solution in {where}; a solution is called like {_example(packs, read)}")
            if released := {one.problem.slug for one in intake.submissions if one.problem.released}:
                why = "was released for students, without its reference; grade with the pack that it was made from"
                raise _WrongUse(f"{min(released)} {why}")
            with Gradebook(out) as book:
                return _Grading(intake, book, packs, engine, read, console, language).run(seed)
    except (*_UNUSABLE, _WrongUse, TooWeak) as error:
        return complain(str(error), WRONG_USE)
    except Infrastructure as error:
        return complain(str(error), JUDGE_FAILED)


_UNUSABLE = (UnusablePlace, UnusableGradebook, UnusableResults, UnusableAssignment, UnusableEngine)


class _WrongUse(ValueError):
    pass


def _intake(paths: Sequence[Path], packs: Packs, out: Path | None, stack: ExitStack, options: Options) -> Intake:
    if out is not None and any(out.resolve() == path.resolve() for path in paths):
        raise _WrongUse("the results cannot go into the folder of the solutions; choose another --out")
    assignment, told = options.assignment, options.problem
    if assignment is not None and told is not None and told.slug not in assignment.points:
        raise _WrongUse(f"--problem: {told.slug} is not part of {assignment.title}")
    places, found = open_places(paths, stack, leave_out=out)
    try:
        return collect_places(places, packs, found, options)
    except OSError as error:
        raise _WrongUse(f"{error.filename} cannot be read: {error.strerror}") from None


class _Grading:
    """One run of `judge grade`: enter the class, judge what is new, report."""

    def __init__(
        self,
        intake: Intake,
        book: Gradebook,
        packs: Packs,
        engine: Engine,
        assignment: Assignment | None,
        console: Console,
        language: str,
    ) -> None:
        self.intake = intake
        self.book = book
        self.packs = packs
        self.engine = engine
        self.assignment = assignment
        self.console = console
        self.language = language
        self.skip = assignment.skip if assignment is not None else ()

    def run(self, seed: int | None) -> int:
        if seed is None:
            seed = self.book.seed if self.book.seed is not None else int.from_bytes(os.urandom(6), "big")
        work = self._enter(seed)
        write_intake(self.book.folder, self.intake)
        known = self.book.known(one.key for one in work)
        new = [one for one in work if one.key not in known]
        if new:
            write_results(self.book, self.book.record(), finished=False)
        return self._report(interrupted=self._judge(new, seed) if new else False)

    def _judge(self, new: Sequence[Work], seed: int) -> bool:
        """Judges what is new, each report committed as it comes; whether Ctrl-C ended it early."""
        check_what_is_skipped([one.problem for one in new], self.skip)
        with self.engine.start(seed, self.book.secret) as judging, Shown("grading", len(new)) as shown, Stop() as stop:

            def on_report(one: Work, report: Report) -> None:
                self.book.keep(one.key, report)
                shown.take(report)

            self.book.keep_settings(isolation=judging.isolation)
            try:
                judging.judge_all(new, on_report, stop)
            except KeyboardInterrupt:
                stop.asked = True
            self.book.keep_settings(isolation=judging.isolation)
        return stop.asked

    def _enter(self, seed: int) -> list[Work]:
        """Enters the class into the gradebook; what there is to judge, each thing once."""
        digests: dict[str, str] = {}
        work: dict[str, Work] = {}
        entries: list[tuple[Entry, Solution]] = []
        readable = self.book.readable()
        for one in self.intake.submissions:
            solution = one.read(readable)
            slug = one.problem.slug
            if slug not in digests:
                digests[slug] = digest_of(one.problem, self.engine.devices, seed, self.book.secret, self.skip)
            content = content_of(solution)
            key = key_of(content, digests[slug])
            entries.append((Entry(one.student, slug, one.where, content, key, one.submitted_at, one.late), solution))
            work.setdefault(key, Work(key, one.problem, solution, self.skip))
        self.book.enter(
            self.intake.students.values(),
            entries,
            self.intake.unmatched,
            language=self.language,
            seed=seed,
            devices=list(self.engine.devices),
            torch_version=version("torch"),
            judge_version=__version__,
            packs=[str(pack.root) for pack in self.packs.places],
            assignment=str(self.assignment.file.resolve()) if self.assignment and self.assignment.file else "",
        )
        return list(work.values())

    def _report(self, *, interrupted: bool) -> int:
        record = self.book.record()
        left = sum(entry.report is None for entry in record.entries)
        grades = current_grades(self.book, self.packs, record=record)
        self.book.remember_overrides(grades.remembered)
        problems = known_problems(grades, self.packs)
        digest = unchanged.digest_of(self.book, grades, problems, self.language)
        if not unchanged.is_written(self.book, digest):
            write_results(self.book, record, finished=not left)
            write_grades(self.book.folder, grades, self.language, problems)
            write_pages(self.book, grades, problems, self.language)
            unchanged.note_written(self.book, digest)
        show(grades, self.console)
        show_intake(self.intake, self.console)
        self._say_what_is_kept(left)
        if interrupted:
            return INTERRUPTED
        if any(entry.report is not None and entry.report.verdict == "infra" for entry in record.entries):
            return JUDGE_FAILED
        look = self.intake.unmatched or self.intake.strangers or left or grades.unknown
        return SOME_LEFT if look else ALL_GRADED

    def _say_what_is_kept(self, left: int) -> None:
        """Where the results are, and how to go on with what is left."""
        out = self.book.folder
        lines = []
        if left:
            again = "the same command goes on with them" if out else "with --out DIR a next run could go on"
            lines.append(f"{left} not reached; {again}")
        if out:
            lines.append(f"Results: {out / INDEX}, with tables and a text for each student beside it")
        page = Page(self.console)
        isolation = self.book.setting("isolation", list[str]) or ["?"]
        about = [f"seed {self.book.setting('seed', int)}", *self.engine.devices, f"isolation {isolation[0]}"]
        page.line()
        for line in [*lines, f" {page.marks.dot} ".join(about)]:
            page.line((translated(plain(line), self.language), ""))  # uncut: it may be a path to copy
        page.print()


def check_what_is_skipped(problems: Sequence[Problem], skip: Sequence[str]) -> None:
    """Raises UnusableAssignment where nothing of a problem would be left."""
    if not skip:
        return
    from judge.observing import load_checks  # it imports torch

    for problem in {one.slug: one for one in problems}.values():
        if all(check.kind in skip for check in load_checks(problem.checks_source, problem.slug)):
            raise UnusableAssignment(f"skip: {', '.join(skip)} is all that {problem.slug} is judged on")


def _example(packs: Packs, assignment: Assignment | None) -> str:
    names = list(assignment.points) if assignment is not None else packs.names
    return f"{names[0].rpartition('/')[2]}.py" if names else "25-self-attention.py"
