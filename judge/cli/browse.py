"""Looking at problems: list, next, show."""

from __future__ import annotations

import json
import math
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from judge.cli.options import (
    PRACTISE,
    Language,
    PackFolders,
    ProblemName,
    WrongUse,
    language_of,
    new_table,
    open_history,
    print_markdown,
    readable,
    say,
    short_name,
    stdout,
)
from judge.cli.pages import show_page, write_page
from judge.practice.advice import advice
from judge.practice.standing import STATES, UNTRIED, Standing, standings
from judge.problems import DIFFICULTIES, Problem, packs
from judge.report.page import Page
from judge.report.text import plain
from judge.report.words import marks_for

WIDE = 100  # columns from which on the table of problems has their tags
TRIED = "~"  # the mark of a problem that was tried and is not solved yet
ADVISED = 3  # problems that judge next names


def register(app: typer.Typer) -> None:
    app.command("list", rich_help_panel=PRACTISE, epilog="Example: judge list --tag attention --state new")(
        list_problems
    )
    app.command("next", rich_help_panel=PRACTISE, epilog="Example: judge next")(what_next)
    app.command(rich_help_panel=PRACTISE, epilog="Example: judge show 25 --lang zh")(show)


def list_problems(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="WORDS", help="Only those that all these words fit: names, titles, tags.", show_default=False
        ),
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(metavar="TAG", help="Only those with this tag. Repeatable.")] = None,
    difficulty: Annotated[str | None, typer.Option(metavar="LEVEL", help="Only easy, medium or hard ones.")] = None,
    state: Annotated[
        str | None,
        typer.Option(metavar="STATE", help="Only new ones, tried ones (not solved yet) or solved ones."),
    ] = None,
    recommended: Annotated[
        bool, typer.Option("--recommended", "-r", help="In the recommended order instead of by number.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
    lang: Language = None,
    problems: PackFolders = None,
) -> None:
    """List the problems: what you solved, what you tried, your best score at each."""
    lang = language_of(lang)
    if difficulty is not None and difficulty not in DIFFICULTIES:
        raise WrongUse(f"--difficulty is {', '.join(DIFFICULTIES)}, not '{difficulty}'")
    if state is not None and state not in STATES:
        raise WrongUse(f"--state is {', '.join(STATES)}, not '{state}'")
    with open_history() as history:
        found = standings(history.attempts())
    chosen = [
        problem
        for problem in readable(packs(problems or ()))
        if (difficulty in (None, problem.difficulty))
        and set(tag or ()) <= set(problem.tags)
        and problem.fits(words or ())
        and state in (None, found.get(problem.slug, UNTRIED).state)
    ]
    if recommended:
        chosen.sort(key=lambda problem: (problem.order is None, problem.order))
    if as_json:
        print(json.dumps([_fields(problem, found.get(problem.slug, UNTRIED)) for problem in chosen], indent=2))
    elif chosen:
        console = stdout()
        console.print(_table(chosen, found, lang, console))
    else:
        say("no problem is like that")


def _fields(problem: Problem, standing: Standing) -> dict[str, object]:
    return {
        "problem": problem.slug,
        "number": problem.number,
        "title": problem.title(),
        "tags": problem.tags,
        "difficulty": problem.difficulty,
        "minutes": problem.minutes,
        "parts": {part.name: part.minutes for part in problem.parts.values()},
        "order": problem.order,
        "aliases": problem.aliases,
        "source": problem.source,
        "best": standing.best,
        "state": standing.state,
        "attempts": standing.attempts,
    }


def _table(chosen: list[Problem], found: dict[str, Standing], language: str, console: Console) -> Table:
    tags, marks = console.width >= WIDE, marks_for(console.encoding)
    table = new_table(console)
    table.add_column("")  # a mark: solved, tried
    table.add_column("", justify="right", style="bold", overflow="fold")
    table.add_column("problem", overflow="fold")
    if tags:
        table.add_column("tags", style="dim", overflow="fold")
    table.add_column("difficulty", overflow="fold")
    table.add_column("minutes", justify="right", overflow="fold")
    table.add_column("best", justify="right", overflow="fold")
    for problem in chosen:
        standing = found.get(problem.slug, UNTRIED)
        pack, _, slug = problem.slug.rpartition("/")
        style = "green" if standing.state == "solved" else "yellow"
        table.add_row(
            Text({"solved": marks.passed, "tried": TRIED, "new": ""}[standing.state], style),
            str(problem.number) if problem.number is not None else slug,
            Text(problem.title(language) + (f" ({pack})" if pack else "")),
            *([", ".join(problem.tags)] if tags else []),
            problem.difficulty,
            str(problem.minutes),
            Text("" if standing.best is None else f"{math.floor(standing.best)}", style),
        )
    return table


def what_next(lang: Language = None, problems: PackFolders = None) -> None:
    """Tell what to practise next, and why."""
    lang = language_of(lang)
    known = packs(problems or ())
    with open_history() as history:
        found, hints = standings(history.attempts()), history.all_hints_shown()
    advised = advice(readable(known), found, hints, datetime.now().astimezone())
    if not advised:
        raise WrongUse("there are no problems to practise")
    page = Page(stdout())
    for place, one in enumerate(advised[:ADVISED]):
        if place == 1:
            page.line()
            page.paragraph("Or:")
        command = f"judge {one.do} {short_name(one.problem.slug, known.names)}"
        page.paragraph(f"{command} ({one.problem.minutes} min)", style="bold" if place == 0 else "")
        page.paragraph(plain(one.problem.title(lang)), indent=2)
        page.paragraph(one.reason, indent=2, style="dim")
    page.print()


def show(
    problem: ProblemName,
    web: Annotated[
        bool, typer.Option("--web", "-w", help="As a page in the browser, where formulas look like formulas.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where --web writes the page; it needs no network.",
            show_default=False,
        ),
    ] = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Only write the page of --web.")] = False,
    lang: Language = None,
    problems: PackFolders = None,
) -> None:
    """Show what a problem asks."""
    known = packs(problems or ())
    found, lang = known.find(problem), language_of(lang)
    name = short_name(found.slug, known.names)
    if web or output is not None or no_open:
        from judge.practice.statement import statement_page

        page = write_page(statement_page(found, lang, name), f"{found.slug}.{lang}.html", output)
        show_page(page, no_open)
        return
    console = stdout()
    print_markdown(console, found.text("statement", lang))
    facts = [found.difficulty, f"about {found.minutes} minutes", ", ".join(found.tags), f"question {found.source}"]
    console.print(f"\n{' · '.join(facts)}", style="dim", markup=False)
    if found.parts:
        parts = ", ".join(f"{part.name} ({part.minutes})" for part in found.parts.values())
        console.print(f"parts for --part, with minutes: {parts}", style="dim", markup=False)
    console.print(f"Next: judge attempt {name}", markup=False)
