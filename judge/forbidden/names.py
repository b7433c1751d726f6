"""What the names in a problem's `forbids` stand for."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any, Literal

import msgspec
import torch  # noqa: F401  (its modules are looked up in sys.modules)

# One operator goes by the same name in all of these; the first two are the public ones.
FUNCTION_NAMESPACES = (
    "torch.nn.functional.",
    "torch.",
    "torch.functional.",
    "torch.ops.aten.",
    "torch._C._nn.",
    "torch._C._VariableFunctions.",
    "torch._VF.",
)
LONGEST_PATH = 300  # characters, and
DEEPEST_PATH = 15  # dots; a source can spell more, only to keep us busy
MISSING = object()
MOST_ANSWERS = 10_000


class Use(msgspec.Struct, frozen=True):
    """One use of something forbidden; `line` is None and `source` empty where no line of the solution is known."""

    name: str  # as forbidden; the full name where the problem says it with a *
    line: int | None
    source: str  # that line, stripped
    how: Literal["source", "call"]

    @property
    def sentence(self) -> str:
        """What is wrong with it, for the candidate; the name may be as long as a hostile worker wants."""
        return f"{self.name[:LONGEST_PATH]} is forbidden in this problem"


class Forbids:
    """Answers whether a qualified name is forbidden, under whichever of its names.

    Two names of one object are one thing (torch.nn.CTCLoss is torch.nn.modules.loss.CTCLoss), and so are the variants
    of one operator that torch and torch.nn.functional both have. Looks only into packages that are loaded.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self.patterns = tuple(patterns)
        self._names: dict[int, str] = {}
        self._keep: list[Any] = []  # or an id could come back as another object's
        self._answers: dict[str, str | None] = {}
        for pattern in self.patterns:
            for name, _, found in self.objects(pattern):
                self._names.setdefault(id(found), name)
                self._keep.append(found)

    def match(self, path: str) -> str | None:
        """The forbidden name that `path`, or a thing that it is an attribute of, stands for."""
        if is_too_long(path):
            return None
        if path not in self._answers:
            if len(self._answers) > MOST_ANSWERS:
                self._answers.clear()
            self._answers[path] = self._match(path)
        return self._answers[path]

    def _match(self, path: str) -> str | None:
        for spelling in spellings(path):
            for pattern in self.patterns:
                if name := match_text(pattern, spelling):
                    return name
        parts = path.split(".")
        for length in range(2, len(parts) + 1):
            if name := self._names.get(id(resolve(".".join(parts[:length])))):
                return name
        return None

    def match_method(self, name: str) -> str | None:
        """The forbidden name that a method of a tensor called `name` stands for."""
        path = f"torch.Tensor.{name}"
        return next((found for pattern in self.patterns if (found := match_text(pattern, path))), None)

    def objects(self, pattern: str) -> Iterator[tuple[str, str, Any]]:
        """The callables and modules that a pattern stands for: forbidden name, where it was found, and itself."""
        paths = [pattern]
        if pattern.endswith("*"):
            parent = pattern.rpartition(".")[0]
            paths = [f"{parent}.{name}" for name in _names_in(resolve(parent))]
        for path in paths:
            name = match_text(pattern, path)
            for spelling in spellings(path) if name else []:
                found = resolve(spelling)
                usable = callable(found) or isinstance(found, ModuleType)
                if name and usable and (path == pattern or _is_at_home(found, pattern.rpartition(".")[0])):
                    yield name, spelling, found


def spellings(path: str) -> list[str]:
    """The path and the names of the same operator, the public ones first after it."""
    found = [path]
    namespace = max((known for known in FUNCTION_NAMESPACES if path.startswith(known)), key=len, default=None)
    if namespace is None:
        return found
    name = path.removeprefix(namespace)
    if namespace == "torch.ops.aten.":
        name = name.split(".")[0]  # without the overload
        found.append(f"torch.Tensor.{name}")
    if "." not in name:
        others = [other + name for other in FUNCTION_NAMESPACES[:2] if other != namespace]
        found += filter(_is_function, others)
    return found


def _is_function(path: str) -> bool:
    found = resolve(path)
    return callable(found) and not isinstance(found, type)


def _is_at_home(found: Any, parent: str) -> bool:
    """Whether it was made there: a module also holds what it imports, `Tensor` or `math`."""
    if isinstance(found, ModuleType):
        return match_text(parent, found.__name__) is not None
    home = getattr(found, "__module__", None) or parent
    return match_text(parent if isinstance(found, type) else parent.split(".")[0], home) is not None


def _names_in(holder: Any) -> list[str]:
    holders = holder.__mro__ if isinstance(holder, type) else [holder] if isinstance(holder, ModuleType) else []
    return list(dict.fromkeys(name for each in holders for name in vars(each)))


def match_text(pattern: str, path: str) -> str | None:
    """The part of the path that a pattern names; None when it names none."""
    if pattern.endswith("*"):
        if not path.startswith(pattern[:-1]):
            return None
        return ".".join(path.split(".")[: pattern.count(".") + 1])
    return pattern if path == pattern or path.startswith(pattern + ".") else None


def is_too_long(path: str) -> bool:
    return len(path) > LONGEST_PATH or path.count(".") > DEEPEST_PATH


def resolve(path: str) -> Any:
    """What a qualified name stands for, among the loaded modules and without running any code; else MISSING."""
    parts = [] if is_too_long(path) else path.split(".")
    for length in range(len(parts), 0, -1):
        found: Any = sys.modules.get(".".join(parts[:length]))
        if found is None:
            continue
        for part in parts[length:]:
            found = inspect.getattr_static(found, part, MISSING)
            if found is MISSING:
                break
        return found
    return MISSING
