"""Whether all that is written beside the gradebook is as it would be written again.

Tables, reports and texts of 1,000 students take longer to write than the rest of a run that has nothing to judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import msgspec

import judge
from judge.classroom.gradebook import GRADEBOOK, Gradebook
from judge.classroom.grades import Grades
from judge.classroom.sheets import grades_csv
from judge.problems import BrokenProblem, Problem

WRITERS = ("classroom", "report", "locale")  # whose files decide what is written


class Written(msgspec.Struct, frozen=True):
    """What was written last, of what, and how large and from when each file is."""

    digest: str
    files: dict[str, tuple[int, int]]


def digest_of(book: Gradebook, grades: Grades, problems: Mapping[str, Problem], language: str) -> str:
    """The digest of all that the files depend on; problems: those of the class that are still there."""
    about = (book.digest(), grades_csv(grades), repr(grades.assignment), repr(grades.notes))
    parts = "\0".join((code_digest(), language, texts_of(problems), *about))
    return sha256(parts.encode("utf-8", "backslashreplace")).hexdigest()


def texts_of(problems: Mapping[str, Problem]) -> str:
    """The digest of what the problems say and no report holds: titles and translations."""
    texts = []
    for slug, problem in problems.items():
        with suppress(BrokenProblem):
            texts.append((slug, problem.titles, problem.messages))
    return sha256(repr(texts).encode("utf-8", "backslashreplace")).hexdigest()


def is_written(book: Gradebook, digest: str) -> bool:
    """Whether that is what was written last, and nobody has changed a file or taken one away since."""
    written = book.setting("written", Written)
    return (
        book.folder is not None
        and written is not None
        and written.digest == digest
        and written.files.items() <= _files(book.folder).items()
    )


def note_written(book: Gradebook, digest: str) -> None:
    """Remembers that all files are there."""
    if book.folder is not None:
        book.keep_settings(written=msgspec.to_builtins(Written(digest, _files(book.folder))))


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith((".", GRADEBOOK))
    }


@lru_cache(maxsize=1)
def code_digest() -> str:
    """The digest of the program's files that decide what is written."""
    root = Path(judge.__file__).parent
    paths = [path for room in WRITERS for path in sorted((root / room).rglob("*")) if path.suffix != ".pyc"]
    return sha256(b"\0".join(path.read_bytes() for path in paths if path.is_file())).hexdigest()
