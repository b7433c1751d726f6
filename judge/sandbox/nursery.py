"""A process that imports torch once and forks workers, each in a few milliseconds.

    judge (trusted)
      warden            enters the namespaces; dies with the judge
        launcher        pid 1 of the nursery's pid namespace; makes a small pid 1 for every worker
          nursery       torch imported, one thread, no secrets, no CUDA yet
            worker      forked per solution: isolated, then runs candidate code

Without namespaces the warden itself is the nursery. Where forking a process that holds torch is not safe (macOS) the
nursery stays small and starts every worker as a new process that imports everything itself.

The nursery holds no problem's code: a worker sees all of its heap. It must never run anything on several threads before
it forks (a child's first backward would hang), so it has one thread from the start and refuses to serve otherwise.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import secrets
import signal
import socket
import subprocess
import sys
import traceback

import msgspec

from judge.sandbox import isolation, namespaces, pages
from judge.sandbox.lazy import postpone_the_compiler
from judge.sandbox.limits import Limits
from judge.sandbox.threads import set_up_one_by_one

PR_SET_PDEATHSIG = 1
HELLO = b"hello"  # a new worker's first bytes
OUT_OF_MEMORY = 77  # exit status of a worker


class Setup(msgspec.Struct, frozen=True):
    """What the judge tells a nursery at its start."""

    folder: str  # private folders of workers are made in it
    handler: str  # "module:Class" that answers a worker's requests
    preload: list[str]  # modules that every worker needs
    later: list[str]  # modules that are slow to import and seldom needed: only where `eager`
    namespaces: bool
    landlock: bool
    seccomp: bool
    other_user: bool
    warm_up: bool  # a small backward at one thread; not where a GPU is visible
    eager: bool  # import `later` too, before the first fork
    spawn: bool  # start workers as new processes instead of forking them
    path: list[str]  # sys.path, for those


class Order(msgspec.Struct, frozen=True):
    """One request to the nursery; a fork order comes with two descriptors, the channel and the output."""

    op: str  # "fork", "end" or "folder"
    worker: int = 0
    folder: str = ""  # an existing private folder; "" makes one
    device: str = "cpu"
    limits: Limits = Limits()
    hidden_paths: list[str] = []
    prepare: list[str] = []  # handed to the handler's `prepare` before the fork, so that workers inherit its result


class Answer(msgspec.Struct, frozen=True):
    """The nursery's reply."""

    error: str | None = None
    worker: int = 0
    folder: str = ""
    pid: int = 0  # as the nursery sees it
    status: int = 0  # waitpid status of an ended worker
    layers: isolation.Layers | None = None


def die_with_parent() -> None:
    """Asks the kernel for SIGKILL when the parent goes; nothing where the kernel cannot."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def main(control_fd: int, setup_text: str) -> None:
    """The warden: namespaces first, while this process is small and has one thread."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the judge's business: it hangs up
    setup = msgspec.json.decode(setup_text, type=Setup)
    entered = namespaces.enter() if setup.namespaces else frozenset()
    if "pid" not in entered:
        os.environ.setdefault("HOME", setup.folder)
        _Nursery(setup, socket.socket(fileno=control_fd), entered, launcher=None).run()
        return
    child = os.fork()
    if child == 0:
        die_with_parent()
        _launch(setup, control_fd, entered)
        os._exit(0)
    os.close(control_fd)
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _launch(setup: Setup, control_fd: int, entered: frozenset[str]) -> None:
    """Pid 1 of the nursery's namespace: forks the nursery, then makes a pid 1 for every worker on request."""
    namespaces.mount_proc()
    here, there = socket.socketpair()
    nursery = os.fork()
    if nursery == 0:
        here.close()
        die_with_parent()
        _Nursery(setup, socket.socket(fileno=control_fd), entered, launcher=there).run()
        os._exit(0)
    there.close()
    os.close(control_fd)
    while here.recv(1):
        here.sendall(namespaces.new_pid_namespace_init().to_bytes(8, "little"))
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


