"""What needs no torch does not wait for it."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "command", [[], ["next"], ["--help"], ["list"], ["show", "77"], ["hint", "77"], ["attempt", "77"]]
)
def test_looking_at_problems_imports_no_torch(command, pack, desk):
    program = f"""
import sys
from judge.cli import run
run({command!r})
assert "torch" not in sys.modules, "torch was imported"
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_engine_starts_without_torch_in_this_process():
    """The nursery imports torch at the same time as the judge: it has to be started first."""
    program = "import sys, judge.grading; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_closed_pipe_is_no_traceback(pack):
    done = subprocess.run(
        f"{sys.executable} -m judge list | true", shell=True, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
