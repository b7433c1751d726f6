"""judge interview: problems against the clock, and the scorecard at its end."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.cells import cell_len
from rich.rule import Rule

from judge.cli.options import (
    PRACTISE,
    Language,
    PackFolders,
    WrongUse,
    language_of,
    open_history,
    print_markdown,
    readable,
    say,
    short_name,
    stdout,
)
from judge.history import History
from judge.practice.desk import UnusableDesk, put_back_stub, shown, solution_file
from judge.practice.drawing import NothingFits, draw
from judge.practice.interviews import HINT_COSTS, AlreadyRunning, Interview, Interviews, Result, Task, total
from judge.practice.standing import standings
from judge.problems import DIFFICULTIES, BrokenProblem, Packs, Problem, packs
from judge.report.page import NEUTRAL, Page
from judge.report.telling import score_text
from judge.report.text import plain, shorten

MINUTES = 45
MISTAKES_SHOWN = 3  # of a problem, on the scorecard


def register(app: typer.Typer) -> None:
    app.command(
        rich_help_panel=PRACTISE, epilog="Example: judge interview --minutes 45 --level medium --topics attention,nlp"
    )(interview)


def interview(
    minutes: Annotated[
        int | None,
        typer.Option(metavar="N", min=5, max=600, help="How long it takes.", show_default=str(MINUTES)),
    ] = None,
    level: Annotated[
        str | None, typer.Option(metavar="LEVEL", help="Only easy, medium or hard problems.", show_default="any")
    ] = None,
    topics: Annotated[
        str | None,
        typer.Option(metavar="TAG,TAG", help="Only problems with one of these tags or topics.", show_default="any"),
    ] = None,
    finish: Annotated[bool, typer.Option("--finish", help="End it now and show the scorecard.")] = False,
    card: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Show the scorecard of interview N; judge history lists them.", show_default=False
        ),
    ] = None,
    lang: Language = None,
    problems: PackFolders = None,
) -> None:
    """Start an interview against the clock; while one runs, show its clock and its current problem.

    judge attempt works as usual and counts. A hint costs 10 points. The clock never stops, whatever is closed or
    crashes; when the time is up, or with --finish, the scorecard is shown and kept.
    """
    lang = language_of(lang)
    if level is not None and level not in DIFFICULTIES:
        raise WrongUse(f"--level is {', '.join(DIFFICULTIES)}, not '{level}'")
    wishes = minutes is not None or level is not None or topics is not None
    if wishes + finish + (card is not None) > 1:
        raise WrongUse("--finish and --card N stand alone")
    known, now = packs(problems or ()), datetime.now().astimezone()
    with open_history() as history:
        screen = _Screen(history, known, lang)
        interviews = Interviews(history)
        running = interviews.running()
        if card is not None:
            found = interviews.get(card)
            if found is None or found.finished_at is None:
                raise WrongUse(f"there is no scorecard {card}; judge history lists them")
            screen.scorecard(found)
        elif running is not None and (finish or not running.left(now)):
            _finish(interviews, running, now, screen)
        elif finish:
            raise WrongUse("no interview is running; judge interview starts one")
        elif running is None:
            _start(history, known, minutes or MINUTES, level, _split(topics), now, screen)
        elif wishes:
            raise WrongUse(
                f"an interview is running, {_clock(running.left(now))} left; judge interview --finish ends it"
            )
        else:
            screen.state(running, now)


def _split(topics: str | None) -> list[str]:
    wanted = [topic.strip() for topic in (topics or "").split(",") if topic.strip()]
    if topics is not None and not wanted:
        raise WrongUse("--topics names none; write --topics attention,nlp")
    return wanted


def _start(
    history: History,
    known: Packs,
    minutes: int,
    level: str | None,
    topics: Sequence[str],
    now: datetime,
    screen: _Screen,
) -> None:
    if not history.kept:
        raise WrongUse("an interview must be kept to go on after an interrupt; JUDGE_DATA names a folder for that")
    try:
        drawn = draw(readable(known), minutes, level, topics, standings(history.attempts()), random.Random())
    except NothingFits as error:
        raise WrongUse(str(error)) from None
    try:
        begun = Interviews(history).start(minutes, drawn, now)
    except AlreadyRunning:
        raise WrongUse("another terminal has just started an interview; judge interview shows it") from None
    except sqlite3.Error as error:
        raise WrongUse(f"the interview cannot be kept: {error}") from None
    for problem in drawn:
        file = solution_file(problem)
        try:
            if file.exists() and (copy := put_back_stub(file, problem)):
                say(f"{shown(file)} is the stub again; what you had is {shown(copy)}")
        except UnusableDesk as error:  # the clock runs: no reason to show no statement
            say(f"judge: {error}")
    screen.state(begun, now)


def _finish(interviews: Interviews, running: Interview, now: datetime, screen: _Screen) -> None:
    interviews.finish(running, min(now, running.ends_at))
    if any(result.attempts or result.task.hints for result in interviews.results(running)):
        finished = interviews.get(running.id)
        assert finished is not None
        screen.scorecard(finished)
    else:
        interviews.discard(running)
        say("The interview is over. Nothing was attempted, so there is no scorecard.")


def remind(problem: Problem) -> None:
    """After an attempt at a problem of the running interview: its clock, on stderr."""
    now = datetime.now().astimezone()
    with open_history() as history:
        interviews = Interviews(history)
        running = interviews.running()
        if running is None or running.task(problem.slug) is None:
            return
        results = interviews.results(running)
    solved = sum(result.accepted_after is not None for result in results)
    if not running.left(now):
        say("Interview: the time is up; judge interview shows the scorecard.")
    elif solved == len(results):
        say(f"Interview: all solved, {_clock(running.left(now))} left; judge interview --finish shows the scorecard.")
    else:
        say(f"Interview: {_clock(running.left(now))} left, {solved} of {len(results)} solved; judge interview goes on.")


class _Screen:
    """What an interview shows."""

    def __init__(self, history: History, known: Packs, language: str) -> None:
        self.history = history
        self.known = known
        self.language = language
        self.console = stdout()
        self.page = Page(self.console)

    def state(self, interview: Interview, now: datetime) -> None:
        """The statement of the current problem; below it, where one looks first, the clock and what to type."""
        results = Interviews(self.history).results(interview)
        current = next((result.task for result in results if result.accepted_after is None), None)
        if current is not None and (problem := self._problem(current.problem)) is not None:
            print_markdown(self.console, problem.asked(self.language))
        self.console.print()
        self.console.print(Rule(style="dim", characters="─" if self.page.marks.ellipsis == "…" else "-"))
        left, page = _clock(interview.left(now)), self.page
        page.paragraph(f"Interview: {left} left of {interview.minutes} minutes", style="bold")
        for _ in self._rows(results, current, over=False):
            pass
        page.line()
        if current is None:
            page.paragraph("All solved. Next: judge interview --finish", style="bold")
        else:
            name = self._name(current.problem)
            page.paragraph(f"Next: judge attempt {name}", style="bold")
            page.paragraph(
                f"judge hint {name} costs {HINT_COSTS} points; judge interview --finish ends it.", style="dim"
            )
        page.print()

    def scorecard(self, interview: Interview) -> None:
        """What was solved and how fast, which mistakes were made, and which questions may follow."""
        results, page = Interviews(self.history).results(interview), self.page
        used = _clock((interview.finished_at or interview.ends_at) - interview.started_at)
        day = interview.started_at.astimezone().strftime("%Y-%m-%d %H:%M")
        left, right = f"Interview {interview.id}, {day}", f"{score_text(total(results))}/100"
        page.line((left, "bold"), (page.gap(left, right), ""), (right, "bold"))
        page.paragraph(f"{used} of {interview.minutes}:00 used", style="dim")
        page.line()
        for result in self._rows(results, None, over=True):
            for mistake in self._mistakes(result):
                page.paragraph(mistake, indent=8)
        page.print()
        self._questions(results)
        unsolved = [result for result in results if result.accepted_after is None]
        if unsolved:
            page.paragraph(
                f"Next: judge attempt {self._name(unsolved[0].task.problem)}, without the clock", style="bold"
            )
        else:
            page.paragraph(f"Next: judge reveal {self._name(results[0].task.problem)} has the answers", style="bold")
        page.print()

    def _rows(self, results: Sequence[Result], current: Task | None, over: bool) -> Iterator[Result]:
        """A line for each task: solved or not, its title, minutes and points; below that what happened.

        Yields each result after its lines, for what else is to be said of it.
        """
        page = self.page
        names = [self._name(result.task.problem) for result in results]
        width = max(3, *map(cell_len, names))
        for result, name in zip(results, names, strict=True):
            mark, style = " ", ""
            if result.accepted_after is not None:
                mark, style = page.mark("passed")
            elif over:
                mark, style = page.mark("wrong")
            elif result.task is current:
                mark, style = page.marks.arrow, "bold"
            right = f"{result.task.minutes} min  {score_text(result.points):>5}/100"
            room = page.width - width - cell_len(right) - 7
            title = f"{name:>{width}}  {shorten(self._title(result.task.problem), room, page.marks.ellipsis)}"
            gap = page.gap(f" {mark} {title}", right)
            page.line((f" {mark} ", style), (title, "bold" if result.task is current else ""), (gap, ""), (right, ""))
            for said in _happened(result):
                page.paragraph(said, indent=width + 5, style="dim")
            yield result

    def _mistakes(self, result: Result) -> list[str]:
        """The known mistakes that were recognised; else what failed in the last attempt."""
        reports = [report for attempt in result.attempts if (report := self.history.report(attempt))]
        known = {one.mistake: one.text for report in reports for one in report.diagnosis if one.certain}
        if known or not reports or reports[-1].accepted:
            texts = list(known.values())
        elif reports[-1].message:
            texts = [reports[-1].message]
        else:
            fine = ("passed", *NEUTRAL)
            texts = [f"Failed: {check.sentence}" for check in reports[-1].checks if check.verdict not in fine]
        return [plain(text) for text in texts[:MISTAKES_SHOWN]]

    def _questions(self, results: Sequence[Result]) -> None:
        """The follow-up questions of all its problems."""
        for result in results:
            problem = self._problem(result.task.problem)
            questions = problem and problem.questions(self.language)
            if questions:
                name = self._name(result.task.problem)
                self.page.line()
                self.page.paragraph(
                    f"What may be asked next about {name} (judge reveal {name} has answers)", style="bold"
                )
                self.page.print()
                print_markdown(self.console, questions)
        self.page.line()

    def _problem(self, name: str) -> Problem | None:
        """The problem, unless its pack is not known now or it is broken."""
        try:
            return self.known.read(name) if name in self.known.names else None
        except BrokenProblem:
            return None

    def _title(self, name: str) -> str:
        problem = self._problem(name)
        return plain(problem.title(self.language) if problem else name)

    def _name(self, name: str) -> str:
        return short_name(name, self.known.names)


def _happened(result: Result) -> list[str]:
    """In sentences, what was done about a task."""
    said, count = [], len(result.attempts)
    if result.accepted_after is not None:
        first = next(number for number, attempt in enumerate(result.attempts, 1) if attempt.accepted)
        after = _clock(result.accepted_after)
        said.append(f"accepted at {after}, attempt {first}" if first > 1 else f"accepted at {after}, the first attempt")
    elif result.attempts:
        said.append(f"{count} attempts, none accepted" if count > 1 else "1 attempt, not accepted")
    if hints := result.task.hints:
        costs = HINT_COSTS * hints
        said.append(f"{hints} hints: {costs} points less" if hints > 1 else f"1 hint: {costs} points less")
    return said


def _clock(time: timedelta) -> str:
    """Minutes and seconds: 5:07, 61:00."""
    seconds = int(time.total_seconds())
    return f"{seconds // 60}:{seconds % 60:02}"
