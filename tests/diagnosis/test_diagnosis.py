"""A wrong answer that equals a known mistake's is given the mistake's name; no other is."""

from __future__ import annotations

import math

import torch

from judge.compare import cases
from judge.diagnosis import Outcome, diagnose, part
from judge.observations import Observation, Raised

RUNS = range(3)


def attention(scale=True, softmax_over=-1, causal_diagonal=1, epsilon=0.0, precision=None):
    """A way to attend; the defaults are right."""

    def attend(q, k, v, causal):
        if precision is not None:
            q, k, v = (x.to(precision) for x in (q, k, v))
        scores = q @ k.mT / (math.sqrt(q.shape[-1]) if scale else 1)
        if causal:
            hidden = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(causal_diagonal)
            scores = scores.masked_fill(hidden, -1e4)
        out = scores.softmax(softmax_over) @ v
        return out.to(torch.get_default_dtype() if precision else out.dtype) + epsilon

    return attend


MISTAKES = {
    "no_scaling": attention(scale=False),
    "softmax_over_queries": attention(softmax_over=-2),
    "causal_off_by_one": attention(causal_diagonal=0),
    "computes_in_float16": attention(precision=torch.float16),
}
TEXTS = {name: f"You made the mistake {name}." for name in MISTAKES}


def observe(attend, run, dtype):
    """What a check with the cases plain and causal sees."""
    generator = torch.Generator().manual_seed(run)
    q, k, v = (torch.randn(2, 4, 8, generator=generator).to(dtype) for _ in range(3))
    torch.set_default_dtype(dtype)
    try:
        return Observation({"plain": attend(q, k, v, False), "causal": (attend(q, k, v, True), "log")})
    finally:
        torch.set_default_dtype(torch.float32)


def outcomes(attend):
    """The outcomes of that check, as the judge gathers them."""
    found = {"plain": Outcome(), "causal": Outcome()}
    for run in RUNS:
        got, got64 = observe(attend, run, torch.float32), observe(attend, run, torch.float64)
        expected, exact = observe(attention(), run, torch.float32), observe(attention(), run, torch.float64)
        for case, difference in cases(got, expected, exact).items():
            found[case] = found[case].run(run, difference is None, part(got, case), part(got64, case))
    return {"attends": found}


KNOWN = {name: outcomes(attend) for name, attend in MISTAKES.items()}


def named(candidate, known=KNOWN):
    return [diagnosis.mistake for diagnosis in diagnose(candidate, known, TEXTS)]


def test_every_mistake_is_recognised():
    for name, attend in MISTAKES.items():
        found = diagnose(outcomes(attend), KNOWN, TEXTS)
        assert [diagnosis.mistake for diagnosis in found] == [name]
        assert found[0].text == TEXTS[name]
        assert found[0].checks == ["attends"]


def test_a_mistake_is_recognised_however_it_is_written():
    def with_einsum_and_no_scaling(q, k, v, causal):
        scores = torch.einsum("bqd,bkd->bqk", q, k)
        if causal:
            scores = scores + torch.full(scores.shape[-2:], -torch.inf).to(scores).triu(1)
        weights = (scores - scores.logsumexp(-1, keepdim=True)).exp()
        return torch.einsum("bqk,bkd->bqd", weights, v)

    assert named(outcomes(with_einsum_and_no_scaling)) == ["no_scaling"]


def test_a_right_solution_and_an_unknown_mistake_get_no_name():
    assert named(outcomes(attention())) == []
    assert named(outcomes(attention(epsilon=0.01))) == []
    assert named(outcomes(attention(epsilon=2e-5))) == []  # near the right answer, and so near float16's


def test_a_mistake_that_fails_where_the_candidate_passes_is_not_named():
    """No scaling is wrong in both cases; who is right in one of them did not forget the scale."""
    candidate = outcomes(attention(scale=False))
    candidate["attends"]["plain"] = outcomes(attention())["attends"]["plain"]
    assert named(candidate) == []


def test_numbers_must_agree_in_every_run():
    once = outcomes(attention(scale=False))["attends"]["plain"]
    other = Outcome(False, {**once.got, 2: Observation(torch.zeros(2, 4, 8))}, once.exact)
    assert named({"attends": {"plain": other}}) == []


def test_runs_that_only_one_of_them_has_are_left_out():
    once = outcomes(attention(scale=False))["attends"]["plain"]
    shrunk = Outcome(False, {**once.got, "smallest": Observation(torch.zeros(1))})
    assert named({"attends": {"plain": shrunk}}) == ["no_scaling"]


