"""A Report: what the judge found out about one solution, as plain data; and its shapes for people and programs."""

from __future__ import annotations

import msgspec

SCHEMA_VERSION = 1

VERDICTS = (
    "passed",
    "wrong",
    "slow",
    "error",  # the solution raised where the reference did not
    "timeout",
    "memory",
    "crashed",
    "forbidden",
    "output-limit",
    "skipped",  # not run: a value was wrong, or --fail-fast
    "not judged",  # could not be judged on this device: costs nothing
    "infra",  # the judge's own fault
)


class CaseResult(msgspec.Struct, frozen=True):
    """One case of a check on its worst device."""

    name: str
    verdict: str
    points: float
    max_points: float
    message: str | None = None


class Picture(msgspec.Struct, frozen=True):
    """An image that the solution gave and the reference's, each a PNG in base64; None where it gave none like it."""

    name: str
    got: str | None
    expected: str


class CheckResult(msgspec.Struct, frozen=True):
    """One check: a verdict per device, points that need every device, and the evidence of the first failure."""

    name: str
    kind: str  # shape, values, gradient, convergence, timing
    sentence: str  # what it looks at, in a candidate's words
    verdict: str  # the worst over the devices
    devices: dict[str, str]  # device -> verdict
    points: float
    max_points: float
    seconds: float
    tag: str = "core"
    part: str | None = None
    message: str | None = None  # one or more lines of evidence; None when passed and nothing is worth saying
    cases: list[CaseResult] | None = None  # None when the check has only one case
    example: str | None = None  # the smallest failing input: "batch=1 length=2"
    location: str | None = None  # "line 12: scores = q @ k" (the solution's own line)
    index: str | None = None  # where the first difference is: "out[0, 0, 0]"
    expected: str | None = None
    got: str | None = None
    error: float | None = None  # largest absolute error
    allowed: float | None = None
    stdout: str | None = None  # what the solution printed during this check, capped
    curve: list[float] | None = None  # learning curve of the solution
    reference_curve: list[float] | None = None
    pictures: list[Picture] | None = None
    failing_device: str | None = None  # where the evidence is from


class Diagnosis(msgspec.Struct, frozen=True):
    """A known mistake that fails as the solution does."""

    mistake: str  # file name without .py
    text: str
    checks: list[str]  # names of the failing checks in which they are equal
    certain: bool = True  # equal numbers; False: only words are the same, or what may be the same by chance


class Report(msgspec.Struct, frozen=True):
    """All about one attempt."""

    problem: str  # "25-self-attention"
    title: str
    accepted: bool
    score: float  # 0 to 100
    verdict: str  # "passed", or the verdict that decided
    devices: list[str]
    seed: int
    isolation: list[str]  # level first: ["L3", "namespaces", "landlock 7", "seccomp", "rlimits", "other user"]
    seconds: float
    checks: list[CheckResult]
    diagnosis: list[Diagnosis]
    file: str | None
    sha256: str | None
    started_at: str  # ISO 8601 with offset
    judge_version: str
    torch_version: str
    message: str | None = None  # the one line for a solution that could not be judged at all (syntax error, ...)
    location: str | None = None
    untouched: bool = False  # the stub: "nothing written yet"
    hints: int = 0  # how many hints the problem has
    released: bool = False  # judged by a package for students: no input was shrunk, and there is nothing to reveal
    schema_version: int = SCHEMA_VERSION
