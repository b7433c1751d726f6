"""Something that is observed: a candidate's solution, the reference or a known mistake, each in a worker of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Protocol, TypeVar

import msgspec

from judge.checks import Check
from judge.forbidden import Use
from judge.observations import MAX_MESSAGE, Observation, Raised
from judge.problems import Problem
from judge.sandbox.host import Nursery, Stopped, Worker
from judge.sandbox.limits import Limits
from judge.spares import Spares

LOAD_CPU_SECONDS = 10.0
NO_ANSWER = "the process sent something that is not an answer"
Shape = TypeVar("Shape")


def example_text(arguments: Mapping[str, Any]) -> str:
    """Drawn arguments as a report shows them."""
    return " ".join(f"{key}={value!r}" for key, value in arguments.items())


@dataclass(frozen=True)
class Run:
    """One call of a check: the seed of its inputs, and what was drawn for it."""

    seed: int
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def example(self) -> str:
        """What was drawn, as a report shows it: "batch=1 length=2"."""
        return example_text(self.arguments)


@dataclass(frozen=True)
class Seen:
    """What one call of a check gave: an observation, or why there is none."""

    observation: Observation | None
    filled: tuple[tuple[str, tuple[int, ...]], ...] = ()  # names and shapes that make.filled saw
    forbidden: tuple[Use, ...] = ()
    stopped: tuple[str, str] | None = None  # verdict and sentence
    printed: str = ""
    doubtful: bool = False  # it may have been stopped for somebody else's doing


@dataclass(frozen=True)
class Drawn:
    """Something that `make` drew, as a worker tells it; the value may be anything."""

    case: str  # "" before any case
    method: str
    value: Any


@dataclass(frozen=True)
class Fault:
    """Why a solution cannot be observed at all."""

    verdict: str
    message: str
    line: int | None = None
    source: str | None = None
    doubtful: bool = False  # it may be somebody else's doing

    def seen(self) -> Seen:
        """The same of a call that this fault kept from happening."""
        return Seen(None, stopped=(self.verdict, self.message), doubtful=self.doubtful)


def missing_names(names: Sequence[str]) -> str:
    """What is said when a solution does not define what the contract asks for."""
    return f"the file does not define {', '.join(names)}; the statement names what it must define"


class _Loaded(msgspec.Struct, frozen=True):
    """What a worker tells once it has imported a solution."""

    raised: Raised | None
    missing: list[str]  # names of the contract
    forbidden: list[Use]


class _Beside(msgspec.Struct, frozen=True):
    """What a worker tells beside what a check saw."""

    filled: tuple[tuple[str, tuple[int, ...]], ...]
    forbidden: tuple[Use, ...]


class Observed(Protocol):
    """Something whose checks can be observed."""

    def ready(self, check: Check) -> Fault | None:
        """Sees to it that there is a worker for this check, which is no part of the check's own time."""

    def observe(self, check: Check, runs: Sequence[Run], dtype: str = "float32", given: Any = None) -> list[Seen]:
        """What the runs of a check gave, in their order; the list ends early at a run that had to be stopped."""


