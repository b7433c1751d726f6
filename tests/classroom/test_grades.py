"""From scores to grades: assignments, lateness, overrides, and the tables."""

import csv
import io
import math
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from judge.classroom.assignment import Assignment, Late, UnusableAssignment, read_assignment
from judge.classroom.gradebook import Entry, Record
from judge.classroom.grades import grade_class
from judge.classroom.intake import Unmatched
from judge.classroom.overrides import read_overrides
from judge.classroom.results import student_text
from judge.classroom.sheets import checks_csv, grades_csv
from judge.classroom.students import Student
from judge.problems import packs

from .conftest import graded, make_check, make_report
from .test_results import shown

DUE = datetime(2026, 5, 1, 21, 59, tzinfo=UTC)
HEAD = 'title = "Homework 3"\n'
RESNET = next(name for name in packs().names if name.startswith("26-"))


@pytest.fixture
def assignment(tmp_path):
    def make(text='problems = ["25"]\n', overrides=None):
        (tmp_path / "hw3.toml").write_text(HEAD + text)
        if overrides is not None:
            (tmp_path / "overrides.csv").write_text(f"student,problem,score,reason\n{overrides}")
        return read_assignment(tmp_path / "hw3.toml", packs())

    return make


def only(grades):
    (grade,) = grades.students
    return grade


def rows(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


# ------------------------------------------------------------------------------------------------------- assignments


def test_everything_an_assignment_can_say(assignment):
    read = assignment(
        'due = 2026-05-01T23:59:00+02:00\nskip = ["timing"]\noverrides = "overrides.csv"\n'
        '[problems]\n25-self-attention = 60\n"26" = 40.5\n'
        "[late]\ngrace_minutes = 15\npercent_per_day = 10\nmax_days = 3\n"
        "extensions = { ada = 2, ben = 2026-05-06T23:59:00+02:00 }\n",
        overrides="",
    )
    assert read.points == {"25-self-attention": 60, RESNET: 40.5}
    assert read.possible == 100.5
    assert (read.title, read.due, read.skip) == ("Homework 3", DUE, ("timing",))
    assert read.notes == ()
    assert read_overrides(read) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("problems = []\n", "problems is empty"),
        ('problems = ["atention"]\n', "did you mean 25-self-attention?"),
        ('problems = ["25", "self-attention"]\n', "25-self-attention is there twice"),
        ("[problems]\n25 = 0\n", "problems.25 must be a number of points above 0, not 0"),
        ("[problems]\n25 = nan\n", "problems.25 must be"),
        ("[problems]\n25 = true\n", "problems.25 must be a number of points above 0, not true"),
        ("problems = 3\n", "problems must be a table or a list, not a whole number"),
        ("", "problems is missing"),
        ('problems = ["25"]\ndeu = 3\n', "there is no field deu; the fields are title, problems, due"),
        ('problems = ["25"]\ndue = "friday"\n', "due must be a date with a time, not a text"),
        ('problems = ["25"]\ndue = 2026-05-01\n', "due must be a date with a time, not a date without a time"),
        ('problems = ["25"]\nskip = ["time"]\n', "skip[0] must be shape, values, gradient, convergence or timing"),
        ('problems = ["25"]\nlate = { percent_per_day = 10 }\n', "late needs due"),
        ('problems = ["25"]\noverrides = "gone.csv"\n', "overrides: there is no file"),
        ('problems = ["25"]\ndue = 2026-05-01T00:00:00Z\n[late]\ngrace = 1\n', "late has no field grace"),
        ('problems = ["25"]\ndue = 2026-05-01T00:00:00Z\n[late]\npercent_per_day = 101\n', "must be at most 100"),
        ('problems = ["25"]\ndue = 2026-05-01T00:00:00Z\n[late]\nmax_days = 3\nfloor = 5\n', "give one of them"),
        (
            'problems = ["25"]\ndue = 2026-05-01T00:00:00Z\n[late.extensions]\nada = "x"\n',
            "late.extensions.ada must be a number of days or a date with a time, not 'x'",
        ),
        ("problems = [\n", "not valid TOML"),
    ],
)
def test_what_is_wrong_with_an_assignment_is_one_line_with_file_and_key(assignment, text, said):
    with pytest.raises(UnusableAssignment) as caught:
        assignment(text)
    message = str(caught.value)
    assert message.startswith("hw3.toml: ")
    assert said in message
    assert "\n" not in message


