"""What is kept of a grading: each finished report at once, so that a stopped run goes on where it was.

In the folder given by --out:
    results.json    everything, in the form of judge/report/results-schema.json
    finished.jsonl  one line a finished report, with the key of what it depends on
    STUDENT.txt     the report for that student, without the class's seed
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from judge import __version__
from judge.classroom.intake import Submission, Unmatched
from judge.grading import Judge, Solution
from judge.report import SCHEMA_VERSION, Report
from judge.report.json import as_data, to_fields
from judge.report.terminal import render
from judge.report.text import plain

RESULTS, FINISHED = "results.json", "finished.jsonl"
LONGEST_NAME = 200  # bytes of a student's name in a file's; file systems take 255


class _Drawn(msgspec.Struct, frozen=True):
    """What results.json tells of an earlier run."""

    seed: int
    secret: str


class _Finished(msgspec.Struct, frozen=True):
    """A line of finished.jsonl."""

    key: str
    report: Report


class UnusableResults(ValueError):
    """The folder given by --out cannot be used; the message says why."""


@dataclass(frozen=True)
class Graded:
    """A submission and what became of it."""

    submission: Submission
    report: Report


def key_of(submission: Submission, solution: Solution, judge: Judge) -> str | None:
    """What a report depends on, as a digest; None for what has no content to depend on (a folder, a link)."""
    if solution.sha256 is None:
        return None
    problem = submission.problem
    parts = [solution.sha256, problem.slug, problem.checks_source, problem.reference]
    parts += [str(judge.seed), *judge.devices, __version__]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


class Results:
    """The folder given by --out, or nothing at all when there is none."""

    def __init__(self, out: Path | None) -> None:
        self.out = out
        self.reports: dict[str, Report] = {}
        self.seed: int | None = None
        self.secret = secrets.token_hex(16)  # of the hidden data: not to be had even where the seed is known
        if out is None:
            return
        try:
            out.mkdir(parents=True, exist_ok=True)
            self._read_seed(out / RESULTS)
            self._read_finished(out / FINISHED)
        except OSError as error:
            raise UnusableResults(f"{out} cannot be used for results: {error.strerror}") from None

    def _read_seed(self, path: Path) -> None:
        if path.exists():
            try:
                kept = msgspec.json.decode(path.read_bytes(), type=_Drawn)
                self.seed, self.secret = kept.seed, kept.secret
            except (ValueError, RecursionError):
                raise UnusableResults(f"{path} is no work of judge grade; remove it or choose another --out") from None

    def _read_finished(self, path: Path) -> None:
        content = path.read_bytes() if path.exists() else b""
        for line in content.splitlines():
            try:
                kept = msgspec.convert(json.loads(line), _Finished)  # msgspec itself reads no nan
                self.reports[kept.key] = kept.report
            except (ValueError, RecursionError):
                continue  # the line that a killed run was writing, or one of another version: judged again
        if content and not content.endswith(b"\n"):
            with open(path, "ab") as file:
                file.write(b"\n")  # or the next report would be lost with the torn line

    def keep(self, key: str | None, report: Report) -> None:
        """Remembers a report across runs; what the judge failed to judge is left for the next one."""
        if key is None or report.verdict == "infra":
            return
        self.reports[key] = report
        if self.out is not None:
            line = json.dumps({"key": key, "report": as_data(report)})
            with open(self.out / FINISHED, "a", encoding="utf-8") as file:
                file.write(f"{line}\n")

    def write(self, graded: Iterable[Graded], unmatched: Sequence[Unmatched], finished: bool, **about: Any) -> None:
        """Writes results.json in one step; about: seed, isolation, devices, torch_version."""
        if self.out is None:
            return
        content = {
            **about,
            "secret": self.secret,
            "judge_version": __version__,
            "schema_version": SCHEMA_VERSION,
            "finished": finished,
            "unmatched": [
                {"path": plain(one.path), "student": one.student and plain(one.student), "reason": plain(one.reason)}
                for one in unmatched
            ],
            "results": [{"student": plain(one.submission.student), **to_fields(one.report)} for one in graded],
        }
        _replace(self.out / RESULTS, json.dumps(content, indent=1, allow_nan=False) + "\n")

    def write_students(self, graded: Iterable[Graded], language: str = "en") -> None:
        """Writes one text a student, with all of their reports."""
        if self.out is None:
            return
        students: dict[str, list[Report]] = {}
        for one in graded:
            students.setdefault(one.submission.student, []).append(one.report)
        for student, reports in students.items():
            page = io.StringIO()
            for number, report in enumerate(reports):
                page.write(f"\n{'-' * 80}\n\n" if number else f"{plain(student)}\n\n")
                render(report, Console(file=page, width=80, color_system=None), language=language, handed_out=True)
            _replace(self.out / f"{_short(student)}.txt", page.getvalue())


def _short(name: str) -> str:
    """The name of a student; one that is so long that nothing fits behind it is cut and ends in a digest."""
    raw = os.fsencode(name)
    if len(raw) <= LONGEST_NAME:
        return name
    return f"{raw[:LONGEST_NAME].decode('utf-8', 'ignore')}-{hashlib.sha256(raw).hexdigest()[:8]}"


def _replace(path: Path, content: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(content, encoding="utf-8")
    os.replace(partial, path)
