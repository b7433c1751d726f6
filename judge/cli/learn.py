"""Getting help with a problem: hint, reveal; and beginning again: reset."""

from __future__ import annotations

import sys
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
    open_history,
    print_markdown,
    say,
    short_name,
    stdout,
)
from judge.language import translated
from judge.practice.comparison import rows, unified
from judge.practice.desk import put_back_stub, read_solution, shown, solution_file, write_stub
from judge.practice.interviews import HINT_COSTS, Interviews
from judge.problems import packs
from judge.report.text import plain

SIDE_BY_SIDE = 120  # columns from which on --diff has room for two files
THEME = "ansi_dark"  # the terminal's own colours, light or dark


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=PRACTISE, epilog="Example: judge hint 25")(hint)
    app.command(rich_help_panel=PRACTISE, epilog="Example: judge reveal 25 --yes > reference.py")(reveal)
    app.command(rich_help_panel=PRACTISE, epilog="Example: judge reset 25")(reset)


def hint(
    problem: ProblemName,
    number: Annotated[
        int | None,
        typer.Argument(metavar="N", min=1, help="Which one.", show_default="the next one that you have not seen"),
    ] = None,
    lang: Language = None,
    problems: PackFolders = None,
) -> None:
    """Show the next hint; each gives away more."""
    known = packs(problems or ())
    found, lang = known.find(problem), language_of(lang)
    hints = found.hints(lang)
    if not hints:
        raise WrongUse(f"{found.slug} has no hints")
    if number is not None and number > len(hints):
        raise WrongUse(f"{found.slug} has {len(hints)} hints")
    with open_history() as history:
        seen, interviews = history.hints_shown(found.slug), Interviews(history)
        interview = interviews.asking_for(found.slug, datetime.now().astimezone())
        task = interview and interview.task(found.slug)
        costs = False
        if interview and task:
            if number is not None and number > task.hints + 1:
                raise WrongUse("in an interview hints come one after the other")
            if number is None or number > task.hints:
                number = interviews.take_hint(interview, found.slug, len(hints))
                costs = number > task.hints
        elif number is None:
            number = min(seen + 1, len(hints))
        history.set_hints_shown(found.slug, max(number, seen))
        kept = history.trouble is None
    console = stdout()
    console.print(f"{found.title(lang)}: hint {number} of {len(hints)}\n", style="bold", markup=False)
    print_markdown(console, hints[number - 1])
    if costs:
        console.print(f"\nThis hint costs {HINT_COSTS} points of the interview.", style="yellow")
    if interview:
        return
    following = "hint" if number < len(hints) else "attempt" if found.released else "reveal"
    which = "" if kept or following != "hint" else f" {number + 1}"  # what was not kept must be said
    console.print(f"\nNext: judge {following} {short_name(found.slug, known.names)}{which}", markup=False)


def reveal(
    problem: ProblemName,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, even if it is unsolved.")] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Beside what you wrote; as `diff -u` does where there is no room for that.")
    ] = False,
    lang: Language = None,
    problems: PackFolders = None,
) -> None:
    """Show the reference solution and answers to the follow-up questions; asks first while it is unsolved."""
    lang = language_of(lang)
    found = packs(problems or ()).find(problem)
    reference = found.reference
    file = solution_file(found)
    if diff and not file.is_file():
        raise WrongUse(f"--diff: there is no {shown(file)} to compare")
    with open_history() as history:
        solved = history.solved(found.slug)
        if Interviews(history).asking_for(found.slug, datetime.now().astimezone()):
            raise WrongUse(f"{found.slug} is asked in the interview that runs; judge interview --finish ends it")
    if not (solved or yes):
        if not sys.stdin.isatty():
            raise WrongUse(f"{found.slug} is not solved yet; --yes shows the reference all the same")
        if not typer.confirm(f"You have not solved {found.slug} yet. Show the reference?", err=True):
            return
    console = stdout()
    if diff:
        _compare(console, read_solution(file), reference, file)
    else:
        _print_reference(console, reference, found.answers(lang), lang)


def _print_reference(console: Console, reference: str, answers: str | None, lang: str) -> None:
    if console.is_terminal:
        from rich.syntax import Syntax

        console.print(Syntax(reference, "python", word_wrap=True))
        if answers:
            console.print("\nThe follow-up questions", style="bold")
            print_markdown(console, answers)
    else:
        print(reference, end="")
        if answers:  # as comments: what goes into a file stays a Python file
            print(f"\n\n# {translated('The follow-up questions', lang)}:")
            print("\n".join(f"# {line}".rstrip() for line in answers.splitlines()))


def _compare(console: Console, own: str, reference: str, file: Path) -> None:
    from rich.syntax import Syntax

    own = plain(own, longest=None).rstrip("\n") + "\n"
    if not console.is_terminal:
        print(unified(own, reference, str(shown(file))), end="")
    elif console.width < SIDE_BY_SIDE:
        difference = unified(own, reference, str(shown(file)))
        console.print(Syntax(difference, "diff", theme=THEME, background_color="default", word_wrap=True))
    else:
        console.print(_side_by_side(own, reference))


def _side_by_side(own: str, reference: str) -> Table:
    """Both with their line numbers; what is the same on both sides is dim, what differs has a mark between them."""
    from rich.syntax import Syntax

    sides = [
        Syntax("", "python", theme=THEME, background_color="default").highlight(text).split("\n", allow_blank=True)
        for text in (own, reference)
    ]
    table = Table(box=None, pad_edge=False, expand=True, padding=(0, 1, 0, 0))
    for title in ("yours", "reference"):
        table.add_column("", justify="right", style="dim")
        table.add_column(title, ratio=1, overflow="fold")
        if title == "yours":
            table.add_column("")
    for row in rows(own, reference):
        if row is None:
            table.add_row()
            continue
        numbers, style = (row.own, row.reference), "dim" if row.same else ""
        number, code = (
            ["" if line is None else str(line + 1) for line in numbers],
            [Text("") if line is None else side[line] for line, side in zip(numbers, sides, strict=True)],
        )
        mark = " " if row.same else "<" if row.reference is None else ">" if row.own is None else "|"
        table.add_row(number[0], code[0], Text(mark, "yellow"), number[1], code[1], style=style)
    return table


def reset(problem: ProblemName, problems: PackFolders = None) -> None:
    """Put the stub back to write a solution again; what is there is kept in solutions/earlier/."""
    known = packs(problems or ())
    found = known.find(problem)
    file, name = solution_file(found), short_name(found.slug, known.names)
    if write_stub(file, found):
        say(f"Wrote {shown(file)}: there was nothing to keep.")
    elif copy := put_back_stub(file, found):
        say(f"Kept what you wrote as {shown(copy)}")
        say(f"Wrote {shown(file)}: the stub again.")
    else:
        say(f"{shown(file)} is the stub already.")
        return
    with open_history() as history:
        history.note_start(found.slug, datetime.now().astimezone())
    say(f"Next: judge attempt {name}")