def test_a_due_date_without_a_zone_is_this_machines_and_that_is_said(assignment, monkeypatch, entry):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        read = assignment('problems = ["25"]\ndue = 2026-05-01 23:59:00\n')
        assert read.due == DUE
        text = shown([entry("ada")], assignment=read)
        assert "hw3.toml: due 2026-05-01 23:59:00 names no time zone; taken as" in text
        assert "CEST" in text
    finally:
        monkeypatch.undo()
        time.tzset()


# ----------------------------------------------------------------------------------------------------------- lateness

LATE = "due = 2026-05-01T21:59:00Z\n{}problems = ['25']\n[late]\ngrace_minutes = 15\npercent_per_day = 10\n{}\n"


@pytest.mark.parametrize(
    ("late", "days", "final"),
    [
        (timedelta(hours=-1), 0, 80),
        (timedelta(minutes=15), 0, 80),
        (timedelta(minutes=16), 1, 72),
        (timedelta(days=1), 1, 72),
        (timedelta(days=1, seconds=1), 2, 64),
        (timedelta(days=2, seconds=1), 3, 0),
    ],
)
def test_every_day_begun_costs_and_after_the_last_nothing_is_left(assignment, entry, late, days, final):
    read = assignment(LATE.format("", "max_days = 2"))
    grade = only(graded([entry("ada", 80, submitted_at=DUE + late)], assignment=read))
    assert (grade.days_late, grade.raw, grade.final) == (days, 80, final)
    assert grade.penalty == 80 - final


def test_a_floor_always_stays_and_extensions_are_days_or_dates(assignment, entry):
    extensions = "floor = 50\n[late.extensions]\nben = 2\n'cleo@x.edu' = 2026-05-05T00:00:00Z"
    read = assignment(LATE.format("", extensions))
    when = DUE + timedelta(days=30)
    entries = [entry(name, 80, submitted_at=when) for name in ("ada", "ben")]
    entries.append(entry("cleo", 80, submitted_at=datetime(2026, 5, 4, tzinfo=UTC)))
    grades = grade_class(Record([Student("cleo", email="cleo@x.edu")], entries, []), read)
    by = {grade.student.id: grade for grade in grades.students}
    assert (by["ada"].days_late, by["ada"].final) == (30, 40)
    assert (by["ben"].days_late, by["ben"].final) == (28, 40)
    assert (by["cleo"].days_late, by["cleo"].final) == (0, 80)
    assert not grades.unknown


def test_marked_late_without_a_time_is_one_day_but_not_for_who_has_an_extension(assignment, entry):
    read = assignment(LATE.format("", "[late.extensions]\nben = 2\nnobody = 1"))
    grades = graded([entry("ada", late=True), entry("ben", late=True), entry("cleo")], assignment=read)
    assert [grade.days_late for grade in grades.students] == [1, 0, None]
    assert [grade.final for grade in grades.students] == [90, 100, 100]
    assert grades.unknown == ["late.extensions: no student of the class is called nobody"]


# ---------------------------------------------------------------------------------------------------------- statuses

TWO = "[problems]\n25 = 60\n26 = 40\n"


