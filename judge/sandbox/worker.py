"""The process that holds one solution: answers requests over its channel until the judge hangs up.

It runs after isolation is on; nothing in it is trusted by the judge.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import socket
import sys
from typing import Any

from judge.sandbox.channel import Channel, ChannelClosed
from judge.sandbox.nursery import HELLO

CHANNEL_FD = 3


def adopt_descriptors(channel: int, output: int) -> None:
    """Puts the channel on descriptor 3 and the solution's output on 1 and 2; closes everything else."""
    channel, output = os.dup(channel), os.dup(output)  # out of the way of 0 to 3
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (output, 1), (output, 2), (channel, CHANNEL_FD)):
        os.dup2(source, target, inheritable=False)
    os.closerange(CHANNEL_FD + 1, os.sysconf("SC_OPEN_MAX") if hasattr(os, "sysconf") else 4096)
    sys.stdin = open(0, encoding="utf-8")
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)


def serve(handler_name: str, hidden_paths: list[str], answer_bytes: int) -> None:
    """Answers requests with `handler_name` ("module:Class", whose `handle(request)` yields answers).

    The first message tells the judge which of the hidden paths could be opened: none may be.
    """
    channel = Channel(socket.socket(fileno=CHANNEL_FD))
    channel.socket.sendall(HELLO)  # the kernel attaches this process's credentials: so the judge knows its pid
    channel.send({"readable": [path for path in hidden_paths if _can_open(path)]})
    module, _, name = handler_name.partition(":")
    handler = getattr(importlib.import_module(module), name)()
    gc.enable()
    while True:
        try:
            request = channel.receive().value
        except ChannelClosed:
            return
        for answer in handler.handle(request):
            _flush()
            _send(channel, answer, answer_bytes)


def _send(channel: Channel, answer: dict[str, Any], answer_bytes: int) -> None:
    try:
        channel.send(answer, answer_bytes)
    except ChannelClosed:
        raise SystemExit(0) from None
    except MemoryError:
        raise
    except BaseException as error:  # objects of the solution may raise anything while they are read
        channel.send(
            {
                "refused": f"{type(error).__name__}: {str(error)[:500]}"
                if type(error) is not ValueError
                else str(error)[:500]
            }
        )


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):  # the solution may have closed or replaced it
            stream.flush()


def _can_open(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError:
        return False
    return True
