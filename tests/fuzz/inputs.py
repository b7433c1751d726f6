"""What the tests in this folder feed to the judge: texts, bytes and trees that are nearly right."""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec
import torch
from hypothesis import settings
from hypothesis import strategies as some

from judge.observations import DTYPES, Observation, Raised, encode
from judge.sandbox.channel import MAGIC, PREFIX

# The same examples in every run: a failure is somebody's change, never bad luck.
few, many = (settings(max_examples=count, deadline=None, derandomize=True) for count in (60, 300))

ODD_TEXTS = [
    *("\x1b[2J\x1b[31mPASS\x1b[0m", "\x1b]8;;http://x.org\x07link\x1b]8;;\x07", "\x9b31m", "\x1b", "\x1bP1$r\x1b"),
    *("\0", "\r\nPASS", "\x0b\x0c\x1c\x85\u2028\u2029", "\ud800", "\U0010ffff", "\u202egnp.exe", "e" + "\u0301" * 50),
    *("[bold]PASS[/bold]", "[/]", "[link=x]", ":smile:", "{problem}", "%s", "=HYPERLINK(1)", "$\\frac{1}", "名" * 60),
    *("x" * 500, "\t" * 9, "line 12: q @ k", "plain[0]: ", "", " ", "٣", "²"),
]
texts = some.sampled_from(ODD_TEXTS) | some.text(some.characters(), max_size=12)
odd_texts = some.lists(texts, min_size=1, max_size=3).map("".join)

# ---------------------------------------------------------------------------------------------------- answers


def message(value: Any) -> bytes:
    """A value as an honest worker sends it."""
    header, chunks = encode(value)
    payload = b"".join(bytes(chunk) for chunk in chunks)
    return PREFIX.pack(MAGIC, len(header), len(payload)) + header + payload


EXPECTED = Observation(
    {
        "plain": torch.arange(6.0).reshape(2, 3) / 7,
        "parts": {"weight": torch.ones(2, 2, dtype=torch.float64), "mask": torch.tensor([True, False])},
        "raised": Raised("ValueError", ("ValueError", "Exception"), "no"),
        "list": [1, 2.5, "text", b"bytes", None, (True, torch.tensor([1 + 2j]))],
        "half": torch.tensor([0.5, math.nan, math.inf], dtype=torch.float16),
        "eight": torch.ones(3, dtype=torch.float8_e5m2),
        "many": torch.tensor([2**63, 1], dtype=torch.uint64),
    }
)
FILLED = [("weight", (2, 2)), ("bias", (2,))]
HONEST = {
    "seen": EXPECTED.value,
    "filled": [["weight", [2, 2]], ["bias", [2]]],
    "forbidden": [{"name": "torch.softmax", "line": 3, "source": "torch.softmax(x)", "how": "call"}],
}

numbers = some.sampled_from([0, 1, -1, 2, 2**31, -(2**63), 2**64 - 1, math.inf, -math.inf, math.nan]) | some.floats()
raw = some.binary(max_size=5) | odd_texts.map(lambda text: text.encode("utf-8", "replace"))
words = some.text(max_size=5)
plain = some.none() | some.booleans() | numbers | raw | words


def tagged(tag: str, *parts: some.SearchStrategy[Any]) -> some.SearchStrategy[Any]:
    return some.tuples(some.just(tag), *parts).map(list)


def listed(items: some.SearchStrategy[Any], most: int = 3) -> some.SearchStrategy[Any]:
    return tagged("list", some.lists(items, max_size=most))


