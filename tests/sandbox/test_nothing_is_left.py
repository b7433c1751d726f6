"""All processes and folders are gone when the judge ends, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

PROGRAM = """
import sys, time
sys.path.insert(0, {here!r})
from judge.sandbox.host import Nursery
nursery = Nursery.start("probe:Probe", preload=["probe"], later=[])
worker = nursery.worker()
worker.send(dict(op="run", code="while True: pass"))
try:
    print(nursery.folder, flush=True)
    worker.receive(cpu_seconds=60)
finally:
    worker.close()
    nursery.close()
"""


def descendants(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_nothing_runs_on_when_the_judge_is_stopped(how: signal.Signals) -> None:
    program = PROGRAM.format(here=str(Path(__file__).parent))
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as judge:
        assert judge.stdout is not None
        folder = judge.stdout.readline().strip()
        family = descendants(judge.pid)
        assert len(family) >= 2  # a nursery and a worker that computes for ever
        os.kill(judge.pid, how)
        judge.wait(timeout=20)
    deadline = time.monotonic() + 10
    while any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in family):
        assert time.monotonic() < deadline, f"still running: {family}"
        time.sleep(0.05)
    if how == signal.SIGINT:
        assert not Path(folder).exists()
