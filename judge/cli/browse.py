"""Looking at problems: list, show, hint, reveal."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from judge.cli.options import (
    Language,
    PackFolders,
    ProblemName,
    WrongUse,
    language_of,
    open_history,
    say,
    short_name,
    stdout,
)
from judge.problems import DIFFICULTIES, BrokenProblem, Packs, Problem, packs

WIDE = 100  # columns from which on the table of problems has their tags


def register(app: typer.Typer) -> None:
    app.command("list", epilog="Example: judge list --tag attention --difficulty medium")(list_problems)
    app.command(epilog="Example: judge show 25 --lang zh")(show)
    app.command(epilog="Example: judge hint 25")(hint)
    app.command(epilog="Example: judge reveal 25 --yes > reference.py")(reveal)


def list_problems(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="WORDS", help="Only those that all these words fit: names, titles, tags.", show_default=False
        ),
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(metavar="TAG", help="Only those with this tag. Repeatable.")] = None,
    difficulty: Annotated[str | None, typer.Option(metavar="LEVEL", help="Only easy, medium or hard ones.")] = None,
    recommended: Annotated[
        bool, typer.Option("--recommended", "-r", help="In the recommended order instead of by number.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
    lang: Language = "en",
    problems: PackFolders = None,
) -> None:
    """List the problems, with your best score at each."""
    language_of(lang)
    if difficulty is not None and difficulty not in DIFFICULTIES:
        raise WrongUse(f"--difficulty is {', '.join(DIFFICULTIES)}, not '{difficulty}'")
    chosen = [
        problem
        for problem in _readable(packs(problems or ()))
        if (difficulty in (None, problem.difficulty))
        and set(tag or ()) <= set(problem.tags)
        and problem.fits(words or ())
    ]
    if recommended:
        chosen.sort(key=lambda problem: (problem.order is None, problem.order))
    with open_history() as history:
        best = history.best_scores()
    if as_json:
        print(json.dumps([_fields(problem, best.get(problem.slug)) for problem in chosen], indent=2))
    elif chosen:
        console = stdout()
        console.print(_table(chosen, best, lang, tags=console.width >= WIDE))
    else:
        say("no problem is like that")


def _readable(known: Packs) -> list[Problem]:
    """All problems that can be read; says which cannot."""
    found = []
    for name in known.names:
        try:
            found.append(known.read(name))
        except BrokenProblem as error:
            say(f"judge: left out: {error}")
    return found


def _fields(problem: Problem, best: float | None) -> dict[str, object]:
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
        "best": best,
    }


def _table(chosen: list[Problem], best: dict[str, float], language: str, tags: bool) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("", justify="right", style="bold")
    table.add_column("problem", overflow="fold")
    if tags:
        table.add_column("tags", style="dim", overflow="fold")
    table.add_column("difficulty")
    table.add_column("minutes", justify="right")
    table.add_column("best", justify="right")
    for problem in chosen:
        score = best.get(problem.slug)
        pack, _, slug = problem.slug.rpartition("/")
        table.add_row(
            str(problem.number) if problem.number is not None else slug,
            problem.title(language) + (f" ({pack})" if pack else ""),
            *([", ".join(problem.tags)] if tags else []),
            problem.difficulty,
            str(problem.minutes),
            "" if score is None else f"[{'green' if score == 100 else 'yellow'}]{score:.0f}[/]",
        )
    return table


def show(problem: ProblemName, lang: Language = "en", problems: PackFolders = None) -> None:
    """Show what a problem asks."""
    known = packs(problems or ())
    found = known.find(problem)
    console = stdout()
    _print_markdown(console, found.text("statement", language_of(lang)))
    facts = [found.difficulty, f"about {found.minutes} minutes", ", ".join(found.tags), f"question {found.source}"]
    console.print(f"\n{' · '.join(facts)}", style="dim", markup=False)
    if found.parts:
        parts = ", ".join(f"{part.name} ({part.minutes})" for part in found.parts.values())
        console.print(f"parts for --part, with minutes: {parts}", style="dim", markup=False)
    console.print(f"Next: judge attempt {short_name(found.slug, known.names)}", markup=False)


def _print_markdown(console: Console, text: str) -> None:
    from rich.markdown import Markdown  # a sixth of the time that `judge list` takes, which needs none

    from judge.cli.formulas import with_readable_formulas

    console.print(Markdown(with_readable_formulas(text)))


def hint(problem: ProblemName, lang: Language = "en", problems: PackFolders = None) -> None:
    """Show the next hint; each gives away more."""
    known = packs(problems or ())
    found = known.find(problem)
    hints = found.hints(language_of(lang))
    if not hints:
        raise WrongUse(f"{found.slug} has no hints")
    with open_history() as history:
        number = min(history.hints_shown(found.slug) + 1, len(hints))
        history.set_hints_shown(found.slug, number)
    console = stdout()
    console.print(f"{found.title(lang)}: hint {number} of {len(hints)}\n", style="bold", markup=False)
    _print_markdown(console, hints[number - 1])
    following = "hint" if number < len(hints) else "attempt" if found.released else "reveal"
    console.print(f"\nNext: judge {following} {short_name(found.slug, known.names)}", markup=False)


def reveal(
    problem: ProblemName,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, even if it is unsolved.")] = False,
    lang: Language = "en",
    problems: PackFolders = None,
) -> None:
    """Show the reference solution and answers to the follow-up questions; asks first while it is unsolved."""
    language_of(lang)
    found = packs(problems or ()).find(problem)
    reference = found.reference
    with open_history() as history:
        solved = history.solved(found.slug)
    if not (solved or yes):
        if not sys.stdin.isatty():
            raise WrongUse(f"{found.slug} is not solved yet; --yes shows the reference all the same")
        if not typer.confirm(f"You have not solved {found.slug} yet. Show the reference?", err=True):
            return
    console = stdout()
    answers = found.answers(lang)
    if console.is_terminal:
        from rich.syntax import Syntax

        console.print(Syntax(reference, "python", word_wrap=True))
        if answers:
            console.print("\nThe follow-up questions" if lang == "en" else "\n追问的答案", style="bold")
            _print_markdown(console, answers)
    else:
        print(reference, end="")
        if answers:  # as comments: what goes into a file stays a Python file
            print("\n\n# The follow-up questions:" if lang == "en" else "\n\n# 追问的答案：")
            print("\n".join(f"# {line}".rstrip() for line in answers.splitlines()))
