"""Drawing the problems of an interview: by time, level and topic, rather what is new than what is known."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from judge.practice.standing import UNTRIED, Standing
from judge.practice.topics import about
from judge.problems import Problem

_TRIES = 400
_MINUTES_THAT_MATTER = 10  # a draw that fills the time to within so many minutes is full
_WORTH = {"new": 2.0, "tried": 1.0, "solved": 0.0}


class NothingFits(ValueError):
    """No problem is as asked; the message says what could be changed."""


def draw(
    problems: Sequence[Problem],
    minutes: int,
    level: str | None,
    topics: Sequence[str],
    standings: Mapping[str, Standing],
    chance: random.Random,
) -> list[Problem]:
    """Problems whose minutes fit together, in the order of the draw; with topics, of as many of them as possible.

    Raises NothingFits.
    """
    for topic in topics:
        if not any(about(problem, topic) for problem in problems):
            raise NothingFits(f"no problem is about '{topic}'; judge list shows the tags")
    asked = [
        problem
        for problem in problems
        if level in (None, problem.difficulty) and (not topics or any(about(problem, topic) for topic in topics))
    ]
    if not asked:
        raise NothingFits(f"no {level} problem is about that; leave --level out or name other topics")
    fitting = [problem for problem in asked if problem.minutes <= minutes]
    if not fitting:
        shortest = min(problem.minutes for problem in asked)
        raise NothingFits(f"no such problem fits into {minutes} minutes; --minutes {shortest} is the least")

    def worth(drawn: Sequence[Problem]) -> tuple[float, ...]:
        covered = sum(any(about(problem, topic) for problem in drawn) for topic in topics)
        left = minutes - sum(problem.minutes for problem in drawn)
        novelty = sum(_worth(problem, standings) for problem in drawn) / len(drawn)
        return covered, -(left // _MINUTES_THAT_MATTER), novelty

    # Any of the best draws, so that two interviews differ.
    draws = [_filled(fitting, minutes, chance) for _ in range(_TRIES)]
    best = max(map(worth, draws))
    return chance.choice([drawn for drawn in draws if worth(drawn) == best])


def _filled(fitting: Sequence[Problem], minutes: int, chance: random.Random) -> list[Problem]:
    """Problems in a random order, each taken if there is time for it."""
    drawn: list[Problem] = []
    for problem in chance.sample(fitting, len(fitting)):
        if problem.minutes <= minutes:
            drawn.append(problem)
            minutes -= problem.minutes
    return drawn


def _worth(problem: Problem, standings: Mapping[str, Standing]) -> float:
    return _WORTH[standings.get(problem.slug, UNTRIED).state]
