"""The filter of system calls, run by the kernel and, for both machines that it knows, by a small interpreter."""

import ctypes
import errno
import os
import re
import shutil
import signal
import struct
import threading
from pathlib import Path

import pytest

from judge.sandbox import kernel, seccomp, syscalls

from .forks import in_child

MACHINES = ["x86_64", "aarch64"]
OWN_PID = seccomp.OWN_PID  # stays as it is until the filter is installed
here = pytest.mark.skipif(not seccomp.available(), reason="the kernel takes no filters")


def decide(machine, number, *arguments, architecture=None, allow_fork=False, allow_memfd=False):
    """What the filter answers to a call: a plain interpreter of the few instructions that it is made of."""
    arguments = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("=iIQ6Q", number, architecture or seccomp.ARCHITECTURES[machine], 0, *arguments)
    code, position, value = seccomp.program(allow_fork, allow_memfd, machine), 0, 0
    while True:
        instruction, if_true, if_false, operand = struct.unpack_from("=HBBI", code, 8 * position)
        position += 1
        if instruction == seccomp.LOAD:
            value = struct.unpack_from("=I", data, operand)[0]
        elif instruction == seccomp.MASK:
            value &= operand
        elif instruction == seccomp.RETURN:
            return operand
        else:
            holds = {
                seccomp.IF_EQUAL: value == operand,
                seccomp.IF_AT_LEAST: value >= operand,
                seccomp.IF_ANY_BIT: bool(value & operand),
            }[instruction]
            position += if_true if holds else if_false


@pytest.mark.parametrize("machine", MACHINES)
def test_every_listed_call_gets_its_answer_and_no_other_call_does(machine):
    column = seccomp.COLUMNS[machine]
    expected = dict.fromkeys(syscalls.numbers(syscalls.REFUSED, column).values(), seccomp.REFUSE)
    expected |= dict.fromkeys(syscalls.numbers(syscalls.REFUSED_WITHOUT_CUDA, column).values(), seccomp.REFUSE)
    expected |= dict.fromkeys(syscalls.numbers(syscalls.UNKNOWN, column).values(), seccomp.NO_SUCH_CALL)
    expected |= dict.fromkeys(syscalls.numbers(syscalls.PRETENDED, column).values(), seccomp.PRETEND)
    by_argument = {**syscalls.numbers(syscalls.ON_ITSELF, column), **syscalls.numbers(syscalls.FILTERED, column)}
    by_argument |= syscalls.numbers(syscalls.ON_ITSELF_OR_ZERO, column)
    for number in set(range(syscalls.NEWEST + 1)) - set(by_argument.values()):
        assert decide(machine, number) == expected.get(number, seccomp.ALLOW), number
    assert decide(machine, syscalls.NEWEST + 1) == seccomp.NO_SUCH_CALL


@pytest.mark.parametrize("machine", MACHINES)
def test_foreign_machines_are_killed(machine):
    assert decide(machine, 1, architecture=0x40000003) == seccomp.KILL  # 32-bit x86
    assert decide(machine, seccomp.X32 | 1) == seccomp.KILL


@pytest.mark.parametrize("machine", MACHINES)
def test_signals_reach_the_caller_only(machine):
    for name, number in syscalls.numbers(syscalls.ON_ITSELF, seccomp.COLUMNS[machine]).items():
        assert decide(machine, number, OWN_PID) == seccomp.ALLOW, name
        for other in (0, 1, OWN_PID + 1, 0xFFFFFFFF):
            assert decide(machine, number, other) == seccomp.REFUSE, name
    prlimit = syscalls.numbers(syscalls.ON_ITSELF_OR_ZERO, seccomp.COLUMNS[machine])["prlimit64"]
    assert [decide(machine, prlimit, pid) for pid in (0, OWN_PID)] == [seccomp.ALLOW] * 2
    assert decide(machine, prlimit, 1) == seccomp.REFUSE


