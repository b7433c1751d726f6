"""Whatever a candidate hands in gets a report of zero points with one clear line."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from judge.grading import Judge, Solution
from judge.problems import packs


@pytest.fixture(scope="module")
def engine() -> Iterator[Judge]:
    with Judge(devices=["cpu"], seed=7) as judge:
        yield judge


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "the file is empty"),
        (b"  \n\n", "the file is empty"),
        (b"x = '\xff\xfe'\n", "not UTF-8"),
        (b"def double(x:\n    return 2 * x\n", "syntax error"),
        (b"def double(x):\n    return 2 * x\n\0", "null bytes"),
        (b"# x\n" * (25 << 20), "MiB"),
        (b"x = " + b"(" * 5000 + b")" * 5000, "nested"),
        (b"def triple(x):\n    return 3 * x\n", "double"),
        (b"raise RuntimeError('no luck today')\n", "no luck today"),
        (b"import nothing_like_this\n", "nothing_like_this"),
        (b"import sys\nsys.exit(0)\n", "calls sys.exit"),
        (b"import os\nos._exit(0)\n", ""),
        (b"print('PASS')\nraise KeyboardInterrupt\n", "KeyboardInterrupt"),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else value.replace(" ", "-"),
)
def test_a_bad_file_gets_zero_points_and_a_line(engine, pack, tmp_path, content, line):
    file = tmp_path / "mine.py"
    file.write_bytes(content)
    zero_points(engine, file, line)


def test_a_loop_at_the_top_level_is_stopped(engine, pack, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("while True:\n    pass\n")
    zero_points(engine, file, "")


def test_what_is_no_ordinary_file_gets_zero_points_and_a_line(engine, pack, tmp_path):
    desk = tmp_path / "desk"
    desk.mkdir()
    zero_points(engine, desk / "missing.py", "no such file")
    zero_points(engine, desk, "folder")
    (desk / "link.py").symlink_to(pack / "reference/77-double/solution.py")
    zero_points(engine, desk / "link.py", "link that leads out of the folder")
    (desk / "loop.py").symlink_to(desk / "loop.py")
    zero_points(engine, desk / "loop.py", "")
    zero_points(engine, Path("/dev/zero"), "not an ordinary file")


def zero_points(engine: Judge, file: Path, line: str) -> None:
    report = engine.judge(packs().find("77"), Solution.read(file, root=file.parent))
    assert (report.score, report.accepted) == (0, False)
    assert report.verdict not in ("passed", "infra")
    assert report.message
    assert line in report.message


def test_the_program_says_so_in_its_report(program, pack, desk):
    done = program("attempt", "77", "missing.py", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["score"], report["accepted"]) == (1, 0, False)
    assert report["message"]
    assert done.stderr == ""
