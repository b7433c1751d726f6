"""The half of judging that runs in the sandbox: loads checks.py and one solution, runs checks, answers what it saw.

The same code serves candidates, references and mistakes, and knows no expected value. `Observer.handle` is called by
the worker for each request; what it yields goes back over the channel.

Requests (dictionaries with "op"):
    warm     checks, forbids, device                      -> {"warm": True}; before a solution, which need not wait then
    load     solution, checks, forbids, device            -> {"raised": Raised | None, "missing": [names]}
    observe  check, dtype, runs: [{seed, arguments}], given, folder, second, record -> one answer per run
    prepare  check, seed, dtype                            -> {"ready": True}; then
    go                                                     -> the answer of the timed call
"""

from __future__ import annotations

import contextlib
import linecache
import os
import random
import shutil
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import msgspec
import numpy
import torch

from judge import devices
from judge.checks import SOLUTION_FILE, Check, checks_of, describe_exception
from judge.forbidden import Guard, prepare
from judge.making import Make, Recorder, derive_seed, seed_torch
from judge.observations import Raised
from judge.sandbox.nursery import warm_up

CHECKS_FILE = "checks.py"


def _module(name: str, source: str, filename: str) -> ModuleType:
    module = ModuleType(name)
    module.__file__ = filename
    sys.modules[name] = module  # before it runs: dataclasses with postponed annotations look themselves up
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(compile(source, filename, "exec", dont_inherit=True), module.__dict__)
    return module


def load_checks(source: str, slug: str) -> list[Check]:
    """The checks written in a checks.py; raises what its code raises."""
    return checks_of(_module(f"checks_of_{slug.replace('-', '_').replace('/', '_')}", source, CHECKS_FILE))


def reset_torch(seed: int, dtype: torch.dtype) -> None:
    """Every check starts from the same global state, whatever the solution did before."""
    torch.set_default_dtype(dtype)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)
    torch.set_num_threads(1)
    if torch.are_deterministic_algorithms_enabled():
        torch.use_deterministic_algorithms(False)  # importing what it needs takes a second
    seed_torch(derive_seed(seed, "torch"))
    random.seed(derive_seed(seed, "random"))
    numpy.random.seed(derive_seed(seed, "numpy") % 2**32)


def _empty(folder: str) -> None:
    for entry in os.scandir(folder):
        with contextlib.suppress(OSError):
            shutil.rmtree(entry.path) if entry.is_dir(follow_symlinks=False) else os.unlink(entry.path)


