"""What is seen on stderr while something long runs: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from judge.report import Report

LINE_SECONDS = 30.0  # after so long a line is due, and after a tenth of the work,
SHORTEST_SECONDS = 5.0  # but not sooner


class Shown:
    """How many of `total` are done, how fast, how long it may still take, and what came of them; a context manager.

    known: how many of them were done before, which took no time.
    """

    def __init__(self, what: str, total: int, *, known: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._errors = errors = Console(stderr=True)
        self._what = what
        self._total = total
        self._done = self._known = known
        self._counted: Counter[str] = Counter()
        self._clock = clock
        self._began = clock()
        self._line_at, self._line_done = self._began, known
        self._live = errors.is_terminal
        numbers = TextColumn("{task.completed}/{task.total}  {task.fields[about]}")
        columns = (TextColumn("{task.description}"), BarColumn(10), numbers)
        self._progress = Progress(*columns, console=errors, disable=not self._live, transient=True)
        self._task = self._progress.add_task(what, total=total, completed=known, about="")

    def __enter__(self) -> Shown:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def advance(self, *counted: str) -> None:
        """One more is done; what is to be counted of it, such as "not accepted"."""
        self._done += 1
        self._counted.update(counted)
        now = self._clock()
        self._progress.update(self._task, completed=self._done, about=self._about(now))
        if not self._live and self._line_is_due(now):
            self._line_at, self._line_done = now, self._done
            percent = 100 * self._done // self._total
            self.say(f"judge: {self._what}: {self._done} of {self._total} ({percent} %), {self._about(now)}")

    def take(self, report: Report) -> None:
        """A report of one more."""
        failed = "not judged" if report.verdict == "infra" else "not accepted"
        self.advance(*([] if report.accepted else [failed]))

    def say(self, line: str) -> None:
        """A line of its own, above the bar."""
        self._errors.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)

    def _line_is_due(self, now: float) -> bool:
        waited = now - self._line_at
        tenth = 10 * (self._done - self._line_done) >= self._total
        return waited >= LINE_SECONDS or (tenth and waited >= SHORTEST_SECONDS)

    def _about(self, now: float) -> str:
        seconds, done = max(now - self._began, 1e-3), self._done - self._known
        parts = [_rate(done / seconds)]
        if self._done < self._total:
            parts.append(f"{_duration(seconds / done * (self._total - self._done))} left")
        return ", ".join([*parts, *(f"{count} {what}" for what, count in sorted(self._counted.items()))])


def _rate(per_second: float) -> str:
    for per, name in ((1, "s"), (60, "min")):
        if per_second * per >= 1:
            return f"{per_second * per:.{0 if per_second * per >= 9.95 else 1}f}/{name}"
    return f"{per_second * 3600:.1f}/h"


def _duration(seconds: float) -> str:
    """As exact as such a guess deserves."""
    for unit, name in ((1, "s"), (60, "min"), (3600, "h")):
        if seconds < 90 * unit:
            return f"{max(1, round(seconds / unit))} {name}"
    return f"{round(seconds / 86400)} days" if seconds >= 2 * 86400 else f"{round(seconds / 3600)} h"
