"""What goes wrong in one check costs that check: those before and after it are judged as if nothing had happened."""

import shutil

import pytest

from judge.problems import packs
from tests.grading.conftest import REPOSITORY, by_name, verdicts

# Of the checks below, only that of dropout puts a layer into training.
PLACE = "        B, T, E = x.shape\n"
WHERE = PLACE + "        if x.shape == (8, 16, 32):\n            {}\n"
ORDER = ("follows_the_contract", "drops_weights_in_training", "learns_from_every_weight")


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    """25-self-attention, but the check of dropout in training may take five seconds only."""
    root = tmp_path_factory.mktemp("impatient")
    for half in ("problems", "reference"):
        shutil.copytree(REPOSITORY / half / "25-self-attention", root / half / "25-self-attention")
    checks = root / "problems/25-self-attention/checks.py"
    before = checks.read_text()
    checks.write_text(before.replace("judged_by=drops_half", "judged_by=drops_half, cpu_seconds=5"))
    assert checks.read_text() != before
    return packs([root]).find(f"{root.name}/25-self-attention")


@pytest.mark.parametrize(
    ("action", "verdict", "words"),
    [
        ("import os; os._exit(0)", "crashed", ""),
        ("import ctypes; ctypes.string_at(0)", "crashed", "SIGSEGV"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "crashed", ""),
        ("import sys; sys.exit(0)", "error", "calls sys.exit"),
        ("raise KeyboardInterrupt", "error", "raises KeyboardInterrupt"),
        ("raise ValueError('not today')", "error", "raises ValueError: not today"),
        ("while True: pass", "timeout", "took more than 5 s of CPU time"),
        ("while True: print('x' * 1000)", "output-limit", "printed more than"),
        ("torch.empty(1 << 31)", "memory", "ran out of memory"),
        ("return torch.ones(1 << 26)", "output-limit", ""),
        ("return object()", "wrong", ""),
    ],
)
def test_a_check_that_misbehaves_costs_only_itself(engine, impatient, changed, action, verdict, words):
    report = engine.judge(impatient, changed(PLACE, WHERE.format(action)), only=ORDER)
    assert verdicts(report) == dict(zip(ORDER, ("passed", verdict, "passed"), strict=True))
    assert words in by_name(report)["drops_weights_in_training"].message
    assert report.score == pytest.approx(100 * 20 / 25)
    assert (report.verdict, report.accepted) == (verdict, False)


def test_a_case_that_misbehaves_costs_only_itself(engine, problem, changed):
    later = changed("if causal:", "if causal:\n            raise ValueError('later')")
    only = ["weighs_values_by_scores", "attends_where_it_may", "at_length_256"]
    report = engine.judge(problem, later, only=only, shrink=False)
    module = by_name(report)["attends_where_it_may"]
    assert {case.name: case.verdict for case in module.cases} == {
        "plain": "passed",
        "padded": "passed",
        "causal": "error",
        "both": "error",
    }
    assert module.points == module.max_points / 2
    assert verdicts(report)["weighs_values_by_scores"] == "passed"
    assert verdicts(report)["at_length_256"] == "skipped"  # a wrong answer is not timed


def test_what_was_printed_is_kept_head_and_tail_for_the_check_that_fails(engine, problem, changed):
    endless = "for n in range(100000): print(n, '\\033[31mred')\n            raise ValueError('after all that')"
    report = engine.judge(problem, changed(PLACE, WHERE.format(endless)), only=ORDER)
    printed = by_name(report)["drops_weights_in_training"].stdout
    assert "99999" in printed
    assert len(printed) < 100_000
    assert by_name(report)["follows_the_contract"].stdout is None
