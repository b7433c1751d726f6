"""Spreads the judging of many submissions over threads; the work itself happens in the workers' processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime
from importlib.metadata import version

import msgspec

from judge import __version__
from judge.classroom.intake import Submission
from judge.classroom.results import Graded, Results, key_of
from judge.grading import Judge, Solution
from judge.problems import Problem
from judge.report import Report


def grade(
    submissions: Sequence[Submission],
    judge: Judge,
    kept: Results,
    *,
    jobs: int,
    on_graded: Callable[[Graded], None],
) -> None:
    """Judges each submission once, calling `on_graded` for it here in this thread as soon as its report is there.

    Files with the same content for the same problem share one report, as does what an earlier run finished. After
    Ctrl-C nothing new is begun and KeyboardInterrupt is raised; what was finished has been kept.
    """
    alike: dict[str, list[tuple[Submission, Solution]]] = {}
    for submission in submissions:
        solution = Solution.read(submission.path, root=submission.root)
        key = key_of(submission, solution, judge)
        alike.setdefault(key or f"no content: {submission.path}", []).append((submission, solution))

    def report_on(key: str, report: Report) -> None:
        for submission, solution in alike[key]:
            on_graded(Graded(submission, msgspec.structs.replace(report, file=str(solution.path))))

    for key in [key for key in alike if key in kept.reports]:
        report_on(key, kept.reports[key])
        del alike[key]
    stopping = threading.Event()
    pool = ThreadPoolExecutor(jobs, thread_name_prefix="judge")
    try:
        running = {
            pool.submit(_judge, judge, same[0][0].problem, same[0][1], stopping): (key, same[0][1].sha256 is not None)
            for key, same in alike.items()
        }
        for future in as_completed(running):
            key, has_content = running[future]
            kept.keep(key if has_content else None, future.result())
            report_on(key, future.result())
    finally:
        stopping.set()
        pool.shutdown(wait=False, cancel_futures=True)


def _judge(judge: Judge, problem: Problem, solution: Solution, stopping: threading.Event) -> Report:
    """The report on one solution; where the judge itself failed, that of a second try."""
    report = _try(judge, problem, solution)
    return _try(judge, problem, solution) if report.verdict == "infra" and not stopping.is_set() else report


def _try(judge: Judge, problem: Problem, solution: Solution) -> Report:
    try:
        return judge.judge(problem, solution)
    except Exception as error:  # whatever it is, the rest of the class is graded
        return Report(
            problem=problem.slug,
            title=problem.title(),
            accepted=False,
            score=0.0,
            verdict="infra",
            devices=list(judge.devices),
            seed=judge.seed,
            isolation=list(judge.isolation),
            seconds=0.0,
            checks=[],
            diagnosis=[],
            file=str(solution.path),
            sha256=solution.sha256,
            started_at=datetime.now().astimezone().isoformat(timespec="seconds"),
            judge_version=__version__,
            torch_version=version("torch"),
            message=f"{type(error).__name__}: {error}",
        )
