"""A notebook may answer many problems; its experiments are left out, and nothing in it is run to find out."""

import csv
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from judge.classroom import ALL_GRADED, SOME_LEFT
from judge.classroom.assignment import Assignment
from judge.classroom.intake import Intake, Options, collect_places
from judge.classroom.notebooks import Notebook, UnusableNotebook
from judge.classroom.places import Place
from judge.problems import packs

from .classes import Class, hand_in, tiny_pack
from .notebooks import notebook

IMPORTS = "import math\nimport torch\nfrom torch import nn"
SCORES = "def scaled_dot_product_attention(q, k, v):\n    return scale(q @ k) @ v"
ATTENTION = "class SelfAttention(nn.Module):\n    pass"
RESNET = "class BasicBlock(nn.Module): ...\nclass Bottleneck(nn.Module): ...\nclass ResNet(nn.Module): ..."
TRAINING = "model = SelfAttention()\nfor step in range(10):\n    print(model)\nprint('done')"


def taken(folder: Path, name: str, text: str, **options) -> Intake:
    hand_in(folder, {f"ada/{name}": text})
    return collect_places([Place.of(folder)], packs(), options=Options(**options))


def answers(intake: Intake) -> dict[int | None, tuple[str, str]]:
    """By problem: how it is known, and the source."""
    return {one.problem.number: (one.how, one.read().source or "") for one in intake.submissions}


def reasons(intake: Intake) -> list[str]:
    return [one.reason for one in intake.unmatched]


def test_a_notebook_is_split_by_what_the_problems_ask_for(tmp_path):
    intake = taken(tmp_path, "hw.ipynb", notebook("MD # Homework", IMPORTS, SCORES, ATTENTION, RESNET, TRAINING))
    found = answers(intake)
    assert {number: how for number, (how, _) in found.items()} == {25: "definitions", 26: "definitions"}
    assert "class SelfAttention" in found[25][1]
    assert "class ResNet" not in found[25][1]
    assert "class SelfAttention" not in found[26][1]
    assert not reasons(intake)
    ((count, which),) = [(one.count, one.which) for one in intake.dropped]
    assert count == 3
    assert which == "cell 6: model = SelfAttention() | for step in range(10): | print('done')"


def test_an_answer_has_what_it_uses_from_anywhere_in_the_notebook(tmp_path):
    helpers = "SCALE = 1 / math.sqrt(8)\ndef scale(x): return x * SCALE\ndef other(x): return wandb.log(x)"
    cells = (IMPORTS, "import wandb", helpers, SCORES, ATTENTION, RESNET + "\nresnet18 = ResNet")
    source = answers(taken(tmp_path, "hw.ipynb", notebook(*cells)))[25][1]
    assert source == (
        "# cell 1\nimport math\nimport torch\nfrom torch import nn\n\n"
        "# cell 3\nSCALE = 1 / math.sqrt(8)\ndef scale(x): return x * SCALE\n\n"
        f"# cell 4\n{SCORES}\n\n# cell 5\n{ATTENTION}\n"
    ).replace("import torch\n", "", 1).replace("from torch", "# cell 1, line 3\nfrom torch")


def test_marked_cells_say_what_they_are_for(tmp_path):
    cells = (
        "from torch import nn\ndef helper(): ...",
        "# judge: 25\nclass Anything(nn.Module):\n    part = helper()",
        "# My solution\n\n#judge:26-resnet\nclass ResNet(nn.Module): ...\nprint(1)",
        "%%judge 25, 24\nSIZE = 3",
        "class SelfAttention: ...",
    )
    found = answers(intake := taken(tmp_path, "22-text-generation.ipynb", notebook(*cells)))
    assert {number: how for number, (how, _) in found.items()} == dict.fromkeys((24, 25, 26), "marked cells")
    assert "def helper" in found[25][1]
    assert "SIZE = 3" in found[25][1]
    assert found[24][1] == "# cell 4, line 2\nSIZE = 3\n"
    assert "helper" not in found[26][1]
    assert not reasons(intake)


def test_a_mark_that_names_nothing_and_definitions_without_one_are_listed(tmp_path):
    cells = ("# judge: 999\ndef f(): ...", "# judge: 25\nclass SelfAttention: ...", RESNET)
    intake = taken(tmp_path, "hw.ipynb", notebook(*cells))
    assert list(answers(intake)) == [25]
    first, second = reasons(intake)
    assert "cell 1 is marked for a problem that is not there: no problem called '999'" in first
    assert "(26-resnet) in a cell without a mark" in second


def test_what_was_imported_in_the_cell_of_another_problem_is_found_all_the_same(tmp_path):
    cells = ("# judge: 26\nfrom torch import nn\nclass ResNet(nn.Module): ...", "# judge: 25\nclass A(nn.Module): ...")
    assert "from torch import nn\n" in answers(taken(tmp_path, "hw.ipynb", notebook(*cells)))[25][1]


