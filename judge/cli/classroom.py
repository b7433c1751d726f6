"""Judging many: grade (a folder of solutions) and verify (the problems themselves)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from judge.cli.options import (
    Devices,
    Jobs,
    PackFolders,
    ProblemNames,
    SecretSeed,
    WrongUse,
    job_count,
    resolve_devices,
    stdout,
)
from judge.problems import packs


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: judge grade submissions/ --out results/ --jobs 4")(grade)
    app.command(epilog="Example: judge verify 25 --seeds 20 --device cpu --device sim")(verify)


def grade(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH",
            help="A folder of <NN-slug>.py files, or of one such folder per student.",
            show_default="the current folder",
        ),
    ] = Path("."),
    device: Devices = None,
    seed: SecretSeed = None,
    jobs: Jobs = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Write results.json and one report for each student there.", show_default=False
        ),
    ] = None,
    problems: PackFolders = None,
) -> int:
    """Grade every solution in a folder.

    The exit status is 0 when everything was graded, whatever the scores; 1 when something could not be matched to a
    problem or graded; 2 for wrong use; 3 when the judge itself failed.
    """
    known = packs(problems or ())
    devices = resolve_devices(device)
    if not path.is_dir():
        raise WrongUse(f"{path} is {'no folder' if path.exists() else 'not there'}; judge grade takes a folder")
    from judge.classroom import grade_folder

    return grade_folder(path, packs=known, devices=devices, seed=seed, jobs=job_count(jobs), out=out, console=stdout())


def verify(
    problem: ProblemNames = None,
    seeds: Annotated[int, typer.Option(min=1, metavar="N", help="Try this many seeds.")] = 1,
    device: Devices = None,
    jobs: Jobs = None,
    problems: PackFolders = None,
) -> int:
    """Prove problems: every right solution is accepted, every mistake is rejected and recognised.

    The exit status is 0 when all are proven and 1 when one is not.
    """
    known = packs(problems or ())
    chosen = [known.find(name) for name in problem or known.names]
    devices = resolve_devices(device)
    from judge.verify import verify as prove

    return prove(chosen, seeds=seeds, devices=devices, jobs=job_count(jobs), console=stdout())
