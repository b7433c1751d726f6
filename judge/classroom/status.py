"""What the commands for classes end with, and how they say why."""

from __future__ import annotations

from rich.console import Console

from judge.language import current, translated
from judge.report.text import plain

ALL_GRADED, SOME_LEFT, WRONG_USE, JUDGE_FAILED, INTERRUPTED = 0, 1, 2, 3, 130


def say(message: str) -> None:
    """One line on stderr, in the user's language."""
    console, line = Console(stderr=True), translated(plain(message), current())
    console.print(f"judge: {line}", markup=False, highlight=False, emoji=False, soft_wrap=True)


def complain(message: str, status: int = WRONG_USE) -> int:
    """One line on stderr; returns the status."""
    say(message)
    return status
