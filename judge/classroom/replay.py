"""One verdict of a class once more, exactly as it was reached: `judge replay`, for who appeals."""

from __future__ import annotations

import threading
from pathlib import Path

from rich.console import Console

from judge.classroom.assignment import UnusableAssignment
from judge.classroom.engines import Work, judge_one
from judge.classroom.engines.local import LocalEngine
from judge.classroom.gradebook import Entry, Gradebook, UnusableGradebook
from judge.classroom.grades import SAME, Grades, current_grades
from judge.classroom.regrade import NotInGradebook, problem_of, student_called
from judge.classroom.status import ALL_GRADED, JUDGE_FAILED, SOME_LEFT, WRONG_USE, complain, say
from judge.finding import UnknownProblem, find_name
from judge.grading import Infrastructure, TooWeak
from judge.problems import BrokenProblem, Packs
from judge.report.localised import localised
from judge.report.terminal import render


def replay(
    out: Path, student: str, problem: str, *, packs: Packs, engine: LocalEngine, console: Console, language: str = "en"
) -> int:
    """Judges what counts of a student for a problem with the class's seed, and prints the whole report; stores nothing.

    Returns 0 when it is what the gradebook has, 1 when it is not, 2 for wrong use, 3 when the judge itself failed.
    """
    try:
        with Gradebook(out, make=False, alone=False) as book:
            grades = current_grades(book, packs)
            entry = _entry(grades, student, problem)
            if book.seed is None:
                raise NotInGradebook(f"{out} has no seed, so nothing can be judged as it was")
            found = problem_of(entry.problem, packs)
            work = Work(entry.key, found, book.solution(entry), grades.assignment.skip)
            with engine.start(book.seed, book.secret) as judging:
                report = judge_one(judging.judge, work, threading.Event())
    except (NotInGradebook, UnusableGradebook, UnusableAssignment, UnknownProblem, BrokenProblem, TooWeak) as error:
        return complain(str(error), WRONG_USE)
    except Infrastructure as error:
        return complain(str(error), JUDGE_FAILED)
    render(localised(report, found, language), console, language=language, handed_out=True)
    if report.verdict == "infra":
        return JUDGE_FAILED
    kept = entry.report
    if kept is None or kept.verdict == "infra":
        say("The gradebook has no result for this yet.")
        return SOME_LEFT
    if kept.verdict != report.verdict or abs(kept.score - report.score) > SAME:
        say(f"The gradebook has {kept.score:g} of 100 ({kept.verdict}); judge regrade takes what comes out now.")
        return SOME_LEFT
    say("This is what the gradebook has.")
    return ALL_GRADED


def _entry(grades: Grades, student: str, problem: str) -> Entry:
    """What counts of that student for that problem."""
    who = student_called(student, grades)
    marks = next(grade.marks for grade in grades.students if grade.student.id == who.id)
    slug = find_name(problem, list(marks))
    entry = marks[slug].entry
    if entry is None:
        raise NotInGradebook(f"{student} has handed in nothing for {slug}")
    return entry
