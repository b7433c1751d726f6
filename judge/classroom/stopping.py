"""Ctrl-C while a class is judged: the first finishes what runs, the second stops at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from judge.classroom.status import say

TICK = 0.2  # seconds between two looks at whether to stop


class Stop:
    """Whether the user wants an end; a context manager, within which only the second Ctrl-C raises KeyboardInterrupt.

    Outside of the main thread, and where Ctrl-C is ignored, everything stays as it is.
    """

    def __init__(self) -> None:
        self.asked = False
        self._said = False
        self._before: Any = None

    def __enter__(self) -> Stop:
        in_charge = threading.current_thread() is threading.main_thread()
        if in_charge and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            self._before = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def wanted(self) -> bool:
        """Whether to begin nothing new; tells the user so the first time."""
        if self.asked and not self._said:
            self._said = True
            say("stopping; what runs is finished and kept, Ctrl-C again stops at once")
        return self.asked

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
