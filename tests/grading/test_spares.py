"""Workers that wait for the next solution."""

import contextlib
import threading
import time
from threading import Event

import psutil
import pytest

from judge.grading import Judge, Solution
from judge.sandbox.host import Cancelled
from judge.spares import Spares
from tests.grading.conftest import EXAMPLE, SEED, without_times

NAMES = ["keeps_the_shape", "attends_where_it_may"]


def running() -> set[int]:
    """The processes below this one that have not ended."""
    found = set()
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:
                found.add(process.pid)
    return found


def test_a_solution_is_judged_in_them_as_in_any_other(engine, problem):
    wrong = Solution.from_text(EXAMPLE.replace("* q.size(-1) ** -0.5", ""))
    usual = engine.judge(problem, wrong, only=NAMES)
    with Spares(engine.nursery, problem, engine.devices) as spares:
        spares.refill()
        assert without_times(engine.judge(problem, wrong, only=NAMES, spares=spares)) == without_times(usual)


def test_one_that_has_died_is_left_out(engine, problem):
    with Spares(engine.nursery, problem, ["cpu"]) as spares:
        spares.refill()
        first = spares.take("cpu", Event())
        second = spares._waiting["cpu"][0].result()
        second._process.kill()
        while second._process.is_running() and second._process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.02)
        assert first is not None
        assert spares.take("cpu", Event()) is None
        first.close()


def test_where_workers_are_spawned_they_are_ready_too(problem):
    with (
        Judge(devices=["cpu"], seed=SEED, spawn=True) as judge,
        Spares(judge.nursery, problem, ["cpu"]) as spares,
    ):
        spares.refill()
        judge.judge(problem, Solution.from_text(EXAMPLE), only=NAMES[:1], spares=spares)  # waits for them
        spares.refill()
        worker = spares.take("cpu", Event())
        assert worker is not None
        assert worker.idle
        worker.close()


def test_cancelling_ends_an_attempt_and_its_processes(engine, problem):
    source = EXAMPLE.replace("B, T, E = x.shape", "import time; time.sleep(60)", 1)
    cancelled, caught = Event(), []
    _ = engine.isolation
    before = running()

    def attempt() -> None:
        try:
            engine.judge(problem, Solution.from_text(source), cancelled=cancelled)
        except Cancelled as error:
            caught.append(error)

    thread = threading.Thread(target=attempt)
    thread.start()
    while not running() - before:
        time.sleep(0.02)
    cancelled.set()
    thread.join(10)
    assert caught
    assert running() <= before


def test_what_is_cancelled_before_it_starts_runs_nothing(engine, problem):
    cancelled = Event()
    cancelled.set()
    with pytest.raises(Cancelled):
        engine.judge(problem, Solution.from_text(EXAMPLE), cancelled=cancelled)
