"""Which problem a file answers, told by the names that it defines: those that the problems' stubs define."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from functools import cached_property

from judge.finding import either
from judge.parsing import parse
from judge.problems import BrokenProblem, Packs

SHOWN = 3  # of each kind in a message


class Contracts:
    """The names of every problem's contract; read when they are first asked for."""

    def __init__(self, packs: Packs) -> None:
        self._packs = packs

    @cached_property
    def names(self) -> Mapping[str, frozenset[str]]:
        """By problem: the functions and classes at the top of its stub."""
        found = {}
        for problem in self._packs.names:
            try:
                tree = parse(self._packs.read(problem).stub)
            except (BrokenProblem, SyntaxError, ValueError, RecursionError, MemoryError):
                continue  # whoever asks for that problem is told
            found[problem] = frozenset(
                node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)
            )
        return found

    def sharing(self, defined: Collection[str]) -> dict[str, frozenset[str]]:
        """The problems whose contracts have some of these names, each with those names."""
        return {problem: shared for problem, names in self.names.items() if (shared := names.intersection(defined))}

    def fitting(self, defined: Collection[str], wanted: Collection[str] | None = None) -> dict[str, frozenset[str]]:
        """The problems that a file with these names may be for, each with the names that say so.

        One counts where at least half of its contract is there, and no other has all of that and more: one `sample`
        or `evaluate` is a helper of anybody's. wanted: the problems that were asked for, where some of them fit.
        """
        sharing = self.sharing(defined)
        fitting = {
            problem: shared
            for problem, shared in sharing.items()
            if 2 * len(shared) >= len(self.names[problem]) and not any(shared < other for other in sharing.values())
        }
        asked = {problem: shared for problem, shared in fitting.items() if wanted is None or problem in wanted}
        return asked or fitting


def which_is_which(problems: Mapping[str, Collection[str]]) -> str:
    """For a message: "SelfAttention (25-self-attention) and generate (18-speech-generation or 22-text-generation)"."""
    owners: dict[str, list[str]] = {}
    for problem, names in problems.items():
        for name in sorted(names):
            owners.setdefault(name, []).append(problem)
    together: dict[str, list[str]] = {}
    for name, problems_of_it in owners.items():
        together.setdefault(either(problems_of_it[:SHOWN]), []).append(name)
    parts = [f"{', '.join(names[:SHOWN])} ({of})" for of, names in together.items()]
    return " and ".join(parts if len(parts) <= SHOWN else [*parts[:SHOWN], "others"])
