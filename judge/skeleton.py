"""A new problem's folder: `judge new` writes it, and `judge verify` tells step by step what is still to be written."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from judge.parsing import parse
from judge.problems import Problem

TO_DO = "TODO"  # what is still to be written, in every file of a skeleton
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"

# The files in the order in which they are best written, and what each is for.
STEPS = (
    ("problem.toml", "title, tags, difficulty, minutes, and the names that a solution must define"),
    ("statement.md", "what is to be built, completely enough to write a right solution from it alone"),
    ("stub.py", "what a candidate starts from: signatures and docstrings, no bodies"),
    ("solution.py", "the reference solution, which candidates see only after they gave up or solved it"),
    ("checks.py", "what is observed of a solution; its points add up to 100"),
    ("mistakes", "known wrong solutions, each named in [mistakes] with the checks that must reject it"),
)


class BadMarks(ValueError):
    """A solution whose BEGIN and END marks do not pair; the message names the line."""


@dataclass(frozen=True)
class Marked:
    """A solution cut at its marks."""

    stub: str
    reference: str
    names: tuple[str, ...]  # public functions and classes at its top level


def cut(source: str) -> Marked:
    """The stub and the reference in a source with `### BEGIN SOLUTION` and `### END SOLUTION` marks.

    What stands between two marks becomes `raise NotImplementedError` in the stub. Raises BadMarks, also where there are
    no marks, and SyntaxError.
    """
    stub: list[str] = []
    reference: list[str] = []
    began: int | None = None
    for number, line in enumerate(source.splitlines(), 1):
        mark = line.strip()
        if mark == BEGIN:
            if began is not None:
                raise BadMarks(f"line {number}: {BEGIN}, but the one of line {began} has no {END} yet")
            began = number
            stub.append(line[: len(line) - len(line.lstrip())] + "raise NotImplementedError")
        elif mark == END:
            if began is None:
                raise BadMarks(f"line {number}: {END} without a {BEGIN} above it")
            began = None
        else:
            reference.append(line)
            if began is None:
                stub.append(line)
    if began is not None:
        raise BadMarks(f"line {began}: {BEGIN} without an {END} below it")
    if len(reference) == len(source.splitlines()):
        raise BadMarks(f"there are no marks; put {BEGIN} above and {END} below what a candidate has to write")
    texts = "\n".join(stub) + "\n", "\n".join(reference) + "\n"
    parse(texts[0])
    tree = parse(texts[1])
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    names = tuple(node.name for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_"))
    return Marked(*texts, names)


def write(pack: Path, name: str, marked: Marked | None = None) -> list[Path]:
    """Writes the folders problems/<name> and reference/<name> of a pack; the new files, in the order of STEPS.

    Raises FileExistsError when one of the folders is there, so nothing is ever overwritten.
    """
    problem, hidden = pack / "problems" / name, pack / "reference" / name
    for folder in (problem, hidden):
        if folder.exists():
            raise FileExistsError(f"{folder} is there already; choose another name or remove it")
    marked = marked or Marked(_STUB, _REFERENCE, ("double",))
    required = ", ".join(f'"{one}"' for one in marked.names)
    title = re.sub(r"^\d+-", "", name).replace("-", " ").capitalize()
    texts = {
        problem / "problem.toml": _SETTINGS.format(title=title, required=required),
        problem / "statement.md": _STATEMENT.format(title=title),
        problem / "stub.py": marked.stub,
        hidden / "solution.py": marked.reference,
        problem / "checks.py": _CHECKS.format(name=name, function=(*marked.names, "function")[0]),
    }
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (problem / "mistakes").mkdir()
    return list(texts)


def next_step(problem: Problem) -> str | None:
    """What is to be written next, in one line; None when every file is written."""
    for number, (name, purpose) in enumerate(STEPS, 1):
        path = (problem.hidden if name == "solution.py" else problem.folder) / name
        step = f"step {number} of {len(STEPS)}: {path}: {purpose}"
        if name == "mistakes":
            wrong = list(path.glob("*.py")) if path.is_dir() else []
            if not wrong and "/" not in problem.slug:
                return f"{step}; there are none yet"
            continue
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue  # said as what it is when the problem is read
        for line_number, line in enumerate(lines, 1):
            if TO_DO in line:
                return f"{step}; line {line_number} still says: {line.strip()[:80]}"
    return None


_SETTINGS = """\
title = "{title}"  # TODO: what an interviewer would ask
source = "own"
tags = ["tensors"]  # TODO: two to four
difficulty = "easy"  # TODO: easy, medium or hard
minutes = 15  # TODO
requires = [{required}]  # names that a solution must define
forbids = []  # such as "torch.nn.functional.softmax" or "torch.nn.LSTM*"

# Which checks must reject which file of mistakes/. For example:
# off_by_one = ["computes_the_values"]
[mistakes]
"""

_STATEMENT = """\
# {title}

TODO: what is to be built, in two sentences.

## What to build

TODO: signatures, shapes, parameter names, errors: everything that a check looks at.

## Example

TODO: one example with numbers that can be checked by hand.
"""

_STUB = '''\
from torch import Tensor


def double(x: Tensor) -> Tensor:
    """Twice x, elementwise. TODO: your own function, with shapes and errors."""
    raise NotImplementedError
'''

_REFERENCE = '''\
from torch import Tensor


def double(x: Tensor) -> Tensor:
    """Twice x, elementwise. TODO: your own reference."""
    return 2 * x
'''

_CHECKS = '''\
"""What {name} is judged on."""

from hypothesis import strategies as some

from judge.checks import changes, check


# TODO: a check calls a solution and returns what came out; it expects nothing and compares nothing.
@check("values", points=80, rows=some.integers(1, 4), columns=some.integers(1, 5))
def computes_the_values(solution, make, rows, columns):
    """TODO: what this looks at, in a candidate's words."""
    return solution.{function}(make.normal(rows, columns))


@check("values", points=20, tag="edge")
def leaves_its_input_alone(solution, make):
    """The input is not changed in place."""
    x = make.normal(3, 4)
    return changes(lambda: solution.{function}(x), x)
'''
