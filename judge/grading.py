"""One solution against one problem: what a candidate wrote, and the judge that makes a Report of it.

The way of a solution: `Solution.read` (safely, as text) -> `Judge.judge` -> `judge.attempt.Attempt`, which has every
check observed in a worker (`judge.subjects`), compares with what the reference was seen to do (`judge.memory`),
measures (`judge.timing`) and names known mistakes (`judge.diagnosis`) -> `Report`.
"""

from __future__ import annotations

import contextlib
import copy
import os
import re
import secrets
import stat
import tempfile
import threading
from collections.abc import Callable, Collection, Container, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from judge.parsing import parse
from judge.problems import Problem
from judge.report import CheckResult, Report
from judge.sandbox.host import SPAWNS, Nursery, SandboxBroken

if TYPE_CHECKING:
    from judge.attempt import Attempt
    from judge.checks import Check
    from judge.memory import Memory
    from judge.spares import Spares

MAX_SOURCE_BYTES = 1 << 20
SECRET_BYTES = 16
LEVELS = ("L0", "L1", "L2", "L3")
IN_DOCKER = 'docker run --rm --init --network none -v "$PWD":/work judge grade ...'


class Infrastructure(RuntimeError):
    """The judge's own fault; nothing is said about the solution."""


class TooWeak(ValueError):
    """The machine isolates less than was required."""


class NotReadable(ValueError):
    """What was handed in is no file that can be read; the message says why."""


