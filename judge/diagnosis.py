"""Which known mistake does this look like?

A known mistake is a solution like any other, so it was observed in the same runs. Where the candidate's answer is wrong
and equals a mistake's answer, that mistake is very likely what the candidate made:

    before = Outcome().run(0, passed=False, got=Observation(...))                      # run 0, 1, ... of the check
    candidate = {"attends_where_it_may": {"plain": before, "causal": Outcome().run(0, True, Observation(...))}}
    mistakes = {"no_scaling": {"attends_where_it_may": {"plain": Outcome().run(0, False, theirs, exact=theirs64), ...}}}
    diagnose(candidate, mistakes, {"no_scaling": "You do not divide the scores ..."})  -> [Diagnosis("no_scaling", ...)]

A mistake is named when it explains at least one failing case and contradicts no passing one: a mistake that fails where
the candidate passes is not what the candidate made. Equal numbers count for more than equal words (of an exception, or
of a `judged_by` ruling, digits left out); words alone are believed only if they explain every failing case. Of a
yes or no and a few small counts many wrong solutions have the same: they name a mistake, but it is not certain.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

import numpy as np
import torch

from judge.compare import equal
from judge.observations import Observation, Raised
from judge.report import Diagnosis
from judge.yardstick import to_numbers

MOST_SHOWN = 2
ENOUGH = 8  # wrong answers of few possible values, which could be equal by chance; one of any other number is enough
SMALL = 100  # whole numbers below it may be equal by chance

Case = tuple[str, str]  # names of a check and of one of its cases
Outcomes = Mapping[str, Mapping[str, "Outcome"]]  # check -> case -> outcome


@dataclass(frozen=True)
class Outcome:
    """What was seen of one case in all runs; it passed if it passed in each of them."""

    passed: bool = True
    got: Mapping[Hashable, Observation] = field(default_factory=dict)  # run -> what was seen of this case
    exact: Mapping[Hashable, Observation] = field(default_factory=dict)  # the same under float64, known for mistakes
    expected: Mapping[Hashable, Observation] = field(default_factory=dict)  # what the reference gave
    sentence: str | None = None  # the ruling of the first run that failed, where a `judged_by` ruled

    def run(
        self,
        run: Hashable,
        passed: bool,
        got: Observation | None,
        exact: Observation | None = None,
        expected: Observation | None = None,
        sentence: str | None = None,
    ) -> Outcome:
        """This outcome and one more run; the same run must have the same name for candidate and mistakes.

        got: None when there is no answer, as after a crash.
        """
        return Outcome(
            self.passed and passed,
            self.got if got is None else {**self.got, run: got},
            self.exact if exact is None else {**self.exact, run: exact},
            self.expected if expected is None else {**self.expected, run: expected},
            self.sentence or (None if passed else sentence),
        )


def part(observation: Observation, case: str) -> Observation:
    """What an observation of a whole check holds of one case; all of it for the case ""."""
    value = observation.value
    if case and isinstance(value, dict):
        value = next((item for key, item in value.items() if str(key) == case), None)
    return Observation(value)


def diagnose(candidate: Outcomes, mistakes: Mapping[str, Outcomes], texts: Mapping[str, str]) -> list[Diagnosis]:
    """The one or two known mistakes that explain the failing cases best, the best first.

    candidate: outcomes of failing and of passing cases. mistakes: outcomes by the mistake's name; cases of which
    nothing is known may be left out. texts: what to tell the candidate, by the mistake's name. A second one is named
    if it explains as much, or something that the first does not.
    """
    failing = {
        (check, case): outcome
        for check, outcomes in candidate.items()
        for case, outcome in outcomes.items()
        if not outcome.passed
    }
    matches = [_match(name, candidate, failing, known) for name, known in sorted(mistakes.items())]
    ranked = sorted((match for match in matches if match is not None), key=lambda match: match.rank)
    if not ranked:
        return []
    best = ranked[0]
    others = [match for match in ranked[1:] if match.rank == best.rank or not match.cases <= best.cases]
    return [
        Diagnosis(
            match.mistake,
            texts.get(match.mistake, ""),
            list(dict.fromkeys(check for check, _ in sorted(match.cases))),
            certain=match.certain,
        )
        for match in [best, *others][:MOST_SHOWN]
    ]


@dataclass(frozen=True)
class _Match:
    mistake: str
    by_numbers: frozenset[Case]
    by_words: frozenset[Case]
    certain: bool  # that the numbers are not equal by chance

    @property
    def cases(self) -> frozenset[Case]:
        return self.by_numbers | self.by_words

    @property
    def rank(self) -> tuple[bool, bool, int, int]:
        return not self.by_numbers, not self.certain, -len(self.cases), -len(self.by_numbers)


def _match(name: str, candidate: Outcomes, failing: Mapping[Case, Outcome], known: Outcomes) -> _Match | None:
    """The failing cases that a mistake explains; None when there is none, or when a passing case contradicts it."""
    for check, outcomes in known.items():
        for case, theirs in outcomes.items():
            mine = candidate.get(check, {}).get(case)
            if mine is not None and mine.passed and not theirs.passed:
                return None
    by_numbers, by_words = set(), set()
    for (check, case), mine in failing.items():
        other = known.get(check, {}).get(case)
        if other is None or other.passed:
            continue
        if _same_numbers(mine, other):
            by_numbers.add((check, case))
        elif _same_words(mine, other):
            by_words.add((check, case))
    if not by_numbers and len(by_words) < max(1, len(failing)):
        return None
    certain = sum(_evidence(failing[case], known[case[0]][case[1]]) for case in by_numbers) >= ENOUGH
    return _Match(name, frozenset(by_numbers), frozenset(by_words), certain)


def _same_numbers(mine: Outcome, theirs: Outcome) -> bool:
    """Whether all answers are equal in the runs that both have, and at least one is an answer."""
    answers = 0
    for run in mine.got.keys() & theirs.got.keys():
        one, other = mine.got[run], theirs.got[run]
        if isinstance(one.value, Raised) and isinstance(other.value, Raised):
            if not _same_exception(one.value, other.value):
                return False
            continue
        if not equal(one, other, theirs.exact.get(run)):
            return False
        answers += 1
    return answers > 0


def _evidence(mine: Outcome, theirs: Outcome) -> int:
    """How much it means that two wrong answers are equal; see `_wrong`."""
    runs = mine.got.keys() & theirs.got.keys()
    return sum(_wrong(mine.got[run].value, mine.expected[run].value if run in mine.expected else None) for run in runs)


def _wrong(got: Any, expected: Any) -> int:
    """How many answers of few possible values are not the expected ones; any other wrong number counts for ENOUGH."""
    if isinstance(got, dict):
        named = expected if isinstance(expected, dict) else {}
        return sum(_wrong(item, named.get(key)) for key, item in got.items())
    if isinstance(got, list | tuple):
        listed = expected if isinstance(expected, list | tuple) else ()
        return sum(_wrong(item, other) for item, other in zip_longest(got, listed))
    if equal(Observation(got), Observation(expected)):
        return 0
    if isinstance(got, torch.Tensor):
        numbers = to_numbers(got)
        right = to_numbers(expected) if isinstance(expected, torch.Tensor) else None
        wrong = numbers[numbers != right] if right is not None and right.shape == numbers.shape else numbers.ravel()
        if not all(map(_small, np.unique(wrong).tolist())):
            return ENOUGH
        return wrong.size if np.unique(numbers).size > 1 else 1  # always the same is one answer
    return 1 if _small(got) else ENOUGH


def _small(value: Any) -> bool:
    """Whether it is one of few possible values: no number, or a whole one near 0."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return True
    return abs(value) < SMALL and value == round(value)


def _same_words(mine: Outcome, theirs: Outcome) -> bool:
    if mine.sentence is not None and theirs.sentence is not None:
        return words_of(mine.sentence) == words_of(theirs.sentence)
    runs = mine.got.keys() & theirs.got.keys()
    return bool(runs) and all(_same_exception(mine.got[run].value, theirs.got[run].value) for run in runs)


def _same_exception(one: object, other: object) -> bool:
    both = isinstance(one, Raised) and isinstance(other, Raised)
    return both and one.type == other.type and words_of(one.message) == words_of(other.message)  # type: ignore[attr-defined]


_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|(?<![\w.])/[\w./-]+")  # and paths: a worker's folder has a new name
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)


def words_of(text: str) -> str:
    """A sentence without what depends on the run or on names the candidate chose: numbers and quoted names."""
    return " ".join(_NUMBER.sub("#", _QUOTED.sub("'...'", text[:2000])).split())
