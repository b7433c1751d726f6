"""pytest --judge: the checks run in the debugger's own process."""

import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

pytest_plugins = ["pytester"]  # it forgets the modules that a test imports, so none of these may import torch

RIGHT = "def double(x):\n    return 2 * x\n"
WRONG_FOR_TWO = """
def double(x):
    print("called with", tuple(x.shape))
    if len(x) < 2:
        return 2 * x
    return x.sum()
"""
RAISES = """
def half(x):
    raise KeyError("nothing here")

def double(x):
    return 4 * half(x) if len(x) > 2 else 2 * x
"""


@pytest.fixture
def practise(pytester: pytest.Pytester, pack) -> Callable[..., pytest.RunResult]:
    """practise(source, *arguments) runs pytest on solution.py; stdin is what is typed."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # it is named here, whether it is installed or not
    command = [sys.executable, "-m", "pytest", "-p", "judge.pytest_plugin", "-p", "no:cacheprovider", "--judge", "77"]

    def run(source: str, *arguments: str, typed: str = "") -> pytest.RunResult:
        (pytester.path / "solution.py").write_text(source)
        return pytester.run(*command, *(arguments or ["solution.py"]), stdin=typed.encode() or None)

    yield run
    del os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]


def test_each_check_is_an_item_and_the_header_says_that_nothing_is_graded(practise):
    done = practise(RIGHT, "solution.py", "-v")
    assert done.ret == 0
    done.stdout.fnmatch_lines(
        [
            "judge: mypack/77-double, practice in this process, without a sandbox; nothing is graded*",
            "solution.py::keeps_the_shape PASSED*",
            "solution.py::doubles PASSED*",
        ]
    )


def test_a_failure_shows_what_the_report_shows(practise, program):
    done = practise(WRONG_FOR_TWO, "solution.py::keeps_the_shape")
    (check,) = json.loads(program("attempt", "77", "solution.py", "--only", "shape", "--json").stdout)["checks"]
    assert done.ret == 1
    assert check["example"] == "size=2"
    done.stdout.fnmatch_lines(
        [
            "shape · keeps_the_shape",
            f"  Smallest failing input: {check['example']}",
            f"  {check['message']}",
            "keeps_the_shape: size=*",  # the inputs are printed before each call
            "called with (*,)",
        ]
    )


def test_an_exception_is_shown_from_the_line_of_the_solution_on(practise):
    done = practise(RAISES, "solution.py::doubles")
    done.stdout.fnmatch_lines(
        [
            "Traceback (most recent call last):",
            '  File "*solution.py", line 6, in double',
            '  File "*solution.py", line 3, in half',
            "KeyError: 'nothing here'",
            "values · doubles",
            "  raises KeyError: 'nothing here'",
        ]
    )
    assert "judge/observing.py" not in done.stdout.str()


def test_a_breakpoint_stops_in_the_solution_at_the_first_input_that_fails(practise):
    source = WRONG_FOR_TWO.replace("    return x.sum()", "    breakpoint()\n    return x.sum()")
    done = practise(source, "solution.py::keeps_the_shape", typed="p 'here', len(x)\nc\n")
    assert done.stdout.str().count("('here', 2)") == 1
    assert "no more input" not in done.stdout.str()
    done.stdout.fnmatch_lines(["*-> return x.sum()", "  Smallest failing input: size=2"])


def test_pdb_opens_where_the_solution_raised(practise):
    done = practise(RAISES, "solution.py::doubles", "--pdb", typed="up\np 'there', 'x' in dir()\nq\n")
    done.stdout.fnmatch_lines(["*-> return 4 * half(x)*", "*('there', True)"])


def test_what_cannot_be_run_is_told(practise, pytester):
    broken = {
        "def double(x)\n": "line 1: syntax error: *",
        "def double(x):\n    raise NotImplementedError\n": "nothing written yet: this is the stub",
        "def triple(x): ...\n": "the file does not define double; *",
        "import torch\n\nprint(torch.nothing)\n": '  File "*s3.py", line 3, in <module>',
    }
    for number, source in enumerate(broken):
        (pytester.path / f"s{number}.py").write_text(source)
    done = practise(RIGHT, *(f"s{number}.py" for number in range(len(broken))))
    assert done.ret == pytest.ExitCode.INTERRUPTED
    done.stdout.fnmatch_lines(list(broken.values()))


def test_wrong_use_is_one_line(practise, pytester):
    done = practise(RIGHT, "--rootdir", ".")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["ERROR: there is no *solutions/mypack/77-double.py; `judge attempt 77` writes it"])
    done = pytester.run(sys.executable, "-m", "pytest", "-p", "judge.pytest_plugin", "--judge", "no such")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["ERROR: no problem called 'no such'*"])


def test_other_sessions_load_nothing_of_it(tmp_path):
    program = """
import sys, pytest
pytest.main(["-p", "judge.pytest_plugin", "."])
loaded = [name for name in sys.modules if name.split(".")[0] in ("judge", "torch", "rich", "msgspec")]
assert loaded == ["judge", "judge.pytest_plugin"], loaded
"""
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment, cwd=tmp_path)
