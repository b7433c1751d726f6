"""Arguments are drawn in the trusted process and failures are shrunk."""

from __future__ import annotations

from typing import Any

from judge.checks import Check
from judge.examples import MAX_SHRINKING_CALLS, draw, shrink
from judge.observing import load_checks

SOURCE = '''
from hypothesis import strategies as some
from judge.checks import check

@check("shape", points=1, batch=some.integers(1, 40), sizes=some.lists(some.integers(0, 9), max_size=4))
def drawn(solution, make, batch, sizes):
    """One."""

@check("shape", points=1)
def plain(solution, make):
    """Two."""
'''


def both() -> list[Check]:
    return load_checks(SOURCE, "x")


def test_draws_are_different_and_the_same_for_the_same_seed() -> None:
    check = both()[0]
    first = draw(check, 3)
    assert first == draw(both()[0], 3)
    assert first != draw(check, 4)
    assert len({repr(arguments) for arguments in first}) == len(first) > 5
    assert draw(both()[1], 3) == [{}]


def test_the_smallest_failing_arguments_are_found_in_few_calls() -> None:
    check, calls = both()[0], []

    def fails(arguments: dict[str, Any]) -> bool:
        calls.append(arguments)
        return bool(arguments["batch"] >= 7)

    known = {repr(arguments): bool(arguments["batch"] >= 7) for arguments in draw(check, 3)}
    smallest = shrink(check, 3, known, fails)
    assert smallest == {"batch": 7, "sizes": []}
    assert len(calls) <= MAX_SHRINKING_CALLS
    assert not any(repr(arguments) in known for arguments in calls)


def test_no_failure_shrinks_to_nothing() -> None:
    check = both()[0]
    known = {repr(arguments): False for arguments in draw(check, 3)}
    assert shrink(check, 3, known, lambda arguments: False) is None
