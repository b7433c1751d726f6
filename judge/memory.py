"""Observations of references and mistakes: computed once, kept on disk under the content of all they depend on."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from judge import __version__
from judge.checks import Check
from judge.diagnosis import Outcome
from judge.keeping import MAX_BYTES, from_data, pack, to_data, unpack
from judge.observations import Malformed, encode
from judge.problems import Problem
from judge.subjects import Run, Seen

ENTRIES_IN_MEMORY = 2048
CODE_THAT_OBSERVES = ("checks.py", "looking.py", "making.py", "observing.py", "observations.py")


@lru_cache(maxsize=1)
def _code() -> str:
    """A hash of the judge's own code that decides what is observed."""
    here = Path(__file__).parent
    return sha256(b"\0".join((here / name).read_bytes() for name in CODE_THAT_OBSERVES)).hexdigest()


class Memory:
    """Remembers what known solutions were seen to do; safe to use from several threads and processes.

    folder: where files are kept, None for this process's memory only. A folder that cannot be written to is left alone.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._entries: OrderedDict[str, list[Seen]] = OrderedDict()
        self._outcomes: OrderedDict[tuple[Any, ...], dict[str, Outcome]] = OrderedDict()
        self._lock = threading.Lock()

    def recall(
        self,
        problem: Problem,
        source: str,
        check: Check,
        runs: Sequence[Run],
        dtype: str,
        device: str,
        given: Any,
        compute: Callable[[], list[Seen]],
    ) -> list[Seen]:
        """What `source` was seen to do in these runs; `compute` is called when nobody knows yet.

        What is doubtful is not remembered.
        """
        key = self._key(problem, source, check, runs, dtype, device, given)
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                return self._entries[key]
        seen = self._read(key)
        if seen is None:
            seen = compute()
            if any(one.doubtful for one in seen):
                return seen
            if all(one.stopped is None for one in seen):
                self._write(key, seen)
        with self._lock:
            self._entries[key] = seen
            while len(self._entries) > ENTRIES_IN_MEMORY:
                self._entries.popitem(last=False)
        return seen

    def compared(
        self,
        problem: Problem,
        source: str,
        check: Check,
        runs: Sequence[Run],
        device: str,
        compute: Callable[[], dict[str, Outcome]],
    ) -> dict[str, Outcome]:
        """What came of comparing a known mistake with the reference in these runs; in this process's memory only."""
        seeds = tuple((run.seed, repr(sorted(run.arguments.items()))) for run in runs)
        key = (problem.slug, problem.reference, problem.checks_source, source, check.name, device, seeds)
        with self._lock:
            if key in self._outcomes:
                self._outcomes.move_to_end(key)
                return self._outcomes[key]
        outcomes = compute()
        with self._lock:
            self._outcomes[key] = outcomes
            while len(self._outcomes) > ENTRIES_IN_MEMORY:
                self._outcomes.popitem(last=False)
        return outcomes

    def _key(
        self, problem: Problem, source: str, check: Check, runs: Sequence[Run], dtype: str, device: str, given: Any
    ) -> str:
        digest = sha256()
        versions = (__version__, torch.__version__, _code())
        parts = (problem.slug, source, problem.checks_source, check.name, dtype, device, *versions)
        for part in (*parts, *((run.seed, sorted(run.arguments.items())) for run in runs)):
            digest.update(repr(part).encode())
            digest.update(b"\0")
        if given is not None:
            header, chunks = encode(given, MAX_BYTES)
            digest.update(header)
            for chunk in chunks:
                digest.update(chunk)
        return digest.hexdigest()

    def _path(self, key: str) -> Path | None:
        return None if self.folder is None else self.folder / key[:2] / key[2:]

    def _read(self, key: str) -> list[Seen] | None:
        path = self._path(key)
        if path is None:
            return None
        try:
            return [from_data(entry) for entry in unpack(path.read_bytes())]
        except (OSError, Malformed):
            return None

    def _write(self, key: str, seen: Sequence[Seen]) -> None:
        path = self._path(key)
        if path is None:
            return
        with contextlib.suppress(OSError, ValueError):
            content = pack([to_data(one) for one in seen])
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=path.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                os.replace(name, path)
            except OSError:
                os.unlink(name)
                raise
