"""judge alone: how far somebody is, and the one command to type next."""

from __future__ import annotations

from datetime import datetime

from rich.cells import cell_len

from judge.cli.options import open_history, readable, short_name, stdout
from judge.practice.advice import Advice, advice
from judge.practice.interviews import Interviews
from judge.practice.standing import UNTRIED, Progress, by_topic, standings
from judge.problems import Packs, packs
from judge.report.page import Page
from judge.report.text import plain
from judge.report.words import UNICODE

BAR = 24  # cells


def start() -> None:
    """The start screen."""
    known = packs()
    problems = readable(known)
    with open_history() as history:
        found, hints = standings(history.attempts()), history.all_hints_shown()
        running = Interviews(history).running()
    states = [found.get(problem.slug, UNTRIED).state for problem in problems]
    solved, tried = states.count("solved"), states.count("tried")
    advised = advice(problems, found, hints, datetime.now().astimezone())
    page = Page(stdout())
    if running is not None:
        page.paragraph("An interview is running: judge interview shows its clock.", style="bold")
    if not advised:
        page.paragraph("There are no problems here; judge doctor tells where they are looked for.")
    elif not (solved or tried):
        _greet(page, len(problems), advised[0], known)
    else:
        page.paragraph(f"{len(problems)} problems, {solved} solved, {tried} tried", style="bold")
        _bars(page, by_topic(problems, found))
        _next(page, advised[0], known)
    page.print()


def _greet(page: Page, count: int, first: Advice, known: Packs) -> None:
    page.paragraph(f"{count} problems, 0 solved. Start ({first.problem.minutes} min): {_command(first, known)}")
    page.paragraph("All of them: judge list. Everything else: judge --help", style="dim")


def _next(page: Page, first: Advice, known: Packs) -> None:
    page.paragraph(f"Next ({first.problem.minutes} min): {_command(first, known)}", style="bold")
    page.paragraph(plain(first.problem.title()), indent=2)
    page.paragraph(first.reason, indent=2, style="dim")
    page.line()
    page.paragraph("Also: judge next, judge list, judge interview, judge history, judge --help", style="dim")


def _command(advice: Advice, known: Packs) -> str:
    return f"judge {advice.do} {short_name(advice.problem.slug, known.names)}"


def _bars(page: Page, progress: list[Progress]) -> None:
    """One line a topic: solved of all, as figures and as a bar."""
    full, empty = ("█", "░") if page.marks is UNICODE else ("#", ".")
    width = max(cell_len(each.topic) for each in progress)
    bar = min(BAR, page.width - width - 11)
    page.line()
    for each in progress:
        done = each.solved * bar // each.total
        page.line(
            (f"  {each.topic:{width}}  {each.solved:2}/{each.total:<3} ", ""),
            (full * done, "green"),
            (empty * (bar - done), "dim"),
        )
    page.line()
