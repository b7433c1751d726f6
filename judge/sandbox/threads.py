"""Threads in a forked process that holds torch: each sets up torch for itself, and not two at a time.

A thread's first matrix product sets up the mathematics library for that thread. In a forked process two threads that do
this at once crash now and then (SIGSEGV in 7 of 1,000 with torch 2.14), also when the main thread has done it before.
"""

from __future__ import annotations

import contextlib
import threading
from typing import Any


def set_up_one_by_one() -> None:
    """Every thread that Python code starts from now on multiplies something small first, one after another."""
    import torch

    begin: Any = threading.Thread._bootstrap_inner  # type: ignore[attr-defined]
    one_at_a_time = threading.Lock()
    left, right = torch.ones(2, 3), torch.ones(4, 3)

    def set_up_and_begin(self: threading.Thread) -> None:
        with contextlib.suppress(Exception), one_at_a_time:
            torch.nn.functional.linear(left, right)
        begin(self)

    threading.Thread._bootstrap_inner = set_up_and_begin  # type: ignore[attr-defined]
