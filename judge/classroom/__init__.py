"""Many submissions: `grade_folder` is the whole of `judge grade`.

intake.py says which files are submissions, engine.py has them judged side by side, results.py keeps every report as it
comes, and summary.py shows the class at a glance.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from judge.classroom.engine import grade
from judge.classroom.intake import Intake, collect
from judge.classroom.results import RESULTS, Graded, Results, UnusableResults
from judge.classroom.summary import show
from judge.grading import Infrastructure, Judge, TooWeak
from judge.problems import Packs
from judge.report.page import Page
from judge.report.text import plain

ALL_GRADED, SOME_LEFT, WRONG_USE, JUDGE_FAILED, INTERRUPTED = 0, 1, 2, 3, 130


def grade_folder(
    path: Path,
    *,
    packs: Packs,
    devices: Sequence[str],
    seed: int | None,
    jobs: int,
    out: Path | None,
    console: Console,
    require_isolation: str = "L2",
    cache: Path | None = None,
    language: str = "en",
) -> int:
    """Judges every submission in a folder, prints the class at a glance, and returns the exit status.

    seed: None takes the one kept in `out`, else draws a secret one. out: where results.json and the students' reports
    go, and where a stopped run goes on; None keeps nothing. console: for the summary; progress and errors go to
    stderr. Returns 0 when everything was graded, whatever the scores; 1 when something was left unmatched or ungraded;
    2 for wrong use; 3 when the judge itself failed on something, also at the second try; 130 after Ctrl-C.
    """
    try:
        intake = _intake(path, packs, out)
        kept = Results(out)
    except (_WrongUse, UnusableResults) as error:
        return _complain(str(error), WRONG_USE)
    if not intake.submissions:
        show([], intake.unmatched, console)
        return _complain(f"there is no solution in {path}; a solution is called like {_example(packs)}", WRONG_USE)
    if seed is None:
        seed = kept.seed if kept.seed is not None else int.from_bytes(os.urandom(6), "big")
    try:
        with Judge(
            devices=devices, seed=seed, secret=kept.secret, cache=cache, require_isolation=require_isolation, eager=True
        ) as judge:
            grading = _Grading(intake, judge, kept)
            interrupted = grading.run(jobs)
    except TooWeak as error:
        return _complain(str(error), WRONG_USE)
    except Infrastructure as error:
        return _complain(str(error), JUDGE_FAILED)
    kept.write_students(grading.graded, language)
    show(grading.graded, intake.unmatched, console)
    left = len(intake.submissions) - len(grading.graded)
    grading.say_what_is_kept(console, left)
    if interrupted:
        return INTERRUPTED
    if any(one.report.verdict == "infra" for one in grading.graded):
        return JUDGE_FAILED
    return SOME_LEFT if intake.unmatched or left else ALL_GRADED


class _WrongUse(ValueError):
    pass


def _intake(path: Path, packs: Packs, out: Path | None) -> Intake:
    if not path.is_dir():
        raise _WrongUse(f"{path} is {'a file' if path.exists() else 'not there'}; judge grade takes a folder")
    if out is not None and out.resolve() == path.resolve():
        raise _WrongUse("the results cannot go into the folder of the solutions; choose another --out")
    try:
        return collect(path, packs, leave_out=out)
    except OSError as error:
        raise _WrongUse(f"{path} cannot be read: {error.strerror}") from None


class _Grading:
    """One run: what is graded so far, shown and kept as it comes."""

    def __init__(self, intake: Intake, judge: Judge, kept: Results) -> None:
        self.intake = intake
        self.judge = judge
        self.kept = kept
        self.graded: list[Graded] = []

    def run(self, jobs: int) -> bool:
        """Grades everything; whether Ctrl-C ended it early."""
        self._write(finished=False)
        errors = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        interrupted = False
        with Progress(*columns, console=errors, disable=not errors.is_terminal, transient=True) as progress:
            task = progress.add_task("grading", total=len(self.intake.submissions))

            def on_graded(graded: Graded) -> None:
                self.graded.append(graded)
                progress.advance(task)

            try:
                grade(self.intake.submissions, self.judge, self.kept, jobs=jobs, on_graded=on_graded)
            except KeyboardInterrupt:
                interrupted = True
        self.graded.sort(key=lambda graded: self.intake.submissions.index(graded.submission))
        self._write(finished=len(self.graded) == len(self.intake.submissions))
        return interrupted

    def _write(self, *, finished: bool) -> None:
        self.kept.write(
            self.graded,
            self.intake.unmatched,
            finished,
            seed=self.judge.seed,
            isolation=self.judge.isolation,
            devices=self.judge.devices,
            torch_version=version("torch"),
        )

    def say_what_is_kept(self, console: Console, left: int) -> None:
        """Where the results are, and how to go on with what is left."""
        lines = []
        if left:
            again = "the same command goes on with them" if self.kept.out else "with --out DIR a next run could go on"
            lines.append(f"{left} not reached; {again}")
        if self.kept.out:
            lines.append(f"Results: {self.kept.out / RESULTS}, and a text for each student beside it")
        page = Page(console)
        about = [f"seed {self.judge.seed}", *self.judge.devices, f"isolation {self.judge.isolation[0]}"]
        page.line()
        for line in [*lines, f" {page.marks.dot} ".join(about)]:
            page.line((plain(line), ""))  # uncut: it may be a path to copy
        page.print()


def _example(packs: Packs) -> str:
    return f"{packs.names[0].rpartition('/')[2]}.py" if packs.names else "25-self-attention.py"


def _complain(message: str, status: int) -> int:
    console = Console(stderr=True)
    console.print(f"judge: {plain(message)}", markup=False, highlight=False, emoji=False, soft_wrap=True)
    return status
