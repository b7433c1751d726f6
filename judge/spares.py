"""Workers that wait for the next solution of a problem, so that the next solution need not wait for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from threading import Event
from types import TracebackType

from judge.problems import Problem
from judge.sandbox.host import TICK, Cancelled, Nursery, SandboxBroken, Stopped, Worker
from judge.sandbox.limits import Limits

STARTED_AT_ONCE = 2


class Spares:
    """Forked, isolated workers in which the checks' modules and the device are warm; a context manager.

    They hold no solution yet, and each is given away once. nursery: gives the nursery for a device. devices: on which a
    solution is judged; on the CPU the reference needs a worker beside it. To be used by one thread at a time.
    """

    def __init__(self, nursery: Callable[[str], Nursery], problem: Problem, devices: Sequence[str]) -> None:
        self._nursery = nursery
        self._problem = problem
        self._waiting: dict[str, list[Future[Worker]]] = {device: [] for device in ("cpu", *devices)}
        self._starter = ThreadPoolExecutor(STARTED_AT_ONCE, thread_name_prefix="spares")
        self._closed = Event()

    def __enter__(self) -> Spares:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        for future in (future for waiting in self._waiting.values() for future in waiting):
            future.cancel()
            try:
                future.result().close()
            except (CancelledError, Cancelled, SandboxBroken, Stopped):
                continue
        self._starter.shutdown()

    def refill(self) -> None:
        """Starts what is missing, in the background; best called when nobody is being judged."""
        for device, waiting in self._waiting.items():
            while len(waiting) < (2 if device == "cpu" else 1):
                waiting.append(self._starter.submit(self._start, device))

    def take(self, device: str, cancelled: Event) -> Worker | None:
        """A worker on that device, ready for a solution; None when there is none.

        One that is just being started is waited for. Raises Cancelled once `cancelled` is set.
        """
        waiting = self._waiting.get(device, [])
        while waiting:
            future = waiting.pop(0)
            while not wait([future], TICK).done:
                if cancelled.is_set():
                    waiting.insert(0, future)
                    raise Cancelled
            try:
                worker = future.result()
            except (Cancelled, SandboxBroken, Stopped):
                continue
            if worker.idle:
                worker.cancelled = cancelled
                return worker
            worker.close()
        return None

    def _start(self, device: str) -> Worker:
        worker = self._nursery(device).worker(
            Limits(),
            prepare=self._problem.forbids,
            device=device,
            hidden_paths=[str(path) for path in self._problem.hidden_paths()],
            cancelled=self._closed,
        )
        checks, forbids = self._problem.checks_source, list(self._problem.forbids)
        try:
            worker.ask({"op": "warm", "device": device, "checks": checks, "forbids": forbids})
        except BaseException:
            worker.close()
            raise
        return worker
