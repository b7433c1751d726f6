"""What grading a class costs, and how it goes on after a kill.

    python benchmarks/class.py [--students 20] [--repeats 1] [--problems 25 30 41 46]
    python benchmarks/class.py --students 1000 --nothing-to-do

A synthetic class, of which every twenty students hand in 12 right solutions, 5 known mistakes, 2 stubs and 1 that is
hostile (`--shares 12 5 2 1`), for each problem, is graded by `judge grade` on the CPU; all but the stubs differ in a
comment, so nothing is judged once for all. Beside it, on the same machine and in turns:

- the floor: the same checks of the same solutions in one warm process, without any judge. The hostile ones cannot be
  run there and cost it nothing.
- one pytest process for each student and problem, which runs the same checks and compares nothing; on a sample, one at
  a time, as if as many as there are jobs ran side by side without slowing each other down.

judge's side has all that a class costs: starting, the references' own observations, shrinking, naming mistakes, the
gradebook and the reports. Timing checks are left out (`skip`) on all sides, and so are checks that need a second
process (choose problems without any). The table is Markdown: ratios first, then the figures that they are made of,
medians with the lowest and highest of the repeats.

--nothing-to-do: nothing but a run in which every submission is known, for classes that would take hours to judge. The
solutions of a few are judged, and their reports copied into the gradebook for everybody else's.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import judging
import psutil

from judge.classroom.gradebook import GRADEBOOK, Gradebook, content_of, digest_of, key_of
from judge.grading import Solution
from judge.problems import Problem, packs

SEED = "5"
KINDS = ("right", "mistaken", "stub", "hostile")
SHARES = (12, 5, 2, 1)
PROBLEMS = ["25", "30", "41", "46"]
HOSTILE = """
import os


def __getattr__(name):  # whatever a check asks for ends the process
    if name.startswith("__"):
        raise AttributeError(name)
    return lambda *_, **__: os._exit(1)
"""
SKIPPED = ("timing",)
MEBIBYTE = 1 << 20
PYTEST = """
import sys

sys.path.insert(0, {benchmarks!r})
import judging


def test_solution():
    with open({file!r}) as file:
        judging.floor({{{slug!r}: [file.read()]}})
"""


def source_of(problem: Problem, kind: str, student: int) -> str:
    """What is handed in of that kind, with a comment of the student's own; mistakes differ between students too."""
    if kind == "stub":
        return problem.stub
    mistakes = [
        one.source for one in problem.mistakes if not set(problem.mistake_checks[one.name]) & _timed(problem.slug)
    ]
    text = {"right": problem.reference, "mistaken": mistakes[student % len(mistakes)], "hostile": HOSTILE}[kind]
    return f"# student {student}\n{text}"


@lru_cache
def _timed(slug: str) -> frozenset[str]:
    """Names of the timing checks, for which some mistakes are meant."""
    from judge.observing import load_checks

    checks = load_checks(packs().find(slug).checks_source, slug)
    return frozenset(check.name for check in checks if check.kind in SKIPPED)


@dataclass(frozen=True)
class Spent:
    """What a run took of the machine."""

    seconds: float
    cpu: float  # seconds, of judge and all below it
    memory: float  # MiB at the peak, pages that they share counted once


class Watched:
    """A program that is looked at while it runs, with all below it; what has ended there is reaped by its nursery."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._cpu = self._memory = 0.0
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def at_most(self) -> tuple[float, float]:
        """CPU seconds and the largest memory, once it has ended."""
        self._thread.join()
        return self._cpu, self._memory

    def _watch(self) -> None:
        while self._process.poll() is None:
            try:
                top = psutil.Process(self._process.pid)
                self._cpu = max(self._cpu, judging.cpu_of_all(top))
                family = [top, *top.children(recursive=True)]
                self._memory = max(self._memory, sum(one.memory_full_info().pss for one in family) / MEBIBYTE)
            except psutil.Error:
                continue  # one has ended meanwhile: look again
            time.sleep(0.1)


class Class:
    """A class's folder, and what to type to have it graded."""

    def __init__(
        self, root: Path, problems: Sequence[Problem], students: int, shares: Sequence[int], jobs: int
    ) -> None:
        self.folder = root / "class"
        self.problems = problems
        self.students = students
        self.kinds = [kind for kind, share in zip(KINDS, shares, strict=True) for _ in range(share)]
        self.jobs = jobs
        self.data = root / "data"
        self.assignment = root / "hw.toml"
        slugs = json.dumps([problem.slug for problem in problems])
        self.assignment.write_text(f'title = "Homework"\nproblems = {slugs}\nskip = {json.dumps(SKIPPED)}\n')
        for student in range(students):
            place = self.folder / f"student{student:04}"
            place.mkdir(parents=True)
            for number, problem in enumerate(problems):
                text = source_of(problem, self.kind_of(student, number), student)
                (place / f"{problem.slug}.py").write_text(text)

    def kind_of(self, student: int, problem: int) -> str:
        """What a student hands in for a problem, by number: everybody has some of each kind."""
        return self.kinds[(7 * student + 3 * problem) % len(self.kinds)]

    @property
    def size(self) -> int:
        return self.students * len(self.problems)

    def command(self, out: Path, folder: Path | None = None) -> list[str]:
        given = ["--assignment", str(self.assignment), "--seed", SEED, "--device", "cpu", "--jobs", str(self.jobs)]
        return [sys.executable, "-m", "judge", "grade", str(folder or self.folder), "--out", str(out), *given]

    def start(self, out: Path) -> subprocess.Popen[bytes]:
        environment = os.environ | {"JUDGE_DATA": str(self.data)}
        return subprocess.Popen(self.command(out), stdout=subprocess.DEVNULL, env=environment)

    def grade(self, out: Path) -> Spent:
        """One run to its end."""
        began = time.perf_counter()
        process = self.start(out)
        watched = Watched(process)
        if process.wait() != 0:
            raise SystemExit(f"judge grade ended with status {process.returncode}")
        return Spent(time.perf_counter() - began, *watched.at_most())

    def for_the_floor(self) -> dict[str, list[str]]:
        """What can be run in one process, by problem."""
        return {
            problem.slug: [
                source_of(problem, kind, student)
                for student in range(self.students)
                if (kind := self.kind_of(student, number)) != "hostile"
            ]
            for number, problem in enumerate(self.problems)
        }