class Subject:
    """A solution in a worker that is forked when it is first needed, and again after a crash or a time-out.

    spares: workers of this problem that are taken first. cancelled: once it is set, everything that waits for a worker
    raises `judge.sandbox.host.Cancelled`.
    """

    def __init__(
        self,
        nursery: Nursery,
        problem: Problem,
        source: str,
        device: str = "cpu",
        *,
        trusted: bool = False,
        spares: Spares | None = None,
        cancelled: Event | None = None,
    ) -> None:
        self._nursery = nursery
        self._problem = problem
        self._source = source
        self._device = device
        self._forbids = () if trusted else problem.forbids
        self._spares = spares
        self._cancelled = cancelled or Event()
        self._worker: Worker | None = None

    def __enter__(self) -> Subject:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the worker."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def load(self) -> Fault | None:
        """Imports the solution in a worker; None when all names of the contract are there."""
        self.close()
        self._worker = self._fork()
        return self._load(self._worker)

    def _fork(self, folder: str = "") -> Worker:
        if self._spares is not None and not folder:
            spare = self._spares.take(self._device, self._cancelled)
            if spare is not None:
                return spare
        return self._nursery.worker(
            Limits(),
            prepare=self._forbids,
            device=self._device,
            folder=folder,
            hidden_paths=[str(path) for path in self._problem.hidden_paths()],
            cancelled=self._cancelled,
        )

    def _load(self, worker: Worker) -> Fault | None:
        request = {
            "op": "load",
            "solution": self._source,
            "checks": self._problem.checks_source,
            "forbids": list(self._forbids),
            "requires": list(self._problem.requires),
            "device": self._device,
        }
        try:
            loaded = told(worker.ask(request, cpu_seconds=LOAD_CPU_SECONDS), _Loaded)
        except Stopped as stopped:
            why = f"stopped while it was imported: {stopped.message}"
            return Fault(stopped.verdict, why, doubtful=stopped.doubtful)
        for use in loaded.forbidden:
            return Fault("forbidden", use.sentence, use.line, use.source)
        raised = loaded.raised
        if raised is not None:
            what = "calls sys.exit" if raised.type == "SystemExit" else f"raises {raised.type}"
            detail = f": {raised.message}" if raised.message and raised.type != "SystemExit" else ""
            return Fault("error", f"{what} when it is imported{detail}", raised.line, raised.source)
        missing = [name for name in self._problem.requires if name in loaded.missing]
        if missing:
            return Fault("error", missing_names(missing))
        return None

    def observe(self, check: Check, runs: Sequence[Run], dtype: str = "float32", given: Any = None) -> list[Seen]:
        """What the runs of a check gave, in their order; the list ends early at a run that had to be stopped."""
        if check.then is not None:
            return [self._observe_in_two(check, run, dtype) for run in runs]
        fault = self.ready(check)
        if fault is not None:
            return [fault.seen()]
        assert self._worker is not None
        return _ask(self._worker, check, runs, dtype, given)

    def drawn(self, check: Check, run: Run) -> list[Drawn] | None:
        """What `make` drew in a run, in order; None when the worker cannot tell, as after a crash."""
        if check.then is not None or self.ready(check) is not None:
            return None
        assert self._worker is not None
        try:
            self._worker.send(_request(self._worker, check, [run], "float32") | {"record": True})
            answer = self._worker.receive(cpu_seconds=check.cpu_seconds).value
            return [Drawn(str(case), str(method), value) for case, method, value in answer["drawn"]]
        except (Stopped, KeyError, ValueError, TypeError):  # it may send anything
            return None

    def ready(self, check: Check) -> Fault | None:
        """Sees to it that there is a worker for this check, which is no part of the check's own time."""
        if check.then is not None:
            return None  # it takes two fresh ones
        return self.load() if self._worker is None or not self._worker.alive else None

    def _observe_in_two(self, check: Check, run: Run, dtype: str) -> Seen:
        with self._fork() as first:
            fault = self._load(first)
            if fault is not None:
                return fault.seen()
            seen = _ask(first, check, [run], dtype, None)[0]
            if seen.observation is None or isinstance(seen.observation.value, Raised) or seen.forbidden:
                return seen
            first.stop()
            with self._fork(folder=first.folder) as second:
                fault = self._load(second)
                if fault is not None:
                    return fault.seen()
                return _ask(second, check, [run], dtype, None, second=True)[0]

    @property
    def worker(self) -> Worker:
        """A living worker with the solution loaded, for timing."""
        if self._worker is None or not self._worker.alive:
            fault = self.load()
            if fault is not None:
                raise Stopped(fault.verdict, fault.message, doubtful=fault.doubtful)
        assert self._worker is not None
        return self._worker


def _ask(worker: Worker, check: Check, runs: Sequence[Run], dtype: str, given: Any, second: bool = False) -> list[Seen]:
    request = _request(worker, check, runs, dtype) | {"second": second}
    if check.task is not None:
        request["given"] = given
    seen: list[Seen] = []
    try:
        worker.send(request)
        for _ in runs:
            answer = worker.receive(cpu_seconds=check.cpu_seconds)
            seen.append(seen_in(answer, worker.printed()))
    except Stopped as stopped:
        why = (stopped.verdict, stopped.message)
        seen.append(Seen(None, stopped=why, printed=worker.printed(), doubtful=stopped.doubtful))
    return seen


def _request(worker: Worker, check: Check, runs: Sequence[Run], dtype: str) -> dict[str, Any]:
    return {
        "op": "observe",
        "check": check.name,
        "dtype": dtype,
        "runs": [{"seed": run.seed, "arguments": dict(run.arguments)} for run in runs],
        "folder": worker.folder,
    }


def seen_in(answer: Observation, printed: str) -> Seen:
    """An answer of an untrusted worker as a Seen; one of another form is the candidate's failure."""
    value = answer.value
    if isinstance(value, dict) and isinstance(value.get("refused"), str):
        why = f"its answer could not be read: {value['refused'][:MAX_MESSAGE]}"
        return Seen(None, stopped=("output-limit", why), printed=printed)
    try:
        beside = told(value, _Beside)
        seen = value["seen"]
    except (Stopped, KeyError):
        return Seen(None, stopped=("crashed", NO_ANSWER), printed=printed)
    # Paths in a message start with "seen", where the answer put them.
    devices = {path.removeprefix("seen").removeprefix("."): device for path, device in answer.devices.items()}
    return Seen(Observation(seen, devices), beside.filled, beside.forbidden, None, printed)


def told(value: Any, shape: type[Shape]) -> Shape:
    """What an untrusted worker tells; raises Stopped for anything of another form."""
    try:
        if type(value) is dict:  # msgspec would ask a tensor for its items
            return msgspec.convert(value, shape)
    except msgspec.ValidationError:
        pass
    raise Stopped("crashed", NO_ANSWER)
