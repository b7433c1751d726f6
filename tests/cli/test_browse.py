"""list, next, show, hint, reveal and reset."""

import json
import re

import pytest

from judge.history import History
from tests.cli.test_history import report

COMMANDS = [
    "list",
    "next",
    "show",
    "attempt",
    "grade",
    "reveal",
    "hint",
    "reset",
    "interview",
    "history",
    "new",
    "verify",
    "doctor",
]


def test_list_shows_what_there_is_to_practise(judge, pack):
    status, out, _ = judge("list")
    assert status == 0
    assert re.search(r"25 +Write multi-head.*attention.*medium +\d+", out)
    assert re.search(r"77 +Double a tensor \(mypack\) +warm-up +easy +5", out)


def test_list_narrows_by_tag_and_difficulty(judge, pack):
    _, out, _ = judge("list", "--tag", "warm-up", "--json")
    assert [problem["problem"] for problem in json.loads(out)] == ["mypack/77-double"]
    assert judge("list", "--tag", "warm-up", "--difficulty", "hard") == (0, "", "no problem is like that\n")
    status, _, err = judge("list", "--difficulty", "brutal")
    assert (status, err) == (2, "judge: --difficulty is easy, medium, hard, not 'brutal'\n")


def test_list_goes_on_after_a_broken_folder(judge, pack):
    (pack / "problems/78-broken").mkdir()
    status, out, err = judge("list")
    assert status == 0
    assert "Double a tensor" in out
    assert err == f"judge: left out: {pack}/problems/78-broken/problem.toml is missing\n"


def test_show_renders_the_statement_with_readable_formulas(judge, pack):
    status, out, _ = judge("show", "77")
    assert status == 0
    assert "Return 2 × xᵢ for each xᵢ." in out
    assert "Next: judge attempt 77" in out
    assert "返回 2 x" in judge("show", "77", "--lang", "zh")[1]
    assert judge("show", "77", "--lang", "de")[2] == "judge: --lang is en or zh, not 'de'\n"


def test_hints_come_one_after_the_other(judge, pack):
    said = [judge("hint", "77")[1] for _ in range(4)]
    assert ["Multiply" in said[0], "By two" in said[1], "2 * x" in said[2], "2 * x" in said[3]] == [True] * 4
    assert "hint 1 of 3" in said[0]
    assert "Next: judge hint 77" in said[0]
    assert "Next: judge reveal 77" in said[2]


def test_a_hint_is_shown_by_its_number(judge, pack):
    assert "hint 2 of 3" in judge("hint", "77", "2")[1]
    assert "hint 3 of 3" in judge("hint", "77")[1]
    status, _, err = judge("hint", "77", "4")
    assert status == 2
    assert "has 3 hints" in err


def test_hints_go_on_by_number_where_nothing_is_kept(judge, pack, monkeypatch, tmp_path):
    (tmp_path / "a file").touch()
    monkeypatch.setenv("JUDGE_DATA", str(tmp_path / "a file" / "data"))
    assert "Next: judge hint 77 2" in judge("hint", "77")[1]
    assert "Next: judge hint 77 3" in judge("hint", "77", "2")[1]
    assert "Next: judge reveal 77\n" in judge("hint", "77", "3")[1]


