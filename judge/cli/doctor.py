"""judge doctor: what this machine can do for the judge."""

from __future__ import annotations

import typer

from judge.cli.options import PRACTISE, PackFolders, stdout


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=PRACTISE, epilog="Example: judge doctor")(doctor)


def doctor(problems: PackFolders = None) -> int:
    """Tell what this machine can do: isolation, torch, devices, problems, where attempts are kept."""
    from judge.doctor import examine

    return examine(problems or [], stdout())