def test_what_is_missing_counts_nothing_and_what_the_judge_failed_at_is_blank(assignment, entry):
    entries = [
        entry("ada", 50),
        entry("ada", 100, problem=RESNET),
        entry("ben", 50),
        entry("cleo", 0, verdict="infra"),
        entry("dan", None),
        entry("emil", 0, verdict="not judged"),
    ]
    unmatched = [Unmatched("fay/attention.py", "fay", "no such problem"), Unmatched("ben/x.py", "ben", "no problem")]
    grades = grade_class(Record([Student("gus")], entries, unmatched), assignment(TWO))
    found = {grade.student.id: (grade.status, grade.raw, grade.final) for grade in grades.students}
    assert found == {
        "ada": ("graded", 70, 70),
        "ben": ("unmatched", 30, 30),
        "cleo": ("infra", None, None),
        "dan": ("ungraded", None, None),
        "emil": ("ungraded", None, None),
        "fay": ("unmatched", None, None),
        "gus": ("missing", 0, 0),
    }
    table = {row["student_id"]: row for row in rows(grades_csv(grades))}
    assert (table["cleo"]["final"], table["cleo"]["25-self-attention"]) == ("", "")
    assert (table["fay"]["final"], table["fay"]["25-self-attention"]) == ("", "")
    assert (table["gus"]["final"], table["gus"]["25-self-attention"]) == ("0", "0")
    assert sorted(grades.finals()) == [30, 70]


def test_of_several_attempts_the_one_that_is_worth_most_counts(assignment, entry):
    late = assignment('due = 2026-05-01T23:59:00+02:00\nproblems = ["25"]\nlate = { percent_per_day = 10 }\n')
    before, after = DUE - timedelta(days=2), DUE + timedelta(hours=3)
    attempts = [
        entry("ada", 40, submitted_at=before),
        entry("ada", 90, submitted_at=before + timedelta(hours=1)),
        entry("ada", 90, submitted_at=before + timedelta(hours=2)),  # no better, so the one before it counts
        entry("ada", 95, submitted_at=after),  # worth 85.5
        entry("ben", 40, submitted_at=before),
        entry("ben", 95, submitted_at=after),
    ]
    grades = grade_class(Record([], attempts, []), late)
    found = {grade.student.id: (grade.raw, grade.days_late, grade.final) for grade in grades.students}
    assert found == {"ada": (90, 0, 90), "ben": (95, 1, 85.5)}
    assert grades.students[0].submitted_at == before + timedelta(hours=1)


@pytest.mark.parametrize("unknown", [{"verdict": "infra"}, {"score": None}])
def test_an_attempt_that_was_not_judged_might_have_been_the_best(assignment, entry, unknown):
    unknown = entry("ada", **({"score": 0} | unknown))
    for attempts, final in ([entry("ada", 90), unknown], None), ([unknown, entry("ada", 100)], 100):
        assert only(grade_class(Record([], attempts, []), assignment())).final == final


# --------------------------------------------------------------------------------------------------------- overrides


def test_an_override_beats_the_machine_and_lateness_still_applies(assignment, entry):
    given = "ada,25,90,wrong tolerance\nben@x.edu,self-attention,55,\ncleo,25,12.5,by mail\nnobody,25,1,\n"
    read = assignment(LATE.format("overrides = 'overrides.csv'\n", ""), overrides=given)
    entries = [entry("ada", 40, submitted_at=DUE + timedelta(hours=1)), entry("ben", 0, verdict="infra")]
    record = Record([Student("ben", email="ben@x.edu"), Student("cleo")], entries, [])
    grades = grade_class(record, read, read_overrides(read))
    found = {one.student.id: (one.status, one.raw, one.override, one.penalty, one.final) for one in grades.students}
    assert found == {
        "ada": ("graded", 40, 90, 9, 81),
        "ben": ("graded", None, 55, 0, 55),
        "cleo": ("graded", 0, 12.5, 0, 12.5),
    }
    assert grades.unknown == ["overrides: line 5: no student of the class is called nobody"]