def read_handed_in(path: Path, most: int, *, root: Path | None = None) -> bytes:
    """The content of an ordinary file of at most `most` bytes; raises NotReadable for anything else.

    root: a link that leads out of this folder is refused.
    """
    try:
        if root is not None and not path.resolve().is_relative_to(root.resolve()):
            raise NotReadable("the file is a link that leads out of the folder")
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        raise NotReadable("there is no such file") from None
    except RuntimeError:
        raise NotReadable("the file is a link that leads back to itself") from None
    except OSError as error:
        raise NotReadable(f"the file cannot be read: {error.strerror}") from None
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise NotReadable("this is a folder, not a file")
        if not stat.S_ISREG(status.st_mode):
            raise NotReadable("this is not an ordinary file")
        if status.st_size > most:
            raise NotReadable(f"the file has {status.st_size >> 20} MiB; {most >> 20} MiB are the most")
        with os.fdopen(os.dup(descriptor), "rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise NotReadable(f"the file cannot be read: {error.strerror}") from None
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class Solution:
    """What a candidate wrote: its text, where it is text, and in one line why it cannot be judged, where it cannot."""

    path: Path | None
    name: str
    source: str | None
    sha256: str | None
    fault: str | None = None
    line: int | None = None

    @classmethod
    def read(cls, path: Path, *, root: Path | None = None, known: Container[str] = ()) -> Solution:
        """Reads a file without ever running or trusting it; a bad one becomes a fault.

        root: a link that leads out of this folder is refused. known: digests of what has been read before and is
        Python, which takes longer to find out than all the rest.
        """

        try:
            return cls.from_bytes(read_handed_in(path, MAX_SOURCE_BYTES, root=root), path.name, path, known)
        except NotReadable as error:
            return cls(path, path.name, None, None, str(error))

    @classmethod
    def from_bytes(
        cls, raw: bytes, name: str = "solution.py", path: Path | None = None, known: Container[str] = ()
    ) -> Solution:
        """The solution in these bytes; what is not UTF-8 Python is a fault."""
        digest = sha256(raw).hexdigest()

        def bad(fault: str, line: int | None = None, source: str | None = None) -> Solution:
            return cls(path, name, source, digest, fault, line)

        if not raw.strip():
            return bad("the file is empty")
        if b"\0" in raw:
            return bad("the file contains null bytes: it is not a text file")
        try:
            source = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            return bad("the file is not UTF-8 text; save it with the encoding UTF-8", line)
        if digest in known:
            return cls(path, name, source, digest)
        try:
            parse(source, name)
        except SyntaxError as error:
            return bad(f"syntax error: {error.msg}", error.lineno, source)
        except (RecursionError, MemoryError, ValueError):
            return bad("the file is nested too deeply to be read as Python", source=source)
        return cls(path, name, source, digest)

    @classmethod
    def from_text(cls, source: str, name: str = "solution.py") -> Solution:
        """The solution in this text."""
        return cls.from_bytes(source.encode("utf-8", "replace"), name)


class Judge:
    """Judges solutions; a context manager that holds the nursery. `judge` may be called from several threads.

    devices: normalised names, such as ["cpu", "sim"]. seed: of all inputs. secret: mixed into the seed of hidden data;
    give the same one to get the same hidden data. cache: a folder for what references were seen to do. eager: for many
    solutions: everything is imported before the first. spawn: workers are new processes, for systems where forking is
    not safe.
    """

    def __init__(
        self,
        *,
        devices: Sequence[str],
        seed: int,
        secret: str = "",
        cache: Path | None = None,
        require_isolation: str = "L0",
        eager: bool = False,
        spawn: bool = SPAWNS,
    ) -> None:
        self.devices = list(devices)
        self.seed = seed
        self.secret = secret
        self._isolation: list[str] = []
        self._cache = cache
        self._require = require_isolation
        self._eager = eager
        self._spawn = spawn
        self._nurseries: dict[bool, Nursery] = {}  # by whether their workers can use a GPU
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="starter")
        self._lock = threading.Lock()
        self._checks: dict[tuple[str, str], list[Check]] = {}
        self.memory: Memory
        self.machine: Any = None

    def __enter__(self) -> Judge:
        for gpu in {device.startswith(("cuda", "mps")) for device in ["cpu", *self.devices]}:
            self._nurseries[gpu] = self._start(gpu)
        try:
            # torch is imported here while the nursery imports it too.
            from judge.machine import Machine
            from judge.memory import Memory

            self.memory = Memory(self._cache)
            self.machine = Machine()
            if self._eager or self._require != LEVELS[0]:
                _ = self.isolation  # else the first solution waits, after what can be done without the nursery
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for nursery in self._nurseries.values():
            nursery.close()
        self._nurseries.clear()
        self._starter.shutdown()

    def _start(self, gpu: bool) -> Nursery:
        """A nursery ends with the thread that started it, so this is always the same one."""
        return self._starter.submit(Nursery.start, eager=self._eager, gpu=gpu, spawn=self._spawn).result()

    @property
    def isolation(self) -> list[str]:
        """The level of isolation, then the layers it is made of; waits until the nursery is ready.

        Raises Infrastructure when it does not start, and TooWeak when it isolates less than was required.
        """
        with self._lock:
            if not self._isolation:
                self._isolation = self._wait()
            return self._isolation

    def _wait(self) -> list[str]:
        from judge.sandbox import isolation

        try:
            nursery = self._ready(False)
        except SandboxBroken:
            try:
                nursery = self._ready(False)  # it may have been killed while it started
            except SandboxBroken as error:
                raise Infrastructure(str(error)) from None
        level = isolation.level(nursery.layers)
        if LEVELS.index(level) < LEVELS.index(self._require):
            raise TooWeak(
                f"this machine isolates solutions at level {level}, {self._require} is required: `judge doctor` tells "
                f"what is missing, {IN_DOCKER} may have it (docs/security.md), --require-isolation {level} accepts less"
            )
        return [level, *(name for name, present, _ in isolation.explain(nursery.layers) if present)]

    def reseeded(self, seed: int) -> Judge:
        """The same judge, nursery and memory with another seed; valid as long as this one is open."""
        other = copy.copy(self)
        other.seed = seed
        return other

    def nursery(self, device: str) -> Nursery:
        """The nursery whose workers can use that device; a new one when the last was killed."""
        _ = self.isolation
        with self._lock:
            return self._ready(device.startswith(("cuda", "mps")))

    def _ready(self, gpu: bool) -> Nursery:
        last = self._nurseries[gpu]
        if last.lost:
            last.close()
            self._nurseries[gpu] = self._start(gpu)
        self._nurseries[gpu].wait_until_ready()
        if last.layers not in (None, self._nurseries[gpu].layers):
            raise Infrastructure("solutions would be isolated less than before; see `judge doctor`")
        return self._nurseries[gpu]

    def checks(self, problem: Problem) -> list[Check]:
        """The checks of a problem, loaded once."""
        from judge.observing import load_checks

        with self._lock:
            key = (problem.slug, problem.checks_source)
            if key not in self._checks:
                self._checks[key] = load_checks(problem.checks_source, problem.slug)
            return self._checks[key]

    def judge(
        self,
        problem: Problem,
        solution: Solution,
        *,
        only: Collection[str] | None = None,
        fail_fast: bool = False,
        skip_costly: bool = False,
        shrink: bool = True,
        name_mistakes: bool = True,
        on_check: Callable[[CheckResult], None] | None = None,
        first: Collection[str] = (),
        spares: Spares | None = None,
        cancelled: threading.Event | None = None,
    ) -> Report:
        """The report of one solution.

        only: names of the checks to run. fail_fast: stop at the first failure. skip_costly: convergence is not run
        once a value is wrong. shrink: look for the smallest failing input. name_mistakes: look for known mistakes that
        explain what failed. on_check: called after every check. first: names of the checks to run before the others.
        spares: workers to take. cancelled: once another thread sets it, this raises `judge.sandbox.host.Cancelled`
        soon, with all processes of the solution gone.
        """
        attempt = self.attempt(
            problem,
            solution,
            only=only,
            fail_fast=fail_fast,
            skip_costly=skip_costly,
            shrink=shrink,
            name_mistakes=name_mistakes,
            first=first,
            spares=spares,
            cancelled=cancelled,
        )
        return attempt.report(on_check)

    def attempt(self, problem: Problem, solution: Solution, **options: Any) -> Attempt:
        """What `judge` runs; the options are its own."""
        from judge.attempt import Attempt

        return Attempt(self, problem, solution, **options)


def installation_secret(folder: Path) -> str:
    """A random text kept in a folder, so that practice runs have hidden data that is the same every time here.

    A folder that cannot be written to gives a new secret each time.
    """
    path = folder / "secret"
    if kept := _kept_secret(path):
        return kept
    secret = secrets.token_hex(SECRET_BYTES)
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, partial = tempfile.mkstemp(dir=folder)  # only its owner can read it
        with os.fdopen(descriptor, "w") as file:
            file.write(secret)
        os.replace(partial, path)
    return _kept_secret(path) or secret


def _kept_secret(path: Path) -> str | None:
    """The secret in a file; None where there is none, or what is there is no secret, such as half of one."""
    try:
        text = path.read_text()
    except (OSError, ValueError):
        return None
    return text if re.fullmatch(f"[0-9a-f]{{{2 * SECRET_BYTES}}}", text) else None
