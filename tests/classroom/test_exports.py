"""What other programs get: their own file with the grades in it, or the formats that they read."""

import base64
import csv
import io
import json
import math
import zipfile
from xml.etree import ElementTree

import pytest

from judge.classroom.assignment import Assignment
from judge.classroom.exports import export
from judge.classroom.exports.ci import class_json, github, gradescope, junit
from judge.classroom.exports.lms import UnusableTemplate, fill_canvas, fill_moodle
from judge.classroom.gradebook import Gradebook, Record
from judge.classroom.grades import grade_class
from judge.classroom.intake import Unmatched
from judge.classroom.status import ALL_GRADED, SOME_LEFT, WRONG_USE
from judge.classroom.students import Student
from judge.cli import run
from judge.grading import Solution
from judge.problems import packs

from .conftest import make_check, make_report

CANVAS = (
    b"\xef\xbb\xbfStudent,ID,SIS Login ID,Section,HW1 (123456),\"HW2, the \"\"second\"\" (123457)\",Final Score\r\n"
    b"    Points Possible,,,,100.00,50.00,(read only)\r\n"
    b'"Lovelace, Ada",17,ada@x.edu,"Deep Learning; ""A""",,  3.5 ,80.1\r\n'
    b"Babbage,18,ben,,\"12.00\",,0\r\n"
    b"'=Evil,19,cleo,,EX,,\r\n"
    b'"Turing, Alan",20,alan,,5,,\r\n'
    b"\"Student, Test\",21,0a1b2c,,,,\r\n"
)  # fmt: skip
STUDENTS = [
    Student("lovelaceada", "Ada Lovelace", "ada@x.edu", "17"),
    Student("ben"),
    Student("cleo"),
    Student("dora"),
]


@pytest.fixture
def everybody(entry):
    entries = [entry("lovelaceada", 87.5), entry("ben", 40), entry("cleo", 10)]
    return grade_class(Record(STUDENTS[:3], entries, []), hw1("25"))


def hw1(*names, points=100.0):
    return Assignment({packs().find(name).slug: points for name in names}, title="HW1")


# -------------------------------------------------------------------------------------------------------------- canvas


def test_canvas_gets_its_own_file_back_with_only_the_grades_changed(everybody):
    filled = fill_canvas(CANVAS, everybody, None)
    expected = CANVAS.replace(b'""A""",,  3.5', b'""A""",87.5,  3.5').replace(b'"12.00"', b'"40"')
    assert filled.content == expected
    assert filled.notes == ["line 5: '=Evil has EX; left as it is"]
    assert filled.trouble == ["line 6: Turing, Alan is unknown here; left as it is"]


@pytest.mark.parametrize("column", ["HW1 (123456)", "hw1", "123456"])
def test_a_column_has_a_title_or_a_number(everybody, column):
    assert fill_canvas(CANVAS, everybody, column).content == fill_canvas(CANVAS, everybody, None).content


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("HW9", "no column is called 'HW9'; --column names one of those with a number: HW1 (123456), HW2, the \"sec"),
        ("Final Score", "Canvas does not let anybody change the column Final Score"),
    ],
)
def test_other_columns_are_refused(everybody, column, said):
    with pytest.raises(UnusableTemplate, match=said.replace("(", r"\(").replace(")", r"\)")):
        fill_canvas(CANVAS, everybody, column)


def test_who_has_no_line_is_listed_and_points_are_not_scaled(entry):
    grades = grade_class(Record(STUDENTS, [entry("dora", 50)], []), hw1("25"))
    filled = fill_canvas(CANVAS, grades, "123457")
    assert "dora has no line in the file" in filled.trouble
    assert filled.notes == ["the column is worth 50 points, the assignment here 100; nothing was scaled"]
    assert b",,0,80.1\r\n" in filled.content  # Ada handed in nothing


