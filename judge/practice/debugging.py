"""Practice under pytest: the checks run on the solution in this process, where breakpoints work.

Only the solution is here. The reference is observed as always, in a worker, and what the solution was seen to do is
compared as always, so a failure shows what the report shows.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from judge.finding import UnknownProblem
from judge.history import cache_folder, data_folder
from judge.practice.desk import PRACTICE_SEED, solution_file
from judge.problems import BrokenProblem, packs
from judge.report.evidence import evidence

if TYPE_CHECKING:
    from judge.attempt import Attempt
    from judge.checks import Check
    from judge.grading import Judge
    from judge.practice.here import Here

NOT_A_FAILURE = ("passed", "not judged")
BREAKPOINT = re.compile(r"\bbreakpoint\(|\bset_trace\(")


class Practice:
    """The plug-in's second half, for sessions with --judge."""

    def __init__(self, name: str, config: pytest.Config) -> None:
        try:
            self.problem = packs().find(name)
        except (UnknownProblem, BrokenProblem) as error:
            raise pytest.UsageError(str(error)) from None
        if config.args_source is not pytest.Config.ArgsSource.ARGS:
            file = solution_file(self.problem)
            if not file.is_file():
                raise pytest.UsageError(f"there is no {file}; `judge attempt {name}` writes it")
            config.args[:] = [str(file)]
        self.name = name
        self.config = config
        self.folder = tempfile.TemporaryDirectory(prefix="judge-practice-")
        self._judge: Judge | None = None

    @pytest.hookimpl
    def pytest_report_header(self) -> str:
        return (
            f"judge: {self.problem.slug}, practice in this process, without a sandbox; nothing is graded or kept, "
            f"which `judge attempt {self.name}` does"
        )

    @pytest.hookimpl
    def pytest_pycollect_makemodule(self, module_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        if not parent.session.isinitpath(module_path):
            return None
        return SolutionFile.from_parent(parent, path=module_path, practice=self)

    @pytest.hookimpl
    def pytest_unconfigure(self) -> None:
        if self._judge is not None:
            self._judge.__exit__()
        self.folder.cleanup()

    @property
    def judge(self) -> Judge:
        """Has the reference observed; starts when it is first needed."""
        from judge.grading import Judge, installation_secret

        if self._judge is None:
            secret, cache = installation_secret(data_folder()), cache_folder()
            self._judge = Judge(devices=["cpu"], seed=PRACTICE_SEED, secret=secret, cache=cache).__enter__()
        return self._judge

    def debugged(self, source: str) -> bool:
        """Whether somebody may stop in the solution: then no call more is made than must be."""
        if self.config.getoption("usepdb") or self.config.getoption("trace") or BREAKPOINT.search(source):
            return True
        monitoring = getattr(sys, "monitoring", None)  # Python 3.12
        return sys.gettrace() is not None or bool(monitoring and monitoring.get_tool(monitoring.DEBUGGER_ID))


class SolutionFile(pytest.File):
    """A solution; its items are the problem's checks."""

    def __init__(self, *, practice: Practice, **options: Any) -> None:
        super().__init__(**options)
        self.practice = practice

    def collect(self) -> Iterator[pytest.Item]:
        from judge.grading import Solution
        from judge.practice.here import Here, Unloadable

        judge, problem = self.practice.judge, self.practice.problem
        solution = Solution.read(self.path, root=self.path.parent)
        fault = judge.attempt(problem, solution).fault()
        if fault is not None:
            raise self.CollectError(": ".join(part for part in (fault[2], fault[1]) if part))
        debugged = self.practice.debugged(solution.source or "")
        try:
            # A debugger's prompt is part of the solution to the guard, and there nothing should be forbidden.
            here = Here(problem, solution, self.practice.folder.name, guarded=not debugged)
        except Unloadable as error:
            raise self.CollectError(str(error)) from None
        for check in judge.checks(problem):
            attempt = judge.attempt(problem, solution, here=here)
            yield CheckItem.from_parent(
                self, name=check.name, check=check, attempt=attempt, here=here, debugged=debugged
            )

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        return str(excinfo.value) if isinstance(excinfo.value, self.CollectError) else super().repr_failure(excinfo)


class Failed(AssertionError):
    """A check that is not passed."""


class CheckItem(pytest.Item):
    """A check of the problem."""

    def __init__(self, *, check: Check, attempt: Attempt, here: Here, debugged: bool, **options: Any) -> None:
        super().__init__(**options)
        self.check = check
        self.attempt = attempt
        self.here = here
        self.debugged = debugged
        self.evidence = ""

    def runtest(self) -> None:
        missing = [package for package in self.check.needs if find_spec(package) is None]
        if missing:
            pytest.skip(f"needs {', '.join(missing)}, not installed")
        if self.check.kind == "timing":
            pytest.skip("time is not measured here; judge attempt does")
        if not self.check.runs_on("cpu"):
            pytest.skip("not judged on the CPU")
        self.here.errors.clear()
        observe = self.attempt.first_failure if self.debugged else self.attempt.result_of
        result = observe(self.check)
        if result.verdict in NOT_A_FAILURE:
            return
        self.evidence = evidence(result, shutil.get_terminal_size().columns)
        raise self.here.errors.get(result.example or "") or Failed(self.evidence)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if not self.evidence:
            return super().repr_failure(excinfo)
        own = "" if isinstance(excinfo.value, Failed) else f"{self.here.traceback(excinfo.value)}\n"
        return own + self.evidence

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.check.name
