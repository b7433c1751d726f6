"""`judge verify`: is a problem itself right?

For every seed: the reference and the other right ways are accepted on every device, the oracle agrees, the stub and an
empty solution get nothing, and every known mistake is rejected by the checks that are meant to reject it and diagnosed
as itself.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from judge.grading import Judge, Solution
from judge.observations import Raised, join
from judge.problems import BrokenProblem, Problem
from judge.report import Report
from judge.yardstick import largest_number

HINTS = 3
POINTS = 100
SECONDS_A_PROBLEM = 3.0


@dataclass(frozen=True)
class Finding:
    """Something wrong with a problem."""

    problem: str
    who: str  # "reference", "mistake no_scaling", ...
    text: str


@dataclass
class _Tally:
    """What was seen of one problem."""

    right: int = 0  # right solutions accepted
    mistakes: int = 0  # mistakes rejected and diagnosed
    seconds: list[float] = field(default_factory=list)  # all checks of the reference


Trial = Callable[[], list[Finding]]


def verify(
    problems: Sequence[Problem],
    *,
    seeds: int,
    devices: Sequence[str],
    jobs: int | None = None,
    cache: Path | None = None,
    console: Console,
) -> int:
    """Verifies problems for seeds 0 to `seeds` - 1 and prints what is wrong with them.

    Exit status: 0 all is right, 1 something is not, 3 the judge itself failed.
    """
    findings: list[Finding] = []
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    with Judge(devices=devices, seed=0, cache=cache, eager=True) as judge:
        trials: list[Trial] = []
        for problem in problems:
            broken = _folder_findings(judge, problem)
            findings += broken
            if not any(finding.who == "folder" for finding in broken):
                trials += [
                    trial
                    for seed in range(seeds)
                    for trial in _trials(judge.reseeded(seed), problem, tallies[problem.slug])
                ]
        columns = (TextColumn("verify"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with (
            Progress(*columns, console=Console(stderr=True), transient=True) as progress,
            ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool,
        ):
            bar = progress.add_task("verify", total=len(trials))
            futures = [pool.submit(trial) for trial in trials]
            try:
                for future in as_completed(futures):
                    for finding in future.result():
                        findings.append(finding)
                        progress.console.print(
                            f"{finding.problem}: {finding.who}: {finding.text}", markup=False, soft_wrap=True
                        )
                    progress.advance(bar)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    _print_summary(problems, findings, tallies, seeds, devices, console)
    if any("infra" in finding.text.split(":")[0] for finding in findings):
        return 3
    return 1 if findings else 0


def _folder_findings(judge: Judge, problem: Problem) -> list[Finding]:
    """What is missing from the folder or does not add up; nothing is run for this."""

    def found(who: str, text: str) -> Finding:
        return Finding(problem.slug, who, text)

    try:
        checks = judge.checks(problem)
        _ = problem.reference, problem.stub, problem.mistakes, problem.also, problem.oracle
        for language in ("en", "zh"):
            problem.text("statement", language)
    except BrokenProblem as error:
        return [found("folder", str(error))]
    except Exception as error:  # checks.py is the author's code
        return [found("folder", f"checks.py: {type(error).__name__}: {error}")]
    findings = []
    points = sum(check.points for check in checks)
    if abs(points - POINTS) > 1e-9:
        findings.append(found("checks", f"the points add up to {points:g}, not {POINTS}"))
    hints = len(problem.hints("en"))
    if hints != HINTS:
        findings.append(found("hints", f"there are {hints} hints, {HINTS} are expected"))
    names = {check.name for check in checks}
    mistakes = {mistake.name for mistake in problem.mistakes}
    for name in sorted(set(problem.mistake_checks) ^ mistakes):
        findings.append(found("problem.toml", f"[mistakes] and the folder mistakes/ disagree about {name}"))
    for mistake, meant in problem.mistake_checks.items():
        findings += [
            found("problem.toml", f"[mistakes] {mistake}: no check is called {name}")
            for name in meant
            if name not in names
        ]
    return findings


def _trials(judge: Judge, problem: Problem, tally: _Tally) -> Iterator[Trial]:
    """Everything to be tried with one seed."""
    untimed = [check.name for check in judge.checks(problem) if check.kind != "timing"]
    label = f"seed {judge.seed}"

    def judged(source: str, only: Sequence[str] | None = None) -> Report:
        return judge.judge(problem, Solution.from_text(source), only=only, shrink=False)

    def accepted(who: str, source: str, only: Sequence[str] | None = None) -> list[Finding]:
        report = judged(source, only)
        if who == "reference":
            tally.seconds.append(sum(check.seconds for check in report.checks if check.kind != "timing"))
        if report.accepted:
            tally.right += 1
            return []
        return [Finding(problem.slug, who, f"{label}: should be accepted but is {_why(report)}")]

    def worthless(who: str, source: str) -> list[Finding]:
        report = judged(source, untimed)
        if report.score == 0 and not report.accepted:
            return []
        return [Finding(problem.slug, who, f"{label}: should get 0 points but gets {report.score:g}")]

    def rejected(name: str, source: str) -> list[Finding]:
        report = judged(source, untimed)
        who = f"mistake {name}"
        if report.accepted:
            return [Finding(problem.slug, who, f"{label}: is accepted")]
        if report.verdict == "infra":
            return [Finding(problem.slug, who, f"infra: {_why(report)}")]
        failed = {check.name for check in report.checks if check.verdict not in ("passed", "not judged", "skipped")}
        findings = [
            Finding(problem.slug, who, f"{label}: is not rejected by {meant} (but by {', '.join(sorted(failed))})")
            for meant in problem.mistake_checks.get(name, ())
            if meant not in failed
        ]
        if name not in [diagnosis.mistake for diagnosis in report.diagnosis]:
            others = ", ".join(diagnosis.mistake for diagnosis in report.diagnosis) or "nothing"
            findings.append(Finding(problem.slug, who, f"{label}: is diagnosed as {others}; {_why(report)}"))
        tally.mistakes += not findings
        return findings

    yield lambda: accepted("reference", problem.reference)
    yield lambda: _steady(judge, problem, label)
    for name, source in problem.also.items():
        yield lambda name=name, source=source: accepted(name, source)  # type: ignore[misc]
    if problem.oracle is not None:
        free = replace(problem, forbids=())
        yield lambda: _oracle(judge, free, untimed, label)
    for mistake in problem.mistakes:
        yield lambda mistake=mistake: rejected(mistake.name, mistake.source)  # type: ignore[misc]
    yield lambda: worthless("stub", problem.stub + "\nUNTOUCHED = False\n")
    yield lambda: worthless("empty solution", "pass\n")


MOST_ROUNDING = 0.05  # of the largest number in a tensor
NOISE = 1e-4  # of the largest number in the whole answer: a gradient that is truly 0 is rounding only


def _steady(judge: Judge, problem: Problem, label: str) -> list[Finding]:
    """The reference's float32 and float64 answers must be the same but for rounding.

    If they are not (inputs drawn in the default dtype, say) the allowed error is so large that anything passes.
    """
    attempt = judge.attempt(problem, Solution.from_text(problem.reference), shrink=False)
    findings = {}
    for check, run, single, double in attempt.yardsticks():
        if single.observation is None or double.observation is None:
            continue  # said by the trial of the reference
        value = single.observation.value
        for case in value.values() if isinstance(value, dict) else [value]:
            if isinstance(case, Raised) and case.line is None:
                text = f"{label}: raises {case.type} itself, not in the reference: {case.message}"
                findings[check.name] = Finding(problem.slug, f"check {check.name}", text)
        noise = NOISE * largest_number(single.observation.value, double.observation.value)
        where = _unsteady(single.observation.value, double.observation.value, noise, "")
        if where is not None:
            drawn = " ".join(f"{name}={value!r}" for name, value in run.arguments.items())
            text = f"{label}: the float32 and float64 answers of the reference differ at {where or 'the top'} {drawn}"
            findings[check.name] = Finding(problem.slug, f"check {check.name}", text)
    return list(findings.values())


def _unsteady(single: Any, double: Any, noise: float, path: str) -> str | None:
    """The path of the first difference that is more than rounding; None when there is none."""
    if isinstance(single, dict) and isinstance(double, dict) and single.keys() == double.keys():
        pairs = [(join(path, key), item, double[key]) for key, item in single.items()]
    elif isinstance(single, list | tuple) and isinstance(double, list | tuple) and len(single) == len(double):
        pairs = [(join(path, index), item, double[index]) for index, item in enumerate(single)]
    else:
        return path if _differ(single, double, noise) else None
    return next(
        (found for where, one, other in pairs if (found := _unsteady(one, other, noise, where)) is not None), None
    )


def _differ(single: Any, double: Any, noise: float) -> bool:
    if isinstance(single, Raised) and isinstance(double, Raised):
        return single.type != double.type
    if isinstance(single, float) and isinstance(double, float):
        single, double = torch.tensor(single), torch.tensor(double)
    if not isinstance(single, torch.Tensor) or not isinstance(double, torch.Tensor):
        return bool(single != double)
    if single.shape != double.shape or not single.is_floating_point():
        return single.shape != double.shape or not torch.equal(single, double)
    one, other = single.double().nan_to_num(), double.double().nan_to_num()
    scale = float(other.abs().max()) if other.numel() else 0.0
    return bool(((one - other).abs() > MOST_ROUNDING * scale + noise + 1e-12).any())


def _oracle(judge: Judge, problem: Problem, untimed: Sequence[str], label: str) -> list[Finding]:
    """The oracle on the CPU: another library's numbers must be accepted."""
    on_cpu = judge.reseeded(judge.seed)
    on_cpu.devices = ["cpu"]
    report = on_cpu.judge(problem, Solution.from_text(problem.oracle or ""), only=untimed, shrink=False)
    return [] if report.accepted else [Finding(problem.slug, "oracle", f"{label}: disagrees: {_why(report)}")]


