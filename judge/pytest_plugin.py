"""A plug-in for pytest: `pytest --judge 25 solutions/25-self-attention.py` runs every check in this process.

Breakpoints, pdb and an IDE's debugger work in it. Without --judge it does nothing, and it imports nothing either.
"""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("judge").addoption(
        "--judge",
        metavar="PROBLEM",
        dest="judge_problem",
        help="Practise a problem: run its checks on the given solution in this process, so that breakpoints work.",
    )


def pytest_configure(config: pytest.Config) -> None:
    name = config.getoption("judge_problem")
    if name is not None:
        from judge.practice.debugging import Practice

        config.pluginmanager.register(Practice(name, config), "judge-practice")
