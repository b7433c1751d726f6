"""What a candidate has tried so far: attempts and hints, in one SQLite file in the user's data folder."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Any

import platformdirs

from judge.report import Report

DATA_VARIABLE = "JUDGE_DATA"

_FORMAT = 1  # PRAGMA user_version; a file of a later judge is left alone
_TABLES = """
CREATE TABLE IF NOT EXISTS attempts (
    id INTEGER PRIMARY KEY,
    problem TEXT NOT NULL,
    started_at TEXT NOT NULL,  -- ISO 8601 with offset
    score REAL NOT NULL,
    accepted INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    seed INTEGER NOT NULL,
    sha256 TEXT,
    seconds REAL NOT NULL,
    report TEXT NOT NULL  -- as `judge attempt --json` prints it
);
CREATE INDEX IF NOT EXISTS attempts_by_problem ON attempts (problem, score);
CREATE TABLE IF NOT EXISTS hints (problem TEXT PRIMARY KEY, shown INTEGER NOT NULL);
"""


def data_folder() -> Path:
    """Where judge keeps what belongs to this user: JUDGE_DATA, or the system's usual place."""
    return Path(os.environ.get(DATA_VARIABLE) or platformdirs.user_data_dir("judge", appauthor=False))


def cache_folder() -> Path:
    """Where judge keeps what it can compute again."""
    given = os.environ.get(DATA_VARIABLE)
    return Path(given) / "cache" if given else Path(platformdirs.user_cache_dir("judge", appauthor=False))


class History:
    """The attempts of one user; a context manager. Several processes may use the same file at once.

    When the file cannot be used, `trouble` says why in one line, and what is recorded lasts until the program ends.
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
            self._connection = _open(Path(":memory:"))

    def __enter__(self) -> History:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def record(self, report: Report, report_json: str) -> None:
        """Keep one attempt."""
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
        columns = "problem, started_at, score, accepted, verdict, seed, sha256, seconds, report"
        self._change(f"INSERT INTO attempts ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def best(self, problem: str) -> float | None:
        """The best score so far, 0 to 100; None before the first attempt."""
        return self.best_scores().get(problem)

    def best_scores(self) -> dict[str, float]:
        whole = "typeof(problem) = 'text' AND typeof(score) = 'real'"  # a damaged file may hold anything
        return dict(self._rows(f"SELECT problem, max(score) FROM attempts WHERE {whole} GROUP BY problem"))

    def solved(self, problem: str) -> bool:
        """Whether an attempt at it was accepted."""
        return bool(self._rows("SELECT 1 FROM attempts WHERE problem = ? AND accepted LIMIT 1", (problem,)))

    def hints_shown(self, problem: str) -> int:
        whole = "typeof(shown) = 'integer' AND shown >= 0"
        rows = self._rows(f"SELECT shown FROM hints WHERE problem = ? AND {whole}", (problem,))
        return rows[0][0] if rows else 0

    def set_hints_shown(self, problem: str, shown: int) -> None:
        self._change("INSERT OR REPLACE INTO hints VALUES (?, ?)", (problem, shown))

    def _rows(self, statement: str, values: tuple[object, ...] = ()) -> list[Any]:
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:  # the file is damaged
            self.trouble = f"earlier attempts cannot be read: {self.file}: {error}"
            return []

    def _change(self, statement: str, values: tuple[object, ...]) -> None:
        try:
            with self._connection:
                self._connection.execute(statement, values)
        except sqlite3.Error as error:  # the disk is full, say: not a reason to lose the report on the screen
            self.trouble = f"this attempt is not kept: {self.file}: {error}"


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10)
    try:
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found > _FORMAT:
            raise sqlite3.DatabaseError("it was written by a newer judge")
        connection.execute("PRAGMA journal_mode = WAL")
        if found < _FORMAT:
            connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_FORMAT}; COMMIT")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