def test_names_that_two_problems_ask_for_are_not_guessed(tmp_path):
    speech = "def mu_law_encode(): ...\ndef mu_law_decode(): ...\nclass CausalConv1d: ...\nclass WaveNet: ..."
    text = "def filter_logits(): ...\ndef sample(): ...\ndef beam_search(): ..."
    cells = (speech, text, "def generate(): ...", SCORES, ATTENTION)
    intake = taken(tmp_path, "hw.ipynb", notebook(*cells))
    assert list(answers(intake)) == [25]
    (reason,) = reasons(intake)
    assert "generate (18-speech-generation or 22-text-generation)" in reason
    assert reason.endswith("mark the cells: # judge: 18-speech-generation")
    asked = Options(assignment=Assignment({"22-text-generation": 100.0}, "HW"))
    assert list(answers(collect_places([Place.of(tmp_path)], packs(), options=asked))) == [22]
    told = Options(problem=packs().find("22"))
    assert set(answers(collect_places([Place.of(tmp_path)], packs(), options=told))) == {22, 25}


@pytest.mark.parametrize(
    ("name", "cells", "told", "number", "how"),
    [
        ("25.ipynb", [ATTENTION, RESNET], None, 25, "name"),
        ("01-homework.ipynb", [ATTENTION], None, 25, "definitions"),  # the first homework, not the first problem
        ("25.ipynb", ["x = 1"], None, 25, "name"),
        ("hw.ipynb", ["x = 1"], "26", 26, "--problem"),
        ("hw.ipynb", [ATTENTION], "26", 25, "definitions"),
    ],
)
def test_a_name_says_less_than_what_is_defined(tmp_path, name, cells, told, number, how):
    problem = packs().find(told) if told else None
    intake = taken(tmp_path, name, notebook(*cells), problem=problem)
    assert [(one.problem.number, one.how) for one in intake.submissions] == [(number, how)]


KEPT = """\
from __future__ import annotations
import os, sys
from math import *
try:
    import wandb
except ImportError:
    wandb = None
A, (B, *C) = 1, (2, 3)
SIZES: list[int] = [n * 2 for n in range(3)]
WORDS = "a b".split()
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
act = lambda x: x.relu()
half = functools.partial(round, ndigits=1)
class Layer(nn.Module): pass
Layer.forward = act
table = {"a": 1}; table["b"] = 2
A += 1
if A > 1:
    def f(): return 1
else:
    def f(): return 2
@decorated(
    by=1
)
async def g(): pass
text = '''
%no magic
!none
'''
rest = (7
    % 2)
def h(): yield
"""


@pytest.mark.parametrize(
    "line", [one for one in KEPT.split("\n") if one and not one.startswith((" ", "%", "!", "'", ")"))]
)
def test_what_is_kept_is_kept_as_it_was_written(line):
    (cell,) = Notebook.read(notebook(KEPT).encode()).cells
    assert not cell.dropped
    source = Notebook([cell]).solution([])
    assert line.partition(";")[0] in source


@pytest.mark.parametrize(
    "line",
    [
        "model = Net()",
        "print(1)",
        "for i in range(3): x = i",
        "while True: pass",
        "with torch.no_grad(): y = 1",
        "if __name__ == '__main__': main()",
        "if True: print(1)",
        "torch.manual_seed(0)",
        "x = torch.randn(3)",
        "x = [print(i) for i in range(3)]",
        "x = model.weight",
        "assert True",
        "del x",
        "raise NotImplementedError",
        "await f()",
        "x = (yield_ := open('/etc/passwd'))",
        "drive.mount('/content/drive')",
        "!pip install torch",
        "  %matplotlib inline",
        "%%bash",
        "%%writefile 25.py",
        "files = !ls",
        "t = %timeit -o f()",
        "torch.nn?",
        "?torch",
        "get_ipython().system('ls')",
        "display(x)",
    ],
)
def test_what_is_dropped_is_counted(line):
    found = Notebook.read(notebook(f"{line}\n", "ANSWER = 1").encode())
    assert found.dropped == 1
    assert found.cells[0].dropped == [line.strip()]
    assert found.solution([]) == "# cell 2\nANSWER = 1\n"


def test_magic_that_runs_a_cell_as_it_is_costs_one_line():
    found = Notebook.read(notebook("%%time\nimport os\n\ndef f(): ...\n!ls \\\n  -l\nx = 2").encode())
    assert found.cells[0].dropped == ["%%time", "!ls \\"]
    assert found.solution(["f", "x"]) == "# cell 1, line 4\ndef f(): ...\n# cell 1, line 7\nx = 2\n"


