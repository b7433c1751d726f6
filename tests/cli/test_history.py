"""Attempts are kept in one file that several programs may use at once."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from judge.history import History
from judge.report import Report


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
