"""Stands around a running solution and refuses calls of what the problem forbids."""

from __future__ import annotations

import builtins
import functools
import importlib
import inspect
import linecache
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import BuiltinFunctionType, FrameType, FunctionType, ModuleType
from typing import Any

from judge.forbidden.names import MISSING, Forbids, Use, match_text, resolve

MOST_USES = 100


class ForbiddenCall(Exception):
    """The solution called what the problem forbids."""


Place = tuple[str, Any, str]  # forbidden name, the class or module that holds the object, under which attribute


class Guard:
    """Records and refuses the solution's calls of forbidden functions, while it is entered.

    Enter it before the solution is loaded: what a solution has already bound by then is its own copy. Only a call
    whose direct caller in Python is the solution counts, code that it assembled and ran by exec included: torch calls
    its own functions, and a check may call anything. Each counted call adds to `uses` and raises `ForbiddenCall`; the
    use stays recorded when the solution swallows that.

    Functions are replaced wherever loaded modules of the same package hold them, classes stay what they are and only
    their `__init__` is wrapped, forbidden modules cannot be imported. On exit everything is as before.
    """

    def __init__(self, forbids: Sequence[str], solution_file: str, module: str = "solution") -> None:
        """`solution_file` is the file name that the solution was compiled with, `module` its name in sys.modules."""
        self.forbids = tuple(forbids)
        self.solution_file = solution_file
        self.module = module
        self.uses: list[Use] = []
        self._undo: list[Callable[[], None]] = []
        self._not_loaded: list[str] = []

    def __enter__(self) -> Guard:
        self._not_loaded = [pattern for pattern in self.forbids if not _is_loaded(pattern)]
        self._wrap(prepare(self.forbids))
        self._replace(builtins, "__import__", self._guarded_import(builtins.__import__))
        self._replace(importlib, "import_module", self._guarded_import_module(importlib.import_module))
        return self

    def __exit__(self, *_: object) -> None:
        while self._undo:
            self._undo.pop()()

    def _wrap(self, places: Sequence[Place]) -> None:
        wrapped: dict[tuple[str, int], Callable[..., Any]] = {}  # so that two names of one function stay one function
        originals = [inspect.getattr_static(holder, attribute) for _, holder, attribute in places]
        for (name, holder, attribute), original in zip(places, originals, strict=True):
            key = name, id(original)
            wrapped[key] = wrapped.get(key) or self._guarded(name, original)
            self._replace(holder, attribute, wrapped[key])

    def _replace(self, holder: Any, attribute: str, new: Any) -> None:
        old = vars(holder).get(attribute, MISSING)
        try:
            setattr(holder, attribute, new)
        except (TypeError, AttributeError):  # a class made in C, which only reading the source can find
            return
        if old is MISSING:  # it was inherited
            self._undo.append(lambda: delattr(holder, attribute))
        else:
            self._undo.append(lambda: setattr(holder, attribute, old))

    def _guarded(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            frame = sys._getframe(1)
            if self._is_the_solution(frame) or (args and self._inherits(type(args[0]), guarded)):
                self._refuse(name, frame)
            return original(*args, **kwargs)

        return guarded

    def _inherits(self, made: type, initialiser: Callable[..., Any]) -> bool:
        """Whether a class of the solution has it for its `__init__`: then a check makes the instance directly."""
        return made.__module__ == self.module and made.__init__ is initialiser  # type: ignore[misc]

    def _guarded_import(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def guarded(
            name: str,
            globals: Mapping[str, object] | None = None,
            locals: Mapping[str, object] | None = None,
            fromlist: Sequence[str] | None = (),
            level: int = 0,
        ) -> Any:
            frame = sys._getframe(1)
            if level == 0:
                self._judge_import(name, frame)
            imported = original(name, globals, locals, fromlist, level)
            for item in fromlist or ():
                if f"{name}.{item}" in sys.modules:
                    self._judge_import(f"{name}.{item}", frame)
            self._wrap_newly_loaded(frame)
            return imported

        return guarded

    def _guarded_import_module(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def guarded(name: str, package: str | None = None) -> Any:
            frame = sys._getframe(1)
            self._judge_import(name, frame)
            imported = original(name, package)
            self._wrap_newly_loaded(frame)
            return imported

        return guarded

    def _judge_import(self, module: str, frame: FrameType) -> None:
        for pattern in self.forbids:
            if (name := match_text(pattern, module)) and self._is_the_solution(frame):
                self._refuse(name, frame)

    def _wrap_newly_loaded(self, frame: FrameType) -> None:
        """A forbidden function of a package that nobody had imported when the guard was entered."""
        if not self._not_loaded or not self._is_the_solution(frame):  # imports inside an import see half a module
            return
        loaded = [pattern for pattern in self._not_loaded if _is_loaded(pattern)]
        self._not_loaded = [pattern for pattern in self._not_loaded if pattern not in loaded]
        self._wrap(find_places(loaded))

    def _refuse(self, name: str, frame: FrameType) -> None:
        line = self._line(frame)
        source = linecache.getline(self.solution_file, line).strip() if line else ""
        use = Use(name, line, source, "call")
        if use not in self.uses and len(self.uses) < MOST_USES:
            self.uses.append(use)
        raise ForbiddenCall(f"forbidden here: {name}" + (f" (line {line})" if line else ""))

    def _is_the_solution(self, frame: FrameType | None) -> bool:
        """Whether this frame runs the solution's code, or text that the solution made and ran."""
        while frame is not None:
            if frame.f_code.co_filename == self.solution_file:
                return True
            module = frame.f_globals.get("__name__")
            if not _was_made_at_run_time(frame) or _is_namespace_of(module, frame.f_globals):
                return module == self.module
            frame = frame.f_back  # text in a namespace of its own: whoever runs it answers for it
        return False

    def _line(self, frame: FrameType | None) -> int | None:
        """The line of the solution that led here."""
        while frame is not None and _was_made_at_run_time(frame) and frame.f_code.co_filename != self.solution_file:
            frame = frame.f_back
        return frame.f_lineno if frame and frame.f_code.co_filename == self.solution_file else None


def _was_made_at_run_time(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    return file.startswith("<") and not file.startswith("<frozen ")


def _is_namespace_of(name: Any, namespace: Mapping[str, object]) -> bool:
    module = sys.modules.get(name) if isinstance(name, str) else None
    return isinstance(module, ModuleType) and vars(module) is namespace


def _is_loaded(pattern: str) -> bool:
    return resolve(pattern.rstrip("*").rpartition(".")[0]) is not MISSING


@functools.lru_cache(maxsize=256)
def prepare(forbids: tuple[str, ...]) -> tuple[Place, ...]:
    """Finds what to wrap, some 10 ms a problem; a process that forks does it once for all its children."""
    return find_places(forbids)


def find_places(forbids: Sequence[str]) -> tuple[Place, ...]:
    """Everything to be wrapped, in the packages that are loaded."""
    names = Forbids(forbids)
    places: list[Place] = []
    functions: dict[int, str] = {}
    for pattern in forbids:
        for name, path, found in names.objects(pattern):
            holder, _, attribute = path.rpartition(".")
            if isinstance(found, ModuleType):
                members = list(_own_members(found))
                places += [(name, member, "__init__") for member in members if isinstance(member, type)]
                functions |= {id(member): name for member in members if not isinstance(member, type)}
            elif isinstance(found, type):
                places.append((name, found, "__init__"))
            elif isinstance(resolve(holder), type):
                places.append((name, resolve(holder), attribute))
            else:
                functions[id(found)] = name
    packages = {pattern.split(".")[0] for pattern in forbids}
    places += [
        (functions[id(value)], module, attribute)
        for module_name, module in list(sys.modules.items())
        if module_name.split(".")[0] in packages and isinstance(module, ModuleType)
        for attribute, value in list(vars(module).items())
        if id(value) in functions
    ]
    return tuple(dict.fromkeys(place for place in places if _can_be_wrapped(*place)))


def _can_be_wrapped(_: str, holder: Any, attribute: str) -> bool:
    original = inspect.getattr_static(holder, attribute, MISSING)
    if original is object.__init__ and holder.__new__ is not object.__new__:
        return False  # all its arguments go to __new__; with an __init__ of its own they would be refused
    return callable(original) and not isinstance(original, staticmethod)


def _own_members(module: ModuleType) -> Iterator[Any]:
    """The public functions and classes that were defined in a module or below it."""
    for name, value in list(vars(module).items()):
        # type(value), since isinstance asks value.__class__, and torch has objects that warn when they are asked
        has_a_home = issubclass(type(value), (type, FunctionType, BuiltinFunctionType))
        home = getattr(value, "__module__", None) if has_a_home else None
        if not name.startswith("_") and isinstance(home, str) and match_text(module.__name__, home):
            yield value