class Observer:
    """Holds one solution and answers what the checks see of it.

    solution_file: the name under which it is compiled.
    """

    def __init__(self, solution_file: str = SOLUTION_FILE) -> None:
        self.solution_file = solution_file
        self.checks: dict[str, Check] = {}
        self.solution = ModuleType("solution")
        self.source: list[str] = []
        self.guard = Guard((), solution_file)
        self.device_name = self.device = "cpu"
        self._timed: Any = None

    @staticmethod
    def prepare(forbids: Sequence[str]) -> None:
        """Finds once, in the nursery, where torch holds the forbidden functions."""
        prepare(tuple(forbids))

    def handle(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The answers to one request; one message each."""
        operation = request["op"]
        if operation == "warm":
            yield self._warm(request)
        elif operation == "load":
            yield self._load(request)
        elif operation == "observe":
            yield from self._observe(request)
        elif operation == "prepare":
            yield self._prepare(request)
        elif operation == "go":
            yield self._go()
        else:
            raise ValueError(f"unknown operation {operation!r}")

    # ------------------------------------------------------------------------------------------------ loading

    def _warm(self, request: dict[str, Any]) -> dict[str, Any]:
        """What the first solution would wait for: most of all the device's first operations."""
        devices.prepare(request["device"])
        prepare(tuple(request["forbids"]))
        load_checks(request["checks"], "here")
        with contextlib.suppress(Exception):  # a device may lack an operator
            warm_up(devices.to_device_name(request["device"]))
        return {"warm": True}

    def _load(self, request: dict[str, Any]) -> dict[str, Any]:
        self.device_name = request["device"]
        self.device = devices.to_device_name(self.device_name)
        devices.prepare(self.device_name)
        torch.empty(0, device=self.device)  # CUDA starts with its first tensor; only then can it be seeded
        self.checks = {check.name: check for check in load_checks(request["checks"], "here")}
        self.guard = Guard(request["forbids"], self.solution_file)
        self.source = request["solution"].splitlines()
        reset_torch(0, torch.float32)
        try:
            with self.guard:
                self.solution = _module("solution", request["solution"], self.solution_file)
        except BaseException as error:
            return {"raised": self._describe(error), "missing": [], "forbidden": self._forbidden()}
        missing = [name for name in request["requires"] if not hasattr(self.solution, name)]
        return {"raised": None, "missing": missing, "forbidden": self._forbidden()}

    def _describe(self, error: BaseException) -> Raised:
        raised = describe_exception(error, self.solution_file)
        lacking = devices.missing_operator(self.device_name, error)
        if lacking is not None:
            return Raised("Unsupported", ("Unsupported",), lacking, raised.line)
        if raised.line is None or not 1 <= raised.line <= len(self.source):
            return raised
        source = self.source[raised.line - 1].strip()[:200]
        return Raised(raised.type, raised.bases, raised.message, raised.line, source, raised.function)

    def _forbidden(self) -> list[dict[str, Any]]:
        """The forbidden calls since the last time, each counted once."""
        uses = [msgspec.to_builtins(use) for use in self.guard.uses]
        self.guard.uses.clear()
        return uses

    # ---------------------------------------------------------------------------------------------- observing

    def _make(self, seed: int, dtype: torch.dtype, folder: str, kind: type[Make] = Make) -> Make:
        reset_torch(seed, dtype)
        return kind(seed, self.device, dtype, folder)

    def _observe(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        check = self.checks[request["check"]]
        dtype = getattr(torch, request["dtype"])
        function = check.then if request.get("second") else check.observe
        for run in request["runs"]:
            folder = request.get("folder", "")
            if folder and not request.get("second"):
                _empty(folder)
            make = self._make(run["seed"], dtype, folder, Recorder if request.get("record") else Make)
            arguments = dict(run["arguments"])
            if "given" in request:
                arguments["given"] = make.place(request["given"])
            with self.guard:
                seen = self._call(function, make, arguments)
            torch.set_default_dtype(torch.float32)
            yield {
                "seen": seen,
                "filled": [[name, list(shape)] for name, shape in make.filled_names],
                "forbidden": self._forbidden(),
                "drawn": make.drawn if isinstance(make, Recorder) else [],
            }

    def _call(self, function: Any, make: Make, arguments: dict[str, Any]) -> Any:
        try:
            seen = function(self.solution, make, **arguments)
        except BaseException as error:
            return self._describe(error)
        return self._cases(seen, make) if isinstance(seen, dict) else seen

    def _cases(self, seen: dict[str, Any], make: Make) -> dict[str, Any]:
        cases = {}
        for name, case in list(seen.items()):
            if callable(case) and not isinstance(case, torch.Tensor):
                make.restart(name)
                try:
                    case = case()
                except BaseException as error:
                    case = self._describe(error)
            cases[name] = case
        return cases

    # ------------------------------------------------------------------------------------------------- timing

    def _prepare(self, request: dict[str, Any]) -> dict[str, Any]:
        make = self._make(request["seed"], getattr(torch, request["dtype"]), "")
        self.guard.__enter__()  # until the timed call is over, so that putting it up is not timed
        try:
            self._timed = self.checks[request["check"]].observe(self.solution, make)
        except BaseException as error:
            self.guard.__exit__(None, None, None)
            return {"ready": False, "seen": self._describe(error), "forbidden": self._forbidden()}
        return {"ready": True}

    def _go(self) -> dict[str, Any]:
        timed, self._timed = self._timed, None
        try:
            seen = timed()
            if self.device != "cpu" and torch.cuda.is_available():
                torch.cuda.synchronize()
        except BaseException as error:
            seen = self._describe(error)
        self.guard.__exit__(None, None, None)
        return {"seen": seen, "forbidden": self._forbidden()}
