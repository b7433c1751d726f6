"""All checks of one problem on one solution: observe, compare, measure, explain.

`Attempt.report` is the story: load the solution, run each check on each device, name known mistakes, add up.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib.util import find_spec
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from judge import __version__
from judge.checks import CPU_SECONDS, Check, Evidence, Ruling
from judge.compare import Difference, cases, names_differ
from judge.diagnosis import MOST_SHOWN, Outcome, diagnose, part
from judge.examples import draw, shrink
from judge.forbidden import TooMuchToRead, find_uses
from judge.frozen import NOT_HERE, Frozen, can_be_frozen
from judge.frozen import read as read_frozen
from judge.making import Make, derive_seed
from judge.observations import MAX_NAME, Observation, Raised
from judge.pictures import pictures_of
from judge.problems import Problem
from judge.report import CaseResult, CheckResult, Diagnosis, Picture, Report
from judge.sandbox.host import SandboxBroken
from judge.subjects import Drawn, Fault, Observed, Run, Seen, Subject, example_text
from judge.timed import time_check
from judge.yardstick import Rounding, roundings

if TYPE_CHECKING:
    from judge.grading import Judge, Solution
    from judge.spares import Spares

# The worst first: what a check's or a report's verdict is when several apply.
SEVERITY = (
    "infra", "forbidden", "crashed", "memory", "timeout", "output-limit", "error", "wrong", "slow", "skipped",
    "not judged", "passed",
)  # fmt: skip
STDOUT_SHOWN = 2000
COSTLY = ("timing", "convergence")  # kinds of checks whose observations are not compared to name a mistake


def worst(verdicts: Collection[str]) -> str:
    """The most severe of some verdicts; "passed" beats "not judged" when both occur."""
    found = set(verdicts)
    if found > {"not judged"}:
        found.discard("not judged")
    return next((verdict for verdict in SEVERITY if verdict in found), "not judged")


@dataclass(frozen=True)
class Case:
    """One case of a check in one run on one device."""

    verdict: str
    difference: Difference | None = None
    sentence: str | None = None  # a ruling's words, or why there is no observation
    raised: Raised | None = None
    example: dict[str, Any] | None = None  # what was drawn for the run that failed
    stdout: str = ""  # what the solution printed in it

    @property
    def is_wrong(self) -> bool:
        """Whether there is an answer, and it is not the right one."""
        return self.verdict in ("wrong", "error")


@dataclass(frozen=True)
class Failing:
    """A failure: the device, the case ("" where a check has only one), and the run with the smallest failing input."""

    device: str
    case: str
    verdict: str
    run: Run


@dataclass
class OnDevice:
    """What a check gave on one device: per case the first failing run, or the last passing one."""

    device: str
    verdict: str = "passed"
    seconds: float = 0.0
    cases: dict[str, Case] = field(default_factory=dict)
    sentence: str | None = None
    curve: list[float] | None = None
    reference_curve: list[float] | None = None
    pictures: list[Picture] | None = None
    location: str | None = None
    runs: list[Run] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    expected: list[Seen] = field(default_factory=list)  # what the reference gave in these runs
    judged: list[dict[str, Case]] = field(default_factory=list)  # of each run that was seen, by case
    doubtful: bool = False  # something was stopped, perhaps for somebody else's doing


Tried = TypeVar("Tried", Fault | None, OnDevice)


class Attempt:
    """One solution against one problem; made and used by `judge.grading.Judge`."""

    def __init__(
        self,
        judge: Judge,
        problem: Problem,
        solution: Solution,
        *,
        only: Collection[str] | None = None,
        fail_fast: bool = False,
        skip_costly: bool = False,
        shrink: bool = True,
        name_mistakes: bool = True,
        first: Collection[str] = (),
        spares: Spares | None = None,
        cancelled: Event | None = None,
        here: Observed | None = None,
    ) -> None:
        self.judge = judge
        self.problem = problem
        self.solution = solution
        self._off: dict[str, dict[str, list[Rounding]]] = {}  # what `_roundings` has found, by check
        self.fail_fast = fail_fast
        self.skip_costly = skip_costly
        self.name_mistakes = name_mistakes
        self.first = first
        self.spares = spares
        self.cancelled = cancelled
        self.here = here  # what is observed instead of the solution in a worker of its own
        self.checks = [check for check in judge.checks(problem) if only is None or check.name in only]
        # A released problem has no reference to ask, so nothing is shrunk, and no mistakes to compare with.
        self.frozen = read_frozen(problem, judge.seed, self.checks) if problem.released else None
        self.shrink = shrink and self.frozen is None
        self.devices = [
            device for device in judge.devices if problem.devices is None or device.split(":")[0] in problem.devices
        ]
        self.evidence: dict[str, dict[str, OnDevice]] = {}  # by check and device, once there is a report
        self._subjects: dict[tuple[str, str], Subject] = {}
        self._stack = ExitStack()

    # ------------------------------------------------------------------------------------------------- the story

    def report(self, on_check: Callable[[CheckResult], None] | None = None) -> Report:
        """Runs the checks and tells what came out; never raises for what a solution does."""
        started, began = datetime.now().astimezone().isoformat(timespec="seconds"), time.monotonic()
        results: list[CheckResult] = []
        diagnosis: list[Diagnosis] = []
        with self._stack:
            fault = self.fault()
            if fault is None:
                fault, results, diagnosis = self._run_checks(on_check)
        if fault is not None:
            results = [self._unjudged(check, fault[0]) for check in self.checks]
        possible = sum(result.max_points for result in results if result.verdict != "not judged")
        score = 100 * sum(result.points for result in results) / possible if possible else 0.0
        verdict = fault[0] if fault else worst([result.verdict for result in results])
        return Report(
            problem=self.problem.slug,
            title=self.problem.titles["en"],
            accepted=verdict == "passed",
            score=round(score, 2),
            verdict=verdict,
            devices=self.devices,
            seed=self.judge.seed,
            isolation=self.judge.isolation,
            seconds=round(time.monotonic() - began, 4),
            checks=results,
            diagnosis=diagnosis,
            file=str(self.solution.path) if self.solution.path else self.solution.name,
            sha256=self.solution.sha256,
            started_at=started,
            judge_version=__version__,
            torch_version=str(torch.__version__),
            message=fault[1] if fault else None,
            location=fault[2] if fault else None,
            untouched=self._untouched(),
            hints=len(self.problem.hints("en")),
            released=self.problem.released,
        )

    def _untouched(self) -> bool:
        return self.solution.source is not None and self.solution.source.split() == self.problem.stub.split()

    def fault(self) -> tuple[str, str, str | None] | None:
        """Verdict, sentence and location when the solution need not be run at all."""
        if self.solution.fault is not None or self.solution.source is None:
            line = self.solution.line
            return "error", self.solution.fault or "there is no solution", f"line {line}" if line else None
        if self._untouched():
            return "error", "nothing written yet: this is the stub", None
        if not self.devices:
            return "not judged", f"this problem is judged on {', '.join(self.problem.devices or ())} only", None
        try:
            uses = find_uses(self.solution.source, self.problem.forbids)
        except TooMuchToRead as error:
            return "error", str(error), None
        for use in uses:
            return "forbidden", use.sentence, _location(use.line, use.source)
        return None

    def _run_checks(
        self, on_check: Callable[[CheckResult], None] | None
    ) -> tuple[tuple[str, str, str | None] | None, list[CheckResult], list[Diagnosis]]:
        for check in self.checks if self.frozen is None else ():
            self._runs(check)  # drawn now, while the nursery starts; `draw` remembers
        try:
            fault = self._beyond_doubt(lambda: self.candidate(self.devices[0]).load())
        except SandboxBroken as error:
            return ("infra", str(error), None), [], []
        if fault is not None:
            return (fault.verdict, fault.message, _location(fault.line, fault.source)), [], []
        results: dict[str, CheckResult] = {}
        evidence = self.evidence
        for check in sorted(self.checks, key=self._when):
            failed = any(result.verdict not in ("passed", "not judged") for result in results.values())
            reason = self._reason_to_skip(check, results, failed)
            missing = [package for package in check.needs if find_spec(package) is None]
            if missing:
                result = self._unjudged(check, "not judged", f"not judged: needs {', '.join(missing)}, not installed")
            elif self.frozen is not None and check.name not in self.frozen:
                result = self._unjudged(check, "not judged", NOT_HERE)
            elif reason is not None:
                result = self._unjudged(check, "skipped", reason)
            else:
                found = self._judge_check(check)
                evidence[check.name] = found
                result = self._result(check, found)
            results[check.name] = result
            if on_check is not None:
                on_check(result)
        diagnosis = self._diagnose(evidence) if self.name_mistakes else []
        return None, [results[check.name] for check in self.checks], diagnosis

    def _when(self, check: Check) -> tuple[bool, bool, bool]:
        """What comes later has a larger one: what is only worth measuring when the answers are right."""
        return check.kind == "timing", check.kind == "convergence" and bool(self.first), check.name not in self.first

    def _reason_to_skip(self, check: Check, results: dict[str, CheckResult], failed: bool) -> str | None:
        wrong_values = any(
            result.verdict not in ("passed", "not judged") and result.kind in ("shape", "values", "gradient")
            for result in results.values()
            if result.part is None or check.part is None or result.part == check.part
        )
        if failed and self.fail_fast:
            return "not run: an earlier check failed"
        if check.kind == "timing" and wrong_values:
            return "not timed: its answers are wrong"
        if check.kind == "convergence" and wrong_values and self.skip_costly:
            return "not run: fix the wrong values first"
        return None

    # --------------------------------------------------------------------------------------------------- one check

    def _judge_check(self, check: Check) -> dict[str, OnDevice]:
        found: dict[str, OnDevice] = {}
        for device in self.devices:
            if not check.runs_on(device):
                continue
            if any(one.verdict not in ("passed", "not judged") for one in found.values()):
                found[device] = OnDevice(device, "skipped")
                continue
            observe_or_time = self._time if check.kind == "timing" else self._observe_and_judge
            try:
                found[device] = self._beyond_doubt(
                    functools.partial(observe_or_time, check, device), timed=check.kind == "timing"
                )
            except SandboxBroken as error:
                found[device] = OnDevice(device, "infra", sentence=str(error))
        if "sim" in found and found["sim"].verdict == "crashed":
            # The simulated accelerator is Python called back from torch's threads: a crash there may be its own.
            self._forget_workers()
            again = self._observe_and_judge(check, "sim")
            told = "the solution's process crashed on the simulated accelerator, which may be its fault"
            found["sim"] = OnDevice("sim", "not judged", sentence=told) if again.verdict == "crashed" else again
        return found

    def _beyond_doubt(self, step: Callable[[], Tried], *, timed: bool = False) -> Tried:
        """What a step gave; where that may be the machine's fault, what it gives with the machine to itself.

        timed: it takes the machine by itself. Raises SandboxBroken when the judge fails twice.
        """
        machine = self.judge.machine
        try:
            with nullcontext() if timed else machine.busy():
                given = step()
            if given is None or not given.doubtful:
                return given
        except SandboxBroken:
            pass
        self._forget_workers()
        with nullcontext() if timed else machine.alone():
            return step()

    def _observe_and_judge(self, check: Check, device: str, runs: Sequence[Run] | None = None) -> OnDevice:
        given, hidden = self._task(check)
        runs = list(runs) if runs is not None else self._runs(check)
        if device == "sim":
            runs = runs[-1:]  # it is several times slower; the first examples are the smallest
        candidate = self._observed_on(device)
        candidate.ready(check)
        began = time.monotonic()
        seen = candidate.observe(check, runs, given=given)
        doubtful = any(one.doubtful for one in seen)
        found = OnDevice(device, seconds=time.monotonic() - began, runs=runs, seen=seen, doubtful=doubtful)
        found.expected, exact = self._expected(check, runs, device, given)
        if any(one.stopped for one in found.expected) and device != "cpu":
            return replace(found, verdict="not judged", sentence="the reference fails on this device")
        found.judged = self._judged(check, found, exact, hidden)
        for run, one, judged in zip(runs, seen, found.judged, strict=False):
            self._add_run(found, run, one, judged)
        if check.kind == "convergence" and seen and seen[0].observation:
            found.curve = _curve(seen[0].observation.value)
            right = found.expected[0].observation
            found.reference_curve = _curve(right.value) if right else None
        if check.pictures:
            found.pictures = _pictures(check, found)
        found.verdict = worst([case.verdict for case in found.cases.values()])
        if found.verdict in ("wrong", "error") and device == "cpu" and check.drawn and self.shrink:
            self._shrink(check, found)
        return found

    def _add_run(self, found: OnDevice, run: Run, seen: Seen, judged: dict[str, Case]) -> None:
        for name, case in judged.items():
            if name not in found.cases or found.cases[name].verdict in ("passed", "not judged"):
                found.cases[name] = replace(case, example=dict(run.arguments), stdout=seen.printed)

    def _judged(self, check: Check, found: OnDevice, exact: Sequence[Seen], hidden: Any) -> list[dict[str, Case]]:
        """The cases of each run that was seen; `exact` is what the reference gave in float64."""
        return [
            self._judge_run(check, found.device, run, seen, right, truth, hidden)
            for run, seen, right, truth in zip(found.runs, found.seen, found.expected, exact, strict=False)
        ]

    def _judge_run(
        self, check: Check, device: str, run: Run, seen: Seen, expected: Seen, exact: Seen, hidden: Any
    ) -> dict[str, Case]:
        """The cases of one run, by name; "" where a check has only one."""
        if seen.forbidden:
            use = seen.forbidden[0]
            raised = Raised("ForbiddenCall", (), "", use.line, use.source)
            return {"": Case("forbidden", sentence=use.sentence, raised=raised)}
        if seen.stopped is not None:
            return {"": Case(seen.stopped[0], sentence=seen.stopped[1])}
        if expected.observation is None or exact.observation is None:
            raise SandboxBroken(f"the reference failed in {check.name}: {expected.stopped or exact.stopped}")
        assert seen.observation is not None
        value = seen.observation.value
        if check.judged_by is not None:
            return {"": _ruled(check, Evidence(value, expected.observation.value, hidden, run.arguments))}
        if isinstance(value, Raised) and not isinstance(expected.observation.value, Raised):
            names = _case_names(expected.observation)
            return {name: _raised(value, device) for name in names}
        stopped_early = _raised_somewhere(value) and set(seen.filled) < set(expected.filled)
        wrong_names = None if stopped_early else names_differ(list(seen.filled), list(expected.filled))
        if wrong_names is not None:
            return {name: Case("wrong", wrong_names) for name in _case_names(expected.observation)}
        differences = cases(
            seen.observation,
            expected.observation,
            exact.observation,
            device=device,
            devices=self._homes(check, run, expected, device),
            elsewhere=functools.partial(self._roundings, check),
        )
        return {name: _case(name, difference, value, device) for name, difference in differences.items()}

    def _roundings(self, check: Check) -> dict[str, list[Rounding]]:
        """By path, how far the reference is off for each input of the check."""
        if check.name not in self._off:
            found = self._off[check.name] = {}
            for one, exact in zip(*self._expected(check, self._runs(check), "cpu", None), strict=True):
                if one.observation and exact.observation:
                    for path, rounding in roundings(one.observation.value, exact.observation.value):
                        found.setdefault(path, []).append(rounding)
        return self._off[check.name]

    def _shrink(self, check: Check, found: OnDevice) -> None:
        """Replaces the evidence by that of the smallest failing input."""
        seed = derive_seed(self.judge.seed, self.problem.slug, check.name, "draw")
        tried: dict[str, tuple[Run, Seen, dict[str, Case]]] = {}

        def fails(arguments: dict[str, Any]) -> bool:
            run = self._run(check, arguments)
            seen = self._observed_on(found.device).observe(check, [run])
            expected, exact = self._expected(check, [run], found.device, None)
            judged = self._judge_run(check, found.device, run, seen[0], expected[0], exact[0], None)
            tried[repr(arguments)] = run, seen[0], judged
            return any(case.is_wrong for case in judged.values())

        known: dict[str, bool] = {}
        for run, seen, judged in zip(found.runs, found.seen, found.judged, strict=False):
            known[repr(dict(run.arguments))] = any(case.is_wrong for case in judged.values())
            tried[repr(dict(run.arguments))] = run, seen, judged
        smallest = shrink(check, seed, known, fails)
        if smallest is None or repr(smallest) not in tried:
            return
        run, seen, judged = tried[repr(smallest)]
        smaller = {
            name: replace(case, example=dict(run.arguments), stdout=seen.printed)
            for name, case in judged.items()
            if case.verdict not in ("passed", "not judged")
        }
        found.cases = smaller | {name: case for name, case in found.cases.items() if name not in smaller}

    def _time(self, check: Check, device: str) -> OnDevice:
        timed = time_check(
            check,
            self.candidate(device),
            self._known(self.problem.reference, device),
            self.judge.machine,
            seed=derive_seed(self.judge.seed, self.problem.slug, check.name, "timing"),
            device=device,
        )
        case = Case(timed.verdict, timed.difference, timed.sentence)
        return OnDevice(
            device, timed.verdict, timed.seconds, {"": case}, sentence=timed.sentence, doubtful=timed.doubtful
        )

    def warm(self) -> None:
        """Has the reference and the known mistakes observed in all that a solution may be compared with, and kept."""
        with self._stack:
            for check in self.checks:
                if check.kind == "timing" or any(find_spec(package) is None for package in check.needs):
                    continue
                given, runs = self._task(check)[0], self._runs(check)
                for device in filter(check.runs_on, self.devices):
                    seen = runs[-1:] if device == "sim" else runs
                    expected, _ = self._expected(check, seen, device, given)
                    if device == "sim" and check.deterministic and not any(one.stopped for one in expected):
                        self._homes(check, seen[0], expected[0], device)
                if check.kind not in COSTLY and check.runs_on("cpu"):
                    for mistake in self.problem.mistakes:
                        self._mistake_outcomes(check, OnDevice("cpu", runs=runs), mistake.source)

    def failing(self, check: Check) -> Failing | None:
        """Where a check that the report was made with fails first; None where it does not."""
        for device, found in self.evidence.get(check.name, {}).items():
            for name, case in found.cases.items():
                if case.verdict not in ("passed", "not judged"):
                    return Failing(device, name, case.verdict, self._run(check, case.example or {}))
        return None

    def drawn(self, check: Check, failing: Failing) -> list[Drawn] | None:
        """What `make` draws there; None where the solution's process cannot tell."""
        with self._stack:
            return self.candidate(failing.device).drawn(check, failing.run)

    def result_of(self, check: Check) -> CheckResult:
        """What comes of one check by itself on the CPU."""
        with self._stack:
            return self._result(check, {"cpu": self._observe_and_judge(check, "cpu")})

    def first_failure(self, check: Check) -> CheckResult:
        """The same, but the runs are made one by one, small ones first, and end with the first that fails."""
        with self._stack:
            for run in sorted(self._runs(check), key=_size):
                result = self._result(check, {"cpu": self._observe_and_judge(check, "cpu", [run])})
                if result.verdict not in ("passed", "not judged"):
                    break
            return result

    def yardsticks(self) -> list[tuple[Check, Run, Seen, Seen]]:
        """Every run of the checks that compare, with what the reference gives in float32 and in float64 (CPU)."""
        found = []
        with self._stack, self.judge.machine.busy():
            for check in self.checks:
                if check.deterministic:
                    given, _ = self._task(check)
                    runs = self._runs(check)
                    found += list(
                        zip([check] * len(runs), runs, *self._expected(check, runs, "cpu", given), strict=True)
                    )
        return found

    def freeze(self) -> Iterator[tuple[Check, Frozen]]:
        """What a released problem needs for each check of this seed; raises SandboxBroken where the reference fails."""
        with self._stack, self.judge.machine.busy():
            for check in filter(can_be_frozen, self.checks):
                given, _ = self._task(check)
                runs = self._runs(check)
                expected, exact = self._expected(check, runs, "cpu", given)
                if failed := [one.stopped for one in (*expected, *exact) if one.stopped is not None]:
                    raise SandboxBroken(f"the reference failed in {check.name}: {failed[0][1]}")
                simulated = check.deterministic and check.runs_on("sim") and "sim" in self.devices
                homes = self._homes(check, runs[-1], expected[-1], "sim") if simulated else None
                yield check, Frozen(runs, self._hidden_seed(check), expected, exact, homes)

    # --------------------------------------------------------------------------------- candidate, reference, mistakes

    def candidate(self, device: str) -> Subject:
        """The solution in a worker on that device; ends with the report."""
        assert self.solution.source is not None
        return self._subject("candidate", self.solution.source, device, trusted=False)

    def _observed_on(self, device: str) -> Observed:
        return self.here or self.candidate(device)

    def _known(self, source: str, device: str) -> Subject:
        return self._subject(source, source, device, trusted=True)

    def _subject(self, name: str, source: str, device: str, *, trusted: bool) -> Subject:
        if (name, device) not in self._subjects:
            subject = Subject(
                self.judge.nursery(device), self.problem, source, device,
                trusted=trusted, spares=self.spares, cancelled=self.cancelled,
            )  # fmt: skip
            self._subjects[name, device] = self._stack.enter_context(subject)
        return self._subjects[name, device]

    def _forget_workers(self) -> None:
        for subject in self._subjects.values():
            subject.close()
        self._subjects.clear()

    def _runs(self, check: Check) -> list[Run]:
        if self.frozen is not None:
            return self.frozen[check.name].runs
        seed = derive_seed(self.judge.seed, self.problem.slug, check.name, "draw")
        return [self._run(check, arguments) for arguments in draw(check, seed)]

    def _run(self, check: Check, arguments: dict[str, Any]) -> Run:
        parts = (self.judge.seed, self.problem.slug, check.name, sorted(arguments.items()))
        return Run(derive_seed(*parts), arguments)

    def _task(self, check: Check) -> tuple[Any, Any]:
        if check.task is None:
            return None, None
        return check.task(Make(self._hidden_seed(check)))

    def _hidden_seed(self, check: Check) -> int:
        if self.frozen is not None:
            return self.frozen[check.name].hidden_seed
        return derive_seed(self.judge.seed, self.judge.secret, self.problem.slug, check.name, "hidden")

    def _observed(
        self, source: str, check: Check, runs: Sequence[Run], dtype: str, device: str, given: Any
    ) -> list[Seen]:
        """What a known solution was seen to do, from memory where possible."""
        return self.judge.memory.recall(
            self.problem, source, check, runs, dtype, device, given,
            lambda: self._known(source, device).observe(check, runs, dtype, given),
        )  # fmt: skip

    def _expected(self, check: Check, runs: Sequence[Run], device: str, given: Any) -> tuple[list[Seen], list[Seen]]:
        """The reference's observations in float32 and in float64, of the CPU where the device is simulated.

        Those of a released problem are always of the CPU.
        """
        if self.frozen is not None:
            return self.frozen[check.name].seen(runs)
        where = "cpu" if device == "sim" else device
        reference = self.problem.reference
        expected = self._observed(reference, check, runs, "float32", where, given)
        if any(one.doubtful for one in expected):
            raise SandboxBroken(f"the reference was stopped in {check.name}: {expected[-1].stopped}")
        if check.judged_by is not None:
            return expected, expected
        return expected, self._observed(reference, check, runs, "float64", "cpu", given)

    def _homes(self, check: Check, run: Run, expected: Seen, device: str) -> dict[str, str] | None:
        """Where the reference's tensors live on that device, by path; None when nobody knows.

        The reference's numbers come from the CPU when the device is simulated, so there it runs once more.
        """
        assert expected.observation is not None
        if self.frozen is not None:
            return self.frozen[check.name].homes_in(run, device)
        if device != "sim":
            return expected.observation.devices
        (seen,) = self._observed(self.problem.reference, check, [run], "float32", device, None)
        return seen.observation.devices if seen.observation is not None else None

    # ------------------------------------------------------------------------------------------------- known mistakes

    def _diagnose(self, evidence: dict[str, dict[str, OnDevice]]) -> list[Diagnosis]:
        """Which known mistakes give the same observations where the solution failed, and none where it passed.

        A mistake that some check is meant to reject is no suspect when the solution passes that check. The suspects
        are observed in the failing checks only; the best ones also in the others.
        """
        by_name = {check.name: check for check in self.checks if check.kind not in COSTLY}
        device = next((device for device in self.devices if self._fails_on(device, evidence, by_name)), self.devices[0])
        looked_at = {
            name: found
            for name in by_name
            if name in evidence and (found := evidence[name].get(device)) is not None and found.seen
        }
        failing = [name for name, found in looked_at.items() if found.verdict in ("wrong", "error")]
        passing = [name for name in looked_at if name not in failing and by_name[name].deterministic]
        if not failing:
            return self._guess(evidence)
        candidate = {name: self._outcomes(by_name[name], looked_at[name]) for name in (*failing, *passing)}
        mistakes = {mistake.name: mistake for mistake in self.problem.mistakes}
        texts = {name: mistake.text for name, mistake in mistakes.items()}
        known: dict[str, dict[str, dict[str, Outcome]]] = {}

        def observe(mistake: str, names: Sequence[str]) -> None:
            for name in names:
                if name not in known.setdefault(mistake, {}):
                    with self.judge.machine.busy():
                        known[mistake][name] = self._mistake_outcomes(
                            by_name[name], looked_at[name], mistakes[mistake].source
                        )

        try:
            for mistake in mistakes:
                meant = self.problem.mistake_checks.get(mistake, ())
                if all(name in failing for name in meant if name in looked_at):
                    observe(mistake, failing)
            while True:
                best = diagnose(candidate, known, texts)
                for diagnosis in best:
                    observe(diagnosis.mistake, passing)
                confirmed = diagnose(candidate, known, texts)
                if [one.mistake for one in confirmed] == [one.mistake for one in best]:
                    return confirmed
        except SandboxBroken:
            return []

    @staticmethod
    def _fails_on(device: str, evidence: dict[str, dict[str, OnDevice]], names: Collection[str]) -> bool:
        return any(
            device in found and found[device].verdict in ("wrong", "error")
            for name, found in evidence.items()
            if name in names
        )

    def _guess(self, evidence: dict[str, dict[str, OnDevice]]) -> list[Diagnosis]:
        """The mistakes that only costly checks are meant to reject, all of which fail: nothing is compared.

        Costly are timing, convergence, and what has less CPU time than is usual.
        """
        failing = set()
        for check in self.checks:
            verdicts = {found.verdict for found in evidence.get(check.name, {}).values()}
            short = check.cpu_seconds < CPU_SECONDS[check.kind]
            if (check.kind in COSTLY and verdicts & {"wrong", "slow"}) or (short and "timeout" in verdicts):
                failing.add(check.name)
        guesses = [
            Diagnosis(mistake.name, mistake.text, sorted(meant), certain=False)
            for mistake in self.problem.mistakes
            if (meant := set(self.problem.mistake_checks.get(mistake.name, ()))) and meant <= failing
        ]
        return sorted(guesses, key=lambda guess: -len(guess.checks))[:MOST_SHOWN]  # what explains most comes first

    def _mistake_outcomes(self, check: Check, found: OnDevice, source: str) -> dict[str, Outcome]:
        def compute() -> dict[str, Outcome]:
            given, hidden = self._task(check)
            seen = self._observed(source, check, found.runs, "float32", found.device, given)
            exact: list[Seen] = []
            if check.deterministic and not any(one.stopped for one in seen):
                exact = self._observed(source, check, found.runs, "float64", "cpu", given)
            expected, truth = self._expected(check, found.runs, found.device, given)
            theirs = replace(found, seen=seen, expected=expected)
            theirs.judged = self._judged(check, theirs, truth, hidden)
            return self._outcomes(check, theirs, exact)

        return self.judge.memory.compared(self.problem, source, check, found.runs, found.device, compute)

    def _outcomes(self, check: Check, found: OnDevice, exact: Sequence[Seen] = ()) -> dict[str, Outcome]:
        """What was seen of each case in all runs; `exact` for a mistake, whose own float64 run is the yardstick."""
        outcomes: dict[str, Outcome] = {}
        runs = zip(found.runs, found.seen, found.expected, found.judged, strict=False)
        for position, (run, seen, right, judged) in enumerate(runs):
            yardstick = exact[position].observation if position < len(exact) else None
            for name, case in judged.items():
                outcomes[name] = outcomes.get(name, Outcome()).run(
                    run.seed,
                    case.verdict in ("passed", "not judged"),
                    part(seen.observation, name) if seen.observation else None,
                    part(yardstick, name) if yardstick else None,
                    part(right.observation, name) if right.observation else None,
                    case.sentence if check.judged_by is not None else None,
                )
        return outcomes

    # ----------------------------------------------------------------------------------------------------- results

    def _unjudged(self, check: Check, verdict: str, message: str | None = None) -> CheckResult:
        return CheckResult(
            name=check.name, kind=check.kind, sentence=check.sentence, verdict=verdict, devices={}, points=0.0,
            max_points=check.points, seconds=0.0, tag=check.tag, part=check.part, message=message,
        )  # fmt: skip

    def _result(self, check: Check, found: dict[str, OnDevice]) -> CheckResult:
        if not found:
            return self._unjudged(check, "not judged", "not judged on the devices of this run")
        verdicts = {device: one.verdict for device, one in found.items()}
        verdict = worst([one for one in verdicts.values() if one != "skipped"])
        shown = next((one for one in found.values() if one.verdict == verdict), next(iter(found.values())))
        names = list(dict.fromkeys(name for one in found.values() for name in one.cases))
        per_case: list[CaseResult] = []
        for name in names:
            on_devices = [one.cases.get(name) or one.cases.get("") for one in found.values()]
            case_verdict = worst([case.verdict for case in on_devices if case is not None])
            failing = next((case for case in on_devices if case is not None and case.verdict == case_verdict), None)
            points = check.points / len(names)
            message = _message(failing) if case_verdict not in ("passed", "not judged") else None
            earned = points if case_verdict in ("passed", "not judged") else 0.0
            per_case.append(CaseResult(name, case_verdict, earned, points, message))
        stopped = verdict not in ("passed", "wrong", "error", "slow", "not judged")
        points = 0.0 if stopped or not names else sum(case.points for case in per_case)
        if verdict == "not judged":
            points = 0.0
        evidence = self._evidence(check, shown)
        return CheckResult(
            name=check.name,
            kind=check.kind,
            sentence=check.sentence,
            verdict=verdict,
            devices=verdicts,
            points=check.points if verdict == "passed" else round(points, 4),
            max_points=check.points,
            seconds=round(sum(one.seconds for one in found.values()), 4),
            tag=check.tag,
            part=check.part,
            cases=per_case if names != [""] and names else None,
            curve=shown.curve,
            reference_curve=shown.reference_curve,
            pictures=shown.pictures,
            failing_device=shown.device if verdict not in ("passed", "not judged") else None,
            **evidence,
        )

    def _evidence(self, check: Check, shown: OnDevice) -> dict[str, Any]:
        """The fields of a CheckResult that explain its first failing case, or say how well it passed."""
        failing = next(
            ((name, case) for name, case in shown.cases.items() if case.verdict not in ("passed", "not judged")), None
        )
        if failing is None:
            passed = next((case.sentence for case in shown.cases.values() if case.sentence), None)
            return {"message": shown.sentence or passed}
        _, case = failing
        difference = case.difference
        fields: dict[str, Any] = {
            "message": _message(case) or shown.sentence,
            "example": example_text(case.example or {}) or None,
            "stdout": case.stdout[-STDOUT_SHOWN:] or None,
        }
        if case.raised is not None:
            fields["location"] = _location(case.raised.line, case.raised.source)
        if difference is not None:
            fields |= {
                "index": difference.index,
                "expected": difference.expected,
                "got": difference.got,
                "error": difference.error,
                "allowed": difference.allowed,
            }
        return fields


