"""Downloads from learning-management systems are recognised, with whose each file is and when it came."""

import zipfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from judge.classroom.intake import Intake, Options, collect_places, open_places
from judge.classroom.places import Place
from judge.classroom.students import Student
from judge.problems import packs

from .classes import hand_in

SLUG = "25-self-attention"
PY = f"{SLUG}.py"


def taken(folder: Path, *names: str, texts: dict[str, str] | None = None, policy: str = "latest") -> Intake:
    """What is found in a folder with these files, which are called what is in them."""
    hand_in(folder, {name: f"# {name}\n" for name in names} | (texts or {}))
    return collect_places([Place.of(folder)], packs(), options=Options(policy=policy))


def matched(intake: Intake) -> dict[str, str]:
    assert {one.problem.slug for one in intake.submissions} <= {SLUG}
    return {one.student: one.shown for one in intake.submissions}


def reasons(intake: Intake) -> dict[str, str]:
    return {one.path: one.reason for one in intake.unmatched}


def test_canvas(tmp_path):
    intake = taken(
        tmp_path,
        f"lovelaceada_123_9001_{PY}",
        f"benítezjosé_LATE_124_9002_{PY}",
        "smithjo_125_9003_25.py",
        "smithjo_126_9004_25_mine.py",
        "anon_aB3_9005_25.py",
        "turingalan_127_text.html",
        "turingalan_127_9006_essay.pdf",
        "README.txt",
    )
    assert set(matched(intake)) == {"lovelaceada", "benítezjosé", "smithjo_125", "smithjo_126", "aB3"}
    assert intake.students["lovelaceada"] == Student("lovelaceada", "lovelaceada", lms_id="123")
    assert {one.student for one in intake.submissions if one.late} == {"benítezjosé"}
    left = reasons(intake)
    assert "typed into Canvas" in left["turingalan_127_text.html"]
    assert "not a .py file" in left["turingalan_127_9006_essay.pdf"]
    assert "nobody's" in left["README.txt"]


@pytest.mark.parametrize(("policy", "counts"), [("latest", "ada_1_30_25-1.py"), ("first", "ada_1_20_25.py")])
def test_canvas_files_that_were_handed_in_again(tmp_path, policy, counts):
    intake = taken(tmp_path, "ada_1_20_25.py", "ada_1_30_25-1.py", "ben_2_40_25-self-attention-2.py", policy=policy)
    assert matched(intake)["ada"] == counts
    assert matched(intake)["ben"].startswith("ben_2")
    assert not intake.unmatched
    (other,) = intake.superseded
    assert "attempt at 25-self-attention" in other.reason
    assert counts in other.reason


def test_moodle_folders(tmp_path):
    intake = taken(
        tmp_path,
        f"Ada Lovelace_501_assignsubmission_file/{PY}",
        f"Ben Smith_502_assignsubmission_file_/{PY}",
        f"Ben Smith_503_assignsubmission_file_/{PY}",
        f"Participant_504_assignsubmission_file/{PY}",
        "Ada Lovelace_501_assignsubmission_onlinetext/onlinetext.html",
    )
    assert set(matched(intake)) == {"Ada Lovelace", "Ben Smith_502", "Ben Smith_503", "Participant_504"}
    assert intake.students["Ada Lovelace"] == Student("Ada Lovelace", "Ada Lovelace", lms_id="501")
    assert list(reasons(intake).values()) == ["a text typed into Moodle; only files are graded"]


def test_moodle_flat(tmp_path):
    intake = taken(tmp_path, f"Ada Lovelace_501_assignsubmission_file_{PY}", "Ben_502_assignsubmission_file_25.py")
    assert set(matched(intake)) == {"Ada Lovelace", "Ben"}
    assert not intake.unmatched


METADATA = """\
submission_1:
  :submitters:
  - :name: Ada Lovelace
    :sid: 4711
    :email: ada@x.edu
  :created_at: 2026-04-26 17:34:00.861687000 Z
  :results: {tests: [{score: 1}]}
submission_2:
  :submitters:
  - :name: Ben
    :email: ben@x.edu
  - :sid: '0042'
  :created_at: 2026-04-26 19:34:00 +02:00
submission_3:
  :submitters: []
  :created_at: soon
submission_4:
  :submitters:
  - :name: Dora
"""