def _why(report: Report) -> str:
    if report.message:
        return f"{report.verdict}: {report.message} {report.location or ''}".strip()
    failed = [
        f"{check.name} on {check.failing_device}: {check.verdict}: {check.message} {check.example or ''}".strip()
        for check in report.checks
        if check.verdict not in ("passed", "not judged", "skipped")
    ]
    return f"{report.verdict}: " + "; ".join(failed)


def _print_summary(
    problems: Sequence[Problem],
    findings: Sequence[Finding],
    tallies: dict[str, _Tally],
    seeds: int,
    devices: Sequence[str],
    console: Console,
) -> None:
    table = Table(title=f"{seeds} seed{'s' * (seeds != 1)} on {', '.join(devices)}", title_justify="left", box=None)
    for column in ("problem", "right ways", "mistakes", "seconds", "findings"):
        table.add_column(column, justify="left" if column == "problem" else "right")
    for problem in problems:
        tally = tallies[problem.slug]
        found = sum(finding.problem == problem.slug for finding in findings)
        seconds = sorted(tally.seconds)
        table.add_row(
            problem.slug,
            str(tally.right // max(1, seeds)),
            str(tally.mistakes // max(1, seeds)),
            f"{seconds[len(seconds) // 2]:.1f}" if seconds else "–",
            str(found) if found else "ok",
        )
    console.print(table)
    for finding in findings:
        console.print(f"{finding.problem}: {finding.who}: {finding.text}", markup=False, soft_wrap=True)
