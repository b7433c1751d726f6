"""Drawing a check's arguments with Hypothesis in the trusted process, and shrinking a failure."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as some
from hypothesis.errors import NoSuchExample

from judge.checks import Check

MAX_SHRINKING_CALLS = 16


def _settings(examples: int, phases: tuple[Phase, ...]) -> settings:
    return settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )


@lru_cache(maxsize=4096)
def _drawn(check: Check, seed: int, examples: int) -> tuple[dict[str, Any], ...]:
    drawn: list[dict[str, Any]] = []

    def remember(arguments: dict[str, Any]) -> bool:
        if arguments not in drawn:
            drawn.append(arguments)
        return False

    with contextlib.suppress(NoSuchExample):
        find(
            some.fixed_dictionaries(dict(check.drawn)),
            remember,
            settings=_settings(examples, (Phase.generate,)),
            random=Random(seed),
        )
    return tuple(drawn)


def draw(check: Check, seed: int) -> list[dict[str, Any]]:
    """The arguments of every call of a check: different dictionaries, the same for the same seed."""
    return [dict(arguments) for arguments in _drawn(check, seed, check.examples)] if check.drawn else [{}]


def shrink(
    check: Check, seed: int, known: Mapping[str, bool], fails: Callable[[dict[str, Any]], bool]
) -> dict[str, Any] | None:
    """The smallest arguments for which the check fails, trying at most MAX_SHRINKING_CALLS new ones.

    known: for `repr` of the arguments already tried, whether they failed. fails: tries other ones.
    """
    left = MAX_SHRINKING_CALLS
    verdicts = dict(known)

    def condition(arguments: dict[str, Any]) -> bool:
        nonlocal left
        key = repr(arguments)
        if key not in verdicts:
            if left == 0:
                return False
            left -= 1
            verdicts[key] = fails(arguments)
        return verdicts[key]

    try:
        return find(
            some.fixed_dictionaries(dict(check.drawn)),
            condition,
            settings=_settings(check.examples, (Phase.generate, Phase.shrink)),
            random=Random(seed),
        )
    except NoSuchExample:
        return None
