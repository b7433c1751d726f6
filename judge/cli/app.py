"""The program with all its commands, and the one line that each kind of failure becomes."""

from __future__ import annotations

from typing import Annotated

import typer

from judge import __version__
from judge.cli import attempt, authors, browse, classroom, doctor, interview, learn, looking_back
from judge.cli.options import WRONG_USE, WrongUse
from judge.devices import DeviceUnavailable
from judge.practice.desk import UnusableDesk
from judge.problems import BrokenProblem, UnknownProblem

JUDGE_FAILED = 3

# typer used to depend on click and now has a copy of it inside; this is the right class with either.
_ClickException = typer.BadParameter.__mro__[2]

app = typer.Typer(
    name="judge",
    help="Practise deep-learning interview problems, and grade a class on them.",
    epilog="judge alone tells how far you are and what to do next.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for commands in (attempt, browse, learn, interview, looking_back, doctor, classroom, authors):
    commands.register(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"judge {__version__}")
        raise typer.Exit


@app.callback()
def _judge(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        from judge.cli.start import start

        start()


def explain(error: Exception) -> tuple[int, str]:
    """The exit status of a failed command, and the line to show; empty where all has been said."""
    from judge.classroom.assignment import UnusableAssignment  # here, since `judge list` needs no engine
    from judge.classroom.gradebook import UnusableGradebook
    from judge.grading import Infrastructure, TooWeak

    if isinstance(error, _ClickException):
        message = error.format_message()  # type: ignore[attr-defined]
        return WRONG_USE, message and f"{message} (judge --help shows how)"
    ours = (WrongUse, UnknownProblem, BrokenProblem, UnusableDesk, DeviceUnavailable, TooWeak)
    if isinstance(error, (*ours, UnusableAssignment, UnusableGradebook)):
        return WRONG_USE, str(error)
    if isinstance(error, typer.Abort):
        return WRONG_USE, "stopped: there was no answer"
    lines = str(error).strip().splitlines() or [""]
    line = lines[-1] if lines[0].startswith("Traceback") else lines[0]
    kind = "" if isinstance(error, Infrastructure) else f"{type(error).__name__}: "
    return JUDGE_FAILED, f"the judge itself failed: {kind}{line} (JUDGE_DEBUG=1 shows where)"
