"""What is said of a report, wherever it is shown: on a terminal, on a page.

Everything in a report may have been written by a solution, so what comes from it goes through `plain`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from judge.report import CheckResult, Diagnosis, Report
from judge.report.page import NEUTRAL
from judge.report.text import plain
from judge.report.words import word

MORE_CASES = 4


# ---------------------------------------------------------------------------------------------------------- the whole


def score_text(score: float) -> str:
    """A score without needless decimals, never rounded up to a full one."""
    return f"{math.floor(score * 10 + 1e-6) / 10:g}"


def number_of(report: Report) -> str:
    """What to call the problem in a command: its number, or its name where it has none."""
    number = report.problem.split("-")[0]
    return str(int(number)) if number.isascii() and number.isdecimal() else plain(report.problem)


def headline(report: Report, language: str) -> tuple[str, str]:
    """The score, empty where the judge failed, and what that makes of the solution."""
    if report.verdict == "infra":
        return "", word("not judged yet", language)
    score = f"{score_text(report.score)}/100"
    if report.untouched:
        return score, word("nothing written yet", language)
    return score, word("accepted" if report.accepted else "not accepted", language)


def next_step(report: Report, language: str, next_hint: int = 1) -> str:
    """The command to try next, by what came out; next_hint: the number of the first hint that was not asked for."""
    number = number_of(report)
    failing = [check for check in ranked(report.checks) if is_failing(check)]
    if report.verdict == "infra":
        return word("doctor", language)
    if report.untouched:
        return word("attempt", language, problem=number)
    if report.accepted:
        return word("list", language) if report.released else word("reveal", language, problem=number)
    if report.message or not failing:
        return word("again", language, problem=number)
    if next_hint <= report.hints:
        return word("hint", language, problem=number, hint=next_hint, count=report.hints)
    return word("only", language, problem=number, check=plain(failing[0].name))


def basis(report: Report, language: str, *, with_seed: bool) -> list[str]:
    """What the result rests on; the seed of a class is a secret."""
    parts = [
        *([word("seed", language, seed=report.seed)] if with_seed else []),
        f"torch {'.'.join(report.torch_version.split('+')[0].split('.')[:2])}",
        word("isolation", language, level=report.isolation[0] if report.isolation else "?"),
        f"judge {report.judge_version}",
        f"{report.seconds:.1f}s",
    ]
    return [plain(part, lines=1) for part in parts]


def diagnosis_heading(diagnosis: Diagnosis, checks: Sequence[CheckResult], language: str) -> str:
    """How sure a known mistake is, and in which of the checks it fails as the solution does."""
    count, failing = len(diagnosis.checks), {check.name for check in checks if is_failing(check)}
    if failing - set(diagnosis.checks) or not count:
        where = word("some checks", language, names=", ".join(plain(name) for name in diagnosis.checks))
    else:
        where = word({1: "that check", 2: "both checks"}.get(count, "all checks"), language, count=count)
    return word("known mistake" if diagnosis.certain else "similar mistake", language, where=where)


# --------------------------------------------------------------------------------------------------------- the checks


def is_failing(check: CheckResult) -> bool:
    """Whether its verdict says something against the solution, or the judge."""
    return check.verdict not in ("passed", *NEUTRAL)


def ranked(checks: Sequence[CheckResult]) -> list[CheckResult]:
    """The checks in the order to show them in: what failed first."""
    return sorted(checks, key=lambda check: 0 if is_failing(check) else 1 if check.verdict in NEUTRAL else 2)


def counts(checks: Sequence[CheckResult]) -> list[str]:
    """How many passed of each tag, "core 2/8" first; nothing where all are core."""
    judged = [check for check in checks if check.verdict != "not judged"]
    if not any(check.tag == "edge" for check in checks):
        return []
    tags = dict.fromkeys(check.tag for check in sorted(judged, key=lambda check: check.tag != "core"))
    passed = {tag: sum(check.verdict == "passed" for check in judged if check.tag == tag) for tag in tags}
    return [f"{plain(tag)} {passed[tag]}/{sum(check.tag == tag for check in judged)}" for tag in tags]


def points_text(check: CheckResult) -> str:
    """ "7.5/15"."""
    return f"{score_text(check.points)}/{score_text(check.max_points)}"


def row_text(check: CheckResult, language: str) -> str:
    """What the line of a check says: what it looks at, how well it passed, or why it was not run."""
    if check.verdict in NEUTRAL:
        return plain(check.message or word("not run" if check.verdict == "skipped" else "not judged", language))
    return plain(check.message if check.verdict == "passed" and check.message else check.sentence)


def remarks(check: CheckResult, language: str) -> list[str]:
    """The verdict where it says more than a mark does, and the time where it took any."""
    known = check.verdict not in ("passed", "wrong", *NEUTRAL)
    return [*([word(check.verdict, language)] if known else []), *time_of(check)]


def time_of(check: CheckResult) -> list[str]:
    return [f"{check.seconds:.1f}s"] if check.seconds >= 0.05 else []


def devices_of(check: CheckResult) -> dict[str, str]:
    """The verdict on each device that it ran on: where it failed on one it is not run on the next."""
    return {device: verdict for device, verdict in check.devices.items() if verdict != "skipped"} or check.devices


def is_simulated(device: str) -> bool:
    return device.split(":")[0] == "sim"


def alike(failing: Sequence[CheckResult]) -> list[list[CheckResult]]:
    """The checks in groups that failed for the same reason."""
    groups: dict[tuple[object, ...], list[CheckResult]] = {}
    for check in failing:
        verdicts = tuple(item for item in check.devices.items() if item[1] != "skipped")
        reason = (check.verdict, check.message, check.location, check.expected, check.got, verdicts)
        # Without a line of the solution the same words may well have two reasons.
        groups.setdefault(reason if check.message and check.location else (check.name,), []).append(check)
    return list(groups.values())


# ------------------------------------------------------------------------------------------------------- the evidence


def where_it_fails(check: CheckResult, language: str) -> str:
    """What to say first when it fails on some devices and works on others."""
    good = [name for name, verdict in check.devices.items() if verdict == "passed"]
    bad = [name for name, verdict in check.devices.items() if verdict not in ("passed", *NEUTRAL)]
    if not good or not bad:
        return ""
    if good == ["cpu"]:
        return word("elsewhere", language)
    return word("devices differ", language, good=", ".join(map(plain, good)), bad=", ".join(map(plain, bad)))


def limits(check: CheckResult, language: str) -> str:
    """ "off by up to 0.01, allowed 4e-06"."""
    parts = [word("off by", language, error=f"{check.error:.2g}")] if check.error is not None else []
    parts += [word("allowed", language, allowed=f"{check.allowed:.1g}")] if check.allowed is not None else []
    return ", ".join(parts)


def other_cases(check: CheckResult) -> Iterator[str]:
    """A line for each failing case that says something else, in more than a number, than what was said before."""
    said = {_number_free(_first_line(check.message, case.name)) for case in check.cases or []}
    shown = 0
    for case in check.cases or []:
        first = _first_line(case.message, case.name)
        if first and _number_free(first) not in said and shown < MORE_CASES:
            said.add(_number_free(first))
            shown += 1
            yield f"{plain(case.name)}: {first}"


def _first_line(message: str | None, case: str) -> str:
    """The first line of a message, without the case's name, or the path that begins with it: "plain[0].weight: "."""
    first = plain(message or "", lines=1).split("\n")[0]
    name = re.escape(plain(case))
    path, colon, said = first.partition(": " if ": " in first else "：")
    return said if colon and re.match(rf"{name}(?=[.\[]|$)", path) else re.sub(rf"^{name}(\.|, |(?=\[))", "", first)


def _number_free(text: str) -> str:
    return re.sub(r"\d+", "#", text)
