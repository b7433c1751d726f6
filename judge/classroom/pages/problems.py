"""What a class made of each problem: how it went, which mistakes were made, and how well it tells students apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import correlation, mean, median

from markupsafe import Markup

from judge.classroom.gradebook import Entry
from judge.classroom.grades import Grade, Grades
from judge.language import translated
from judge.problems import Problem
from judge.report import Report
from judge.report.html.drawings import drawn_share
from judge.report.telling import is_failing
from judge.report.text import plain

MISTAKES_SHOWN, CHECKS_SHOWN = 5, 3
FEWEST_STUDENTS = 5  # for a correlation


@dataclass(frozen=True)
class Judged:
    """A solution that was judged and is more than the stub."""

    grade: Grade
    entry: Entry
    report: Report
    points: float


@dataclass(frozen=True)
class Common:
    """A mistake or a failing check, and how many have it."""

    count: int
    name: str
    text: str


@dataclass(frozen=True)
class Figures:
    """What a page says of a problem."""

    number: str
    title: str
    count: int
    accepted: str
    share: Markup
    mean: str
    median: str
    seconds: str
    discrimination: str
    mistakes: list[Common]
    checks: list[Common]  # that fail most often


def judged_solutions(grades: Grades) -> dict[str, list[Judged]]:
    """All of them by problem, in the order of the assignment."""
    found: dict[str, list[Judged]] = {slug: [] for slug in grades.assignment.points}
    for grade in grades.students:
        for slug, mark in grade.marks.items():
            if mark.state == "graded" and mark.entry and mark.report and not mark.report.untouched:
                found[slug].append(Judged(grade, mark.entry, mark.report, mark.machine or 0.0))
    return found


def figures_of(
    slug: str,
    number: str,
    title: str,
    judged: Sequence[Judged],
    grades: Grades,
    problems: Mapping[str, Problem],
    language: str,
) -> Figures:
    """What a page says of a problem; number and title are what it is called there."""
    points = [one.points for one in judged]
    accepted = sum(one.report.accepted for one in judged)
    how_it_goes = discrimination(slug, grades)
    texts = problems[slug].messages if slug in problems and language != "en" else {}
    return Figures(
        number=number,
        title=title,
        count=len(judged),
        accepted=f"{accepted / len(judged):.0%}" if judged else "–",
        share=drawn_share(accepted / len(judged) if judged else 0.0),
        mean=f"{mean(points):.1f}" if points else "–",
        median=f"{median(points):.1f}" if points else "–",
        seconds=f"{median(one.report.seconds for one in judged):.1f}" if judged else "–",
        discrimination="–" if how_it_goes is None else f"{how_it_goes:.2f}",
        mistakes=_mistakes(judged, texts.get("mistakes", {}), language),
        checks=_checks(judged, texts.get("checks", {})),
    )


def discrimination(slug: str, grades: Grades) -> float | None:
    """The correlation of a problem's points with those of all others, over who handed something in."""
    own, others = [], []
    for grade in grades.students:
        points = {name: mark.points for name, mark in grade.marks.items()}
        mine = points.pop(slug)
        if grade.status != "missing" and mine is not None:
            own.append(mine)
            others.append(sum(value for value in points.values() if value is not None))
    if len(own) < FEWEST_STUDENTS or len(set(own)) < 2 or len(set(others)) < 2:
        return None
    return correlation(own, others)


def _mistakes(judged: Sequence[Judged], translations: Mapping[str, str], language: str) -> list[Common]:
    """The known mistakes, the most frequent first, and then the reasons for which nothing could be checked."""
    known: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    texts: dict[str, str] = {}
    for one in judged:
        known.update({diagnosis.mistake for diagnosis in one.report.diagnosis if diagnosis.certain})
        texts.update({diagnosis.mistake: diagnosis.text for diagnosis in one.report.diagnosis})
        if one.report.message:
            faults[plain(one.report.message, lines=1).split("\n")[0]] += 1
    found = [
        Common(count, plain(name).replace("_", " "), plain(translations.get(name, texts[name])))
        for name, count in known.most_common(MISTAKES_SHOWN)
    ]
    shown = [Common(count, "", translated(text, language)) for text, count in faults.most_common(MISTAKES_SHOWN)]
    return sorted([*found, *shown], key=lambda one: -one.count)[:MISTAKES_SHOWN]


def _checks(judged: Sequence[Judged], translations: Mapping[str, str]) -> list[Common]:
    """The checks that fail most often."""
    failed: Counter[str] = Counter()
    sentences: dict[str, str] = defaultdict(str)
    for one in judged:
        for check in one.report.checks:
            sentences[check.name] = check.sentence
            failed[check.name] += is_failing(check) and not one.report.message
    return [
        Common(count, plain(name), plain(translations.get(name, sentences[name])))
        for name, count in failed.most_common(CHECKS_SHOWN)
        if count
    ]
