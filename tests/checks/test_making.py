"""Inputs are the same numbers in every process, on every device and under either precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from judge.making import Make, derive_seed

DRAWS: dict[str, Callable[[Make], Any]] = {
    "normal": lambda make: make.normal(3, 4, mean=1.0, std=2.0),
    "uniform": lambda make: make.uniform(3, 4, low=-1.0),
    "integers": lambda make: make.integers(0, 9, 5),
    "mask": lambda make: make.mask(4, 5),
    "permutation": lambda make: make.permutation(9),
    "integer": lambda make: torch.tensor(make.integer(0, 99)),
    "filled": lambda make: make.filled(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))).state_dict()["0.weight"],
    "generator": lambda make: torch.randint(0, 99, (5,), generator=make.generator(3)),
}


@pytest.fixture(autouse=True)
def _float32_afterwards() -> Any:
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", DRAWS)
def test_float64_runs_see_the_same_inputs_promoted(name: str) -> None:
    single = DRAWS[name](Make(5))
    torch.set_default_dtype(torch.float64)
    double = DRAWS[name](Make(5, dtype=torch.float64))
    assert torch.equal(single.double(), double.double())
    if single.is_floating_point():
        assert (single.dtype, double.dtype) == (torch.float32, torch.float64)


@pytest.mark.parametrize("name", DRAWS)
def test_the_same_seed_gives_the_same_inputs_and_another_one_others(name: str) -> None:
    assert torch.equal(DRAWS[name](Make(5)), DRAWS[name](Make(5)))
    assert not torch.equal(DRAWS[name](Make(5)), DRAWS[name](Make(6)))


def test_a_case_sees_the_same_inputs_whatever_happened_before_it() -> None:
    one, other = Make(5), Make(5)
    one.normal(7)
    torch.rand(3)
    one.restart("case")
    drawn = one.normal(2), torch.rand(2)
    other.restart("case")
    assert torch.equal(drawn[0], other.normal(2))
    assert torch.equal(drawn[1], torch.rand(2))


def test_modules_are_filled_by_name_not_by_order() -> None:
    class Forwards(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(3, 3), nn.Linear(3, 3)

    class Backwards(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.b, self.a = nn.Linear(3, 3), nn.Linear(3, 3)

    one, other = Make(5).filled(Forwards()).state_dict(), Make(5).filled(Backwards()).state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert not torch.equal(one["a.weight"], one["b.weight"])


def test_filling_tells_names_and_shapes_and_keeps_variances_positive() -> None:
    make = Make(5)
    layer = make.filled(nn.BatchNorm1d(4))
    assert ("running_var", (4,)) in make.filled_names
    assert bool((layer.running_var > 0).all())  # type: ignore[union-attr, operator]
    assert layer.num_batches_tracked == 0


def test_every_row_of_a_mask_has_at_least_one_true() -> None:
    assert bool(Make(5).mask(200, 3, share=0.05).any(-1).all())


def test_seeds_derived_from_different_parts_differ() -> None:
    seeds = {derive_seed(*parts) for parts in [(1, 2), (12,), (1, "2", ""), (2, 1), ("1", 3)]}
    assert len(seeds) == 5
    assert all(0 <= seed < 2**63 for seed in seeds)