# ------------------------------------------------------------------------------------------------------- measuring


def floor(the_class: Class) -> dict[str, float]:
    """The same checks in one warm process."""
    given = json.dumps(the_class.for_the_floor())
    command = [sys.executable, __file__, "--floor"]
    return json.loads(subprocess.run(command, input=given, check=True, stdout=subprocess.PIPE, text=True).stdout)


def pytest_seconds(the_class: Class, sample: int) -> float:
    """Wall seconds of one pytest process, on average over some right solutions of each problem."""
    took = []
    with tempfile.TemporaryDirectory() as name:
        test, solution = Path(name) / "test_solution.py", Path(name) / "solution.txt"
        environment = os.environ | {
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": str(Path(judging.__file__).parents[1]),
        }
        for problem in the_class.problems:
            solution.write_text(problem.reference)
            test.write_text(PYTEST.format(benchmarks=str(Path(__file__).parent), file=str(solution), slug=problem.slug))
            for _ in range(sample):
                began = time.perf_counter()
                command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", name, str(test)]
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment, cwd=name)
                took.append(time.perf_counter() - began)
    return statistics.mean(took)


def reports_in(out: Path) -> int:
    """How many reports the gradebook has; 0 before there is one."""
    try:
        with closing(sqlite3.connect(f"file:{out / GRADEBOOK}?mode=ro", uri=True)) as database:
            return int(database.execute("SELECT count(*) FROM reports").fetchone()[0])
    except sqlite3.Error:
        return 0


