"""Whatever is handed in gets a report of zero points with one clear line, and says nothing about the judge."""

from pathlib import Path

import pytest

from judge import subjects
from judge.grading import Judge, Solution
from judge.problems import Problem
from judge.report import Report
from tests.grading.conftest import EXAMPLE


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "the file is empty"),
        (b"  \n\n", "the file is empty"),
        (b"x = 1\ny = '\xff\xfe'\n", "not UTF-8"),
        (b"def attention(q:\n    return q\n", "syntax error"),
        (EXAMPLE.encode() + b"\0", "null bytes"),
        (b"x = " + b"(" * 5000 + b")" * 5000, "nested"),
        (b"import torch\n" + b"torch.a.b.c.d.e.f\n" * 4000, "too many things"),
        (b"def scaled_dot_product_attention(): ...\n", "does not define SelfAttention"),
        (b"raise RuntimeError('no luck today')\n", "raises RuntimeError when it is imported: no luck today"),
        (b"import nothing_like_this\n", "nothing_like_this"),
        (b"import sys\nsys.exit(0)\n", "calls sys.exit when it is imported"),
        (b"import os\nos._exit(0)\n", "stopped while it was imported"),
        (b"print('PASS')\nraise KeyboardInterrupt\n", "raises KeyboardInterrupt"),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else value.replace(" ", "-"),
)
def test_a_bad_file_gets_zero_points_and_one_line(engine, problem, tmp_path, content, line):
    file = tmp_path / "mine.py"
    file.write_bytes(content)
    assert line in zero_points(engine, problem, file).message


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"x = 1\ndef attention(q:\n", "line 2"),
        (b"x = 1\ny = '\xff\xfe'\n", "line 2"),
        (b"x = 1\n\nraise RuntimeError('no luck')\n", "line 3: raise RuntimeError('no luck')"),
    ],
)
def test_the_line_at_fault_is_named(engine, problem, tmp_path, content, line):
    file = tmp_path / "mine.py"
    file.write_bytes(content)
    assert zero_points(engine, problem, file).location == line


def test_a_file_of_100_megabytes_is_not_read(engine, problem, tmp_path):
    file = tmp_path / "mine.py"
    with file.open("wb") as sparse:
        sparse.truncate(100 << 20)
    assert "100 MiB" in zero_points(engine, problem, file).message


def test_a_loop_at_the_top_level_is_stopped(engine, problem, tmp_path, monkeypatch):
    monkeypatch.setattr(subjects, "LOAD_CPU_SECONDS", 1.0)
    file = tmp_path / "mine.py"
    file.write_text("while True:\n    pass\n")
    report = zero_points(engine, problem, file)
    assert report.verdict == "timeout"
    assert "stopped while it was imported" in report.message


def test_what_is_no_ordinary_file(engine, problem, tmp_path):
    desk = tmp_path / "desk"
    desk.mkdir()
    (tmp_path / "elsewhere.py").write_text(EXAMPLE)
    (desk / "link.py").symlink_to(tmp_path / "elsewhere.py")
    (desk / "loop.py").symlink_to(desk / "loop.py")
    for file, line in (
        (desk / "missing.py", "there is no such file"),
        (desk, "folder"),
        (desk / "link.py", "link that leads out of the folder"),
        (desk / "loop.py", ""),
        (Path("/dev/zero"), "not an ordinary file"),
    ):
        assert line in zero_points(engine, problem, file).message


def test_the_untouched_stub_is_nothing_written_yet(engine, problem):
    report = engine.judge(problem, Solution.from_text(problem.stub))
    assert report.untouched
    assert (report.score, report.accepted) == (0, False)
    assert "nothing written yet" in report.message


def zero_points(engine: Judge, problem: Problem, file: Path) -> Report:
    report = engine.judge(problem, Solution.read(file, root=file.parent))
    assert (report.score, report.accepted) == (0, False)
    assert report.verdict not in ("passed", "infra")
    assert {check.points for check in report.checks} == {0}
    assert len(report.message.splitlines()) == 1
    return report
