"""A difference says what is wrong, where, and what stands out; never more than is certain."""

from __future__ import annotations

import pytest
import torch

from judge.compare import cases, compare, names_differ
from judge.observations import Observation, Opaque, Raised

VALUE_ERROR = Raised("ValueError", ("ValueError", "Exception", "BaseException"), "heads must divide embed")


def difference(got, expected, **more):
    return compare(Observation(got), Observation(expected), **more)


def numbers(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def test_the_evidence_of_wrong_numbers():
    right = numbers(2, 3)
    got = right.clone()
    got[0, 2] += 0.5
    got[1, 1] -= 2
    found = difference(got, right)
    assert (
        found.message
        == "Shape and dtype are right; 2 of 6 numbers differ\nEverything before index 1 of dimension 1 is right"
    )
    assert (found.kind, found.index) == ("value", "out[0, 2]")
    assert found.expected == f"{right[0, 2]:.4g}"
    assert found.got == f"{got[0, 2]:.4g}"
    assert found.error == pytest.approx(2)
    assert 0 < found.allowed < 1e-4


def test_numbers_are_shown_with_enough_digits_to_tell_them_apart():
    found = difference(torch.tensor([1.0001, 2.0]), torch.tensor([1.0, 2.0]))
    assert (found.expected, found.got) == ("1", "1.0001")


@pytest.mark.parametrize(
    ("change", "remark"),
    [
        (lambda x: x * 0, "All your numbers are 0"),
        (lambda x: torch.full_like(x, 2.5), "All your numbers are 2.5"),
        (lambda x: -x, "Every number has the wrong sign"),
        (lambda x: x / 2, "Every number is 0.5 times the expected one"),
        (lambda x: x + 0.25, "Every number is 0.25 too large"),
        (lambda x: x - 1, "Every number is 1 too small"),
        (lambda x: x.mT, "Dimensions 1 and 2 are swapped"),
        (lambda x: x.flip(0), "The numbers are right but reversed along dimension 0"),
        (lambda x: x.roll(1, 1), "The numbers come one place too late in dimension 1"),
        (lambda x: x.roll(-1, 1), "The numbers come one place too early in dimension 1"),
        (lambda x: x.flatten().sort().values.reshape(x.shape), "The numbers are right but in another order"),
        (lambda x: torch.cat([x[:, :-1], x[:, -1:] + 1], 1), "Only index 3 of dimension 1, the last, is wrong"),
        (lambda x: torch.cat([x[:1], x[1:].square()]), "Everything before index 1 of dimension 0 is right"),
        (lambda x: x.square(), None),
    ],
)
def test_what_stands_out(change, remark):
    right = numbers(3, 4, 4)
    _, *lines = difference(change(right).contiguous(), right).message.split("\n")
    assert lines == ([remark] if remark else [])


def test_too_few_numbers_prove_nothing():
    assert "times" not in difference(torch.tensor([2.0]), torch.tensor([1.0])).message
    assert "times" not in difference(torch.tensor([2.0, 0.0]), torch.tensor([1.0, 0.0])).message


def test_integers_and_booleans_are_compared_exactly():
    right = torch.tensor([3, 1, 2])
    assert difference(right.clone(), right) is None
    assert difference(right + 1, right).message.endswith("3 of 3 integers differ\nEvery number is 1 too large")
    assert difference(right.flip(0), right).message.endswith("The numbers are right but reversed from end to end")
    mask = torch.tensor([True, False, True])
    found = difference(~mask, mask)
    assert (found.kind, found.expected, found.got) == ("bool", "True", "False")
    assert found.message.endswith("Every one is the opposite of the expected one")
    assert difference(torch.tensor([2**62]), torch.tensor([2**62 + 1])).kind == "integer"


def test_nan_is_called_nan():
    right = numbers(3, 4)
    got = right.clone()
    got[1, 1:] = torch.nan
    found = difference(got, right)
    assert found.message == "Shape and dtype are right; 3 of 12 numbers are nan\nThe others are right"
    assert (found.kind, found.index, found.got) == ("nan", "out[1, 1]", "nan")
    assert "The others" not in difference(got + 1, right).message
    assert difference(torch.tensor(torch.nan), torch.tensor(1.0)).message == "The answer is nan, expected 1"


def test_infinities_must_agree_in_sign_and_the_rest_is_compared():
    right = torch.tensor([torch.inf, -torch.inf, torch.nan, 1.0])
    assert difference(right.clone(), right) is None
    assert "should be -inf" in difference(torch.tensor([torch.inf, -1e30, torch.nan, 1.0]), right).message
    assert "are inf" in difference(torch.tensor([torch.inf, torch.inf, torch.nan, 1.0]), right).message
    assert difference(torch.tensor([torch.inf, -torch.inf, torch.nan, 1.5]), right).kind == "value"


def test_shapes_and_dtypes():
    found = difference(numbers(4, 3), numbers(3, 4))
    assert (
        found.message == "The answer has shape (4, 3), expected (3, 4)\nThese are the same dimensions in another order"
    )
    assert difference(numbers(3, 1), numbers(3)).message.endswith("A dimension of size 1 is too many")
    assert difference(numbers(3), numbers(1, 3)).message.endswith("A dimension of size 1 is missing")
    assert difference(numbers(2, 6), numbers(3, 4)).message.endswith("as many numbers as expected, in another shape")
    assert difference(numbers(3).double(), numbers(3)).message == "The answer has dtype float64, expected float32"
    assert difference(torch.ones(3), torch.ones(3, dtype=torch.bool)).kind == "dtype"


def test_a_tensor_left_on_the_cpu():
    value, where = numbers(3), {"": "cuda:0"}
    found = compare(Observation(value, {"": "cpu"}), Observation(value, where), device="cuda", devices=where)
    assert found.message == "The answer is on cpu, expected cuda:0"
    assert compare(Observation(value, {"": "cuda:0"}), Observation(value), device="cuda:0", devices=where) is None
    assert compare(Observation(value, {"": "cpu"}), Observation(value), device="sim") is None


@pytest.mark.parametrize(
    ("got", "expected", "message"),
    [
        (torch.tensor(1.0), 1.0, "The answer is a 0-dim tensor, expected a Python float"),
        (1.0, torch.tensor(1.0), "The answer is a Python float, expected a 0-dim tensor"),
        (True, 1.0, "The answer is a boolean, expected a Python float"),
        (1.0, 1, "The answer is a Python float, expected a Python int"),
        (1, True, "The answer is a Python int, expected a boolean"),
        (None, torch.ones(3, 4), "The answer is None, expected a tensor of shape (3, 4)"),
        (torch.ones(3), None, "The answer is a tensor of shape (3,), expected None"),
        ([1.0], torch.ones(1), "The answer is a list of 1, expected a tensor of shape (1,)"),
        ((torch.ones(1),), torch.ones(1), "The answer is a tuple of 1, expected a tensor of shape (1,)"),
        ({}, [], "The answer is a dictionary with 0 keys, expected a list of 0"),
        (Opaque("set"), [1], "The answer is an object of type set, expected a list of 1"),
        ([1, 2], [1], "The answer has length 2, expected 1"),
        ({"a": 1, "c": 2}, {"a": 1, "b": 2}, "The answer has no b and has an unexpected c"),
        ([1, [2.0, "x"]], [1, [2.0, 3]], "out[1][1] is a string, expected a Python int\nDiffering: 1 of 2, [1]"),
    ],
)
def test_things_of_the_wrong_kind(got, expected, message):
    assert difference(got, expected).message == message


def test_python_numbers():
    assert difference(2, 2.0) is None
    assert difference(0.1 + 1e-8, 0.1) is None
    found = difference(0.2, 0.1)
    assert (found.message, found.expected, found.got) == ("The answer is not the expected number", "0.1", "0.2")
    assert difference(float("nan"), float("nan")) is None
    assert difference(float("nan"), 1.0).kind == "nan"
    assert difference(3, 4).kind == "integer"
    assert difference(3, 4).message == "The answer is 3, expected 4"


def test_counts_and_yes_or_no_are_told_with_the_words_that_the_check_has_for_them():
    right = {"rows that differ": 0, "moved file": {"no rows": True, "rows that differ": 0}}
    got = {"rows that differ": 6, "moved file": {"no rows": True, "rows that differ": 2}}
    found = cases(Observation(got), Observation(right))
    assert found["rows that differ"].message == "rows that differ: 6, expected 0"
    assert found["moved file"].message.startswith("moved file, rows that differ: 2, expected 0\n")


def test_lists_and_tuples_are_the_same_thing():
    assert difference([1, (2.0, torch.ones(2))], (1, [2.0, torch.ones(2)])) is None


def test_texts_show_where_they_part():
    found = difference("epoch 3: loss 0.5", "epoch 3: loss 0.7")
    assert found.message == "The text differs from character 16 on"
    assert found.got == "'epoch 3: loss 0.5'"
    assert difference(b"ab", b"ab") is None


def test_exceptions():
    raised = Raised("MyError", ("MyError", "ValueError", "Exception"), "no\nmore")
    assert difference(raised, VALUE_ERROR) is None  # any kind of ValueError, whatever it says
    assert difference(VALUE_ERROR, raised).message == "should raise MyError"
    assert difference(3, VALUE_ERROR).message == "should raise ValueError, but gave a Python int"
    found = difference(VALUE_ERROR, torch.ones(3))
    assert found.message == "raised ValueError: heads must divide embed\nwhere a tensor of shape (3,) was expected"
    assert found.kind == "exception"


def test_what_is_neither_data_nor_a_tensor_equals_nothing():
    assert difference(Opaque("set"), Opaque("set")).kind == "opaque"


def test_cases_are_judged_one_by_one():
    right = {"plain": torch.ones(2), "causal": torch.ones(2), "bad heads": VALUE_ERROR}
    got = {"plain": torch.ones(2), "causal": torch.zeros(2), "extra": 1}
    found = cases(Observation(got), Observation(right))
    assert list(found) == ["plain", "causal", "bad heads", "extra"]
    assert found["plain"] is None
    assert found["causal"].index == "causal[0]"
    assert found["causal"].message == "Shape and dtype are right; 2 of 2 numbers differ"
    assert found["bad heads"].message == "The answer is missing"
    assert found["extra"] is not None
    broken = cases(Observation(VALUE_ERROR), Observation(right))
    assert (broken["plain"].kind, broken["bad heads"]) == ("exception", None)
    assert cases(Observation(3), Observation(3)) == {"": None}


def test_which_of_several_gradients_are_wrong():
    right = {"plain": {"q.weight": numbers(2, 2), "k.weight": numbers(2, 3), "x": numbers(4)}}
    got = {"plain": {**right["plain"], "k.weight": None, "x": numbers(4).square()}}
    message = cases(Observation(got), Observation(right))["plain"].message
    assert message == "plain.k.weight is None, expected a tensor of shape (2, 3)\nDiffering: 2 of 3, k.weight, x"


def test_names_of_parameters():
    right = [("q_proj.weight", (8, 8)), ("bias", (8,))]
    assert names_differ([("bias", (8,)), ("q_proj.weight", (8, 8))], right) is None
    assert names_differ([*right, *right], right) is None
    renamed = names_differ([("wq.weight", (8, 8)), ("bias", (8,))], right)
    assert renamed.message == "The state_dict has no q_proj.weight\nIt has an unexpected wq.weight"
    assert names_differ([("bias", (8,))], right).message == "The state_dict has no q_proj.weight"
    reshaped = names_differ([("q_proj.weight", (8, 8)), ("bias", (1, 8))], right)
    assert reshaped.message == "bias in the state_dict has shape (1, 8), expected (8,)"
    many = names_differ([(f"layer{number}", (1,)) for number in range(9)], [])
    assert many.message == "The state_dict has an unexpected layer0, layer1, layer2, layer3 and 5 more"


def test_a_message_never_shows_a_whole_tensor():
    right = {f"part{number}": numbers(50, 50) for number in range(30)}
    got = {name: tensor.square() for name, tensor in right.items()}
    found = difference(got, right)
    assert len(found.message) < 300
    assert found.message.count("\n") < 4
