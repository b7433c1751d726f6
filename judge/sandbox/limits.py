"""What one check may use, and the part of it that the kernel enforces by itself."""

from __future__ import annotations

import sys

import msgspec

if sys.platform != "win32":
    import resource

MEBIBYTE = 1 << 20


class Limits(msgspec.Struct, frozen=True):
    """Limits of one check; the judge watches time, memory and answers, the kernel holds the rest (see `apply`)."""

    # Stops a busy loop soon; a check of an honest solution takes well below a second.
    cpu_seconds: float = 10.0
    # Stops what sleeps or waits for ever; generous, since the machine may be busy with other workers.
    wall_seconds: float = 30.0
    # How far resident memory may grow over what the worker had when it started; watched by the judge.
    memory_bytes: int = 1536 * MEBIBYTE
    # Private memory that may be asked for at all (RLIMIT_DATA): stops what grows faster than the watch looks, with an
    # error inside the solution. torch itself needs less than 300 MiB. Not set for CUDA, whose driver reserves a lot.
    address_data_bytes: int = 4096 * MEBIBYTE
    # Threads of one worker: enough for torch on the largest machines that use one thread a core, too few for a bomb.
    processes: int = 64
    # The largest file: a saved model is a few MiB.
    file_bytes: int = 64 * MEBIBYTE
    # Open files: imports and checkpoints need a handful.
    open_files: int = 128
    # The largest answer of a check; more would be slow to compare and to keep.
    answer_bytes: int = 64 * MEBIBYTE
    # What is kept of the text that a solution prints, head and tail.
    output_bytes: int = 64 * 1024
    # All files in the private folder together, where it can be a file system of its own.
    folder_bytes: int = 128 * MEBIBYTE


# CUDA opens its device files dozens of times per GPU.
CUDA_OPEN_FILES = 1024
# Below the gap that the kernel keeps free for a stack, so that endless recursion in C ends in a crash, not in swap.
STACK_BYTES = 64 * MEBIBYTE


def limits_available() -> bool:
    """Whether this system has resource limits at all (Windows has not)."""
    return sys.platform != "win32"


def apply(limits: Limits, *, device: str, processes_elsewhere: int = 0) -> None:
    """Sets the limits of the calling process that the kernel enforces; they cannot be raised again.

    `processes_elsewhere` is added to the limit of processes. The kernel counts all processes of a user together, so
    this is how many others there may be when the worker has to share its user.
    """
    if sys.platform == "win32":
        return
    cuda = device.startswith("cuda")
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, limits.file_bytes)
    _limit(resource.RLIMIT_NOFILE, max(limits.open_files, CUDA_OPEN_FILES) if cuda else limits.open_files)
    _limit(resource.RLIMIT_STACK, STACK_BYTES)
    _limit(resource.RLIMIT_NPROC, limits.processes + processes_elsewhere)
    if not cuda:
        _limit(resource.RLIMIT_DATA, limits.address_data_bytes)


def _limit(what: int, value: int) -> None:
    if sys.platform == "win32":
        return
    _, hard = resource.getrlimit(what)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, value))
