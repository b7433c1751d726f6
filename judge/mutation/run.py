"""`judge verify --mutants`: every mutant of a reference is judged, and those that pass are shown.

On the CPU first, up to the first failure, without timing and with little time for each check; what survives that is
judged by everything on every device. What became of a mutant is kept by content, so that a stopped run goes on.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from rich.console import Console

from judge.grading import Judge, Solution
from judge.mutation.equivalent import Equivalent, read_equivalent
from judge.mutation.operators import Mutant, mutants
from judge.problems import Problem
from judge.progress import Shown
from judge.report import Report
from judge.verified import digest

CPU_SECONDS = 4.0  # of a check: a slip that makes a loop endless need not run for long
GOAL = 0.97  # of all mutants but the equivalent ones, in every problem
SURVIVED = "survived"
LOADING = "the import"  # what kills a mutant that cannot even be imported


@dataclass
class Tested:
    """What became of the mutants of a problem."""

    problem: Problem
    killed: Counter[str]  # by the kind of the check that did it
    equivalent: int
    survivors: list[Mutant]
    stale: list[Equivalent]  # entries of no mutant, or of one that is killed

    @property
    def share(self) -> float:
        """The killed ones of all that count."""
        killed = self.killed.total()
        return killed / (killed + len(self.survivors)) if killed + len(self.survivors) else 1.0


def try_mutants(
    problems: Sequence[Problem],
    *,
    devices: Sequence[str],
    sample: int | None = None,
    jobs: int | None = None,
    cache: Path | None = None,
    out: Path | None = None,
    console: Console,
) -> int:
    """Judges the mutants of problems and prints those that pass, as differences.

    sample: so many of each problem, always the same. out: a Markdown file for the table. Exit status: 0 when none
    passes that is not known to be equivalent and every list of those is right, 1 otherwise, 3 when the judge itself
    failed.
    """
    chosen: dict[str, list[Mutant]] = {}
    known: dict[str, list[Equivalent]] = {}
    for problem in problems:
        chosen[problem.slug] = _sampled(mutants(problem.reference), sample)
        known[problem.slug] = read_equivalent(problem)
    found: list[Tested] = []
    failed = 0
    with (
        Judge(devices=devices, seed=0, cache=cache, eager=True) as judge,
        Shown("trying mutants", sum(map(len, chosen.values()))) as shown,
        ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool,
    ):
        for problem in problems:
            trials = _Trials(judge, problem, cache)
            outcomes = {}
            try:
                futures = {pool.submit(trials.outcome, mutant): mutant.source for mutant in chosen[problem.slug]}
                for future in as_completed(futures):
                    outcomes[futures[future]] = future.result()
                    shown.advance(*(["survived"] if future.result() == SURVIVED else []))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
            failed += list(outcomes.values()).count("infra")
            tested = _tested(problem, chosen[problem.slug], outcomes, known[problem.slug], whole=sample is None)
            found.append(tested)
            _show(tested, console)
    _show_all(found, console)
    if out is not None:
        out.write_text(table(found), encoding="utf-8")
    if failed:
        console.print(f"{failed} could not be judged: the judge itself failed", markup=False)
        return 3
    return 1 if any(one.survivors or one.stale for one in found) else 0


def _sampled(found: list[Mutant], sample: int | None) -> list[Mutant]:
    """As many of them, always the same, in the order of the source."""
    if sample is None:
        return found
    drawn = sorted(found, key=lambda one: sha256(f"{one.before}\0{one.after}".encode()).digest())[:sample]
    return [one for one in found if one in drawn]


class _Trials:
    """Judges mutants of one problem; each outcome is kept in a line of a file that belongs to what decides it."""

    def __init__(self, judge: Judge, problem: Problem, cache: Path | None) -> None:
        self._judge = judge
        self._problem = problem
        self._on_cpu = judge.reseeded(judge.seed)
        self._on_cpu.devices = ["cpu"]
        self._untimed = [check.name for check in judge.checks(problem) if check.kind != "timing"]
        self._file = cache / "mutants" / digest(problem, judge.devices) if cache is not None else None
        self._kept: dict[str, str] = {}
        if self._file is not None and self._file.is_file():
            lines = self._file.read_text("utf-8").split("\n")
            self._kept = {key: outcome for key, tab, outcome in (line.partition("\t") for line in lines[:-1]) if tab}

    def outcome(self, mutant: Mutant) -> str:
        """The kind of the check that rejects it; SURVIVED, or "infra"."""
        key = sha256(mutant.source.encode()).hexdigest()
        if key in self._kept:
            return self._kept[key]
        outcome = self._judged(mutant)
        if self._file is not None and outcome != "infra":
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                with self._file.open("a", encoding="utf-8") as file:
                    file.write(f"{key}\t{outcome}\n")
            except OSError:
                pass  # then it is judged again next time
        return outcome

    def _judged(self, mutant: Mutant) -> str:
        solution = Solution.from_text(mutant.source)
        attempt = self._on_cpu.attempt(
            self._problem,
            solution,
            only=self._untimed,
            fail_fast=True,
            skip_costly=True,
            shrink=False,
            name_mistakes=False,
        )
        attempt.checks = [replace(check, cpu_seconds=min(check.cpu_seconds, CPU_SECONDS)) for check in attempt.checks]
        report = attempt.report()
        if report.accepted:
            report = self._judge.judge(self._problem, solution, fail_fast=True, shrink=False, name_mistakes=False)
        return _killed_by(report)


def _killed_by(report: Report) -> str:
    if report.verdict == "infra" or report.accepted:
        return SURVIVED if report.accepted else "infra"
    if report.message:
        return LOADING
    for check in report.checks:
        if check.verdict not in ("passed", "not judged", "skipped"):
            on_accelerator = check.failing_device not in (None, "cpu")
            return f"{check.kind} on an accelerator" if on_accelerator else check.kind
    return SURVIVED  # all that was judged passed; some was not judged here


def _tested(
    problem: Problem,
    tried: Sequence[Mutant],
    outcomes: dict[str, str],
    known: Sequence[Equivalent],
    whole: bool,
) -> Tested:
    killed: Counter[str] = Counter()
    survivors, used = [], set()
    equivalent = 0
    for mutant in tried:
        outcome = outcomes[mutant.source]
        if outcome not in (SURVIVED, "infra"):
            killed[outcome] += 1
        elif outcome == SURVIVED:
            entries = [entry for entry in known if entry.is_of(mutant)]
            used.update(entries)
            if entries:
                equivalent += 1
            else:
                survivors.append(mutant)
    stale = [entry for entry in known if entry not in used] if whole else []
    return Tested(problem, killed, equivalent, survivors, stale)


def _show(tested: Tested, console: Console) -> None:
    """A problem's survivors; nothing where all is well and nobody watches line by line."""
    slug = tested.problem.slug
    killed = tested.killed.total()
    console.print(
        f"{slug}: {killed} of {killed + len(tested.survivors)} killed ({tested.share:.1%})"
        + (f", {tested.equivalent} more are equivalent" if tested.equivalent else ""),
        markup=False,
        soft_wrap=True,
    )
    for mutant in tested.survivors:
        console.print(f"  line {mutant.line}: {mutant.what}", markup=False, soft_wrap=True)
        for line in mutant.diff():
            console.print(f"    {line}", markup=False, soft_wrap=True)
    for entry in tested.stale:
        change = repr(entry.before) if entry.after is None else f"{entry.before!r} -> {entry.after!r}"
        what = f"equivalent.toml lists a mutant that is killed or not made: {change}"
        console.print(f"  {what}", markup=False, soft_wrap=True)


