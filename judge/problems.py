"""Finding and reading problems: plain folders, in the bundled pack or in any folder with problems/ and reference/."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class BrokenProblem(ValueError):
    """A problem folder that cannot be used; the message names the file, the field and what is wrong."""


class UnknownProblem(ValueError):
    """No problem, or more than one, answers to a name; the message suggests."""


@dataclass(frozen=True)
class Mistake:
    """A known wrong solution; its docstring is the diagnosis shown to the candidate."""

    name: str  # file name without .py
    text: str  # the docstring, whitespace folded
    source: str


@dataclass(frozen=True)
class Problem:
    """One problem folder and its hidden half."""

    slug: str  # "25-self-attention"
    number: int | None
    titles: dict[str, str]  # language -> title; always has "en"
    source: str  # the interview question it comes from
    tags: tuple[str, ...]
    difficulty: str  # easy, medium, hard
    minutes: int
    order: int | None  # place in the recommended order
    forbids: tuple[str, ...]
    requires: tuple[str, ...]  # names that a solution must define
    devices: tuple[str, ...] | None  # families it can be judged on; None: all
    mistake_checks: dict[str, tuple[str, ...]]  # mistake -> checks that are meant to reject it ([mistakes] in problem.toml)
    folder: Path
    hidden: Path  # its folder below reference/

    def text(self, name: str, language: str = "en") -> str:
        """statement, hints: the text in that language, or in English where it is not translated."""
        raise NotImplementedError

    # stub, checks_source, reference, oracle, also, mistakes, hints: properties that read the files
