"""judge attempt, as a person and as a program use it."""

import json
import os
import signal
import subprocess
import sys
import time

import jsonschema

from judge.history import History
from judge.report.json import SCHEMA

RIGHT = "def double(x):\n    print('hello from the solution')\n    return 2 * x\n"
WRONG = "def double(x):\n    return 3 * x\n"


def test_the_first_time_it_writes_the_stub_and_says_what_to_do(judge, pack, desk):
    status, out, _ = judge("attempt", "double")
    assert status == 1  # nothing is accepted yet
    assert (desk / "solutions/mypack/77-double.py").read_text() == (pack / "problems/77-double/stub.py").read_text()
    assert out.startswith("Wrote solutions/mypack/77-double.py: ")
    assert "judge show 77" in out
    assert "judge attempt 77" in out
    assert "judge hint 77" in out
    with History() as history:
        assert len(history.starts("mypack/77-double")) == 1


def test_solutions_is_searched_for_upwards(judge, pack, desk, monkeypatch):
    (desk / "solutions").mkdir()
    (desk / "notes/today").mkdir(parents=True)
    monkeypatch.chdir(desk / "notes/today")
    judge("attempt", "77")
    assert (desk / "solutions/mypack/77-double.py").is_file()
    assert list((desk / "notes/today").iterdir()) == []


def test_a_folder_that_cannot_take_the_stub_is_one_line(judge, pack, desk):
    (desk / "solutions").write_text("a file")
    status, _, err = judge("attempt", "77")
    assert (status, err.count("\n")) == (2, 1)
    assert "cannot write solutions/mypack/77-double.py" in err


def test_a_broken_stub_leaves_nothing_behind(judge, pack, desk):
    (pack / "problems/77-double/stub.py").unlink()
    status, _, err = judge("attempt", "77")
    assert (status, err) == (2, f"judge: {pack}/problems/77-double/stub.py is missing\n")
    assert list(desk.iterdir()) == []


def test_what_was_written_is_judged_and_never_overwritten(program, pack, desk):
    file = desk / "solutions/mypack/77-double.py"
    file.parent.mkdir(parents=True)
    file.write_text(RIGHT)
    done = program("attempt", "77", "--out", "report.txt")
    assert done.returncode == 0, done.stderr
    assert file.read_text() == RIGHT
    assert "100/100" in done.stdout
    assert "accepted" in done.stdout
    assert done.stderr == ""
    assert "100/100" in (desk / "report.txt").read_text()
    with History() as history:
        assert history.solved("mypack/77-double")
    listed = json.loads(program("list", "--json", "--tag", "warm-up").stdout)
    assert listed[0]["best"] == 100
    assert program("reveal", "77").stdout.startswith("def double")  # no question, now that it is solved


def test_json_is_one_object_and_nothing_else(program, pack, desk):
    (desk / "mine.py").write_text(WRONG)
    done = program("attempt", "77", "mine.py", "--json", "-o", "report.json", "--seed", "11")
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    jsonschema.validate(report, json.loads(SCHEMA.read_text()))
    assert (report["problem"], report["accepted"], report["seed"]) == ("mypack/77-double", False, 11)
    assert {check["name"]: check["verdict"] for check in report["checks"]} == {
        "keeps_the_shape": "passed",
        "doubles": "wrong",
    }
    assert [diagnosis["mistake"] for diagnosis in report["diagnosis"]] == ["triples"]
    assert json.loads((desk / "report.json").read_text()) == report


def test_only_some_checks_by_kind_or_name(judge, pack, desk):
    (desk / "mine.py").write_text(WRONG)
    status, out, err = judge("attempt", "77", "mine.py", "--only", "shape", "--json")
    assert status == 0, err
    assert [check["name"] for check in json.loads(out)["checks"]] == ["keeps_the_shape"]
    with History() as history:
        assert not history.solved("mypack/77-double")  # part of an attempt is none
    status, out, err = judge("attempt", "77", "mine.py", "--only", "shap")
    assert (status, out, err.count("\n")) == (2, "", 1)
    for name in ("'shap'", "shape", "values", "keeps_the_shape", "doubles"):
        assert name in err


def test_ctrl_c_while_a_check_runs_ends_with_one_line(pack, desk):
    (desk / "mine.py").write_text("import time\n\ndef double(x):\n    time.sleep(60)\n")
    judge = subprocess.Popen(
        [sys.executable, "-m", "judge", "attempt", "77", "mine.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    time.sleep(4)
    os.killpg(judge.pid, signal.SIGINT)
    out, err = judge.communicate(timeout=30)
    assert (judge.returncode, out, err) == (130, "", "judge: interrupted\n")


def test_one_part_is_judged_by_itself(program, pack, desk):
    (desk / "half.py").write_text("def other(x):\n    return x\n")
    (desk / "wrong.py").write_text("def double(x):\n    return 3 * x\n")
    whole = program("attempt", "77", "wrong.py", "--json")
    assert [check["name"] for check in json.loads(whole.stdout)["checks"]] == ["keeps_the_shape", "doubles"]
    shape = program("attempt", "77", "wrong.py", "--part", "shape", "--json")
    assert shape.returncode == 0
    assert [check["name"] for check in json.loads(shape.stdout)["checks"]] == ["keeps_the_shape"]
    numbers = program("attempt", "77", "half.py", "--part", "num", "--json")
    assert numbers.returncode == 1
    assert "does not define double" in json.loads(numbers.stdout)["message"]
    unknown = program("attempt", "77", "half.py", "--part", "other")
    assert (unknown.returncode, unknown.stderr) == (
        2,
        "judge: mypack/77-double has no part 'other'; its parts are shape, numbers\n",
    )