def _show_all(found: Sequence[Tested], console: Console) -> None:
    killed = sum(one.killed.total() for one in found)
    survivors = sum(len(one.survivors) for one in found)
    below = [one.problem.slug for one in found if one.share < GOAL]
    console.print(f"\n{killed} killed, {sum(one.equivalent for one in found)} equivalent, {survivors} survived")
    if below:
        console.print(f"below {GOAL:.0%}: {', '.join(below)}", markup=False, soft_wrap=True)


def table(found: Sequence[Tested]) -> str:
    """A page of Markdown: how many mutants of each problem are rejected, and by what."""
    lines = [
        "# How strong the checks are",
        "",
        "Made by `judge verify --mutants --out docs/checks.md`. Each reference is changed in one place, as a slip of",
        "the pen would; every such mutant must be rejected. Equivalent ones keep the contract, and `equivalent.toml`",
        "beside the reference says why.",
        "",
        "| problem | mutants | killed | equivalent | survived | killed by |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for one in found:
        killed = one.killed.total()
        by = ", ".join(f"{kind} {count}" for kind, count in one.killed.most_common())
        total = killed + one.equivalent + len(one.survivors)
        lines.append(
            f"| {one.problem.slug} | {total} | {one.share:.1%} | {one.equivalent} | {len(one.survivors)} | {by} |"
        )
    return "\n".join(lines) + "\n"
