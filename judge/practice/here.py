"""A solution in this process, unprotected: for its author, who wants to stop in it."""

from __future__ import annotations

import bdb
import contextlib
import traceback
from collections.abc import Sequence
from typing import Any

from judge.checks import Check
from judge.grading import Solution
from judge.observations import Observation, Raised, decode, encode
from judge.observing import Observer
from judge.problems import Problem
from judge.subjects import Fault, Run, Seen, missing_names, seen_in

# What ends a session and not a check: Ctrl-C, and leaving a debugger (pytest has an exception of its own for that).
ENDS_THE_SESSION = (KeyboardInterrupt, GeneratorExit, bdb.BdbQuit)


class Unloadable(Exception):
    """A solution that cannot be imported; the message tells why, with its lines."""


class Here:
    """A solution that was imported here; it is observed as one in a worker is (`judge.subjects.Observed`).

    Before each call the drawn arguments are printed. folder: an empty one of the caller's, for checks that need files.
    guarded: whether forbidden calls are refused. errors: what the solution raised, by the arguments of the run.
    """

    def __init__(self, problem: Problem, solution: Solution, folder: str, *, guarded: bool = True) -> None:
        assert solution.source is not None
        self.file = str(solution.path or solution.name)
        self.folder = folder
        self.errors: dict[str, BaseException] = {}
        self._observer = _Open(self.file)
        request = {
            "op": "load",
            "solution": solution.source,
            "checks": problem.checks_source,
            "forbids": list(problem.forbids) if guarded else [],
            "requires": list(problem.requires),
            "device": "cpu",
        }
        (loaded,) = self._observer.handle(request)
        if self._observer.raised:
            raise Unloadable(self.traceback(self._observer.raised[-1]))
        if loaded["missing"]:
            raise Unloadable(missing_names(loaded["missing"]))

    def ready(self, check: Check) -> Fault | None:
        """It is."""
        return None

    def observe(self, check: Check, runs: Sequence[Run], dtype: str = "float32", given: Any = None) -> list[Seen]:
        """What the runs gave."""
        return [self._observe(check, run, dtype, given) for run in runs]

    def _observe(self, check: Check, run: Run, dtype: str, given: Any) -> Seen:
        example = run.example
        if example:
            print(f"{check.name}: {example}")
        request: dict[str, Any] = {
            "op": "observe",
            "check": check.name,
            "dtype": dtype,
            "runs": [{"seed": run.seed, "arguments": dict(run.arguments)}],
            "folder": self.folder,
        }
        if check.task is not None:
            request["given"] = given
        seen = self._answer(request)
        if check.then is not None and seen.observation and not isinstance(seen.observation.value, Raised):
            seen = self._answer(request | {"second": True})
        if self._observer.raised:
            self.errors[example] = self._observer.raised[0]
        return seen

    def _answer(self, request: dict[str, Any]) -> Seen:
        self._observer.raised.clear()
        (answer,) = self._observer.handle(request)
        try:
            header, chunks = encode(answer)
        except ValueError as error:
            return seen_in(Observation({"refused": str(error)}), "")
        return seen_in(decode(header, b"".join(chunks)), "")

    def traceback(self, error: BaseException) -> str:
        """Python's own account of an exception, from the first line of the solution on."""
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename != self.file:
            trace = trace.tb_next
        with contextlib.suppress(Exception):  # a hostile __str__
            return "".join(traceback.format_exception(type(error), error, trace)).rstrip()
        return type(error).__name__


class _Open(Observer):
    """Keeps the exceptions themselves, and lets those through that end the session."""

    def __init__(self, solution_file: str) -> None:
        super().__init__(solution_file)
        self.raised: list[BaseException] = []

    def _describe(self, error: BaseException) -> Raised:
        if isinstance(error, ENDS_THE_SESSION) or type(error).__module__ == "_pytest.outcomes":
            raise error
        self.raised.append(error)
        return super()._describe(error)
