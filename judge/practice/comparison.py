"""A solution beside the reference: function by function, class by class, whatever order somebody wrote them in."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from judge.parsing import parse

_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Row:
    """One line of each side, by its number from 0; None where a side has none there."""

    own: int | None
    reference: int | None
    same: bool


@dataclass(frozen=True)
class _Block:
    """The lines of a function, of a class, or of what stands between those."""

    name: str
    start: int
    end: int  # the line after the last one


def rows(own: str, reference: str) -> Iterator[Row | None]:
    """All lines of both, in the reference's order, then what only the solution has; None between two blocks."""
    ours, theirs = own.splitlines(), reference.splitlines()
    left, right = _blocks(own), _blocks(reference)
    if left is None or right is None:
        yield from _aligned(ours, theirs, _Block("", 0, len(ours)), _Block("", 0, len(theirs)))
        return
    by_name = {block.name: block for block in left}
    pairs = [(by_name.pop(block.name, None), block) for block in right]
    for index, (mine, given) in enumerate([*pairs, *((block, None) for block in by_name.values())]):
        if index:
            yield None
        yield from _aligned(ours, theirs, mine or _Block("", 0, 0), given or _Block("", 0, 0))


def unified(own: str, reference: str, own_name: str) -> str:
    """The difference as `diff -u` prints it."""
    lines = difflib.unified_diff(own.splitlines(), reference.splitlines(), own_name, "reference", lineterm="")
    return "".join(f"{line}\n" for line in lines)


def _aligned(ours: Sequence[str], theirs: Sequence[str], left: _Block, right: _Block) -> Iterator[Row]:
    matcher = difflib.SequenceMatcher(
        None,
        [line.strip() for line in ours[left.start : left.end]],
        [line.strip() for line in theirs[right.start : right.end]],
        autojunk=False,
    )
    for kind, from_own, to_own, from_reference, to_reference in matcher.get_opcodes():
        for step in range(max(to_own - from_own, to_reference - from_reference)):
            own, reference = from_own + step, from_reference + step
            yield Row(
                own + left.start if own < to_own else None,
                reference + right.start if reference < to_reference else None,
                kind == "equal",
            )


def _blocks(source: str) -> list[_Block] | None:
    """The blocks of a file, comments and empty lines with what follows them; None where it is no Python."""
    try:
        tree = parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found: list[_Block] = []
    between, start = 0, 0
    for node, following in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(node, _NAMED):
            name = node.name
        elif following is None or isinstance(following, _NAMED):
            between += 1
            name = f"between {between}"  # no name of Python's
        else:
            continue
        found.append(_Block(name, start, node.end_lineno or start))
        start = node.end_lineno or start
    return found
