"""Reports made by hand, for tests of how they are shown."""

from __future__ import annotations

from typing import Any

from judge.report import CaseResult, CheckResult, Diagnosis, Report


def check(name: str, kind: str = "values", verdict: str = "passed", **fields: Any) -> CheckResult:
    """A check worth 20 points, on the CPU and the simulated accelerator unless `devices` says otherwise."""
    chosen: dict[str, Any] = {
        "sentence": f"What {name} looks at.",
        "devices": {"cpu": verdict, "sim": verdict},
        "points": 20 if verdict == "passed" else 0,
        "max_points": 20,
        "seconds": 0.3,
    }
    return CheckResult(name=name, kind=kind, verdict=verdict, **(chosen | fields))


def report(*checks: CheckResult, **fields: Any) -> Report:
    accepted = bool(checks) and all(one.verdict == "passed" for one in checks)
    chosen: dict[str, Any] = {
        "problem": "25-self-attention",
        "title": "Self-attention with masks",
        "accepted": accepted,
        "score": 100 if accepted else 35,
        "verdict": "passed" if accepted else "wrong",
        "devices": ["cpu", "sim"],
        "seed": 7,
        "isolation": ["L3", "namespaces"],
        "seconds": 2.31,
        "diagnosis": [],
        "file": "solutions/25-self-attention.py",
        "sha256": "ab" * 32,
        "started_at": "2026-01-01T10:00:00+00:00",
        "judge_version": "0.1.0",
        "torch_version": "2.15.0+cu130",
        "hints": 3,
    }
    return Report(checks=list(checks), **(chosen | fields))


WRONG = report(
    check("keeps_the_shape", "shape", sentence="(batch, length, embed) in, the same out."),
    check(
        "attends_where_it_may",
        verdict="wrong",
        points=5,
        sentence="Plain, with padding, causal, and both at once.",
        cases=[CaseResult("plain", "wrong", 0, 10), CaseResult("padded", "passed", 10, 10)],
        example="batch=1 length=2 heads=1",
        message="shape and dtype are right; 8 of 8 numbers differ",
        index="plain[0, 0, 0]",
        expected="0.2268",
        got="0.2007",
        error=0.026,
        allowed=4.1e-7,
        stdout="scores of head 0\n",
    ),
    check(
        "at_length_256",
        "timing",
        "skipped",
        devices={"cpu": "skipped"},
        message="Not timed: its answer is wrong",
        seconds=0.0,
    ),
    check(
        "finds_the_marked_token",
        "convergence",
        devices={"cpu": "passed"},
        message="accuracy 1, needs at least 0.95",
        curve=[2.0, 1.0, 0.5, float("nan")],
        reference_curve=[2.0, 0.9, 0.4, 0.1],
    ),
    diagnosis=[Diagnosis("no_scaling", "You do not divide the scores by sqrt(head_dim).", ["attends_where_it_may"])],
)

HOSTILE = report(
    check(
        "attends",
        verdict="error",
        message="[bold]ValueError[/bold]: \x1b[31mred\x1b[0m \x1b]8;;http://x.org\x07link\x1b]8;;\x07 :smile: "
        + "x" * 5000,
        location="line 3: raise ValueError('[/]\u202e')",
        stdout="\x1b[2J\x1b[H[red]PASS[/red]\r\n" + "spam\n" * 10_000,
        got="很长的中文" * 200,
        cases=[CaseResult("[link=x]", "error", 0, 10, "\x07bell"), CaseResult("b" * 300, "error", 0, 10)],
    ),
    title="自注意力" * 30,
    file="solutions/\x1b[31m.py",
)