def test_decimal_commas_and_semicolons_stay(everybody):
    template = b"Student;ID;Section;HW1 (1)\n    Points Possible;;;100,00\nAda;17;;\nBen;ben;;50,00\n"
    filled = fill_canvas(template, everybody, None)
    assert filled.content == template.replace(b"Ada;17;;", b"Ada;17;;87,5").replace(b"50,00", b"40")


@pytest.mark.parametrize(
    "template", [b"", b"a,b\n", b"Name,ID,Section,HW1\n", b"PK\x03\x04", "Student,ID".encode("utf-16")]
)
def test_what_is_no_export_of_canvas_is_refused(everybody, template):
    with pytest.raises(UnusableTemplate):
        fill_canvas(template, everybody, None)


# -------------------------------------------------------------------------------------------------------------- moodle

MOODLE = (
    '\ufeffIdentifier,"Full name","Email address",Status,Group,Grade,"Maximum Grade","Grade can be changed",'
    '"Last modified (submission)","Last modified (grade)","Feedback comments"\n'
    'Participant 17,"Ada Lovelace",ada@x.edu,"Submitted for grading - ",A,,100.00,Yes,"Friday, 1 May 2026",-,'
    '"=1+1, ""x"""\n'
    'Participant 99,Ben,BEN,"Submitted",,3.00,100.00,Yes,-,-,\n'
    'Participant 98,cleo,c@x.edu,"Submitted",,3.00,100.00,No,-,-,\n'
).encode()


def test_moodles_worksheet_keeps_everything_but_the_grades(everybody):
    filled = fill_moodle(MOODLE, everybody, None)
    expected = MOODLE.replace(b",A,,100.00", b",A,87.5,100.00").replace(b",,3.00,100.00,Yes", b",,40,100.00,Yes")
    assert filled.content == expected
    assert filled.trouble == [
        "line 4: Moodle does not let the grade of cleo be changed; left as it is",
        "cleo has no line in the file",
    ]


def test_a_worksheet_in_another_language_with_decimal_commas(everybody):
    german = 'ID,"Vollständiger Name",Status,Bewertung,Bestwertung\n"Teilnehmer/in17",Ada,x,,"100,00"\n'.encode()
    filled = fill_moodle(german, everybody, None)
    assert b'"Teilnehmer/in17",Ada,x,"87,5","100,00"\n' in filled.content
    with pytest.raises(UnusableTemplate, match="--column names one of ID, Nimi, Hinne"):
        fill_moodle(b"ID,Nimi,Hinne\nOsaleja 17,Ada,\n", everybody, None)
    assert b"Osaleja 17,Ada,87.5\n" in fill_moodle(b"ID,Nimi,Hinne\nOsaleja 17,Ada,\n", everybody, "Hinne").content


def test_a_grade_above_moodles_maximum_is_listed(everybody):
    filled = fill_moodle(MOODLE.replace(b"100.00", b"50.00"), everybody, None)
    assert "line 2: Ada Lovelace has 87.5, above the maximum; left as it is" in filled.trouble
    with pytest.raises(UnusableTemplate, match="line 2 must begin with an identifier"):
        fill_moodle(MOODLE.replace(b"Participant 17", b"Ada"), everybody, None)


# ------------------------------------------------------------------------------------------------- one student's result

EVIL = "<script>alert(1)</script>\x00\x1b[31m]]>&\ud800"


@pytest.fixture
def reported(entry):
    checks = [
        make_check("attends", 20, 30, message=EVIL, location="line 12: q @ k", stdout=EVIL, expected="0", got="nan"),
        make_check("is quick", 0, 15, kind="timing", verdict="not judged"),
        make_check("crashes", 0, 33, verdict="crashed", message="it ended"),
        make_check("waits", 0, 4, verdict="skipped"),
    ]
    entries = [entry("ada", 29.8, checks=checks), entry("ben", 0, verdict="infra", message="the worker was lost")]
    return grade_class(Record([], entries, []), hw1("25", "26", points=10 / 3))


