"""What is killed or starved for somebody else's doing is tried again, alone, before it counts."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from judge import subjects
from judge.grading import Judge, Solution
from judge.memory import Memory
from judge.problems import Problem, packs
from judge.report import Report
from judge.sandbox.host import Nursery, Worker
from judge.sandbox.limits import Limits

PACK = Path(__file__).parents[1] / "hostile/pack"
RIGHT = Solution.read(PACK / "reference/normalise/solution.py")
SLEEPS = Solution.from_text("import time\n\ndef normalise(x):\n    time.sleep(60)\n")
KILLS_ITSELF = Solution.from_text("import os, signal\n\ndef normalise(x):\n    os.kill(os.getpid(), signal.SIGKILL)\n")


@pytest.fixture(scope="module")
def pack_problem() -> Problem:
    return packs([PACK]).find("normalise")


@pytest.fixture(scope="module")
def one_for_all() -> Iterator[Judge]:
    with Judge(devices=["cpu"], seed=3, secret="of the tests") as judge:
        yield judge


@pytest.fixture
def judge(one_for_all: Judge) -> Judge:
    """A judge that remembers nothing yet."""
    judge = one_for_all.reseeded(3)
    judge.memory = Memory(None)
    return judge


@pytest.fixture
def before_asking(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Worker], None]], None]:
    """Has something done right before a worker is asked for the first observation."""

    def install(action: Callable[[Worker], None]) -> None:
        ask = subjects._ask
        done = []

        def first_acting(worker: Worker, *arguments: Any, **named: Any) -> Any:
            if not done:
                done.append(True)
                action(worker)
            return ask(worker, *arguments, **named)

        monkeypatch.setattr(subjects, "_ask", first_acting)

    return install


def process(worker: Worker) -> psutil.Process:
    assert worker._process is not None
    return worker._process


def judged(judge: Judge, problem: Problem, solution: Solution, *checks: str) -> Report:
    return judge.judge(problem, solution, only=checks or None, shrink=False)


def test_a_worker_that_somebody_killed_is_asked_again(judge, pack_problem, before_asking) -> None:
    before_asking(lambda worker: process(worker).kill())
    assert judged(judge, pack_problem, RIGHT).verdict == "passed"


def test_a_reference_that_somebody_killed_is_not_remembered_as_broken(judge, pack_problem, monkeypatch) -> None:
    load = subjects.Subject._load
    killed = []

    def kills_the_first_trusted(self: subjects.Subject, worker: Worker) -> Any:
        fault = load(self, worker)
        if "mean" in self._source and not self._forbids and not killed:
            killed.append(True)
            process(worker).kill()
        return fault

    monkeypatch.setattr(subjects.Subject, "_load", kills_the_first_trusted)
    assert judged(judge, pack_problem, RIGHT).verdict == "passed"
    assert killed
    assert judged(judge, pack_problem, RIGHT).verdict == "passed"


def test_a_nursery_that_somebody_killed_is_replaced(judge, pack_problem, before_asking) -> None:
    lost: Nursery = judge.nursery("cpu")

    def kill_all(worker: Worker) -> None:
        for one in [*psutil.Process(lost._process.pid).children(recursive=True), psutil.Process(lost._process.pid)]:
            one.kill()

    before_asking(kill_all)
    assert judged(judge, pack_problem, RIGHT).verdict == "passed"
    assert judge.nursery("cpu") is not lost
    assert not Path(lost.folder).exists()


def test_a_solution_that_kills_itself_is_told_so(judge, pack_problem) -> None:
    report = judged(judge, pack_problem, KILLS_ITSELF, "keeps_the_shape")
    assert report.verdict == "crashed"
    assert "SIGKILL" in str(report.checks)


def test_what_had_no_core_is_judged_again_alone(judge, pack_problem, monkeypatch) -> None:
    """Four times as many busy processes as cores, all of a higher priority than the worker."""
    monkeypatch.setattr(subjects, "Limits", partial(Limits, wall_seconds=1.0))
    assert RIGHT.source is not None
    computes = Solution.from_text(
        RIGHT.source.replace("    centred", "    while time.process_time() < 2:\n        pass\n    centred", 1)
        + "\n\nimport time\n"
    )
    alone: list[bool] = []
    starved = Worker._starved

    def noting(self: Worker, wall: float) -> bool:
        alone.append(judge.machine._taken)
        return starved(self, wall)

    monkeypatch.setattr(Worker, "_starved", noting)
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4 * (os.cpu_count() or 1))]

    def calm_down() -> None:
        for one in busy:
            one.kill()
            one.wait()

    ask = subjects._ask

    def ask_slowly_at_first(worker: Worker, *arguments: Any, **named: Any) -> Any:
        if alone:
            calm_down()
        else:
            process(worker).nice(10)
        return ask(worker, *arguments, **named)

    monkeypatch.setattr(subjects, "_ask", ask_slowly_at_first)
    try:
        report = judged(judge, pack_problem, computes, "keeps_the_shape")
    finally:
        calm_down()
    assert alone == [False]  # it ran into the limit once, beside others
    assert report.verdict == "passed", report


def test_what_sleeps_is_not_judged_twice(judge, pack_problem, monkeypatch) -> None:
    if not Path("/proc/self/schedstat").exists():
        pytest.skip("this system does not tell how long a process waited for a core")
    monkeypatch.setattr(subjects, "Limits", partial(Limits, wall_seconds=0.5))
    began = time.monotonic()
    report = judged(judge, pack_problem, SLEEPS, "keeps_the_shape")
    assert report.verdict == "timeout"
    assert "waits for something" in str(report.checks)
    assert time.monotonic() - began < 30


def test_a_doubtful_stop_counts_when_it_comes_again(judge, pack_problem, monkeypatch) -> None:
    observe = subjects.Subject.observe
    alone: list[bool] = []

    def never(self: subjects.Subject, *arguments: Any, **named: Any) -> list[subjects.Seen]:
        if not self._forbids:  # the reference
            return observe(self, *arguments, **named)
        alone.append(judge.machine._taken)
        return [subjects.Seen(None, stopped=("timeout", "took more than 30 s"), doubtful=True)]

    monkeypatch.setattr(subjects.Subject, "observe", never)
    report = judged(judge, pack_problem, RIGHT, "keeps_the_shape")
    assert report.verdict == "timeout"
    assert alone == [False, True]
