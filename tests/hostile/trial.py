"""One hostile solution against the judge, and what is not as it should be afterwards."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from rich.console import Console

from judge.grading import Judge, Solution
from judge.problems import Problem
from judge.report import Report
from judge.report.json import to_json
from judge.report.terminal import render
from tests.hostile.conftest import HERE, RIGHT, Place, processes, shared_memory

FILES = sorted((HERE / "solutions").glob("*.py"))
SECONDS = 30.0  # for one solution with all its checks, diagnosis included
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def expectations(text: str) -> list[tuple[str, str]]:
    """[(verdict, words of the message)], any of which is right; from the line `# expect: verdict: words, verdict`."""
    (line,) = re.findall(r"^# expect: (.+)$", text, re.MULTILINE)
    return [tuple(one.partition(": ")[::2]) for one in line.split(", ")]


def wrong_with(path: Path, engine: Judge, problem: Problem, place: Place, family: int) -> list[str]:
    """Has the solution judged; a line for everything that is not as it should be then."""
    text = path.read_text()
    files, memory = place.files(), shared_memory()
    descriptors = psutil.Process().num_fds()
    started = time.monotonic()
    report = engine.judge(problem, Solution.from_text(place.fill(text)), fail_fast=True)
    took = time.monotonic() - started
    return [
        *_wrong_in(report, expectations(text)),
        *([f"took {took:.0f} s"] if took > SECONDS else []),
        *_left(place, files, family),
        *(["shared memory is left"] if shared_memory() != memory else []),
        *(["descriptors are left open"] if psutil.Process().num_fds() > descriptors else []),
        *_wrong_afterwards(engine, problem),
    ]


def _wrong_in(report: Report, expected: list[tuple[str, str]]) -> Iterator[str]:
    messages = [report.message or "", *(check.message or "" for check in report.checks)]
    harmless = expected == [("passed", "")]  # a right answer, and nothing comes of the rest
    if report.accepted != harmless or (report.score == 100) != harmless:
        yield f"accepted: {report.accepted}, {report.score:g} points"
    if not any(
        report.verdict == verdict and any(words in message for message in messages) for verdict, words in expected
    ):
        yield f"{report.verdict}: {next(filter(None, messages), 'no message')}"
    if not any(messages):
        yield "no message"
    page = io.StringIO()
    render(report, Console(file=page, width=80, force_terminal=False))
    if CONTROL.search(page.getvalue()):
        yield "control characters in the report"
    if len(page.getvalue()) > 20_000:
        yield "a report of many pages"
    if json.loads(to_json(report))["accepted"] != harmless:
        yield "the JSON says something else"


def _left(place: Place, files: dict[str, bytes], family: int) -> Iterator[str]:
    deadline = time.monotonic() + 5  # for those that are ending
    while (new := processes() - family) > 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    if new > 0:
        yield f"{new} processes are left"
    now = place.files()
    changed = [Path(name).name for name in {*files, *now} if files.get(name) != now.get(name)]
    if changed:
        yield f"files were changed: {', '.join(sorted(changed))}"
    if visitors := place.visitors():
        yield f"reached by {', '.join(visitors)}"


def _wrong_afterwards(engine: Judge, problem: Problem) -> Iterator[str]:
    after = engine.judge(problem, Solution.read(RIGHT), only=["normalises_rows"])
    if not after.accepted:
        yield f"the next, right solution: {after.verdict}"
