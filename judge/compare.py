"""Two observations -> equal, or where and how they differ, in sentences that teach.

What is expected is the reference's observation in float32; `exact` is the same under float64 and serves as yardstick.
In order: what kind of thing it is, keys and lengths, shape, dtype, device, numbers that are not finite, numbers.

Numbers, tensor by tensor (a Python float counts as a 0-dim float32 tensor). With r the exact numbers, E the reference's
own largest float32 error in that tensor and eps of the tensor's dtype, the largest error may be

    allowed = 16 * max(E, 4 * eps * max|r|)

(8 * max(E, eps * max|r|) for float16, bfloat16 and float8, whose eps is coarse), always tested as
`not (error <= allowed)`. Right solutions that sum in another order stay well below it.

Where E >= 4 * eps * max|r|, larger numbers have cancelled each other, down to nothing for the gradient of a bias that
softmax ignores. What remains is rounding of those larger numbers, and E is a matter of luck: it may well be 0. There E
counts as at least eps * S, S being the largest number in the same case (1 where all are 0). Of 1200 such gradients of
right attention variants 12 were refused without S and none with it; the largest error was 7.2 * eps * S. A tensor whose
digits are sound gets nothing from S, however small it is: a wrong second moment of 1e-12 beside weights of 1 is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import torch

from judge.observations import MAX_DEPTH, Observation, Opaque, Raised, join
from judge.remarks import remark, shape_remark

LARGEST_NEIGHBOUR = 1e3  # how far the numbers of other cases may raise S: inputs are of order 1
NAMES_SHOWN = 4


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
    """Whether `compare` finds nothing, without the cost of explaining."""
    with np.errstate(all="ignore"):
        return _Comparison(got, expected, exact, explain=False).difference("") is None


def cases(
    got: Observation,
    expected: Observation,
    exact: Observation | None = None,
    *,
    device: str = "cpu",
    devices: Mapping[str, str] | None = None,
) -> dict[str, Difference | None]:
    """The difference per case: per key of the reference's dictionary, or one case "" when it is none.

    A missing case is a difference; so is one that nobody asked for.
    """
    if not isinstance(expected.value, dict) or not expected.value:
        return {"": compare(got, expected, exact, device=device, devices=devices)}
    with np.errstate(all="ignore"):
        whole = _Comparison(got, expected, exact, device, devices)
        found: dict[str, Difference | None] = {key_text(key): whole.case(key) for key in expected.value}
        if isinstance(got.value, dict):
            for key in got.value:
                if key not in expected.value:
                    message = "Nobody asked for this part of the answer"
                    found[key_text(key)] = Difference(message, "keys", join("", key))
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
            shown = f"{_shape(mine_shapes[0])}, expected {_shape(shape)}" if mine_shapes else f"not {_shape(shape)}"
            return Difference(f"{name} in the state_dict has shape {shown}", "names", name)
    absent = [name for name, _ in missing if name not in names[0]]
    extra = [name for name, _ in unexpected if name not in names[1]]
    lines = [f"The state_dict has no {_listed(absent)}"] if absent else []
    lines += [f"{'It' if absent else 'The state_dict'} has an unexpected {_listed(extra)}"] if extra else []
    if not lines:
        lines = [f"{unexpected[0][0]} in the state_dict has an unexpected shape {_shape(unexpected[0][1])}"]
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
    ) -> None:
        self.got, self.expected, self.exact = got, expected, exact
        self.device = device
        self.devices = devices if device.split(":")[0] != "cpu" else None
        self.explain = explain
        self.root = ""
        self._in_case: tuple[Any, Any] = (expected.value, exact.value if exact else None)
        self._scale: float | None = None

    # -------------------------------------------------------------------------------------------------- the walk

    def difference(self, path: str) -> Difference | None:
        return self._walk(self.got.value, self.expected.value, self.exact.value if self.exact else None, path, 0)

    def case(self, key: Any) -> Difference | None:
        """The difference in one entry of the dictionary at the top."""
        got, exact = self.got.value, _child(self.exact.value if self.exact else None, key)
        expected = self.expected.value[key]
        self.root = join("", key)
        self._in_case, self._scale = (expected, exact), None
        if isinstance(got, dict):
            if key not in got:
                return self._differs(self.root, "keys", f"{self.root} is missing")
            got = got[key]
        elif not isinstance(got, Raised):
            return self._differs(self.root, "type", f"returned {_described(got)}, expected a dictionary")
        return self._walk(got, expected, exact, self.root, 1)

    def _walk(self, got: Any, expected: Any, exact: Any, path: str, depth: int) -> Difference | None:
        if isinstance(expected, torch.Tensor) and isinstance(got, torch.Tensor):
            return self._tensor(got, expected, exact, path)
        if depth > MAX_DEPTH:
            return self._differs(path, "type", "is nested too deeply")
        if isinstance(got, Raised) or isinstance(expected, Raised):
            return self._exception(got, expected, path)
        if type(got) is Opaque or type(expected) is Opaque:
            return self._differs(path, "opaque", f"is {_described(got)}, expected {_described(expected)}")
        if isinstance(expected, dict) and isinstance(got, dict):
            return self._dictionary(got, expected, exact, path, depth)
        if isinstance(expected, list | tuple) and isinstance(got, list | tuple):
            return self._sequence(got, expected, exact, path, depth)
        if type(expected) is float and type(got) in (float, int):
            return self._number(got, expected, exact, path)
        if type(got) is not type(expected) or type(expected) not in _PLAIN:
            return self._differs(path, "type", f"is {_described(got)}, expected {_described(expected)}")
        if got == expected:
            return None
        if isinstance(expected, str | bytes):
            return self._text(got, expected, path)
        kind = "bool" if type(expected) is bool else "integer"
        return self._differs(path, kind, "is wrong", _plain(expected), _plain(got))

    def _exception(self, got: Any, expected: Any, path: str) -> Difference | None:
        if not isinstance(expected, Raised):
            text = got.message.strip().split("\n")[0][:300]
            raised = f"raised {got.type}: {text}" if text else f"raised {got.type}"
            return self._differs(path, "exception", f"{raised}\nwhere {_described(expected)} was expected")
        if not isinstance(got, Raised):
            return self._differs(path, "exception", f"should raise {expected.type}, but gave {_described(got)}")
        if expected.type == got.type or expected.type in got.bases:
            return None
        return self._differs(path, "exception", f"should raise {expected.type}")

    def _dictionary(self, got: dict[Any, Any], expected: dict[Any, Any], exact: Any, path: str, depth: int) -> Any:
        missing = [key_text(key) for key in expected if key not in got]
        unexpected = [key_text(key) for key in got if key not in expected]
        if missing or unexpected:
            parts = [f"has no {_listed(missing)}"] if missing else []
            parts += [f"has an unexpected {_listed(unexpected)}"] if unexpected else []
            return self._differs(path, "keys", " and ".join(parts))
        return self._children(expected, path, lambda key: (got[key], expected[key], _child(exact, key)), depth)

    def _sequence(self, got: Sequence[Any], expected: Sequence[Any], exact: Any, path: str, depth: int) -> Any:
        if len(got) != len(expected):
            return self._differs(path, "length", f"has {_counted(len(got))}, expected {len(expected)}")
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
            wrong.append(key_text(key) if isinstance(key, str) else f"[{key_text(key)}]")
            self.explain = False  # the others are only counted
        self.explain = explain
        if first is None or len(keys) == 1 or "\nDiffering: " in first.message:
            return first
        count = f"all {len(keys)} parts" if len(wrong) == len(keys) else f"{len(wrong)} of {len(keys)}, {_listed(wrong)}"
        return msgspec.structs.replace(first, message=f"{first.message}\nDiffering: {count}")

    # ------------------------------------------------------------------------------------------------ the leaves

    def _tensor(self, got: torch.Tensor, expected: torch.Tensor, exact: Any, path: str) -> Difference | None:
        if got.shape != expected.shape:
            shapes = tuple(got.shape), tuple(expected.shape)
            hint = shape_remark(*shapes)
            message = f"has shape {_shape(shapes[0])}, expected {_shape(shapes[1])}"
            return self._differs(path, "shape", f"{message}\n{_sentence(hint)}" if hint else message)
        if got.dtype != expected.dtype:
            return self._differs(path, "dtype", f"has dtype {_name(got.dtype)}, expected {_name(expected.dtype)}")
        if self.devices is not None and path in self.devices and path in self.got.devices:
            here, there = self.got.devices[path], self.devices[path]
            if here.split(":")[0] != there.split(":")[0]:
                return self._differs(path, "device", f"is on {here}, expected {there} (the check ran on {self.device})")
        if _same_bits(got, expected):
            return None
        if not (got.is_floating_point() or got.is_complex()):
            return self._integers(got, expected, path)
        numbers, reference = _numbers(got), _numbers(expected)
        usable = isinstance(exact, torch.Tensor) and exact.shape == expected.shape
        usable = usable and exact.is_complex() == expected.is_complex()
        truth = _numbers(exact) if usable else reference
        error, allowed, wrong, strange = self._measure(numbers, reference, truth, expected.dtype)
        if wrong is None:
            return None
        if not self.explain:
            return _UNEXPLAINED
        return self._wrong_numbers(got, expected, path, numbers, truth, error, allowed, wrong, strange)

    def _measure(
        self, got: np.ndarray, reference: np.ndarray, truth: np.ndarray, dtype: torch.dtype
    ) -> tuple[float, float, np.ndarray | None, bool]:
        """Largest error, what is allowed, where it is exceeded (None: nowhere), and whether by nan and infinities."""
        eps, factor, least = _PRECISION[dtype]
        own, size = float(np.abs(reference - truth).max()), float(np.abs(truth).max())
        if not own + size < np.inf:
            truth = np.where(np.isfinite(truth), truth, reference)
            judged = np.isfinite(reference)
            own, size = _largest(np.abs(reference - truth)[judged]), _largest(np.abs(truth)[judged])
        if own >= least * eps * size:
            own = max(own, eps * self._neighbours())
        allowed = factor * max(own, least * eps * size)
        errors = np.abs(got - truth)
        error = float(errors.max())
        if error <= allowed:
            return error, allowed, None, False
        odd = ~np.isfinite(reference)
        same = np.where(np.isnan(reference), np.isnan(got), got == reference)
        strange = np.where(odd, ~same, ~np.isfinite(got))
        if strange.any():
            return error, allowed, strange, True
        errors = np.where(odd, 0.0, errors)
        wrong = ~(errors <= allowed)
        return float(errors.max()), allowed, wrong if wrong.any() else None, False

    def _neighbours(self) -> float:
        """S: the largest number in this case, else in the other cases, else 1."""
        if self._scale is None:
            self._scale = _largest_number(*self._in_case)
            if not self._scale and isinstance(self.expected.value, dict):
                others = _largest_number(self.expected.value, self.exact.value if self.exact else None)
                self._scale = min(others, LARGEST_NEIGHBOUR)
        return self._scale or 1.0

    def _wrong_numbers(
        self,
        got: torch.Tensor,
        expected: torch.Tensor,
        path: str,
        numbers: np.ndarray,
        truth: np.ndarray,
        error: float,
        allowed: float,
        wrong: np.ndarray,
        strange: bool,
    ) -> Difference:
        places = wrong.any(-1) if got.is_complex() else wrong
        first = tuple(int(index) for index in np.argwhere(places)[0])
        count = int(places.sum())
        shown = _two_numbers(expected[first].item(), got[first].item())
        if strange:
            what = _strange(numbers[wrong], expected, first)
            message = f"Shape and dtype are right; {count} of {got.numel()} numbers {what}" if got.ndim else what
            others = ~(np.abs(numbers - truth) <= allowed) & ~wrong & np.isfinite(truth)
            if not others.any() and count < got.numel():
                message += "\nThe others are right"
            return self._differs(path, "nan", message, *shown, index=first)
        lines = [f"Shape and dtype are right; {count} of {got.numel()} numbers differ" if got.ndim else "The number differs"]
        if np.isfinite(truth).all() and np.isfinite(numbers).all():
            hint = None if got.is_complex() else remark(numbers, truth, wrong, allowed)
            lines += [_sentence(hint)] if hint else []
        return self._differs(path, "value", "\n".join(lines), *shown, index=first, error=error, allowed=allowed)

    def _integers(self, got: torch.Tensor, expected: torch.Tensor, path: str) -> Difference:
        if not self.explain:
            return _UNEXPLAINED
        mine, theirs = got.detach().numpy(), expected.detach().numpy()
        wrong = mine != theirs
        first = tuple(int(index) for index in np.argwhere(wrong)[0])
        what = "booleans" if got.dtype is torch.bool else "integers"
        lines = [f"Shape and dtype are right; {int(wrong.sum())} of {got.numel()} {what} differ" if got.ndim else "It differs"]
        numbers, truth = mine.astype(np.float64), theirs.astype(np.float64)
        hint = remark(numbers, truth, wrong, 0.0) if got.dtype is not torch.bool else _boolean_remark(mine, theirs, wrong)
        lines += [_sentence(hint)] if hint else []
        kind = "bool" if got.dtype is torch.bool else "integer"
        shown = str(expected[first].item()), str(got[first].item())
        return self._differs(path, kind, "\n".join(lines), *shown, index=first)

    def _number(self, got: float | int, expected: float, exact: Any, path: str) -> Difference | None:
        if got == expected:
            return None
        mine, reference = np.asarray(_float(got)), np.asarray(expected)
        truth = np.asarray(_float(exact)) if type(exact) in (float, int) else reference
        error, allowed, wrong, strange = self._measure(mine, reference, truth, torch.float32)
        if wrong is None:
            return None
        if strange:
            return self._differs(path, "nan", "is not the expected number", *_two_numbers(expected, got))
        shown = _two_numbers(expected, got)
        return self._differs(path, "value", "is not the expected number", *shown, error=error, allowed=allowed)

    def _text(self, got: str | bytes, expected: str | bytes, path: str) -> Difference:
        at = next((at for at, (a, b) in enumerate(zip(got, expected, strict=False)) if a != b), min(len(got), len(expected)))
        where = f"the text differs from character {at} on" if at else "the text differs"
        start = max(0, at - 20)
        shown = [("..." if start else "") + repr(text[start : start + 60]) for text in (expected, got)]
        return self._differs(path, "string", where, *shown)

    # ----------------------------------------------------------------------------------------------- the message

    def _differs(
        self,
        path: str,
        kind: str,
        message: str,
        expected: str | None = None,
        got: str | None = None,
        *,
        index: tuple[int, ...] = (),
        error: float | None = None,
        allowed: float | None = None,
    ) -> Difference:
        if not self.explain:
            return _UNEXPLAINED
        name = f"out{path}" if not path or path.startswith("[") else path
        if path != self.root:
            verb = message.split(" ", 1)[0]
            message = f"{name} {message}" if verb in ("is", "has", "raised", "should") else f"{name}: {message}"
        elif message.startswith(("is ", "has ")):
            message = f"The answer {message}"
        elif not message.startswith(("raised ", "should ", "returned ")):
            message = _sentence(message)
        where = f"{name}[{', '.join(map(str, index))}]" if index else name
        return Difference(message, kind, where, expected, got, error, allowed)


_UNEXPLAINED = Difference("differs", "value")
_PLAIN = (type(None), bool, int, float, str, bytes)


def _precision() -> dict[torch.dtype, tuple[float, float, float]]:
    """dtype -> eps, and the two factors of the rule."""
    table: dict[torch.dtype, tuple[float, float, float]] = {}
    for name in ("float64", "float32", "complex128", "complex64"):
        table[getattr(torch, name)] = (torch.finfo(getattr(torch, name)).eps, 16.0, 4.0)
    for name in ("float16", "bfloat16", "float8_e4m3fn", "float8_e5m2"):
        if hasattr(torch, name):
            table[getattr(torch, name)] = (torch.finfo(getattr(torch, name)).eps, 8.0, 1.0)
    return table


_PRECISION = _precision()
