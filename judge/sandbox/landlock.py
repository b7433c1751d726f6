"""Landlock: a process gives up every file that it has not named, for ever.

See https://docs.kernel.org/userspace-api/landlock.html. A rule grants a folder with all below it and knows no
exceptions, so what must stay hidden may not lie below anything granted. Not governed by Landlock, and left to other
layers: reading attributes (stat), changing modes and owners, UDP, and sockets that have a path.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterable

from judge.sandbox import kernel

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK, MAKE_SYM = (1 << bit for bit in range(6, 13))
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
EVERYTHING = (1 << 16) - 1

# The rights on files that each version of the interface knows; asking for more is an error.
RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: EVERYTHING}

READ = READ_FILE | READ_DIR
# No execution, no device files and no sockets, not even in the folder of one's own.
WRITE = EVERYTHING & ~(EXECUTE | MAKE_CHAR | MAKE_BLOCK | MAKE_SOCK | IOCTL_DEV)
DEVICE = READ | WRITE_FILE | IOCTL_DEV
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV

TCP = 0b11  # bind and connect, since version 4
SCOPES = 0b11  # abstract unix sockets and signals of processes outside, since version 6
LOG_SAME_EXEC_OFF = 1  # since version 7: a solution cannot fill the system's audit log with refusals
CREATE_RULESET_VERSION = 1
RULE_PATH_BENEATH = 1
RULE = struct.Struct("=Qi")
# Making such a buffer takes longer than the call it is for.
_ruleset, _rule = ctypes.create_string_buffer(24), ctypes.create_string_buffer(RULE.size)


def abi_version() -> int:
    """The version of Landlock's interface, 0 where there is none; found by calling, since files may be hidden."""
    try:
        return kernel.syscall(kernel.LANDLOCK_CREATE_RULESET, 0, 0, CREATE_RULESET_VERSION)
    except OSError:
        return 0


def restrict(readable: Iterable[str], writable: Iterable[str], devices: Iterable[str] = ()) -> None:
    """Leaves the calling process nothing but these files and folders, no TCP, and no signals to others.

    Paths that do not exist are skipped. Sets no-new-privileges. Raises OSError where Landlock is missing.
    """
    enforce(ruleset(readable, writable, devices))


def ruleset(readable: Iterable[str], writable: Iterable[str], devices: Iterable[str] = ()) -> int:
    """A descriptor of the rules, for `enforce`: made while the process may still open all of these paths."""
    abi = abi_version()
    known = RIGHTS[max(1, min(abi, 5))]
    struct.pack_into("=QQQ", _ruleset, 0, known, TCP if abi >= 4 else 0, SCOPES if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    rules = kernel.syscall(kernel.LANDLOCK_CREATE_RULESET, ctypes.addressof(_ruleset), size)
    try:
        for paths, rights in ((readable, READ), (writable, READ | WRITE), (devices, DEVICE)):
            for path in paths:
                _grant(rules, path, rights & known)
    except OSError:
        os.close(rules)
        raise
    return rules


def enforce(rules: int) -> None:
    """Binds the calling process to the rules, whose descriptor is closed."""
    kernel.no_new_privileges()
    flags = LOG_SAME_EXEC_OFF if abi_version() >= 7 else 0
    try:
        kernel.syscall(kernel.LANDLOCK_RESTRICT_SELF, rules, flags)
    finally:
        os.close(rules)


def _grant(rules: int, path: str, rights: int) -> None:
    # Two hundred of these happen in every worker, so they are kept short.
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return  # what cannot even be opened here needs no permission
    try:
        RULE.pack_into(_rule, 0, rights, descriptor)
        kernel.syscall(kernel.LANDLOCK_ADD_RULE, rules, RULE_PATH_BENEATH, ctypes.addressof(_rule))
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        # A file, for which the kernel takes no rights on folders.
        RULE.pack_into(_rule, 0, rights & ON_FILES, descriptor)
        kernel.syscall(kernel.LANDLOCK_ADD_RULE, rules, RULE_PATH_BENEATH, ctypes.addressof(_rule))
    finally:
        os.close(descriptor)