def _size(run: Run) -> float:
    """How large the input of a run is, about."""
    return sum(float(value) for value in run.arguments.values() if isinstance(value, int | float))


def _location(line: int | None, source: str | None) -> str | None:
    if line is None:
        return None
    return f"line {line}: {source[:MAX_NAME]}" if source else f"line {line}"


def _message(case: Case | None) -> str | None:
    if case is None:
        return None
    return case.sentence or (case.difference.message if case.difference else None)


def _case_names(expected: Observation) -> list[str]:
    return [str(name) for name in expected.value] if isinstance(expected.value, dict) and expected.value else [""]


def _raised_somewhere(value: Any) -> bool:
    return isinstance(value, dict) and any(isinstance(case, Raised) for case in value.values())


def _raised(raised: Raised, device: str) -> Case:
    if raised.type == "Unsupported" and device != "cpu":
        return Case("not judged", sentence=f"{device} lacks an operator: {raised.message}")
    if raised.type == "ForbiddenCall":
        return Case("forbidden", sentence=raised.message, raised=raised)
    text = raised.message.strip().split("\n")[0][:300]
    if raised.type == "NotImplementedError" and not text:
        return Case("error", sentence="not written yet: it raises NotImplementedError", raised=raised)
    if raised.type == "SystemExit":
        return Case("error", sentence="calls sys.exit", raised=raised)
    if raised.type == "MemoryError" or "can't allocate memory" in raised.message:
        return Case("memory", sentence="ran out of memory", raised=raised)
    return Case("error", sentence=f"raises {raised.type}: {text}" if text else f"raises {raised.type}", raised=raised)


