"""Which files of a folder are graded; and nothing is dropped silently."""

from pathlib import Path

import pytest

from judge.classroom.assignment import Assignment
from judge.classroom.intake import Intake, Options, collect, collect_places
from judge.classroom.places import Place
from judge.problems import packs

from .notebooks import notebook

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
        ("dora", "25-self-attention"),
    }
    assert {one.how for one in intake.submissions if one.student == "dora"} == {"definitions"}
    assert list(reasons(intake)) == ["dora/scratch.py"]


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
        ("25-self-attention.ipynb", "no notebook"),
        ("250-self-attention.py", "no problem 250"),
        ("25nd.py", "judge list"),
        ("data", "not a .py file"),
    ],
)
def test_what_is_not_understood_is_listed_with_the_reason(tmp_path, name, reason):
    intake = collect(put(tmp_path, name, "25.py"), packs())
    assert reason in reasons(intake)[name]
    assert len(intake.submissions) == 1


ATTENTION = "class SelfAttention:\n    pass\n\n\ndef scaled_dot_product_attention(q, k, v): ...\n"
SAMPLING = "def filter_logits(): ...\ndef sample(): ...\ndef generate(): ...\n"


def asked(points: list[str]) -> Assignment:
    return Assignment(dict.fromkeys(points, 100.0), "HW")


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (ATTENTION, "25-self-attention"),
        ("class SelfAttention: ...", "25-self-attention"),
        ("SelfAttention = scaled_dot_product_attention = None", "25-self-attention"),
        ("try:\n    import x\nexcept ImportError:\n    pass\nelse:\n    class SelfAttention: ...", "25-self-attention"),
        (ATTENTION + "def normalize(x): ...\nraise SystemExit", "25-self-attention"),  # one helper's name says nothing
        (SAMPLING, "22-text-generation"),  # 18 has a generate too, but not the rest
        ("async def beam_search(): ...\n" + SAMPLING, "22-text-generation"),
    ],
)
def test_a_file_with_any_name_is_known_by_what_it_defines(tmp_path, source, problem):
    put(tmp_path, "ada/25.py")
    (tmp_path / "ada" / "homework.py").write_text(source)
    intake = collect(tmp_path, packs())
    counts = {one.path.name: (one.problem.slug, one.how) for one in intake.submissions}
    if problem == "25-self-attention":  # the two are attempts at one problem; the better name counts
        assert counts == {"25.py": (problem, "name")}
        assert "a second file for 25-self-attention" in reasons(intake)["ada/homework.py"]
    else:
        assert counts["homework.py"] == (problem, "definitions")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def generate(): ...", "generate (18-speech-generation or 22-text-generation) is too little to tell"),
        ("def evaluate(): ...", "evaluate (13-image-classification) is too little to tell"),
        ("sample = generate = filter_logits = mu_law_encode = None\n" + ATTENTION, "call it like its problem"),
        ("import SelfAttention\n[SelfAttention for x in y]\nSelfAttention: int", "no problem called 'homework'"),
        ("class SelfAttention(", "no problem called 'homework'"),
        (ATTENTION + "class BasicBlock: ...\nclass ResNet: ...\nclass Bottleneck: ...", "call it like its problem"),
    ],
)
def test_what_may_be_for_several_problems_or_none_is_not_guessed(tmp_path, source, reason):
    put(tmp_path, "ada/26.py")
    (tmp_path / "ada" / "homework.py").write_text(source)
    intake = collect(tmp_path, packs())
    assert len(intake.submissions) == 1
    assert reason in reasons(intake)["ada/homework.py"]


def test_an_assignment_tells_what_files_may_be_for(tmp_path):
    both = ATTENTION + "class BasicBlock: ...\nclass ResNet: ...\nclass Bottleneck: ..."
    (put(tmp_path, "ada/26.py") / "ada" / "homework.py").write_text(both)
    options = Options(assignment=asked(["25-self-attention"]))
    intake = collect_places([Place.of(tmp_path)], packs(), options=options)
    assert matched(intake) == {"ada/homework.py": "25-self-attention"}
    assert reasons(intake) == {"ada/26.py": "26-resnet is not part of HW"}
    (tmp_path / "ada" / "homework.py").write_text(SAMPLING)
    intake = collect_places([Place.of(tmp_path)], packs(), options=options)
    assert reasons(intake)["ada/homework.py"] == "22-text-generation is not part of HW"


def test_who_grades_may_say_what_files_are_for_that_do_not_say_it(tmp_path):
    put(tmp_path, "ada/hw.py", "ben/26.py", "cleo/999.py", "dora/hw.py", "emil/25-resnet.py", "fay/notes.txt")
    (tmp_path / "dora" / "hw.py").write_text(SAMPLING)
    intake = collect_places([Place.of(tmp_path)], packs(), options=Options(problem=packs().find("25")))
    assert {one.student: (one.problem.number, one.how) for one in intake.submissions} == {
        "ada": (25, "--problem"),
        "ben": (26, "name"),
        "cleo": (25, "--problem"),
        "dora": (22, "definitions"),
    }
    assert set(reasons(intake)) == {"emil/25-resnet.py", "fay/notes.txt"}


def test_of_several_problems_that_fit_who_grades_may_choose(tmp_path):
    (put(tmp_path, "ada/hw.py") / "ada" / "hw.py").write_text("class SelfAttention: ...\nclass RNN: ...\n")
    told = "it defines RNN (24-rnn-from-scratch) and SelfAttention (25-self-attention); call it like its problem"
    assert reasons(collect(tmp_path, packs())) == {"ada/hw.py": told}
    intake = collect_places([Place.of(tmp_path)], packs(), options=Options(problem=packs().find("24")))
    assert [(one.problem.number, one.how) for one in intake.submissions] == [(24, "--problem")]


@pytest.mark.parametrize(
    ("names", "students"),
    [
        (["ada.py", "ben.ipynb", "data.csv"], {"ada", "ben"}),
        (["ada_hw3.py", "ben_hw3.py", "c d_hw3.py"], {"ada", "ben", "c d"}),
        (["ada.py", "linda.py"], {"ada", "linda"}),
        (["_hw.py", "ada_hw.py"], {"_hw", "ada"}),
    ],
)
def test_files_side_by_side_that_say_nothing_are_of_a_student_each_where_the_problem_is_told(tmp_path, names, students):
    put(tmp_path, *names)
    for path in tmp_path.glob("*.ipynb"):
        path.write_text(notebook("x = 1"))
    intake = collect_places([Place.of(tmp_path)], packs(), options=Options(problem=packs().find("25")))
    assert {one.student for one in intake.submissions} == students
    assert set(reasons(intake)) == {name for name in names if name.endswith(".csv")}


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