def test_reveal_asks_first_while_it_is_unsolved(judge, pack, monkeypatch):
    monkeypatch.setattr("sys.stdin", open("/dev/null"))
    status, out, err = judge("reveal", "77")
    assert (status, out) == (2, "")
    assert "--yes shows the reference all the same" in err
    status, out, err = judge("reveal", "77", "--yes")
    assert (status, err) == (0, "")
    assert out.startswith("def double(x):\n    return 2 * x\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["show", "atention"], "no problem called 'atention'; did you mean 25-self-attention?"),
        (["show"], "Missing argument 'PROBLEM'. (judge --help shows how)"),
        (["shwo"], "No such command 'shwo'. Did you mean 'show'? (judge --help shows how)"),
        (["list", "--problems", "/nowhere"], "/nowhere is no pack of problems: it has no folder problems/"),
        (["attempt", "25", "x.py", "--device", "gpu"], "no device is called 'gpu'; choose from auto, cpu, cuda, "),
        (["attempt", "25", "x.py", "--seed", "-1"], "--seed is 0 to 2**63 - 1, not -1"),
        (["attempt", "25", "x.py", "-o", "x.pdf"], "--out writes .html, .json or .txt, not 'x.pdf'"),
        (["grade", "/nowhere"], "/nowhere is not there; judge grade takes a folder"),
    ],
)
def test_wrong_use_is_one_line_and_exit_status_2(judge, arguments, line):
    status, out, err = judge(*arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("judge: ")
    assert line.partition(" Did you mean")[0] in err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(judge, command):
    status, out, _ = judge(command, "--help")
    assert status == 0
    assert f"Example: judge {command}" in out


def test_the_version(judge):
    status, out, _ = judge("--version")
    assert status == 0
    assert re.fullmatch(r"judge \d+\.\d+\.\d+\n", out)


def test_a_data_folder_that_cannot_be_written_is_said_once_and_all_goes_on(judge, pack, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("JUDGE_DATA", str(tmp_path / "file/data"))
    status, out, err = judge("hint", "77")
    assert status == 0
    assert "Multiply" in out
    assert err.startswith("judge: attempts are not kept: ")
    assert err.count("\n") == 1


def test_doctor_tells_what_this_machine_can_do(judge):
    status, out, _ = judge("doctor")
    assert status == 0
    for word in ("torch", "problems", "attempts", "cpu", "cuda", "sim", "isolation L", "Landlock", "seccomp"):
        assert word in out


def test_a_problem_answers_to_its_title_and_its_other_names_in_both_languages(judge, pack):
    for name in ("multiply by two", "翻倍", "加倍", "by two", "double a tensor"):
        status, out, _ = judge("hint", name)
        assert status == 0, name
        assert "Double a tensor" in out
        assert "77" in judge("list", *name.split())[1]
    status, out, err = judge("list", "double", "nonsense")
    assert (status, out, err) == (0, "", "no problem is like that\n")


def test_list_in_the_recommended_order(judge, pack):
    rows = json.loads(judge("list", "--recommended", "--json")[1])
    orders = [row["order"] for row in rows]
    assert orders == sorted(orders)
    assert rows[0]["order"] == 1


def test_reveal_answers_the_follow_up_questions(judge, pack):
    status, out, _ = judge("reveal", "77", "--yes")
    assert status == 0
    assert out == "def double(x):\n    return 2 * x\n\n\n# The follow-up questions:\n# 1. Because $2 x = x + x$.\n"
    compile(out, "reference.py", "exec")


def test_list_marks_what_was_tried_and_what_was_solved(judge, pack):
    with History() as history:
        history.record(report(99.9, problem="mypack/77-double"), "{}")
        history.record(report(100, accepted=True, problem="26-resnet"), "{}")
    _, out, _ = judge("list")
    assert re.search(r"~ +77 +Double a tensor .* 99 *\n", out)  # never rounded up
    assert re.search(r"✓ +26 +Write ResNet.* 100 *\n", out)
    assert re.search(r"^ +25 +Write multi-head", out, re.MULTILINE)
    for state, names in (("tried", ["mypack/77-double"]), ("solved", ["26-resnet"])):
        rows = json.loads(judge("list", "--state", state, "--json")[1])
        assert [(row["problem"], row["state"]) for row in rows] == [(name, state) for name in names]
    assert len(json.loads(judge("list", "--state", "new", "--json")[1])) == 50
    assert judge("list", "--state", "done")[::2] == (2, "judge: --state is new, tried, solved, not 'done'\n")


def test_reset_puts_the_stub_back_and_keeps_what_was_there(judge, pack, desk):
    file, stub = desk / "solutions/mypack/77-double.py", (pack / "problems/77-double/stub.py").read_text()
    assert judge("reset", "77")[0] == 0
    assert file.read_text() == stub
    assert "is the stub already" in judge("reset", "77")[2]
    assert not (file.parent / "earlier").exists()
    for number in (1, 2):
        file.write_text(f"# version {number}\n")
        status, _, err = judge("reset", "77")
        assert (status, file.read_text()) == (0, stub)
        assert f"solutions/mypack/earlier/77-double.{number}.py" in err
        assert (file.parent / f"earlier/77-double.{number}.py").read_text() == f"# version {number}\n"
    assert sorted(path.name for path in file.parent.iterdir()) == ["77-double.py", "earlier"]


def test_reset_loses_nothing_where_it_cannot_keep_it(judge, pack, desk):
    judge("reset", "77")
    file = desk / "solutions/mypack/77-double.py"
    file.write_text("mine")
    (file.parent / "earlier").write_text("a file")
    status, _, err = judge("reset", "77")
    assert (status, err.count("\n"), file.read_text()) == (2, 1, "mine")
    assert "cannot put back the stub" in err


OWN = "import torch\n\n\ndef helper(x):\n    return x\n\n\ndef double(x):\n    return x + x\n"


def own_solution(desk, text=OWN):
    file = desk / "solutions/mypack/77-double.py"
    file.parent.mkdir(parents=True)
    file.write_text(text)


def test_reveal_beside_what_was_written_is_no_way_around_the_question(judge, terminal, pack, desk, monkeypatch):
    assert "there is no solutions/mypack/77-double.py to compare" in judge("reveal", "77", "--diff", "--yes")[2]
    own_solution(desk)
    monkeypatch.setattr("sys.stdin", open("/dev/null"))
    status, out, err = judge("reveal", "77", "--diff")
    assert (status, out) == (2, "")
    assert "--yes shows the reference all the same" in err
    status, shown = terminal("reveal", "77", "--diff", answer="n")
    assert "Show the reference?" in shown
    assert "2 * x" not in shown


def test_reveal_diff_in_a_pipe_is_what_diff_prints(judge, pack, desk):
    own_solution(desk, "def double(x):\n    return x + x\n")
    status, out, err = judge("reveal", "77", "--diff", "--yes")
    assert (status, err) == (0, "")
    head = "--- solutions/mypack/77-double.py\n+++ reference\n@@ -1,2 +1,2 @@\n"
    assert out == head + " def double(x):\n-    return x + x\n+    return 2 * x\n"


def test_reveal_diff_is_side_by_side_where_there_is_room(terminal, pack, desk):
    own_solution(desk)
    without_colours = {}
    for columns in (80, 130):
        status, shown = terminal("reveal", "77", "--diff", "--yes", columns=columns)
        assert status == 0
        assert "\x1b[" in shown
        without_colours[columns] = re.sub(r"\x1b\[[0-9;]*m", "", shown)
        assert max(len(line.rstrip()) for line in without_colours[columns].splitlines()) <= columns
    assert re.search(r"^\+ +return 2 \* x", without_colours[80], re.MULTILINE)
    # The function of the same name stands beside it, though the line numbers differ.
    assert re.search(r"8 def double\(x\): +1 def double\(x\):", without_colours[130])
    assert re.search(r"9     return x \+ x +\| +2     return 2 \* x", without_colours[130])
    assert re.search(r"4 def helper\(x\): +< *$", without_colours[130], re.MULTILINE)


def test_reveal_diff_of_what_is_no_python(terminal, pack, desk):
    own_solution(desk, "def double(x:\n\x1b]0;title\x07")
    status, shown = terminal("reveal", "77", "--diff", "--yes", columns=130)
    assert status == 0
    assert "\x1b]" not in shown
    assert "return 2 * x" in re.sub(r"\x1b\[[0-9;]*m", "", shown)
