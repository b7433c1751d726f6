"""All layers together: what this machine can do, and shutting a freshly forked worker in.

The order within `confine` matters: what needs privileges comes before they are given up, and seccomp, which refuses
most of what the other layers are made with, comes last.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.machinery
import importlib.metadata
import os
import signal
import struct
import sys
import tempfile
import warnings

import msgspec

from judge.sandbox import kernel, landlock, namespaces, seccomp
from judge.sandbox.limits import Limits, apply, limits_available
from judge.sandbox.readable import DEVICES, cuda_devices, cuda_files, everybody_can_read, readable_paths

__all__ = ["WORKER_UIDS", "Layers", "confine", "detect", "explain", "level", "prepare", "readable_paths"]

# Users that no distribution gives to anybody (systemd's table of user ids: "unused"), one for each running worker.
WORKER_UIDS = range(60600, 61100)

CAPABILITY_VERSION = 0x20080522
CAP_DAC_READ_SEARCH = 2
PR_CAP_AMBIENT_CLEAR_ALL = 4
_header, _capabilities = (
    ctypes.create_string_buffer(struct.pack("=Ii", CAPABILITY_VERSION, 0), 8),
    ctypes.create_string_buffer(24),
)


class Layers(msgspec.Struct, frozen=True):
    """Which kinds of isolation there are."""

    namespaces: bool
    landlock: int  # the version of its interface, 0: none
    seccomp: bool
    rlimits: bool
    other_user: bool  # the judge is root and workers can be other users


def detect() -> Layers:
    """What this process may use on this machine, found out by calling (a few ms)."""
    abi = landlock.abi_version()
    return Layers(
        namespaces={"pid", "mount", "net", "ipc"} <= namespaces.available(),
        landlock=abi,
        seccomp=seccomp.available(),
        rlimits=limits_available(),
        other_user=_can_become_other_user() and (abi > 0 or everybody_can_read(readable_paths())),
    )


def level(layers: Layers) -> str:
    """The level of isolation in one word, as it stands in reports."""
    if layers.seccomp and layers.rlimits:
        if layers.landlock:
            return "L3" if layers.namespaces else "L2"
        return "L1"
    return "L0"


def explain(layers: Layers) -> list[tuple[str, bool, str]]:
    """For `judge doctor`: each layer, whether it is there, and what it gives or how to get it."""
    if not sys.platform.startswith("linux"):
        missing = "only on Linux; run the judge in a Linux container or virtual machine for more isolation"
        return [
            (
                name,
                name == "limits" and layers.rlimits,
                "CPU, files and memory of a worker" if name == "limits" else missing,
            )
            for name in ("limits", "seccomp", "Landlock", "namespaces", "other user")
        ]
    return [
        ("limits", layers.rlimits, "bounds memory, threads, files and file sizes of a worker"),
        (
            "seccomp",
            layers.seccomp,
            "no network, no other programs, no signals to other processes"
            if layers.seccomp
            else "needs 64-bit Linux on x86_64 or aarch64 with CONFIG_SECCOMP_FILTER; check the container's profile",
        ),
        (
            "Landlock",
            layers.landlock > 0,
            f"a solution reads Python and its packages, writes a private folder, no more (version {layers.landlock})"
            if layers.landlock
            else "needs Linux 5.13 with landlock among the kernel's lsm= list; gVisor and Colab have none",
        ),
        (
            "namespaces",
            layers.namespaces,
            "own process numbers, mounts and network: whatever a solution leaves behind ends with it"
            if layers.namespaces
            else "run as root, or allow them to users: sysctl kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), "
            "user.max_user_namespaces above 0, or a container with --cap-add SYS_ADMIN",
        ),
        (
            "other user",
            layers.other_user,
            "each worker is a user of its own" if layers.other_user else "only as root, with Python readable for all",
        ),
    ]


def prepare(layers: Layers) -> None:
    """Works out in advance, before any fork, what every `confine` needs, so that a worker loses no time with it."""
    if layers.landlock:
        readable_paths()
        # Python lists a folder of packages when it first looks into it. A worker may not list it, but inherits this.
        importlib.machinery.PathFinder.find_spec("a_module_that_is_nowhere")
        importlib.metadata.version("msgspec")
    if layers.other_user:
        _python_is_private()
    if layers.seccomp:
        for cuda in (False, True):
            seccomp.ready_program(False, cuda)
            seccomp.own_pid_positions(False, cuda)


def confine(limits: Limits, layers: Layers, folder: str, *, device: str, uid: int | None) -> None:
    """Shuts the calling process in, for ever: called in a freshly forked, single-threaded worker.

    It may write to `folder` only, which must belong to it and becomes its current, home and temporary folder. `uid`
    is the user (and group) that it becomes, one of `WORKER_UIDS`, where `layers.other_user` says so. Descriptors are
    left alone but for one more, a handle on the process's own entry in /proc.
    Raises OSError when a layer that was detected fails: then nothing of a solution may run.
    """
    cuda = device.startswith("cuda")
    if sys.platform != "win32":
        os.setsid()
    os.umask(0o077)
    os.chdir(folder)
    os.environ.update(HOME=folder, TMPDIR=folder)
    tempfile.tempdir = folder  # the nursery may have asked for it before, and Python remembers the answer
    if not layers.other_user:
        uid = None
    # Made while every path can be opened, whoever owns the folders above it.
    rules = _rules(cuda) if layers.landlock else None
    apply(limits, device=device, processes_elsewhere=_processes_elsewhere(layers, uid))
    if kernel.SUPPORTED:
        _give_up_privileges(uid, keep_reading=uid is not None and layers.landlock > 0 and _python_is_private())
        # After the change of user, which resets both. Other processes of the user cannot look into one that is not
        # dumpable; CUDA's driver writes to files below /proc/self that then belong to root.
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        kernel.prctl(kernel.PR_SET_DUMPABLE, int(cuda))
        kernel.no_new_privileges()
    if rules is not None:
        landlock.enforce(rules)
    if layers.seccomp:
        seccomp.install(allow_memfd=cuda)


def _rules(cuda: bool) -> int:
    # The kernel may forget the entry of a process in /proc, and the rule with it, unless somebody holds it open.
    os.open("/proc/self", os.O_PATH | os.O_CLOEXEC)
    readable, writable, devices = [*readable_paths(), "/proc/self"], ["."], list(DEVICES)
    if cuda:
        readable += cuda_files()
        writable.append("/proc/self/task")  # the driver names its threads
        devices += cuda_devices()
    return landlock.ruleset(readable, writable, devices)


def _processes_elsewhere(layers: Layers, uid: int | None) -> int:
    """How many processes of other programs count towards this worker's limit."""
    if uid is not None:
        return 0
    if layers.namespaces and os.geteuid() != 0 and namespaces.enter_user_namespace():
        return 0
    try:
        with open("/proc/loadavg") as file:  # "0.20 0.18 0.12 1/80 11206": running and existing threads
            return int(file.read().split()[3].split("/")[1])
    except (OSError, IndexError, ValueError):
        return 1024


def _give_up_privileges(uid: int | None, keep_reading: bool) -> None:
    kept = 1 << CAP_DAC_READ_SEARCH if keep_reading else 0
    kernel.prctl(kernel.PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    if uid is not None:
        kernel.prctl(kernel.PR_SET_KEEPCAPS, 1)
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    # Effective, permitted and inheritable, twice: capabilities 0 to 31 and 32 to 63. The bounding set needs no
    # attention: without new privileges no program can gain any.
    struct.pack_into("=6I", _capabilities, 0, kept, kept, 0, 0, 0, 0)
    kernel.call("capset", ctypes.addressof(_header), ctypes.addressof(_capabilities))


@functools.cache
def _python_is_private() -> bool:
    """Whether workers that are other users need a capability to read Python itself (it lies in somebody's home)."""
    return not everybody_can_read(readable_paths())


def _can_become_other_user() -> bool:
    if not kernel.SUPPORTED or os.geteuid() != 0:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the child calls nothing that other threads could hold
        child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setresgid(WORKER_UIDS[0], WORKER_UIDS[0], WORKER_UIDS[0])
            os.setresuid(WORKER_UIDS[-1], WORKER_UIDS[-1], WORKER_UIDS[-1])
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