def test_gradescopes_results_add_up_and_hold_no_markup(reported):
    results = json.loads(gradescope(reported.students[0], reported), parse_constant=pytest.fail)
    assert results["score"] == reported.students[0].final == 0.99
    assert math.fsum(test["max_score"] for test in results["tests"]) == pytest.approx(20 / 3, abs=2e-4)
    assert [test["number"] for test in results["tests"]] == ["1.1", "1.2", "1.3", "2.1"]
    assert [test["status"] for test in results["tests"]] == ["failed"] * 4
    assert results["output_format"] == results["test_output_format"] == "text"
    assert {(test["output_format"], test["name_format"]) for test in results["tests"]} == {("text", "text")}
    assert "\x1b" not in results["output"]
    assert "987654321" not in json.dumps(results)


def test_github_classroom_gets_base64_of_what_its_reporter_sums(reported):
    content = json.loads(base64.b64decode(github(reported.students[0])), parse_constant=pytest.fail)
    assert (content["version"], content["status"], content["max_score"]) == (1, "fail", 7)
    attends, crashes, waits, resnet = content["tests"]
    assert [test["status"] for test in (attends, crashes, waits, resnet)] == ["fail", "error", "error", "fail"]
    assert (attends["filename"], attends["line_no"], attends["duration"]) == ("25.py", 12, 500)
    assert math.fsum(test["score"] for test in content["tests"]) == pytest.approx(10 / 3 * 20 / 67, abs=1e-3)


def test_junit_is_well_formed_whatever_a_student_printed(reported):
    root = ElementTree.fromstring(junit(reported))
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "7",
        "failures": "3",
        "errors": "2",
        "skipped": "2",
    }
    suite = root[0]
    assert suite.get("name") == "ada: 25-self-attention"
    assert suite[0].tag == "properties"
    failure = suite.find("testcase/failure")
    assert failure.get("type") == "wrong"
    assert "<script>alert(1)</script>" in failure.text
    assert suite.findall("testcase/error")[0].get("type") == "crashed"
    lost = next(one for one in root if one.get("name") == "ben: 25-self-attention")
    assert lost.find("testcase/error").get("type") == "infra"


def test_the_classes_json_has_blank_grades_where_the_judge_failed(reported):
    students = {one["id"]: one for one in json.loads(class_json(reported), parse_constant=pytest.fail)["students"]}
    assert (students["ben"]["final"], students["ben"]["status"]) == (None, "infra")
    assert students["ada"]["problems"]["25-self-attention"]["report"]["checks"][0]["name"] == "attends"


# ---------------------------------------------------------------------------------------------------- the whole command


@pytest.fixture
def out(tmp_path, entry):
    """A folder with the gradebook of a class of four."""
    (tmp_path / "hw1.toml").write_text('title = "HW1"\nproblems = ["25"]\n')
    nobody = Solution(None, "25.py", "x = 1", "ab" * 32)
    with Gradebook(tmp_path / "out") as book:
        entries = [(entry(name, None), nobody) for name in ("ada", "ben", "cleo")]
        unmatched = [Unmatched("dora/x.py", "dora", "no problem has that name")]
        book.enter([], entries, unmatched, seed=987654321, assignment=str(tmp_path / "hw1.toml"))
        book.keep("key of ada 25-self-attention", make_report(75, message="its answer is wrong"))
        book.keep("key of ben 25-self-attention", make_report(100))
        book.keep("key of cleo 25-self-attention", make_report(0, verdict="infra", message="/reference/25 is lost"))
    return tmp_path / "out"


