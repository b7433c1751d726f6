"""The commands. Each is thin: it reads what the user typed, asks the rooms below, and prints.

torch takes seconds to import, so nothing here imports it, and what does is imported inside the command that needs it.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

DEBUG_VARIABLE = "JUDGE_DEBUG"
INTERRUPTED = 130


def main() -> None:
    """The `judge` program."""
    _occupy_standard_descriptors()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a title or a formula that the terminal cannot show is no failure
            stream.reconfigure(errors="replace")
    sys.exit(run(sys.argv[1:]))


def _occupy_standard_descriptors() -> None:
    """Where stdin is closed, the next file to be opened would have its number, and a new process take it for stdin."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free


def run(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit status; whatever goes wrong is one line on stderr."""
    try:
        from judge.cli.app import command, explain  # here, so that Ctrl-C during the imports is handled too

        try:
            status = command(arguments).main(args=list(arguments), prog_name="judge", standalone_mode=False) or 0
            sys.stdout.flush()
        except BrokenPipeError:  # the reader of `judge list | head` has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except Exception as error:
            if os.environ.get(DEBUG_VARIABLE):
                raise
            status, line = explain(error)
            if line:
                print(f"judge: {line}", file=sys.stderr)
    except KeyboardInterrupt:
        status = INTERRUPTED
    if status == INTERRUPTED:
        print("judge: interrupted", file=sys.stderr)
    return status
