"""Every right way of computing passes, and what is nearly right does not."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from judge.compare import cases, compare, equal
from judge.observations import Observation
from judge.yardstick import Rounding, roundings


def seen(value):
    return Observation(value)


def judged(way, reference, *inputs):
    """The comparison of `way` with a reference, as the judge makes it."""
    exact = seen(reference(*(x.double() for x in inputs)))
    return compare(seen(way(*inputs)), seen(reference(*inputs)), exact)


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def layer_norm(x, eps=1e-5, inside=True, unbiased=False):
    centred = x - x.mean(-1, keepdim=True)
    variance = x.var(-1, keepdim=True, unbiased=unbiased)
    return centred / ((variance + eps).sqrt() if inside else variance.sqrt() + eps)


@pytest.mark.parametrize("size", [1, 3, 64, 4096])
def test_another_order_of_summation_is_right(size):
    def one_by_one(a, b):
        total = torch.zeros(a.shape[0], b.shape[1], dtype=a.dtype)
        for k in range(size):
            total = total + a[:, k : k + 1] * b[k : k + 1]
        return total

    a, b = normal(5, size), normal(size, 3, seed=1)
    assert judged(one_by_one, torch.matmul, a, b) is None
    assert judged(lambda a, b: torch.einsum("ik,kj->ij", a, b), torch.matmul, a, b) is None
    assert judged(lambda a, b: (b.T.contiguous() @ a.T.contiguous()).T, torch.matmul, a, b) is None


def test_other_formulas_for_the_same_thing_are_right():
    x, labels = 5 * normal(20, 7), torch.arange(20) % 7

    def with_logsumexp(x):
        return (x.logsumexp(-1) - x[torch.arange(20), labels]).mean()

    assert judged(with_logsumexp, lambda x: functional.cross_entropy(x, labels), x) is None
    assert judged(layer_norm, lambda x: functional.layer_norm(x, x.shape[-1:]), normal(6, 32)) is None
    by_erf = judged(lambda x: x / 2 * (1 + torch.erf(x / math.sqrt(2))), functional.gelu, normal(100))
    assert by_erf is None


@pytest.mark.parametrize(
    "nearly",
    [
        lambda x: layer_norm(x, eps=1e-6),
        lambda x: layer_norm(x, inside=False),
        lambda x: layer_norm(x, unbiased=True),
        lambda x: layer_norm(x.half()).to(x.dtype),
        lambda x: layer_norm(x.bfloat16()).to(x.dtype),
    ],
    ids=["eps", "eps outside the root", "unbiased", "float16 inside", "bfloat16 inside"],
)
def test_what_is_nearly_right_is_wrong(nearly):
    x = normal(6, 32) * torch.logspace(-2, 0, 6)[:, None]  # rows of small variance show what eps does
    assert judged(nearly, layer_norm, x).kind == "value"


def test_other_near_misses_are_wrong():
    assert judged(lambda x: functional.gelu(x, approximate="tanh"), functional.gelu, normal(100)).kind == "value"
    assert judged(lambda x: (x * 1.001).softmax(-1), lambda x: x.softmax(-1), normal(4, 9)).kind == "value"


def attention_gradients(x, softmax, names="query key value"):
    """Gradients of an attention layer with biases; the key bias's is truly 0, since softmax ignores it."""
    generator, embed = torch.Generator().manual_seed(3), x.shape[-1]
    parameters = {}
    for name in names.split():
        for kind, shape in (("weight", (embed, embed)), ("bias", (embed,))):
            drawn = torch.randn(shape, generator=generator).to(x.dtype)
            parameters[f"{name}.{kind}"] = drawn.requires_grad_()
    q, k, v = (x @ parameters[f"{name}.weight"].T + parameters[f"{name}.bias"] for name in names.split())
    out = softmax(q @ k.mT / math.sqrt(embed)) @ v
    (out * torch.randn(out.shape, generator=generator).to(x.dtype)).sum().backward()
    return {name: parameter.grad for name, parameter in parameters.items()}


SOFTMAXES = {
    "exponentials": lambda s: (
        (s - s.amax(-1, keepdim=True)).exp() / (s - s.amax(-1, keepdim=True)).exp().sum(-1, keepdim=True)
    ),
    "logarithms": lambda s: (s - s.logsumexp(-1, keepdim=True)).exp(),
    "float64": lambda s: s.double().softmax(-1).to(s.dtype),
}


@pytest.mark.parametrize("way", SOFTMAXES)
def test_gradients_that_are_truly_zero_may_be_rounding(way):
    """Whatever is left of them, in tensors as small as they come, and whether they are one case or many."""
    for length in (1, 2, 5):
        for embed in (1, 2, 8):
            for seed in range(12):
                x = normal(2, length, embed, seed=seed)
                reference = seen(attention_gradients(x, lambda s: s.softmax(-1)))
                exact = seen(attention_gradients(x.double(), lambda s: s.softmax(-1)))
                got = seen(attention_gradients(x, SOFTMAXES[way]))
                assert compare(got, reference, exact) is None
                assert not any(cases(got, reference, exact).values())


