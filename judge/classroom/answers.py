"""Which problems a file answers: told by itself, by its name, by what it defines, or else by who grades."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from judge.classroom.contracts import Contracts, which_is_which
from judge.classroom.notebooks import MOST_BYTES, Notebook, UnusableNotebook
from judge.classroom.places import NOTEBOOK, Handed
from judge.classroom.statements import defined_names
from judge.classroom.which import problem_of
from judge.finding import UnknownProblem
from judge.grading import NotReadable, Solution, read_handed_in
from judge.parsing import parse
from judge.problems import BrokenProblem, Packs, Problem

MARKS, NAME, DEFINITIONS, TOLD = "marked cells", "name", "definitions", "--problem"
MOST_LISTED = 20  # statements of a notebook that are left out


@dataclass(frozen=True)
class Answer:
    """A problem that a file answers, and how that is known."""

    problem: Problem
    how: str
    solution: Solution | None = None  # None: the file as it is


@dataclass(frozen=True)
class Answers:
    """All that a file answers."""

    taken: list[Answer] = field(default_factory=list)
    left: list[str] = field(default_factory=list)  # why it, or a part of it, answers nothing
    dropped: int = 0  # statements that belong to no solution
    which: str = ""  # those statements


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
        """What a file answers, or why nothing."""
        try:
            return self._notebook(file) if file.path.suffix == NOTEBOOK else self._module(file)
        except (UnknownProblem, BrokenProblem, UnusableNotebook, NotReadable) as error:
            return Answers(left=[str(error)])

    # ------------------------------------------------------------------------------------------------- Python files

    def _module(self, file: Handed) -> Answers:
        try:
            return Answers([Answer(self._named(file), NAME)])
        except UnknownProblem as unknown:
            if unknown.several:
                raise
            defined = _defined(file)
            fitting = self.contracts.fitting(defined, self.wanted)
            if len(fitting) == 1:
                return Answers([Answer(self.packs.read(next(iter(fitting))), DEFINITIONS)])
            if self.told is not None and (not fitting or self.told.slug in fitting):
                return Answers([Answer(self.told, TOLD)])
            if not fitting:
                raise self._too_little(unknown, defined) from None
            raise UnknownProblem(f"it defines {which_is_which(fitting)}; call it like its problem") from None

    def _named(self, file: Handed) -> Problem:
        try:
            return self.packs.read(problem_of(file.name, self.packs))
        except UnknownProblem:
            if file.plain_name == file.name:
                raise
            return self.packs.read(problem_of(file.plain_name, self.packs))

    def _too_little(self, unknown: UnknownProblem, defined: Collection[str]) -> UnknownProblem:
        sharing = self.contracts.sharing(defined)
        what = f"that it defines {which_is_which(sharing)} is too little to tell; " if sharing else ""
        return UnknownProblem(f"{what}{unknown}")

    # ---------------------------------------------------------------------------------------------------- notebooks

    def _notebook(self, file: Handed) -> Answers:
        notebook = Notebook.read(read_handed_in(file.path, MOST_BYTES, root=file.root))
        marked = any(cell.marks for cell in notebook.cells)
        taken, left = self._marked(notebook, file) if marked else self._split(notebook, file)
        return Answers(taken, left, notebook.dropped, _listed(notebook))

    def _marked(self, notebook: Notebook, file: Handed) -> tuple[list[Answer], list[str]]:
        """What the marks of its cells say; a cell without one has what all may use."""
        cells: dict[str, set[int]] = defaultdict(set)
        problems: dict[str, Problem] = {}
        left = []
        for cell in notebook.cells:
            for mark in cell.marks:
                try:
                    problem = self.packs.find(mark)
                except (UnknownProblem, BrokenProblem) as error:
                    left.append(f"cell {cell.number} is marked for a problem that is not there: {error}")
                    continue
                problems[problem.slug] = problem
                cells[problem.slug].add(cell.number)
        anybodys = {cell.number for cell in notebook.cells if not cell.marks}
        foreign = {cell.number for cell in notebook.cells} - anybodys
        taken = [
            self._answer(problem, MARKS, notebook, file, own := cells[slug], foreign - own)
            for slug, problem in problems.items()
        ]
        beside = self.contracts.fitting(notebook.defined_in(anybodys), self.wanted)
        written = {name for answer in taken if answer.solution for name in _names_in(answer.solution)}
        for slug, names in beside.items():
            if slug not in problems and not names <= written:
                left.append(f"it defines {which_is_which({slug: names})} in a cell without a mark, but others have one")
        return taken, left

    def _split(self, notebook: Notebook, file: Handed) -> tuple[list[Answer], list[str]]:
        """What its name and the names in it say."""
        fitting = self.contracts.fitting(notebook.defined, self.wanted)
        named, unknown = None, None
        try:
            named = self._named(file)
        except UnknownProblem as error:
            if error.several:
                raise
            unknown = error
        if named is not None and self.contracts.names.get(named.slug, frozenset()) & notebook.defined:
            return [self._answer(named, NAME, notebook, file)], []
        if fitting:
            return self._by_definitions(fitting, notebook, file)
        if problem := named or self.told:
            return [self._answer(problem, NAME if named else TOLD, notebook, file)], []
        assert unknown is not None
        raise self._too_little(unknown, notebook.defined)

    def _by_definitions(
        self, fitting: dict[str, frozenset[str]], notebook: Notebook, file: Handed
    ) -> tuple[list[Answer], list[str]]:
        """One answer for each problem that shares none of its names with another that fits."""
        unclear = {
            slug: names
            for slug, names in fitting.items()
            if any(names & others for other, others in fitting.items() if other != slug)
        }
        taken = [
            self._answer(self.packs.read(slug), DEFINITIONS, notebook, file) for slug in fitting if slug not in unclear
        ]
        if self.told is not None and self.told.slug in unclear:
            del unclear[self.told.slug]
            taken.append(self._answer(self.told, TOLD, notebook, file))
        if not unclear:
            return taken, []
        slug = next(iter(unclear))
        return taken, [f"it defines {which_is_which(unclear)}; mark the cells: # judge: {slug}"]

    def _answer(
        self,
        problem: Problem,
        how: str,
        notebook: Notebook,
        file: Handed,
        cells: Collection[int] = (),
        foreign: Collection[int] = (),
    ) -> Answer:
        names = self.contracts.names.get(problem.slug, frozenset())
        source = notebook.solution(names, cells, foreign)
        solution = Solution.from_bytes(source.encode("utf-8", "surrogatepass"), file.path.name, file.path)
        return Answer(problem, how, solution)


def _defined(file: Handed) -> set[str]:
    return set(_names_in(Solution.read(file.path, root=file.root)))


def _names_in(solution: Solution) -> Iterable[str]:
    try:
        return list(defined_names(parse(solution.source).body)) if solution.source and not solution.fault else []
    except RecursionError:  # a chain of a thousand elif
        return []


def _listed(notebook: Notebook) -> str:
    """What was left out, by cell."""
    pieces = [(cell.number, line) for cell in notebook.cells for line in cell.dropped]
    said: dict[int, list[str]] = defaultdict(list)
    for number, line in pieces[:MOST_LISTED]:
        said[number].append(line)
    more = [f"{len(pieces) - MOST_LISTED} more"] if len(pieces) > MOST_LISTED else []
    return "; ".join([*(f"cell {number}: {' | '.join(lines)}" for number, lines in said.items()), *more])
