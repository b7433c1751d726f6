"""What to practise next, and why: unfinished work, what fades, weak topics, the recommended order."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from judge.practice.standing import UNTRIED, Standing
from judge.practice.topics import topic_of
from judge.problems import Problem

UNFINISHED_FOR = timedelta(days=14)  # after that an attempt is given up rather than unfinished
# Days until a solved problem is worth writing again, after the first, second, ... day on which it was solved.
REPEAT_AFTER = (4, 12, 35, 100)
WEAK, ENOUGH_TRIED = 0.6, 2  # a topic is weak below this ease, once that many of its problems were tried
HINT_TAKES = 0.2  # of the ease of a problem


@dataclass(frozen=True)
class Advice:
    """One problem to do next."""

    problem: Problem
    reason: str  # a sentence
    do: Literal["attempt", "reset"] = "attempt"  # reset: once more from the stub


def advice(
    problems: Sequence[Problem], standings: Mapping[str, Standing], hints: Mapping[str, int], now: datetime
) -> list[Advice]:
    """What to do next, the best first, each problem once; empty only without problems.

    hints: how many were seen of each problem.
    """
    ordered = sorted(problems, key=lambda problem: (problem.order is None, problem.order))
    found: dict[str, Advice] = {}
    for one in (
        *_unfinished(ordered, standings, now),
        *_fading(ordered, standings, now),
        *_weak(ordered, standings, hints),
        *_in_order(ordered, standings),
    ):
        found.setdefault(one.problem.slug, one)
    return list(found.values())


def _unfinished(ordered: Sequence[Problem], standings: Mapping[str, Standing], now: datetime) -> Iterator[Advice]:
    """The problem that was tried last, if it is not solved and not long ago."""
    tried = [
        (standing.last, problem, standing)
        for problem in ordered
        if (standing := standings.get(problem.slug, UNTRIED)).last is not None
        and standing.state == "tried"
        and now - standing.last < UNFINISHED_FOR
    ]
    if tried:
        _, problem, standing = max(tried, key=lambda one: one[0])
        yield Advice(problem, f"You are at {math.floor(standing.best or 0)} of 100 there; finish it.")


def _fading(ordered: Sequence[Problem], standings: Mapping[str, Standing], now: datetime) -> Iterator[Advice]:
    """What was solved so long ago that it is time to write it again, the most overdue first."""
    today = now.astimezone().date()
    due = []
    for problem in ordered:
        days = standings.get(problem.slug, UNTRIED).solved_on
        if days:
            passed, interval = (today - days[-1]).days, REPEAT_AFTER[min(len(days), len(REPEAT_AFTER)) - 1]
            if passed >= interval:
                due.append((passed / interval, passed, problem))
    for _, passed, problem in sorted(due, key=lambda one: -one[0]):
        yield Advice(problem, f"You solved it {passed} days ago; write it again before it fades.", "reset")


def _weak(ordered: Sequence[Problem], standings: Mapping[str, Standing], hints: Mapping[str, int]) -> Iterator[Advice]:
    """The first unsolved problem of the topic that was hardest so far."""
    eases: dict[str, list[float]] = {}
    for problem in ordered:
        best = standings.get(problem.slug, UNTRIED).best
        if best is not None:
            ease = max(best / 100 - HINT_TAKES * hints.get(problem.slug, 0), 0)
            eases.setdefault(topic_of(problem), []).append(ease)
    mean = {topic: sum(each) / len(each) for topic, each in eases.items() if len(each) >= ENOUGH_TRIED}
    for topic in sorted(mean, key=lambda topic: mean[topic]):
        unsolved = [
            problem
            for problem in ordered
            if topic_of(problem) == topic and standings.get(problem.slug, UNTRIED).state != "solved"
        ]
        if mean[topic] < WEAK and unsolved:
            yield Advice(unsolved[0], f"{topic} was hard for you so far, by scores and hints.")
            return


def _in_order(ordered: Sequence[Problem], standings: Mapping[str, Standing]) -> Iterator[Advice]:
    """The next new problem, a short one, one that was left; when all is solved, what was solved the longest ago."""
    states = {problem.slug: standings.get(problem.slug, UNTRIED).state for problem in ordered}
    new = [problem for problem in ordered if states[problem.slug] == "new"]
    left = [problem for problem in ordered if states[problem.slug] == "tried"]
    if new:
        yield Advice(new[0], "It is the next in the recommended order.")
        shortest = min(new, key=lambda problem: problem.minutes)
        if shortest.minutes < new[0].minutes:
            yield Advice(shortest, "It is the shortest of the new ones.")
    for problem in left:
        yield Advice(problem, "You tried it and left it; it is time for another go.")
    if not (new or left):
        for problem in sorted(ordered, key=lambda problem: standings[problem.slug].solved_on[-1]):
            yield Advice(problem, "Everything is solved; of all problems this one was the longest ago.", "reset")
