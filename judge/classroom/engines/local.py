"""Judging on this machine: threads that each wait for the workers of one solution."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from judge.classroom.engines import Engine, OnReport, Work, judge_one
from judge.classroom.stopping import TICK, Stop
from judge.grading import Judge
from judge.machine import usable_cpus
from judge.report import Report


@dataclass(frozen=True)
class LocalEngine(Engine):
    """On this machine. cache: a folder for what references were seen to do."""

    cache: Path | None = None

    @contextmanager
    def start(self, seed: int, secret: str) -> Iterator[LocalJudging]:
        with Judge(
            devices=self.devices,
            seed=seed,
            secret=secret,
            cache=self.cache,
            require_isolation=self.require_isolation,
            eager=True,
        ) as judge:
            yield LocalJudging(judge, self.jobs or usable_cpus())


class LocalJudging:
    """One judge, used by several threads."""

    def __init__(self, judge: Judge, jobs: int) -> None:
        self.judge = judge
        self.jobs = jobs

    @property
    def isolation(self) -> list[str]:
        return self.judge.isolation

    def judge_all(self, work: Sequence[Work], on_report: OnReport, stop: Stop) -> None:
        """See Judging."""
        stopping = threading.Event()
        finished: queue.SimpleQueue[Future[Report]] = queue.SimpleQueue()
        pool = ThreadPoolExecutor(self.jobs, thread_name_prefix="judge")
        try:
            left = {pool.submit(judge_one, self.judge, one, stopping): one for one in work}
            for future in left:
                future.add_done_callback(finished.put)
            while left:
                if stop.wanted() and not stopping.is_set():
                    stopping.set()
                    left = {future: one for future, one in left.items() if not future.cancel()}
                try:
                    future = finished.get(timeout=TICK)
                except queue.Empty:
                    continue
                if future in left:  # else it was cancelled
                    on_report(left.pop(future), future.result())
        finally:
            stopping.set()
            pool.shutdown(wait=False, cancel_futures=True)
