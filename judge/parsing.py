"""Python source as a syntax tree."""

from __future__ import annotations

import ast
import threading
import warnings

# CPython 3.11 counts the depth of a tree in one place for all threads; two at a time end in a SystemError.
_one_at_a_time = threading.Lock()


def parse(source: str, name: str = "<unknown>") -> ast.Module:
    """`ast.parse` that several threads may call, and that warns of nothing; raises what it raises."""
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source, name)
