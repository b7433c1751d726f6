"""judge attempt: one solution against one problem."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from judge.cli.editor import find_editor
from judge.cli.options import (
    JUDGE_FAILED,
    NOT_ACCEPTED,
    Devices,
    PackFolders,
    ProblemName,
    Seed,
    WrongUse,
    exit_status,
    open_history,
    resolve_devices,
    say,
    short_name,
    shown,
    stderr,
    stdout,
)
from judge.cli.reproduce import print_failing_input
from judge.cli.watch import watch_file
from judge.finding import UnknownProblem, find_name
from judge.history import cache_folder, data_folder
from judge.problems import BrokenProblem, Problem, packs
from judge.report import CheckResult, Report
from judge.solutions import PRACTICE_SEED, solution_file

if TYPE_CHECKING:
    from judge.grading import Judge


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: judge attempt 25, then again when you have written something")(attempt)


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
        typer.Option("--out", "-o", metavar="FILE", help="Also write the report: .json or .txt.", show_default=False),
    ] = None,
    problems: PackFolders = None,
) -> int:
    """Judge your solution of a problem, or start one.

    The exit status is 0 when it is accepted, 1 when it is not, 2 for wrong use, 3 when the judge itself failed. With
    --watch it is that of the last report.
    """
    known = packs(problems or ())
    found = known.find(problem)
    if part is not None:
        found, part = _part_of(found, part)
    devices = resolve_devices(device)
    write = _writer(out)
    if show_input is not None and (watch or open_it or as_json or out or only or part):
        raise WrongUse("--show-input goes with --device and --seed only")
    editor = find_editor() if open_it else None
    if watch and editor is not None and editor.in_terminal:
        raise WrongUse(f"{editor.name} needs this terminal for itself: run it in another one, beside --watch")
    wrote = False
    if file is None or watch or editor is not None:
        file = file or solution_file(found)
        wrote = _start(file, found)
        if wrote:
            _explain_stub(file, short_name(found.slug, known.names), stderr() if as_json else stdout(), watch)
        if editor is not None:
            editor.open(file)
        edited = editor is not None and editor.in_terminal
        if wrote and not (as_json or watch or edited):  # who asked for an object gets the stub's
            return NOT_ACCEPTED

    from judge.grading import Judge, Solution, installation_secret

    def finish(report: Report) -> None:
        # Half an attempt is none, and the judge's own failure tells nothing.
        if not (only or part or exit_status(report) == JUDGE_FAILED):
            _keep(report)
        write(report)
        _print(report, as_json)

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
    finish(report)
    return exit_status(report)


def _start(file: Path, problem: Problem) -> bool:
    """Writes the stub unless something is there; whether it did."""
    if file.exists():
        return False
    text = problem.stub
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stub:
            stub.write(text)
    except FileExistsError:
        if not file.parent.is_dir():
            raise WrongUse(f"cannot write {shown(file)}: {shown(file.parent)} is a file") from None
        return False
    except OSError as error:
        raise WrongUse(f"cannot write {shown(file)}: {error.strerror}") from None
    return True


def _explain_stub(file: Path, name: str, console: Console, watch: bool) -> None:
    judged = "it is judged whenever you save it" if watch else f"judge attempt {name} judges what you wrote"
    for line in (
        f"Wrote {shown(file)}: the signatures, for you to fill in.",
        f"Next: judge show {name} tells what to build; {judged}.",
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


def _keep(report: Report) -> None:
    """Remembers the attempt."""
    from judge.report.json import to_json

    with open_history() as history:
        history.record(report, to_json(report))


def _writer(out: Path | None) -> Callable[[Report], None]:
    """What writes the report to --out; raises WrongUse before anything is judged when it cannot."""
    if out is None:
        return lambda report: None
    if out.suffix not in (".json", ".txt"):
        raise WrongUse(f"--out writes .json or .txt, not '{out.name}'")
    if not out.parent.is_dir():
        raise WrongUse(f"--out: there is no folder {out.parent}")

    def write(report: Report) -> None:
        try:
            with out.open("w", encoding="utf-8") as file:
                if out.suffix == ".json":
                    from judge.report.json import to_json

                    file.write(to_json(report) + "\n")
                else:
                    from judge.report.terminal import render

                    render(report, Console(file=file, width=100, highlight=False))
        except OSError as error:
            say(f"judge: cannot write {out}: {error.strerror}")

    return write


def _print(report: Report, as_json: bool) -> None:
    if as_json:
        from judge.report.json import to_json

        print(to_json(report))
    else:
        from judge.report.terminal import render

        render(report, stdout())
