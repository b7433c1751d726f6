"""For those who write problems: new (a skeleton) and verify (is a problem itself right?)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from judge.cli.options import (
    WRITE,
    Devices,
    Jobs,
    PackFolders,
    ProblemNames,
    WrongUse,
    job_count,
    resolve_devices,
    say,
    stdout,
)
from judge.history import cache_folder
from judge.problems import packs

NAME = re.compile(r"(?:([A-Za-z0-9][\w-]*)/)?([a-z0-9][a-z0-9-]*)")


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=WRITE, epilog="Example: judge new mycourse/layernorm --from layernorm.py")(new)
    app.command(rich_help_panel=WRITE, epilog="Example: judge verify 25 --seeds 20 --device cpu --device sim")(verify)


def new(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="The problem's name, such as layernorm, or with its pack: mycourse/layernorm."
        ),
    ],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="A solution with the lines ### BEGIN SOLUTION and ### END SOLUTION: it becomes the reference, and "
            "the stub is made from it.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write the skeleton of a problem of your own; judge verify then tells what is still missing, step by step.

    The pack is a folder with problems/ and reference/: the one named before the slash, else the current folder.
    """
    from judge import skeleton

    found = NAME.fullmatch(name)
    if found is None:
        raise WrongUse(
            f"'{name}' is no name for a problem: use small letters, digits and -, such as mycourse/layernorm"
        )
    pack = Path(found[1] or ".")
    try:
        marked = skeleton.cut(source.read_text(encoding="utf-8")) if source is not None else None
        files = skeleton.write(pack, found[2], marked)
    except skeleton.BadMarks as error:
        raise WrongUse(f"{source}: {error}") from None
    except SyntaxError as error:
        raise WrongUse(f"{source}: line {error.lineno}: {error.msg}") from None
    except UnicodeDecodeError:
        raise WrongUse(f"{source} is not UTF-8 text") from None
    except FileExistsError as error:
        raise WrongUse(str(error)) from None
    except OSError as error:
        raise WrongUse(f"{error.filename}: {error.strerror}") from None
    for path in files:
        say(f"Wrote {path}")
    say(f"Next: judge verify {found[2]} --problems {pack} tells what to write first.")


def verify(
    problem: ProblemNames = None,
    seeds: Annotated[int, typer.Option(min=1, metavar="N", help="Try this many seeds.")] = 1,
    device: Devices = None,
    jobs: Jobs = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write tables of what was found there, as Markdown.", show_default=False),
    ] = None,
    mutants: Annotated[
        bool,
        typer.Option(
            "--mutants", help="Instead, judge the reference with one slip after the other: every one must be rejected."
        ),
    ] = False,
    sample: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="With --mutants: so many of each problem.", show_default="all"),
    ] = None,
    only_right: Annotated[
        bool,
        typer.Option("--only-right", help="Only what must be accepted, without the mistakes: for many seeds."),
    ] = False,
    problems: PackFolders = None,
) -> int:
    """Prove problems: every right solution is accepted, every mistake is rejected and recognised.

    What was proven is kept: a run that was stopped goes on where it was, and only what has changed is tried again.
    The exit status is 0 when all are proven and 1 when one is not.
    """
    if mutants and seeds != 1:
        raise WrongUse("--mutants takes no --seeds")
    if only_right and (mutants or out is not None):
        raise WrongUse("--only-right takes no --mutants and no --out")
    if sample is not None and not mutants:
        raise WrongUse("--sample is for --mutants")
    known = packs(problems or ())
    chosen = [known.find(name) for name in problem or known.names]
    if released := [one.slug for one in chosen if one.released]:
        why = f"{', '.join(released)}: released without the reference, so there is nothing to prove"
        if problem:
            raise WrongUse(why)
        say(f"judge: left out: {why}")
        chosen = [one for one in chosen if not one.released]
    devices = resolve_devices(device)
    if out is not None and not out.parent.is_dir():
        raise WrongUse(f"--out: there is no folder {out.parent}")
    if mutants:
        try:
            from judge.mutation.run import try_mutants
        except ModuleNotFoundError:
            raise WrongUse("--mutants needs libcst: pip install libcst") from None
        return try_mutants(
            chosen,
            devices=devices,
            sample=sample,
            jobs=job_count(jobs),
            cache=cache_folder(),
            out=out,
            console=stdout(),
        )
    from judge.verify import verify as prove

    return prove(
        chosen,
        seeds=seeds,
        devices=devices,
        jobs=job_count(jobs),
        cache=cache_folder(),
        out=out,
        only_right=only_right,
        console=stdout(),
    )
