"""The gradebook: one SQLite file in the folder given by --out, with all that is known of a class.

    settings      the class's secret seed, where problems and assignment are, whether the last run finished
    students      who is in the class
    submissions   who handed in what for which problem, as of the last run
    unmatched     what was handed in and is no submission
    contents      the text of every solution, so that it can be judged again without the file
    reports       one for each thing that was judged, under a digest of all that it depends on
    overrides     what the machine's score was when a person overrode it

A report is committed as soon as it is there, so that a run that was killed goes on where it was. What the judge failed
to judge is noted with the submission and never becomes a report: it is no grade.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import msgspec

from judge import __version__
from judge.classroom.intake import Unmatched
from judge.classroom.students import Student
from judge.grading import Solution
from judge.problems import Problem
from judge.report import Report
from judge.report.json import from_exact, to_exact

GRADEBOOK = "gradebook.sqlite"
LOCK = ".gradebook.lock"

_APPLICATION = 0x6A756467  # "judg", in the file's header
_FORMAT = 1  # PRAGMA user_version
_TABLES = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE students (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT, email TEXT, lms_id TEXT, "group" TEXT
);
CREATE TABLE contents (content TEXT PRIMARY KEY, name TEXT NOT NULL, source TEXT, fault TEXT, line INTEGER);
CREATE TABLE reports (key TEXT PRIMARY KEY, report TEXT NOT NULL);
CREATE TABLE submissions (
    position INTEGER PRIMARY KEY,
    student TEXT NOT NULL,
    problem TEXT NOT NULL,
    path TEXT NOT NULL,
    submitted_at TEXT,  -- ISO 8601 with offset
    late INTEGER NOT NULL,  -- whether its files say so
    content TEXT NOT NULL,
    key TEXT NOT NULL,
    failure TEXT  -- the report of a judging that failed: no grade
);
CREATE INDEX submissions_by_key ON submissions (key);
CREATE TABLE unmatched (position INTEGER PRIMARY KEY, path TEXT NOT NULL, student TEXT, reason TEXT NOT NULL);
CREATE TABLE overrides (
    student TEXT, problem TEXT, score REAL NOT NULL, reason TEXT NOT NULL,
    machine REAL,  -- the points that the machine gave at that time
    PRIMARY KEY (student, problem)
);
"""

Kept = TypeVar("Kept")


class UnusableGradebook(ValueError):
    """The folder's gradebook cannot be used; the message says why, and the file is as it was."""


@dataclass(frozen=True)
class Entry:
    """What a student handed in for a problem, and what became of it."""

    student: str  # the id
    problem: str  # the slug
    path: str
    content: str  # the digest of what was handed in
    key: str  # the digest of all that its report depends on
    submitted_at: datetime | None = None
    late: bool = False
    report: Report | None = None  # None: not reached; of verdict "infra": the judge failed, which is no grade


@dataclass(frozen=True)
class Record:
    """All that a gradebook knows of a class."""

    students: list[Student]
    entries: list[Entry]
    unmatched: list[Unmatched]


class Remembered(msgspec.Struct, frozen=True):
    """An override as it was when it was first seen, and the points that the machine gave then."""

    score: float
    reason: str
    machine: float | None


@dataclass(frozen=True)
class GradedWith:
    """What the last run was told, so that it need not be told again."""

    packs: list[Path]  # the folders of problems that are still there
    devices: list[str]


def graded_with(folder: Path) -> GradedWith:
    """What the last `judge grade` with this folder was told; raises UnusableGradebook."""
    with Gradebook(folder, make=False, alone=False) as book:
        roots = [Path(root) for root in book.setting("packs", list[str]) or []]
        return GradedWith(
            [root for root in roots if (root / "problems").is_dir()], book.setting("devices", list[str]) or []
        )


def content_of(solution: Solution) -> str:
    """The digest of what was handed in; a folder or a link has none, so there its fault stands for it."""
    return solution.sha256 or hashlib.sha256(f"no content: {solution.fault}".encode("utf-8", "replace")).hexdigest()


def digest_of(problem: Problem, devices: Sequence[str], seed: int, secret: str, skip: Iterable[str]) -> str:
    """The digest of all that reports on a problem depend on, but for the solution."""
    files = [problem.folder / "problem.toml", problem.folder / "checks.py", problem.folder / "stub.py"]
    files += problem.hidden_paths()  # the reference, and the mistakes that a report may name
    parts = [problem.slug, str(seed), secret, __version__, version("torch")]
    parts += [device.partition(":")[0] for device in devices]
    parts += [f"without {kind}" for kind in sorted(set(skip))]
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "replace"))
    for path in files:
        content = path.read_bytes() if path.is_file() else b""
        digest.update(f"\0{path.name}\0{len(content)}\0".encode("utf-8", "replace") + content)
    return digest.hexdigest()


def key_of(content: str, problem_digest: str) -> str:
    """What the report on a solution is kept under."""
    return hashlib.sha256(f"{content} {problem_digest}".encode()).hexdigest()


