"""What a candidate reads after an attempt."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from judge.report import Report
from judge.report.terminal import render

from .samples import HOSTILE, WRONG, check, report


def shown(shown_report: Report, width: int = 80, encoding: str = "utf-8", **options) -> str:
    """The report as it arrives in a pipe."""
    pipe = io.BytesIO()
    file = io.TextIOWrapper(pipe, encoding=encoding, write_through=True)
    render(shown_report, Console(file=file, width=width), **options)
    return pipe.getvalue().decode(encoding)


def row(text: str, word: str) -> str:
    return next(line for line in text.splitlines() if word in line)


def test_the_first_line_has_problem_score_and_state():
    first = shown(WRONG).splitlines()[0]
    assert first.startswith("25 Self-attention with masks")
    assert "35/100" in first
    assert first.endswith("not accepted")


def test_failing_checks_come_first_and_each_has_one_line():
    text = shown(WRONG)
    marks = [line[:14].split() for line in text.splitlines() if line[1:2] in "✗–✓" and line[2:3] == " "]
    assert marks == [["✗", "values"], ["–", "timing"], ["✓", "shape"], ["✓", "convergence"]]
    assert row(text, "✗ values").split()[2:5] == ["5/20", "cpu", "sim*"]
    assert row(text, "✗ values").endswith("0.3s")
    assert "Not timed: its answer is wrong" in row(text, "– timing")
    assert "accuracy 1, needs at least 0.95" in row(text, "✓ convergence")
    assert "* simulated accelerator" in text


def test_a_failure_is_explained_by_its_evidence():
    text = shown(WRONG)
    assert "plain ✗  padded ✓" in text
    assert "Smallest failing input: batch=1 length=2 heads=1" in text
    assert "8 of 8 numbers differ" in text
    assert "plain[0, 0, 0]  expected 0.2268  got 0.2007  off by up to 0.026, allowed 4e-07" in text
    assert "│ scores of head 0" in text


def test_evidence_then_the_known_mistake_then_the_next_step_then_what_it_rests_on():
    text = shown(WRONG)
    assert "Known mistake; your numbers equal its numbers in that check:" in text
    order = ["Smallest", "Known mistake", "sqrt(head_dim)", "Next: judge hint 25 (1 of 3)", "seed 7 · torch 2.15"]
    assert sorted(order, key=text.index) == order
    assert "seed 7 · torch 2.15 · isolation L3 · judge 0.1.0" in text.splitlines()[-1]


def test_both_learning_curves_are_drawn_on_one_scale():
    text = shown(WRONG)
    assert "█▄▂?  2 → nan" in row(text, "yours")
    assert "█▄▂▁  2 → 0.1" in row(text, "reference  ")


def test_a_check_that_fails_on_the_accelerator_only_says_so():
    text = shown(
        report(
            check(
                "attends",
                verdict="error",
                devices={"cpu": "passed", "sim": "error"},
                message="RuntimeError: two devices, cpu and sim:0",
                location="line 31: mask = torch.ones(n, n)",
            )
        )
    )
    assert "cpu ✓ sim* ✗" in text
    assert "Works on the CPU, fails on an accelerator: RuntimeError: two devices" in text
    assert "line 31: mask = torch.ones(n, n)" in text


def test_edge_checks_are_counted_apart():
    text = shown(report(check("a"), check("b", verdict="wrong"), check("c", tag="edge"), check("d", tag="edge")))
    assert "core 1/2, edge 2/2" in text
    assert "core" not in shown(report(check("a"), check("b", verdict="wrong")))


def test_checks_that_fail_alike_are_explained_once():
    alike = {
        "verdict": "error",
        "message": "NameError: name 'softmax' is not defined",
        "location": "line 3: softmax(x)",
    }
    text = shown(report(check("a", **alike), check("b", "gradient", **alike)))
    assert text.count("NameError") == 1
    assert "values · a\ngradient · b\n" in text


def test_the_verdict_is_named_where_it_says_more_than_wrong():
    text = shown(report(check("a", verdict="timeout", seconds=10.0), check("b", verdict="output-limit")))
    assert "timeout  10.0s" in text
    assert "output limit" in text


def test_what_cannot_be_judged_is_one_clear_line_with_its_place():
    text = shown(report(message="syntax error: '(' was never closed", location="line 12: def forward(self", score=0))
    assert "0/100   not accepted" in text
    assert "✗ syntax error: '(' was never closed" in text
    assert "line 12: def forward(self" in text
    assert len(text.splitlines()) <= 8


def test_an_untouched_stub_is_no_wall_of_red():
    text = shown(report(check("a", verdict="error", message="NotImplementedError"), untouched=True, score=0))
    assert "nothing written yet" in text
    assert "solutions/25-self-attention.py" in text
    assert "✗" not in text
    assert len(text.splitlines()) <= 8


def test_an_accepted_solution_gets_calm_lines_and_the_way_to_the_reference():
    text = shown(report(check("a"), check("b", "gradient")))
    assert "100/100   accepted" in text
    assert "Next: judge reveal 25" in text
    assert "2.3s" in text
    assert "✗" not in text


def test_a_score_is_never_rounded_up_to_full():
    assert "99.9/100" in shown(report(check("a", verdict="wrong"), score=99.97))


def test_a_failure_of_the_judge_has_no_score():
    text = shown(report(check("a", verdict="infra", message="the worker was lost"), score=0, verdict="infra"))
    assert "not judged" in text.splitlines()[0]
    assert "/100" not in text
    assert "Next: judge doctor" in text


def test_what_is_handed_out_keeps_the_class_seed_secret():
    text = shown(WRONG, handed_out=True)
    assert "seed" not in text
    assert "Next:" not in text


def test_chinese():
    text = shown(WRONG, language="zh")
    for words in ("未通过", "最小的出错输入：batch=1", "应为 0.2268  实为 0.2007", "已知错误", "下一步：judge hint 25"):
        assert words in text


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("sample", [WRONG, HOSTILE], ids=["wrong", "hostile"])
def test_no_line_is_longer_than_the_terminal_and_a_pipe_gets_no_escape_codes(sample, width, language):
    text = shown(sample, width, language=language)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert not {character for character in text if ord(character) < 32} - {"\n"}
    assert "\x7f" not in text
    assert len(text.splitlines()) < 80


def test_text_of_a_solution_is_shown_and_never_interpreted():
    text = shown(HOSTILE)
    assert "[bold]ValueError[/bold]: red link :smile:" in text
    assert "│ [red]PASS[/red]" in text
    assert "more lines" in text
    assert "line 3: raise ValueError('[/]')" in text
    assert "[link=x] ✗" in text
    colour = Console(file=io.StringIO(), width=80, force_terminal=True, color_system="truecolor")
    render(HOSTILE, colour)
    assert "[red]PASS[/red]" in colour.file.getvalue()
    assert "\x1b[2J" not in colour.file.getvalue()
    assert "x.org" not in colour.file.getvalue()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "gbk"])
def test_an_output_without_unicode_gets_ascii_marks(encoding):
    text = shown(WRONG, encoding=encoding)
    assert " x values" in text
    assert " + shape" in text
    assert "plain x  padded +" in text
    assert shown(HOSTILE, encoding=encoding, language="zh")
