"""A folder is graded by the real judge."""

import csv
import shutil
from pathlib import Path

import pytest

from judge.classroom import ALL_GRADED, JUDGE_FAILED, SOME_LEFT, WRONG_USE, Options
from judge.problems import packs

from .classes import CHECKS, RIGHT, WRONG, Class, hand_in, tiny_pack

SMALL = Path(__file__).parent / "small"


def test_the_small_class(tmp_path):
    shutil.copytree(SMALL, tmp_path / "class")
    hand_in(tmp_path / "class", {"emil/25.py": packs().find("25").stub})
    small = Class(tmp_path / "class", tmp_path / "out")
    assert small.grade(devices=["cpu", "sim"]) == SOME_LEFT, small.text  # dora's second file is no solution
    ada, ben, chen, dora, emil = (small.by_student[name] for name in ("ada", "ben", "chen", "dora", "emil"))
    assert (ada["accepted"], ada["score"]) == (True, 100)
    assert 0 < ben["score"] < 100
    assert [one["mistake"] for one in ben["diagnosis"]] == ["no_scaling"]
    assert (chen["score"], chen["verdict"]) == (0, "error")
    assert "syntax error" in chen["message"]
    assert (emil["score"], emil["untouched"]) == (0, True)
    assert dora["problem"] == "25-self-attention"  # her file is called attention.py: what it defines tells
    assert [one["path"] for one in small.results["unmatched"]] == ["dora/scratch.py"]
    assert "dora/scratch.py" in small.text
    assert "sqrt" in (tmp_path / "out" / "ben.txt").read_text()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Class:
    """A class of five, with a link to another's work and a problem that the judge cannot judge; graded once."""
    folder = tmp_path_factory.mktemp("graded")
    files = {"ada/991.py": RIGHT, "ben/991-double.py": WRONG, "cleo/991.py": WRONG, "dora/991.py": ""}
    hand_in(folder / "class", {**files, "emil/992.py": RIGHT, "mallory/x.py": ""})
    (folder / "class" / "mallory" / "991.py").symlink_to(folder / "class" / "ada" / "991.py")
    tiny = Class(folder / "class", folder / "out", tiny_pack(folder / "tiny"))
    tiny.status = tiny.grade()
    return tiny


def test_everybody_gets_what_they_earned(tiny):
    scores = {student: one["score"] for student, one in tiny.by_student.items()}
    assert scores == {"ada": 100, "ben": 0, "cleo": 0, "dora": 0, "emil": None, "mallory": 0}
    assert tiny.by_student["dora"]["message"] == "the file is empty"
    assert {path.name for path in tiny.out.glob("*.txt")} == {f"{student}.txt" for student in scores}


def test_a_link_out_of_the_students_folder_is_refused(tiny):
    assert "link" in tiny.by_student["mallory"]["message"]


def test_the_same_text_is_judged_once(tiny):
    ben, cleo = tiny.by_student["ben"], tiny.by_student["cleo"]
    assert (ben["started_at"], ben["seconds"]) == (cleo["started_at"], cleo["seconds"])
    assert ben["file"].endswith("ben/991-double.py")
    assert cleo["file"].endswith("cleo/991.py")


def test_what_the_judge_cannot_judge_is_no_zero(tiny):
    assert tiny.status == JUDGE_FAILED
    assert tiny.by_student["emil"]["verdict"] == "infra"
    assert "5 graded" in tiny.text
    assert "1 not judged (!)" in tiny.text


def test_one_persons_files_with_the_results_among_them(tmp_path):
    folder = hand_in(tmp_path / "mine", {"991-double.py": RIGHT})
    mine = Class(folder, folder / "out", tiny_pack(tmp_path / "tiny"))
    assert mine.grade() == ALL_GRADED
    assert mine.by_student["mine"]["score"] == 100
    assert mine.results["seed"] > 2**20  # a secret: nothing that anybody would try
    (folder / "992.txt").write_text("")
    assert mine.grade(seed=12) == SOME_LEFT
    assert mine.results["seed"] == 12
    assert [one["path"] for one in mine.results["unmatched"]] == ["992.txt"]


