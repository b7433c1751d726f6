"""What a candidate has tried so far: attempts and hints, in one SQLite file in the user's data folder."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, TypeVar

import msgspec
import platformdirs

from judge.report import Report

DATA_VARIABLE = "JUDGE_DATA"
Shape = TypeVar("Shape")

# What each version of the file added to the one before; PRAGMA user_version says how many of them it has.
_VERSIONS = (
    (
        """CREATE TABLE IF NOT EXISTS attempts (
            id INTEGER PRIMARY KEY,
            problem TEXT NOT NULL,
            started_at TEXT NOT NULL,  -- ISO 8601 with offset, as everywhere here
            score REAL NOT NULL,
            accepted INTEGER NOT NULL,
            verdict TEXT NOT NULL,
            seed INTEGER NOT NULL,
            sha256 TEXT,
            seconds REAL NOT NULL,
            report TEXT NOT NULL  -- as `judge attempt --json` prints it
        )""",
        "CREATE INDEX IF NOT EXISTS attempts_by_problem ON attempts (problem, score)",
        "CREATE TABLE IF NOT EXISTS hints (problem TEXT PRIMARY KEY, shown INTEGER NOT NULL)",
    ),
    (
        # When a stub was written, for the first time or again: what the time to a solution counts from.
        "CREATE TABLE starts (problem TEXT NOT NULL, started_at TEXT NOT NULL)",
        """CREATE TABLE interviews (
            id INTEGER PRIMARY KEY,
            started_at TEXT NOT NULL,
            minutes INTEGER NOT NULL,
            finished_at TEXT  -- NULL while it runs
        )""",
        # At most one runs, however many terminals start one at the same time.
        "CREATE UNIQUE INDEX one_interview ON interviews (finished_at IS NULL) WHERE finished_at IS NULL",
        """CREATE TABLE interview_problems (
            interview INTEGER NOT NULL REFERENCES interviews,
            place INTEGER NOT NULL,
            problem TEXT NOT NULL,
            minutes INTEGER NOT NULL,
            hints INTEGER NOT NULL DEFAULT 0,  -- taken during the interview
            PRIMARY KEY (interview, problem)
        )""",
        "ALTER TABLE attempts ADD COLUMN interview INTEGER REFERENCES interviews",  # where it counts
    ),
    # What was judged, each text once.
    ("CREATE TABLE sources (sha256 TEXT PRIMARY KEY, source TEXT NOT NULL)",),
)
# The running interview in which an attempt at a problem counts: not once its time is up.
_COUNTS_IN = """(
    SELECT id FROM interviews JOIN interview_problems ON interview = id
    WHERE finished_at IS NULL AND problem = ?
    AND julianday(?) < julianday(interviews.started_at) + interviews.minutes / 1440.0
)"""


class Attempt(msgspec.Struct, frozen=True, array_like=True):
    """One attempt, without its report."""

    id: int
    problem: str
    started_at: Annotated[datetime, msgspec.Meta(tz=True)]
    score: Annotated[float, msgspec.Meta(ge=0, le=100)]
    accepted: bool
    verdict: str
    seconds: float  # that the judging took
    sha256: str | None = None  # of the solution
    interview: int | None = None  # the interview in which it counts


def data_folder() -> Path:
    """Where judge keeps what belongs to this user: JUDGE_DATA, or the system's usual place."""
    return Path(os.environ.get(DATA_VARIABLE) or platformdirs.user_data_dir("judge", appauthor=False))


def cache_folder() -> Path:
    """Where judge keeps what it can compute again."""
    given = os.environ.get(DATA_VARIABLE)
    return Path(given) / "cache" if given else Path(platformdirs.user_cache_dir("judge", appauthor=False))


