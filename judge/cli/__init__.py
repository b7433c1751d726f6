"""The commands. Each is thin: it reads what the user typed, asks the rooms below, and prints.

torch takes seconds to import, so nothing here imports it, and what does is imported inside the command that needs it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console

from judge import __version__
from judge.cli import attempt, browse, classroom, doctor
from judge.cli.options import WRONG_USE, WrongUse
from judge.devices import DeviceUnavailable
from judge.problems import BrokenProblem, UnknownProblem

DEBUG_VARIABLE = "JUDGE_DEBUG"
JUDGE_FAILED = 3
INTERRUPTED = 130

# typer brings its own copy of click since 0.20-something; this is its class either way.
_ClickException = typer.BadParameter.__mro__[2]

app = typer.Typer(
    name="judge",
    help="Practise deep-learning interview problems, and grade a class on them.",
    epilog="Start with: judge list; judge show 25; judge attempt 25",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for commands in (browse, attempt, classroom, doctor):
    commands.register(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"judge {__version__}")
        raise typer.Exit


@app.callback()
def _judge(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """The `judge` program."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit status; whatever goes wrong is one line on stderr."""
    try:
        status = app(args=list(arguments), prog_name="judge", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # `judge list | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        status = INTERRUPTED
    except Exception as error:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        return _report_failure(error)
    if status == INTERRUPTED:
        _say("interrupted")
    return status or 0


def _report_failure(error: Exception) -> int:
    if isinstance(error, _ClickException):
        message = error.format_message()  # type: ignore[attr-defined]
        if message:  # without any command typer has printed the help
            _say(f"{message} (judge --help shows how)")
        return WRONG_USE
    if isinstance(error, WrongUse | UnknownProblem | BrokenProblem | DeviceUnavailable):
        _say(str(error))
        return WRONG_USE
    if isinstance(error, typer.Abort):
        _say("stopped")
        return WRONG_USE
    from judge.grading import Infrastructure, TooWeak

    if isinstance(error, TooWeak):
        _say(str(error))
        return WRONG_USE

    name = "" if isinstance(error, Infrastructure) else f"{type(error).__name__}: "
    lines = str(error).strip().splitlines() or [""]
    line = lines[-1] if lines[0].startswith("Traceback") else lines[0]
    _say(f"the judge itself failed: {name}{line} ({DEBUG_VARIABLE}=1 shows where)")
    return JUDGE_FAILED


def _say(line: str) -> None:
    Console(stderr=True, highlight=False).print(f"judge: {line}", markup=False, soft_wrap=True)
