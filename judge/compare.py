"""Two observations -> equal, or where and how they differ, in sentences that teach.

What is expected is the reference's observation in float32; `exact` is the same under float64, the yardstick for how
far floating-point numbers may be off (`judge.yardstick`). In order: what kind of thing it is, keys and lengths, shape,
dtype, device, numbers that are not finite, numbers. Everything else is compared exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec
import numpy as np
import torch

from judge.findings import Finding, wrong_integers, wrong_numbers, wrong_text
from judge.observations import MAX_DEPTH, MAX_PATH, Observation, Opaque, Raised, join
from judge.remarks import described, dtype_text, listed, shape_remark, shape_text, two_numbers
from judge.yardstick import Measured, Rounding, largest_number, measure, to_float, to_numbers

Elsewhere = Callable[[], Mapping[str, Sequence[Rounding]]]

UNASKED_SHOWN = 10  # parts of an answer that nobody asked for; one is enough to be wrong
LARGEST_NEIGHBOUR = 1e3  # how far the numbers of other cases may raise the yardstick: inputs are of order 1


class Difference(msgspec.Struct, frozen=True):
    """Where and how an observation differs from the expected one."""

    message: str  # what is wrong: one to four short lines
    kind: str  # type, keys, length, shape, dtype, device, nan, value, integer, bool, string, exception, opaque, names
    index: str | None = None  # the first difference: "plain[0, 0, 0]"
    expected: str | None = None  # what is there; None where the message says it
    got: str | None = None
    error: float | None = None  # the largest absolute error
    allowed: float | None = None


def compare(
    got: Observation,
    expected: Observation,
    exact: Observation | None = None,
    *,
    device: str = "cpu",
    devices: Mapping[str, str] | None = None,
) -> Difference | None:
    """None when `got` is as good as what the reference gave; else the first difference.

    A list and a tuple are the same thing here, an integer serves where a float is expected, and of an exception only
    the type counts (a subclass will do). A tensor is never taken for a number or a list, nor the reverse.

    exact: without it the reference's own numbers are the yardstick. device: what the check ran on; devices: where the
    reference's tensors were when it ran there, by path; without them nothing is said about devices. Never raises,
    whatever was observed.
    """
    with np.errstate(all="ignore"):
        return _Comparison(got, expected, exact, device, devices).difference("")


def equal(got: Observation, expected: Observation, exact: Observation | None = None) -> bool:
    """Whether two solutions, the second a known mistake, gave the same answer; cheaper than `compare`.

    A mistake that is off by itself, as one that computes in float16, does not make every answer near it the same.
    """
    with np.errstate(all="ignore"):
        return _Comparison(got, expected, exact, explain=False, mistake=True).difference("") is None


def cases(
    got: Observation,
    expected: Observation,
    exact: Observation | None = None,
    *,
    device: str = "cpu",
    devices: Mapping[str, str] | None = None,
    elsewhere: Elsewhere = dict,
) -> dict[str, Difference | None]:
    """The difference per case: per key of the reference's dictionary, or one case "" when it is none.

    A missing case is a difference; so is one that nobody asked for. elsewhere: by path, how far the reference is off
    for each input of the check; only called where that may matter.
    """
    with np.errstate(all="ignore"):
        whole = _Comparison(got, expected, exact, device, devices, elsewhere=elsewhere)
        if not isinstance(expected.value, dict) or not expected.value:
            return {"": whole.difference("")}
        found: dict[str, Difference | None] = {_key_text(key): whole.case(key) for key in expected.value}
        if isinstance(got.value, dict):
            for key in islice((key for key in got.value if key not in expected.value), UNASKED_SHOWN):
                message = "Nobody asked for this part of the answer"
                found[_key_text(key)[:MAX_PATH]] = Difference(message, "keys", join("", key))
        return found


def names_differ(got: Sequence[Any], expected: Sequence[Any]) -> Difference | None:
    """How the (name, shape) pairs of state_dicts differ; None when each expected pair is there and no other.

    A name that comes twice, because a check fills several modules, counts once per shape.
    """
    mine, theirs = _pairs(got), _pairs(expected)
    if mine == theirs:
        return None
    missing, unexpected = sorted(theirs - mine), sorted(mine - theirs)
    names = {name for name, _ in mine}, {name for name, _ in theirs}
    for name, shape in missing:
        if name in names[0]:
            mine_shapes = [other for key, other in unexpected if key == name]
            shown = (
                f"{shape_text(mine_shapes[0])}, expected {shape_text(shape)}"
                if mine_shapes
                else f"not {shape_text(shape)}"
            )
            return Difference(f"{name} in the state_dict has shape {shown}", "names", name)
    absent = [name for name, _ in missing if name not in names[0]]
    extra = [name for name, _ in unexpected if name not in names[1]]
    lines = [f"The state_dict has no {listed(absent)}"] if absent else []
    lines += [f"{'It' if absent else 'The state_dict'} has an unexpected {listed(extra)}"] if extra else []
    if not lines:
        lines = [f"{unexpected[0][0]} in the state_dict has an unexpected shape {shape_text(unexpected[0][1])}"]
    return Difference("\n".join(lines), "names", (absent or extra or [""])[0] or None)


class _Comparison:
    """One walk over two trees of the same form, and over the yardstick beside them."""

    def __init__(
        self,
        got: Observation,
        expected: Observation,
        exact: Observation | None,
        device: str = "cpu",
        devices: Mapping[str, str] | None = None,
        explain: bool = True,
        mistake: bool = False,
        elsewhere: Elsewhere = dict,
    ) -> None:
        self.got, self.expected, self.exact = got, expected, exact
        self.devices = devices if device.split(":")[0] != "cpu" else None
        self.explain = explain
        self.mistake = mistake
        self.elsewhere = elsewhere
        self.root = ""
        self._case: tuple[Any, Any] = (None, None)  # what the reference gave in this case, and exactly
        self._scale: float | None = None

    # -------------------------------------------------------------------------------------------------- the walk

    def difference(self, path: str) -> Difference | None:
        return self._walk(self.got.value, self.expected.value, self.exact.value if self.exact else None, path, 0)

    def case(self, key: Any) -> Difference | None:
        """The difference in one entry of the dictionary at the top."""
        got, exact = self.got.value, _child(self.exact.value if self.exact else None, key)
        expected = self.expected.value[key]
        self.root = join("", key)
        self._case, self._scale = (expected, exact), None
        if isinstance(got, dict):
            if key not in got:
                return self._differs(self.root, "keys", "is missing")
            got = got[key]
        elif not isinstance(got, Raised):
            return self._differs(self.root, "type", f"is {described(got)}, expected a dictionary")
        return self._walk(got, expected, exact, self.root, 1)

    def _walk(self, got: Any, expected: Any, exact: Any, path: str, depth: int) -> Difference | None:
        if isinstance(expected, torch.Tensor) and isinstance(got, torch.Tensor):
            return self._tensor(got, expected, exact, path)
        if depth > MAX_DEPTH:
            return self._differs(path, "type", "is nested too deeply")
        if isinstance(got, Raised) or isinstance(expected, Raised):
            return self._exception(got, expected, path)
        if type(got) is Opaque or type(expected) is Opaque:
            return self._differs(path, "opaque", f"is {described(got)}, expected {described(expected)}")
        if isinstance(expected, dict) and isinstance(got, dict):
            return self._dictionary(got, expected, exact, path, depth)
        if isinstance(expected, list | tuple) and isinstance(got, list | tuple):
            return self._sequence(got, expected, exact, path, depth)
        if type(expected) is float and type(got) in (float, int):
            return self._number(got, expected, exact, path)
        if type(got) is not type(expected) or type(expected) not in _PLAIN:
            return self._differs(path, "type", f"is {described(got)}, expected {described(expected)}")
        if got == expected:
            return None
        if isinstance(expected, str | bytes):
            return self._tell(path, wrong_text(got, expected))
        kind = "bool" if type(expected) is bool else "integer"
        message = f"{_key_text(got)[:60]}, expected {_key_text(expected)[:60]}"
        return self._tell(path, Finding(kind, message if path else f"is {message}"))

    def _exception(self, got: Any, expected: Any, path: str) -> Difference | None:
        if not isinstance(expected, Raised):
            text = got.message.strip().split("\n")[0][:300]
            raised = f"raised {got.type}: {text}" if text else f"raised {got.type}"
            return self._differs(path, "exception", f"{raised}\nwhere {described(expected)} was expected")
        if not isinstance(got, Raised):
            return self._differs(path, "exception", f"should raise {expected.type}, but gave {described(got)}")
        unwritten = got.type == "NotImplementedError"  # a RuntimeError to Python, but never the one that is asked for
        if expected.type == got.type or (expected.type in got.bases and not unwritten):
            return None
        return self._differs(path, "exception", f"should raise {expected.type}")

    def _dictionary(self, got: dict[Any, Any], expected: dict[Any, Any], exact: Any, path: str, depth: int) -> Any:
        missing = [_key_text(key) for key in expected if key not in got]
        unexpected = [_key_text(key) for key in got if key not in expected]
        if missing or unexpected:
            parts = [f"has no {listed(missing)}"] if missing else []
            parts += [f"has an unexpected {listed(unexpected)}"] if unexpected else []
            return self._differs(path, "keys", " and ".join(parts))
        return self._children(expected, path, lambda key: (got[key], expected[key], _child(exact, key)), depth)

    def _sequence(self, got: Sequence[Any], expected: Sequence[Any], exact: Any, path: str, depth: int) -> Any:
        if len(got) != len(expected):
            return self._differs(path, "length", f"has length {len(got)}, expected {len(expected)}")
        keys = range(len(expected))
        return self._children(keys, path, lambda key: (got[key], expected[key], _child(exact, key)), depth)

    def _children(
        self, keys: Any, path: str, parts: Callable[[Any], tuple[Any, Any, Any]], depth: int
    ) -> Difference | None:
        """The first child that differs, told with how many of its siblings do."""
        first: Difference | None = None
        wrong: list[str] = []
        explain = self.explain
        for key in keys:
            found = self._walk(*parts(key), join(path, key), depth + 1)
            if found is None:
                continue
            if not explain:
                return found
            first = first or found
            wrong.append(_key_text(key) if isinstance(key, str) else f"[{_key_text(key)}]")
            self.explain = False  # the others are only counted
        self.explain = explain
        if first is None or len(keys) == 1 or "\nDiffering: " in first.message:
            return first
        count = f"all {len(keys)} parts" if len(wrong) == len(keys) else f"{len(wrong)} of {len(keys)}, {listed(wrong)}"
        return msgspec.structs.replace(first, message=f"{first.message}\nDiffering: {count}")

    # ------------------------------------------------------------------------------------------------ the leaves

    def _tensor(self, got: torch.Tensor, expected: torch.Tensor, exact: Any, path: str) -> Difference | None:
        if got.shape != expected.shape:
            shapes = tuple(got.shape), tuple(expected.shape)
            hint = shape_remark(*shapes)
            message = f"has shape {shape_text(shapes[0])}, expected {shape_text(shapes[1])}"
            return self._differs(path, "shape", "\n".join([message, *hint]))
        if got.dtype != expected.dtype:
            return self._differs(
                path, "dtype", f"has dtype {dtype_text(got.dtype)}, expected {dtype_text(expected.dtype)}"
            )
        if self.devices is not None and path in self.devices and path in self.got.devices:
            here, there = self.got.devices[path], self.devices[path]
            if here.split(":")[0] != there.split(":")[0]:
                return self._differs(path, "device", f"is on {here}, expected {there}")
        if _same_bits(got, expected):
            return None
        if not (got.is_floating_point() or got.is_complex()):
            return self._tell(path, wrong_integers(got, expected)) if self.explain else _UNEXPLAINED
        numbers, reference = to_numbers(got), to_numbers(expected)
        usable = isinstance(exact, torch.Tensor) and exact.shape == expected.shape
        truth = to_numbers(exact) if usable and exact.is_complex() == expected.is_complex() else reference
        found = self._measure(numbers, reference, truth, expected.dtype, path)
        if found is None:
            return None
        return self._tell(path, wrong_numbers(got, expected, numbers, truth, found)) if self.explain else _UNEXPLAINED

    def _measure(
        self, got: np.ndarray, reference: np.ndarray, exact: np.ndarray, dtype: torch.dtype, path: str
    ) -> Measured | None:
        return measure(
            got, reference, exact, dtype, self._neighbours, self.mistake, lambda: self.elsewhere().get(path, ())
        )

    def _neighbours(self) -> float:
        """S of `judge.yardstick`: numbers of other cases count as well, unless they are huge."""
        if self._scale is None:
            whole = largest_number(self.expected.value, self.exact.value if self.exact else None)
            here = largest_number(*self._case)
            self._scale = max(here, min(whole, LARGEST_NEIGHBOUR) if self.root else whole) or 1.0
        return self._scale

    def _number(self, got: float | int, expected: float, exact: Any, path: str) -> Difference | None:
        if got == expected:
            return None
        mine, reference = np.asarray(to_float(got)), np.asarray(expected)
        truth = np.asarray(to_float(exact)) if type(exact) in (float, int) else reference
        found = self._measure(mine, reference, truth, torch.float32, path)
        if found is None:
            return None
        error, allowed = (None, None) if found.strange else (found.error, found.allowed)
        kind, shown = "nan" if found.strange else "value", two_numbers(expected, to_float(got))
        return self._tell(path, Finding(kind, "is not the expected number", *shown, error=error, allowed=allowed))

    # ----------------------------------------------------------------------------------------------- the message

    def _differs(self, path: str, kind: str, message: str) -> Difference:
        return self._tell(path, Finding(kind, message))

    def _tell(self, path: str, found: Finding) -> Difference:
        """The finding with the name of the place; a message that starts with a verb gets that as its subject."""
        if not self.explain:
            return _UNEXPLAINED
        message, name = found.message, f"out{path}" if not path or path.startswith("[") else path
        says_it_all = found.kind in ("bool", "integer") and found.expected is None  # but for the name
        if path != self.root or (path and says_it_all):
            message = f"{name}{' ' if message.startswith(('is ', 'has ', 'raised ', 'should ')) else ': '}{message}"
        elif message.startswith(("is ", "has ")):
            message = f"The answer {message}"
        index = f"{name}[{', '.join(map(str, found.index))}]" if found.index else name
        return Difference(message, found.kind, index, found.expected, found.got, found.error, found.allowed)


_UNEXPLAINED = Difference("differs", "value")
_PLAIN = (type(None), bool, int, float, str, bytes)


def _same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.is_floating_point() and one.itemsize == 1:
        return torch.equal(one.view(torch.uint8), other.view(torch.uint8))  # torch.equal knows no float8
    return torch.equal(one, other)


def _child(tree: Any, key: Any) -> Any:
    """The item of the yardstick's tree beside an item of the reference's; None where it has another form."""
    if isinstance(tree, dict):
        return tree.get(key)
    inside = isinstance(tree, list | tuple) and type(key) is int and 0 <= key < len(tree)
    return tree[key] if inside else None


def _key_text(key: Any) -> str:
    try:
        return str(key)
    except ValueError:  # a number with more digits than Python writes
        return "(a huge number)"


def _pairs(entries: Sequence[Any]) -> set[tuple[str, tuple[int, ...]]]:
    return {(str(name), tuple(int(size) for size in shape)) for name, shape in entries}
