"""What is in the gradebook is judged again, without the files."""

import io
import shutil

import pytest
from rich.console import Console

from judge.classroom import ALL_GRADED, JUDGE_FAILED, WRONG_USE, LocalEngine
from judge.classroom.regrade import regrade
from judge.cli import run
from judge.problems import packs

from .classes import GONE, RIGHT, WRONG, Class, hand_in, tiny_pack


@pytest.fixture
def judged(tmp_path):
    """Ada is right and Ben and Cleo wrong; then the solutions are gone and the reference is what Ben wrote."""
    pack = tiny_pack(tmp_path / "tiny")
    files = {"ada/991.py": RIGHT, "ben/991.py": WRONG, "cleo/991.py": f"{WRONG}\n"}
    judged = Class(hand_in(tmp_path / "class", files), tmp_path / "out", pack)
    (tmp_path / "hw.toml").write_text('title = "HW"\nproblems = { 991 = 50 }\n')
    assert judged.grade(assignment=tmp_path / "hw.toml") == ALL_GRADED
    shutil.rmtree(tmp_path / "class")
    judged.reference = pack / "reference" / "991-double" / "solution.py"
    judged.reference.write_text(WRONG)
    return judged


def again(judged, **chosen):
    page = io.StringIO()
    root = judged.reference.parents[2]
    status = regrade(
        judged.out,
        packs=packs([root]),
        engine=LocalEngine(["cpu"], 2, "L0"),
        console=Console(file=page, width=90),
        **chosen,
    )
    return status, page.getvalue()


def test_a_dry_run_shows_who_would_move_and_stores_nothing(judged):
    before = judged.results
    status, dry = again(judged, dry_run=True)
    assert status == ALL_GRADED
    rows = [line.split() for line in dry.splitlines()]
    assert ["ada", "tiny/991-double", "50", "0", "50", "to", "0"] in rows
    assert ["ben", "tiny/991-double", "0", "50", "0", "to", "50"] in rows
    assert "3 judged again: 2 up, 1 down, 0 the same" in dry
    assert judged.results == before
    status, wet = again(judged)
    assert wet == dry.replace("A dry run: nothing was stored.\n", "")
    assert {name: one["score"] for name, one in judged.by_student.items()} == {"ada": 0, "ben": 100, "cleo": 100}
    assert "50" in (judged.out / "grades.csv").read_text()
    assert judged.results["seed"] == before["seed"]
    assert again(judged)[1].strip() == "3 judged again: 0 up, 0 down, 3 the same"


def test_only_what_fits_is_judged_again(judged):
    assert "1 judged again: 1 up" in again(judged, students=["ben"], dry_run=True)[1]
    assert "2 judged again: 2 up" in again(judged, verdicts=["wrong"], problems=["double"])[1]
    assert {name: one["score"] for name, one in judged.by_student.items()} == {"ada": 100, "ben": 100, "cleo": 100}
    assert again(judged, verdicts=["timeout"])[0] == ALL_GRADED


def test_where_the_judge_fails_the_earlier_report_stays(judged):
    judged.reference.write_text(GONE)
    status, text = again(judged)
    assert status == JUDGE_FAILED
    assert "0 judged again: 0 up, 0 down, 0 the same, 3 not judged: the judge itself failed" in text
    assert {name: one["score"] for name, one in judged.by_student.items()} == {"ada": 100, "ben": 0, "cleo": 0}


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"students": ["adaa"]}, "no student of the class is called 'adaa'"),
        ({"verdicts": ["slowly"]}, "there is no verdict 'slowly'; there are passed"),
        ({"problems": ["992"]}, "no problem called '992'"),
    ],
)
def test_wrong_use_is_one_line(judged, chosen, said, capsys):
    assert again(judged, **chosen)[0] == WRONG_USE
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_the_command_knows_problems_and_devices_from_the_gradebook(judged, capsys):
    arguments = ["regrade", str(judged.out), "--student", "ben", "--dry-run", "--require-isolation", "L0"]
    assert run(arguments) == ALL_GRADED
    assert "1 judged again: 1 up, 0 down" in capsys.readouterr().out
    assert run(["regrade", str(judged.out / "nothing")]) == WRONG_USE
    assert "there is no gradebook in" in capsys.readouterr().err
