"""judge attempt: one solution against one problem."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from judge.cli.editor import find_editor
from judge.cli.interview import remind
from judge.cli.options import (
    JUDGE_FAILED,
    NOT_ACCEPTED,
    PRACTISE,
    Devices,
    Language,
    PackFolders,
    ProblemName,
    Seed,
    WrongUse,
    exit_status,
    language_of,
    open_history,
    resolve_devices,
    say,
    short_name,
    stderr,
    stdout,
)
from judge.cli.pages import report_page
from judge.cli.reproduce import print_failing_input
from judge.cli.watch import watch_file
from judge.finding import UnknownProblem, find_name
from judge.history import cache_folder, data_folder
from judge.practice.desk import PRACTICE_SEED, shown, solution_file, write_stub
from judge.problems import BrokenProblem, Problem, packs
from judge.report import CheckResult, Report

if TYPE_CHECKING:
    from judge.grading import Judge, Solution


def register(app: typer.Typer) -> None:
    app.command(
        rich_help_panel=PRACTISE, epilog="Example: judge attempt 25, then again when you have written something"
    )(attempt)


def attempt(
    problem: ProblemName,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="Your solution. Without it: solutions/NN-slug.py, written the first time.",
            show_default=False,
        ),
    ] = None,
    device: Devices = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND|CHECK", help="Only these checks, or this kind of them. Repeatable."),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(metavar="PART", help="Only what belongs to this part of the problem.", show_default=False),
    ] = None,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", "-x", help="Stop at the first check that fails.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Judge it at every save, until Ctrl-C; what failed last comes first.")
    ] = False,
    open_it: Annotated[
        bool, typer.Option("--open", help="Open it in $VISUAL, $EDITOR or your system's editor first.")
    ] = False,
    show_input: Annotated[
        str | None,
        typer.Option(
            metavar="CHECK",
            help="Print a program that makes this check's smallest failing call without the judge.",
            show_default=False,
        ),
    ] = None,
    seed: Seed = PRACTICE_SEED,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="Also write the report: .html, .json or .txt.", show_default=False
        ),
    ] = None,
    lang: Language = None,
    problems: PackFolders = None,
) -> int:
    """Judge your solution of a problem, or start one.

    The exit status is 0 when it is accepted, 1 when it is not, 2 for wrong use, 3 when the judge itself failed. With
    --watch it is that of the last report.
    """
    known = packs(problems or ())
    found, lang = known.find(problem), language_of(lang)
    if part is not None:
        found, part = _part_of(found, part)
    devices = resolve_devices(device)
    if show_input is not None and (watch or open_it or as_json or out or only or part):
        raise WrongUse("--show-input goes with --device and --seed only")
    write = _writer(out, found, lang)
    if found.released:
        found.observations(seed)  # so that a wrong seed is told before anything starts
    editor = find_editor() if open_it else None
    if watch and editor is not None and editor.in_terminal:
        raise WrongUse(f"{editor.name} needs this terminal for itself: run it in another one, beside --watch")
    wrote = False
    if file is None or watch or editor is not None:
        file = file or solution_file(found)
        wrote = write_stub(file, found)
        if wrote:
            with open_history() as history:
                history.note_start(found.slug, datetime.now().astimezone())
            _explain_stub(file, short_name(found.slug, known.names), stderr() if as_json else stdout(), watch)
        if editor is not None:
            editor.open(file)
        edited = editor is not None and editor.in_terminal
        if wrote and not (as_json or watch or edited):  # who asked for an object gets the stub's
            return NOT_ACCEPTED

    from judge.grading import Judge, Solution, installation_secret

    def finish(report: Report, solution: Solution) -> None:
        # Half an attempt is none, and the judge's own failure tells nothing.
        if not (only or part or exit_status(report) == JUDGE_FAILED):
            _keep(report, solution)
        write(report, solution)
        _print(report, found, as_json, lang)
        if not as_json:
            remind(found)

    solution = Solution.read(file, root=file.absolute().parent)
    # The Judge starts its nursery in the background; torch is imported here at the same time, so not before.
    with Judge(devices=devices, seed=seed, secret=installation_secret(data_folder()), cache=cache_folder()) as judge:
        if show_input is not None:
            return print_failing_input(judge, found, solution, show_input)
        chosen = _chosen(judge, found, only or (), part) if only or part else None
        options: dict[str, Any] = {"only": chosen, "fail_fast": fail_fast, "skip_costly": not only}
        if watch:
            return watch_file(judge, found, file, finish, just_written=wrote, plain=as_json, options=options)
        with _progress(found) as on_check:
            report = judge.judge(found, solution, on_check=on_check, **options)
    finish(report, solution)
    return exit_status(report)


def _explain_stub(file: Path, name: str, console: Console, watch: bool) -> None:
    judged = "it is judged whenever you save it" if watch else f"judge attempt {name}, or at every save with --watch"
    for line in (
        f"Wrote {shown(file)}: the signatures, for you to fill in.",
        f"  To read what to build:  judge show {name}, or in the browser judge show {name} --web",
        f"  To judge what you wrote:  {judged}",
        f"  To get help:  judge hint {name}",
    ):
        console.print(line, markup=False, soft_wrap=True)


def _part_of(problem: Problem, typed: str) -> tuple[Problem, str]:
    """The problem cut down to what a part requires, and the part's name."""
    if not problem.parts:
        raise WrongUse(f"{problem.slug} has no parts; leave --part out")
    try:
        name = find_name(typed, {part.replace("_", "-"): part for part in problem.parts})
    except UnknownProblem:
        raise WrongUse(f"{problem.slug} has no part '{typed}'; its parts are {', '.join(problem.parts)}") from None
    part = next(part for part in problem.parts.values() if part.name.replace("_", "-") == name)
    return replace(problem, requires=part.requires), part.name


