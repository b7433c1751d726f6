"""The roster says who is in the class: who handed something in is found on it, and nobody is guessed."""

import csv
from pathlib import Path

import pytest

from judge.classroom import ALL_GRADED, SOME_LEFT, WRONG_USE, Options
from judge.classroom.roster import Roster, UnusableRoster, join, read_roster
from judge.classroom.students import Student
from judge.cli import run

from .classes import RIGHT, WRONG, Class, hand_in, tiny_pack

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,HW1 (17),Current Score
,,,,,Manual Posting,
"    Points Possible",,,,,100.00,(read only)
"Lovelace, Ada",123,s1,ada@x.edu,A,,
"Benítez, José",124,s2,jose@x.edu,A,,
"Student, Test",999,,abc,A,,
"""


def roster(tmp_path: Path, text: str, key: str | None = None) -> Roster:
    path = tmp_path / "roster.csv"
    path.write_bytes(text.encode())
    return read_roster(path, key)


def who(tmp_path: Path, text: str, *people: Student, key: str | None = None) -> dict[str, str | None]:
    """Who is who on a roster with this text; None for strangers."""
    joined = join(roster(tmp_path, text, key), people)
    return {id_: None if one.id in joined.strangers else one.id for id_, one in joined.students.items()}


@pytest.mark.parametrize(
    ("heading", "ids"),
    [
        ("name,student_id,email", ["1", "2"]),
        ("Name;Student ID;E-Mail", ["1", "2"]),
        ("x,SID,y", ["1", "2"]),
        ("Username,x,y", ["Ada", "Ben"]),
        ("Full name,nothing,Email address", ["a@x", "b@x"]),
    ],
)
def test_the_column_with_the_ids_is_told_by_its_title(tmp_path, heading, ids):
    sign = ";" if ";" in heading else ","
    rows = [heading, sign.join(["Ada", "1", "a@x"]), "", sign.join(["Ben", "2", "b@x"])]
    assert [one.id for one in roster(tmp_path, "\r\n".join(rows)).students] == ids


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ("", None, "names nobody"),
        ("id,name\n", None, "names nobody"),
        ("who,what\nada,1\n", None, "--key names one of: who, what"),
        ("id,username,email\n1,ada,a@x\n", None, "--key names one of: id, username, email"),
        ("id,name\n1,Ada\n", "sid", "no column is called 'sid'; there are: id, name"),
        ("id,id\n1,Ada\n", "id", "2 columns are called 'id'"),
        ("id,name\n1,Ada\n,Ben\n", None, "line 3: id is empty"),
        ("id,name\nA1,Ada\n\na1 ,Ben\n", None, "line 4: a1 is in line 2 already"),
        ("id\0,name\n1,Ada\n", None, "CSV UTF-8"),
        ("PK\x03\x04", None, "a spreadsheet or a zip"),
    ],
)
def test_a_roster_that_says_too_little_is_refused_in_one_line(tmp_path, text, key, says):
    with pytest.raises(UnusableRoster) as caught:
        roster(tmp_path, text, key)
    assert says in str(caught.value)
    assert str(caught.value).startswith("roster.csv: ")


def test_canvas_own_export_is_a_roster(tmp_path):
    students = roster(tmp_path, CANVAS).students
    assert students == (
        Student("s1", "Ada Lovelace", "ada@x.edu", "123"),
        Student("s2", "José Benítez", "jose@x.edu", "124"),
    )
    assert [one.id for one in roster(tmp_path, CANVAS, "ID").students] == ["123", "124"]
    some_without = CANVAS.replace("s2", "")
    assert [one.id for one in roster(tmp_path, some_without).students] == ["123", "124"]
    two_names = "LastName,FirstName,ID,Section,HW\nLovelace,Ada,123,A,\nStudent,Test,9,A,\n"
    assert roster(tmp_path, two_names).students == (Student("123", "Ada Lovelace", None, "123"),)


def test_people_are_found_by_id_address_number_and_exact_name(tmp_path):
    text = "id,name,email,lms_id\nal1,Ada Lovelace,ada@x.edu,123\nbs2,Ben Smith,ben@x.edu,124\n"
    people = {
        "AL1": Student("AL1"),
        "ada@x.edu": Student("ada@x.edu", "A. L.", "ada@x.edu"),
        "lovelaceada": Student("lovelaceada", "lovelaceada", lms_id="123"),
        "someone": Student("someone", "someone", lms_id="123"),
        "ADA  lovelace": Student("ADA  lovelace"),
        "Lovelace, Ada": Student("Lovelace, Ada"),
    }
    for name, person in people.items():
        assert who(tmp_path, text, person) == {name: "al1"}
    for stranger in ("Ada", "Ada Lovelac", "adal", "12", "Ben  Smyth"):
        assert who(tmp_path, text, Student(stranger)) == {stranger: None}


def test_canvas_names_are_found_although_canvas_leaves_signs_out(tmp_path):
    people = [Student("obrienmaryann", "obrienmaryann", lms_id="7"), Student("benítezjosé", "benítezjosé", lms_id="8")]
    text = "sid,First Name,Last Name\n1,Mary-Ann,O'Brien\n2,José,Benítez\n"
    assert who(tmp_path, text, *people) == {"obrienmaryann": "1", "benítezjosé": "2"}


def test_nobody_is_guessed(tmp_path):
    twins = "id,name,email\n1,Ben Smith,b1@x\n2,ben smith,b2@x\n3,Ada L,a@x\n"
    assert who(tmp_path, twins, Student("Ben Smith")) == {"Ben Smith": None}
    assert who(tmp_path, twins, Student("Ben Smith", "Ben Smith", "b2@x")) == {"Ben Smith": "2"}
    two_adas = [Student("Ada L_501", "Ada L", lms_id="501"), Student("Ada L_502", "Ada L", lms_id="502")]
    assert who(tmp_path, twins, *two_adas) == {"Ada L_501": None, "Ada L_502": None}
    # Moodle's participant 3 is nobody's student number; where name and number disagree, somebody must look.
    assert who(tmp_path, twins, Student("Participant_3", "Participant", lms_id="3")) == {"Participant_3": None}
    assert who(tmp_path, twins, Student("1", "Ada L")) == {"1": None}


def test_other_columns_with_ids_identify_too(tmp_path):
    text = "student_id,username,name\n17,al,Ada\n18,bs,Ben\n"
    people = [Student("al"), Student("Participant_17", "Participant", lms_id="17"), Student("18")]
    assert who(tmp_path, text, *people, key="student_id") == {"al": "17", "Participant_17": None, "18": "18"}


def test_a_number_that_gradescope_knows_is_the_schools(tmp_path):
    person = Student("ada@home.org", "A.", "ada@home.org", "0042")
    assert who(tmp_path, "SID,Name\n0042,Ada\n", person) == {"ada@home.org": "0042"}


def table(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {next(iter(row.values())): row for row in rows}


def test_who_is_missing_has_0_and_a_stranger_is_listed(tmp_path):
    files = {"al1/991.py": RIGHT, "Ben Smith/991.py": WRONG, "zoe/991.py": RIGHT, "dan/notes.txt": ""}
    some = Class(hand_in(tmp_path / "class", files), tmp_path / "out", tiny_pack(tmp_path / "tiny"))
    text = "id,name,email\nal1,Ada,a@x\nbs2,Ben Smith,b@x\nce3,Cleo,=1+1\ndan,Dan,d@x\n"
    options = Options(roster=roster(tmp_path, text))
    assert some.grade(options=options) == SOME_LEFT
    grades = table(tmp_path / "out" / "grades.csv")
    assert {id_: (row["status"], row["final"]) for id_, row in grades.items()} == {
        "al1": ("graded", "100"),
        "bs2": ("graded", "0"),
        "ce3": ("missing", "0"),
        "dan": ("unmatched", ""),
        "zoe": ("graded", "100"),
    }
    assert (grades["bs2"]["name"], grades["bs2"]["email"], grades["ce3"]["email"]) == ("Ben Smith", "b@x", "'=1+1")
    assert "Missing: ce3 (Cleo)\n" in some.text
    assert "zoe: nobody there is called so" in some.text
    found = table(tmp_path / "out" / "intake.csv")
    assert {path: (row["student"], row["status"]) for path, row in found.items()} == {
        "al1/991.py": ("al1", "graded"),
        "Ben Smith/991.py": ("bs2", "graded"),
        "zoe/991.py": ("zoe", "graded"),
        "dan/notes.txt": ("dan", "unmatched"),
    }
    assert found["zoe/991.py"]["reason"] == "not on the roster: nobody there is called so"


def test_who_is_missing_changes_no_exit_status(tmp_path):
    some = Class(hand_in(tmp_path / "class", {"ada/991.py": RIGHT}), tmp_path / "out", tiny_pack(tmp_path / "tiny"))
    assert some.grade(options=Options(roster=roster(tmp_path, "id\nada\nben\n"))) == ALL_GRADED


@pytest.mark.parametrize(
    "arguments", [["--roster", "class.zip"], ["--key", "id"], ["--roster", "roster.csv", "--key", "nobody"]]
)
def test_wrong_use_is_told_in_one_line(tmp_path, arguments, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hand_in(tmp_path, {"class/ada/25.py": RIGHT, "roster.csv": "id\nada\n"})
    assert run(["grade", "class", *arguments]) == WRONG_USE
    assert len(capsys.readouterr().err.splitlines()) == 1
