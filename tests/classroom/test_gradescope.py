"""The zip for Gradescope runs in Gradescope's layout, with judge and the problems from the zip alone."""

import json
import os
import shutil
import subprocess
import sys
import zipfile

import pytest

from judge.classroom.assignment import read_assignment
from judge.classroom.gradescope import read_metadata
from judge.cli import run
from judge.problems import packs

from .classes import GONE, RIGHT, hand_in, tiny_pack
from .notebooks import notebook

METADATA = {
    "id": 1,
    "created_at": "2026-05-02T20:00:00.123456-07:00",
    "assignment": {"id": 2, "title": "HW", "total_points": "50.0"},
    "users": [{"id": 7, "email": "ada@x.edu", "name": "Ada"}],
}
READER = """
import pathlib

def double(x):
    root = pathlib.Path({root!r})
    for path in (root / "source/packs/tiny/reference/991-double/solution.py", root / "source/settings.json"):
        try:
            raise ValueError("it could be read: " + path.read_text())
        except OSError:
            pass
    return 3 * x
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """/autograder after the upload, with the current Python instead of what setup.sh installs."""
    folder = tmp_path_factory.mktemp("gradescope")
    tiny_pack(folder / "tiny")
    (folder / "hw.toml").write_text(
        'title = "HW"\ndue = 2026-05-02T23:59:00Z\nproblems = { 991 = 50 }\nlate = { percent_per_day = 10 }\n'
    )
    zipped = folder / "autograder.zip"
    arguments = ["gradescope-pack", str(folder / "hw.toml"), "-o", str(zipped), "--device", "cpu"]
    assert run([*arguments, "--problems", str(folder / "tiny"), "--require-isolation", "L0"]) == 0
    with zipfile.ZipFile(zipped) as archive:
        modes = {one.filename: one.external_attr >> 16 for one in archive.infolist()}
        assert modes["setup.sh"] & modes["run_autograder"] & 0o111
        assert "judge/grading.py" in modes
        assert "packs/tiny/reference/991-double/solution.py" in modes
        assert not [name for name in modes if "992" in name or "25-" in name or "pycache" in name]
        archive.extractall(folder / "autograder" / "source")
    (folder / "tiny").rename(folder / "gone")  # all that is needed is in the zip
    return folder / "autograder"


def grade(root, files, metadata=METADATA):
    shutil.rmtree(root / "submission", ignore_errors=True)
    hand_in(root / "submission", files)
    (root / "submission_metadata.json").write_text(json.dumps(metadata))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"JUDGE_AUTOGRADER_ROOT": str(root), "JUDGE_AUTOGRADER_PYTHON": sys.executable}
    command = ["bash", str(root / "source" / "run_autograder")]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    results = root / "results" / "results.json"
    return done, json.loads(results.read_text()) if results.exists() else None


def test_a_right_solution_that_is_a_day_late(root):
    done, results = grade(root, {"991-double.py": RIGHT, "notes.py": ""})
    assert done.returncode == 0, done.stderr
    assert results["score"] == 45
    assert [(one["score"], one["max_score"], one["status"]) for one in results["tests"]] == [(50, 50, "passed")]
    assert "1 day late: -5" in results["output"]
    assert "Not graded: notes.py: no problem called" in results["output"]


def test_a_solution_cannot_read_the_reference_or_the_seed(root):
    done, results = grade(root, {"src/991.py": READER.format(root=str(root))})
    assert done.returncode == 0, done.stderr
    assert results["score"] == 0
    assert "could be read" not in json.dumps(results)
    seed = json.loads((root / "source" / "settings.json").read_text())["seed"]
    assert str(seed) not in json.dumps(results) + done.stdout


def test_a_notebook_and_a_file_with_any_name_are_found_by_what_they_define(root):
    _, results = grade(root, {"homework.ipynb": notebook("import wandb", RIGHT, "print(double(3))")})
    assert results["tests"][0]["status"] == "passed"
    assert "homework.ipynb: 1 statement left out: cell 3: print(double(3))" in results["output"]
    _, results = grade(root, {"solution.py": RIGHT})
    assert results["tests"][0]["status"] == "passed"


def test_nothing_handed_in_is_zero_but_a_failure_of_the_judge_is_no_result(root):
    _, results = grade(root, {"readme.py": "x = 1\n"}, metadata={})
    assert results["score"] == 0
    assert results["tests"][0]["output"] == "Nothing was handed in."
    reference = root / "source" / "packs" / "tiny" / "reference" / "991-double" / "solution.py"
    kept = reference.read_text()
    reference.write_text(GONE)
    try:
        done, results = grade(root, {"991.py": RIGHT})
    finally:
        reference.write_text(kept)
    assert (done.returncode, results) == (3, None)
    assert "the judge failed, so there are no results" in done.stderr
    assert "Traceback" not in done.stderr


def test_of_a_group_the_one_with_an_extension_counts(tmp_path):
    (tmp_path / "hw.toml").write_text(
        'title = "HW"\ndue = 2026-05-02T23:59:00Z\nproblems = ["25"]\nlate.extensions = { "ben@x.edu" = 2 }\n'
    )
    users = [{"id": 1, "email": "ada@x.edu"}, {"id": 2, "email": "ben@x.edu", "name": "Ben"}]
    (tmp_path / "metadata.json").write_text(json.dumps(METADATA | {"users": users}))
    metadata = read_metadata(tmp_path / "metadata.json", read_assignment(tmp_path / "hw.toml", packs()))
    assert metadata.student.name == "Ben"
    assert metadata.submitted_at.utcoffset().total_seconds() == -7 * 3600


def test_an_assignment_that_cannot_be_read_is_wrong_use(tmp_path, capsys):
    assert run(["gradescope-pack", str(tmp_path / "gone.toml")]) == 2
    assert "cannot be read" in capsys.readouterr().err
