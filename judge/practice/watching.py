"""The loop of editing: a file that is judged each time it is saved.

    with Watch(judge, problem, file) as watch:
        for event in watch.events():
            ...

Three threads: one looks at the file, one judges, and the caller's receives what happened, so that only the caller
prints and Ctrl-C reaches it at once. A save while something is judged cancels that and starts again. Between two saves
the judge prepares: the reference and the known mistakes are observed, and workers wait for the next solution.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import watchfiles

from judge.grading import Judge, Solution
from judge.problems import Problem
from judge.report import CheckResult, Report
from judge.sandbox.host import Cancelled
from judge.spares import Spares

STEP_MS = 25  # a save is over when nothing has happened for so long: editors write in several steps
LOOK_MS = 1000  # how often the file is looked at anyway: network drives tell nothing, and a folder may be replaced
SETTLED_SECONDS = 0.25  # how long a file may be missing or empty while it is saved
GONE = "there is no such file"


@dataclass(frozen=True)
class Saved:
    """The file has a new content, which is judged from now on."""

    solution: Solution


@dataclass(frozen=True)
class Gone:
    """The file was deleted or renamed."""


@dataclass(frozen=True)
class Checked:
    """A check of the latest content is done."""

    check: CheckResult


@dataclass(frozen=True)
class Judged:
    """The report of the latest content."""

    report: Report
    solution: Solution


@dataclass(frozen=True)
class Broke:
    """The judge failed, or the problem's own files are broken."""

    error: Exception


Event = Saved | Gone | Checked | Judged | Broke


class Watch:
    """Judges a file whenever its content changes; a context manager.

    untouched: the content that need not be judged at first: that of a stub just written. options: of `Judge.judge`.
    """

    def __init__(
        self, judge: Judge, problem: Problem, file: Path, *, untouched: str | None = None, **options: Any
    ) -> None:
        self._judge = judge
        self._problem = problem
        self._file = file
        self._untouched = untouched
        self._options = options
        self._events: queue.SimpleQueue[tuple[threading.Event | None, Event]] = queue.SimpleQueue()
        self._spares = Spares(judge.nursery, problem, judge.devices)
        self._judging = ThreadPoolExecutor(1, thread_name_prefix="judging")
        self._looking = threading.Thread(target=self._look, name="looking", daemon=True)
        self._closed = threading.Event()
        self._cancelled = threading.Event()  # of the solution being judged
        self._failed: list[str] = []  # checks that failed the last time: they come first

    def __enter__(self) -> Watch:
        self._looking.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._cancelled.set()
        self._judging.shutdown(cancel_futures=True)
        self._spares.__exit__(kind, error, trace)
        self._looking.join()

    def events(self) -> Iterator[Event]:
        """What happens, for ever; nothing of an attempt that was cancelled comes after its successor's Saved."""
        while True:
            cancelled, event = self._events.get()
            if cancelled is not None and cancelled.is_set():
                continue
            if isinstance(event, Saved | Gone):
                self._cancelled.set()
                self._cancelled = threading.Event()
            if isinstance(event, Saved):
                known, self._untouched = event.solution.source == self._untouched, None
                self._judging.submit(self._prepare if known else self._attempt, event.solution, self._cancelled)
                if known:
                    continue
            yield event

    # ------------------------------------------------------------------------------------------------- looking

    def _look(self) -> None:
        for solution in saves(self._file, self._closed):
            self._cancelled.set()
            self._events.put((None, Gone() if solution.fault == GONE else Saved(solution)))

    # ------------------------------------------------------------------------------------------------- judging

    def _attempt(self, solution: Solution, cancelled: threading.Event) -> None:
        try:
            report = self._judge.judge(
                self._problem,
                solution,
                first=self._failed,
                spares=self._spares,
                cancelled=cancelled,
                on_check=lambda check: self._events.put((cancelled, Checked(check))),
                **self._options,
            )
        except Cancelled:
            return
        except Exception as error:
            self._events.put((cancelled, Broke(error)))
            return
        if report.checks and not report.message:
            passing = ("passed", "not judged", "skipped")
            self._failed = [check.name for check in report.checks if check.verdict not in passing]
        self._events.put((cancelled, Judged(report, solution)))
        self._prepare(solution, cancelled)

    def _prepare(self, solution: Solution, cancelled: threading.Event) -> None:
        """Does what the next attempt would otherwise wait for."""
        self._spares.refill()
        # It leaves the spares alone. What goes wrong here is told by the next report, if it still does then.
        with contextlib.suppress(Cancelled, Exception):
            self._judge.attempt(self._problem, solution, cancelled=cancelled).warm()


def saves(file: Path, stop: threading.Event) -> Iterator[Solution]:
    """What is in a file, first as it is and then whenever its content has changed, until `stop` is set.

    A file that is missing is a Solution with the fault GONE. Editors that rename, or write more than once, count once.
    """
    last: tuple[str | None, str | None] | None = None
    for _ in _moments(file, stop):
        solution = _settled(file, stop)
        what = solution.sha256, solution.fault
        if what != last:
            last = what
            yield solution


def _moments(file: Path, stop: threading.Event) -> Iterator[None]:
    """Times to look at a file: after each change, and now and then."""
    while not stop.is_set():
        yield
        folder = _identity(file.parent)
        try:
            changes = watchfiles.watch(
                file.parent,
                watch_filter=lambda change, path: Path(path).name == file.name,
                recursive=False,
                step=STEP_MS,
                stop_event=stop,
                rust_timeout=LOOK_MS,
                yield_on_timeout=True,
                raise_interrupt=False,
            )
            for _ in changes:
                yield
                if _identity(file.parent) != folder:
                    break  # the folder is another one now, of which nobody would tell
        except OSError:  # there is no folder, or the system can watch no more of them
            stop.wait(SETTLED_SECONDS)


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _settled(file: Path, stop: threading.Event) -> Solution:
    """The file's content; where it is missing or empty, what it is a moment later."""
    deadline = time.monotonic() + SETTLED_SECONDS
    while True:
        solution = Solution.read(file, root=file.absolute().parent)
        unfinished = solution.source is None and (solution.fault == GONE or "empty" in (solution.fault or ""))
        if not unfinished or time.monotonic() > deadline or stop.wait(STEP_MS / 1000):
            return solution
