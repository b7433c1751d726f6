"""Who may use the machine: many checks at a time, or one timing that must be alone."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager


def usable_cpus() -> int:
    """How many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Machine:
    """Shared by the threads of one judge; `alone` waits for all `busy` to end and keeps new ones out."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._busy = 0
        self._waiting = 0
        self._taken = False

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Something that may run beside others."""
        with self._changed:
            self._changed.wait_for(lambda: not self._taken and not self._waiting)
            self._busy += 1
        try:
            yield
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Something that nothing else may run beside; not to be entered from within `busy`."""
        with self._changed:
            self._waiting += 1
            self._changed.wait_for(lambda: not self._taken and self._busy == 0)
            self._waiting -= 1
            self._taken = True
        try:
            yield
        finally:
            with self._changed:
                self._taken = False
                self._changed.notify_all()
