"""Running something in a forked child, so that what confines a process for ever never touches the tests' own."""

from __future__ import annotations

import faulthandler
import os
import select
import signal
import time
from collections.abc import Callable
from typing import Any, NamedTuple


class Outcome(NamedTuple):
    """What a child said: `gained` when it got through, else the name of the error that stopped it."""

    gained: bool
    text: str
    status: int = 0  # as of waitpid

    @property
    def signal(self) -> int:
        return os.WTERMSIG(self.status) if os.WIFSIGNALED(self.status) else 0


def in_child(*steps: Callable[[], Any], seconds: float = 20.0) -> Outcome:
    """Runs the steps in a fresh child; only an error in the last one counts as being refused."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _report(writer, steps)
    os.close(writer)
    said, deadline = b"", time.monotonic() + seconds
    while select.select([reader], [], [], max(0.0, deadline - time.monotonic()))[0]:
        part = os.read(reader, 65536)
        if not part:
            break
        said += part
    else:
        os.kill(child, signal.SIGKILL)
    os.close(reader)
    status = os.waitpid(child, 0)[1]
    kind, _, text = said.decode().partition(":")
    if kind == "broken":
        raise AssertionError(text)
    # A program that was started in its place says nothing and ends well.
    return Outcome(kind == "gained" or (not said and status == 0), text, status)


def _report(writer: int, steps: tuple[Callable[[], Any], ...]) -> None:
    said = "broken:"
    try:
        faulthandler.disable()  # pytest's: some of these children are to crash
        os.set_inheritable(writer, False)
        try:
            for step in steps[:-1]:
                step()
        except BaseException as error:
            said = f"broken:{type(error).__name__}: {error}"
        else:
            try:
                said = f"gained:{steps[-1]()}"
            except BaseException as error:
                said = f"refused:{type(error).__name__}: {error}"
    finally:
        os.write(writer, said.encode())
        os._exit(0)
