"""The program with all its commands, and the one line that each kind of failure becomes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import rich.columns
import typer
import typer.main
import typer.rich_utils
from rich.table import Table

from judge import __version__
from judge.cli import attempt, authors, browse, classroom, doctor, interview, learn, looking_back, report
from judge.cli.options import JUDGE_FAILED, WRONG_USE, WrongUse
from judge.devices import DeviceUnavailable
from judge.language import LANGUAGES, current, translated, use
from judge.practice.desk import UnusableDesk
from judge.problems import BrokenProblem, NotReleased, UnknownProblem

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
for commands in (attempt, browse, learn, interview, looking_back, report, doctor, classroom, authors):
    commands.register(app)


def command(arguments: Sequence[str]) -> Any:
    """The program as a click command, which explains itself in the user's language, or the one of --lang."""
    use(_asked_for(arguments))
    found = typer.main.get_command(app)
    if current() != "en":
        _translate(found)
        for name in ("ARGUMENTS_PANEL_TITLE", "OPTIONS_PANEL_TITLE", "COMMANDS_PANEL_TITLE", "DEFAULT_STRING"):
            setattr(typer.rich_utils, name, translated(getattr(typer.rich_utils, name), current()))
        typer.rich_utils.Table = rich.columns.Table = _Folding  # type: ignore[misc, attr-defined]
    return found


class _Folding(Table):
    """A table that cuts no Chinese: it has no spaces to break a line at."""

    def add_row(self, *cells: Any, **options: Any) -> None:
        super().add_row(*cells, **options)
        for column in self.columns:
            column.overflow = "fold"


def _asked_for(arguments: Sequence[str]) -> str | None:
    """What --lang names, before anything else is read; a wrong one is told later."""
    pairs = zip(arguments, [*arguments[1:], ""], strict=False)
    given = [value if option == "--lang" else option[7:] for option, value in pairs if option.startswith("--lang")]
    return given[-1] if given and given[-1] in LANGUAGES else None


def _translate(one: Any) -> None:
    """The help of a command, of its options and of the commands in it."""
    parts = [one, *one.params]
    for part in parts:
        for name in ("help", "epilog", "short_help", "rich_help_panel", "show_default"):
            if isinstance(text := getattr(part, name, None), str):
                setattr(part, name, _in_paragraphs(text))
    for inner in getattr(one, "commands", {}).values():
        _translate(inner)


def _in_paragraphs(text: str) -> str:
    """Help is written in paragraphs, each of which is one message of the catalogue."""
    paragraphs = (" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
    return "\n\n".join(translated(paragraph, current()) for paragraph in paragraphs)


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
    status, line = _explained(error)
    return status, translated(line, current())


def _explained(error: Exception) -> tuple[int, str]:
    from judge.classroom.assignment import UnusableAssignment  # here, since `judge list` needs no engine
    from judge.classroom.gradebook import UnusableGradebook
    from judge.grading import Infrastructure, TooWeak

    if isinstance(error, _ClickException):
        message = error.format_message()  # type: ignore[attr-defined]
        return WRONG_USE, message and f"{message} (judge --help shows how)"
    ours = (WrongUse, UnknownProblem, BrokenProblem, NotReleased, UnusableDesk, DeviceUnavailable, TooWeak)
    if isinstance(error, (*ours, UnusableAssignment, UnusableGradebook)):
        return WRONG_USE, str(error)
    if isinstance(error, typer.Abort):
        return WRONG_USE, "stopped: there was no answer"
    lines = str(error).strip().splitlines() or [""]
    line = lines[-1] if lines[0].startswith("Traceback") else lines[0]
    kind = "" if isinstance(error, Infrastructure) else f"{type(error).__name__}: "
    return JUDGE_FAILED, f"the judge itself failed: {kind}{line} (JUDGE_DEBUG=1 shows where)"
