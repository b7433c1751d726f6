"""Which problems a file answers: told by its name, else by the names that it defines, else by who grades."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from judge.classroom.contracts import Contracts, defined_names, which_is_which
from judge.classroom.places import Handed
from judge.classroom.which import problem_of
from judge.finding import UnknownProblem
from judge.grading import Solution
from judge.parsing import parse
from judge.problems import BrokenProblem, Packs, Problem

NAME, DEFINITIONS, TOLD = "name", "definitions", "--problem"


@dataclass(frozen=True)
class Answer:
    """A problem that a file answers, and how that is known."""

    problem: Problem
    how: str


@dataclass(frozen=True)
class Answers:
    """All that a file answers; left: why it, or a part of it, answers nothing."""

    taken: list[Answer] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


class Matching:
    """Tells of files which problems they answer; a file is read, and never run.

    wanted: the problems that were asked for. told: the problem of files that say nothing themselves.
    """

    def __init__(self, packs: Packs, wanted: Collection[str] | None = None, told: Problem | None = None) -> None:
        self.packs = packs
        self.wanted = wanted
        self.told = told
        self.contracts = Contracts(packs)

    def of(self, file: Handed) -> Answers:
        try:
            return self._module(file)
        except (UnknownProblem, BrokenProblem) as error:
            return Answers(left=[str(error)])

    def _module(self, file: Handed) -> Answers:
        try:
            return Answers([Answer(self._named(file), NAME)])
        except UnknownProblem as unknown:
            if unknown.several:
                raise
            return Answers([self._defining(_defined(file), unknown)])

    def _named(self, file: Handed) -> Problem:
        try:
            return self.packs.read(problem_of(file.name, self.packs))
        except UnknownProblem:
            if file.plain_name == file.name:
                raise
            return self.packs.read(problem_of(file.plain_name, self.packs))

    def _defining(self, defined: Collection[str], unknown: UnknownProblem) -> Answer:
        """The problem whose contract some names are, else the one that was told; raises `unknown` without either."""
        fitting = self.contracts.fitting(defined, self.wanted)
        if len(fitting) == 1:
            return Answer(self.packs.read(next(iter(fitting))), DEFINITIONS)
        if self.told is not None and (not fitting or self.told.slug in fitting):
            return Answer(self.told, TOLD)
        if not fitting:
            sharing = self.contracts.sharing(defined)
            too_little = f"; that it defines {which_is_which(sharing)} is too little to tell" if sharing else ""
            raise UnknownProblem(f"{unknown}{too_little}")
        raise UnknownProblem(f"it defines {which_is_which(fitting)}; call it like its problem")


def _defined(file: Handed) -> set[str]:
    source = Solution.read(file.path, root=file.root).source
    return set(defined_names(parse(source).body)) if source is not None else set()
