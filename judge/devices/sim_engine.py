"""What autograd's engine needs so that a backward on the simulated accelerator works, and fails, as on a GPU.

Two things go wrong otherwise. The engine hands the nodes of an accelerator to a thread of that device, which a forked
process does not have. And while an error leaves a node (a hook raised, devices were mixed), torch asks the device for
its stream, which runs Python code with that error pending; torch then aborts the process.
"""

from __future__ import annotations

import ctypes
import threading
from typing import Any

import torch

_pending = threading.local()
# ctypes raises whatever error is pending when a call of Python's own interface returns; this call does nothing else.
_raise_pending_error = ctypes.pythonapi.PyErr_Occurred


class DeviceGuard(torch._C._acc.DeviceGuard):
    """Tells torch the device's type, and takes a pending error aside so that torch can go on leaving the node."""

    def type_(self) -> Any:
        try:
            _raise_pending_error()
        except BaseException as error:
            _pending.error = error
        return torch._C._autograd.DeviceType.PrivateUse1


class _Engine(torch._C._ImperativeEngine):
    """Autograd's engine; where an error was taken aside, it is what `run_backward` raises."""

    def run_backward(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().run_backward(*args, **kwargs)
        except SystemError:  # torch: there was an error, but I cannot find it
            error = _pending.__dict__.pop("error", None)
            if error is None:
                raise
        raise error


def adapt() -> None:
    """Run every backward in the thread that asks for it, and let its errors out.

    torch's switch is one per thread, so a thread's `run` is wrapped when it starts: that also reaches subclasses of
    Thread with a `run` of their own, and thread pools, which are made of Threads.
    """
    torch.autograd.Variable._execution_engine = _Engine()
    torch.autograd.set_multithreading_enabled(False)
    original_start = threading.Thread.start

    def start(self: threading.Thread) -> None:
        body = self.run

        def run_in_one_thread() -> None:
            torch.autograd.set_multithreading_enabled(False)
            body()

        self.run = run_in_one_thread  # type: ignore[method-assign]
        original_start(self)

    threading.Thread.start = start  # type: ignore[method-assign]
