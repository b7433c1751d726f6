"""How far somebody is with each problem, by the attempts that are kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

from judge.history import Attempt
from judge.practice.topics import OTHER, TOPICS, topic_of
from judge.problems import Problem

State = Literal["new", "tried", "solved"]
STATES = get_args(State)


@dataclass(frozen=True)
class Standing:
    """One problem's attempts in short."""

    state: State = "new"
    best: float | None = None  # score, 0 to 100
    attempts: int = 0
    last: datetime | None = None  # when the last attempt began
    solved_on: tuple[date, ...] = ()  # the days on which code was accepted that had not been accepted before


@dataclass(frozen=True)
class Progress:
    """How much of a topic is done."""

    topic: str
    solved: int
    total: int


UNTRIED = Standing()


def standings(attempts: Iterable[Attempt]) -> dict[str, Standing]:
    """The standing of every problem that was tried. The attempts come in order, the oldest first."""
    by_problem: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        by_problem.setdefault(attempt.problem, []).append(attempt)
    return {problem: _standing(one) for problem, one in by_problem.items()}


def _standing(attempts: Sequence[Attempt]) -> Standing:
    accepted: set[str | None] = set()
    days = []
    for attempt in attempts:
        # The same file judged again tells nothing about what somebody still knows.
        if attempt.accepted and attempt.sha256 not in accepted:
            accepted.add(attempt.sha256)
            days.append(attempt.started_at.astimezone().date())
    return Standing(
        state="solved" if days else "tried",
        best=max(attempt.score for attempt in attempts),
        attempts=len(attempts),
        last=attempts[-1].started_at,
        solved_on=tuple(dict.fromkeys(days)),
    )


def by_topic(problems: Iterable[Problem], standings: dict[str, Standing]) -> list[Progress]:
    """Solved and all problems of each topic that has any."""
    solved: dict[str, list[bool]] = {topic: [] for topic in (*TOPICS, OTHER)}
    for problem in problems:
        solved[topic_of(problem)].append(standings.get(problem.slug, UNTRIED).state == "solved")
    return [Progress(topic, sum(each), len(each)) for topic, each in solved.items() if each]
