"""What runs on each node of a cluster: one judge with its nursery, asked for several reports at once.

Whoever asks is on another machine, so all that goes in and out is bytes of plain data; nothing that a solution has made
is ever pickled. This knows nothing of Ray.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

import msgspec

from judge import __version__, devices
from judge.classroom.engines import judge_one
from judge.classroom.engines.parcel import unpack_problem, unpack_work
from judge.grading import Infrastructure, Judge, TooWeak
from judge.history import cache_folder
from judge.problems import Problem
from judge.report.json import to_exact
from judge.sandbox.host import FOLDER_PREFIX


class Settings(msgspec.Struct, frozen=True):
    """What a node is to know of the class, and the versions that its results must come from."""

    devices: list[str]
    seed: int
    secret: str
    require_isolation: str
    versions: dict[str, str]


class Ready(msgspec.Struct, frozen=True):
    """What a node says once it has started: how it isolates, or why it cannot be used."""

    isolation: list[str]
    refused: str | None = None


def versions() -> dict[str, str]:
    """Of all that results depend on besides their problem: the same as in the keys of the gradebook."""
    return {"judge": __version__, "torch": version("torch")}


class Node:
    """The judge of one node. `judge` may be called from several threads, after `start`."""

    def __init__(self, settings: bytes) -> None:
        self._settings = settings
        self._stack = ExitStack()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._problems: dict[bytes, Problem] = {}

    def start(self) -> bytes:
        """Starts the nursery; returns a Ready as JSON."""
        return msgspec.json.encode(self._start(msgspec.json.decode(self._settings, type=Settings)))

    def _start(self, settings: Settings) -> Ready:
        ours = versions()
        for name, wanted in settings.versions.items():
            if ours.get(name) != wanted:
                return Ready([], f"it has {name} {ours.get(name)}, and the gradebook is of {name} {wanted}")
        try:
            devices.resolve(settings.devices)
            self._judge = self._stack.enter_context(
                Judge(
                    devices=settings.devices,
                    seed=settings.seed,
                    secret=settings.secret,
                    cache=cache_folder(),
                    require_isolation=settings.require_isolation,
                    eager=True,
                )
            )
            return Ready(self._judge.isolation)
        except (TooWeak, Infrastructure, devices.DeviceUnavailable) as error:
            return Ready([], str(error))

    def judge(self, task: bytes, parcel: bytes) -> bytes:
        """The report on a solution, as JSON."""
        work = unpack_work(task, self._problem(parcel))
        return to_exact(judge_one(self._judge, work, self._stopping)).encode()

    def _problem(self, parcel: bytes) -> Problem:
        """A problem that has come, written to a folder of its own the first time."""
        with self._lock:
            if parcel not in self._problems:
                folder = tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-")  # another judge sweeps it up
                self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
                self._problems[parcel] = unpack_problem(parcel, Path(folder))
            return self._problems[parcel]

    def close(self) -> None:
        """Ends the nursery and removes the problems."""
        self._stopping.set()
        self._stack.close()