# What decodes, though no honest worker may ever send it.
right_tensors = tagged(
    "tensor",
    some.sampled_from(["float32"] * 9 + sorted(DTYPES)),
    some.sampled_from([[2, 3], [2, 2], [2], [3], [1], [], [0], [3, 2], [1] * 32, [0, 2**39]]),
    some.sampled_from(["cpu", "sim:0", "\x1b[2J", ""]),
    plain,
)
right_leaves = (
    right_tensors
    | some.none()
    | some.booleans()
    | numbers
    | tagged("str", raw)
    | tagged("bytes", raw)
    | tagged("opaque", words)
    | tagged(
        "raised",
        some.fixed_dictionaries(
            {"type": words, "bases": some.lists(words, max_size=2), "message": words},
            optional={"line": some.integers(0, 2**64 - 1), "source": words, "function": words},
        ),
    )
)
keys = (
    some.sampled_from([*EXPECTED.value, "weight", "mask"]).map(lambda key: ["str", key.encode()])
    | tagged("tuple", some.lists(some.sampled_from([-1, -2]), max_size=3))
    | some.none()
    | some.booleans()
    | numbers
    | tagged("str", raw)
    | tagged("bytes", raw)
    | tagged("opaque", words)
)
right_nodes = some.recursive(
    right_leaves,
    lambda inner: (
        listed(inner)
        | tagged("tuple", some.lists(inner, max_size=3))
        | tagged("dict", some.lists(some.tuples(keys, inner).map(list), max_size=3))
    ),
    max_leaves=5,
)

# What may not even decode: the wrong tag, the wrong number of parts, parts of the wrong kind.
wrong_tensors = tagged(
    "tensor",
    some.sampled_from(["float32", "bool", "float8_e5m2", "object", "", ["float32"], 1, None]),
    some.lists(some.integers(-1, 3) | some.sampled_from([2**39, 2**40, 2**64 - 1, True, 1.0, None]), max_size=33)
    | plain,
    plain,
)
tags = some.sampled_from(["str", "bytes", "list", "tuple", "dict", "raised", "opaque", "tensor", "value", "_list", ""])
nodes = some.recursive(
    right_leaves | plain | wrong_tensors,
    lambda inner: (
        some.builds(lambda tag, rest: [tag, *rest], tags, some.lists(inner | plain, max_size=3))
        | tagged("dict", some.lists(some.lists(inner, max_size=3), max_size=3))
        | tagged("raised", some.dictionaries(some.sampled_from(["type", "bases", "message", "line", "x"]), inner))
        | some.dictionaries(words, inner, max_size=2)
        | some.lists(inner, max_size=3)
    ),
    max_leaves=8,
)


@some.composite
def odd_answers(draw: some.DrawFn) -> Any:
    """An honest answer with up to three parts of it replaced by something else that decodes."""
    tree = msgspec.msgpack.decode(encode(HONEST)[0])
    for _ in range(draw(some.integers(0, 3))):
        holders = list(_holders(tree))
        holder, place = holders[draw(some.integers(0, len(holders) - 1))]
        holder[place] = draw(right_nodes | some.just(holder[place]).map(_without_its_last_part))
    return tree


def _holders(node: Any) -> Iterator[tuple[list[Any], int]]:
    """Where the parts of a tree are: a list and a place in it."""
    match node:
        case ["list" | "tuple", list(items)]:
            places = [(items, place) for place in range(len(items))]
        case ["dict", list(pairs)]:
            places = [(pair, 1) for pair in pairs]
        case _:
            return
    for holder, place in places:
        yield holder, place
        yield from _holders(holder[place])


def _without_its_last_part(node: Any) -> Any:
    return [node[0], node[1][:-1]] if isinstance(node, list) and isinstance(node[1], list) else node


def payload_of(tree: Any, seed: int, off: int = 0) -> bytes:
    """As many bytes as the tensors in a tree need, and `off` more or fewer."""
    return Random(seed).randbytes(max(min(_tensor_bytes(tree), 1 << 12) + off, 0))


def _tensor_bytes(tree: Any) -> int:
    if isinstance(tree, dict):
        return sum(map(_tensor_bytes, tree.values()))
    if not isinstance(tree, list):
        return 0
    match tree:
        case ["tensor", str(name), list(shape), *_] if name in DTYPES:
            right = all(type(size) is int and 0 <= size < 2**40 for size in shape)
            return math.prod(shape) * DTYPES[name].itemsize if right else 0
    return sum(map(_tensor_bytes, tree))
