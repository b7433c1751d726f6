"""What problem authors can rely on: judgements, statistics, ranks as threads, exceptions as values."""

from __future__ import annotations

import threading

import pytest
import torch
from torch import nn

from judge.checks import (
    Evidence,
    Raised,
    Ruling,
    all_of,
    at_least,
    at_most,
    check,
    checks_of,
    gradients,
    moments,
    outcome,
    run_ranks,
    uniform_between,
)
from judge.observing import load_checks

SOURCE = '''
from hypothesis import strategies as some
from judge.checks import check

@check("shape", points=10, size=some.integers(1, 3))
def first(solution, make, size):
    """The first sentence.

    More, for the author only.
    """

@check("timing", points=90, limit=3.0, tag="edge", devices=["cpu"])
def second(solution, make):
    """The second sentence."""
'''


def ruled(judgement: object, got: object, hidden: object = None) -> object:
    return judgement(Evidence(got, None, hidden, {}))  # type: ignore[operator]


def test_a_checks_file_is_a_list_of_decorated_functions_in_order() -> None:
    first, second = load_checks(SOURCE, "x")
    assert (first.name, first.sentence, first.points) == ("first", "The first sentence.", 10)
    assert (second.kind, second.limit, second.tag) == ("timing", 3.0, "edge")
    assert checks_of(type(torch)("empty")) == []


def test_timing_and_convergence_leave_out_the_simulated_accelerator() -> None:
    first, second = load_checks(SOURCE, "x")
    assert first.runs_on("sim")
    assert first.runs_on("cuda:1")
    assert not second.runs_on("sim")
    assert not second.runs_on("cuda")
    assert second.runs_on("cpu")


def test_a_check_without_a_sentence_or_with_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="docstring"):
        check("shape", points=1)(lambda solution, make: None)
    with pytest.raises(ValueError, match="shape, values"):
        check("speed", points=1)
    with pytest.raises(ValueError, match="judged_by"):
        check("convergence", points=1, task=lambda make: (None, None))


def test_accuracy_is_judged_against_the_hidden_labels() -> None:
    labels = torch.tensor([0, 1, 1, 0])
    passes = at_least(0.75, "accuracy")
    assert ruled(passes, (torch.tensor([0, 1, 1, 1]), [1.0, 0.5]), labels) == Ruling(
        True, "accuracy 0.75, needs at least 0.75"
    )
    assert ruled(passes, torch.tensor([1, 1, 1, 1]), labels) == Ruling(False, "accuracy 0.5, needs at least 0.75")
    assert ruled(passes, torch.tensor([0]), labels) == "the predictions have shape (1,), expected (4,)"


def test_numbers_that_are_not_finite_never_pass() -> None:
    assert ruled(at_most(1.0, "error"), 0.5) == Ruling(True, "error 0.5, may be at most 1")
    for bad in (float("nan"), float("inf"), float("-inf")):
        assert not ruled(at_most(1.0, "error"), bad).passed  # type: ignore[attr-defined]
    assert "expected a number" in str(ruled(at_most(1.0, "error"), "0.5"))


def test_all_of_shows_the_first_that_fails() -> None:
    both = all_of(at_least(1, "first"), at_least(2, "second"))
    assert ruled(both, 1.5) == Ruling(False, "second 1.5, needs at least 2")
    assert ruled(both, 2.5).passed  # type: ignore[attr-defined]


@pytest.mark.parametrize("seed", range(20))
def test_right_draws_are_never_rejected_and_wrong_ones_always(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    normal = torch.randn(4000, generator=generator)
    assert moments(normal * 2 + 1, 1.0, 2.0) is None
    assert "standard deviation" in str(moments(normal * 2.3, 0.0, 2.0))
    assert "mean" in str(moments(normal + 0.3, 0.0, 1.0))
    coin = (torch.rand(4000, generator=generator) < 0.5).float()
    assert moments(coin, 0.5, 0.5, kurtosis=1.0) is None
    uniform = torch.rand(4000, generator=generator) * 2 - 1
    assert uniform_between(uniform, -1, 1) is None
    assert uniform_between(uniform * 0.8, -1, 1) is not None
    assert "leave" in str(uniform_between(uniform * 1.1, -1, 1))


def test_draws_that_are_missing_or_not_finite_are_said_as_such() -> None:
    assert moments(torch.zeros(0), 0, 1) == "the draws: there are none"
    assert moments(torch.tensor([float("nan")] * 9), 0, 1, "noise") == "noise: some are not finite"


def test_an_exception_becomes_a_value() -> None:
    raised = outcome(int, "x")
    assert isinstance(raised, Raised)
    assert raised.type == "ValueError"
    assert "Exception" in raised.bases
    assert outcome(int, "7") == 7


def test_gradients_are_told_by_name_and_missing_ones_are_none() -> None:
    layer, x = nn.Linear(2, 1), torch.ones(1, 2, requires_grad=True)
    assert gradients(layer, x=x) == {"weight": None, "bias": None, "x": None}
    layer(x).sum().backward()
    found = gradients(layer, x=x)
    assert torch.equal(found["weight"], torch.ones(1, 2))  # type: ignore[arg-type]
    assert found["weight"] is not layer.weight.grad


def test_ranks_reduce_and_broadcast() -> None:
    def work(group: object) -> list[float]:
        total, sent = torch.tensor([float(group.rank)]), torch.tensor([float(group.rank)])  # type: ignore[attr-defined]
        group.all_reduce(total)  # type: ignore[attr-defined]
        group.broadcast(sent, 2)  # type: ignore[attr-defined]
        group.barrier()  # type: ignore[attr-defined]
        return [float(total), float(sent), len(group.calls)]  # type: ignore[attr-defined]

    assert run_ranks(4, work) == [[6.0, 2.0, 3]] * 4


def test_the_rank_that_fails_is_heard_and_ranks_that_wait_in_vain_stop() -> None:
    def fails(group: object) -> None:
        if group.rank == 1:  # type: ignore[attr-defined]
            raise ZeroDivisionError("rank 1")
        group.barrier()  # type: ignore[attr-defined]

    def forgets(group: object) -> None:
        if group.rank == 0:  # type: ignore[attr-defined]
            group.barrier()  # type: ignore[attr-defined]

    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        run_ranks(3, fails)
    with pytest.raises(RuntimeError, match="in vain"):
        run_ranks(2, forgets, seconds=0.2)
    assert threading.active_count() == before