def test_every_attempt_is_judged_where_the_best_one_counts(tmp_path):
    files = {"ada_1_20_991.py": RIGHT, "ada_1_30_991-1.py": WRONG, "ben_2_40_991.py": WRONG, "ben_2_50_991-1.py": ""}
    some = Class(hand_in(tmp_path / "class", files), tmp_path / "out", tiny_pack(tmp_path / "tiny"))
    assert some.grade(options=Options(policy="best")) == ALL_GRADED
    assert [(one["student"], one["score"]) for one in some.results["results"]] == [
        ("ada", 100), ("ada", 0), ("ben", 0), ("ben", 0),
    ]  # fmt: skip
    wrong = {
        one["started_at"] for one in some.results["results"] if one["file"].endswith(("_30_991-1.py", "40_991.py"))
    }
    assert len(wrong) == 1  # two attempts of the same text, judged once
    with (tmp_path / "out" / "grades.csv").open() as table:
        assert {row["student_id"]: row["final"] for row in csv.DictReader(table)} == {"ada": "100", "ben": "0"}
    assert some.grade() == ALL_GRADED  # the latest counts, and nothing is judged again
    assert [(one["student"], one["score"]) for one in some.results["results"]] == [("ada", 0), ("ben", 0)]
    assert "2 other attempts at a problem did not count" in some.text
    with (tmp_path / "out" / "intake.csv").open() as table:
        assert {row["path"]: row["status"] for row in csv.DictReader(table)} == {
            "ada_1_20_991.py": "superseded",
            "ada_1_30_991-1.py": "graded",
            "ben_2_40_991.py": "superseded",
            "ben_2_50_991-1.py": "graded",
        }


def test_what_was_found_is_written_also_where_nothing_can_be_graded(tmp_path, capsys):
    some = Class(hand_in(tmp_path / "class", {"ada/=cmd|x!A1.py": "x = 1\n", "ben/991.txt": ""}), tmp_path / "out")
    assert some.grade() == WRONG_USE
    with (tmp_path / "out" / "intake.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert {row["path"]: row["status"] for row in rows} == {"ada/=cmd|x!A1.py": "unmatched", "ben/991.txt": "unmatched"}
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["intake.csv"]


@pytest.mark.parametrize("path", ["missing", "class/ada/991.py", "empty"])
def test_wrong_use_is_told_in_one_line(tmp_path, path, capsys):
    hand_in(tmp_path / "class", {"ada/991.py": RIGHT})
    (tmp_path / "empty").mkdir()
    assert Class(tmp_path / path, None, tiny_pack(tmp_path / "tiny")).grade() == WRONG_USE
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_results_do_not_replace_the_solutions(tmp_path, capsys):
    folder = hand_in(tmp_path / "class", {"ada/991.py": RIGHT})
    assert Class(folder, folder, tiny_pack(tmp_path / "tiny")).grade() == WRONG_USE
    assert "choose another --out" in capsys.readouterr().err


def test_a_broken_gradebook_is_told_in_one_line_and_nothing_is_lost(tmp_path, capsys):
    folder = hand_in(tmp_path / "class", {"ada/991.py": RIGHT})
    hand_in(tmp_path / "out", {"gradebook.sqlite": "photos of my holidays\n" * 99})
    assert Class(folder, tmp_path / "out", tiny_pack(tmp_path / "tiny")).grade() == WRONG_USE
    (line,) = capsys.readouterr().err.splitlines()
    assert "move it away or choose another folder" in line
    assert (tmp_path / "out" / "gradebook.sqlite").read_text() == "photos of my holidays\n" * 99


def test_what_is_not_part_of_the_assignment_is_listed_and_skipped_kinds_cost_nothing(tmp_path, capsys):
    pack = tiny_pack(tmp_path / "tiny")
    checks = pack / "problems" / "991-double" / "checks.py"
    late = CHECKS.replace("doubles", "doubles_again").partition("import check\n")[2].replace('"values"', '"shape"')
    checks.write_text(CHECKS.replace("points=100", "points=60") + late.replace("points=100", "points=40"))
    files = {"ada/991.py": WRONG, "ada/25.py": RIGHT, "ben/991.py": RIGHT}
    some = Class(hand_in(tmp_path / "class", files), tmp_path / "out", pack)
    assignment = tmp_path / "hw.toml"
    assignment.write_text('title = "HW"\nskip = ["shape"]\nproblems = { 991 = 50 }\n')
    assert some.grade(assignment=assignment) == SOME_LEFT
    assert "ada/25.py: 25-self-attention is not part of HW" in some.text
    assert [len(one["checks"]) for one in some.by_student.values()] == [1, 1]
    table = (tmp_path / "out" / "grades.csv").read_text()
    assert '"ben","","","","","","",50,0,"",50,"graded",50\n' in table
    assignment.write_text('title = "HW"\nskip = ["shape", "values"]\nproblems = { 991 = 50 }\n')
    capsys.readouterr()
    assert some.grade(assignment=assignment) == WRONG_USE
    assert "skip: shape, values is all that tiny/991-double is judged on" in capsys.readouterr().err
