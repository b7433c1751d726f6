"""What judging costs: a class graded by the judge against the same checks in one warm process without any judge.

    python benchmarks/judging.py [--students 20] [--problems 25 16 ...] [--repeats 3]

Both are measured in this run, in turns; what is printed are ratios of CPU time (all processes together) and of wall
time, median and spread over the repeats. Every student hands in the reference with a comment of their own, so nothing
is judged once for all. Timing checks are left out of the ratio: they are pairs of calls against the reference by their
nature; what they cost is printed beside it. Start-up (importing torch, the reference's own observations) is left out on
both sides and printed by itself.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from judge.examples import draw
from judge.grading import Judge, Solution
from judge.making import derive_seed
from judge.problems import Problem, packs

SEED = 11


def solutions(problem: Problem, students: int) -> list[str]:
    return [f"# student {student}\n{problem.reference}" for student in range(students)]


def floor(names: list[str], students: int) -> None:
    """Runs in a process of its own: every student's checks, one after another, nothing compared; prints seconds."""
    import torch

    from judge.observing import Observer, load_checks
    from judge.observations import encode

    torch.set_num_threads(1)
    torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.1)  # imports what optimizers need, as the nursery has it
    found = packs()
    work = []
    for name in names:
        problem = found.find(name)
        for check in load_checks(problem.checks_source, problem.slug):
            if check.kind != "timing" and check.then is None:
                work.append((problem, check, [dict(seed=derive_seed(SEED, i), arguments=a) for i, a in enumerate(draw(check, SEED))]))
    from judge.making import Make

    tasks = {check.name: check.task(Make(SEED))[0] for _, check, _ in work if check.task}
    folder = tempfile.mkdtemp()
    cpu, wall = time.process_time(), time.perf_counter()
    for name in names:
        problem = found.find(name)
        for source in solutions(problem, students):
            observer = Observer()
            load = dict(op="load", solution=source, checks=problem.checks_source, forbids=[], requires=[], device="cpu")
            next(observer.handle(load))
            for owner, check, runs in work:
                if owner.slug == problem.slug:
                    request = dict(op="observe", check=check.name, dtype="float32", runs=runs, folder=folder)
                    if check.task:
                        request["given"] = tasks[check.name]
                    for answer in observer.handle(request):
                        encode(answer)
    print(json.dumps({"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}))


class CpuOfAll(threading.Thread):
    """CPU time of this process and of all below it, also of workers that came and went."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: dict[tuple[int, float], float] = {}
        self.peak = 0
        self.stop = threading.Event()

    def run(self) -> None:
        while not self.stop.is_set():
            self.look()
            time.sleep(0.01)

    def look(self) -> None:
        memory = 0
        for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
            try:
                times = process.cpu_times()
                self.seen[process.pid, process.create_time()] = times.user + times.system
            except psutil.Error:
                continue
        self.peak = max(self.peak, memory)

    def total(self) -> float:
        return sum(self.seen.values())


def judged(problems: list[Problem], students: int, judge: Judge, jobs: int, timing: bool) -> dict[str, float]:
    from concurrent.futures import ThreadPoolExecutor

    def one(problem: Problem, source: str) -> None:
        only = [check.name for check in judge.checks(problem) if (check.kind == "timing") == timing]
        report = judge.judge(problem, Solution.from_text(source), only=only, shrink=False)
        assert report.accepted or timing, report

    watch = CpuOfAll()
    watch.look()
    before, wall = watch.total(), time.perf_counter()
    own = resource.getrusage(resource.RUSAGE_SELF)
    watch.start()
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(lambda pair: one(*pair), [(p, s) for p in problems for s in solutions(p, students)]))
    watch.stop.set()
    watch.join()
    del own
    return {"cpu": watch.total() - before, "wall": time.perf_counter() - wall}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--problems", nargs="*")
    parser.add_argument("--floor", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    found = packs()
    names = arguments.problems or [name for name in found.names]
    if arguments.floor:
        floor(names, arguments.students)
        return
    problems = [found.find(name) for name in names]
    rows = []
    with tempfile.TemporaryDirectory() as cache, Judge(devices=["cpu"], seed=SEED, cache=Path(cache), eager=True) as judge:
        began = time.perf_counter()
        judged(problems, 1, judge, 1, False)  # the reference's observations
        print(f"first student (with the reference's observations): {time.perf_counter() - began:.1f} s")
        for _ in range(arguments.repeats):
            command = [sys.executable, __file__, "--floor", "--students", str(arguments.students), "--problems", *names]
            base = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            alone = judged(problems, arguments.students, judge, 1, False)
            together = judged(problems, arguments.students, judge, arguments.jobs, False)
            rows.append((alone["wall"] / base["wall"], together["wall"] * arguments.jobs / base["wall"], base["wall"]))
            print(f"floor {base['wall']:.1f} s, judge with 1 job {alone['wall']:.1f} s, with {arguments.jobs} jobs {together['wall']:.1f} s")
        timed = judged(problems, 3, judge, 1, True)
    for title, column in (("1 job: wall / floor", 0), (f"{arguments.jobs} jobs: wall x jobs / floor", 1)):
        values = sorted(row[column] for row in rows)
        print(f"{title}: median {statistics.median(values):.2f} (from {values[0]:.2f} to {values[-1]:.2f})")
    print(f"timing checks: {timed['wall'] / 3:.1f} s a student for {len(problems)} problems")


if __name__ == "__main__":
    main()