def two(check, passed, value):
    return {check: {"": Outcome().run(0, passed, Observation(value))}}


def test_two_mistakes_at_once_are_both_named():
    known = {
        "forgets_eps": two("norm", False, 1.0) | two("shape", True, 0.0) | two("mask", True, 5.0),
        "mask_inverted": two("norm", True, 2.0) | two("shape", True, 0.0) | two("mask", False, 6.0),
        "third": two("norm", False, 9.0) | two("mask", False, 6.0),
    }
    candidate = two("norm", False, 1.0) | two("mask", False, 6.0) | two("shape", True, 0.0)
    assert named(candidate, known) == ["forgets_eps", "mask_inverted"]


def test_mistakes_that_cannot_be_told_apart_are_both_named_but_no_third():
    known = {name: two("norm", False, 1.0) for name in ("b", "a", "c")}
    assert named(two("norm", False, 1.0), known) == ["a", "b"]


def test_the_mistake_that_explains_more_comes_alone():
    known = {
        "half": two("norm", False, 1.0),
        "whole": two("norm", False, 1.0) | two("mask", False, 6.0),
    }
    assert named(two("norm", False, 1.0) | two("mask", False, 6.0), known) == ["whole"]


def exception(message, kind="RuntimeError"):
    return Raised(kind, (kind, "Exception"), message)


def test_the_same_exception_is_the_same_mistake_if_nothing_else_is_wrong():
    known = {"mixes_devices": two("runs", False, exception("expected a tensor 'x' of size 3"))}
    same = exception("expected a tensor 'hidden' of size 14")
    assert named(two("runs", False, same), known) == ["mixes_devices"]
    assert named(two("runs", False, exception("no such file")), known) == []
    assert named(two("runs", False, exception("expected a tensor 'x' of size 3", "TypeError")), known) == []
    assert named(two("runs", False, same) | two("other", False, 1.0), known) == []


def ruled(check, sentence, passed=False):
    return {check: {"": Outcome().run(0, passed, Observation(torch.rand(3)), sentence=sentence)}}


def test_the_same_ruling_is_the_same_mistake_if_nothing_else_is_wrong():
    known = {"one_mask": ruled("dropout", "the mean of the draws is 0.31, expected 0.5")}
    same = ruled("dropout", "the mean of the draws is 1.2e-05, expected 0.5")
    assert named(same, known) == ["one_mask"]
    assert named(ruled("dropout", "the draws are not finite"), known) == []
    assert named(same | two("other", False, 1.0), known) == []


def test_equal_numbers_count_for_more_than_equal_words():
    known = {
        "words": ruled("trains", "accuracy 0.3, needs at least 0.95") | ruled("samples", "all draws are equal"),
        "numbers": two("norm", False, 1.0) | ruled("trains", "accuracy 0.5, needs at least 0.95"),
    }
    candidate = two("norm", False, 1.0) | ruled("trains", "accuracy 0.4, needs at least 0.95")
    assert named(candidate, known) == ["numbers"]


def against(expected, value, runs=1):
    """One failing case; the reference gave `expected` in each run."""
    outcome = Outcome()
    for run in range(runs):
        outcome = outcome.run(run, False, Observation(value), expected=Observation(expected))
    return {"check": {"": outcome}}


def test_a_yes_or_no_or_a_few_counts_name_a_mistake_but_prove_nothing():
    def certain(expected, value, runs=1):
        wrong = against(expected, value, runs)
        (diagnosis,) = diagnose(wrong, {"mistake": wrong}, {})
        return diagnosis.certain

    assert not certain({"refused": True, "rows that changed": 0}, {"refused": False, "rows that changed": 6})
    assert not certain({"refused": True, "loss": 0.37}, {"refused": False, "loss": 0.37})  # right numbers prove nothing
    assert not certain(torch.tensor([0, 1] * 9), torch.zeros(18, dtype=torch.int64))  # always the same label
    assert certain({"refused": True, "loss": 0.37}, {"refused": True, "loss": 0.73})
    assert certain(0, 235)
    assert certain(torch.tensor([0, 1] * 9), torch.tensor([1, 0] * 9))
    assert certain([0, 1], [1, 2], runs=5)


def test_no_answer_at_all_looks_like_nothing():
    crashed = {"norm": {"": Outcome().run(0, False, None)}}
    assert named(crashed, {"crashes": crashed, "wrong": two("norm", False, 1.0)}) == []