class Gradebook:
    """The gradebook in a folder, or one in memory where there is no folder; a context manager.

    make: whether a missing one is made. alone: whether a second run that wants it alone is refused. Raises
    UnusableGradebook for a file that is broken, of another program or of a newer judge, and while another run uses it.
    """

    def __init__(self, folder: Path | None, *, make: bool = True, alone: bool = True) -> None:
        self.folder = folder
        self.path = folder / GRADEBOOK if folder is not None else None
        self._stack = contextlib.ExitStack()
        try:
            if folder is not None:
                self._prepare(folder, make, alone)
            self._db = self._stack.enter_context(contextlib.closing(_open(self.path)))
            self.seed = self._number("seed")
            self.secret = self._secret()
        except (sqlite3.Error, UnusableGradebook, OSError) as error:
            self._stack.close()
            raise self._unusable(error) from None

    def __enter__(self) -> Gradebook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        if isinstance(error, sqlite3.Error):
            raise self._unusable(error) from None

    def _prepare(self, folder: Path, make: bool, alone: bool) -> None:
        path = folder / GRADEBOOK
        if not make and not path.is_file():
            raise UnusableGradebook(f"there is no gradebook in {folder}; judge grade ... --out {folder} makes one")
        folder.mkdir(parents=True, exist_ok=True)
        if alone:
            lock = self._stack.enter_context(open(folder / LOCK, "w"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the system releases it, whatever ends the run
            except OSError:
                raise UnusableGradebook(
                    f"another run of judge is using {folder}; wait for it, or choose another folder"
                ) from None

    def _unusable(self, error: Exception) -> UnusableGradebook:
        if isinstance(error, UnusableGradebook):
            return error
        if isinstance(error, OSError):
            return UnusableGradebook(f"{self.folder} cannot be used for results: {error.strerror}")
        if isinstance(error, sqlite3.OperationalError):  # locked, read-only, a full disk
            return UnusableGradebook(f"{self.path} cannot be used: {error}; what it held it still holds")
        told = " ".join(str(error).split())
        return UnusableGradebook(
            f"{self.path} cannot be used: {told}; it was left as it is: move it away or choose another folder"
        )

    # ------------------------------------------------------------------------------------------------------- settings

    def setting(self, name: str, shape: type[Kept]) -> Kept | None:
        """What was last kept under a name; None before."""
        row = self._db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        try:
            return msgspec.json.decode(row[0], type=shape) if row else None
        except (ValueError, TypeError) as error:
            raise self._unusable(error) from None

    def keep_settings(self, **settings: Any) -> None:
        """Keeps plain values under their names."""
        rows = [(name, json.dumps(value)) for name, value in settings.items()]
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", rows)

    def _number(self, name: str) -> int | None:
        return self.setting(name, int)

    def _secret(self) -> str:
        """What hidden data is drawn from, so that it is not to be had even where the seed is known."""
        kept = self.setting("secret", str)
        if kept is None:
            kept = secrets.token_hex(16)
            self.keep_settings(secret=kept)
        return kept

    # ------------------------------------------------------------------------------------------------------ the class

    def enter(
        self,
        students: Iterable[Student],
        entries: Iterable[tuple[Entry, Solution]],
        unmatched: Iterable[Unmatched],
        **settings: Any,
    ) -> None:
        """Makes the class what this run found; reports and overrides stay."""
        with self._db as db:
            for table in ("students", "submissions", "unmatched"):
                db.execute(f"DELETE FROM {table}")
            rows = [(one.id, one.name, one.email, one.lms_id, one.group) for one in students]
            db.executemany(
                'INSERT OR IGNORE INTO students (id, name, email, lms_id, "group") VALUES (?, ?, ?, ?, ?)',
                map(_texts, rows),
            )
            for entry, solution in entries:
                content = (entry.content, solution.name, solution.source, solution.fault, solution.line)
                db.execute("INSERT OR REPLACE INTO contents VALUES (?, ?, ?, ?, ?)", _texts(content))
                when = entry.submitted_at.isoformat() if entry.submitted_at else None
                row = (entry.student, entry.problem, entry.path, when, entry.late, entry.content, entry.key)
                db.execute(
                    "INSERT INTO submissions (student, problem, path, submitted_at, late, content, key)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    _texts(row),
                )
            left = [(one.path, one.student, one.reason) for one in unmatched]
            db.executemany("INSERT INTO unmatched (path, student, reason) VALUES (?, ?, ?)", map(_texts, left))
            kept = [(name, json.dumps(value)) for name, value in settings.items()]
            db.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", kept)

    def record(self) -> Record:
        """The class as of the last run, with every report that there is; raises UnusableGradebook."""
        try:
            return self._record()
        except (ValueError, TypeError, RecursionError, sqlite3.Error) as error:
            raise self._unusable(error) from None

    def _record(self) -> Record:
        students = self._db.execute('SELECT id, name, email, lms_id, "group" FROM students ORDER BY position')
        unmatched = self._db.execute("SELECT path, student, reason FROM unmatched ORDER BY position")
        reports: dict[str, Report] = {}  # many submissions may share one
        entries = []
        for student, problem, path, when, late, content, key, failure, text in self._db.execute(
            "SELECT student, problem, path, submitted_at, late, content, key, failure, report"
            " FROM submissions LEFT JOIN reports USING (key) ORDER BY position"
        ):
            if text is not None and key not in reports:
                reports[key] = _report(text)
            report = reports.get(key) or (_report(failure) if failure else None)
            if report is not None:
                report = msgspec.structs.replace(report, file=path)
            submitted_at = datetime.fromisoformat(when) if when else None
            entries.append(Entry(student, problem, path, content, key, submitted_at, bool(late), report))
        return Record([Student(*row) for row in students], entries, [Unmatched(*row) for row in unmatched])

    def readable(self) -> set[str]:
        """The digests of the solutions that were found to be Python."""
        return {content for (content,) in self._db.execute("SELECT content FROM contents WHERE source IS NOT NULL")}

    def digest(self) -> str:
        """The digest of the class, its reports and settings; a run that has nothing to judge does not change it."""
        digest = hashlib.sha256()
        for rows in (
            "SELECT name, value FROM settings WHERE name <> 'written' ORDER BY name",
            "SELECT * FROM students ORDER BY position",
            "SELECT * FROM submissions ORDER BY position",
            "SELECT * FROM unmatched ORDER BY position",
            "SELECT * FROM overrides ORDER BY student, problem",
            "SELECT key, report FROM reports WHERE key IN (SELECT key FROM submissions) ORDER BY key",
        ):
            for row in self._db.execute(rows):
                digest.update("\0".join(map(str, row)).encode())
        return digest.hexdigest()

    def solution(self, entry: Entry) -> Solution:
        """What was handed in, read from the gradebook."""
        rows = self._db.execute("SELECT name, source, fault, line FROM contents WHERE content = ?", (entry.content,))
        name, source, fault, line = rows.fetchone()
        return Solution(Path(entry.path), name, source, entry.content if source else None, fault, line)

    # -------------------------------------------------------------------------------------------------------- reports

    def known(self, keys: Iterable[str]) -> set[str]:
        """Those of the keys for which there is a report."""
        return {
            key
            for key in keys
            if self._db.execute("SELECT 1 FROM reports WHERE key = ?", (key,)).fetchone() is not None
        }

    def keep(self, key: str, report: Report) -> None:
        """Commits a report at once; a failure of the judge only as a note, which the next run clears."""
        text = to_exact(report)
        with self._db:
            if report.verdict == "infra":
                self._db.execute("UPDATE submissions SET failure = ? WHERE key = ?", (text, key))
            else:
                self._db.execute("INSERT OR REPLACE INTO reports VALUES (?, ?)", (key, text))

    def rekey(self, entries: Iterable[tuple[Entry, str]]) -> None:
        """Lets submissions have the report under another key: they were judged again."""
        rows = [(key, entry.student, entry.problem, entry.content, entry.key) for entry, key in entries]
        with self._db:
            self._db.executemany(
                "UPDATE submissions SET key = ?, failure = NULL"
                " WHERE student = ? AND problem = ? AND content = ? AND key = ?",
                rows,
            )

    # ------------------------------------------------------------------------------------------------------ overrides

    def overrides(self) -> dict[tuple[str, str], Remembered]:
        """By student and problem."""
        rows = self._db.execute("SELECT student, problem, score, reason, machine FROM overrides")
        return {(student, problem): Remembered(*rest) for student, problem, *rest in rows}

    def remember_overrides(self, overrides: dict[tuple[str, str], Remembered]) -> None:
        """Makes these the overrides that are known."""
        rows = [(*_texts(who), one.score, *_texts((one.reason,)), one.machine) for who, one in overrides.items()]
        with self._db as db:
            db.execute("DELETE FROM overrides")
            db.executemany("INSERT INTO overrides VALUES (?, ?, ?, ?, ?)", rows)


def _open(path: Path | None) -> sqlite3.Connection:
    connection = sqlite3.connect(path if path is not None else ":memory:", timeout=10)
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and application != _APPLICATION:
            raise sqlite3.DatabaseError("it is no gradebook of judge")
        if found > _FORMAT:
            raise sqlite3.DatabaseError("it was written by a newer judge")
        if tables:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if said != "ok":
                raise sqlite3.DatabaseError(f"it is damaged ({said.splitlines()[-1]})")
        connection.execute("PRAGMA journal_mode = WAL")
        # Twenty times as many commits a second. A power cut may take the last ones, which are judged again; what is
        # killed loses nothing.
        connection.execute("PRAGMA synchronous = NORMAL")
        if not tables:
            header = f"PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {_FORMAT};"
            connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} {header} COMMIT")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _report(text: str) -> Report:
    try:
        return from_exact(text)
    except ValueError:
        raise UnusableGradebook(f"{GRADEBOOK} has reports of another judge; run judge grade again") from None


def _texts(values: Iterable[Any]) -> tuple[Any, ...]:
    """The values with every text in a form that SQLite takes: a name on disk need not be Unicode."""
    return tuple(
        value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value for value in values
    )
