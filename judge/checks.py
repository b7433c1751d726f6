"""What problem authors write checks with; a checks.py imports nothing else of the judge.

A check is a function that *observes* a solution and returns what it saw. It never asserts and knows no expected
value: the judge runs the same function on the reference and compares. It takes the solution (a module), `make` (see
`judge.making.Make`), and by name whatever its decorator draws or gives:

    @check("values", points=25, batch=some.integers(1, 4), length=some.integers(1, 9))
    def attends_where_it_may(solution, make, batch, length):
        "Plain, with padding, causal, and both at once."
        layer = make.filled(solution.SelfAttention(32, 4))
        x = make.normal(batch, length, 32)
        return {"plain": lambda: layer(x), "causal": lambda: layer(x, causal=True)}

- A dictionary's keys are the check's *cases*: each has its share of the points. A value that is a function is called
  by the judge, after `make` has been seeded anew for that case, so one case that raises does not hide the others.
- An exception is an observation too. `outcome(function, *arguments)` turns one into a value inside a larger answer.
- `judged_by` replaces the comparison where right solutions may differ.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch

from judge.looking import batch_of, changes, gradients, influence, minimise, modes, names_and_shapes, state
from judge.making import Make
from judge.observations import Opaque, Raised

__all__ = [
    "Check",
    "Evidence",
    "Make",
    "Opaque",
    "Raised",
    "Ruling",
    "all_of",
    "at_least",
    "at_most",
    "batch_of",
    "changes",
    "check",
    "gradients",
    "influence",
    "minimise",
    "modes",
    "moments",
    "names_and_shapes",
    "outcome",
    "run_ranks",
    "state",
    "uniform_between",
]

KINDS = ("shape", "values", "gradient", "convergence", "timing")
CPU_SECONDS = {"shape": 10.0, "values": 10.0, "gradient": 10.0, "convergence": 30.0, "timing": 30.0}


@dataclass(frozen=True)
class Evidence:
    """What a `judged_by` function looks at, in the trusted process."""

    got: Any
    expected: Any  # the reference's observation of the same call
    hidden: Any  # the second half of what `task` returned, never sent to the sandbox
    arguments: Mapping[str, Any]  # what was drawn for this call


@dataclass(frozen=True)
class Ruling:
    """A judgement with a sentence to show either way, such as "accuracy 0.97, needs 0.95"."""

    passed: bool
    sentence: str


Judgement = Callable[[Evidence], "Ruling | str | None"]


@dataclass(frozen=True, eq=False)
class Check:
    """One check of a problem: how to observe, how many points it is worth, and how it is judged."""

    name: str
    kind: str  # one of KINDS
    points: float
    sentence: str  # the docstring's first line, shown to the candidate
    observe: Callable[..., Any]
    drawn: Mapping[str, Any]  # argument name -> Hypothesis strategy
    task: Callable[[Make], tuple[Any, Any]] | None
    judged_by: Judgement | None
    then: Callable[..., Any] | None
    limit: float  # timing: how many times the reference's time is allowed
    examples: int
    devices: tuple[str, ...] | None
    tag: str  # "core" or "edge"
    part: str | None
    cpu_seconds: float
    needs: tuple[str, ...] = ()
    pictures: tuple[str | int, ...] = ()

    @property
    def deterministic(self) -> bool:
        """Whether it is judged by comparing with the reference's numbers."""
        return self.judged_by is None and self.kind != "timing"

    def runs_on(self, device: str) -> bool:
        """Convergence and timing leave out the simulated accelerator; `devices` narrows further."""
        family = device.split(":")[0]
        if self.devices is not None and family not in self.devices:
            return False
        return family != "sim" or self.kind not in ("convergence", "timing")