def _chosen(judge: Judge, problem: Problem, only: Sequence[str], part: str | None) -> set[str]:
    """The names of the checks of a part that are meant by --only, each a name or a kind."""
    try:
        checks = [check for check in judge.checks(problem) if part is None or check.part == part]
    except Exception as error:
        raise BrokenProblem(f"{problem.folder / 'checks.py'}: {type(error).__name__}: {error}") from error
    if not checks:
        raise BrokenProblem(f"{problem.folder / 'checks.py'}: no check belongs to the part {part}")
    chosen = set()
    for wanted in only:
        matching = {check.name for check in checks if wanted in (check.name, check.kind)}
        if not matching:
            kinds = dict.fromkeys(check.kind for check in checks)
            names = ", ".join(check.name for check in checks)
            raise WrongUse(
                f"--only '{wanted}' matches nothing; there are the kinds {', '.join(kinds)} and the checks {names}"
            )
        chosen |= matching
    return chosen if only else {check.name for check in checks}


@contextmanager
def _progress(problem: Problem) -> Iterator[Callable[[CheckResult], None]]:
    """One line on stderr while checks run, where somebody watches."""
    console = stderr()
    if not console.is_terminal:
        yield lambda check: None
        return
    done = 0
    with console.status(f"{problem.slug}: starting") as status:

        def on_check(check: CheckResult) -> None:
            nonlocal done
            done += 1
            status.update(f"{problem.slug}: {done} checks done, last {check.name}: {check.verdict}")

        yield on_check


def _keep(report: Report, solution: Solution) -> None:
    """Remembers the attempt."""
    from judge.report.json import to_json

    with open_history() as history:
        history.record(report, to_json(report), solution.source)


def _writer(out: Path | None, problem: Problem, language: str) -> Callable[[Report, Solution], None]:
    """What writes the report to --out; raises WrongUse before anything is judged when it cannot."""
    if out is None:
        return lambda report, solution: None
    if out.suffix not in (".html", ".json", ".txt"):
        raise WrongUse(f"--out writes .html, .json or .txt, not '{out.name}'")
    if not out.parent.is_dir():
        raise WrongUse(f"--out: there is no folder {out.parent}")

    def write(report: Report, solution: Solution) -> None:
        try:
            with out.open("w", encoding="utf-8") as file:
                if out.suffix == ".json":
                    from judge.report.json import to_json

                    file.write(to_json(report) + "\n")
                elif out.suffix == ".html":
                    file.write(report_page(report, solution.source, problem, language))
                else:
                    _render(report, problem, Console(file=file, width=100, highlight=False), language)
        except OSError as error:
            say(f"judge: cannot write {out}: {error.strerror}")

    return write


def _print(report: Report, problem: Problem, as_json: bool, language: str) -> None:
    if as_json:
        from judge.report.json import to_json

        print(to_json(report))
    else:
        _render(report, problem, stdout(), language)


def _render(report: Report, problem: Problem, console: Console, language: str) -> None:
    from judge.report.localised import localised
    from judge.report.terminal import render

    with open_history() as history:
        shown_hints = history.hints_shown(problem.slug)
    render(localised(report, problem, language), console, language=language, next_hint=shown_hints + 1)
