"""What a released problem has in place of a reference: what that was seen to do for a few seeds.

    observations/25-self-attention/7/attends_where_it_may   a file for each seed and each check that can be judged so

A file has all that a verdict needs: the runs, what the reference gave in float32 and float64, where its tensors were on
an accelerator, and the seed of hidden data. It tells nothing of how the reference came to it: exceptions are kept
without their message and line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch

from judge import __version__
from judge.checks import Check
from judge.keeping import from_data, pack, to_data, unpack
from judge.making import Make
from judge.observations import Malformed, Observation, Raised
from judge.problems import BrokenProblem, NotReleased, Problem
from judge.subjects import Run, Seen

NOT_HERE = "not judged here: no reference in this package"
ROUNDING = 1e-5  # between processors; other versions draw altogether different numbers


@dataclass(frozen=True)
class Frozen:
    """What the reference was seen to do in one check, for one seed."""

    runs: list[Run]
    hidden_seed: int  # what the check's task is drawn from
    expected: list[Seen]  # one a run
    exact: list[Seen]  # the same under float64
    homes: dict[str, str] | None = None  # where its tensors live on an accelerator in the last run, by path

    def seen(self, runs: Sequence[Run]) -> tuple[list[Seen], list[Seen]]:
        """What the reference gave in some of the runs, in float32 and in float64."""
        positions = [self.runs.index(run) for run in runs]
        return [self.expected[position] for position in positions], [self.exact[position] for position in positions]

    def homes_in(self, run: Run, device: str) -> dict[str, str] | None:
        """Where the reference's tensors live in a run on that device; None when nobody knows."""
        if self.homes is None or run != self.runs[-1]:
            return None
        return {path: home.replace("sim", device.split(":")[0]) for path, home in self.homes.items()}


def can_be_frozen(check: Check) -> bool:
    """Whether it is judged by what the reference gave, and not by running it at the same time or on a GPU only."""
    return check.kind != "timing" and check.runs_on("cpu")


def write(folder: Path, checks: Iterable[tuple[Check, Frozen]]) -> None:
    """Writes a file for each check; `folder` is a released problem's for one seed."""
    folder.mkdir(parents=True)
    for check, frozen in checks:
        content = {
            "judge": __version__,
            "torch": str(torch.__version__),
            "drawn": _sample(),
            "runs": [{"seed": run.seed, "arguments": dict(run.arguments)} for run in frozen.runs],
            "hidden_seed": frozen.hidden_seed,
            "expected": [to_data(_silent(one)) for one in frozen.expected],
            "exact": None if check.judged_by is not None else [to_data(_silent(one)) for one in frozen.exact],
            "homes": frozen.homes,
        }
        (folder / check.name).write_bytes(pack(content))


def read(problem: Problem, seed: int, checks: Iterable[Check]) -> dict[str, Frozen]:
    """What a released problem has for these checks, by name.

    Raises NotReleased for a seed that it has not, or where this machine draws other inputs than the one it was made on,
    and BrokenProblem for a damaged package.
    """
    folder = problem.observations(seed)
    found = {}
    for check in filter(can_be_frozen, checks):
        path = folder / check.name
        try:
            content = unpack(path.read_bytes())
            expected = [from_data(one) for one in content["expected"]]
            found[check.name] = Frozen(
                [Run(run["seed"], run["arguments"]) for run in content["runs"]],
                content["hidden_seed"],
                expected,
                expected if content["exact"] is None else [from_data(one) for one in content["exact"]],
                content["homes"],
            )
            drawn_alike = _alike(content["drawn"], _sample())
            made_with = f"torch {content['torch']} and judge {content['judge']}"
        except (OSError, Malformed, LookupError, TypeError, ValueError):
            raise BrokenProblem(f"{path} is missing or damaged; unpack the package again") from None
        if not drawn_alike:
            raise NotReleased(
                f"{problem.slug} was released with {made_with}, and other inputs are drawn here; install those versions"
            )
    return found


def _silent(seen: Seen) -> Seen:
    """The same without words and lines of the reference."""
    return Seen(Observation(_without_words(seen.observation.value), seen.observation.devices), seen.filled)  # type: ignore[union-attr]


def _without_words(value: Any) -> Any:
    if isinstance(value, Raised):
        return msgspec.structs.replace(value, message="", line=None, source=None, function=None)
    if isinstance(value, dict):
        return {key: _without_words(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_without_words(item) for item in value)
    return value


def _sample() -> dict[str, torch.Tensor]:
    """Some of each kind of numbers that `make` draws."""
    make = Make(0)
    layer = make.filled(torch.nn.utils.skip_init(torch.nn.Linear, 3, 2))
    return {
        "normal": make.normal(20),
        "uniform": make.uniform(20),
        "integers": make.integers(0, 1000, 20),
        "mask": make.mask(4, 5),
        "permutation": make.permutation(20),
        "filled": layer.weight.detach(),  # type: ignore[operator]
    }


def _alike(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(
        torch.allclose(one[name].double(), other[name].double(), rtol=ROUNDING, atol=ROUNDING) for name in one
    )
