"""Where somebody works: solutions/ has one file a problem, solutions/earlier/ what was put aside."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from judge.problems import Problem

PRACTICE_SEED = 7  # the same numbers each time, so that a candidate sees what a change did
SOLUTIONS = "solutions"
EARLIER = "earlier"


class UnusableDesk(Exception):
    """A file of the person's own cannot be read or written; the message is one line."""


def solution_file(problem: Problem) -> Path:
    """solutions/<slug>.py in the nearest folder upwards that has solutions/, else in the current one."""
    here = Path.cwd()
    base = next((folder for folder in (here, *here.parents) if (folder / SOLUTIONS).is_dir()), here)
    return base / SOLUTIONS / f"{problem.slug}.py"


def shown(path: Path) -> Path:
    """The path as somebody would type it here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def write_stub(file: Path, problem: Problem) -> bool:
    """Writes the stub unless something is there; whether it did."""
    if file.exists():
        return False
    text = problem.stub
    try:
        _write_new(file, text)
    except FileExistsError:
        if not file.parent.is_dir():
            raise UnusableDesk(f"cannot write {shown(file)}: {shown(file.parent)} is a file") from None
        return False
    except OSError as error:
        raise UnusableDesk(f"cannot write {shown(file)}: {error.strerror}") from None
    return True


def read_solution(file: Path) -> str:
    """What somebody wrote so far."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UnusableDesk(f"cannot read {shown(file)}: {error.strerror}") from None


def put_back_stub(file: Path, problem: Problem) -> Path | None:
    """Puts the stub in the place of what is there, of which a copy is kept; the copy, None where it is the stub."""
    stub, found = problem.stub, read_solution(file)
    if found == stub:
        return None
    try:
        copy = _keep_copy(file)
        # Written beside it and moved there: whatever happens, one of the two is in its place.
        handle, beside = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as new:
            new.write(stub)
        os.chmod(beside, file.stat().st_mode & 0o777)
        os.replace(beside, file)
    except OSError as error:
        raise UnusableDesk(f"cannot put back the stub of {shown(file)}: {error.strerror}") from None
    return copy


def _keep_copy(file: Path) -> Path:
    """earlier/<name>.1.py, or the next number that is free, also when somebody else takes one at the same time."""
    content, number = file.read_bytes(), 1
    while True:
        copy = file.parent / EARLIER / f"{file.stem}.{number}{file.suffix}"
        try:
            _write_new(copy, content)
        except FileExistsError:
            if not copy.parent.is_dir():
                raise
            number += 1
        else:
            return copy


def _write_new(file: Path, content: str | bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("xb") as new:
        new.write(content.encode() if isinstance(content, str) else content)
