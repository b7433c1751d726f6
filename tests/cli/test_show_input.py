"""judge attempt --show-input: a failing call as a program that needs no judge."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from judge.practice.reproduction import literal

EXAMPLE = (Path(__file__).parents[2] / "examples/25-self-attention.py").read_text()
WRONG_FOR_TWO = "def double(x):\n    return 2 * x if len(x) < 2 else x.sum()\n"
RAISES = "def double(x):\n    raise KeyError('no')\n"


def run(folder: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "failing.py").write_text(program)
    check = "import runpy, sys; runpy.run_path('failing.py'); assert 'judge' not in sys.modules"
    return subprocess.run([sys.executable, "-c", check, *arguments], cwd=folder, capture_output=True, text=True)


def test_the_smallest_failing_input_is_written_out_and_fails_without_the_judge(program, pack, desk):
    (desk / "mine.py").write_text(WRONG_FOR_TWO)
    done = program("attempt", "77", "mine.py", "--show-input", "keeps_the_shape")
    assert (done.returncode, done.stderr) == (1, "")
    assert "fails for size=2" in done.stdout
    assert "    torch.tensor([" in done.stdout
    assert "#   The answer has length 0, expected 1\n" in done.stdout  # what the report says
    assert "return 2 * x" not in done.stdout  # nothing of the reference
    ran = run(desk, done.stdout)
    assert (ran.stdout, ran.stderr) == ("torch.Size([])\n", "")
    (desk / "better.py").write_text("def double(x):\n    return 2 * x\n")
    assert run(desk, done.stdout, "better.py").stdout == "torch.Size([2])\n"


def test_an_exception_is_raised_again(program, pack, desk):
    (desk / "mine.py").write_text(RAISES)
    done = program("attempt", "77", "mine.py", "--show-input", "doubles")
    assert done.returncode == 1
    ran = run(desk, done.stdout)
    assert "mine.py" in ran.stderr
    assert ran.stderr.endswith("KeyError: 'no'\n")


@pytest.mark.parametrize("check", ["attends_where_it_may", "survives_the_edges"])
def test_numbers_are_written_where_they_are_few_and_drawn_where_they_are_many(program, desk, check):
    (desk / "mine.py").write_text(EXAMPLE.replace("* q.size(-1) ** -0.5", ""))
    done = program("attempt", "25", "mine.py", "--show-input", check, "--device", "cpu")
    assert done.returncode == 1, done.stderr
    written, drawn = "torch.tensor([[" in done.stdout, "torch.randn(" in done.stdout
    assert (written, drawn) == ((True, False) if check == "attends_where_it_may" else (False, True))
    got = done.stdout.rpartition("  got ")[2].split()[0]  # as the report says it, of the first number
    ran = run(desk, done.stdout)
    assert ran.stderr == ""
    assert ran.stdout.lstrip("(tensor[").startswith(got)


def test_what_has_no_failing_input_is_one_line(program, pack, desk):
    (desk / "right.py").write_text("def double(x):\n    return 2 * x\n")
    done = program("attempt", "77", "right.py", "--show-input", "doubles")
    told = "doubles does not fail: there is no input to show\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, "", told)
    done = program("attempt", "77", "right.py", "--show-input", "double")
    told = "judge: --show-input: there is no check 'double'; there are keeps_the_shape, doubles\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", told)
    (desk / "broken.py").write_text("def double(x)\n")
    done = program("attempt", "77", "broken.py", "--show-input", "doubles")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "syntax error" in done.stderr
    assert "(line 1)" in done.stderr


def test_it_goes_alone(judge, pack, desk):
    status, _, err = judge("attempt", "77", "mine.py", "--show-input", "doubles", "--watch")
    assert (status, err) == (2, "judge: --show-input goes with --device and --seed only\n")
    assert list(desk.iterdir()) == []


@pytest.mark.parametrize(
    "tensor",
    [
        torch.randn(3, 4, generator=torch.Generator().manual_seed(1)),
        torch.tensor([0.1, 1e-8, 3e38, float("inf"), float("-inf")]),
        torch.tensor([0.1, 1 / 3], dtype=torch.float64),
        torch.tensor([0.1, 100.0], dtype=torch.bfloat16),
        torch.tensor([1 + 2j], dtype=torch.complex64),
        torch.tensor(7),
        torch.tensor([[True], [False]]),
        torch.tensor([1, 255], dtype=torch.uint8),
        torch.zeros(2, 0, dtype=torch.int64),
    ],
)
def test_every_number_is_written_to_the_last_bit(tensor):
    again = eval(literal(tensor), {"torch": torch, "inf": float("inf"), "nan": float("nan")})
    assert again.dtype == tensor.dtype
    assert torch.equal(again, tensor)