class History:
    """The attempts of one user; a context manager. Several processes may use the same file at once.

    When the file cannot be used, `trouble` says why in one line, and what is recorded lasts until the program ends;
    where it can still be read, what it holds is known.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.file = (folder or data_folder()) / "history.sqlite"
        self.trouble: str | None = None
        self.kept = True
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self._connection = _open(self.file)
        except (OSError, sqlite3.Error) as error:
            self.trouble = f"attempts are not kept: {self.file}: {error}; {DATA_VARIABLE} names another folder"
            self.kept = False
            self._connection = _copy(self.file) or _open(Path(":memory:"))

    def __enter__(self) -> History:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def record(self, report: Report, report_json: str, source: str | None = None) -> None:
        """Keep one attempt; it counts in the running interview, if that asks for this problem and has time left.

        source: the solution, as far as it is text.
        """
        row = (
            report.problem,
            report.started_at,
            report.score,
            report.accepted,
            report.verdict,
            report.seed,
            report.sha256,
            report.seconds,
            report_json,
        )
        columns = "problem, started_at, score, accepted, verdict, seed, sha256, seconds, report, interview"
        self.change(
            f"INSERT INTO attempts ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, {_COUNTS_IN})",
            (*row, report.problem, report.started_at),
        )
        if source is not None and report.sha256 is not None:
            text = source.encode("utf-8", "replace").decode()
            self.change("INSERT OR IGNORE INTO sources VALUES (?, ?)", (report.sha256, text))

    def attempts(self, problem: str | None = None) -> list[Attempt]:
        """All attempts, or those at one problem, the oldest first."""
        columns = ", ".join(Attempt.__struct_fields__)
        if problem is None:
            rows = self.rows(f"SELECT {columns} FROM attempts ORDER BY id")
        else:
            rows = self.rows(f"SELECT {columns} FROM attempts WHERE problem = ? ORDER BY id", (problem,))
        return list(whole(rows, Attempt))

    def report(self, attempt: Attempt) -> Report | None:
        """The report of an attempt; None where it cannot be read any more."""
        rows = self.rows("SELECT report FROM attempts WHERE id = ?", (attempt.id,))
        try:
            return msgspec.json.decode(rows[0][0], type=Report) if rows else None
        except (msgspec.DecodeError, UnicodeError, TypeError, RecursionError):  # of another judge, or damaged
            return None

    def source(self, attempt: Attempt) -> str | None:
        """What was judged; None where it is not known, as of attempts with an older judge."""
        whole = "typeof(source) = 'text'"
        rows = self.rows(f"SELECT source FROM sources WHERE sha256 = ? AND {whole}", (attempt.sha256,))
        return rows[0][0] if rows else None

    def note_start(self, problem: str, when: datetime) -> None:
        """Somebody begins with the stub of a problem."""
        self.change("INSERT INTO starts VALUES (?, ?)", (problem, when.isoformat(timespec="seconds")))

    def starts(self, problem: str) -> list[datetime]:
        """When somebody began with the stub of a problem, the oldest first."""
        rows = self.rows("SELECT started_at FROM starts WHERE problem = ? ORDER BY rowid", (problem,))
        return [started for (started,) in whole(rows, tuple[Annotated[datetime, msgspec.Meta(tz=True)]])]

    def best(self, problem: str) -> float | None:
        """The best score so far, 0 to 100; None before the first attempt."""
        return self.best_scores().get(problem)

    def best_scores(self) -> dict[str, float]:
        whole = "typeof(problem) = 'text' AND typeof(score) = 'real'"  # a damaged file may hold anything
        return dict(self.rows(f"SELECT problem, max(score) FROM attempts WHERE {whole} GROUP BY problem"))

    def solved(self, problem: str) -> bool:
        """Whether an attempt at it was accepted."""
        return bool(self.rows("SELECT 1 FROM attempts WHERE problem = ? AND accepted LIMIT 1", (problem,)))

    def hints_shown(self, problem: str) -> int:
        return self.all_hints_shown().get(problem, 0)

    def all_hints_shown(self) -> dict[str, int]:
        whole = "typeof(problem) = 'text' AND typeof(shown) = 'integer' AND shown >= 0"
        return dict(self.rows(f"SELECT problem, shown FROM hints WHERE {whole}"))

    def set_hints_shown(self, problem: str, shown: int) -> None:
        self.change("INSERT OR REPLACE INTO hints VALUES (?, ?)", (problem, shown))

    def rows(self, statement: str, values: tuple[object, ...] = ()) -> list[Any]:
        """What a query finds; nothing, and `trouble`, where the file is damaged."""
        try:
            return self._connection.execute(statement, values).fetchall()
        except (sqlite3.Error, OverflowError) as error:
            self.trouble = f"earlier attempts cannot be read: {self.file}: {error}"
            return []

    def change(self, statement: str, values: tuple[object, ...]) -> None:
        """Changes what is kept; where that fails, the disk is full, say, `trouble` tells and all goes on."""
        try:
            with self.together() as connection:
                connection.execute(statement, values)
        except sqlite3.Error as error:
            self.trouble = f"this is not kept: {self.file}: {error}"

    def together(self) -> sqlite3.Connection:
        """A context for several changes, of which all are kept or, after an exception, none."""
        return self._connection


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10)
    try:
        _version(connection)  # before anything is changed
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:  # which nobody waits for here: another does it
                raise
        _bring_up_to_date(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _version(connection: sqlite3.Connection) -> int:
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if not 0 <= found <= len(_VERSIONS):  # it is left alone
        raise sqlite3.DatabaseError("it was written by a newer judge")
    return found


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    if _version(connection) == len(_VERSIONS):
        return
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for statements in _VERSIONS[_version(connection) :]:  # asked again: another process may have been quicker
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(_VERSIONS)}")


def _copy(path: Path) -> sqlite3.Connection | None:
    """What a file that cannot be written holds, in memory; None where it cannot be read either."""
    copy = sqlite3.connect(":memory:")
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as kept:
            kept.backup(copy)
        _bring_up_to_date(copy)
    except sqlite3.Error:
        copy.close()
        return None
    return copy


def whole(rows: list[Any], shape: type[Shape]) -> Iterator[Shape]:
    """Those rows of a query that have this shape; a damaged file may hold anything."""
    for row in rows:
        with contextlib.suppress(msgspec.ValidationError):
            yield msgspec.convert(row, shape, strict=False)