def test_a_gradient_that_is_truly_zero_must_be_nearly_zero():
    x = normal(2, 5, 8)
    reference = seen(attention_gradients(x, lambda s: s.softmax(-1)))
    exact = seen(attention_gradients(x.double(), lambda s: s.softmax(-1)))
    for leak in (1e-3, 1e-4):
        got = seen({**reference.value, "key.bias": torch.full((8,), leak)})
        assert compare(got, reference, exact).index == "key.bias[0]"
        assert cases(got, reference, exact)["key.bias"] is not None


def test_zeros_among_nothing_but_zeros_may_be_rounding_of_ones():
    zeros = seen(torch.zeros(3))
    assert compare(seen(torch.full((3,), 1e-7)), zeros, zeros) is None
    assert compare(seen(torch.full((3,), 1e-5)), zeros, zeros) is not None


def test_small_numbers_beside_large_ones_are_looked_at_closely():
    """Adam's second moments are tiny beside its weights, and still must be right."""
    exact = {"weight": normal(4).double(), "second moment": normal(4, seed=1).double().square() * 1e-12}
    reference = {name: tensor.float() for name, tensor in exact.items()}
    wrong = {**reference, "second moment": reference["second moment"] * 1.01}
    assert compare(seen(reference), seen(reference), seen(exact)) is None
    assert compare(seen(wrong), seen(reference), seen(exact)).index == "second moment[0]"


def test_one_huge_case_makes_no_other_case_lenient():
    reference = seen({"huge": torch.full((3,), 1e30), "empty rows": torch.zeros(3)})
    got = seen({"huge": torch.full((3,), 1e30), "empty rows": torch.full((3,), 0.01)})
    assert cases(got, reference, reference)["empty rows"] is not None


def test_half_types_are_judged_by_their_own_precision():
    x = normal(8, 8)
    for dtype in (torch.float16, torch.bfloat16):
        reference, exact = x.to(dtype), x.double()
        assert compare(seen((x * 3 / 3).to(dtype)), seen(reference), seen(exact)) is None
        assert compare(seen((x * 1.2).to(dtype)), seen(reference), seen(exact)) is not None


def test_float64_answers_are_judged_by_float64():
    x = normal(8, 8).double()
    assert compare(seen(x * 3 / 3), seen(x), seen(x)) is None
    assert compare(seen((1000 + x) - 1000), seen(x), seen(x)) is None  # digits that cancelled
    assert compare(seen(x * (1 + 1e-11)), seen(x), seen(x)) is not None
    assert compare(seen(x.float().double() + 1e-7), seen(x), seen(x)) is not None


def test_complex_numbers_are_judged_in_both_parts():
    x = torch.complex(normal(4), normal(4, seed=1))
    assert compare(seen(x * 3 / 3), seen(x), seen(x.to(torch.complex128))) is None
    found = compare(seen(x.conj()), seen(x), seen(x.to(torch.complex128)))
    assert found.index == "out[0]"
    assert "4 of 4 numbers differ" in found.message


def test_an_answer_near_a_careless_mistake_is_not_that_mistake():
    """A mistake that computes in float16 is off by 1e-3; an answer off by 1e-5 is not the same."""
    x = normal(40)
    mistake, exact, got = seen(x.half().float()), seen(x.double()), seen(x * (1 + 1e-5))
    assert compare(got, mistake, exact) is None
    assert not equal(got, mistake, exact)
    assert equal(seen(x.half().float() * 3.3 / 3.3), mistake, exact)


def about(a):
    return seen({"a": torch.tensor([a]), "b": torch.tensor([1.0])})


@pytest.mark.parametrize(
    ("elsewhere", "right"),
    [
        ({}, False),
        ({"a": [Rounding(1e-9, 0.04)]}, False),  # sound everywhere
        ({"b": [Rounding(1e-7, 0.04)]}, False),
        ({"a": [Rounding(1e-9, 0.04), Rounding(5e-8, 0.04)]}, True),  # off by more for another input
        ({"a": [Rounding(5e-8, 4.0)]}, False),  # in proportion
        ({"a": [Rounding(2e-8, 1e-4)]}, True),  # cancels for another input, and the largest number here is 1
    ],
)
def test_luck_of_the_reference_is_no_reason_to_refuse(elsewhere, right):
    expected = about(0.04)
    exact = seen({name: tensor.double() for name, tensor in expected.value.items()})
    assert (cases(about(0.04 + 5e-7), expected, exact, elsewhere=lambda: elsewhere)["a"] is None) == right
    assert cases(about(0.0401), expected, exact, elsewhere=lambda: elsewhere)["a"] is not None


def test_what_is_right_costs_no_look_at_other_inputs():
    expected = about(0.04)
    assert cases(about(0.04), expected, expected, elsewhere=None) == {"a": None, "b": None}


def test_where_and_how_far_a_reference_is_off():
    def leaves(x):
        return {"left": [(x + 1e3) - 1e3, 1], "number": float(x.sum() + 1e3) - 1e3, "flag": True, "empty": ()}

    x = torch.tensor([0.1, 0.25])
    found = dict(roundings(leaves(x), leaves(x.double())))
    assert sorted(found) == ["left[0]", "number"]
    assert found["left[0]"] == Rounding(pytest.approx(2.4e-5, rel=0.1), 0.25)
