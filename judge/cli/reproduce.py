"""judge attempt --show-input: a failing input as a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from judge.cli.options import ACCEPTED, JUDGE_FAILED, NOT_ACCEPTED, WrongUse, exit_status, say, short_name
from judge.problems import Problem
from judge.report import Report
from judge.report.evidence import evidence

if TYPE_CHECKING:
    from judge.checks import Check
    from judge.grading import Judge, Solution

WIDTH = 98  # with "# " before it
WITHOUT_AN_INPUT = {
    "timing": "it measures time, on other inputs each time",
    "convergence": "it trains on data of its own",
    "forbidden": "the solution uses what the problem forbids, whatever the input",
}


def print_failing_input(judge: Judge, problem: Problem, solution: Solution, wanted: str) -> int:
    """Prints the program for one check's smallest failing input; the exit status is that of an attempt at the check.

    Raises WrongUse where there is no such check, or none whose failure has an input.
    """
    from judge.practice.reproduction import reproduce

    check = _check(judge, problem, wanted)
    attempt = judge.attempt(problem, solution, only={check.name})
    report = attempt.report()
    failing = attempt.failing(check)
    if exit_status(report) == JUDGE_FAILED:
        raise RuntimeError(report.message or next(one.message for one in report.checks if one.verdict == "infra"))
    if report.message is not None:
        where = f" ({report.location})" if report.location else ""
        raise WrongUse(f"no check can be run: {report.message}{where}")
    if failing is None:
        say(f"{check.name} does not fail: there is no input to show")
        return ACCEPTED
    if failing.verdict in WITHOUT_AN_INPUT:
        raise _no_input(check, WITHOUT_AN_INPUT[failing.verdict])
    if failing.device == "sim":
        raise _no_input(check, "it fails on the simulated accelerator, which only the judge has")
    program = reproduce(
        check,
        problem.checks_source,
        failing,
        attempt.drawn(check, failing),
        file=(solution.path or problem.folder).absolute(),
        heading=_heading(report, check),
        evidence=evidence(report.checks[0], WIDTH),
    )
    print(program, end="")
    return NOT_ACCEPTED


def _check(judge: Judge, problem: Problem, wanted: str) -> Check:
    checks = judge.checks(problem)
    for check in checks:
        if check.name == wanted:
            if check.kind in WITHOUT_AN_INPUT or check.task is not None:
                raise _no_input(check, WITHOUT_AN_INPUT.get(check.kind, WITHOUT_AN_INPUT["convergence"]))
            return check
    names = ", ".join(check.name for check in checks if check.kind not in WITHOUT_AN_INPUT)
    raise WrongUse(f"--show-input: there is no check '{wanted}'; there are {names}")


def _no_input(check: Check, why: str) -> WrongUse:
    return WrongUse(f"{check.name} has no failing input to show: {why}")


def _heading(report: Report, check: Check) -> str:
    (found,) = report.checks
    number = short_name(report.problem, [report.problem])
    return (
        f"{report.problem}, {check.name}: {check.sentence}\n"
        f"It fails for {found.example or 'this input'}; this program makes the call, without the judge.\n"
        f"Written by: judge attempt {number} --show-input {check.name}"
    )
