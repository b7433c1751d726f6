"""Judging many: grade (a folder), regrade (what the gradebook has); for others: export, gradescope-pack, release."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from judge.cli.options import (
    TEACH,
    Devices,
    Jobs,
    Language,
    PackFolders,
    SecretSeed,
    WrongUse,
    devices_elsewhere,
    job_count,
    language_of,
    resolve_devices,
    say,
    stdout,
)
from judge.history import cache_folder
from judge.practice.desk import PRACTICE_SEED
from judge.problems import packs

if TYPE_CHECKING:
    from judge.classroom.engines import Engine


class Format(StrEnum):
    """What judge export writes."""

    CANVAS = "canvas"
    MOODLE = "moodle"
    CSV = "csv"
    JSON = "json"
    JUNIT = "junit"
    GRADESCOPE = "gradescope"
    GITHUB = "github"
    FEEDBACK = "feedback"


class Policy(StrEnum):
    """What --policy takes."""

    BEST = "best"
    FIRST = "first"
    LATEST = "latest"
    LAST = "last"


POLICIES: dict[Policy, Literal["best", "first", "latest"]] = {
    Policy.BEST: "best",
    Policy.FIRST: "first",
    Policy.LATEST: "latest",
    Policy.LAST: "latest",
}


class Isolation(StrEnum):
    """The levels that --require-isolation takes."""

    L0 = "L0"
    L1 = "L1"
    L2 = "L2"
    L3 = "L3"


class EngineName(StrEnum):
    """What --engine takes."""

    LOCAL = "local"
    RAY = "ray"


AssignmentFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="What counts how much, until when, and what being late costs: hw3.toml.",
        show_default=False,
    ),
]
Results = Annotated[
    Path, typer.Argument(metavar="OUT", help="The folder that judge grade --out wrote.", show_default=False)
]
RequiredIsolation = Annotated[
    Isolation, typer.Option(help="Refuse to run where solutions are isolated less; see judge doctor.")
]
EngineOption = Annotated[
    EngineName, typer.Option("--engine", help="Judge on this machine, or on the nodes of a Ray cluster.")
]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        help="The head of the Ray cluster.",
        show_default="the cluster that this machine is a node of",
    ),
]


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=TEACH, epilog="Example: judge grade submissions/ --out results/ --jobs 4")(grade)
    app.command(rich_help_panel=TEACH, epilog="Example: judge regrade results/ --problem 25 --dry-run")(regrade)
    app.command(rich_help_panel=TEACH, epilog="Example: judge replay results/ ada 25")(replay)
    app.command(
        rich_help_panel=TEACH, epilog="Example: judge export canvas results/ --template grades-export.csv -o upload.csv"
    )(export)
    app.command(
        "gradescope-pack", rich_help_panel=TEACH, epilog="Example: judge gradescope-pack hw3.toml -o autograder.zip"
    )(gradescope_pack)
    app.command(rich_help_panel=TEACH, epilog="Example: judge release hw3.toml -o hw3.zip --hints")(release)


def grade(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH",
            help="A folder or .zip: a download from an LMS, one folder per student, or NN-slug.py files; repeatable.",
            show_default="the current folder",
        ),
    ] = None,
    device: Devices = None,
    seed: SecretSeed = None,
    jobs: Jobs = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Keep the gradebook there, and write tables and one report for each student.",
            show_default=False,
        ),
    ] = None,
    assignment: AssignmentFile = None,
    roster: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Who is in the class: a CSV file such as a gradebook that Canvas exported.",
            show_default=False,
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="The roster's column with the ids.", show_default="told by its title"),
    ] = None,
    problem: Annotated[
        str | None,
        typer.Option(metavar="PROBLEM", help="What files answer that do not say it themselves.", show_default=False),
    ] = None,
    policy: Annotated[Policy, typer.Option(help="Which of several attempts at a problem counts.")] = Policy.LATEST,
    require_isolation: RequiredIsolation = Isolation.L2,
    engine: EngineOption = EngineName.LOCAL,
    address: Address = None,
    lang: Language = None,
    problems: PackFolders = None,
) -> int:
    """Grade every solution in folders and zips.

    The exit status is 0 when everything was graded, whatever the scores; 1 when something could not be matched to a
    problem or graded, or somebody is not on the roster; 2 for wrong use; 3 when the judge itself failed.
    """
    known = packs(problems or ())
    if key is not None and roster is None:
        raise WrongUse("--key names a column of the roster; --roster FILE names that")
    told = known.find(problem) if problem is not None else None
    chosen = _engine(engine, address, device, jobs, require_isolation)
    from judge.classroom import Options, grade_folder
    from judge.classroom.roster import UnusableRoster, read_roster

    try:
        read = read_roster(roster, key) if roster is not None else None
    except UnusableRoster as error:
        raise WrongUse(str(error)) from None

    return grade_folder(
        *(paths or [Path(".")]),
        packs=known,
        engine=chosen,
        seed=seed,
        out=out,
        console=stdout(),
        assignment=assignment,
        language=language_of(lang),
        options=Options(POLICIES[policy], told, read),
    )


def _engine(
    name: EngineName, address: str | None, device: list[str] | None, jobs: int | None, require_isolation: Isolation
) -> Engine:
    """What these options ask for."""
    if name is EngineName.RAY:
        from judge.classroom.engines.ray import RayEngine

        return RayEngine(devices_elsewhere(device), jobs, require_isolation.value, address)
    if address is not None:
        raise WrongUse("--address is for --engine ray")
    devices = resolve_devices(device)
    from judge.classroom.engines.local import LocalEngine

    return LocalEngine(devices, jobs, require_isolation.value, cache_folder())


def regrade(
    out: Results,
    problem: Annotated[
        list[str] | None, typer.Option(metavar="PROBLEM", help="Only this one; repeatable.", show_default=False)
    ] = None,
    student: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this one; repeatable.", show_default=False)
    ] = None,
    verdict: Annotated[
        list[str] | None,
        typer.Option(metavar="VERDICT", help="Only what has this one: timeout, slow; repeatable.", show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show who would go up or down and store nothing.")] = False,
    device: Devices = None,
    jobs: Jobs = None,
    require_isolation: RequiredIsolation = Isolation.L2,
    engine: EngineOption = EngineName.LOCAL,
    address: Address = None,
    lang: Language = None,
    problems: PackFolders = None,
) -> int:
    """Judge again what is in the gradebook, all of it or what fits.

    It has the solutions too, and takes the class's seed. The exit status is 0 when all was judged, 1 when something
    was not reached, 2 for wrong use, 3 when the judge itself failed.
    """
    from judge.classroom.gradebook import graded_with
    from judge.classroom.regrade import regrade as judge_again

    before = graded_with(out)
    return judge_again(
        out,
        packs=packs([*(problems or ()), *before.packs]),
        engine=_engine(engine, address, device or before.devices, jobs, require_isolation),
        console=stdout(),
        problems=problem or (),
        students=student or (),
        verdicts=verdict or (),
        dry_run=dry_run,
        language=language_of(lang),
    )


def replay(
    out: Results,
    student: Annotated[str, typer.Argument(metavar="STUDENT", help="An id, an address or a name.", show_default=False)],
    problem: Annotated[str, typer.Argument(metavar="PROBLEM", help="One of the class's.", show_default=False)],
    device: Devices = None,
    require_isolation: RequiredIsolation = Isolation.L2,
    lang: Language = None,
    problems: PackFolders = None,
) -> int:
    """Judge one student's solution again with the class's seed, for an appeal; nothing is stored.

    The exit status is 0 when it comes out as in the gradebook, 1 when it does not, 2 for wrong use, 3 when the judge
    itself failed.
    """
    from judge.classroom.gradebook import graded_with

    before = graded_with(out)
    devices = resolve_devices(device or before.devices)
    from judge.classroom.engines.local import LocalEngine
    from judge.classroom.replay import replay as judge_again

    return judge_again(
        out,
        student,
        problem,
        packs=packs([*(problems or ()), *before.packs]),
        engine=LocalEngine(devices, 1, require_isolation.value, cache_folder()),
        console=stdout(),
        language=language_of(lang),
    )


def export(
    what: Annotated[Format, typer.Argument(metavar="FORMAT", help=f"{', '.join(Format)}.", show_default=False)],
    out: Results,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to; a folder for gradescope, github and feedback, which have a file a student.",
            show_default="stdout, or a folder in OUT",
        ),
    ] = None,
    template: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="canvas: the exported gradebook; moodle: the grading worksheet. Only the grades in it are changed.",
            show_default=False,
        ),
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(
            metavar="TITLE",
            help='The column to fill: "HW1 (123456)".',
            show_default="the one with the assignment's title",
        ),
    ] = None,
    assignment: AssignmentFile = None,
    zipped: Annotated[bool, typer.Option("--zip", help="One zip instead of a folder.")] = False,
    problems: PackFolders = None,
) -> int:
    """Write the grades of a class for other programs, or the students' feedback.

    The exit status is 0 when everybody has a grade and a place for it; 1 when somebody has not, each of whom is listed;
    2 for wrong use.
    """
    from judge.classroom.exports import export as write
    from judge.classroom.gradebook import graded_with

    known = packs([*(problems or ()), *graded_with(out).packs])
    return write(
        what.value,
        out,
        packs=known,
        to=output,
        template=template,
        column=column,
        assignment=assignment,
        zipped=zipped,
    )


def gradescope_pack(
    assignment: Annotated[Path, typer.Argument(metavar="FILE", help="The assignment: hw3.toml.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="ZIP", help="Where to.")] = Path("autograder.zip"),
    device: Devices = None,
    jobs: Annotated[int, typer.Option(min=1, metavar="N", help="How many at the same time, in Gradescope.")] = 1,
    require_isolation: RequiredIsolation = Isolation.L2,
    problems: PackFolders = None,
) -> int:
    """Make the zip that Gradescope takes as an autograder.

    It has judge itself and the problems of the assignment, with the hidden references: it is not for students.
    """
    from judge.classroom.assignment import read_assignment
    from judge.classroom.gradescope_pack import write_pack

    known = packs(problems or ())
    read = read_assignment(assignment, known)
    for note in read.notes:
        say(f"judge: {note}")
    try:
        write_pack(
            read,
            known,
            output,
            devices=resolve_devices(device or ["cpu", "sim"]),
            require_isolation=require_isolation.value,
            jobs=jobs,
        )
    except OSError as error:
        raise WrongUse(f"{output} cannot be written: {error.strerror}") from None
    return 0


def release(
    assignment: Annotated[Path, typer.Argument(metavar="FILE", help="The assignment: hw3.toml.", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="ZIP|DIR",
            help="Where to. Its name is what students type before a problem: hw3/25.",
            show_default="hw3.zip for hw3.toml",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=100, metavar="N", help="How many seeds they can try.")] = 3,
    hints: Annotated[bool, typer.Option("--hints", help="With the hints.")] = False,
    jobs: Jobs = None,
    problems: PackFolders = None,
) -> int:
    """Make a package for students to practise with: statements, stubs and checks, no references and no mistakes.

    In their place it has what the references were seen to do for a few seeds, the first of which is judge attempt's.
    """
    from secrets import token_hex

    from judge.classroom.assignment import read_assignment
    from judge.classroom.release import Unreleasable
    from judge.classroom.release import release as write_package
    from judge.grading import Judge

    known = packs(problems or ())
    read = read_assignment(assignment, known)
    for note in read.notes:
        say(f"judge: {note}")
    to = output or Path(f"{assignment.stem}.zip")
    devices = resolve_devices(["cpu", "sim"])
    chosen = range(PRACTICE_SEED, PRACTICE_SEED + seeds)
    try:
        with Judge(devices=devices, seed=chosen[0], secret=token_hex(16), cache=cache_folder(), eager=True) as judge:
            write_package(read, known, to, judge=judge, seeds=chosen, hints=hints, jobs=job_count(jobs))
    except Unreleasable as error:
        raise WrongUse(str(error)) from None
    except OSError as error:
        raise WrongUse(f"{to} cannot be written: {error.strerror}") from None
    say(f"Wrote {to}. Students find in its README.md what to type.")
    return 0