def test_feedback_is_a_folder_a_student_with_nothing_about_others(out, tmp_path):
    assert export("feedback", out, packs=packs()) == SOME_LEFT
    files = {path.relative_to(out / "feedback").as_posix(): path for path in (out / "feedback").rglob("*.*")}
    each = ("ada", "ben", "cleo")
    assert set(files) == {f"{student}/feedback.{kind}" for student in each for kind in ("txt", "html")}
    ada, cleo = files["ada/feedback.txt"].read_text(), files["cleo/feedback.txt"].read_text()
    assert "75 of 100" in ada
    assert "its answer is wrong" in ada
    assert "not graded yet" in cleo
    for text in (ada, cleo, files["ada/feedback.html"].read_text(), files["cleo/feedback.html"].read_text()):
        assert not any(word in text for word in ("987654321", "/reference", "ben", "dora", "judge replay"))
    assert export("feedback", out, packs=packs(), zipped=True, to=tmp_path / "back.zip") == SOME_LEFT
    with zipfile.ZipFile(tmp_path / "back.zip") as packed:
        assert set(packed.namelist()) == set(files)


def test_results_for_gradescope_are_only_written_for_who_has_a_grade(out, capsys):
    assert export("gradescope", out, packs=packs()) == SOME_LEFT
    assert {path.parent.name for path in (out / "gradescope").rglob("results.json")} == {"ada", "ben"}
    said = capsys.readouterr().err
    assert "cleo: no grade, the judge itself failed" in said
    assert "dora: a file was not matched" in said


def test_a_template_is_filled_into_another_file(out, tmp_path, capsys):
    template = tmp_path / "grades.csv"
    template.write_bytes(b"Student,ID,Section,HW1 (1)\r\nAda,ada,,\r\nBen,ben,,\r\nCleo,cleo,,7\r\nDora,dora,,8\r\n")
    status = export("canvas", out, packs=packs(), template=template, to=tmp_path / "up.csv")
    assert status == SOME_LEFT
    assert (tmp_path / "up.csv").read_bytes() == (
        b"Student,ID,Section,HW1 (1)\r\nAda,ada,,75\r\nBen,ben,,100\r\nCleo,cleo,,7\r\nDora,dora,,8\r\n"
    )
    assert export("canvas", out, packs=packs(), template=template, column="HW2") == WRONG_USE
    assert "grades.csv: no column is called 'HW2'" in capsys.readouterr().err
    assert export("canvas", out, packs=packs()) == WRONG_USE
    assert export("canvas", out, packs=packs(), template=tmp_path / "gone.csv") == WRONG_USE


def test_grades_follow_the_assignment_as_it_is_now(out, tmp_path, capsysbinary):
    (tmp_path / "overrides.csv").write_text("student,problem,score,reason\ncleo,25,30,by hand\ndora,25,20,mailed\n")
    (tmp_path / "hw1.toml").write_text('title = "HW1"\noverrides = "overrides.csv"\nproblems = { 25 = 40 }\n')
    assert export("csv", out, packs=packs()) == ALL_GRADED
    table = csv.DictReader(io.StringIO(capsysbinary.readouterr().out.decode()))
    assert {row["student_id"]: row["final"] for row in table} == {"ada": "30", "ben": "40", "cleo": "30", "dora": "20"}
    (tmp_path / "hw1.toml").unlink()
    assert export("csv", out, packs=packs()) == WRONG_USE
    assert b"--assignment FILE names it" in capsysbinary.readouterr().err


def test_every_format_from_the_command_line(out, tmp_path, capsys):
    for what in ("csv", "json", "junit", "gradescope", "github", "feedback"):
        assert run(["export", what, str(out), "-o", str(tmp_path / what)]) == SOME_LEFT, what
        assert (tmp_path / what).exists()
    assert run(["export", "csv", str(tmp_path / "nothing")]) == WRONG_USE
    assert run(["export", "latex", str(out)]) == WRONG_USE
    assert run(["export", "csv", str(out), "-o", str(tmp_path / "no" / "folder.csv")]) == WRONG_USE
    assert run(["grade", str(tmp_path), "--assignment", str(tmp_path / "gone.toml")]) == WRONG_USE
    assert "Traceback" not in capsys.readouterr().err