def test_an_override_is_flagged_when_the_machines_score_changes_later(assignment, entry):
    text = "overrides = 'overrides.csv'\n" + TWO
    read = assignment(text, overrides="ada,25,50,fine\nben,25,10,late mail\n")
    overrides = read_overrides(read)
    first = grade_class(Record([], [entry("ada", 40), entry("ben", 20)], []), read, overrides)
    assert first.notes == []
    now = Record([], [entry("ada", 100), entry("ben", 20)], [])
    second = grade_class(now, read, overrides, first.remembered)
    (note,) = second.notes
    assert "line 2: ada has 50 for 25-self-attention; the judge gave 24 when that was written and gives 60 now" in note
    third = grade_class(now, read, overrides, second.remembered)
    assert third.notes == second.notes  # as long as nobody looks
    looked = read_overrides(assignment(text, overrides="ada,25,50,fine; I looked\nben,25,10,late mail\n"))
    assert grade_class(now, read, looked, third.remembered).notes == []
    failed = Record([], [entry("ada", 0, verdict="infra"), entry("ben", 20)], [])
    assert grade_class(failed, read, overrides, first.remembered).notes == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("ada,25,61,\n", "line 2: score must be a number from 0 to 60, not '61'"),
        ("ada,25,-1,\n", "line 2: score must be"),
        ("ada,25,nan,\n", "line 2: score must be"),
        ("ada,25,,\n", "line 2: score is empty"),
        ("\nada,27,1,\n", "line 3: problem: no problem called '27'"),
        ("ada,25,1,\nada,self-attention,2,\n", "line 3: ada has a score for 25-self-attention already, in line 2"),
    ],
)
def test_what_is_wrong_with_overrides_names_file_and_line(assignment, given, said):
    read = assignment("overrides = 'overrides.csv'\n" + TWO, overrides=given)
    with pytest.raises(UnusableAssignment) as caught:
        read_overrides(read)
    assert str(caught.value).startswith(f"overrides.csv: {said}")


def test_overrides_need_their_columns_and_may_be_written_by_a_spreadsheet(assignment, tmp_path):
    read = assignment("overrides = 'overrides.csv'\n" + TWO, overrides="")
    table = '\ufeffStudent;Problem;Score;Reason;Seen\r\n\'=ada;25;"7.5";"a ""b"";c";yes\r\n;;;;\r\n'
    (tmp_path / "overrides.csv").write_bytes(table.encode())
    (override,) = read_overrides(read)
    assert (override.student, override.score, override.reason) == ("=ada", 7.5, 'a "b";c')
    (tmp_path / "overrides.csv").write_text("student,points\n")
    with pytest.raises(UnusableAssignment, match="must name the columns student, problem, score, reason"):
        read_overrides(read)


# ------------------------------------------------------------------------------------------------------------- tables


def test_the_table_of_students(assignment, entry):
    read = assignment("due = 2026-05-01T21:59:00Z\n" + TWO)
    entries = [entry("ada", 50, submitted_at=DUE), entry("ada", 100, problem=RESNET)]
    student = Student("ada", "Ada Lovelace", "ada@x.edu", "123", "A")
    text = grades_csv(grade_class(Record([student], entries, []), read))
    assert rows(text) == [
        {
            "student_id": "ada",
            "name": "Ada Lovelace",
            "email": "ada@x.edu",
            "lms_id": "123",
            "group": "A",
            "submitted_at": "2026-05-01T21:59:00+00:00",
            "late_days": "0",
            "raw": "70",
            "penalty": "0",
            "override": "",
            "final": "70",
            "status": "graded",
            "25-self-attention": "30",
            RESNET: "40",
        }
    ]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n=", " =", "＝"])