def test_gradescope(tmp_path):
    intake = taken(
        tmp_path / "assignment_77_export",
        *(f"submission_{number}/{PY}" for number in (1, 2, 3, 9)),
        texts={"submission_metadata.yml": METADATA, "submission_2/hello.txt": ""},
    )
    people = {"ada@x.edu": 1, "ben@x.edu": 2, "0042": 2, "submission_3": 3, "submission_9": 9}
    assert matched(intake) == {who: f"submission_{number}/{PY}" for who, number in people.items()}
    assert intake.students["ada@x.edu"] == Student("ada@x.edu", "Ada Lovelace", "ada@x.edu", "4711")
    assert intake.students["0042"] == Student("0042", None, None, "0042", "submission_2")
    times = {one.student: one.submitted_at for one in intake.submissions}
    assert times["ben@x.edu"] == datetime(2026, 4, 26, 17, 34, tzinfo=UTC)
    assert times["submission_3"] is None
    assert "not there" in reasons(intake)["submission_4"]
    assert [one.student for one in intake.unmatched if one.path.endswith("hello.txt")] == ["ben@x.edu", "0042"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "- 1",
        "submission_1: 3",
        "submission_1: {:submitters: {a: b}}",
        "submission_1: {:submitters: [[1], null, {:name: [x]}]}",
        "!!python/object/apply:os.system ['touch /tmp/x']",
        "? [a, b]\n: 1",
        "a: 2026-99-99",
        "[" * 5000,
        "\0",
    ],
)
def test_gradescope_with_metadata_that_says_nothing(tmp_path, text):
    intake = taken(tmp_path, f"submission_1/{PY}", texts={"submission_metadata.yml": text})
    assert matched(intake) == {"submission_1": f"submission_1/{PY}"}


def test_nbgrader_submitted(tmp_path):
    stamps = {
        "submitted/ada/hw1/timestamp.txt": "2026-02-02 15:58:23.948203 America/New_York\n",
        "submitted/ben/hw1/timestamp.txt": "2026-02-02 15:58:23 UTC",
        "submitted/cleo/hw1/timestamp.txt": "2026-02-02T15:58:23+01:00",
        "submitted/dora/hw1/timestamp.txt": "yesterday ../../x",
        "source/hw1/hw.txt": "",
    }
    intake = taken(tmp_path, *(f"submitted/{who}/hw1/25.py" for who in ("ada", "ben", "cleo", "dora")), texts=stamps)
    assert {one.student: one.submitted_at and one.submitted_at.hour for one in intake.submissions} == {
        "ada": 20, "ben": 15, "cleo": 14, "dora": None,
    }  # fmt: skip
    assert not intake.unmatched


def test_nbgrader_inbound(tmp_path):
    intake = taken(
        tmp_path,
        "a+b+hw1+2026-02-02 15:58:23.9 UTC/25.py",
        "a+b+hw1+2026-02-03 15:58:23.9 UTC+x7/25.py",
        "ben+hw1+2026-02-03 15:58:23.9 UTC+x8/25.py",
    )
    assert matched(intake)["a+b"] == "a+b+hw1+2026-02-03 15:58:23.9 UTC+x7/25.py"
    assert [one.path for one in intake.superseded] == ["a+b+hw1+2026-02-02 15:58:23.9 UTC/25.py"]
    assert "an earlier attempt" in intake.superseded[0].reason


def test_one_flat_folder(tmp_path):
    intake = taken(
        tmp_path, "ada_25-self-attention.py", "ben_s_25_self_attention.py", "7_25-self-attention.py", "cl_25.py", "x.py"
    )
    assert set(matched(intake)) == {"ada", "ben_s", "7", "cl"}
    assert "no student's name" in reasons(intake)["x.py"]


@pytest.mark.parametrize("name", ["25_self_attention.py", "25_2.py", "25.py", "25-self_attention_2.py"])
def test_one_persons_files_are_not_taken_for_a_class(tmp_path, name):
    assert set(matched(taken(tmp_path / "ada", name))) == {"ada"}


def test_a_file_of_a_student_does_not_change_how_the_class_is_read(tmp_path):
    names = ["ada/25.py", "ben/25.py", "ben/submission_metadata.yml", "ben/x/timestamp.txt", "ben/submitted/a/25.py"]
    assert set(matched(taken(tmp_path, *names, "x_1_2_25.py", "y_1_assignsubmission_file_25.py"))) == {"ada", "ben"}


@pytest.mark.parametrize("around", ["", "hw1/", "course/hw1/"])
def test_folders_around_everything_in_a_zip(tmp_path, around):
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        archive.writestr(f"{around}Ada_501_assignsubmission_file/25.py", "x = 1")
    with ExitStack() as stack:
        places, found = open_places([tmp_path / "class.zip"], stack)
        assert set(matched(collect_places(places, packs(), found))) == {"Ada"}


def test_two_places_with_files_of_one_student(tmp_path):
    first = hand_in(tmp_path / "one", {"ada_25.py": "x = 1", "ben_25.py": ""})
    second = hand_in(tmp_path / "two", {"ada_26.py": "x = 2", "ben_25.py": ""})
    intake = collect_places([Place.of(first, "one"), Place.of(second, "two")], packs())
    assert {(one.student, one.problem.number) for one in intake.submissions} == {("ada", 25), ("ada", 26), ("ben", 25)}
    assert list(reasons(intake)) == ["two/ben_25.py"]
