"""What a large class costs: CPU time a submission, and how fast one driver can hand out work and keep reports.

    python benchmarks/scaling.py [--problems 25 16 ...] [--submissions 2] [--timing] [--ray]

Half of the submissions are right, half are known mistakes, each with a comment of its own, so nothing is judged once
for all. Judged on the CPU and the simulated accelerator as `judge grade` does by default, without timing checks unless
asked for. What is printed is CPU time (the judge, its nursery and all workers), so a busy machine does not matter much.
Then what the driver does for each report: reading and checking it, committing it to a gradebook on this disk, and with
--ray the call to another process. From both follows how many cores one driver keeps busy, and how long classes take.
"""

from __future__ import annotations

import argparse
import logging
import os
import queue
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from judging import cpu_of_all

from judge.classroom.engines import Work
from judge.classroom.engines.parcel import pack_problem, pack_work
from judge.classroom.gradebook import Gradebook
from judge.grading import Judge, Solution
from judge.problems import Problem, packs
from judge.report import Report
from judge.report.json import from_exact, to_exact

SEED = 11
SOME = ["03", "11", "16", "22", "25", "30", "36", "41"]  # cheap and costly ones
AT_LEAST = 1000  # reports committed and calls made


def submissions(problem: Problem, wanted: int) -> dict[str, list[Solution]]:
    """So many right and so many wrong ones."""
    wrong = [mistake.source for mistake in problem.mistakes] or [problem.stub]

    def made(kind: str, source: str, number: int) -> Solution:
        return Solution.from_text(f"# {kind} {number}\n{source}")

    return {
        "right": [made("right", problem.reference, number) for number in range(wanted)],
        "wrong": [made("wrong", wrong[number % len(wrong)], number) for number in range(wanted)],
    }


def judged(judge: Judge, problem: Problem, solutions: list[Solution], timing: bool) -> tuple[float, list[Report]]:
    """CPU seconds a submission, and the reports."""
    names = [check.name for check in judge.checks(problem) if timing or check.kind != "timing"]
    before = cpu_of_all()
    reports = [judge.judge(problem, one, only=names) for one in solutions]
    return (cpu_of_all() - before) / len(solutions), reports


def per_second(step: Callable[[int], object], count: int) -> float:
    """How many steps in a second of wall-clock time, while nothing else is done here."""
    began = time.perf_counter()
    for number in range(count):
        step(number)
    return count / (time.perf_counter() - began)


def cpu_ms(step: Callable[[int], object], count: int) -> float:
    """CPU time of this process for one step, in ms."""
    began = time.process_time()
    for number in range(count):
        step(number)
    return 1000 * (time.process_time() - began) / count


def calls_through_ray(task: bytes, report: bytes) -> tuple[float, float]:
    """A task out and a report back, 64 at a time: the driver's CPU ms for each, and how many a second."""
    # It tells nobody, and leaves no token in the home folder.
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    import ray

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    try:

        class Echo:
            def judge(self, task: bytes) -> bytes:
                return report

        actor = ray.remote(Echo).options(max_concurrency=8).remote()
        ray.get(actor.judge.remote(task))
        finished: queue.SimpleQueue[object] = queue.SimpleQueue()

        def ask(_: int) -> None:
            actor.judge.remote(task).future().add_done_callback(finished.put)

        cpu, wall = time.process_time(), time.perf_counter()
        for number in range(AT_LEAST + 64):
            if number >= 64:
                finished.get()
            if number < AT_LEAST:
                ask(number)
        return 1000 * (time.process_time() - cpu) / AT_LEAST, AT_LEAST / (time.perf_counter() - wall)
    finally:
        ray.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", nargs="*", default=SOME)
    parser.add_argument(
        "--submissions", type=int, default=2, help="right ones, and as many wrong ones, of each problem"
    )
    parser.add_argument("--timing", action="store_true", help="timing checks too")
    parser.add_argument("--ray", action="store_true", help="calls through Ray too; needs the extra ray")
    arguments = parser.parse_args()
    problems = [packs().find(name) for name in arguments.problems]

    print("CPU seconds        first   right   wrong   report   parcel")
    costs: list[float] = []
    firsts: list[float] = []
    reports: list[Report] = []
    with (
        tempfile.TemporaryDirectory() as cache,
        Judge(devices=["cpu", "sim"], seed=SEED, secret="x", cache=Path(cache), eager=True) as judge,
    ):
        for problem in problems:
            first = judged(judge, problem, [Solution.from_text(problem.reference)], arguments.timing)[0]
            found = {
                kind: judged(judge, problem, some, arguments.timing)
                for kind, some in submissions(problem, arguments.submissions).items()
            }
            right, wrong = found["right"][0], found["wrong"][0]
            new = found["right"][1] + found["wrong"][1]
            kib = statistics.mean(len(to_exact(one)) for one in new) / 1024
            parcel = len(pack_problem(problem)) / 1024
            name = problem.slug[:16]
            print(f"{name:16} {first:7.1f} {right:7.1f} {wrong:7.1f} {kib:5.1f} KiB {parcel:4.0f} KiB", flush=True)
            costs.append((right + wrong) / 2)
            firsts.append(first - right)
            reports += new
    cost = statistics.mean(costs)
    print(f"mean: {cost:.2f} s a submission, and {statistics.mean(firsts):.2f} s once a problem on each node")

    texts = [to_exact(one) for one in reports]
    task = pack_work(Work("", problems[0], Solution.from_text(problems[0].reference)))
    with tempfile.TemporaryDirectory(dir=".") as folder, Gradebook(Path(folder)) as book:
        reading = cpu_ms(lambda number: from_exact(texts[number % len(texts)]), AT_LEAST)
        keeping = cpu_ms(lambda number: book.keep(f"a{number}", reports[number % len(reports)]), AT_LEAST)
        commits = per_second(lambda number: book.keep(f"b{number}", reports[number % len(reports)]), AT_LEAST)
    print(f"reading a report {reading:.2f} ms, keeping it {keeping:.2f} ms of CPU; {commits:.0f} commits a second here")
    driver = reading + keeping
    if arguments.ray:
        calling, calls = calls_through_ray(task, texts[0].encode())
        print(f"a call through Ray: {calling:.2f} ms of the driver's CPU; {calls:.0f} a second")
        driver += calling
    most = 1000 / driver
    print(f"one driver: {driver:.2f} ms of CPU a submission, so {most:.0f} a second, from {most * cost:.0f} cores")

    print("\nstudents x problems   core-hours   1 core    100 cores   10,000 cores and one driver")
    for students, each in ((30, 5), (300, 10), (3000, 10), (30000, 10)):
        number = students * each
        seconds = number * cost
        many = max(seconds / 10000, number / most)
        row = f"{students:8} x {each:<9} {seconds / 3600:10.1f} {seconds / 3600:8.1f} h"
        print(f"{row} {seconds / 100 / 60:8.1f} min {many / 60:8.2f} min")


if __name__ == "__main__":
    main()