def test_no_text_becomes_a_formula_and_numbers_stay_numbers(entry, sign):
    evil = f"{sign}cmd|' /C calc'!A0"
    check = make_check(evil, -3, 25, message=f'{evil}\n"; {evil}', part=None, seconds=1.5)
    grades = graded([entry(evil, 12, checks=[check]), entry("ben", 7, problem=evil)])
    for text in (grades_csv(grades), checks_csv(grades)):
        for row in csv.reader(io.StringIO(text, newline="")):
            for cell in row:
                assert not cell.lstrip(" ").startswith(tuple("=+@\t\r\n＝")), cell
                assert not cell.startswith("-") or cell == "-3"
    assert rows(checks_csv(grades))[0]["points"] == "-3"
    assert ',-3,25,"cpu",1.5,' in checks_csv(grades)


def test_the_table_of_checks(entry):
    checks = [
        make_check("attends", 12.5, 25, message="out[0] is wrong", devices={"cpu": "passed", "sim": "wrong"}),
        make_check("is quick", 0, 15, kind="timing", verdict="not judged", part="top-p"),
    ]
    entries = [
        entry("ada", 50, checks=checks),
        entry("ben", 0, verdict="infra", message="the worker was lost"),
        entry("cleo", 0, verdict="infra", checks=checks),
    ]
    table = rows(checks_csv(graded(entries)))
    assert [(row["student"], row["check"], row["verdict"], row["points"]) for row in table] == [
        ("ada", "attends", "wrong", "12.5"),
        ("ada", "is quick", "not judged", ""),
        ("ben", "", "infra", ""),
        ("cleo", "attends", "wrong", ""),
        ("cleo", "is quick", "not judged", ""),
    ]
    assert table[0] == {
        "student": "ada",
        "problem": "25-self-attention",
        "check": "attends",
        "kind": "values",
        "part": "",
        "verdict": "wrong",
        "points": "12.5",
        "max_points": "25",
        "device": "cpu sim",
        "seconds": "0.5",
        "message": "out[0] is wrong",
    }


def test_the_summary_and_a_students_text_are_relative_to_the_assignment(assignment, entry):
    text = LATE.replace("problems = ['25']", "overrides = 'overrides.csv'").format("", "[problems]\n25 = 60\n26 = 40")
    read = assignment(text, overrides="ben,26,38,his neighbour cleo copied from him\n")
    entries = [entry("ada", 50), entry("ben", 100, submitted_at=DUE + timedelta(days=1))]
    grades = grade_class(Record([Student("cleo")], entries, []), read, read_overrides(read))
    table = [line.split() for line in shown([entry("ada", 50)], assignment=read).splitlines()]
    assert ["student", "25", "26", "total"] in table
    assert ["ada", "30", "-", "30"] in table
    told = student_text(grades.students[2], grades)
    assert "Homework 3: 88.2 of 100\n  1 day late: -9.8\n" in told
    assert "25-self-attention: 60 of 60\n" in told
    assert "38 of 40, given by your instructor\n" in told
    assert "cleo" not in told


def test_the_example_can_be_read():
    examples = Path(__file__).parents[2] / "examples"
    read = read_assignment(examples / "hw3.toml", packs())
    assert read.possible == 100
    assert [one.student for one in read_overrides(read)] == ["ada"]


@given(
    score=some.floats(0, 100),
    hours=some.tuples(some.integers(-50, 2000), some.integers(0, 2000)),
    late=some.builds(
        Late,
        grace_minutes=some.integers(0, 300),
        percent_per_day=some.floats(0, 100),
        max_days=some.none() | some.integers(0, 9),
    )
    | some.builds(Late, percent_per_day=some.floats(0, 100), floor=some.floats(0, 100)),
)
def test_later_is_never_better_and_a_grade_is_never_negative(score, hours, late):
    assignment = Assignment({"25-self-attention": 60.0}, due=DUE, late=late)
    finals = []
    for when in (hours[0], hours[0] + hours[1]):
        report = make_report(round(score, 2))
        entry = Entry("ada", "25-self-attention", "25.py", "c", "k", DUE + timedelta(hours=when), report=report)
        finals.append(only(grade_class(Record([], [entry], []), assignment)).final)
    assert 0 <= finals[1] <= finals[0] <= 60
    assert math.isfinite(finals[1])
