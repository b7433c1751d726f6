"""seccomp: the kernel refuses a process the system calls that no solution needs.

A list of refusals, not of permissions: torch, MKL and CUDA need too many calls, and they differ by version. The
filter is a program for the kernel's classic BPF machine, see https://docs.kernel.org/userspace-api/seccomp_filter.html.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import struct

from judge.sandbox import kernel, syscalls

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
COLUMNS = {"x86_64": 0, "aarch64": 1}
X32 = 0x40000000  # numbers of x86_64's 32-bit pointer variant: the same calls under other numbers

MODE_FILTER = 2
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
NO_SUCH_CALL, PRETEND = 0x00050000 | errno.ENOSYS, 0x00050000

# Instructions: load a word of the call's description, jump if equal / greater or equal / any bit set, mask, return.
LOAD, IF_EQUAL, IF_AT_LEAST, IF_ANY_BIT, MASK, RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
NUMBER, ARCHITECTURE = 0, 4
# Stands for the own process number until the filter is installed; no flag or number used below equals it.
OWN_PID = 0x7EADBEE5

CLONE_THREAD = 0x10000
CLONE_REFUSED = 0x8000 | 0x7E020000  # a sibling instead of a child; new namespaces
O_TRUNC, O_ACCMODE = 0o1000, 0o3
F_SETSIG, F_SETOWN, F_SETOWN_EX = 10, 8, 15
FIOSETOWN, SIOCSPGRP, TIOCSTI, TIOCLINUX = 0x8901, 0x8902, 0x5412, 0x541C

Instruction = tuple[int, int, int, int]


def available() -> bool:
    """Whether the kernel takes filters: it complains about the address of an empty one, not about the request."""
    if not kernel.SUPPORTED:
        return False
    try:
        kernel.prctl(kernel.PR_SET_SECCOMP, MODE_FILTER, 0)
    except OSError as error:
        return error.errno == errno.EFAULT
    return True


def install(*, allow_fork: bool = False, allow_memfd: bool = False) -> None:
    """Filters the calling thread and all that it starts, for ever. Sets no-new-privileges.

    `allow_fork` permits children (never programs); `allow_memfd` is for CUDA, whose driver needs such memory.
    """
    kernel.no_new_privileges()
    code, header = ready_program(allow_fork, allow_memfd)
    for position in own_pid_positions(allow_fork, allow_memfd):
        struct.pack_into("=I", code, position, os.getpid())  # changes this process's copy alone
    kernel.prctl(kernel.PR_SET_SECCOMP, MODE_FILTER, ctypes.addressof(header))


@functools.cache
def ready_program(allow_fork: bool, allow_memfd: bool) -> tuple[ctypes.Array, ctypes.Array]:
    """The filter in memory and the header that points to it: made before the fork, as it takes a while."""
    code = program(allow_fork, allow_memfd)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer))
    return buffer, ctypes.create_string_buffer(header, len(header))


@functools.cache
def own_pid_positions(allow_fork: bool, allow_memfd: bool) -> tuple[int, ...]:
    """Where in the filter the own process number belongs."""
    code = program(allow_fork, allow_memfd)
    placeholder = struct.pack("=I", OWN_PID)
    return tuple(position for position in range(4, len(code), 8) if code[position : position + 4] == placeholder)


@functools.cache
def program(allow_fork: bool = False, allow_memfd: bool = False, machine: str = kernel.MACHINE) -> bytes:
    """The filter, with a placeholder for the process number; made once, before the fork."""
    code: list[Instruction] = [
        (LOAD, 0, 0, ARCHITECTURE),
        (IF_EQUAL, 1, 0, ARCHITECTURES[machine]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
        (IF_AT_LEAST, 0, 1, X32),
        (RETURN, 0, 0, KILL),
        (IF_AT_LEAST, 0, 1, syscalls.NEWEST + 1),
        (RETURN, 0, 0, NO_SUCH_CALL),
    ]
    column = COLUMNS[machine]
    refused = syscalls.numbers(syscalls.REFUSED, column)
    if not allow_memfd:
        refused |= syscalls.numbers(syscalls.REFUSED_WITHOUT_CUDA, column)
    if allow_fork:
        refused = {name: number for name, number in refused.items() if name not in ("fork", "vfork")}
    answers = [
        (refused, REFUSE),
        (syscalls.numbers(syscalls.UNKNOWN, column), NO_SUCH_CALL),
        (syscalls.numbers(syscalls.PRETENDED, column), PRETEND),
    ]
    for calls, answer in answers:
        for number in calls.values():
            code += _when(number, [(RETURN, 0, 0, answer)])
    for number in syscalls.numbers(syscalls.ON_ITSELF, column).values():
        code += _when(number, _only_if_argument(0, [OWN_PID]))
    for number in syscalls.numbers(syscalls.ON_ITSELF_OR_ZERO, column).values():
        code += _when(number, _only_if_argument(0, [OWN_PID, 0]))

    filtered = syscalls.numbers(syscalls.FILTERED, column)
    code += _when(filtered["clone"], _clone(allow_fork))
    # A solution that outlives the judge is what PR_SET_PDEATHSIG prevents, so it stays as it was set.
    code += _when(filtered["prctl"], _unless_argument(0, [kernel.PR_SET_PDEATHSIG]))
    # Signals to others by way of a file's owner, and typing into the terminal that the judge was started from.
    code += _when(filtered["fcntl"], _unless_argument(1, [F_SETSIG, F_SETOWN, F_SETOWN_EX]))
    code += _when(filtered["ioctl"], _unless_argument(1, [FIOSETOWN, SIOCSPGRP, TIOCSTI, TIOCLINUX]))
    # Emptying a file that is opened for reading: Landlock before version 3 does not see it.
    for name, position in (("open", 1), ("openat", 2)):
        if name in filtered:
            code += _when(filtered[name], _no_truncating_read(position))
    code.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


def _when(number: int, body: list[Instruction]) -> list[Instruction]:
    """Runs the body, which ends in a return on every path, for this call only."""
    return [(IF_EQUAL, 0, len(body), number), *body]


def _argument(position: int) -> Instruction:
    """Loads the lower half of an argument: all that the kernel itself looks at for the arguments used here."""
    return (LOAD, 0, 0, 16 + 8 * position)


def _only_if_argument(position: int, values: list[int]) -> list[Instruction]:
    return _compare(position, values, ALLOW, REFUSE)


def _unless_argument(position: int, values: list[int]) -> list[Instruction]:
    return _compare(position, values, REFUSE, ALLOW)


def _compare(position: int, values: list[int], when_found: int, otherwise: int) -> list[Instruction]:
    tests = [(IF_EQUAL, len(values) - index, 0, value) for index, value in enumerate(values)]
    return [_argument(position), *tests, (RETURN, 0, 0, otherwise), (RETURN, 0, 0, when_found)]


def _clone(allow_fork: bool) -> list[Instruction]:
    escapes = (IF_ANY_BIT, 0, 1, CLONE_REFUSED)
    if allow_fork:
        return [_argument(0), escapes, (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]
    thread = (IF_ANY_BIT, 1, 0, CLONE_THREAD)
    return [_argument(0), escapes, (RETURN, 0, 0, REFUSE), thread, (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]


def _no_truncating_read(position: int) -> list[Instruction]:
    return [
        _argument(position),
        (MASK, 0, 0, O_TRUNC | O_ACCMODE),
        (IF_EQUAL, 0, 1, O_TRUNC),
        (RETURN, 0, 0, REFUSE),
        (RETURN, 0, 0, ALLOW),
    ]
