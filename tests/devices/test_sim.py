"""The simulated accelerator finds what would fail on a GPU, and leaves correct programs alone."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def program_names(file: str) -> list[str]:
    return [line[4 : line.index("(")] for line in (HERE / file).read_text().splitlines() if line.startswith("def ")]


RIGHT = [name for name in program_names("right_programs.py") if name not in ("normal", "gradients")]
WRONG = program_names("wrong_programs.py")


@pytest.fixture(scope="module")
def report() -> dict:
    """What run_programs.py saw; one process for all, because importing torch takes longer than all programs."""
    done = subprocess.run([sys.executable, HERE / "run_programs.py"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", RIGHT)
def test_a_correct_program_gives_the_cpus_answer(report, name):
    assert report["right"][name] == ""


@pytest.mark.parametrize("name", WRONG)
def test_an_error_with_devices_is_found_and_named_as_on_a_gpu(report, name):
    expected_type, expected_start = report["expected"][name]
    kind, message, raised_from = report["wrong"][name]
    assert kind in expected_type
    assert message.startswith(expected_start)
    assert raised_from == name, "the traceback must lead to the solution's own line"


def test_forked_workers_have_the_device(report):
    assert len(report["forks"]) > 1


def test_what_the_device_cannot_do_is_told_from_the_solutions_errors(report):
    assert report["missing"]["sparse"] == "sparse and nested tensors"
    assert report["missing"]["parameter"] == "Tensor.data = a tensor of another device"
    assert report["missing"]["mixed"] is None
