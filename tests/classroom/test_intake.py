"""Which files of a folder are graded; and nothing is dropped silently."""

from pathlib import Path

import pytest

from judge.classroom.intake import Intake, collect
from judge.problems import packs

SMALL = Path(__file__).parent / "small"


def put(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
    return folder


def matched(intake: Intake) -> dict[str, str]:
    return {f"{one.student}/{one.path.name}": one.problem.slug for one in intake.submissions}


def reasons(intake: Intake) -> dict[str, str]:
    return {one.path: one.reason for one in intake.unmatched}


def test_the_small_class():
    intake = collect(SMALL, packs())
    assert {(one.student, one.problem.slug) for one in intake.submissions} == {
        ("ada", "25-self-attention"),
        ("ben", "25-self-attention"),
        ("chen", "25-self-attention"),
    }
    assert reasons(intake) == {"dora/attention.py": "no problem has that name; did you mean 25-self-attention.py?"}


@pytest.mark.parametrize(
    "name",
    [
        "25-self-attention.py",
        "25_self_attention.py",
        "25.py",
        "25-Self-Attention.py",
        "25-self-attention (1).py",
        "25-x.py",
    ],
)
def test_names_that_are_understood(tmp_path, name):
    intake = collect(put(tmp_path, name), packs())
    assert matched(intake) == {f"{tmp_path.name}/{name}": "25-self-attention"}
    assert not intake.unmatched


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("999.py", "no problem 999"),
        ("attention.py", "did you mean 25-self-attention.py?"),
        ("homework.py", "judge list"),
        ("25-self-attention.ipynb", "not a .py file"),
        ("250-self-attention.py", "no problem 250"),
        ("25nd.py", "judge list"),
        ("data", "not a .py file"),
    ],
)
def test_what_is_not_understood_is_listed_with_the_reason(tmp_path, name, reason):
    intake = collect(put(tmp_path, name, "25.py"), packs())
    assert reason in reasons(intake)[name]
    assert len(intake.submissions) == 1


def test_a_number_and_a_name_that_contradict_each_other_are_not_guessed(tmp_path):
    pack = tmp_path / "pack"
    for slug in ("1-red", "2-blue"):
        put(pack, f"problems/{slug}/checks.py", f"problems/{slug}/stub.py", f"reference/{slug}/solution.py")
        (pack / "problems" / slug / "problem.toml").write_text(
            'title = "A"\nsource = "A.1"\ntags = []\ndifficulty = "easy"\nminutes = 1\nrequires = []\n'
        )
    intake = collect(put(tmp_path / "handed-in", "990.py", "2-red.py"), packs([pack]))
    assert "the name is that of pack/1-red" in reasons(intake)["2-red.py"]


def test_of_two_files_for_one_problem_the_nearer_name_is_taken_and_the_other_listed(tmp_path):
    intake = collect(put(tmp_path, "ada/25.py", "ada/25-self-attention.py", "ada/25-self-attention (2).py"), packs())
    assert matched(intake) == {"ada/25-self-attention.py": "25-self-attention"}
    assert len(intake.unmatched) == 2
    assert all("25-self-attention.py was taken" in reason for reason in reasons(intake).values())


def test_in_a_class_everything_has_an_owner_or_is_listed(tmp_path):
    put(tmp_path, "ada/25.py", "ben/notes/25.py", "README.md", "25.py")
    (tmp_path / "cleo").mkdir()
    intake = collect(tmp_path, packs())
    assert matched(intake) == {"ada/25.py": "25-self-attention"}
    assert set(reasons(intake)) == {"ben/notes", "README.md", "25.py", "cleo"}
    assert reasons(intake)["cleo"] == "an empty folder"
    assert "beside the students' folders" in reasons(intake)["25.py"]


def test_hidden_and_compiled_files_and_the_results_of_an_earlier_run_are_left_out(tmp_path):
    put(tmp_path, "ada/25.py", "ada/.DS_Store", "ada/__pycache__/25.pyc", ".git/config", "out/ada.txt", "out/x.py")
    intake = collect(tmp_path, packs(), leave_out=tmp_path / "out")
    assert matched(intake) == {"ada/25.py": "25-self-attention"}
    assert not intake.unmatched


def test_a_folder_that_is_a_link_is_refused(tmp_path):
    put(tmp_path, "class/ada/25.py", "elsewhere/25.py")
    (tmp_path / "class" / "mallory").symlink_to(tmp_path / "elsewhere")
    intake = collect(tmp_path / "class", packs())
    assert matched(intake) == {"ada/25.py": "25-self-attention"}
    assert "a link" in reasons(intake)["mallory"]
