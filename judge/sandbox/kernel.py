"""Functions of the Linux C library that Python does not offer, called through ctypes.

The handle is made when this module is imported: after a fork nothing may be imported or looked up on disk any more.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys

MACHINE = platform.machine()
# 64-bit little-endian Linux on the two machines that torch is built for; everything else has no isolation from here.
SUPPORTED = sys.platform == "linux" and sys.maxsize > 1 << 32 and MACHINE in ("x86_64", "aarch64")

_libc = ctypes.CDLL(None, use_errno=True) if SUPPORTED else None
if _libc is not None:
    _libc.syscall.argtypes = [ctypes.c_long] * 5
    _libc.syscall.restype = ctypes.c_long
    _libc.prctl.argtypes = [ctypes.c_long] * 5

# System calls since Linux 5.1 have the same number on every machine.
PIDFD_OPEN, CLOSE_RANGE = 434, 436
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_SET_SECCOMP = 1, 4, 8, 22
PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 38, 47


def call(function: str, *arguments: int | bytes | None) -> int:
    """The result of a C function that answers -1 and errno on failure; raises that OSError.

    Integers are passed as 64-bit values (addresses included), bytes as `const char *`.
    """
    if _libc is None:
        raise OSError("only on 64-bit Linux")
    converted = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result: int = getattr(_libc, function)(*converted)
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{function}: {os.strerror(code)}")
    return result


def syscall(number: int, first: int = 0, second: int = 0, third: int = 0, fourth: int = 0) -> int:
    """The result of a system call that the C library has no function for; raises OSError."""
    if _libc is None:
        raise OSError("only on 64-bit Linux")
    result: int = _libc.syscall(number, first, second, third, fourth)
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def prctl(option: int, first: int = 0, second: int = 0) -> int:
    """prctl(2) with its unused arguments zero, as some options insist on; raises OSError."""
    if _libc is None:
        raise OSError("only on 64-bit Linux")
    result: int = _libc.prctl(option, first, second, 0, 0)
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def no_new_privileges() -> None:
    """From here on nothing this process executes can gain privileges; Landlock and seccomp ask for it."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def close_from(lowest: int) -> None:
    """Closes every descriptor from `lowest` on."""
    try:
        syscall(CLOSE_RANGE, lowest, 0xFFFFFFFF)
    except OSError:  # before Linux 5.9
        os.closerange(lowest, os.sysconf("SC_OPEN_MAX"))
