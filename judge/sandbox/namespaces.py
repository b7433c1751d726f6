"""Namespaces: own process numbers, mounts, network and inter-process communication.

Three processes take part. The *launcher* is small and single-threaded; it calls `enter`, forks once, and its child,
process 1 of the new namespaces, calls `mount_proc`, starts the nursery and makes process-number namespaces on demand
(`new_pid_namespace_init`), each kept alive by a tiny process. The *nursery*, large because it holds torch, only steps
into such a namespace for the moment of a fork, so nothing large is ever forked twice.
"""

from __future__ import annotations

import os
import signal
import warnings

from judge.sandbox import kernel

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
KINDS = {"pid": NEWPID, "mount": NEWNS, "net": NEWNET, "ipc": NEWIPC, "uts": NEWUTS}

MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 2, 4, 8, 0x4000, 1 << 18
MNT_DETACH = 2
ENTRIES_PER_MEBIBYTE = 64  # so that empty files cannot eat the memory that the size of a private folder bounds


def available() -> frozenset[str]:
    """Which of "user", "pid", "mount", "net", "ipc" and "uts" this process could enter, tried in a forked child."""
    if not kernel.SUPPORTED:
        return frozenset()
    names = ("user", *KINDS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the child calls nothing that other threads could hold
        child = os.fork()
    if child == 0:
        code = 0
        try:
            code = sum(1 << names.index(name) for name in _unshare(frozenset(names)))
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return frozenset(name for index, name in enumerate(names) if code > 0 and code & 1 << index)


def enter() -> frozenset[str]:
    """Moves the calling, single-threaded process into new namespaces and says which.

    As root without a user namespace, so that workers can still become other users; otherwise inside a user namespace
    that knows the own user and group only. What the system does not permit is left out. Process numbers change for
    the children of the caller: it is to fork once, and the child is process 1.
    """
    possible = available()
    return _unshare(possible) if possible & set(KINDS) else frozenset()


def _unshare(wanted: frozenset[str]) -> frozenset[str]:
    entered = set()
    if "user" in wanted and os.geteuid() != 0 and enter_user_namespace():
        entered.add("user")
    for name, flag in KINDS.items():
        if name in wanted:
            try:
                kernel.call("unshare", flag)
            except OSError:
                continue
            entered.add(name)
    if "mount" in entered:
        kernel.call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)  # nothing mounted here is seen outside
    return frozenset(entered)


def enter_user_namespace() -> bool:
    """A new user namespace with the own user and group in it; False where the system forbids it.

    In it the kernel counts the processes of this user anew, and the caller has all capabilities.
    """
    user, group = os.geteuid(), os.getegid()
    try:
        kernel.call("unshare", NEWUSER)
        for name, line in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
            try:
                os.write(descriptor, line.encode())
            finally:
                os.close(descriptor)
    except OSError:
        return False
    return True


def mount_proc() -> bool:
    """Mounts a /proc of the own process-number namespace, hiding what belongs to others where the kernel can.

    False where it is refused (some containers): then /proc still shows the processes outside.
    """
    for options in (b"hidepid=invisible", b"hidepid=2", None):
        try:
            kernel.call("mount", b"proc", b"/proc", b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, options)
        except OSError:
            continue
        return True
    return False


def mount_private(path: str, size_bytes: int, uid: int) -> bool:
    """A file system in memory at `path`, at most so large and for that user alone; False where not possible."""
    entries = max(256, (size_bytes >> 20) * ENTRIES_PER_MEBIBYTE)
    group = uid if os.geteuid() == 0 else os.getegid()
    options = f"size={size_bytes},nr_inodes={entries},mode=0700,uid={uid},gid={group}"
    try:
        kernel.call("mount", b"private", os.fsencode(path), b"tmpfs", MS_NOSUID | MS_NODEV, options.encode())
    except OSError:
        return False
    return True


def unmount(path: str) -> None:
    """Takes a private folder away, with all in it."""
    kernel.call("umount2", os.fsencode(path), MNT_DETACH)


def new_pid_namespace_init() -> int:
    """Makes a process-number namespace and returns the process that keeps it alive, its process 1.

    Called by the launcher. Killing and reaping that process ends everything in the namespace; its end waits until
    the parents of the processes in it have reaped them.
    """
    kernel.call("unshare", NEWPID)
    try:
        child = os.fork()
        if child == 0:
            _keep_alive()
        return child
    finally:
        leave_pid_namespace()


def _keep_alive() -> None:
    try:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_IGN)  # ignoring SIGCHLD makes the kernel reap whatever is orphaned here
        os.setsid()
        kernel.close_from(0)
        while True:
            signal.pause()
    finally:
        os._exit(0)


def join_pid_namespace(pid: int) -> None:
    """Lets the next children of this process be born into the namespace whose process 1 is `pid`, not as process 1.

    Until `leave_pid_namespace` the caller cannot start threads.
    """
    _children_into(pid)


def leave_pid_namespace() -> None:
    """Lets the children of this process be born into its own namespace again."""
    _children_into(os.getpid())


def _children_into(pid: int) -> None:
    try:
        descriptor = kernel.syscall(kernel.PIDFD_OPEN, pid)
    except OSError:
        descriptor = -1
    try:
        if descriptor < 0:
            raise OSError("no process descriptors")
        kernel.call("setns", descriptor, NEWPID)
    except OSError:  # before Linux 5.8, and where /proc is the way that a simulated kernel knows
        path = os.open(f"/proc/{pid}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        try:
            kernel.call("setns", path, NEWPID)
        finally:
            os.close(path)
    finally:
        if descriptor >= 0:
            os.close(descriptor)
