"""How problems and solutions get to another machine and reports back: as bytes of plain data, never pickled."""

from __future__ import annotations

from pathlib import Path

import msgspec

from judge.classroom.engines import Work
from judge.grading import Solution
from judge.problems import Pack, Packs, Problem


class Parcel(msgspec.Struct, frozen=True):
    """All files of a problem."""

    slug: str
    files: dict[str, bytes]


class Task(msgspec.Struct, frozen=True):
    """A solution to judge, without its problem and without where it lies."""

    skip: list[str]
    name: str
    source: str | None
    sha256: str | None
    fault: str | None
    line: int | None


def pack_problem(problem: Problem) -> bytes:
    return msgspec.msgpack.encode(Parcel(problem.slug, problem.files()))


def unpack_problem(parcel: bytes, folder: Path) -> Problem:
    """Writes the problem's files below an empty folder, and reads it from there."""
    read = msgspec.msgpack.decode(parcel, type=Parcel)
    for name, content in read.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return Packs([Pack(read.slug.rpartition("/")[0], folder)]).read(read.slug)


def pack_work(work: Work) -> bytes:
    one = work.solution
    name = one.name.encode("utf-8", "backslashreplace").decode()  # a name on disk need not be Unicode
    return msgspec.msgpack.encode(Task(list(work.skip), name, one.source, one.sha256, one.fault, one.line))


def unpack_work(task: bytes, problem: Problem) -> Work:
    read = msgspec.msgpack.decode(task, type=Task)
    solution = Solution(None, read.name, read.source, read.sha256, read.fault, read.line)
    return Work("", problem, solution, tuple(read.skip))
