"""What `judge verify` has found right: kept by content, so a long run can be stopped, and told in tables."""

from __future__ import annotations

import contextlib
import os
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import msgspec
import torch

from judge.problems import Problem

# Rooms and files of judge/ that have no say in whether a solution is right.
WITHOUT_A_SAY = (
    "cli",
    "report",
    "classroom",
    "mutation",
    "practice",
    "language.py",
    "notebook.py",
    "progress.py",
    "pytest_plugin.py",
    "history.py",
    "doctor.py",
    "skeleton.py",
    "verify.py",
    "verified.py",
)


class Convergence(msgspec.Struct, frozen=True):
    """How well a right solution did in a convergence check."""

    check: str
    label: str  # "accuracy"
    value: float
    limit: float
    at_least: bool  # else at most


class Result(msgspec.Struct, frozen=True):
    """What a trial showed that is worth telling, besides that it went well."""

    seconds: float = 0.0  # of all checks but timing
    convergence: list[Convergence] = []


@lru_cache(maxsize=1)
def _code() -> bytes:
    """A hash of the judge's own code that decides."""
    package = Path(__file__).parent
    hashed = sha256(f"{torch.__version__}".encode())
    for path in sorted(package.rglob("*.py")):
        if path.relative_to(package).parts[0] not in WITHOUT_A_SAY:
            hashed.update(path.read_bytes())
    return hashed.digest()


def digest(problem: Problem, devices: Sequence[str]) -> str:
    """A hash of everything that a verification of this problem depends on, but for the seed."""
    hashed = sha256(_code() + repr((problem.slug, list(devices))).encode())
    for folder in (problem.folder, problem.hidden):
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".toml") and path.name not in ("messages.zh.toml", "equivalent.toml"):
                hashed.update(path.name.encode() + path.read_bytes())
    return hashed.hexdigest()


class Store:
    """Trials that went well, one small file each; a folder that cannot be written to is left alone."""

    def __init__(self, cache: Path | None) -> None:
        self._folder = cache / "verified" if cache is not None else None

    def recall(self, key: str) -> Result | None:
        """What an equal trial showed earlier; None when there was none, or it found something wrong."""
        if self._folder is None:
            return None
        try:
            return msgspec.json.decode((self._folder / key).read_bytes(), type=Result)
        except (OSError, ValueError, RecursionError):
            return None

    def keep(self, key: str, result: Result) -> None:
        """Remembers a trial that found nothing wrong."""
        if self._folder is None:
            return
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self._folder)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.encode(result))
            os.replace(name, self._folder / key)


@dataclass
class Tally:
    """What was seen of one problem, over all seeds."""

    names: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # kind of trial -> who was tried
    seconds: list[float] = field(default_factory=list)  # of the reference, one a seed
    convergence: dict[str, list[Convergence]] = field(default_factory=lambda: defaultdict(list))  # of all right ways

    def add(self, kind: str, name: str, result: Result) -> None:
        """One more trial."""
        self.names[kind].add(name)
        if kind == "reference":
            self.seconds.append(result.seconds)
        for one in result.convergence:
            self.convergence[one.check].append(one)

    @property
    def right_ways(self) -> int:
        return len(self.names["reference"]) + len(self.names["also"])

    @property
    def mistakes(self) -> int:
        return len(self.names["mistake"])

    @property
    def has_oracle(self) -> bool:
        return bool(self.names["oracle"])

    @property
    def typical_seconds(self) -> str:
        return f"{statistics.median(self.seconds):.1f}" if self.seconds else "–"


def tables(problems: Sequence[Problem], tallies: dict[str, Tally], seeds: int, devices: Sequence[str]) -> str:
    """A page of Markdown: the problems, what was verified, and the slack of what trains."""
    lines = [
        "# The problems",
        "",
        "Made by `judge verify --seeds N --out docs/problems.md`; every figure is of that run.",
        "",
        "## What there is",
        "",
        "| problem | title | difficulty | minutes | parts, with minutes | tags |",
        "| --- | --- | --- | ---: | --- | --- |",
    ]
    for problem in sorted(problems, key=lambda one: (one.order is None, one.order)):
        parts = ", ".join(f"{part.name} {part.minutes}" for part in problem.parts.values())
        facts = problem.title(), problem.difficulty, problem.minutes, parts, ", ".join(problem.tags)
        lines.append(_row(problem.slug, *facts))
    total = sum(statistics.median(tally.seconds) for tally in tallies.values() if tally.seconds)
    lines += [
        "",
        "In the recommended order.",
        "",
        "## What was verified",
        "",
        f"With {seeds} seed{'s' * (seeds != 1)} on {', '.join(devices)}: every right way (the reference and others) is "
        "accepted, the oracle agrees where there is one, every mistake is rejected by the checks that are meant to "
        "reject it and named by the report, stub and empty file get no points. Seconds are those of all checks of the "
        f"reference but timing, on all devices; together {total:.0f}.",
        "",
        "| problem | right ways | oracle | mistakes | seconds, median | seconds, most |",
        "| --- | ---: | --- | ---: | ---: | ---: |",
    ]
    for problem in problems:
        tally = tallies[problem.slug]
        most = f"{max(tally.seconds):.1f}" if tally.seconds else "–"
        oracle = "yes" if tally.has_oracle else ""
        lines.append(_row(problem.slug, tally.right_ways, oracle, tally.mistakes, tally.typical_seconds, most))
    lines += [
        "",
        "## The slack of what trains",
        "",
        "The values of all right ways over all seeds.",
        "",
        "| problem | check | measure | worst | median | best | limit |",
        "| --- | --- | --- | ---: | ---: | ---: | --- |",
    ]
    for problem in problems:
        for check, seen in sorted(tallies[problem.slug].convergence.items()):
            values = sorted((one.value for one in seen), reverse=not seen[0].at_least)
            limit = f"{'at least' if seen[0].at_least else 'at most'} {seen[0].limit:g}"
            numbers = (values[0], statistics.median(values), values[-1])
            lines.append(_row(problem.slug, check, seen[0].label, *(f"{value:.3g}" for value in numbers), limit))
    return "\n".join(lines) + "\n"


def _row(*cells: object) -> str:
    return f"| {' | '.join(str(cell).replace('|', '/') for cell in cells)} |"
