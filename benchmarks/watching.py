"""How long a report takes to come after a save, while `judge attempt --watch` runs.

    python benchmarks/watching.py [--problem 25] [--saves 7] [--spawn]

A right solution and a wrong one are saved in turns, each time with another comment. Printed are median and range of:
the time from the save to the report; the time that its checks took in the solution's process, as the report tells it;
the difference, which is the judge's own; and the CPU time that the judge's process spent, which a busy machine changes
less. --spawn: workers are new processes, as on a Mac.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from judge.grading import Judge
from judge.practice.watching import Event, Judged, Watch
from judge.problems import packs
from judge.report import Report

SEED = 7
IDLE_SECONDS = 3.0  # between two saves: a person is slower, and spawned workers need more


def save(file: Path, source: str) -> None:
    partial = file.with_suffix(".new")
    partial.write_text(source)
    os.replace(partial, file)


def next_report(events: Iterator[Event]) -> Report:
    return next(event.report for event in events if isinstance(event, Judged))


def shown(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):5.2f} ({min(seconds):.2f} to {max(seconds):.2f})"


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    arguments.add_argument("--problem", default="25")
    arguments.add_argument("--saves", type=int, default=7)
    arguments.add_argument("--spawn", action="store_true")
    given = arguments.parse_args()
    problem = packs().find(given.problem)
    sources = {"right": problem.reference, "wrong": problem.mistakes[0].source}
    measured: dict[str, list[tuple[float, float, float]]] = {name: [] for name in sources}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "solution.py"
        save(file, "# nothing yet\n" + problem.reference)
        with (
            Judge(devices=["cpu", "sim"], seed=SEED, cache=Path(folder) / "cache", spawn=given.spawn) as judge,
            Watch(judge, problem, file, skip_costly=True) as watch,
        ):
            events = watch.events()
            next_report(events)
            time.sleep(5 * IDLE_SECONDS)  # the known mistakes are observed, once
            for number in range(given.saves):
                for name, source in sources.items():
                    time.sleep((4 if given.spawn else 1) * IDLE_SECONDS)
                    cpu, wall = time.process_time(), time.perf_counter()
                    save(file, f"# {number}\n{source}")
                    report = next_report(events)
                    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
                    measured[name].append((wall, sum(check.seconds for check in report.checks), cpu))
    print(f"{problem.slug}, {given.saves} saves each, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for name, rows in measured.items():
        walls, owns, cpus = (list(column) for column in zip(*rows, strict=True))
        rests = [wall - own for wall, own in zip(walls, owns, strict=True)]
        print(f"{name}: save to report {shown(walls)} s, its checks {shown(owns)} s")
        print(f"       the judge's own {shown(rests)} s, CPU of its process {shown(cpus)} s")


if __name__ == "__main__":
    main()
