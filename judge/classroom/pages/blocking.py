"""What stands in the way of releasing the grades of a class."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from judge.classroom.gradebook import Gradebook
from judge.classroom.grades import Grades
from judge.classroom.pages.problems import Judged
from judge.language import translated
from judge.parsing import parse
from judge.problems import Problem
from judge.report.telling import is_failing
from judge.report.text import plain

ITEMS_SHOWN, FEW = 40, 4
GROUP = 3  # solutions that fail alike: chance no more, but a misunderstanding
GROUP_SHARE = 0.05  # of all, in a large class
ENOUGH = 3  # solutions, to wonder that none is accepted


@dataclass(frozen=True)
class Block:
    """A reason to look before grades are released, and whom or what it concerns."""

    text: str
    items: list[str]
    more: str  # "and 12 more"

    @property
    def is_short(self) -> bool:
        return len(self.items) <= FEW


def blocking(
    grades: Grades,
    judged: Mapping[str, Sequence[Judged]],
    problems: Mapping[str, Problem],
    book: Gradebook,
    language: str,
) -> Iterator[Block]:
    """All reasons, the worst first."""
    for text, items in _reasons(grades, judged, problems, book):
        shown = [translated(plain(item, lines=1), language) for item in items[:ITEMS_SHOWN]]
        left = len(items) - len(shown)
        yield Block(translated(plain(text), language), shown, translated(f"and {left} more", language) if left else "")


def _reasons(
    grades: Grades, judged: Mapping[str, Sequence[Judged]], problems: Mapping[str, Problem], book: Gradebook
) -> Iterator[tuple[str, Sequence[str]]]:
    marks = [(grade.student.id, slug, mark) for grade in grades.students for slug, mark in grade.marks.items()]
    infra = [
        f"{student}, {slug}: {(mark.report.message if mark.report else None) or ''}".rstrip(": ")
        for student, slug, mark in marks
        if mark.state == "infra" and mark.override is None
    ]
    if infra:
        yield "The judge itself failed: run the same command again; nobody is given a 0 for it", infra
    left = [f"{who}, {slug}" for who, slug, mark in marks if mark.state == "ungraded" and mark.override is None]
    if left:
        yield "Not judged yet, or not on these devices", left
    if grades.unmatched:
        files = [f"{one.path}: {one.reason}" for one in grades.unmatched]
        yield "Files that belong to no problem or to nobody", files
    for slug, solutions in judged.items():
        known = problems[slug].requires if slug in problems else ()
        yield from _failing_alike(slug, solutions, known, book)
        yield from _surprising(slug, solutions)
    if grades.unknown:
        yield "Names that nobody in the class has", grades.unknown
    if grades.notes:
        yield "To be decided", grades.notes
    missing = [grade.student.name or grade.student.id for grade in grades.students if grade.status == "missing"]
    if missing:
        yield "Handed in nothing", missing


def _failing_alike(
    slug: str, solutions: Sequence[Judged], required: Sequence[str], book: Gradebook
) -> Iterator[tuple[str, Sequence[str]]]:
    """Whole groups that could not be judged for the same reason, with the names that they define instead."""
    groups: dict[str, list[Judged]] = defaultdict(list)
    for one in solutions:
        if one.report.message:
            groups[_first_line(one.report.message)].append(one)
    for message, group in groups.items():
        if len(group) < max(GROUP, GROUP_SHARE * len(solutions)):
            continue
        used: Counter[str] = Counter()
        for one in group:
            used.update(_defined(book.solution(one.entry).source or "") - set(required))
        names = ", ".join(f"{name} ({count})" for name, count in used.most_common(FEW) if count > 1)
        text = f"{slug}: {len(group)} of {len(solutions)} cannot be judged: {message}"
        yield f"{text}. They define {names}" if names else text, [one.grade.student.id for one in group]


def _surprising(slug: str, solutions: Sequence[Judged]) -> Iterator[tuple[str, Sequence[str]]]:
    """What looks as if the fault were the problem's."""
    if len(solutions) < ENOUGH:
        return
    if not any(one.report.accepted for one in solutions):
        yield f"{slug}: none of {len(solutions)} is accepted. Is the problem right?", ()
    ran = [one for one in solutions if not one.report.message]
    failed: Counter[str] = Counter()
    raised: dict[str, set[str]] = defaultdict(set)
    for one in ran:
        for check in filter(is_failing, one.report.checks):
            failed[check.name] += 1
            if check.verdict == "error" and check.message:
                raised[re.sub(r"\d+", "#", _first_line(check.message))].add(one.grade.student.id)
    everybody = [check for check, count in failed.items() if count == len(ran)]
    if everybody and len(ran) >= ENOUGH:
        yield f"{slug}: everybody fails {', '.join(everybody)}. Is that check right?", ()
    for message, students in raised.items():
        if len(students) >= max(ENOUGH, len(ran) / 2):
            yield f"{slug}: {len(students)} of {len(ran)} get the same error: {message}", sorted(students)


def _first_line(text: str) -> str:
    return plain(text, lines=1).split("\n")[0]


def _defined(source: str) -> set[str]:
    """The functions and classes at the top of a file."""
    try:
        tree = parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)}
