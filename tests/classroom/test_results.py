"""What is kept of a grading, and what a teacher and a student see of it."""

import io
import json
import math

import pytest
from rich.cells import cell_len
from rich.console import Console

from judge.classroom import summary
from judge.classroom.intake import Unmatched
from judge.classroom.results import Results, UnusableResults

from .classes import results_validator

ABOUT = {"seed": 987654321, "isolation": ["L3"], "devices": ["cpu"], "torch_version": "2.15.0"}


def shown(graded, unmatched=(), width=80, encoding="utf-8") -> str:
    pipe = io.BytesIO()
    file = io.TextIOWrapper(pipe, encoding=encoding, write_through=True)
    summary.show(graded, unmatched, Console(file=file, width=width))
    return pipe.getvalue().decode(encoding)


def test_results_json_is_what_the_schema_says(tmp_path, graded):
    kept = Results(tmp_path / "new" / "out")
    everybody = [graded("ada"), graded("ben", 35), graded("cleo", 0, verdict="infra", message="the worker was lost")]
    kept.write(everybody, [Unmatched("notes.txt", None, "not a .py file")], True, **ABOUT)
    results = json.loads((tmp_path / "new" / "out" / "results.json").read_text())
    results_validator().validate(results)
    assert [(one["student"], one["score"]) for one in results["results"]] == [("ada", 100), ("ben", 35), ("cleo", None)]
    assert not results_validator().is_valid(results | {"results": [{"student": "ada"}]})


def test_the_seed_and_every_finished_report_outlive_the_run(tmp_path, graded):
    first = Results(tmp_path)
    report = graded("ada", 35, message="nan", seconds=math.inf).report
    first.write([], [], False, **ABOUT)
    first.keep("a key", report)
    first.keep("another", graded("ben", 0, verdict="infra").report)
    with open(tmp_path / "finished.jsonl", "a") as file:
        file.write('{"key": "torn off')
    again = Results(tmp_path)
    assert (again.seed, again.secret) == (987654321, first.secret)
    assert again.reports == {"a key": report}


def test_a_folder_that_holds_something_else_is_refused(tmp_path):
    (tmp_path / "results.json").write_text("[1, 2]")
    with pytest.raises(UnusableResults, match="remove it or choose another --out"):
        Results(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(UnusableResults, match="cannot be used"):
        Results(tmp_path / "file")


def test_a_student_gets_one_text_without_the_seed_of_the_class(tmp_path, graded):
    kept = Results(tmp_path)
    kept.write_students([graded("ada"), graded("ben", 35, problem="26-resnet", title="ResNet"), graded("ben", 35)])
    assert {path.name for path in tmp_path.iterdir()} == {"ada.txt", "ben.txt"}
    text = (tmp_path / "ben.txt").read_text()
    assert text.startswith("ben\n")
    assert "26 ResNet" in text
    assert "25 Self-attention" in text
    assert "987654321" not in text


def test_the_summary_shows_scores_counts_and_what_was_not_graded(graded):
    text = shown(
        [
            graded("ada"),
            graded("ada", 81.5, problem="26-resnet"),
            graded("ben", 0, untouched=True, verdict="error"),
            graded("cleo", 0, verdict="infra"),
        ],
        [Unmatched("dora/attention.py", "dora", "no problem has that name")],
    )
    rows = [line.split() for line in text.splitlines()]
    assert ["student", "25", "26"] in rows
    assert ["ada", "100", "81.5"] in rows
    assert ["ben", "0", "-"] in rows
    assert ["cleo", "!", "-"] in rows
    for words in ("3 graded: ", "1 accepted", "1 wrong", "1 still the stub", "1 not judged (!)"):
        assert words in text
    assert "dora/attention.py: no problem has that name" in text


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_many_problems_and_strange_names_fit_the_terminal(graded, encoding):
    students = ["[red]ada[/red]\x1b[31m", "名" * 60, "ben"]
    text = shown(
        [graded(student, 50, problem=f"{number}-x") for student in students for number in range(51)],
        [Unmatched("\x1b[2Jx" * 40, None, "[bold]no[/bold]")],
        encoding=encoding,
    )
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    assert "\x1b" not in text
    assert "[red]ada[/red]" in text
    assert "50" in text.split()
