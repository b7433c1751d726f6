"""judge history: attempts, scores and times; interviews."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.cells import cell_len

from judge.cli.options import (
    PRACTISE,
    PackFolders,
    complete_problem,
    new_table,
    open_history,
    short_name,
    stdout,
)
from judge.history import Attempt, History
from judge.language import current, translated
from judge.practice.interviews import Interviews, total
from judge.practice.looking_back import by_day, pace, summary, time_to_solve
from judge.problems import Packs, Problem, packs
from judge.report.page import NEUTRAL, Page
from judge.report.telling import score_text
from judge.report.text import plain, shorten

RECENT = timedelta(days=30)
SHOWN = 20  # days, attempts or interviews


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=PRACTISE, epilog="Example: judge history; judge history 25")(history)


def history(
    problem: Annotated[
        str | None,
        typer.Argument(
            metavar="PROBLEM",
            help="Its attempts; without it: all days and interviews.",
            autocompletion=complete_problem,
            show_default=False,
        ),
    ] = None,
    problems: PackFolders = None,
) -> None:
    """Show what you did: by day, or each attempt at one problem with its score and your best time."""
    known = packs(problems or ())
    found = known.find(problem) if problem is not None else None
    with open_history() as kept:
        page = Page(stdout())
        if found is not None:
            _one_problem(page, kept, found, short_name(found.slug, known.names))
        else:
            _all(page, kept, known)
        page.print()


def _all(page: Page, kept: History, known: Packs) -> None:
    attempts, hints, now = kept.attempts(), kept.all_hints_shown(), datetime.now().astimezone()
    if not attempts:
        page.paragraph("There are no attempts yet; judge tells how to start.")
        return
    table = new_table(page.console)
    for title in ("", "attempts", "days", "solved", "of those without a hint", "still open"):
        table.add_column(title, justify="right" if title else "left", overflow="fold")
    recent = [attempt for attempt in attempts if now - attempt.started_at < RECENT]
    for title, one in (("last 30 days", summary(recent, hints)), ("all", summary(attempts, hints))):
        figures = (one.attempts, one.days, one.solved, one.without_hint, one.open)
        table.add_row(translated(title, current()), *map(str, figures))
    page.console.print(table)
    table = new_table(page.console)
    for title in ("day", "attempts", "solved", "solved again", "tried"):
        table.add_column(title, justify="right" if title == "attempts" else "left", overflow="fold")
    days = by_day(attempts)
    for day in days[:SHOWN]:
        problems = [_names(which, known) for which in (day.solved, day.again, day.tried)]
        table.add_row(str(day.day), str(day.attempts), *problems)
    page.console.print(table)
    _more(page, len(days))
    _interviews(page, Interviews(kept), known)


def _names(problems: Sequence[str], known: Packs) -> str:
    return ", ".join(short_name(problem, known.names) for problem in problems)


def _interviews(page: Page, interviews: Interviews, known: Packs) -> None:
    finished = interviews.finished()[::-1]
    if not finished:
        return
    page.line(("Interviews (judge interview --card N shows one again)", "bold"))
    for one in finished[:SHOWN]:
        results = interviews.results(one)
        solved = sum(result.accepted_after is not None for result in results)
        names = _names([task.problem for task in one.tasks], known)
        day = one.started_at.astimezone().date()
        right = f"{solved} of {len(results)} solved  {score_text(total(results)):>5}/100"
        left = f"{one.id:3}  {day}  {one.minutes:3} min  "
        left += shorten(names, page.width - cell_len(left) - cell_len(right) - 2, page.marks.ellipsis)
        page.line((left, ""), (page.gap(left, right), ""), (right, ""))
    _more(page, len(finished))


def _one_problem(page: Page, kept: History, problem: Problem, name: str) -> None:
    attempts = kept.attempts(problem.slug)
    if not attempts:
        page.paragraph(f"{problem.slug} has not been tried yet; judge attempt {name} starts it.")
        return
    page.paragraph(f"{name} {plain(problem.title())}", style="bold")
    page.line()
    reports = [kept.report(attempt) for attempt in attempts]
    paces = [pace(report) if report else None for report in reports]
    for attempt, measured in list(zip(attempts, paces, strict=True))[-SHOWN:]:
        mark, style = page.mark("passed" if attempt.accepted else attempt.verdict)
        when = attempt.started_at.astimezone().strftime("%Y-%m-%d %H:%M")
        said = f"{score_text(attempt.score):>5}/100"
        if measured is not None:
            said += f"  {measured:5.2f} times the reference's time"
        page.line((f" {mark} ", style), (f"{when}  {said}", "" if attempt.verdict not in NEUTRAL else "dim"))
    _more(page, len(attempts))
    page.line()
    _best(page, kept, problem, attempts, paces)


def _best(
    page: Page, kept: History, problem: Problem, attempts: Sequence[Attempt], paces: Sequence[float | None]
) -> None:
    """Personal bests, of what was accepted."""
    page.paragraph(f"Best score: {score_text(max(attempt.score for attempt in attempts))}/100")
    taken = time_to_solve(attempts, kept.starts(problem.slug))
    if taken is not None:
        page.paragraph(f"From the stub to a solution: {_long(taken)}; planned {problem.minutes} min")
    right = [one for attempt, one in zip(attempts, paces, strict=True) if attempt.accepted and one is not None]
    if right:
        page.paragraph(f"Your fastest solution takes {min(right):.2f} times the reference's time")
    if hints := kept.hints_shown(problem.slug):
        page.paragraph(f"Hints seen: {hints}")


def _long(time: timedelta) -> str:
    minutes = int(time.total_seconds() / 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"


def _more(page: Page, count: int) -> None:
    if count > SHOWN:
        page.line((f"and {count - SHOWN} earlier", "dim"))
