"""What judging costs: a class graded by the judge against the same checks in one warm process without any judge.

    python benchmarks/judging.py [--students 10] [--repeats 3] [--problems 25 16 ...]

Both sides are measured in this run, in turns, and only ratios are printed: of CPU time (the judge's processes and all
their workers together, against the one process) and of wall time with one job; median and spread over the repeats.
Every student hands in the reference with a comment of their own, so nothing is judged once for all. Left out on both
sides: start-up, the reference's own observations (made once a class) and timing checks, which are pairs of calls
against the reference by their nature; their cost is printed beside it, and so is the memory of nursery and workers.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil

from judge.checks import Check
from judge.examples import draw
from judge.grading import Judge, Solution
from judge.making import Make, derive_seed
from judge.problems import Problem, packs

SEED = 11
MEBIBYTE = 1 << 20


def solutions(problem: Problem, students: int) -> list[str]:
    return [f"# student {student}\n{problem.reference}" for student in range(students)]


def counted(checks: list[Check]) -> list[Check]:
    """The checks that both sides run."""
    return [check for check in checks if check.kind != "timing" and check.then is None]


def floor(handed_in: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """The checks of some solutions, by problem, one after another in this process; CPU and wall seconds."""
    import torch

    from judge.observations import encode
    from judge.observing import Observer, load_checks

    torch.set_num_threads(1)
    problems = [packs().find(name) for name in handed_in]
    requests: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for problem in problems:
            requests[problem.slug] = []
            for check in counted(load_checks(problem.checks_source, problem.slug)):
                runs = [{"seed": derive_seed(SEED, i), "arguments": drawn} for i, drawn in enumerate(draw(check, SEED))]
                request = {"op": "observe", "check": check.name, "dtype": "float32", "runs": runs, "folder": folder}
                if check.task is not None:
                    request["given"] = check.task(Make(SEED))[0]
                requests[problem.slug].append(request)
        cpu, wall = time.process_time(), time.perf_counter()
        for problem, sources in zip(problems, handed_in.values(), strict=True):
            for source in sources:
                observer = Observer()
                load = {"op": "load", "solution": source, "checks": problem.checks_source, "device": "cpu"}
                next(observer.handle(load | {"forbids": [], "requires": []}))
                for request in requests[problem.slug]:
                    for answer in observer.handle(request):
                        encode(answer)
        return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}


def import_optimizers() -> None:
    """What optimizers need, which takes a second at the first one; the nursery has it too."""
    import torch

    torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.1)


def cpu_of_all(process: psutil.Process | None = None) -> float:
    """CPU seconds of a process (this one) and those below it, with the workers that they have reaped."""
    top = process or psutil.Process()
    total = 0.0
    for one in [top, *top.children(recursive=True)]:
        times = one.cpu_times()
        total += times.user + times.system
        if one.pid != os.getpid():
            total += times.children_user + times.children_system
    return total


def judged(
    judge: Judge, problems: list[Problem], students: int, jobs: int, *, timing: bool = False
) -> dict[str, float]:
    """The same by the judge."""

    def one(problem: Problem, source: str) -> None:
        checks = judge.checks(problem)
        chosen = [check for check in checks if check.kind == "timing"] if timing else counted(checks)
        report = judge.judge(problem, Solution.from_text(source), only=[check.name for check in chosen], shrink=False)
        assert report.accepted or timing, report

    cpu, wall = cpu_of_all(), time.perf_counter()
    with ThreadPoolExecutor(jobs) as pool:
        work = [pool.submit(one, problem, source) for problem in problems for source in solutions(problem, students)]
    for future in work:
        future.result()
    return {"cpu": cpu_of_all() - cpu, "wall": time.perf_counter() - wall}


def memory(judge: Judge, problem: Problem) -> float:
    """Proportional set size (shared pages counted once) of the nursery and two workers that hold a solution, MiB."""
    with (
        judge.attempt(problem, Solution.from_text(problem.reference)).candidate("cpu") as one,
        judge.attempt(problem, Solution.from_text(problem.reference)).candidate("cpu") as other,
    ):
        for subject in (one, other):
            subject.load()
            subject.observe(judge.checks(problem)[0], [])
        below = psutil.Process().children(recursive=True)
        return sum(process.memory_full_info().pss for process in below) / MEBIBYTE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--problems", nargs="*", default=packs().names)
    parser.add_argument("--floor", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    problems = [packs().find(name) for name in arguments.problems]
    if arguments.floor:
        import_optimizers()
        print(json.dumps(floor({one.slug: solutions(one, arguments.students) for one in problems})))
        return
    ratios: dict[str, list[float]] = {"cpu, 1 job": [], "wall, 1 job": [], f"cpu, {arguments.jobs} jobs": []}
    with (
        tempfile.TemporaryDirectory() as cache,
        Judge(devices=["cpu"], seed=SEED, cache=Path(cache), eager=True) as judge,
    ):
        judged(judge, problems, 1, 1)  # the reference's observations
        for repeat in range(arguments.repeats):
            command = [sys.executable, __file__, "--floor", "--students", str(arguments.students)]
            printed = subprocess.run([*command, "--problems", *arguments.problems], check=True, stdout=subprocess.PIPE)
            base = json.loads(printed.stdout)
            alone = judged(judge, problems, arguments.students, 1)
            together = judged(judge, problems, arguments.students, arguments.jobs)
            found = (alone["cpu"] / base["cpu"], alone["wall"] / base["wall"], together["cpu"] / base["cpu"])
            for name, ratio in zip(ratios, found, strict=True):
                ratios[name].append(ratio)
            print(f"repeat {repeat + 1}: " + ", ".join(f"{name} {ratios[name][-1]:.2f}" for name in ratios), flush=True)
        timed = judged(judge, problems, 2, 1, timing=True)
        pss = memory(judge, problems[0])
    print("\njudging / the same checks in one warm process")
    for name, values in ratios.items():
        print(f"  {name}: {statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})")
    print(f"timing checks: {timed['cpu'] / 2 / len(problems):.1f} s of CPU time a student and problem")
    print(f"nursery and two workers: {pss:.0f} MiB (proportional set size)")


if __name__ == "__main__":
    main()
