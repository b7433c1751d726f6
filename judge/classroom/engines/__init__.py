"""Engines spread the judging of many solutions: local.py over this machine's cores, ray.py over a cluster's nodes.

An engine is started with the class's seed and secret; what that gives, a `Judging`, takes `Work` and hands every report
over in the caller's thread. node.py is what runs on each node of a cluster, parcel.py how a problem gets there.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Protocol

from judge import __version__
from judge.classroom.stopping import Stop
from judge.grading import Judge, Solution
from judge.problems import Problem
from judge.report import Report


@dataclass(frozen=True)
class Work:
    """One solution to judge for one problem, whoever handed it in."""

    key: str  # what its report is kept under
    problem: Problem
    solution: Solution
    skip: tuple[str, ...] = ()  # kinds of checks that are left out


class UnusableEngine(ValueError):
    """What is to do the judging cannot be used; the message says what to do."""


OnReport = Callable[[Work, Report], None]


class Judging(Protocol):
    """Judges that have started."""

    @property
    def isolation(self) -> list[str]:
        """The level of isolation, then the layers it is made of; of the weakest machine that judges."""

    def judge_all(self, work: Sequence[Work], on_report: OnReport, stop: Stop) -> None:
        """Judges each once, calling `on_report` here in this thread as soon as a report is there.

        Once `stop` is wanted nothing new is begun, and this returns when all that was begun is handed over.
        KeyboardInterrupt ends it at once; what was finished has been handed over.
        """


@dataclass(frozen=True)
class Engine(ABC):
    """How judging is to be done: where, how many at once, how well isolated."""

    devices: Sequence[str]
    jobs: int | None = None  # at the same time on one machine; None: one for each CPU
    require_isolation: str = "L2"

    @abstractmethod
    def start(self, seed: int, secret: str) -> AbstractContextManager[Judging]:
        """Judges for a class with this seed and secret.

        Raises TooWeak where solutions would be isolated less than required, Infrastructure where nothing starts, and
        UnusableEngine.
        """


def judge_one(judge: Judge, work: Work, stopping: threading.Event) -> Report:
    """The report on one solution; where the judge itself failed, that of a second try."""
    report = _try(judge, work)
    return _try(judge, work) if report.verdict == "infra" and not stopping.is_set() else report


def _try(judge: Judge, work: Work) -> Report:
    try:
        return judge.judge(work.problem, work.solution, only=_only(judge, work))
    except Exception as error:  # whatever it is, the rest of the class is graded
        return failed(work, f"{type(error).__name__}: {error}", judge.devices, judge.seed, judge.isolation)


def failed(work: Work, message: str, devices: Sequence[str], seed: int, isolation: Sequence[str]) -> Report:
    """The report that says that the judge itself failed, which is no grade."""
    return Report(
        problem=work.problem.slug,
        title=work.problem.title(),
        accepted=False,
        score=0.0,
        verdict="infra",
        devices=list(devices),
        seed=seed,
        isolation=list(isolation),
        seconds=0.0,
        checks=[],
        diagnosis=[],
        file=str(work.solution.path),
        sha256=work.solution.sha256,
        started_at=datetime.now().astimezone().isoformat(timespec="seconds"),
        judge_version=__version__,
        torch_version=version("torch"),
        message=message,
    )


def _only(judge: Judge, work: Work) -> list[str] | None:
    """The names of the checks to run; None for all."""
    if not work.skip:
        return None
    return [check.name for check in judge.checks(work.problem) if check.kind not in work.skip]
