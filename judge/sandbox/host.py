"""The trusted side of the sandbox: starts a nursery, asks it for workers, talks to them within limits.

    with Nursery.start(handler="judge.observing:Observer") as nursery:
        with nursery.worker(limits=Limits()) as worker:
            answer = worker.ask({"op": "load", ...})

`Worker.ask` and `Worker.receive` raise a `Stopped` that says which limit was tripped, or that the worker died; after
that the worker is gone and a fresh one has to be asked for.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import psutil

from judge.sandbox.limits import Limits
from judge.sandbox.nursery import HELLO, OUT_OF_MEMORY, Answer, Order, Setup

SPAWNS = sys.platform != "linux"  # whether forking a process that holds torch is not safe
TICK = 0.02  # seconds between two looks at a worker's memory and CPU time
SO_PASSCRED = getattr(socket, "SO_PASSCRED", 16)
SCM_CREDENTIALS = getattr(socket, "SCM_CREDENTIALS", 2)
START_SECONDS = 120.0
FOLDER_PREFIX = "judge-"

PRELOAD = ["numpy", "hypothesis.strategies", "judge.observing", "judge.sandbox.worker", "judge.devices.sim"]
LATER = ["torch._dynamo", "torch.optim"]
# Modules that a solution may import lazily, and that would be slow or impossible to load later.
PRELOAD += [
    "multiprocessing.queues",
    "concurrent.futures.process",
    "encodings.idna",
    "tempfile",
    "shutil",
    "pickle",
    "zipfile",
]


class SandboxBroken(RuntimeError):
    """The judge's own machinery failed: never the candidate's fault."""


class Cancelled(BaseException):
    """Nobody wants the answer any more; not an Exception, so that nothing on the way takes it for a failure."""


class Stopped(Exception):
    """The worker is gone or was stopped; `verdict` says why in the report's words.

    doubtful: it may not have been the solution's doing: the machine was too busy to let it run, or somebody else
    killed it.
    """

    def __init__(self, verdict: str, message: str, *, doubtful: bool = False) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.message = message
        self.doubtful = doubtful


class Nursery:
    """A running nursery; make one with `Nursery.start`. Workers may be asked for from several threads."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket, folder: str) -> None:
        self._process = process
        self._control = control
        self._lock = threading.Lock()
        self._ready = False
        self.lost = False  # it ended or does not answer: nothing will come of it any more
        self.folder = folder
        self.layers: Any = None  # isolation.Layers, once it is ready

    @classmethod
    def start(
        cls,
        handler: str = "judge.observing:Observer",
        *,
        gpu: bool = False,
        eager: bool = False,
        preload: Sequence[str] = tuple(PRELOAD),
        later: Sequence[str] = tuple(LATER),
        without: Sequence[str] = (),
        spawn: bool = SPAWNS,
    ) -> Nursery:
        """Starts the process and returns at once; the first worker waits until it is ready.

        gpu: workers may use CUDA. eager: import everything before the first worker. without: layers of isolation to
        leave out ("namespaces", "landlock", "seccomp", "other_user"), for tests. spawn: workers are new processes,
        which costs an import of torch each; for systems where forking is not safe.
        """
        _sweep()
        folder = os.path.realpath(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-"))
        os.chmod(folder, 0o711)  # workers of other users pass through to their own folder
        setup = Setup(
            folder=folder,
            handler=handler,
            preload=list(preload),
            later=list(later),
            namespaces="namespaces" not in without,
            landlock="landlock" not in without,
            seccomp="seccomp" not in without,
            other_user="other_user" not in without,
            warm_up=not gpu,
            eager=eager,
            spawn=spawn,
            path=sys.path,
        )
        control, theirs = socket.socketpair()
        program = (
            f"import sys; sys.path[:] = {sys.path!r}; from judge.sandbox.nursery import main; "
            f"main({theirs.fileno()}, sys.argv[1])"
        )
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", program, msgspec.json.encode(setup).decode()],
            env=_environment(folder, gpu),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=None if os.environ.get("JUDGE_DEBUG") else subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        return cls(process, control, folder)

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the nursery with all its workers, and removes the private folders."""
        self._control.close()
        try:
            self._process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def wait_until_ready(self) -> None:
        """Blocks until torch is imported there; `SandboxBroken` when it cannot serve."""
        with self._lock:
            self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        if not self._ready:
            answer = self._read()
            self.layers = answer.layers
            self._ready = True

    def _read(self) -> Answer:
        self._control.settimeout(START_SECONDS)
        message = b""
        while not message.endswith(b"\n"):
            try:
                part = self._control.recv(1 << 20)
            except OSError as error:
                raise self._lose(f"the nursery does not answer: {error}") from None
            if not part:
                raise self._lose("the nursery ended before it was ready; try `judge doctor`")
            message += part
        answer = msgspec.json.decode(message, type=Answer)
        if answer.error:
            raise SandboxBroken(answer.error.strip())
        return answer

    def order(self, order: Order, descriptors: Sequence[int] = ()) -> Answer:
        """Sends one order and waits for the reply."""
        with self._lock:
            self._wait_until_ready()
            try:
                socket.send_fds(self._control, [msgspec.json.encode(order) + b"\n"], list(descriptors))
            except OSError as error:
                raise self._lose(f"the nursery is gone: {error}") from None
            return self._read()

    def _lose(self, why: str) -> SandboxBroken:
        self.lost = True
        return SandboxBroken(why)

    def worker(
        self,
        limits: Limits | None = None,
        *,
        device: str = "cpu",
        folder: str = "",
        hidden_paths: Sequence[str] = (),
        prepare: Sequence[str] = (),
        cancelled: threading.Event | None = None,
    ) -> Worker:
        """Forks a worker. `folder`: the private folder of another worker, to be shared; `hidden_paths` must be out
        of its reach wherever the layers allow that to be promised, else `SandboxBroken`. `prepare`: for the handler's
        `prepare`, which runs in the nursery once and must not depend on any solution. `cancelled`: once it is set,
        whoever waits for the worker gets `Cancelled`, and the worker is gone."""
        limits = limits or Limits()
        ours, theirs = socket.socketpair()
        if sys.platform == "linux":
            ours.setsockopt(socket.SOL_SOCKET, SO_PASSCRED, 1)
        reader, writer = os.pipe()
        try:
            answer = self.order(
                Order(
                    "fork",
                    folder=folder,
                    device=device,
                    limits=limits,
                    hidden_paths=list(hidden_paths),
                    prepare=list(prepare),
                ),
                [theirs.fileno(), writer],
            )
        except BaseException:
            ours.close()
            os.close(reader)
            raise
        finally:
            theirs.close()
            os.close(writer)
        worker = Worker(self, answer.worker, answer.folder, not folder, ours, reader, limits)
        worker.cancelled = cancelled or worker.cancelled
        try:
            worker.greet(answer.pid, promised=bool(self.layers and self.layers.landlock))
        except BaseException:
            worker.close()
            raise
        return worker


class Worker:
    """One forked process holding one solution; see `judge.sandbox.worker` for its side."""

    def __init__(
        self,
        nursery: Nursery,
        number: int,
        folder: str,
        owns_folder: bool,
        sock: socket.socket,
        output: int,
        limits: Limits,
    ) -> None:
        from judge.sandbox.channel import Channel, Inbox

        self._nursery = nursery
        self._number = number
        self._owns_folder = owns_folder
        self._channel = Channel(sock)
        self._inbox = Inbox(limits.answer_bytes)
        self._output_fd = output
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._poll.register(output, select.POLLIN)
        self._process: psutil.Process | None = None
        self._memory_at_start = 0
        self._cpu_at_start = 0.0
        self._printed = CappedText(limits.output_bytes)
        self.folder = folder
        self.limits = limits
        self.alive = True
        self.cancelled = threading.Event()  # of whoever has it at the moment

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kills the worker and everything it started; its private folder goes too."""
        if self._number < 0:
            return
        self._end()
        number, self._number = self._number, -1
        if self._owns_folder and number:
            with contextlib.suppress(SandboxBroken):
                self._nursery.order(Order("folder", folder=self.folder))
        self._channel.close()
        os.close(self._output_fd)

    def stop(self) -> None:
        """Kills the worker but keeps its private folder until `close`."""
        self._end()

    def _end(self) -> int | None:
        """Kills it; its waitpid status, None when nobody knows that any more."""
        if not self.alive:
            return None
        self.alive = False
        try:
            return self._nursery.order(Order("end", worker=self._number)).status
        except SandboxBroken:
            return None

    # ----------------------------------------------------------------------------------------------- starting

    def greet(self, pid: int, *, promised: bool) -> None:
        """Learns the worker's pid (from the kernel, where it has namespaces), and that no hidden file is in reach."""
        sock = self._channel.socket
        self._wait_for_hello(sock)
        data, ancillary, _, _ = sock.recvmsg(len(HELLO), socket.CMSG_SPACE(12))
        credentials = [raw for level, kind, raw in ancillary if (level, kind) == (socket.SOL_SOCKET, SCM_CREDENTIALS)]
        if data != HELLO:
            raise SandboxBroken(f"a new worker could not be isolated: {self.printed()[-500:].strip() or 'it died'}")
        if credentials:
            sock.setsockopt(socket.SOL_SOCKET, SO_PASSCRED, 0)
            pid = struct.unpack("3i", credentials[0])[0]
        try:
            self._process = psutil.Process(pid)
            self._memory_at_start = self._process.memory_info().rss
        except psutil.Error as error:
            raise SandboxBroken(f"a new worker cannot be watched: {error}") from None
        readable = self._receive(START_SECONDS, START_SECONDS)["readable"]
        if readable and promised:
            raise SandboxBroken(f"a solution could read {readable[0]}: nothing is judged like this")

    def _wait_for_hello(self, sock: socket.socket) -> None:
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        deadline = time.monotonic() + START_SECONDS
        while not poll.poll(TICK * 1000):
            self._stop_if_cancelled()
            if time.monotonic() > deadline:
                raise SandboxBroken("a new worker does not answer")

    def _stop_if_cancelled(self) -> None:
        if self.cancelled.is_set():
            self._end()
            raise Cancelled

    # ------------------------------------------------------------------------------------------------ talking

    @property
    def idle(self) -> bool:
        """Whether it waits for a request; one that is gone, or that speaks without being asked, does not."""
        return self.alive and not any(descriptor != self._output_fd for descriptor, _ in self._poll.poll(0))

    def ask(self, request: dict[str, Any], *, cpu_seconds: float | None = None) -> Any:
        """Sends a request and returns the first answer, an Observation's value; see `answers` for several."""
        return next(self.answers(request, 1, cpu_seconds=cpu_seconds)).value

    def answers(self, request: dict[str, Any], count: int, *, cpu_seconds: float | None = None) -> Iterator[Any]:
        """Sends a request and yields its `count` answers (Observations) as they come, each within the limits."""
        self.send(request)
        for _ in range(count):
            yield self.receive(cpu_seconds=cpu_seconds)

    def send(self, request: dict[str, Any]) -> None:
        """Sends a request without waiting; raises Stopped when the worker is gone."""
        from judge.sandbox.channel import ChannelClosed, ChannelTimeout

        if not self.alive:
            raise Stopped("crashed", "the process had ended")
        self._printed.total = 0  # each request has its own limit: what came before it must not decide
        try:
            self._channel.send(request, deadline=time.monotonic() + self.limits.wall_seconds)
        except ChannelClosed:
            raise self._dead() from None
        except ChannelTimeout:
            doubtful = self._starved(self.limits.wall_seconds)
            self._end()
            raise Stopped("timeout", "the process does not listen any more", doubtful=doubtful) from None

    def receive(self, *, cpu_seconds: float | None = None) -> Any:
        """The next answer as an Observation; raises Stopped when a limit is tripped or the worker dies."""
        from judge.observations import Malformed

        cpu = cpu_seconds or self.limits.cpu_seconds
        wall = max(self.limits.wall_seconds, 3 * cpu)
        try:
            return self._receive_observation(cpu, wall)
        except Malformed as error:
            self._end()
            raise Stopped("crashed", f"the process sent something that is not an answer ({error})") from None

    def _receive(self, cpu_seconds: float, wall_seconds: float) -> dict[str, Any]:
        return self._receive_observation(cpu_seconds, wall_seconds).value

    def _receive_observation(self, cpu_seconds: float, wall_seconds: float) -> Any:
        from judge.observations import decode

        sock = self._channel.socket
        began = time.monotonic()
        cpu_began = self._cpu_time()
        next_look = began + TICK
        self._stop_if_cancelled()
        waiting = self._inbox.feed(b"")
        if waiting is not None:
            return decode(*waiting)
        while True:
            ready = self._poll.poll(TICK * 1000)
            self._stop_if_cancelled()
            for descriptor, _ in ready:
                if descriptor == self._output_fd:
                    self._read_output()
                    continue
                try:
                    data = sock.recv(1 << 20)
                except OSError:
                    data = b""
                if not data:
                    raise self._dead()
                message = self._inbox.feed(data)
                if message is not None:
                    self._drain_output()
                    return decode(*message)
            now = time.monotonic()
            if now >= next_look:
                next_look = now + TICK
                self._look(cpu_began, cpu_seconds, now - began, wall_seconds)

    def _look(self, cpu_began: float, cpu_seconds: float, wall: float, wall_seconds: float) -> None:
        assert self._process is not None
        try:
            memory = self._process.memory_info().rss - self._memory_at_start
            cpu = self._cpu_time() - cpu_began
        except psutil.Error:
            return  # it has just died: the channel will tell
        if memory > self.limits.memory_bytes:
            self._end()
            raise Stopped("memory", f"used more than {self.limits.memory_bytes >> 20} MiB of memory")
        if cpu > cpu_seconds:
            self._end()
            raise Stopped("timeout", f"took more than {cpu_seconds:g} s of CPU time")
        if wall > wall_seconds:
            doubtful = self._starved(wall)
            self._end()
            idle = " without computing: it waits for something" if cpu < 0.1 * wall and not doubtful else ""
            raise Stopped("timeout", f"took more than {wall_seconds:g} s{idle}", doubtful=doubtful)

    def _starved(self, wall: float) -> bool:
        """Whether the worker could have done more in that time on a quiet machine; true where nobody can tell.

        What sleeps is not starved: it does not wait for a core. (The second number of schedstat, in nanoseconds and
        over the thread's whole life, which may only make this true too often.)
        """
        assert self._process is not None
        waited = 0
        try:
            for thread in Path(f"/proc/{self._process.pid}/task").iterdir():
                waited += int((thread / "schedstat").read_text().split()[1])
        except (OSError, IndexError, ValueError):
            return True
        return waited * 1e-9 > 0.05 * wall

    def _cpu_time(self) -> float:
        if self._process is None:
            return 0.0
        try:
            times = self._process.cpu_times()
        except psutil.Error:
            return 0.0
        return times.user + times.system

    def _dead(self) -> Stopped:
        """Why it is gone; raises SandboxBroken when it went down with its nursery."""
        self._drain_output()
        status = self._end()
        if status is None:
            raise SandboxBroken("the nursery ended while a solution ran")
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            name = signal.Signals(number).name if number in list(signal.Signals) else str(number)
            told = f"the process was killed by {name} ({signal.strsignal(number)})"
            return Stopped("crashed", told, doubtful=number == signal.SIGKILL)  # perhaps by a system short of memory
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == OUT_OF_MEMORY:
            return Stopped("memory", "ran out of memory")
        return Stopped("crashed", f"the process ended by itself (exit status {os.waitstatus_to_exitcode(status)})")

    # ------------------------------------------------------------------------------------------------- output

    def _read_output(self) -> None:
        try:
            data = os.read(self._output_fd, 1 << 16)
        except OSError:
            data = b""
        if not data:
            self._poll.unregister(self._output_fd)
        self._printed.add(data)
        if self._printed.total > MAX_PRINTED:
            self._end()
            raise Stopped("output-limit", f"printed more than {MAX_PRINTED >> 20} MiB")

    def _drain_output(self) -> None:
        poll = select.poll()
        poll.register(self._output_fd, select.POLLIN)
        while poll.poll(0):
            data = os.read(self._output_fd, 1 << 16)
            self._printed.add(data)
            if not data or self._printed.total > MAX_PRINTED:
                break

    def printed(self) -> str:
        """What the solution has printed since the last call, head and tail."""
        text = self._printed.take()
        return text


MAX_PRINTED = 1 << 24


class CappedText:
    """Keeps head and tail of a stream of bytes."""

    def __init__(self, capacity: int) -> None:
        self._half = capacity // 2
        self._head = bytearray()
        self._tail = bytearray()
        self._size = 0
        self.total = 0  # since its owner set it to 0

    def add(self, data: bytes) -> None:
        """Takes more bytes in."""
        self.total += len(data)
        self._size += len(data)
        room = self._half - len(self._head)
        self._head += data[:room]
        self._tail += data[room:] if room > 0 else data
        del self._tail[: max(0, len(self._tail) - self._half)]

    def take(self) -> str:
        """The text so far, with a note where the middle is missing; forgets it."""
        left_out = self._size - len(self._head) - len(self._tail)
        middle = f"\n[... {left_out} bytes left out ...]\n".encode() if left_out else b""
        text = bytes(self._head + middle + self._tail).decode("utf-8", "replace")
        self._head.clear()
        self._tail.clear()
        self._size = 0
        return text


def _sweep() -> None:
    """Removes the private folders of judges that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*-*"):
        number = folder.name.split("-")[1]
        if number.isdigit() and not psutil.pid_exists(int(number)):
            shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: str, gpu: bool) -> dict[str, str]:
    """Nothing of the caller's environment but what makes one thread, quick forks and, if asked for, a GPU."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": folder,
        "TMPDIR": folder,
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "passive",
        "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if gpu:
        environment |= {name: value for name, value in os.environ.items() if name.startswith(("CUDA_", "NVIDIA_"))}
        environment["LD_LIBRARY_PATH"] = os.environ.get("LD_LIBRARY_PATH", "")
    else:
        environment["CUDA_VISIBLE_DEVICES"] = ""
    return environment