def _case(name: str, difference: Difference | None, value: Any, device: str) -> Case:
    if difference is None:
        return Case("passed")
    got = value.get(name) if isinstance(value, dict) and name else value
    if isinstance(got, Raised) and difference.kind == "exception":
        case = _raised(got, device)
        if case.verdict == "error" and difference.message.startswith("should raise"):
            return replace(case, sentence=f"{difference.message}; it {case.sentence}")
        return case
    return Case("wrong", difference)


def _ruled(check: Check, evidence: Evidence) -> Case:
    """A `judged_by` check's judgement; an exception in it is a wrong answer of a form that nobody expected."""
    assert check.judged_by is not None
    if isinstance(evidence.got, Raised) and not isinstance(evidence.expected, Raised):
        return _raised(evidence.got, "cpu")
    try:
        ruling = check.judged_by(evidence)
    except Exception as error:
        return Case("wrong", sentence=f"the answer has a form that cannot be judged ({type(error).__name__}: {error})")
    if ruling is None:
        return Case("passed")
    if isinstance(ruling, Ruling):
        return Case("passed" if ruling.passed else "wrong", sentence=ruling.sentence)
    return Case("wrong", sentence=str(ruling))


def _pictures(check: Check, found: OnDevice) -> list[Picture] | None:
    """Pictures of the last run in which something is wrong, or else of the last run: later inputs are larger."""
    runs = [
        (
            [name for name, case in judged.items() if case.is_wrong],
            _without_curve(seen.observation.value),
            _without_curve(right.observation.value),
        )
        for seen, right, judged in zip(found.seen, found.expected, found.judged, strict=False)
        if seen.observation and right.observation
    ]
    if not runs:
        return None
    wrong, got, reference = next((run for run in reversed(runs) if run[0]), runs[-1])
    return pictures_of(check.pictures, got, reference, wrong) or None


def _curve(value: Any) -> list[float] | None:
    """The learning curve of an answer `(predictions, curve)`."""
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], list) and len(value[1]) > 1:
        numbers = [float(item) for item in value[1] if isinstance(item, int | float)]
        return numbers if len(numbers) == len(value[1]) else None
    return None


def _without_curve(value: Any) -> Any:
    return value if _curve(value) is None else value[0]
