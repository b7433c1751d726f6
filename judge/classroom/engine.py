"""Spreads the judging of many solutions over threads; the work itself happens in the workers' processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from judge import __version__
from judge.grading import Judge, Solution
from judge.problems import Problem
from judge.report import Report


@dataclass(frozen=True)
class Engine:
    """How judging is to be done: where, how many at once, how well isolated."""

    devices: Sequence[str]
    jobs: int
    require_isolation: str = "L2"
    cache: Path | None = None

    def judge(self, seed: int, secret: str) -> Judge:
        return Judge(
            devices=self.devices,
            seed=seed,
            secret=secret,
            cache=self.cache,
            require_isolation=self.require_isolation,
            eager=True,
        )


@dataclass(frozen=True)
class Work:
    """One solution to judge for one problem, whoever handed it in."""

    key: str  # what its report is kept under
    problem: Problem
    solution: Solution
    skip: tuple[str, ...] = ()  # kinds of checks that are left out


def judge_all(work: Sequence[Work], judge: Judge, *, jobs: int, on_report: Callable[[Work, Report], None]) -> None:
    """Judges each once, calling `on_report` here in this thread as soon as a report is there.

    After Ctrl-C nothing new is begun and KeyboardInterrupt is raised; what was finished has been handed over.
    """
    stopping = threading.Event()
    pool = ThreadPoolExecutor(jobs, thread_name_prefix="judge")
    try:
        running = {pool.submit(_judge, judge, one, stopping): one for one in work}
        for future in as_completed(running):
            on_report(running[future], future.result())
    finally:
        stopping.set()
        pool.shutdown(wait=False, cancel_futures=True)


def _judge(judge: Judge, work: Work, stopping: threading.Event) -> Report:
    """The report on one solution; where the judge itself failed, that of a second try."""
    report = _try(judge, work)
    return _try(judge, work) if report.verdict == "infra" and not stopping.is_set() else report


def _try(judge: Judge, work: Work) -> Report:
    try:
        return judge.judge(work.problem, work.solution, only=_only(judge, work))
    except Exception as error:  # whatever it is, the rest of the class is graded
        return Report(
            problem=work.problem.slug,
            title=work.problem.title(),
            accepted=False,
            score=0.0,
            verdict="infra",
            devices=list(judge.devices),
            seed=judge.seed,
            isolation=list(judge.isolation),
            seconds=0.0,
            checks=[],
            diagnosis=[],
            file=str(work.solution.path),
            sha256=work.solution.sha256,
            started_at=datetime.now().astimezone().isoformat(timespec="seconds"),
            judge_version=__version__,
            torch_version=version("torch"),
            message=f"{type(error).__name__}: {error}",
        )


def _only(judge: Judge, work: Work) -> list[str] | None:
    """The names of the checks to run; None for all."""
    if not work.skip:
        return None
    return [check.name for check in judge.checks(work.problem) if check.kind not in work.skip]
