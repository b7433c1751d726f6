"""What becomes of grades and of the machine when things go wrong around the judge.

    python benchmarks/under_fire.py kill      [--students 200] [--repetitions 50]
    python benchmarks/under_fire.py overload  [--problems 25 16 ...]
    python benchmarks/under_fire.py soak      [--attempts 1000]

kill: a class is graded while the judge, its nursery or a worker is killed (SIGKILL) at random moments; a judge that was
killed is started again. Every submission must end with the verdict of a quiet run, once, and nothing may run on.
overload: the reference and one mistake of every problem are judged quietly, then with twice as many jobs as there are
cores and two busy processes beside; no verdict may differ.
soak: attempts in a row, some of them hostile; descriptors, processes, shared memory and temporary files must not
grow, nor the memory of judge and nursery.

Each ends with status 1 when something is not as it should be, and says what.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil

from judge.grading import Judge, Solution
from judge.problems import Problem, packs

PACK = Path(__file__).parents[1] / "tests/hostile/pack"
RIGHT = (PACK / "reference/normalise/solution.py").read_text()
SOLUTIONS = {  # name -> text and how many of twenty hand it in
    "right": (RIGHT, 8),
    "mistaken": ((PACK / "problems/normalise/mistakes/unbiased_variance.py").read_text(), 4),
    "constant": ("def normalise(x):\n    return 0 * x\n", 2),
    "raises": ("def normalise(x):\n    raise ValueError('not today')\n", 1),
    "exits": ("import os\n\n\ndef normalise(x):\n    os._exit(0)\n", 1),
    "recurses": ("def normalise(x):\n    return normalise(x)\n", 1),
    "floods": ("def normalise(x):\n    print('x' * 1_000_000)\n    return -x\n", 1),
    "starts threads": (
        "import threading\n\n\ndef normalise(x):\n    threading.Thread(target=threading.Event().wait).start()\n"
        "    return x - x.mean(-1, keepdim=True)\n",
        1,
    ),
    "cannot be read": ("def normalise(x:\n", 1),
}
MEBIBYTE = 1 << 20
# A nursery reaps what has ended when it is next asked for something.
SLACK = {"judge MiB": 24, "nursery MiB": 24, "processes": 4}
Verdicts = dict[str, tuple[str, float]]


def one_of_twenty(number: int) -> str:
    """The text that the student of this number hands in, with a comment of his own."""
    names = [name for name, (_, share) in SOLUTIONS.items() for _ in range(share)]
    return f"# student {number}\n{SOLUTIONS[names[number % len(names)]][0]}"


# ------------------------------------------------------------------------------------------------------------- kill


def command(folder: Path, out: Path) -> list[str]:
    where = ["--problems", str(PACK), "--out", str(out), "--seed", "5", "--device", "cpu"]
    return [sys.executable, "-m", "judge", "grade", str(folder), *where]


def verdicts_in(out: Path) -> Verdicts:
    """Every student's verdict and score; raises when somebody is there twice."""
    results = json.loads((out / "results.json").read_text())["results"]
    counted = Counter(result["student"] for result in results)
    twice = [student for student, count in counted.items() if count > 1]
    if twice:
        raise SystemExit(f"graded twice: {twice}")
    return {result["student"]: (result["verdict"], result["score"]) for result in results}


def kill(students: int, repetitions: int, seed: int) -> int:
    rng = random.Random(seed)
    failures = 0
    killed: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "class"
        for number in range(students):
            path = folder / f"student{number:04}" / "normalise.py"
            path.parent.mkdir(parents=True)
            path.write_text(one_of_twenty(number))
        began = time.monotonic()
        quiet_status = subprocess.run(command(folder, Path(name) / "quiet"), stdout=subprocess.DEVNULL).returncode
        took = time.monotonic() - began
        quiet = verdicts_in(Path(name) / "quiet")
        shares = ", ".join(f"{count} {verdict}" for verdict, count in Counter(v for v, _ in quiet.values()).items())
        print(f"quiet run: {took:.0f} s, status {quiet_status}; {shares}", flush=True)
        for repetition in range(repetitions):
            out = Path(name) / f"out{repetition}"
            status = run_under_fire(command(folder, out), took, rng, killed)
            found = verdicts_in(out)
            different = {who: (quiet[who], found.get(who)) for who in quiet if found.get(who) != quiet[who]}
            failures += bool(different) or status != quiet_status
            told = "as in the quiet run" if not different else f"DIFFERENT: {different}"
            print(f"{repetition + 1:3}/{repetitions}  status {status}  {len(found)} graded, {told}", flush=True)
    print(f"killed: {dict(killed)}; {failures} of {repetitions} repetitions failed")
    return 1 if failures else 0


