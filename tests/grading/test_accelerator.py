"""A solution that only works on the CPU is told so, with its own line, on a machine without a GPU."""

import io

import pytest
from rich.console import Console

from judge.report.terminal import render
from tests.grading.conftest import by_name

CAUSAL = "torch.tril(torch.ones(T, T, dtype=torch.bool, device=x.device))"
RESULT = "        y = torch.matmul(self.attn_dropout(weights), v)\n"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (CAUSAL, "torch.tril(torch.ones(T, T, dtype=torch.bool))", "allowed = allowed & torch.tril("),
        (RESULT, "        y = torch.zeros(v.shape)\n        y += weights @ v\n", "y += weights @ v"),
        (RESULT, "        y = torch.from_numpy(weights.detach().numpy()) @ v\n", "weights.detach().numpy()"),
        (RESULT, "        y = (weights if x.is_cpu else weights.cuda()) @ v\n", "weights.cuda()"),
    ],
    ids=["a causal mask made on the CPU", "an initial state without a device", ".numpy()", ".cuda()"],
)
def test_what_works_on_the_cpu_and_fails_on_an_accelerator(engine, problem, changed, old, new, line):
    report = engine.judge(problem, changed(old, new), only=["attends_where_it_may"])
    check = by_name(report)["attends_where_it_may"]
    assert check.devices == {"cpu": "passed", "sim": "error"}
    assert (report.accepted, report.verdict, check.failing_device) == (False, "error", "sim")
    assert line in check.location
    page = io.StringIO()
    render(report, Console(file=page, width=100))
    assert "Works on the CPU, fails on an accelerator: " in page.getvalue()
    assert line in page.getvalue()


def test_a_right_solution_passes_on_both(engine, problem, changed):
    report = engine.judge(problem, changed())
    assert (report.accepted, report.score, report.verdict) == (True, 100, "passed")
    for check in report.checks:
        expected = {"cpu"} if check.kind in ("convergence", "timing") else {"cpu", "sim"}
        assert set(check.devices) == expected


def test_a_result_that_is_left_on_the_cpu_is_wrong_on_an_accelerator(engine, problem, changed):
    last = "        return self.out_proj(y.transpose(1, 2).contiguous().view(B, T, E))"
    report = engine.judge(problem, changed(last, f"{last}.cpu()"), only=["attends_where_it_may"])
    check = by_name(report)["attends_where_it_may"]
    assert check.devices == {"cpu": "passed", "sim": "wrong"}
    assert "cpu" in check.message
