"""torch's compiler, imported when somebody uses it: optimizers name it and need nothing of it, and it takes seconds."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

COMPILER = "torch._dynamo"


class _Postponed(ModuleType):
    """Stands where the module will be. The two things that torch's optimizers ask of it change nothing in a process
    that compiles nothing; whatever else is asked for brings the real one."""

    @staticmethod
    def graph_break(msg: str = "") -> None:
        """Ends the graph that is being compiled: there is none."""

    @staticmethod
    def disable(function: Callable[..., Any], recursive: bool = True, **options: Any) -> Any:
        """Keeps the compiler out of a function of torch's own."""
        if options.get("wrapping", True):  # somebody else asks
            return _real().disable(function, recursive, **options)
        return function

    def __getattr__(self, name: str) -> Any:
        if name in ("__file__", "__wrapped__"):  # asked by those who go through sys.modules
            raise AttributeError(name)
        return getattr(_real(), name)


def _real() -> ModuleType:
    if isinstance(sys.modules.get(COMPILER), _Postponed):
        del sys.modules[COMPILER]
    return importlib.import_module(COMPILER)


def postpone_the_compiler() -> None:
    """From now on `import torch._dynamo` costs nothing until something of it is used."""
    import torch

    if COMPILER not in sys.modules:
        torch._dynamo = sys.modules[COMPILER] = _Postponed(COMPILER)  # type: ignore[attr-defined, assignment]
