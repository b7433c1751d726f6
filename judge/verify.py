"""`judge verify`: is a problem itself right?

For every seed: the reference and the other right ways are accepted on every device. On the first one the oracle agrees,
the stub and an empty solution get nothing, and every known mistake is rejected by the checks that are meant to reject
it; for the first seeds it is judged by all checks and must be named. What was found right is kept (`judge.verified`),
so a stopped run goes on where it was.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from judge.checks import measured
from judge.grading import Judge, Solution
from judge.observations import Raised, join
from judge.problems import BrokenProblem, Problem
from judge.progress import Shown
from judge.report import Report
from judge.skeleton import next_step
from judge.verified import Convergence, Result, Store, Tally, digest, tables
from judge.yardstick import largest_number

HINTS = 3
TRIES_TO_TIME = 3
RIGHT = ("reference", "also", "oracle")  # kinds of trials
SEEDS_TO_NAME = 3  # the seeds for which a mistake must be named too: most of the time goes into that
POINTS = 100


@dataclass(frozen=True)
class Finding:
    """Something wrong with a problem."""

    problem: str
    who: str  # "reference", "mistake no_scaling", ...
    text: str


@dataclass(frozen=True)
class Trial:
    """One thing to try with one seed: somebody's solution, or the reference's steadiness."""

    problem: str
    kind: str  # "reference", "also", "oracle", "mistake", "worthless" or "steady"
    name: str
    key: str  # of the store
    run: Callable[[], tuple[list[Finding], Result]]


def verify(
    problems: Sequence[Problem],
    *,
    seeds: int,
    devices: Sequence[str],
    jobs: int | None = None,
    cache: Path | None = None,
    out: Path | None = None,
    only_right: bool = False,
    console: Console,
) -> int:
    """Verifies problems for seeds 0 to `seeds` - 1 and prints what is wrong with them.

    only_right: no mistakes, only what must be accepted. out: a Markdown file for the tables of what was found. Exit
    status: 0 all is right, 1 something is not, 3 the judge itself failed.
    """
    unfinished = [Finding(problem.slug, "next step", step) for problem in problems if (step := next_step(problem))]
    if len(unfinished) == len(problems):  # nothing to try yet
        for finding in unfinished:
            console.print(f"{finding.problem}: {finding.text}", markup=False, soft_wrap=True)
        return 1
    findings: list[Finding] = []
    tallies = {problem.slug: Tally() for problem in problems}
    store = Store(cache)
    with Judge(devices=devices, seed=0, cache=cache, eager=True) as judge:
        trials: list[Trial] = []
        for problem in problems:
            broken = _folder_findings(judge, problem)
            findings += broken
            if not any(finding.who in ("folder", "next step") for finding in broken):
                content = digest(problem, devices)
                trials += [
                    trial
                    for seed in range(seeds)
                    for trial in _trials(judge.reseeded(seed), problem, f"{content}-{seed}")
                    if trial.kind in RIGHT or not only_right
                ]
        known = {trial.key: result for trial in trials if (result := store.recall(trial.key)) is not None}
        for trial in trials:
            if trial.key in known:
                tallies[trial.problem].add(trial.kind, trial.name, known[trial.key])
        with (
            Shown("verifying", len(trials), known=len(known)) as shown,
            ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool,
        ):
            futures = {pool.submit(trial.run): trial for trial in trials if trial.key not in known}
            try:
                for future in as_completed(futures):
                    trial = futures[future]
                    found, result = future.result()
                    tallies[trial.problem].add(trial.kind, trial.name, result)
                    if not found:
                        store.keep(trial.key, result)
                    for finding in found:
                        findings.append(finding)
                        shown.say(f"{finding.problem}: {finding.who}: {finding.text}")
                    shown.advance(*(["with findings"] if found else []))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    _print_summary(problems, findings, tallies, seeds, devices, console)
    if out is not None:
        out.write_text(tables(problems, tallies, seeds, devices), encoding="utf-8")
    if any("infra" in finding.text.split(":")[0] for finding in findings):
        return 3
    return 1 if findings else 0


def _folder_findings(judge: Judge, problem: Problem) -> list[Finding]:
    """What is missing from the folder or does not add up; nothing is run for this."""

    def found(who: str, text: str) -> Finding:
        return Finding(problem.slug, who, text)

    unfinished = next_step(problem)
    if unfinished is not None:
        return [found("next step", unfinished)]
    try:
        checks = judge.checks(problem)
        _ = problem.reference, problem.stub, problem.mistakes, problem.also, problem.oracle
        for language in ("en", "zh"):
            problem.text("statement", language)
            _ = problem.hints(language), problem.answers(language)
    except BrokenProblem as error:
        return [found("folder", str(error))]
    except Exception as error:  # checks.py is the author's code
        return [found("folder", f"checks.py: {type(error).__name__}: {error}")]
    findings = []
    points = sum(check.points for check in checks)
    if abs(points - POINTS) > 1e-9:
        findings.append(found("checks", f"the points add up to {points:g}, not {POINTS}"))
    hints = len(problem.hints("en"))
    if hints not in (0, HINTS):
        findings.append(found("hints", f"there are {hints} hints, {HINTS} are expected"))
    for check in checks:
        if check.part is not None and check.part not in problem.parts:
            findings.append(found("checks", f"{check.name}: [parts] in problem.toml has no {check.part}"))
    for name, part in problem.parts.items():
        if not any(check.part == name for check in checks):
            findings.append(found("problem.toml", f"[parts] {name}: no check belongs to it"))
        for missing in set(part.requires) - set(problem.requires):
            findings.append(found("problem.toml", f"[parts] {name}: {missing} is not among what the problem requires"))
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


def _trials(judge: Judge, problem: Problem, content: str) -> Iterator[Trial]:
    """Everything to be tried with one seed."""
    timed = {check.name for check in judge.checks(problem) if check.kind == "timing"}
    untimed = [check.name for check in judge.checks(problem) if check.kind != "timing"]
    trained = {check.name for check in judge.checks(problem) if check.kind == "convergence"}
    label = f"seed {judge.seed}"
    one_device = judge.reseeded(judge.seed)
    one_device.devices = judge.devices[:1]

    def found(who: str, text: str) -> list[Finding]:
        return [Finding(problem.slug, who, text)]

    def accepted(who: str, source: str) -> tuple[list[Finding], Result]:
        report = judge.judge(problem, Solution.from_text(source), shrink=False)
        result = Result(
            seconds=sum(check.seconds for check in report.checks if check.kind != "timing"),
            convergence=[
                Convergence(check.name, *numbers)
                for check in report.checks
                if check.kind == "convergence" and (numbers := measured(check.message or "")) is not None
            ],
        )
        if report.accepted:
            return [], result
        return found(who, f"{label}: should be accepted but is {_why(report)}"), result

    def worthless(who: str, source: str) -> tuple[list[Finding], Result]:
        report = one_device.judge(problem, Solution.from_text(source), only=untimed, shrink=False)
        if report.score == 0 and not report.accepted:
            return [], Result()
        return found(who, f"{label}: should get 0 points but gets {report.score:g}"), Result()

    def rejected(name: str, source: str) -> tuple[list[Finding], Result]:
        # As `judge attempt` does it: no training once values are wrong, unless that is what must reject it.
        meant_to = problem.mistake_checks.get(name, ())
        costly = not trained.isdisjoint(meant_to)
        named = judge.seed < SEEDS_TO_NAME or not meant_to
        only = [*untimed, *(check for check in meant_to if check in timed)] if named else meant_to
        for _ in range(TRIES_TO_TIME):
            for judging in (one_device, judge):  # on all devices what the first one lets pass
                report = judging.judge(
                    problem,
                    Solution.from_text(source),
                    only=only,
                    skip_costly=not costly,
                    shrink=False,
                    name_mistakes=named,
                )
                if not report.accepted:
                    break
            if not any(check.kind == "timing" and check.verdict == "not judged" for check in report.checks):
                break  # else the machine was too busy
        who = f"mistake {name}"
        if report.accepted:
            return found(who, f"{label}: is accepted"), Result()
        if report.verdict == "infra":
            return found(who, f"infra: {_why(report)}"), Result()
        failed = {check.name for check in report.checks if check.verdict not in ("passed", "not judged", "skipped")}
        findings = [
            Finding(problem.slug, who, f"{label}: is not rejected by {meant} (but by {', '.join(sorted(failed))})")
            for meant in meant_to
            if meant not in failed
        ]
        if named and name not in [diagnosis.mistake for diagnosis in report.diagnosis]:
            others = ", ".join(diagnosis.mistake for diagnosis in report.diagnosis) or "nothing"
            findings += found(who, f"{label}: is diagnosed as {others}; {_why(report)}")
        return findings, Result()

    def trial(kind: str, name: str, run: Callable[[], tuple[list[Finding], Result]]) -> Trial:
        return Trial(problem.slug, kind, name, f"{content}-{kind}-{name}", run)

    yield trial("reference", "reference", lambda: accepted("reference", problem.reference))
    yield trial("steady", "reference", lambda: (_steady(judge, problem, label), Result()))
    for name, source in problem.also.items():
        yield trial("also", name, lambda name=name, source=source: accepted(name, source))  # type: ignore[misc]
    if problem.oracle is not None:
        free = replace(problem, forbids=())
        yield trial("oracle", "oracle", lambda: (_oracle(judge, free, untimed, label), Result()))
    for mistake in problem.mistakes:
        yield trial(
            "mistake",
            mistake.name,
            lambda mistake=mistake: rejected(mistake.name, mistake.source),  # type: ignore[misc]
        )
    yield trial("worthless", "stub", lambda: worthless("stub", problem.stub + "\nUNTOUCHED = False\n"))
    yield trial("worthless", "empty", lambda: worthless("empty solution", "pass\n"))


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
    tallies: dict[str, Tally],
    seeds: int,
    devices: Sequence[str],
    console: Console,
) -> None:
    table = Table(title=f"{seeds} seed{'s' * (seeds != 1)} on {', '.join(devices)}", title_justify="left", box=None)
    for column in ("problem", "right ways", "oracle", "mistakes", "seconds", "findings"):
        table.add_column(column, justify="left" if column == "problem" else "right")
    for problem in problems:
        tally = tallies[problem.slug]
        found = sum(finding.problem == problem.slug for finding in findings)
        table.add_row(
            problem.slug,
            str(tally.right_ways),
            "yes" if tally.has_oracle else "–",
            str(tally.mistakes),
            tally.typical_seconds,
            str(found) if found else "ok",
        )
    console.print(table)
    for finding in findings:
        console.print(f"{finding.problem}: {finding.who}: {finding.text}", markup=False, soft_wrap=True)
