"""What a gradebook keeps, and that it never loses or overwrites anything."""

import math
import sqlite3
from contextlib import closing

import pytest

from judge.classroom.gradebook import GRADEBOOK, Gradebook, UnusableGradebook
from judge.classroom.intake import Unmatched
from judge.classroom.students import Student
from judge.grading import Solution

from .conftest import make_report

NOBODY = Solution(None, "25.py", "x = 1", "ab" * 32)


def test_a_class_and_its_reports_outlive_the_run(tmp_path, entry):
    report = make_report(35, message="nan", seconds=math.inf, file="ada/25.py")
    students = [Student("ada", "Ada L.", "ada@x.edu", "17", "A"), Student("ben")]
    with Gradebook(tmp_path) as book:
        secret = book.secret
        entries = [(entry("ada", None), NOBODY), (entry("ben", None), NOBODY)]
        book.enter(students, entries, [Unmatched("notes.txt", None, "not a .py file")], seed=987654321)
        book.keep("key of ada 25-self-attention", report)
    with Gradebook(tmp_path, make=False) as again:
        assert (again.seed, again.secret) == (987654321, secret)
        record = again.record()
        assert record.students == students
        assert [one.report for one in record.entries] == [report, None]
        assert record.unmatched == [Unmatched("notes.txt", None, "not a .py file")]
        assert again.solution(record.entries[0]).source == "x = 1"


def test_what_the_judge_failed_at_is_noted_and_is_no_report(tmp_path, entry):
    failed = entry("ada", None)
    with Gradebook(tmp_path) as book:
        book.enter([], [(failed, NOBODY)], [])
        book.keep(failed.key, make_report(0, verdict="infra", message="the worker was lost"))
        assert book.record().entries[0].report.verdict == "infra"
        assert not book.known([failed.key])
        book.enter([], [(failed, NOBODY)], [])  # the next run
        assert book.record().entries[0].report is None


def test_names_that_are_not_unicode_are_kept_apart(tmp_path, entry):
    with Gradebook(tmp_path) as book:
        book.enter([], [(entry("\udce9", None), NOBODY), (entry("\udce8", None), NOBODY)], [])
        assert len({one.student for one in book.record().entries}) == 2


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to be taken for one " * 40, b"SQLite format 3\0torn"]
)
def test_a_broken_file_is_told_and_left_alone(tmp_path, content):
    (tmp_path / GRADEBOOK).write_bytes(content)
    with pytest.raises(UnusableGradebook, match=r"gradebook\.sqlite cannot be used"):
        Gradebook(tmp_path)
    assert (tmp_path / GRADEBOOK).read_bytes() == content


def test_a_damaged_gradebook_is_told_and_left_alone(tmp_path, entry):
    with Gradebook(tmp_path) as book:
        for number in range(200):
            book.keep(f"key {number}", make_report(35, message="x" * 500))
    content = bytearray((tmp_path / GRADEBOOK).read_bytes())
    content[8192:16384] = b"\xff" * 8192
    (tmp_path / GRADEBOOK).write_bytes(content)
    with pytest.raises(UnusableGradebook, match="move it away or choose another folder"):
        Gradebook(tmp_path)
    assert (tmp_path / GRADEBOOK).read_bytes() == content


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ("CREATE TABLE photos (id)", "no gradebook of judge"),
        (f"PRAGMA application_id = {0x6A756467}; PRAGMA user_version = 99; CREATE TABLE settings (a)", "newer judge"),
    ],
)
def test_a_file_of_another_program_or_of_a_newer_judge_is_left_alone(tmp_path, statements, said):
    with closing(sqlite3.connect(tmp_path / GRADEBOOK)) as connection:
        connection.executescript(statements)
    content = (tmp_path / GRADEBOOK).read_bytes()
    with pytest.raises(UnusableGradebook, match=said):
        Gradebook(tmp_path)
    assert (tmp_path / GRADEBOOK).read_bytes() == content


def test_two_runs_at_once_and_folders_that_are_none(tmp_path):
    with Gradebook(tmp_path), pytest.raises(UnusableGradebook, match="another run of judge is using"):
        Gradebook(tmp_path)
    with Gradebook(tmp_path), Gradebook(tmp_path, make=False, alone=False):
        pass  # looking is allowed meanwhile
    (tmp_path / "file").write_text("")
    with pytest.raises(UnusableGradebook, match="cannot be used"):
        Gradebook(tmp_path / "file")
    with pytest.raises(UnusableGradebook, match="there is no gradebook"):
        Gradebook(tmp_path / "empty", make=False)
    assert not (tmp_path / "empty").exists()
