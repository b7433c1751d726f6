"""Every hostile solution fails closed: not accepted, with a sensible verdict, in time, and nothing of it is left."""

from __future__ import annotations

import io
import json
import re
import time
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from judge.grading import Solution
from judge.report.json import to_json
from judge.report.terminal import render
from tests.hostile.conftest import HERE, RIGHT, processes, shared_memory

FILES = sorted((HERE / "solutions").glob("*.py"))
SECONDS = 30.0  # for one solution with all its checks, diagnosis included
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def expectations(text: str) -> list[tuple[str, str]]:
    """[(verdict, words of the message)], any of which is right; from the line `# expect: verdict: words, verdict`."""
    (line,) = re.findall(r"^# expect: (.+)$", text, re.MULTILINE)
    return [tuple(one.partition(": ")[::2]) for one in line.split(", ")]


def settled(family: int) -> int:
    """How many processes there are more than before, after a moment for those that are ending."""
    deadline = time.monotonic() + 5
    while (new := processes() - family) > 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    return new


def test_there_are_many():
    assert len(FILES) >= 60


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_fails_closed(engine, problem, place, family, path: Path):
    text = path.read_text()
    files, memory = place.files(), shared_memory()
    descriptors = psutil.Process().num_fds()
    started = time.monotonic()
    report = engine.judge(problem, Solution.from_text(place.fill(text)), fail_fast=True)
    took = time.monotonic() - started

    messages = [report.message or "", *(check.message or "" for check in report.checks)]
    expected = expectations(text)
    harmless = expected == [("passed", "")]  # a right answer, and nothing comes of the rest
    assert report.accepted == harmless
    assert (report.score == 100) == harmless
    assert any(
        report.verdict == verdict and any(words in message for message in messages) for verdict, words in expected
    ), (report.verdict, messages)
    assert any(messages)
    assert took < SECONDS

    page = io.StringIO()
    render(report, Console(file=page, width=80, force_terminal=False))
    assert not CONTROL.search(page.getvalue())
    assert len(page.getvalue()) < 20_000
    assert json.loads(to_json(report))["accepted"] == harmless

    assert settled(family) <= 0
    assert place.files() == files
    assert place.visitors() == []
    assert shared_memory() == memory
    assert psutil.Process().num_fds() <= descriptors

    after = engine.judge(problem, Solution.read(RIGHT), only=["normalises_rows"])
    assert after.accepted, after
