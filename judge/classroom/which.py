"""Which problem a file is a solution of."""

from __future__ import annotations

import re

from judge.finding import UnknownProblem, either, find_name, number_of
from judge.problems import Packs


def problem_of(file_name: str, packs: Packs) -> str:
    """The name of the problem that a file is a solution of: "25-self-attention.py", "25_self_attention.py", "25.py".

    Behind a number anything may follow ("25-mine (1).py") but another problem's name. Raises UnknownProblem with the
    reason, and a suggestion where there is one.
    """
    stem, wanted = _stem(file_name), _wanted(file_name)
    if exact := problem_with_slug(file_name, packs):
        return _only(exact)
    leading = re.match(r"(\d+)(?![^\W_])-?", wanted)
    if leading is None:
        raise UnknownProblem(_suggestion(stem, packs))
    number, rest = int(leading[1][:18]), wanted[leading.end() :]
    matching = [name for name in packs.names if number_of(_slug(name)) == number]
    others = [name for name in packs.names if rest and name not in matching and _slug(name).endswith(f"-{rest}")]
    if not matching:
        raise UnknownProblem(f"there is no problem {number}")
    if others:
        raise UnknownProblem(
            f"number {number} is {either(matching)}, but the name is that of {either(others)}", several=True
        )
    return _only(matching)


def problem_with_slug(file_name: str, packs: Packs) -> list[str]:
    """The names of the problems whose whole slug a file has for a name."""
    wanted = _wanted(file_name)
    return [name for name in packs.names if _slug(name) == wanted]


def distance(file_name: str) -> int:
    """How far a name is from a slug: of two files for one problem the nearer one is taken."""
    if re.fullmatch(r"\d+-[a-z0-9-]+\.py", file_name):
        return 0
    return 2 if re.search(r"[^a-z0-9_.-]", file_name) else 1


def _stem(file_name: str) -> str:
    return file_name.removesuffix(".py").removesuffix(".ipynb")


def _wanted(file_name: str) -> str:
    return re.sub(r"[\s_]+", "-", _stem(file_name).strip().lower())


def _slug(name: str) -> str:
    return name.rpartition("/")[2]


def _only(names: list[str]) -> str:
    if len(names) > 1:
        raise UnknownProblem(f"may be {either(names)}; the packs share that name", several=True)
    return names[0]


def _suggestion(stem: str, packs: Packs) -> str:
    try:
        return f"no problem has that name; did you mean {_slug(find_name(stem, packs.names))}.py?"
    except UnknownProblem as error:
        return str(error)
