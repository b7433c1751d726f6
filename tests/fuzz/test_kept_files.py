"""What the judge kept on disk may be damaged or somebody else's: it starts clean or says so in one line."""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as some

from judge.classroom.gradebook import GRADEBOOK, Entry, Gradebook, UnusableGradebook
from judge.classroom.intake import Unmatched
from judge.classroom.results import RESULTS, UnusableResults, refuse_foreign
from judge.classroom.students import Student
from judge.grading import Solution, installation_secret
from judge.history import History
from judge.memory import Memory
from judge.observations import Observation
from judge.observing import load_checks
from judge.practice.interviews import Interviews, total
from judge.practice.looking_back import by_day
from judge.practice.standing import standings
from judge.problems import packs
from judge.report import Report
from judge.report.json import to_json
from judge.subjects import Seen
from judge.verified import Result, Store
from tests.fuzz.inputs import EXPECTED, FILLED, few, many, odd_texts
from tests.report.samples import WRONG

CONTENT = {"seed": 7, "secret": "abc", "finished": True, "results": []}
scalars = some.sampled_from(
    ["null", "NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "-1", "1.5", "true", '"7"', "[]"]
)
json_like = (
    some.sampled_from(["{}", "[", "{", "[1, 2]", '"', "\ufeff{}", "[" * 100_000, '{"seed": ' * 100_000, "\ud800"])
    | scalars
    | some.builds('{{"seed": {}, "secret": {}}}'.format, scalars, scalars)
    | odd_texts
).map(lambda text: text.encode("utf-8", "surrogatepass"))


def cut(text: bytes) -> some.SearchStrategy[bytes]:
    return some.integers(0, len(text) - 1).map(lambda at: text[:at])


@some.composite
def changed_bytes(draw: some.DrawFn, original: bytes) -> bytes:
    """Bytes of a file overwritten, the file cut off or made longer, or something else altogether."""
    data = bytearray(original)
    for _ in range(draw(some.integers(1, 8))):
        at = draw(some.integers(0, len(data) - 1))
        piece = draw(some.binary(min_size=1, max_size=30) | some.just(b"\0" * 2000))
        data[at : at + len(piece)] = piece
    return bytes(
        draw(some.just(data) | some.just(data + b"more") | cut(bytes(data))) if draw(some.booleans()) else data
    )


# ------------------------------------------------------------------------------------------------ judge grade --out


@many
@given(json_like | some.binary(max_size=40) | cut(json.dumps(CONTENT).encode()))
@example(b"[" * 100_000)
def test_results_json_is_ours_or_refused(content):
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / RESULTS).write_bytes(content)
        complaint = RESULTS
        try:
            refuse_foreign(Path(name))
        except UnusableResults as error:
            complaint = str(error)
        assert RESULTS in complaint
        assert len(complaint.splitlines()) == 1
        assert (Path(name) / RESULTS).read_bytes() == content


def _gradebook(then: str = "") -> bytes:
    with tempfile.TemporaryDirectory() as name:
        with Gradebook(Path(name)) as book:
            students = [Student(f"s{number}", name=f"Student {number}") for number in range(20)]
            solution = Solution.from_text("x = 1")
            entries = [(Entry(one.id, WRONG.problem, "25.py", one.id, one.id), solution) for one in students]
            book.enter(students, entries, [Unmatched("notes.txt", None, "not a .py file")], seed=7, devices=["cpu"])
            for one in students[:10]:
                book.keep(one.id, WRONG)
        with sqlite3.connect(Path(name) / GRADEBOOK) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.executescript(then)
        return (Path(name) / GRADEBOOK).read_bytes()


BOOK = _gradebook()


@few
@given(changed_bytes(BOOK) | changed_bytes(BOOK[:1000]).map(lambda head: head + BOOK[len(head) :]) | json_like)
@example(b"")
@example(BOOK[:4096] + b"\xff" * 4096 + BOOK[8192:])
@example(_gradebook("UPDATE settings SET value = '['"))
@example(_gradebook("UPDATE reports SET report = '{}'"))
@example(_gradebook("UPDATE submissions SET submitted_at = 'yesterday'"))
@example(_gradebook("DROP TABLE reports"))
def test_a_damaged_gradebook_is_read_or_refused_in_one_line(content):
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / GRADEBOOK).write_bytes(content)
        complaint = GRADEBOOK
        try:
            with Gradebook(Path(name)) as book:
                record = book.record()
                assert all(isinstance(entry.report, Report | None) for entry in record.entries)
        except UnusableGradebook as error:
            complaint = str(error)
        assert GRADEBOOK in complaint
        assert len(complaint.splitlines()) == 1


# ----------------------------------------------------------------------------------------------------- the history