def restart_seconds(the_class: Class, out: Path, verdicts: Mapping[tuple[str, str], str]) -> float:
    """Kills judge (SIGKILL) when half is done: from the new start to its first report.

    Ends the program when something runs on, is lost or judged otherwise.
    """

    def wait_for(count: int, process: subprocess.Popen[bytes]) -> None:
        while reports_in(out) < count:
            if process.poll() is not None:
                raise SystemExit("judge grade ended before it could be killed; take more students")
            time.sleep(0.02)

    first = the_class.start(out)
    wait_for(the_class.size // 2, first)
    below = psutil.Process(first.pid).children(recursive=True)
    first.send_signal(signal.SIGKILL)
    first.wait()
    left = psutil.wait_procs(below, timeout=15)[1]
    if left:
        raise SystemExit(f"still running after judge was killed: {left}")
    before = reports_in(out)
    began = time.perf_counter()
    second = the_class.start(out)
    wait_for(before + 1, second)
    took = time.perf_counter() - began
    second.wait()
    found = verdicts_in(out)
    if found != verdicts:
        raise SystemExit(f"verdicts differ after a kill: {set(found.items()) ^ set(verdicts.items())}")
    return took


def verdicts_in(out: Path) -> dict[tuple[str, str], str]:
    """By student and problem."""
    results = json.loads((out / "results.json").read_text())["results"]
    found = {(one["student"], one["problem"]): one["verdict"] for one in results}
    if len(found) != len(results):
        raise SystemExit("somebody was graded twice")
    return found


# --------------------------------------------------------------------------------------------------- what is printed


class Table:
    """Rows of Markdown, each the median of some numbers with the lowest and highest."""

    def __init__(self, *heading: str) -> None:
        self.heading = heading
        self.rows: dict[str, list[float]] = defaultdict(list)
        self.form: dict[str, str] = {}

    def add(self, what: str, value: float, form: str = "{:.2f}") -> None:
        self.rows[what].append(value)
        self.form[what] = form

    def print(self) -> None:
        print(f"\n| {' | '.join(self.heading)} |\n|{' --- |' * len(self.heading)}")
        for what, values in self.rows.items():
            shown = [self.form[what].format(value) for value in (statistics.median(values), min(values), max(values))]
            print(f"| {what} | {shown[0]} | {f'{shown[1]} to {shown[2]}' if len(values) > 1 else '-'} |")


def whole(the_class: Class, root: Path, repeats: int, sample: int) -> None:
    """Everything, in turns."""
    jobs, size = the_class.jobs, the_class.size
    title = f"{the_class.students} students, {len(the_class.problems)} problems, {jobs} jobs"
    table = Table(title, "median", "lowest to highest")
    for repeat in range(repeats):
        out = root / f"out{repeat}"
        graded = the_class.grade(out)
        base = floor(the_class)
        alone = pytest_seconds(the_class, sample)
        again = the_class.grade(out)
        rate = 60 * size / graded.seconds
        side_by_side = 60 * jobs / alone
        table.add("CPU time, against the same checks in one warm process", graded.cpu / base["cpu"], "{:.2f} times")
        table.add("submissions a minute, against one pytest process each", rate / side_by_side, "{:.1f} times")
        table.add("submissions a minute", rate, "{:.0f}")
        table.add("the same checks in one warm process, on one core", 60 * size / base["wall"], "{:.0f}")
        table.add(f"one pytest process each, {jobs} at a time", side_by_side, "{:.0f}")
        table.add("memory of judge, nursery and workers at the peak (PSS)", graded.memory, "{:.0f} MiB")
        restarted = restart_seconds(the_class, root / f"killed{repeat}", verdicts_in(out))
        table.add("from a new start after kill -9 to the next report", restarted, "{:.1f} s")
        table.add("a run that has nothing to do", again.seconds, "{:.1f} s")
        table.add("results.json", (out / "results.json").stat().st_size / MEBIBYTE, "{:.1f} MiB")
        print(f"repeat {repeat + 1} of {repeats} is done", file=sys.stderr, flush=True)
    table.print()


def nothing_to_do(the_class: Class, root: Path, repeats: int) -> None:
    """A gradebook that knows everything, and the next runs."""
    out, few = root / "out", root / "few"
    kinds = {(number, kind): problem for number, problem in enumerate(the_class.problems) for kind in KINDS}
    for (_, kind), problem in kinds.items():
        (few / kind).mkdir(parents=True, exist_ok=True)
        (few / kind / f"{problem.slug}.py").write_text(source_of(problem, kind, 0))
    environment = os.environ | {"JUDGE_DATA": str(the_class.data)}
    subprocess.run(the_class.command(out, few), check=True, stdout=subprocess.DEVNULL, env=environment)
    with Gradebook(out) as book:
        secret = book.secret
    with closing(sqlite3.connect(out / GRADEBOOK)) as database, database:
        for number, problem in enumerate(the_class.problems):
            digest = digest_of(problem, ["cpu"], int(SEED), secret, SKIPPED)

            def key(student: int, kind: str, problem: Problem = problem, digest: str = digest) -> str:
                return key_of(content_of(Solution.from_text(source_of(problem, kind, student))), digest)

            for kind in KINDS:
                row = database.execute("SELECT report FROM reports WHERE key = ?", (key(0, kind),)).fetchone()
                keys = [key(one, kind) for one in range(the_class.students) if the_class.kind_of(one, number) == kind]
                database.executemany("INSERT OR IGNORE INTO reports VALUES (?, ?)", [(one, *row) for one in keys])
    title = f"{the_class.students} students, {len(the_class.problems)} problems, nothing to judge"
    table = Table(title, "median", "lowest to highest")
    first = the_class.grade(out)
    table.add("a run that writes all results anew", first.seconds, "{:.1f} s")
    for _ in range(repeats):
        again = the_class.grade(out)
        table.add("a run that has nothing to do", again.seconds, "{:.1f} s")
        table.add("its CPU time", again.cpu, "{:.1f} s")
        table.add("its memory at the peak (PSS)", again.memory, "{:.0f} MiB")
    table.add("results.json", (out / "results.json").stat().st_size / MEBIBYTE, "{:.0f} MiB")
    table.add("gradebook.sqlite", (out / GRADEBOOK).stat().st_size / MEBIBYTE, "{:.0f} MiB")
    table.print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--problems", nargs="*", default=PROBLEMS)
    parser.add_argument("--shares", nargs=4, type=int, default=SHARES, metavar=tuple(kind.upper() for kind in KINDS))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--sample", type=int, default=1, help="pytest processes a problem")
    parser.add_argument("--nothing-to-do", action="store_true")
    parser.add_argument("--floor", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.floor:
        judging.import_optimizers()
        print(json.dumps(judging.floor(json.load(sys.stdin))))
        return
    with tempfile.TemporaryDirectory() as name:
        problems = [packs().find(problem) for problem in arguments.problems]
        the_class = Class(Path(name), problems, arguments.students, arguments.shares, arguments.jobs)
        if arguments.nothing_to_do:
            nothing_to_do(the_class, Path(name), arguments.repeats)
        else:
            whole(the_class, Path(name), arguments.repeats, arguments.sample)


if __name__ == "__main__":
    main()
