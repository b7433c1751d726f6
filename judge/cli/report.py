"""judge report: an attempt as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from judge.cli.options import (
    PRACTISE,
    Language,
    PackFolders,
    WrongUse,
    complete_problem,
    language_of,
    open_history,
)
from judge.cli.pages import report_page, show_page, write_page
from judge.problems import packs


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=PRACTISE, epilog="Example: judge report 25")(report)


def report(
    problem: Annotated[
        str | None,
        typer.Argument(
            metavar="PROBLEM",
            help="The last attempt at it; without it: the last of all.",
            autocompletion=complete_problem,
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Where the page goes; it needs no network.", show_default=False
        ),
    ] = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Only write the page.")] = False,
    lang: Language = None,
    problems: PackFolders = None,
) -> None:
    """Show the report of your last attempt as a page in the browser, with its learning curves and your code."""
    known, lang = packs(problems or ()), language_of(lang)
    slug = known.find(problem).slug if problem is not None else None
    with open_history() as kept:
        attempts = kept.attempts(slug)
        found = kept.report(attempts[-1]) if attempts else None
        source = kept.source(attempts[-1]) if attempts else None
    if not attempts:
        what = f"at {slug} yet" if slug is not None else "yet"
        raise WrongUse(f"there is no attempt {what}; judge attempt makes one")
    if found is None:
        raise WrongUse("the report of that attempt cannot be read any more; judge attempt makes a new one")
    of = known.read(found.problem) if found.problem in known.names else None
    name = f"report-{found.problem.replace('/', '-')}.html"
    show_page(write_page(report_page(found, source, of, lang), name, output), no_open)
