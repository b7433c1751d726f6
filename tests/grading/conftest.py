"""One judge for all tests of the engine, and solutions of 25-self-attention that go wrong in one place."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from judge.grading import Judge, Solution
from judge.problems import Problem, packs
from judge.report import CheckResult, Report

REPOSITORY = Path(__file__).parents[2]
EXAMPLE = (REPOSITORY / "examples/25-self-attention.py").read_text()
SEED = 20


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    cache = tmp_path_factory.mktemp("cache")
    with Judge(devices=["cpu", "sim"], seed=SEED, secret="of the tests", cache=cache) as judge:
        yield judge


@pytest.fixture(scope="session")
def problem() -> Problem:
    return packs().find("25")


@pytest.fixture(scope="session")
def changed() -> Callable[..., Solution]:
    """changed("mask = ...", "mask = None") is the example with one piece replaced, which must be there."""

    def change(*replacements: str, before: str = "") -> Solution:
        source = EXAMPLE
        for old, new in zip(replacements[::2], replacements[1::2], strict=True):
            assert old in source
            source = source.replace(old, new, 1)
        return Solution.from_text(before + source)

    return change


def by_name(report: Report) -> dict[str, CheckResult]:
    return {check.name: check for check in report.checks}


def verdicts(report: Report) -> dict[str, str]:
    return {check.name: check.verdict for check in report.checks}


def without_times(report: Report) -> dict[str, Any]:
    """A report as JSON has it, without what a clock said."""
    from judge.report.json import to_json

    plain = json.loads(to_json(report))
    for timed in (plain, *plain["checks"]):
        timed.pop("seconds")
    plain.pop("started_at")
    return plain
