"""What is kept of a grading, and what a teacher and a student see of it."""

import io
import json

import pytest
from rich.cells import cell_len
from rich.console import Console

from judge.classroom import summary
from judge.classroom.gradebook import Gradebook, Record
from judge.classroom.intake import Unmatched
from judge.classroom.results import UnusableResults, file_name, refuse_foreign, write_grades, write_results

from .classes import results_validator
from .conftest import graded

ABOUT = {"seed": 987654321, "isolation": ["L3"], "devices": ["cpu"], "torch_version": "2.15.0"}


def shown(entries, unmatched=(), assignment=None, width=80, encoding="utf-8") -> str:
    pipe = io.BytesIO()
    file = io.TextIOWrapper(pipe, encoding=encoding, write_through=True)
    summary.show(graded(entries, unmatched, assignment), Console(file=file, width=width))
    return pipe.getvalue().decode(encoding)


def test_results_json_is_what_the_schema_says(tmp_path, entry):
    everybody = [entry("ada"), entry("ben", 35), entry("cleo", 0, verdict="infra", message="the worker was lost")]
    record = Record([], [*everybody, entry("not reached", None)], [Unmatched("notes.txt", None, "not a .py file")])
    with Gradebook(tmp_path / "new" / "out") as book:
        book.keep_settings(**ABOUT)
        write_results(book, record, finished=False)
    results = json.loads((tmp_path / "new" / "out" / "results.json").read_text())
    results_validator().validate(results)
    assert [(one["student"], one["score"]) for one in results["results"]] == [("ada", 100), ("ben", 35), ("cleo", None)]
    assert not results_validator().is_valid(results | {"results": [{"student": "ada"}]})


def test_somebody_elses_results_json_is_not_replaced(tmp_path):
    (tmp_path / "results.json").write_text("[1, 2]")
    with pytest.raises(UnusableResults, match="remove it or choose another --out"):
        refuse_foreign(tmp_path)


def test_a_student_gets_one_text_without_the_seed_of_the_class(tmp_path, entry):
    write_grades(
        tmp_path, graded([entry("ada"), entry("ben", 35, problem="26-resnet", title="ResNet"), entry("ben", 35)])
    )
    assert {path.name for path in tmp_path.iterdir()} == {"ada.txt", "ben.txt", "grades.csv", "checks.csv"}
    text = (tmp_path / "ben.txt").read_text()
    assert text.startswith("ben\n")
    assert "26 ResNet" in text
    assert "25 Self-attention" in text
    assert "987654321" not in text


def test_the_summary_shows_scores_counts_and_what_was_not_graded(entry):
    text = shown(
        [
            entry("ada"),
            entry("ada", 81.5, problem="26-resnet"),
            entry("ben", 0, untouched=True, verdict="error"),
            entry("cleo", 0, verdict="infra"),
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
def test_many_problems_and_strange_names_fit_the_terminal(entry, encoding):
    students = ["[red]ada[/red]\x1b[31m", "名" * 60, "ben"]
    text = shown(
        [entry(student, 50, problem=f"{number}-x") for student in students for number in range(51)],
        [Unmatched("\x1b[2Jx" * 40, None, "[bold]no[/bold]")],
        encoding=encoding,
    )
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    assert "\x1b" not in text
    assert "[red]ada[/red]" in text
    assert "50" in text.split()


def test_files_of_students_stay_in_their_folder_and_apart():
    names = ["ada", "a/b", "a_b", "..", "../ada", "名" * 90, "名" * 91, "", "a\nb", "a\0b", "Ada Lovelace"]
    files = [file_name(name) for name in names]
    assert len(set(files)) == len(names)
    assert (files[0], files[-1]) == ("ada", "Ada Lovelace")
    for file in files:
        assert not file.startswith(".")
        assert "/" not in file
        assert 0 < len(file.encode()) < 200
