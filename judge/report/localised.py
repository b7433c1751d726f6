"""A report as a reader of another language gets it: the data is the same, what is said in it is translated."""

from __future__ import annotations

import msgspec

from judge.language import LANGUAGES, messages
from judge.problems import BrokenProblem, Problem
from judge.report import CheckResult, Report


def localised(report: Report, problem: Problem | None, language: str) -> Report:
    """The report in that language, as far as the problem and judge's own messages are there in it.

    problem: None where it is not known any more.
    """
    if language == "en" or language not in LANGUAGES:
        return report
    try:
        own = problem.messages if problem is not None else {}
    except BrokenProblem:  # its other files may be fine
        own = {}
    sentences, mistakes, says = (own.get(name, {}) for name in ("checks", "mistakes", "says"))

    known = messages(language, says)

    def told(text: str | None) -> str | None:
        return known.text(text) if text else text

    def of_check(check: CheckResult) -> CheckResult:
        cases = check.cases and [msgspec.structs.replace(case, message=told(case.message)) for case in check.cases]
        return msgspec.structs.replace(
            check, sentence=sentences.get(check.name, check.sentence), message=told(check.message), cases=cases
        )

    return msgspec.structs.replace(
        report,
        title=problem.title(language) if problem is not None else report.title,
        message=told(report.message),
        checks=[of_check(check) for check in report.checks],
        diagnosis=[msgspec.structs.replace(one, text=mistakes.get(one.mistake, one.text)) for one in report.diagnosis],
    )
