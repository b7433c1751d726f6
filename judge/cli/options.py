"""What several commands share: how a problem, a device and a pack are named, and where they print."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import ASCII2, SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.theme import Theme

from judge import devices
from judge.finding import find_name
from judge.history import History
from judge.language import LANGUAGES, current, translated, use
from judge.machine import usable_cpus
from judge.problems import BrokenProblem, Packs, Problem, packs
from judge.report import Report
from judge.report.words import UNICODE, marks_for

ACCEPTED, NOT_ACCEPTED, WRONG_USE, JUDGE_FAILED = 0, 1, 2, 3  # exit statuses
PRACTISE, TEACH, WRITE = "Practise", "Teach", "Write problems"  # what judge --help has a panel for


class WrongUse(Exception):
    """The command cannot do what was asked; the message is the one line that the user sees, with exit status 2."""


def complete_problem(incomplete: str) -> Iterator[str]:
    """For the shell: the names that begin like this, with or without their number."""
    try:
        names = packs().names
    except ValueError:  # a wrong JUDGE_PROBLEMS is no reason for noise while somebody types
        return
    for name in names:
        for spelling in (name, name.partition("-")[2]):
            if spelling.startswith(incomplete):
                yield spelling
                break


def _complete_device(incomplete: str) -> list[str]:
    return [name for name in ("auto", "cpu", "cuda", "mps", "sim") if name.startswith(incomplete)]


def _complete_language(incomplete: str) -> list[str]:
    return [language for language in LANGUAGES if language.startswith(incomplete)]


def _valid_seed(seed: int | None) -> int | None:
    if seed is not None and not 0 <= seed < 2**63:  # what SQLite can keep
        raise WrongUse(f"--seed is 0 to 2**63 - 1, not {seed}")
    return seed


ProblemName = Annotated[
    str,
    typer.Argument(
        metavar="PROBLEM",
        help="Its number, its name, or the beginning or a part of it: 25, attention.",
        autocompletion=complete_problem,
        show_default=False,
    ),
]
ProblemNames = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PROBLEM", help="Which ones; all by default.", autocompletion=complete_problem, show_default=False
    ),
]
PackFolders = Annotated[
    list[Path] | None,
    typer.Option(
        "--problems",
        metavar="DIR",
        help="Also know the problems of this folder, which has problems/ and reference/, or what judge release made. "
        "Repeatable; JUDGE_PROBLEMS names more.",
        show_default=False,
    ),
]
Devices = Annotated[
    list[str] | None,
    typer.Option(
        "--device",
        metavar="NAME",
        help="Where to run: auto, cpu, cuda, cuda:1, mps, or sim, a simulated accelerator. Repeatable.",
        autocompletion=_complete_device,
        show_default="auto",
    ),
]
Seed = Annotated[
    int, typer.Option(metavar="N", help="What the inputs are drawn from: 0 to 2**63 - 1.", callback=_valid_seed)
]
SecretSeed = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="What the inputs are drawn from: 0 to 2**63 - 1.",
        show_default="a secret one, kept with the results",
        callback=_valid_seed,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="How many at the same time.", show_default="one for each CPU"),
]
Language = Annotated[
    str | None,
    typer.Option(
        "--lang",
        metavar="LANGUAGE",
        help="en or zh.",
        autocompletion=_complete_language,
        show_default="JUDGE_LANG, else the system's",
    ),
]


class _Console(Console):
    """A console that says what judge knows to say in the user's language."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*(translated(one, current()) if isinstance(one, str) else one for one in objects), **options)


def stdout() -> Console:
    return _Console(highlight=False)


def stderr() -> Console:
    return _Console(stderr=True, highlight=False)


class _Table(Table):
    """A table whose heads are in the user's language."""

    def add_column(self, header: Any = "", *rest: Any, **options: Any) -> None:
        super().add_column(translated(header, current()) if isinstance(header, str) else header, *rest, **options)


def new_table(console: Console) -> Table:
    """A table without columns, drawn with what the terminal's encoding has."""
    return _Table(box=SIMPLE_HEAD if marks_for(console.encoding) is UNICODE else ASCII2, pad_edge=False)


def print_markdown(console: Console, text: str) -> None:
    """Markdown with formulas, as a terminal can show them."""
    from rich.markdown import Markdown  # a sixth of the time that `judge list` takes, which needs none

    from judge.practice.formulas import with_readable_formulas

    with console.use_theme(Theme({"markdown.code": "bold cyan"})):  # rich puts it on black, also on a white terminal
        console.print(Markdown(with_readable_formulas(text)))


def say(line: str) -> None:
    """One line for the user that belongs to no result."""
    stderr().print(line, markup=False, soft_wrap=True)


def exit_status(report: Report) -> int:
    """What the program ends with after this report."""
    if "infra" in (report.verdict, *(check.verdict for check in report.checks)):
        return JUDGE_FAILED
    return ACCEPTED if report.accepted else NOT_ACCEPTED


def resolve_devices(given: list[str] | None) -> list[str]:
    """The devices that --device stands for; raises WrongUse for one that does not exist, or not here."""
    names = given or ["auto"]
    if set(names) <= {"auto", "cpu", "sim"} and not _may_have_gpu():
        return list(
            dict.fromkeys(device for name in names for device in (["cpu", "sim"] if name == "auto" else [name]))
        )
    try:
        return devices.resolve(names)
    except ValueError as error:
        raise WrongUse(str(error)) from None


def devices_elsewhere(given: list[str] | None) -> list[str]:
    """The devices that --device stands for where others judge; raises WrongUse. `auto` is the CPU and `sim`."""
    try:
        names = [part for name in given or ["auto"] for part in (["cpu", "sim"] if name == "auto" else [name])]
        return list(dict.fromkeys(devices.parse(name) for name in names))
    except ValueError as error:
        raise WrongUse(str(error)) from None


def _may_have_gpu() -> bool:
    """Whether a GPU's driver is installed. Where it is not, torch need not be asked, which takes seconds to import."""
    for driver in ("libcuda.so.1", "libamdhip64.so", "nvcuda.dll"):
        try:
            ctypes.CDLL(driver)
        except OSError:
            continue
        return True
    return False


def job_count(given: int | None) -> int:
    return given if given is not None else usable_cpus()


def language_of(given: str | None) -> str:
    """The language that --lang asks for, which judge then speaks too; without it the user's."""
    if given is not None and given not in LANGUAGES:
        raise WrongUse(f"--lang is {' or '.join(LANGUAGES)}, not '{given}'")
    use(given)
    return current()


def short_name(name: str, known: list[str]) -> str:
    """The shortest name to type for a problem: its number where that is enough."""
    number = name.rpartition("/")[2].partition("-")[0]
    try:
        return number.lstrip("0") if find_name(number, known) == name else name
    except ValueError:
        return name


def readable(known: Packs) -> list[Problem]:
    """All problems that can be read; says which cannot."""
    found = []
    for name in known.names:
        try:
            found.append(known.read(name))
        except BrokenProblem as error:
            say(f"judge: left out: {error}")
    return found


@contextmanager
def open_history() -> Iterator[History]:
    """The user's attempts; says in one line, once, when they cannot be kept or read."""
    with History() as history:
        _say_once(history.trouble)
        yield history
        _say_once(history.trouble)


@cache
def _say_once(trouble: str | None) -> None:
    if trouble:
        say(f"judge: {trouble}")
