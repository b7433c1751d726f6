"""judge attempt --watch: a report below the last at every save."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from judge.cli.options import JUDGE_FAILED, exit_status, say, stderr, stdout
from judge.practice.desk import shown
from judge.problems import Problem
from judge.report import CheckResult, Report
from judge.report.page import NEUTRAL, Page

if TYPE_CHECKING:
    from judge.grading import Judge, Solution


def watch_file(
    judge: Judge,
    problem: Problem,
    file: Path,
    finish: Callable[[Report, Solution], None],
    *,
    just_written: bool,
    plain: bool,
    options: Mapping[str, Any],
) -> int:
    """Judges the file as it is and at every save, until Ctrl-C; the exit status is that of the last report.

    finish: keeps and prints a report. just_written: the file is the stub, of which nothing need be said. plain: nothing
    but reports on stdout. options: of `Judge.judge`. Raises KeyboardInterrupt when there was no report.
    """
    from judge.practice.watching import Broke, Checked, Gone, Judged, Saved, Watch

    status: int | None = None
    last: Report | None = None
    untouched = problem.stub if just_written else None
    with (
        Watch(judge, problem, file, untouched=untouched, **options) as watch,
        contextlib.suppress(KeyboardInterrupt),
        _live(problem) as live,
    ):
        if just_written:
            live.wait(file)
        for event in watch.events():
            if isinstance(event, Saved):
                live.begin()
            elif isinstance(event, Checked):
                live.add(event.check)
            elif isinstance(event, Judged):
                live.end()
                status = exit_status(event.report)  # before it is printed: Ctrl-C may come while it is
                if not plain:
                    _rule(event.report, last)
                finish(event.report, event.solution)
                last = event.report
                live.wait(file)
            elif isinstance(event, Gone):
                live.end()
                say(f"{shown(file)} is gone; waiting until it is back")
            elif isinstance(event, Broke):
                live.end()
                _explain(event.error)
                status = JUDGE_FAILED
                live.wait(file)
    if status is None:
        raise KeyboardInterrupt
    return status


def _rule(report: Report, last: Report | None) -> None:
    """The line between two reports: the time, and what has become of the score."""
    from judge.report.telling import score_text

    page = Page(stdout())
    told = [f"{datetime.now():%H:%M:%S}"]
    if last is not None and report.score != last.score:
        told.append(f"{score_text(last.score)} {page.marks.arrow} {score_text(report.score)}")
    dash = page.marks.line
    text = f"{dash * 2} {f' {page.marks.dot} '.join(told)} "
    page.line()
    page.line((text + dash * (page.width - len(text)), "dim"))
    page.line()
    page.print()


def _explain(error: Exception) -> None:
    from judge.cli.app import explain  # here, since it needs this module

    say(f"judge: {explain(error)[1]}")


class _Live:
    """What is going on, in the last line of a terminal; nothing where nobody watches."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._console = stderr()
        self._status = self._console.status("") if self._console.is_terminal else None
        self._checks: list[CheckResult] = []

    def begin(self) -> None:
        """Something is judged from now on."""
        self._checks = []
        if self._status is not None:
            self._status.update(f"{self._problem.slug}: judging")
            self._status.start()

    def add(self, check: CheckResult) -> None:
        """A check is done."""
        self._checks.append(check)
        failing = [check.name for check in self._checks if check.verdict not in ("passed", *NEUTRAL)]
        if self._status is not None:
            told = f"; failing: {', '.join(failing)}" if failing else ""
            line = f"{self._problem.slug}: {len(self._checks)} checks done{told}"
            self._status.update(line[: self._console.width - 3])

    def end(self) -> None:
        """Nothing is judged any more."""
        if self._status is not None:
            self._status.stop()

    def wait(self, file: Path) -> None:
        """Says what comes next."""
        if self._status is not None:
            line = f"Watching {shown(file)}: judged at every save; Ctrl-C ends"
            self._console.print(f"\n{line}", style="dim", markup=False, soft_wrap=True)


@contextmanager
def _live(problem: Problem) -> Iterator[_Live]:
    live = _Live(problem)
    try:
        yield live
    finally:
        live.end()
