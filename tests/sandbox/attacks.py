"""What a hostile solution may try: each attack returns what it gained, or raises OSError when it is refused."""

from __future__ import annotations

import ctypes
import os
import resource
import socket
from typing import NamedTuple

LIBC = ctypes.CDLL(None, use_errno=True)
SECRET = b"the expected answer, in the judge's memory"
NEWUSER = 0x10000000


class Victim(NamedTuple):
    """What there is to attack: made by the trusted process before it forks."""

    pid: int
    hidden: str  # a file in a folder of its own
    elsewhere: str  # a folder that everybody may write to
    tcp: int
    udp: int
    unix: str
    abstract: str


def listening(folder: str) -> tuple[Victim, list[socket.socket]]:
    """A victim with open doors; the sockets are to be kept."""
    tcp, udp, unix, abstract = (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
    )
    hidden = os.path.join(folder, "reference", "solution.py")
    os.makedirs(os.path.dirname(hidden), exist_ok=True)
    with open(hidden, "w") as file:
        file.write("def softmax(x): ...")
    names = os.path.join(folder, "socket"), f"\0judge-test-{os.getpid()}"
    for one, address in ((tcp, ("127.0.0.1", 0)), (udp, ("127.0.0.1", 0)), (unix, names[0]), (abstract, names[1])):
        one.bind(address)
        if one is not udp:
            one.listen(64)
    for path in (folder, os.path.dirname(hidden), names[0]):
        os.chmod(path, 0o777)
    ports = tcp.getsockname()[1], udp.getsockname()[1]
    return Victim(os.getpid(), hidden, folder, *ports, *names), [tcp, udp, unix, abstract]


def read_a_hidden_file(victim):
    with open(victim.hidden) as file:
        return file.read()


def list_a_folder(victim):
    return str(os.listdir(os.path.dirname(victim.hidden)))


def write_elsewhere(victim):
    with open(os.path.join(victim.elsewhere, f"left-{os.getpid()}"), "w") as file:
        return str(file.write("x"))


def cut_a_file(victim):
    os.truncate(victim.hidden, os.stat(victim.hidden).st_size)


def connect_tcp(victim):
    socket.socket(socket.AF_INET, socket.SOCK_STREAM).connect(("127.0.0.1", victim.tcp))


def send_udp(victim):
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", victim.udp))


def connect_unix(victim):
    socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).connect(victim.unix)


def connect_abstract(victim):
    socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).connect(victim.abstract)


def kill_the_judge(victim):
    os.kill(victim.pid, 0)


def kill_everything(victim):
    os.kill(-1, 0)


def read_its_memory_file(victim):
    with open(f"/proc/{victim.pid}/mem", "rb") as file:
        return file.name


def read_its_memory(victim):
    class Piece(ctypes.Structure):
        _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))

    # A forked child has the same addresses, so it knows where to look.
    secret = ctypes.cast(ctypes.c_char_p(SECRET), ctypes.c_void_p).value
    buffer = ctypes.create_string_buffer(len(SECRET))
    ours, theirs = Piece(ctypes.addressof(buffer), len(SECRET)), Piece(secret, len(SECRET))
    call("process_vm_readv", victim.pid, ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0)
    return buffer.raw.decode()


def trace_it(victim):
    call("ptrace", 0x4206, victim.pid, None, None)  # PTRACE_SEIZE: does not stop it


def change_its_limits(victim):
    resource.prlimit(victim.pid, resource.RLIMIT_CORE, resource.prlimit(victim.pid, resource.RLIMIT_CORE))


def lower_its_priority(victim):
    os.setpriority(os.PRIO_PROCESS, victim.pid, os.getpriority(os.PRIO_PROCESS, victim.pid))


def pin_it(victim):
    os.sched_setaffinity(victim.pid, os.sched_getaffinity(victim.pid))


def execute(victim):
    os.execv("/bin/true", ["true"])


def fork(victim):
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def hide_memory(victim):
    os.close(os.memfd_create("x"))


def share_memory(victim):
    call("shmget", 0, 4096, 0o1600)


def mount(victim):
    call("mount", b"x", victim.elsewhere.encode(), b"tmpfs", 0, None)


def become_root(victim):
    os.setresuid(0, 0, 0)
    return read_a_hidden_file(victim)


def survive_the_judge(victim):
    call("prctl", 1, 0, 0, 0, 0)


def enter_a_user_namespace(victim):
    call("unshare", NEWUSER)


def watch_a_folder(victim):
    descriptor = call("inotify_init")
    call("inotify_add_watch", descriptor, victim.hidden.encode(), 0xFFF)


def leave_the_session(victim):
    os.setpgid(0, 0)
    os.setsid()


def call(function, *arguments):
    result = getattr(LIBC, function)(*arguments)
    if result == -1:
        raise OSError(ctypes.get_errno(), function)
    return result


FILES = [read_a_hidden_file, list_a_folder, write_elsewhere, cut_a_file]
NETWORK = [connect_tcp, send_udp, connect_unix, connect_abstract]
PROCESSES = [kill_the_judge, read_its_memory_file, read_its_memory, trace_it, change_its_limits, pin_it]
OTHERS = [execute, fork, hide_memory, share_memory, mount, survive_the_judge, enter_a_user_namespace, watch_a_folder]
EVERY = [*FILES, *NETWORK, *PROCESSES, kill_everything, lower_its_priority, *OTHERS, become_root, leave_the_session]