@pytest.mark.parametrize("machine", MACHINES)
def test_arguments_are_looked_at(machine):
    calls = syscalls.numbers(syscalls.FILTERED, seccomp.COLUMNS[machine])
    thread, child, new_user = 0x3D0F00, signal.SIGCHLD, 0x10000000 | signal.SIGCHLD
    assert decide(machine, calls["clone"], thread) == seccomp.ALLOW
    assert decide(machine, calls["clone"], child) == seccomp.REFUSE
    assert decide(machine, calls["clone"], child, allow_fork=True) == seccomp.ALLOW
    assert decide(machine, calls["clone"], new_user, allow_fork=True) == seccomp.REFUSE
    assert decide(machine, calls["prctl"], kernel.PR_SET_PDEATHSIG) == seccomp.REFUSE
    assert decide(machine, calls["prctl"], 15) == seccomp.ALLOW  # a thread's name
    assert decide(machine, calls["fcntl"], 3, seccomp.F_SETOWN, 1) == seccomp.REFUSE
    assert decide(machine, calls["fcntl"], 3, 4, 0) == seccomp.ALLOW
    # The kernel takes the lower half of a request, so a set upper half must not get past the filter.
    assert decide(machine, calls["ioctl"], 0, 1 << 32 | seccomp.TIOCSTI) == seccomp.REFUSE
    assert decide(machine, calls["ioctl"], 0, 0x5401) == seccomp.ALLOW
    assert decide(machine, calls["openat"], 0, 0, os.O_RDONLY | os.O_TRUNC) == seccomp.REFUSE
    assert decide(machine, calls["openat"], 0, 0, os.O_WRONLY | os.O_TRUNC | os.O_CREAT) == seccomp.ALLOW


@pytest.mark.parametrize("machine", MACHINES)
def test_cuda_may_have_memory_without_a_name(machine):
    number = syscalls.numbers(syscalls.REFUSED_WITHOUT_CUDA, seccomp.COLUMNS[machine])["memfd_create"]
    assert decide(machine, number) == seccomp.REFUSE
    assert decide(machine, number, allow_memfd=True) == seccomp.ALLOW


@pytest.mark.parametrize(
    ("machine", "header"),
    [
        ("x86_64", "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
        ("aarch64", "/usr/include/asm-generic/unistd.h"),
    ],
)
def test_the_numbers_are_the_systems(machine, header):
    if not Path(header).exists():
        pytest.skip(f"no {header} here (Debian: linux-libc-dev)")
    known = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", Path(header).read_text()))
    tables = [value for name, value in vars(syscalls).items() if name.isupper() and isinstance(value, str)]
    compared = 0
    for name, number in (
        pair for table in tables for pair in syscalls.numbers(table, seccomp.COLUMNS[machine]).items()
    ):
        if name in known:
            assert int(known[name]) == number, name
            compared += 1
    assert compared > 100


@here
def test_a_call_to_a_foreign_machine_kills():
    def x32():
        ctypes.CDLL(None).syscall(ctypes.c_long(seccomp.X32 | 39))

    assert in_child(seccomp.install, x32).signal == signal.SIGSYS


@here
def test_newer_forms_of_a_call_do_not_exist():
    for number in (435, 437, 1000):  # clone3, openat2, one of the future

        def attempt(number=number):
            try:
                kernel.syscall(number)
            except OSError as error:
                return error.errno

        assert in_child(seccomp.install, attempt).text == str(errno.ENOSYS)


@here
def test_modes_stay_as_they_are_and_copying_still_works(tmp_path):
    hidden = tmp_path / "private"
    hidden.write_text("x")
    hidden.chmod(0o600)
    assert in_child(seccomp.install, lambda: hidden.chmod(0o666), lambda: shutil.copy(hidden, tmp_path / "copy")).gained
    assert hidden.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "copy").read_text() == "x"


@here
def test_children_only_where_they_are_allowed():
    def fork():
        child = os.fork()
        if child == 0:
            os._exit(5)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    assert in_child(seccomp.install, fork).text.startswith("PermissionError")
    assert in_child(lambda: seccomp.install(allow_fork=True), fork).text == "5"


@here
def test_threads_and_signals_to_itself_go_on():
    def work():
        seen = []
        thread = threading.Thread(target=lambda: seen.append(1))
        thread.start()
        thread.join()
        signal.signal(signal.SIGUSR1, lambda *_: seen.append(2))
        signal.raise_signal(signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGUSR1)
        return seen

    assert in_child(seccomp.install, work).text == "[1, 2, 2]"
    assert in_child(seccomp.install, os.abort).signal == signal.SIGABRT


@here
def test_a_filter_cannot_be_taken_off():
    def take_off():
        kernel.prctl(kernel.PR_SET_SECCOMP, 0)
        os.fork()

    assert not in_child(seccomp.install, take_off).gained