def run_under_fire(arguments: Sequence[str], took: float, rng: random.Random, killed: Counter[str]) -> int:
    """Runs it to its end, however often it has to be started; its last exit status."""
    while True:
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        family: dict[int, psutil.Process] = {}
        judge_killed = False
        for _ in range(rng.randint(1, 3)):
            wake = time.monotonic() + rng.uniform(0.2, took / 2)
            while time.monotonic() < wake and process.poll() is None:
                time.sleep(0.05)
            if process.poll() is not None:
                break
            below = psutil.Process(process.pid).children(recursive=True)
            family |= {one.pid: one for one in below}
            if not below or rng.random() < 1 / 3:
                process.kill()
                killed["the judge"] += 1
                judge_killed = True
                break
            nursery = set(below[:3])  # warden, launcher, nursery: there before any worker
            aim_at_nursery = rng.random() < 0.5
            chosen = [one for one in below if (one in nursery) == aim_at_nursery] or below
            victim = rng.choice(chosen)
            try:
                victim.kill()
                killed["a process of the nursery" if victim in nursery else "a worker or its init"] += 1
            except psutil.NoSuchProcess:
                pass
        status = process.wait()
        left = psutil.wait_procs(list(family.values()), timeout=15)[1]
        if left:
            raise SystemExit(f"still running after the judge ended: {left}")
        if not judge_killed and status != 3:  # 3: the judge itself failed on something; the next run goes on with it
            return status


# --------------------------------------------------------------------------------------------------------- overload


@contextmanager
def neighbours(count: int) -> Iterator[None]:
    busy = [subprocess.Popen([sys.executable, "-I", "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for one in busy:
            one.kill()
            one.wait()


def overload(names: Sequence[str], seed: int) -> int:
    problems = [packs().find(name) for name in names]
    rng = random.Random(seed)
    work: list[tuple[Problem, str, str]] = []
    for problem in problems:
        mistake = rng.choice(problem.mistakes)
        work += [(problem, "reference", problem.reference), (problem, mistake.name, mistake.source)]
    cores = os.cpu_count() or 1
    tables = []
    for jobs, beside in ((cores, 0), (2 * cores, 2)):
        began = time.monotonic()
        with (
            Judge(devices=["cpu", "sim"], seed=seed, secret="of the benchmark", eager=True) as judge,
            neighbours(beside),
            ThreadPoolExecutor(jobs) as pool,
        ):
            reports = pool.map(lambda one, judge=judge: judge.judge(one[0], Solution.from_text(one[2])), work)
            tables.append([{check.name: check.verdict for check in report.checks} for report in reports])
        print(f"{jobs} jobs, {beside} busy processes beside: {time.monotonic() - began:.0f} s", flush=True)
    different = 0
    for (problem, name, _), quiet, loud in zip(work, *tables, strict=True):
        for check in quiet:
            if quiet[check] != loud[check]:
                # A time that cannot be measured is not held against anybody.
                measured = {quiet[check], loud[check]} != {"passed", "not judged"}
                different += measured
                print(f"{problem.slug} {name}: {check} was {quiet[check]}, is {loud[check]}")
    print(f"{different} of {sum(map(len, tables[0]))} verdicts differ")
    return 1 if different else 0


# ------------------------------------------------------------------------------------------------------------- soak


def held(folder: str) -> dict[str, float]:
    """What this judge holds of the machine now."""
    gc.collect()
    me = psutil.Process()
    below = me.children(recursive=True)
    return {
        "descriptors": me.num_fds(),
        "processes": len(below),
        "threads": me.num_threads(),
        "shared memory": len(os.listdir("/dev/shm")),
        "temporary files": sum(len(files) for _, _, files in os.walk(folder)),
        "temporary folders": sum(len(folders) for _, folders, _ in os.walk(folder)),
        "judge MiB": me.memory_full_info().uss / MEBIBYTE,
        "nursery MiB": sum(one.memory_full_info().uss for one in below) / MEBIBYTE,
    }


def soak(attempts: int, seed: int) -> int:
    problem = packs([PACK]).find("normalise")
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        with Judge(devices=["cpu"], seed=seed, secret="of the benchmark", eager=True) as judge:
            rows: list[dict[str, float]] = []
            for number in range(attempts + 1):
                if number % (attempts // 10) == 0:
                    time.sleep(1)  # the next worker may be on its way
                    rows.append(held(folder))
                    if number == 0:
                        print("attempts  " + "  ".join(rows[0]))
                    values = (f"{value:>{len(name)}.0f}" for name, value in rows[-1].items())
                    print(f"{number:8}  " + "  ".join(values), flush=True)
                judge.judge(problem, Solution.from_text(one_of_twenty(number)))
        after = len(os.listdir(folder))
    children = psutil.Process().children(recursive=True)
    settled, last = rows[2], rows[-1]
    grown = {name: (settled[name], last[name]) for name in last if last[name] > settled[name] + SLACK.get(name, 0)}
    for name, (before, now) in grown.items():
        print(f"GROWN: {name} from {before:.0f} to {now:.0f}")
    if after or children:
        print(f"LEFT: {after} files or folders, {children}")
    return 1 if grown or after or children else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["kill", "overload", "soak"])
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--repetitions", type=int, default=50)
    parser.add_argument("--attempts", type=int, default=1000)
    parser.add_argument("--problems", nargs="*", default=packs().names)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if arguments.what == "kill":
        return kill(arguments.students, arguments.repetitions, arguments.seed)
    if arguments.what == "overload":
        return overload(arguments.problems, arguments.seed)
    return soak(arguments.attempts, arguments.seed)


if __name__ == "__main__":
    sys.exit(main())