class _Nursery:
    def __init__(
        self, setup: Setup, control: socket.socket, entered: frozenset[str], launcher: socket.socket | None
    ) -> None:
        self.setup = setup
        self.control = control
        self.entered = entered
        self.launcher = launcher
        self.workers: dict[int, tuple[int, int]] = {}  # number -> (pid, pid of its namespace's init or 0)
        self.forks = 0
        self.folders = 0
        self.first_user = secrets.randbelow(len(isolation.WORKER_UIDS))  # two judges at once should not meet
        detected = isolation.detect()
        self.layers = isolation.Layers(
            namespaces=bool(entered & {"pid"}),
            landlock=detected.landlock if setup.landlock else 0,
            seccomp=detected.seccomp and setup.seccomp,
            rlimits=detected.rlimits,
            other_user=detected.other_user and setup.other_user,
        )

    def run(self) -> None:
        """Imports, checks that forking is safe, then serves until the judge hangs up."""
        try:
            self._prepare()
        except BaseException:
            self._reply(Answer(error=traceback.format_exc(limit=-3)))
            return
        self._reply(Answer(layers=self.layers))
        while True:
            message, descriptors = self._read()
            if not message:
                break
            try:
                answer = self._obey(msgspec.json.decode(message, type=Order), descriptors)
            except OSError as error:
                answer = Answer(error=f"{type(error).__name__}: {error}")
            for descriptor in descriptors:
                os.close(descriptor)
            self._reply(answer)
        for worker in list(self.workers):
            self._end(worker)

    def _read(self) -> tuple[bytes, list[int]]:
        """One line of JSON with the descriptors that came along; b"" when the judge has hung up."""
        message, descriptors, _, _ = socket.recv_fds(self.control, 1 << 20, 2)
        while message and not message.endswith(b"\n"):
            part = self.control.recv(1 << 20)
            if not part:
                return b"", descriptors
            message += part
        return message, descriptors

    def _reply(self, answer: Answer) -> None:
        with contextlib.suppress(OSError):
            self.control.sendall(msgspec.json.encode(answer) + b"\n")

    def _prepare(self) -> None:
        if self.setup.spawn:
            isolation.prepare(self.layers)
            return
        import torch

        torch.set_num_threads(1)
        _import_all(self.setup)
        if self.setup.warm_up:
            warm_up("cpu")
        isolation.prepare(self.layers)
        gc.collect()
        gc.freeze()
        gc.disable()
        if self.setup.eager:
            pages.collapse()
        if sys.platform == "linux" and len(os.listdir("/proc/self/task")) != 1:
            raise RuntimeError("the nursery has more than one thread: forking from it is not safe")
        if torch.cuda.is_initialized():
            raise RuntimeError("the nursery has initialised CUDA: forking from it is not safe")

    def _obey(self, order: Order, descriptors: list[int]) -> Answer:
        if order.op == "fork":
            return self._fork(order, *descriptors)
        if order.op == "end":
            return Answer(worker=order.worker, status=self._end(order.worker))
        if order.op == "folder":
            self._remove_folder(order.folder)
            return Answer()
        return Answer(error=f"unknown order {order.op!r}")

    # ----------------------------------------------------------------------------------------------- forking

    def _fork(self, order: Order, channel: int, output: int) -> Answer:
        number = self.forks = self.forks + 1
        if order.prepare and not self.setup.spawn:
            module, _, name = self.setup.handler.partition(":")
            getattr(sys.modules[module], name).prepare(order.prepare)
        user = (
            isolation.WORKER_UIDS[(self.first_user + number) % len(isolation.WORKER_UIDS)]
            if self.layers.other_user
            else None
        )
        folder = order.folder or self._make_folder(user, order.limits.folder_bytes)
        if order.folder and user is not None:
            _give(folder, user)
        init = self._new_init()
        try:
            if self.setup.spawn:
                pid = self._spawn(order, channel, output, folder, user)
            else:
                pid = os.fork()
                if pid == 0:
                    _become_worker(self.setup, self.layers, order, channel, output, folder, user)
        finally:
            if init:
                namespaces.leave_pid_namespace()
        self.workers[number] = (pid, init)
        return Answer(worker=number, folder=folder, pid=pid)

    def _spawn(self, order: Order, channel: int, output: int, folder: str, user: int | None) -> int:
        """Starts a worker as a new process, which imports everything before it is isolated."""
        what = msgspec.json.encode([self.setup, self.layers, order, channel, output, folder, user]).decode()
        program = (
            f"import sys; sys.path[:] = {self.setup.path!r}; "
            "from judge.sandbox.nursery import spawned; spawned(sys.argv[1])"
        )
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", program, what], pass_fds=[channel, output], stdin=subprocess.DEVNULL
        )
        process.returncode = 0  # reaped by `_end`, not by subprocess
        return process.pid

    def _new_init(self) -> int:
        if self.launcher is None:
            return 0
        self.launcher.sendall(b"i")
        init = int.from_bytes(self.launcher.recv(8), "little")
        namespaces.join_pid_namespace(init)
        return init

    def _end(self, number: int) -> int:
        """Kills a worker with everything in its pid namespace; its waitpid status."""
        pid, init = self.workers.pop(number, (0, 0))
        if not pid:
            return 0
        finished, status = os.waitpid(pid, os.WNOHANG)
        for victim in (pid, init):
            if victim and not (victim == pid and finished):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
        if not finished:
            _, status = os.waitpid(pid, 0)
        return status

    # ----------------------------------------------------------------------------------------------- folders

    def _make_folder(self, user: int | None, size: int) -> str:
        self.folders += 1
        folder = os.path.join(self.setup.folder, f"w{self.folders}")
        os.mkdir(folder, 0o700)
        owner = user if user is not None else os.getuid()
        if not ("mount" in self.entered and namespaces.mount_private(folder, size, owner)) and user is not None:
            os.chown(folder, user, user)
        return folder

    def _remove_folder(self, folder: str) -> None:
        if os.path.dirname(folder) != self.setup.folder:
            return
        import shutil

        if "mount" in self.entered:
            with contextlib.suppress(OSError):
                namespaces.unmount(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _import_all(setup: Setup) -> None:
    """Imports what workers need."""
    for name in setup.preload:
        __import__(name)
    if setup.eager:
        for name in setup.later:
            __import__(name)
    else:
        postpone_the_compiler()
    set_up_one_by_one()


def _become_worker(
    setup: Setup, layers: isolation.Layers, order: Order, channel: int, output: int, folder: str, user: int | None
) -> None:
    """In a fresh process: closes what is not its own, isolates itself, serves, never returns."""
    from judge.sandbox import worker

    try:
        worker.adopt_descriptors(channel, output)
        os.environ.update(HOME=folder, TMPDIR=folder)
        isolation.confine(order.limits, layers, folder, device=order.device, uid=user)
        worker.serve(setup.handler, order.hidden_paths, order.limits.answer_bytes)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except BaseException:
        with contextlib.suppress(BaseException):
            traceback.print_exc()
    finally:
        os._exit(0)


def spawned(what: str) -> None:
    """A worker that was started instead of forked: imports what a nursery would have, then the same."""
    shape = tuple[Setup, isolation.Layers, Order, int, int, str, int | None]
    setup, layers, order, channel, output, folder, user = msgspec.json.decode(what, type=shape)
    die_with_parent()
    _import_all(setup)
    isolation.prepare(layers)
    _become_worker(setup, layers, order, channel, output, folder, user)


def _give(folder: str, user: int) -> None:
    """Hands a private folder and what is in it to another worker's user; links are changed, never followed."""
    os.chown(folder, user, user)
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(os.path.join(root, name), user, user, follow_symlinks=False)


def warm_up(device: str) -> None:
    """Runs common operations once, on one thread, so that this process's children, or its later calls, find them
    initialised."""
    import torch
    from torch import nn

    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 4), nn.LayerNorm(4)).to(device)
    net(torch.randn(2, 1, 4, 4).to(device)).softmax(-1).square().sum().backward()
    torch.einsum("ij,jk->ik", torch.randn(2, 3).to(device), torch.randn(3, 2).to(device))
