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
    short_name,
)
from judge.cli.pages import show_page, write_page
from judge.problems import packs
from judge.report import Report


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
    if found is None:
        what = f"at {slug} yet" if slug is not None else "yet"
        raise WrongUse(f"there is no attempt {what}; judge attempt makes one")
    from judge.report.html import fragment, page
    from judge.report.localised import localised

    of = known.read(found.problem) if found.problem in known.names else None
    content = fragment(localised(found, of, lang), _handed_in(found), language=lang)
    title = f"{short_name(found.problem, known.names)} {of.title(lang) if of is not None else found.title}"
    name = f"report-{found.problem.replace('/', '-')}.html"
    show_page(write_page(page(content, title, language=lang), name, output), no_open)


def _handed_in(report: Report) -> str | None:
    """The file of the attempt, as long as it is what was judged."""
    from judge.grading import Solution

    if report.file is None or report.sha256 is None:
        return None
    solution = Solution.read(Path(report.file))
    return solution.source if solution.sha256 == report.sha256 else None
