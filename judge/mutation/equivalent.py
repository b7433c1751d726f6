"""Mutants that no check may reject, since they keep the contract: equivalent.toml beside the reference.

    [[mutant]]
    before = "return x / max(norm, eps)"
    after = "return x / max(eps, norm)"
    why = "max takes its arguments in any order."

`before` and `after` are the lines that differ, without indent, as `judge verify --mutants` shows them. Without `after`
it is any change of those lines: how a reference trains a model, say, where only what comes of it is judged.
"""

from __future__ import annotations

import msgspec

from judge.mutation.operators import Mutant
from judge.problems import BrokenProblem, Problem

FILE = "equivalent.toml"


class Equivalent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change that leaves a right solution right, and why."""

    before: str
    why: str
    after: str | None = None

    def is_of(self, mutant: Mutant) -> bool:
        """Whether this is the change that made a mutant, wherever in the source."""
        return self.before == mutant.before and self.after in (None, mutant.after)


class _File(msgspec.Struct, forbid_unknown_fields=True):
    mutant: list[Equivalent] = []


def read_equivalent(problem: Problem) -> list[Equivalent]:
    """What the file of a problem lists; nothing where there is none. Raises BrokenProblem."""
    path = problem.hidden / FILE
    try:
        return msgspec.toml.decode(path.read_bytes(), type=_File).mutant
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:  # of msgspec and of tomllib too
        raise BrokenProblem(f"{path}: {error}") from None
