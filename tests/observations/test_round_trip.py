"""What a check saw arrives as it was sent, and nothing of the solution's code travels with it."""

from __future__ import annotations

import enum
import math

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from judge.observations import DTYPES, Observation, Opaque, Raised, decode, encode, join


def there_and_back(value) -> Observation:
    header, chunks = encode(value)
    return decode(header, b"".join(bytes(chunk) for chunk in chunks))


def same(one, other) -> bool:
    """Equal in every number, type and dtype, nan included."""
    if isinstance(one, torch.Tensor):
        if not isinstance(other, torch.Tensor) or one.shape != other.shape or one.dtype != other.dtype:
            return False
        return repr(one.tolist()) == repr(other.tolist())  # nan differs from nan
    if isinstance(one, dict):
        return isinstance(other, dict) and same(list(one.items()), list(other.items()))
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (one == other or (one != one and other != other))


LAYOUTS = {
    "as it is": lambda x: x,
    "transposed": lambda x: x.T if x.ndim == 2 else x.movedim(0, -1) if x.ndim else x,
    "every other": lambda x: x[::2] if x.ndim else x,
    "expanded": lambda x: x.expand(3, *x.shape),
    "sliced": lambda x: x[..., 1:] if x.ndim and x.shape[-1] else x,
    "conjugated": lambda x: x.conj() if x.is_complex() else x,
}


@some.composite
def tensors(draw):
    dtype = DTYPES[draw(some.sampled_from(sorted(DTYPES)))]
    shape = draw(some.lists(some.integers(0, 4), max_size=4))
    size = math.prod(shape) * dtype.itemsize
    data = torch.tensor(list(draw(some.binary(min_size=size, max_size=size))), dtype=torch.uint8)
    if dtype is torch.bool:
        tensor = (data > 127).reshape(shape)
    else:
        tensor = data.view(dtype).reshape(shape) if size else torch.empty(shape, dtype=dtype)
    return LAYOUTS[draw(some.sampled_from(sorted(LAYOUTS)))](tensor)


leaves = (
    some.none()
    | some.booleans()
    | some.integers(-(2**63), 2**63 - 1)
    | some.floats()
    | some.text(max_size=9)
    | some.binary(max_size=9)
    | some.builds(Opaque, some.text(max_size=9))
    | some.builds(Raised, some.text(max_size=9), some.tuples(some.text(max_size=9)), some.text(max_size=9))
    | tensors()
)
keys = some.none() | some.booleans() | some.integers(-9, 9) | some.text(max_size=3) | some.tuples(some.integers(-9, 9))
values = some.recursive(
    leaves,
    lambda inner: (
        some.lists(inner, max_size=4)
        | some.lists(inner, max_size=4).map(tuple)
        | some.dictionaries(keys, inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(values)
def test_what_is_sent_is_what_arrives(value):
    assert same(there_and_back(value).value, value)


@pytest.mark.parametrize("name", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_dtype_in_every_layout(name, layout):
    tensor = LAYOUTS[layout](torch.arange(12).reshape(3, 4).to(DTYPES[name]))
    arrived = there_and_back(tensor).value
    assert same(arrived, tensor)
    assert type(arrived) is torch.Tensor
    assert not arrived.requires_grad


def test_where_tensors_lived_is_known_by_their_paths():
    one = torch.ones(1)
    sent = {"plain": [one, {"weight": one}], "loss": 1.0}
    assert there_and_back(sent).devices == {"plain[0]": "cpu", "plain[1].weight": "cpu"}
    assert there_and_back(one).devices == {"": "cpu"}
    assert join(join("", "plain"), 0) == "plain[0]"
    assert len(join("x" * 200, "y" * 200)) == 300


class Colour(enum.IntEnum):
    RED = 3


class Stubborn(str):
    def __str__(self):
        return self


class Pretender:
    """Claims to be a dictionary."""

    @property
    def __class__(self):
        return dict


class Silent(type):
    def __getattribute__(cls, name):
        raise RuntimeError("nothing to see here")


class Secret(metaclass=Silent):
    pass


class Liar(torch.Tensor):
    """Would like to have a say in what is sent."""

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        raise RuntimeError("hands off")


def test_subclasses_become_what_they_are_based_on():
    class Point(tuple):
        pass

    sent = [
        Colour.RED,
        Stubborn("x"),
        numpy.float64(0.5),
        Point((1, 2)),
        torch.Size([2, 3]),
        torch.nn.Parameter(torch.ones(1)),
    ]
    arrived = there_and_back(sent).value
    assert [type(item) for item in arrived] == [int, str, float, tuple, tuple, torch.Tensor]
    assert arrived[:5] == [3, "x", 0.5, (1, 2), (2, 3)]
    assert same(there_and_back(torch.ones(2).as_subclass(Liar)).value, torch.ones(2))
    assert there_and_back([torch.float32, torch.device("cpu")]).value == ["torch.float32", "cpu"]


STRANGE = {
    "a set": lambda: {1, 2},
    "an object": object,
    "one that claims to be a dictionary": Pretender,
    "one whose class says nothing": Secret,
    "a function": lambda: len,
    "an int beyond 64 bits": lambda: 2**63,
    "a numpy scalar": lambda: numpy.float32(1),
    "a numpy array": lambda: numpy.ones(3),
    "a sparse tensor": lambda: torch.ones(2).to_sparse(),
    "a meta tensor": lambda: torch.ones(2, device="meta"),
    "a nested tensor": lambda: torch.nested.nested_tensor([torch.ones(1), torch.ones(2)], layout=torch.strided),
    "a quantized tensor": lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
    "a generator": torch.Generator,
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", STRANGE)
def test_everything_else_is_opaque(name):
    assert type(there_and_back(STRANGE[name]()).value) is Opaque


def test_strange_keys_and_texts_arrive_too():
    arrived = there_and_back({torch.ones(1): 1, (2, len): 2, "\ud800": 3, Stubborn("k"): 4}).value
    assert list(arrived.values()) == [1, 2, 3, 4]
    assert "k" in arrived
    raised = there_and_back(Raised("E\ud800", ("E", "\ud800"), "it says \ud800")).value
    assert raised.message == "it says ?"


def test_what_is_too_large_too_deep_or_cyclic_is_refused():
    cyclic: list = []
    cyclic.append(cyclic)
    for value in (torch.ones(100), "x" * 101, [b"x" * 60] * 2, cyclic, torch.ones(1).expand(10**9)):
        with pytest.raises(ValueError, match=r"too deep|larger than"):
            encode(value, max_bytes=100)
    with pytest.raises(ValueError, match="too many parts"):
        encode([0] * 300_000)