def _history(then: str = "") -> bytes:
    with tempfile.TemporaryDirectory() as name:
        with History(Path(name)) as history:
            for number in range(30):
                history.record(WRONG, to_json(WRONG) if number % 3 else "{}")
            history.set_hints_shown(WRONG.problem, 2)
            history.note_start(WRONG.problem, NOW)
            interviews = Interviews(history)
            interviews.finish(interviews.start(45, [PROBLEM], NOW), NOW)
            interviews.start(45, [PROBLEM], NOW)
        with sqlite3.connect(history.file) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.executescript(then)
        return history.file.read_bytes()


PROBLEM = packs().find("25")
NOW = datetime.now(UTC)
HISTORY = _history()


@few
@given(changed_bytes(HISTORY) | changed_bytes(HISTORY[:1000]).map(lambda head: head + HISTORY[len(head) :]) | json_like)
@example(b"")
@example(b"not a database at all, but longer than the header of one" * 100)
@example(HISTORY[:4096] + b"\xff" * 4096 + HISTORY[8192:])
@example(_history("UPDATE attempts SET score = 'x', problem = x'ff'; UPDATE hints SET shown = 'y'"))
@example(_history("DROP TABLE attempts; DROP TABLE hints"))
@example(_history("UPDATE attempts SET started_at = 'yesterday', accepted = 'x', interview = x'00'"))
@example(_history("UPDATE interviews SET minutes = -1, finished_at = 5; UPDATE starts SET started_at = x'ff'"))
@example(_history("UPDATE interview_problems SET problem = 7, hints = 'x'; DROP TABLE starts"))
@example(_history("DROP TABLE interviews"))
def test_a_damaged_history_does_not_keep_anybody_from_practising(content):
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "history.sqlite").write_bytes(content)
        with History(Path(name)) as history:
            history.record(WRONG, to_json(WRONG))
            history.set_hints_shown(WRONG.problem, 1)
            best = history.best_scores()
            assert all(type(problem) is str and type(score) is float for problem, score in best.items())
            assert history.best(WRONG.problem) is None or history.best(WRONG.problem) >= 0
            assert history.solved(WRONG.problem) in (True, False)
            assert type(history.hints_shown(WRONG.problem)) is int
            attempts = history.attempts()
            assert all(isinstance(history.report(one), Report | None) for one in attempts)
            assert by_day(attempts)[:1] == [] or standings(attempts)
            assert all(when.tzinfo for when in history.starts(WRONG.problem))
            interviews = Interviews(history)
            for interview in [*interviews.finished(), interviews.running()]:
                assert interview is None or 0 <= total(interviews.results(interview)) <= 100
            assert history.trouble is None or len(history.trouble.splitlines()) == 1


# -------------------------------------------------------------------------- the secret, and what `judge verify` saw


@few
@given(json_like | some.binary(max_size=40))
@example(b"")
@example(b"\xff")
@example(b"abcd")
def test_a_damaged_secret_is_drawn_anew(content):
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "secret"
        path.write_bytes(content)
        secret = installation_secret(Path(name))
        assert len(secret) == 32
        assert installation_secret(Path(name)) == secret == path.read_text()
        assert os.listdir(name) == ["secret"]
        assert path.stat().st_mode & 0o077 == 0


@few
@given(json_like | some.binary(max_size=40))
@example(b'{"x": ' + b"[" * 100_000)
def test_a_damaged_trial_of_a_verification_is_made_again(content):
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "verified").mkdir()
        (Path(name) / "verified" / "a key").write_bytes(content)
        assert isinstance(Store(Path(name)).recall("a key"), Result | None)


# ------------------------------------------------------------------------------------------- what references gave

CHECK = load_checks(PROBLEM.checks_source, PROBLEM.slug)[0]
SEEN = [Seen(EXPECTED, tuple(FILLED))]


def recall(folder: Path, computed: list[Any]) -> list[Seen]:
    def compute() -> list[Seen]:
        computed.append(1)
        return SEEN

    return Memory(folder).recall(PROBLEM, "x = 1", CHECK, [], "float32", "cpu", None, compute)


def _cached() -> bytes:
    with tempfile.TemporaryDirectory() as name:
        recall(Path(name), [])
        (path,) = (path for path in Path(name).rglob("*") if path.is_file())
        return path.read_bytes()


CACHED = _cached()


@few
@given(changed_bytes(CACHED) | some.binary(max_size=40))
@example(bytes([*CACHED[:-1], CACHED[-1] ^ 1]))
@example(CACHED[:-1])
def test_a_damaged_observation_of_a_reference_is_made_again(content):
    with tempfile.TemporaryDirectory() as name:
        computed: list[Any] = []
        recall(Path(name), computed)
        (path,) = (path for path in Path(name).rglob("*") if path.is_file())
        path.write_bytes(content)
        again = recall(Path(name), computed)
        assert len(computed) == 1 + (content != CACHED)
        assert isinstance(again[0].observation, Observation)
        assert again[0].filled == SEEN[0].filled
        assert path.read_bytes() == CACHED