def check(
    kind: str,
    *,
    points: float,
    task: Callable[[Make], tuple[Any, Any]] | None = None,
    judged_by: Judgement | None = None,
    then: Callable[..., Any] | None = None,
    limit: float = 5.0,
    examples: int = 12,
    devices: Sequence[str] | None = None,
    tag: str = "core",
    part: str | None = None,
    cpu_seconds: float | None = None,
    needs: Sequence[str] = (),
    pictures: Sequence[str | int] = (),
    **drawn: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Makes a function `(solution, make, **drawn)` a check of a problem.

    kind: shape, values, gradient, convergence or timing (which returns a function without arguments: what is timed).
    task: `task(make) -> (given, hidden)` runs in the trusted process from a secret seed; the check gets `given` as its
        argument, `hidden` only reaches `judged_by`.
    judged_by: `judged_by(evidence)` returns None (passed), the sentence to show (failed), or a `Ruling`.
    then: a second function `(solution, make, **drawn)` that runs in a fresh process sharing only `make.folder` with
        the first; what it returns is observed (the first one's answer only matters when it raises).
    limit: timing only, the allowed ratio to the reference's time.
    examples: how many draws are tried, where anything is drawn.
    devices: device families on which it runs at all, such as ("cpu",).
    tag: "core" or "edge"; part: the part of the problem ([parts] in problem.toml) it belongs to, None for the whole.
    needs: optional packages without which it cannot be judged, such as ["onnx"].
    pictures: where images are in what is returned (but for a learning curve), the keys of a dictionary or places in
        a tuple: a page shows the solution's beside the reference's.
    drawn: Hypothesis strategies by argument name.
    """
    if kind not in KINDS:
        raise ValueError(f"a check's kind is one of {', '.join(KINDS)}, not {kind!r}")
    if task is not None and judged_by is None:
        raise ValueError("a check with a task needs judged_by, for its hidden half")

    def decorate(observe: Callable[..., Any]) -> Callable[..., Any]:
        sentence = (observe.__doc__ or "").strip().split("\n")[0]
        if not sentence:
            raise ValueError(
                f"the check {observe.__name__} needs a docstring: its first line is shown to the candidate"
            )
        observe.check = Check(  # type: ignore[attr-defined]
            name=observe.__name__,
            kind=kind,
            points=points,
            sentence=sentence,
            observe=observe,
            drawn=drawn,
            task=task,
            judged_by=judged_by,
            then=then,
            limit=limit,
            examples=examples,
            devices=tuple(devices) if devices is not None else None,
            tag=tag,
            part=part,
            cpu_seconds=cpu_seconds or CPU_SECONDS[kind],
            needs=tuple(needs),
            pictures=tuple(pictures),
        )
        return observe

    return decorate


def checks_of(module: ModuleType) -> list[Check]:
    """The checks of a loaded checks.py, in the order in which they are written."""
    return [value.check for value in vars(module).values() if isinstance(getattr(value, "check", None), Check)]


# ------------------------------------------------------------------------------------- what observations are made of


def describe_exception(error: BaseException, solution_file: str | None = None) -> Raised:
    """The exception as data, with the innermost line of the solution on its traceback."""
    line = source = function = None
    trace = error.__traceback__
    while trace is not None:
        if solution_file is not None and trace.tb_frame.f_code.co_filename == solution_file:
            line, function = trace.tb_lineno, trace.tb_frame.f_code.co_name
        trace = trace.tb_next
    if line is None and isinstance(error, SyntaxError) and error.filename == solution_file:
        line = error.lineno
    try:
        message = str(error)[:2000]
    except BaseException:  # a hostile __str__
        message = "(its message could not be read)"
    bases = tuple(base.__name__ for base in type(error).__mro__ if base is not object)
    return Raised(type(error).__name__, bases, message, line, source, function)


def outcome(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """What the function returns, or the exception it raises as a value."""
    try:
        return function(*arguments, **named)
    except Exception as error:
        return describe_exception(error, SOLUTION_FILE)


SOLUTION_FILE = "solution.py"  # the file name under which a worker compiles the one solution it holds


class _ThreadGroup:
    """One rank's view of a process group whose ranks are threads."""

    def __init__(self, shared: _Ranks, rank: int) -> None:
        self._shared = shared
        self.rank = rank
        self.world_size = shared.world_size
        self.calls: list[tuple[str, tuple[int, ...]]] = []  # what this rank asked for, in order

    def all_reduce(self, tensor: torch.Tensor) -> None:
        """Sum over the ranks, in place."""
        self.calls.append(("all_reduce", tuple(tensor.shape)))
        parts = self._shared.exchange(self.rank, tensor.detach().clone())
        with torch.no_grad():
            total = parts[0].clone()
            for part in parts[1:]:
                total += part
            tensor.copy_(total)

    def broadcast(self, tensor: torch.Tensor, src: int) -> None:
        """Rank `src`'s values for everybody, in place."""
        self.calls.append(("broadcast", tuple(tensor.shape)))
        parts = self._shared.exchange(self.rank, tensor.detach().clone())
        with torch.no_grad():
            tensor.copy_(parts[src])

    def barrier(self) -> None:
        """Waits for every rank."""
        self.calls.append(("barrier", ()))
        self._shared.exchange(self.rank, None)


class _Ranks:
    def __init__(self, world_size: int, seconds: float) -> None:
        import threading

        self.world_size = world_size
        self._slots: list[Any] = [None] * world_size
        self._barrier = threading.Barrier(world_size, timeout=seconds)

    def exchange(self, rank: int, item: Any) -> list[Any]:
        import threading

        try:
            self._slots[rank] = item
            self._barrier.wait()
            parts = list(self._slots)
            self._barrier.wait()
        except threading.BrokenBarrierError:
            raise RuntimeError(
                "the ranks did not make the same calls in the same order: one of them waited for the others in vain"
            ) from None
        return parts

    def abort(self) -> None:
        self._barrier.abort()


def run_ranks(world_size: int, work: Callable[[Any], Any], seconds: float = 5.0) -> list[Any]:
    """Runs `work(group)` once per rank, each in a thread of its own, and returns their answers by rank.

    `group` has rank, world_size, all_reduce(tensor), broadcast(tensor, src), barrier() and, for checks, `calls`: the
    collective calls this rank made. The first rank's exception is raised here; ranks that wait in vain stop after
    `seconds`.
    """
    import threading

    ranks = _Ranks(world_size, seconds)
    answers: list[Any] = [None] * world_size
    errors: list[BaseException | None] = [None] * world_size

    def body(rank: int) -> None:
        try:
            answers[rank] = work(_ThreadGroup(ranks, rank))
        except BaseException as error:
            errors[rank] = error
            ranks.abort()

    threads = [threading.Thread(target=body, args=(rank,), daemon=True) for rank in range(world_size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first = [error for error in errors if error is not None and "in vain" not in str(error)]
    if first or any(errors):
        raise (first or [error for error in errors if error is not None])[0]
    return answers


# ------------------------------------------------------------------------------------------------- judgements


def _learned(evidence: Evidence) -> Any:
    """The first half of `(predictions, loss curve)`, or the answer itself."""
    got = evidence.got
    return got[0] if isinstance(got, tuple) and len(got) == 2 else got


def accuracy(predictions: Any, labels: Any) -> float | str:
    """The share of right labels; a sentence when the predictions are not labels of that shape."""
    if not isinstance(predictions, torch.Tensor) or predictions.shape != labels.shape:
        shape = tuple(predictions.shape) if isinstance(predictions, torch.Tensor) else type(predictions).__name__
        return f"the predictions have shape {shape}, expected {tuple(labels.shape)}"
    return float((predictions == labels).double().mean())


def number(answer: Any, hidden: Any) -> float | str:
    """The answer itself, when it is one number."""
    if isinstance(answer, torch.Tensor) and answer.numel() == 1:
        answer = answer.item()
    return float(answer) if isinstance(answer, int | float) else f"expected a number, got {type(answer).__name__}"


MEASURES: dict[str, Callable[[Any, Any], float | str]] = {"accuracy": accuracy}


def _against(threshold: float, measure: str | Callable[[Any, Any], float | str], name: str, sign: int) -> Judgement:
    score = MEASURES.get(measure, number) if isinstance(measure, str) else measure
    label = name or (measure if isinstance(measure, str) else measure.__name__.replace("_", " "))

    def judge(evidence: Evidence) -> Ruling | str:
        value = score(_learned(evidence), evidence.hidden)
        if isinstance(value, str):
            return value
        passed = math.isfinite(value) and (value - threshold) * sign >= 0
        return Ruling(
            passed, f"{label} {value:.3g}, {'needs at least' if sign > 0 else 'may be at most'} {threshold:g}"
        )

    return judge


_MEASURED = re.compile(r"(.+) (\S+), (needs at least|may be at most) (\S+)")


def measured(sentence: str) -> tuple[str, float, float, bool] | None:
    """What a sentence of `at_least` or `at_most` says: label, value, limit, and whether the limit is the least."""
    found = _MEASURED.fullmatch(sentence)
    return (found[1], float(found[2]), float(found[4]), found[3] == "needs at least") if found else None


def at_least(
    threshold: float, measure: str | Callable[[Any, Any], float | str] = "accuracy", name: str = ""
) -> Judgement:
    """Passes when the measure of (answer, hidden) is at least the threshold.

    measure: "accuracy", or a function `(answer, hidden) -> float` (or a sentence: not measurable), or the name of the
    number that the answer itself is. The answer is the first half when a check returns `(answer, loss curve)`.
    """
    return _against(threshold, measure, name, 1)


def at_most(threshold: float, measure: str | Callable[[Any, Any], float | str], name: str = "") -> Judgement:
    """Passes when the measure of (answer, hidden) is at most the threshold; see `at_least`."""
    return _against(threshold, measure, name, -1)


def all_of(*judgements: Judgement) -> Judgement:
    """Passes when every judgement does; shows the first that fails, else the first one's sentence."""

    def judge(evidence: Evidence) -> Ruling | str | None:
        shown: Ruling | str | None = None
        for judgement in judgements:
            ruling = judgement(evidence)
            if isinstance(ruling, str) or (isinstance(ruling, Ruling) and not ruling.passed):
                return ruling
            shown = shown or ruling
        return shown

    return judge


SIGMAS = 5.0  # a false alarm in 1.7 million draws of a normal statistic


def moments(draws: torch.Tensor, mean: float, std: float, what: str = "the draws", kurtosis: float = 3.0) -> str | None:
    """None when mean and standard deviation of independent draws are as expected, else a sentence.

    False-alarm rate below 1e-6 a statistic for n >= 1000 draws. kurtosis: of the expected law (3 normal, 1.8 uniform,
    1 a fair coin).
    """
    draws = draws.detach().double().flatten()
    count = draws.numel()
    if count == 0 or not bool(torch.isfinite(draws).all()):
        return f"{what}: {'there are none' if count == 0 else 'some are not finite'}"
    got_mean, got_std = float(draws.mean()), float(draws.std())
    if not abs(got_mean - mean) <= SIGMAS * std / math.sqrt(count):
        return f"the mean of {what} is {got_mean:.4g}, expected {mean:.4g} ({count} draws)"
    first_order, second_order = math.sqrt((kurtosis - 1) / (4 * count)), SIGMAS / count  # the latter for a fair coin
    if not abs(got_std - std) <= SIGMAS * std * (first_order + second_order):
        return f"the standard deviation of {what} is {got_std:.4g}, expected {std:.4g} ({count} draws)"
    return None


def uniform_between(draws: torch.Tensor, low: float, high: float, what: str = "the draws") -> str | None:
    """None when independent draws look uniform on [low, high], else a sentence; false-alarm rate below 1e-6."""
    draws = draws.detach().double().flatten()
    if not bool(((draws >= low - 1e-6) & (draws <= high + 1e-6)).all()):
        return f"{what} leave [{low:.4g}, {high:.4g}]: from {float(draws.min()):.4g} to {float(draws.max()):.4g}"
    return moments(draws, (low + high) / 2, (high - low) / math.sqrt(12), what, kurtosis=1.8)
