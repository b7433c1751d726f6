"""The function that does the whole job is found in the source and when it is called."""

import pytest

from judge.grading import Solution
from tests.grading.conftest import by_name, verdicts

BODY = "    scores = torch.matmul(q, k.transpose(-1, -2)) * q.size(-1) ** -0.5\n"
NAME = "torch.nn.functional.scaled_dot_product_attention"
# Reading the source cannot tell which one this is.
FOUND = "next(f for name, f in vars(nn.functional).items() if name[7:] == 'dot_product_attention')"


@pytest.mark.parametrize(
    ("before", "call"),
    [
        ("import torch.nn.functional as F\n", "F.scaled_dot_product_attention(q, k, v)"),
        ("from torch.nn.functional import scaled_dot_product_attention as sdpa\n", "sdpa(q, k, v)"),
        ("", "getattr(torch.nn.functional, 'scaled_dot_' + 'product_attention')(q, k, v)"),
    ],
)
def test_in_the_source_it_is_found_before_anything_runs(engine, problem, changed, before, call):
    solution = changed(BODY, f"    return {call}, None\n", before=before)
    report = engine.judge(problem, solution)
    assert (report.verdict, report.score) == ("forbidden", 0)
    assert NAME in report.message
    line = int(report.location.removeprefix("line ").partition(":")[0])
    assert report.location == f"line {line}: {solution.source.splitlines()[line - 1].strip()}"


def test_a_name_that_is_put_together_is_found_when_it_is_called(engine, problem, changed):
    solution = changed(BODY, f"    return {FOUND}(q, k, v), None\n")
    report = engine.judge(problem, solution, only=["weighs_values_by_scores"])
    check = by_name(report)["weighs_values_by_scores"]
    assert (check.verdict, check.points, report.verdict) == ("forbidden", 0, "forbidden")
    assert NAME in check.message
    assert check.location.endswith(f"return {FOUND}(q, k, v), None")


def test_swallowing_the_refusal_does_not_hide_it(engine, problem, changed):
    hidden = f"    try:\n        return {FOUND}(q, k, v), None\n    except BaseException:\n        pass\n"
    report = engine.judge(problem, changed(BODY, hidden + BODY), only=["weighs_values_by_scores"])
    assert verdicts(report) == {"weighs_values_by_scores": "forbidden"}


def test_in_a_timed_call_it_is_found_too(engine, problem, changed):
    fast = (
        "    if q.shape[-2] == 256:\n"
        f"        out = {FOUND}(q, k, v, mask)\n"
        "        return out, torch.eye(256).expand(1, 4, 256, 256)\n"
    )
    solution = changed(BODY, fast + BODY, "_, weights = scaled", "y, weights = scaled")
    solution = Solution.from_text(
        solution.source.replace("y = torch.matmul(self.attn_dropout(weights), v)", "y = y if T == 256 else weights @ v")
    )
    report = engine.judge(problem, solution, only=["at_length_256"])
    assert verdicts(report) == {"at_length_256": "forbidden"}


def test_a_forbidden_module_cannot_be_the_solution(engine, problem, changed):
    module = "class SelfAttention(getattr(nn, 'Multihead' + 'Attention')):"
    report = engine.judge(problem, changed("class SelfAttention(nn.Module):", module), only=["keeps_the_shape"])
    assert report.verdict in ("forbidden", "error")
    assert report.score == 0
