"""Attempts are kept in one file that several programs may use at once."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from judge.history import History
from judge.report import Report
from judge.report.json import to_json
from tests.cli.conftest import bound_by_permissions


def report(score: float, accepted: bool = False, problem: str = "25-self-attention") -> Report:
    return Report(
        problem=problem,
        title="Self-attention",
        accepted=accepted,
        score=score,
        verdict="passed" if accepted else "wrong",
        devices=["cpu"],
        seed=7,
        isolation=["L3"],
        seconds=1.5,
        checks=[],
        diagnosis=[],
        file="solutions/25-self-attention.py",
        sha256="00",
        started_at="2030-01-01T00:00:00+00:00",
        judge_version="0.1.0",
        torch_version="2.15.0",
    )


def test_the_best_score_and_whether_it_was_solved_outlast_the_program(tmp_path):
    with History(tmp_path) as history:
        for score in (35, 80, 10):
            history.record(report(score), "{}")
        assert not history.solved("25-self-attention")
    with History(tmp_path) as history:
        assert history.best("25-self-attention") == 80
        assert history.best_scores() == {"25-self-attention": 80}
        history.record(report(100, accepted=True), "{}")
        assert history.solved("25-self-attention")
        assert not history.solved("26-resnet")


def test_hints_are_counted(tmp_path):
    with History(tmp_path) as history:
        assert history.hints_shown("25-self-attention") == 0
        history.set_hints_shown("25-self-attention", 2)
        assert history.hints_shown("25-self-attention") == 2


def test_several_programs_record_at_once(tmp_path):
    def attempt(score: int) -> None:
        with History(tmp_path) as history:
            history.record(report(score), "{}")

    with ThreadPoolExecutor(8) as several:
        list(several.map(attempt, range(40)))
    with sqlite3.connect(tmp_path / "history.sqlite") as file:
        assert file.execute("SELECT count(*) FROM attempts").fetchone() == (40,)


@pytest.mark.parametrize("content", [b"this is no database, but a long enough text" * 9, None])
def test_a_file_that_cannot_be_used_is_left_alone_and_said(tmp_path, content):
    file = tmp_path / "history.sqlite"
    if content is not None:
        file.write_bytes(content)
    else:
        with sqlite3.connect(file) as newer:
            newer.execute("PRAGMA user_version = 99")
    before = file.read_bytes()
    with History(tmp_path) as history:
        assert str(file) in history.trouble
        assert not history.kept
        history.record(report(50), "{}")
        assert history.best("25-self-attention") == 50  # for as long as this program runs
    assert file.read_bytes() == before


VERSION_1 = """
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY, problem TEXT NOT NULL, started_at TEXT NOT NULL, score REAL NOT NULL,
    accepted INTEGER NOT NULL, verdict TEXT NOT NULL, seed INTEGER NOT NULL, sha256 TEXT, seconds REAL NOT NULL,
    report TEXT NOT NULL
);
CREATE INDEX attempts_by_problem ON attempts (problem, score);
CREATE TABLE hints (problem TEXT PRIMARY KEY, shown INTEGER NOT NULL);
INSERT INTO attempts VALUES (4, '25-self-attention', '2030-01-01T10:00:00+08:00', 62.5, 0, 'wrong', 7, 'aa', 1.5, '{}');
INSERT INTO attempts VALUES (9, '25-self-attention', '2030-01-02T10:00:00+08:00', 100, 1, 'passed', 7, 'bb', 2.5, '{}');
INSERT INTO hints VALUES ('25-self-attention', 2);
PRAGMA user_version = 1;
"""


def old_file(folder):
    folder.mkdir(exist_ok=True)
    with sqlite3.connect(folder / "history.sqlite") as file:
        file.executescript(VERSION_1)
    file.close()
    return folder / "history.sqlite"


def test_what_an_older_judge_kept_is_all_there(tmp_path):
    old_file(tmp_path)
    with History(tmp_path) as history:
        assert history.trouble is None
        first, second = history.attempts("25-self-attention")
        assert (first.id, first.score, first.accepted, first.seconds, first.sha256) == (4, 62.5, False, 1.5, "aa")
        assert first.started_at == datetime(2030, 1, 1, 2, tzinfo=UTC)
        assert (second.id, second.score, second.accepted, second.interview) == (9, 100, True, None)
        assert history.hints_shown("25-self-attention") == 2
        assert history.solved("25-self-attention")
        history.record(report(80), to_json(report(80)), "x = 1\n")
    with History(tmp_path) as history:
        assert [attempt.score for attempt in history.attempts()] == [62.5, 100, 80]
        assert history.report(history.attempts()[2]) == report(80)
        assert history.report(history.attempts()[0]) is None  # "{}" is no report
        assert [history.source(attempt) for attempt in history.attempts()] == [None, None, "x = 1\n"]


def test_programs_that_find_an_old_file_at_the_same_time_agree(tmp_path):
    for number in range(5):
        folder = tmp_path / str(number)
        file = old_file(folder)
        program = "import sys, pathlib; from judge.history import History\n"
        program += "with History(pathlib.Path(sys.argv[1])) as h: sys.exit(h.trouble or len(h.attempts()) != 2)"
        both = [subprocess.Popen([sys.executable, "-c", program, str(folder)]) for _ in range(2)]
        assert [one.wait() for one in both] == [0, 0]
        with sqlite3.connect(file) as now:
            assert now.execute("PRAGMA user_version").fetchone() == (3,)


REPOSITORY = Path(__file__).parents[2]
READS = """
import pathlib, sys
from judge.history import History
from tests.cli.test_history import report
with History(pathlib.Path(sys.argv[1])) as history:
    assert "attempts are not kept" in history.trouble
    assert history.best("25-self-attention") == 100
    history.record(report(10), "{}")
    assert len(history.attempts()) == 3  # for as long as this program runs
"""


def test_a_file_that_must_not_be_written_is_read_all_the_same(tmp_path):
    file = old_file(tmp_path / "kept")
    file.chmod(0o444)
    file.parent.chmod(0o555)
    try:
        subprocess.run(
            [*bound_by_permissions(), sys.executable, "-c", READS, str(file.parent)], cwd=REPOSITORY, check=True
        )
    finally:
        file.parent.chmod(0o755)
    with sqlite3.connect(file) as now:
        assert now.execute("SELECT count(*) FROM attempts").fetchone() == (2,)


def test_when_a_stub_was_written_is_kept(tmp_path):
    begun = datetime(2030, 1, 1, 12, tzinfo=UTC)
    with History(tmp_path) as history:
        history.note_start("25-self-attention", begun)
    with History(tmp_path) as history:
        assert history.starts("25-self-attention") == [begun]
        assert history.starts("26-resnet") == []
