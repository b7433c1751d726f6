"""An assignment: what counts how much, until when, and what being late costs; a small TOML file.

title = "Homework 3"
due = 2026-05-01T23:59:00+02:00
skip = ["timing"]               # kinds of checks that are left out; their points drop out of the score
overrides = "overrides.csv"     # scores that a person gave

[problems]                      # or problems = ["25", "26"], which counts each 100
25-self-attention = 60
26-resnet = 40

[late]
grace_minutes = 15
percent_per_day = 10            # of the points that were earned
max_days = 3                    # later than that is worth nothing; or floor = 50, the percentage that always stays
extensions = { ada = 2, ben = 2026-05-06T23:59:00+02:00 }   # days, or a due date
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec

from judge.finding import UnknownProblem
from judge.problems import BrokenProblem, Packs
from judge.settings import explain

FULL = 100.0  # what a problem counts where nobody says otherwise
DAY = 24 * 60 * 60

Kind = Literal["shape", "values", "gradient", "convergence", "timing"]
Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]


class UnusableAssignment(ValueError):
    """The assignment's file, or one that it names, cannot be used; the message names file and key."""


class Late(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What being late costs: a part of the points that were earned, applied when grades are reported."""

    grace_minutes: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    percent_per_day: Percent = 0.0
    max_days: Annotated[int, msgspec.Meta(ge=0)] | None = None  # later than that is worth nothing
    floor: Percent | None = None  # the percentage that stays however late it is
    extensions: dict[str, Any] = {}  # student -> days, or another due date

    def kept(self, days: int) -> float:
        """The part of the points, 0 to 1, that is left after so many days."""
        if self.max_days is not None and days > self.max_days:
            return 0.0
        return max(1 - days * self.percent_per_day / 100, (self.floor or 0.0) / 100)


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """The file as an instructor writes it."""

    title: str
    problems: dict[str, Any] | list[str]
    due: datetime | None = None
    late: Late | None = None
    skip: list[Kind] = []
    overrides: str | None = None


@dataclass(frozen=True)
class Assignment:
    """What grades are relative to."""

    points: dict[str, float]  # slug -> what it counts, in the order of the file
    title: str = ""
    due: datetime | None = None  # with its zone
    late: Late = field(default_factory=Late)
    skip: tuple[str, ...] = ()
    overrides: Path | None = None
    file: Path | None = None  # None: nobody wrote one
    notes: tuple[str, ...] = ()  # what an instructor should be told about how the file was read

    @property
    def possible(self) -> float:
        """What a perfect student has."""
        return math.fsum(self.points.values())

    def days_late(self, names: Iterable[str | None], submitted_at: datetime | None, marked: bool = False) -> int | None:
        """How many days late, each one begun counting whole; None where nobody can tell.

        names: what the student is called. marked: the files say "late" without a time, which counts as one day, and
        as none for who has an extension.
        """
        extension = next((self.late.extensions[name] for name in names if name in self.late.extensions), None)
        if submitted_at is None:
            return int(marked and extension is None) if marked else None
        if self.due is None:
            return None
        due = extension if isinstance(extension, datetime) else self.due + timedelta(days=extension or 0)
        seconds = (submitted_at - due).total_seconds()
        return 0 if seconds <= self.late.grace_minutes * 60 else math.ceil(seconds / DAY)


def everything(problems: Iterable[str]) -> Assignment:
    """The assignment of who has none: each problem that anybody handed in counts 100."""
    return Assignment(dict.fromkeys(sorted(problems), FULL))


def pack_assignment(assignment: Assignment) -> str:
    """The assignment as it was read, for another machine; overrides stay here."""
    return msgspec.json.encode(replace(assignment, overrides=None, file=None, notes=())).decode()


def unpack_assignment(text: str) -> Assignment:
    """What `pack_assignment` made a text of."""
    assignment = msgspec.json.decode(text, type=Assignment)
    extensions = {
        student: datetime.fromisoformat(extension) if isinstance(extension, str) else extension
        for student, extension in assignment.late.extensions.items()
    }
    late = msgspec.structs.replace(assignment.late, extensions=extensions)
    return replace(assignment, late=late, file=Path("assignment"))


def read_assignment(path: Path, packs: Packs) -> Assignment:
    """The assignment in a file; raises UnusableAssignment with one line that names the file and the key."""

    def wrong(what: str) -> UnusableAssignment:
        return UnusableAssignment(f"{path.name}: {what}")

    try:
        written = msgspec.toml.decode(path.read_bytes(), type=_File)
    except msgspec.ValidationError as error:
        raise wrong(explain(str(error), _File, {"skip": get_args(Kind)})) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise wrong(f"not valid TOML: {error}") from None
    except OSError as error:
        raise UnusableAssignment(f"{path} cannot be read: {error.strerror}") from None
    assignment = Assignment(
        _points(written.problems, packs, wrong),
        title=written.title,
        due=written.due,
        late=written.late or Late(),
        skip=tuple(written.skip),
        overrides=path.parent / written.overrides if written.overrides else None,
        file=path,
    )
    if written.late is not None and written.due is None:
        raise wrong("late needs due: without it nothing is late")
    if assignment.late.max_days is not None and assignment.late.floor is not None:
        raise wrong("late has max_days and floor; give one of them")
    if assignment.overrides is not None and not assignment.overrides.is_file():
        raise wrong(f"overrides: there is no file {assignment.overrides}")
    return _with_zones(assignment, wrong)


def _points(written: Mapping[str, Any] | list[str], packs: Packs, wrong: Any) -> dict[str, float]:
    points: dict[str, float] = {}
    given = written.items() if isinstance(written, Mapping) else ((name, FULL) for name in written)
    for name, count in given:
        if not _is_number(count) or count <= 0:
            raise wrong(f"problems.{name} must be a number of points above 0, not {_shown(count)}")
        try:
            slug = packs.find(name).slug
        except (UnknownProblem, BrokenProblem) as error:
            raise wrong(f"problems: {error}") from None
        if slug in points:
            raise wrong(f"problems: {slug} is there twice, the second time as {name}")
        points[slug] = float(count)
    if not points:
        raise wrong("problems is empty")
    return points


def _with_zones(assignment: Assignment, wrong: Any) -> Assignment:
    """The assignment with a zone at every date; one without is taken in this machine's zone, and that is said."""
    notes = []

    def zoned(key: str, date: datetime) -> datetime:
        if date.tzinfo is None:
            local = date.astimezone()
            notes.append(f"{key} {date} names no time zone; taken as {local} ({local.tzname()}), this machine's zone")
            return local
        return date

    due = zoned("due", assignment.due) if assignment.due is not None else None
    extensions = {}
    for student, extension in assignment.late.extensions.items():
        key = f"late.extensions.{student}"
        if isinstance(extension, datetime):
            extensions[student] = zoned(key, extension)
        elif _is_number(extension) and 0 <= extension <= 3650:
            extensions[student] = extension
        else:
            raise wrong(f"{key} must be a number of days or a date with a time, not {_shown(extension)}")
    late = msgspec.structs.replace(assignment.late, extensions=extensions)
    named = tuple(f"{assignment.file.name}: {note}" for note in notes) if assignment.file else ()
    return replace(assignment, due=due, late=late, notes=named)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _shown(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
