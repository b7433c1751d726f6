"""Getting help with a problem: hint, reveal; and beginning again: reset."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Annotated

import typer

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
from judge.practice.desk import put_back_stub, shown, solution_file, write_stub
from judge.problems import packs


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=PRACTISE, epilog="Example: judge hint 25")(hint)
    app.command(rich_help_panel=PRACTISE, epilog="Example: judge reveal 25 --yes > reference.py")(reveal)
    app.command(rich_help_panel=PRACTISE, epilog="Example: judge reset 25")(reset)


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
    print_markdown(console, hints[number - 1])
    following = "hint" if number < len(hints) else "reveal"
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

        console.print(Syntax(found.reference, "python", word_wrap=True))
        if answers:
            console.print("\nThe follow-up questions" if lang == "en" else "\n追问的答案", style="bold")
            print_markdown(console, answers)
    else:
        print(found.reference, end="")
        if answers:  # as comments: what goes into a file stays a Python file
            print("\n\n# The follow-up questions:" if lang == "en" else "\n\n# 追问的答案：")
            print("\n".join(f"# {line}".rstrip() for line in answers.splitlines()))


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
