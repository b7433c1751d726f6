"""An interview-practice judge and classroom autograder for deep-learning code."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext judge` calls in a notebook; see judge.notebook."""
    from judge.notebook import load_ipython_extension as load

    load(shell)