def test_a_cell_that_is_no_python_is_left_out_unless_it_is_an_answer(tmp_path):
    cells = ("here I tried things", SCORES, "class SelfAttention(nn.Module:\n    pass")
    intake = taken(tmp_path, "hw.ipynb", notebook(*cells))
    (submission,) = intake.submissions
    assert submission.problem.number == 25
    assert "syntax error" in (submission.read().fault or "")
    assert intake.dropped[0].which.startswith("cell 1: no Python: invalid syntax, line 1")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("x = 1\n", "no notebook"),
        ("{", "damaged"),
        (notebook("x = 1")[:-20], "damaged"),
        ("[]", "not in a notebook's form"),
        ("{}", "it has no cells"),
        (notebook("x = 1", cells={"a": 1}), "not in a notebook's form"),
        (notebook("x = 1", nbformat=3, cells=None, worksheets=[{"cells": []}]), "old format 3; open it in Jupyter"),
        (notebook("MD only text"), "no code"),
        (notebook("", " \n"), "no code"),
        (notebook(), "no code"),
        (notebook("x <- 1", metadata={"language_info": {"name": "R"}}), "in R, not in Python"),
        (notebook("x = 1\n" * 200_000), "more than 1 MiB"),
        ('{"outputs": ' + "[" * 100_000, "deeply"),
        (notebook("x = 1").encode("utf-16").decode("latin-1"), "damaged"),
    ],
)
def test_what_is_no_notebook_is_told_in_one_line(tmp_path, text, says):
    with pytest.raises(UnusableNotebook, match=says):
        Notebook.read(text.encode("latin-1"))
    intake = taken(tmp_path, "25.ipynb", text)
    assert not intake.submissions
    assert len(reasons(intake)[0].splitlines()) == 1


def test_a_notebook_that_is_too_large_is_not_read(tmp_path):
    path = hand_in(tmp_path, {"ada/25.ipynb": ""}) / "ada" / "25.ipynb"
    with path.open("r+b") as file:
        file.truncate(65 << 20)
    assert reasons(collect_places([Place.of(tmp_path)], packs())) == ["the file has 65 MiB; 64 MiB are the most"]


def test_numbers_that_json_does_not_have_are_no_reason_to_refuse_a_notebook():
    text = notebook('x = "NaN"', metadata={"plot": [float("nan"), float("-inf")], "kernelspec": None})
    assert Notebook.read(text.encode()).solution(["x"]) == '# cell 1\nx = "NaN"\n'


def test_a_class_of_notebooks_is_graded(tmp_path):
    right = "import torch\ndef double(x):\n    return FACTOR * x"
    files = {
        "ada/hw.ipynb": notebook("FACTOR = 2", "raise SystemExit", right, "print(double(torch.ones(3)))"),
        "ben/hw.ipynb": notebook("FACTOR = 2", right, "FACTOR = 3"),
        "cleo/991.ipynb": notebook("import torch", "while True: pass"),
        "dan/hw.ipynb": "{}",
    }
    some = Class(hand_in(tmp_path / "class", files), tmp_path / "out", tiny_pack(tmp_path / "tiny"))
    (tmp_path / "hw.toml").write_text('title = "HW"\nproblems = ["991"]\n')
    assert some.grade(assignment=tmp_path / "hw.toml") == SOME_LEFT
    assert {who: one["score"] for who, one in some.by_student.items()} == {"ada": 100, "ben": 0, "cleo": 0}
    assert "does not define double" in some.by_student["cleo"]["message"]
    assert "  ada/hw.ipynb: 2 statements\n" in some.text
    taken_of_it = (tmp_path / "out" / "from_notebooks" / "ada" / "tiny-991-double.py").read_text()
    assert taken_of_it == f"# cell 1\nFACTOR = 2\n\n# cell 3, line 2\n{right.partition(chr(10))[2]}\n"
    assert "dan/hw.ipynb: this is no notebook: it has no cells" in some.text
    with (tmp_path / "out" / "intake.csv").open(newline="") as table:
        rows = [(row["path"], row["status"], row["matched_by"], row["reason"]) for row in csv.DictReader(table)]
    assert ("ada/hw.ipynb", "graded", "definitions", "") in rows
    assert (
        "ada/hw.ipynb",
        "dropped",
        "",
        "2 statements: cell 2: raise SystemExit; cell 4: print(double(torch.ones(3)))",
    ) in rows
    del files["dan/hw.ipynb"]
    (tmp_path / "class" / "dan" / "hw.ipynb").unlink()
    (tmp_path / "class" / "dan").rmdir()
    assert some.grade(assignment=tmp_path / "hw.toml") == ALL_GRADED  # what is left out is no trouble


def test_a_notebook_that_jupyter_itself_has_run_and_saved(tmp_path):
    made = nbformat.v4.new_notebook()
    made.cells = [nbformat.v4.new_code_cell(text) for text in (IMPORTS, SCORES + "\n" + ATTENTION, "SelfAttention()")]
    NotebookClient(made, kernel_name="python3").execute()
    intake = taken(tmp_path, "hw.ipynb", nbformat.writes(made))
    assert [one.problem.number for one in intake.submissions] == [25]
    assert [(one.count, one.which) for one in intake.dropped] == [(1, "cell 3: SelfAttention()")]
