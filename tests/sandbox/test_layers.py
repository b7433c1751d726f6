"""Each layer alone: what it refuses, and that without it the same attack works (else the tests would prove nothing)."""

import os
import resource
import signal
import time

import pytest

from judge.sandbox import kernel, landlock, namespaces, seccomp
from judge.sandbox.limits import Limits, apply

from . import attacks
from .attacks import EVERY, listening
from .forks import in_child

pytestmark = pytest.mark.skipif(not kernel.SUPPORTED, reason="needs 64-bit Linux")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
OTHER_USER = 100_000 + os.getpid()  # nobody else, whose processes would count as well

BY_LANDLOCK = {1: ["read_a_hidden_file", "list_a_folder", "write_elsewhere", "read_its_memory_file", "read_its_memory"]}
BY_LANDLOCK[1] += ["trace_it"]
BY_LANDLOCK[3] = ["cut_a_file"]
BY_LANDLOCK[4] = ["connect_tcp"]
BY_LANDLOCK[6] = ["connect_abstract", "kill_the_judge"]
BY_NAMESPACES = ["kill_the_judge", "read_its_memory", "trace_it", "change_its_limits", "pin_it", "read_its_memory_file"]
BY_NAMESPACES += ["lower_its_priority", "connect_tcp", "send_udp", "connect_abstract"]
NOT_BY_SECCOMP = ["read_a_hidden_file", "list_a_folder", "write_elsewhere", "read_its_memory_file"]
# What root may do to itself, or the system forbids anyway, proves nothing.
NOT_TRIED_FREELY = ["leave_the_session", "kill_everything"]


@pytest.fixture(scope="module")
def victim(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judge")
    made, doors = listening(str(folder))
    yield made
    for door in doors:
        door.close()


@needs_root
@pytest.mark.parametrize("name", [one.__name__ for one in EVERY if one.__name__ not in NOT_TRIED_FREELY])
def test_without_a_layer_every_attack_works(victim, name):
    def own_mounts():  # what the attack mounts goes with the process
        kernel.call("unshare", namespaces.NEWNS)
        kernel.call("mount", None, b"/", None, namespaces.MS_REC | namespaces.MS_PRIVATE, None)

    outcome = in_child(own_mounts, lambda: getattr(attacks, name)(victim))
    assert outcome.gained, outcome.text


@pytest.mark.parametrize("abi", BY_LANDLOCK)
def test_landlock_alone(victim, abi, tmp_path):
    if landlock.abi_version() < abi:
        pytest.skip(f"this kernel has version {landlock.abi_version()} of Landlock")
    for name in BY_LANDLOCK[abi]:
        outcome = in_child(lambda: landlock.restrict([], [str(tmp_path)]), lambda n=name: getattr(attacks, n)(victim))
        assert not outcome.gained, name


@pytest.mark.skipif(not seccomp.available(), reason="the kernel takes no filters")
@pytest.mark.parametrize("name", [one.__name__ for one in EVERY if one.__name__ not in NOT_BY_SECCOMP])
def test_seccomp_alone(victim, name):
    outcome = in_child(seccomp.install, lambda: getattr(attacks, name)(victim))
    assert outcome.text.startswith("PermissionError: [Errno 1]"), outcome


@pytest.mark.skipif(not {"pid", "mount", "net"} <= namespaces.available(), reason="no namespaces for this user here")
@pytest.mark.parametrize("name", BY_NAMESPACES)
def test_namespaces_alone(victim, name):
    def enter_and_fork():
        namespaces.enter()
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            os._exit(0)
        assert namespaces.mount_proc()

    outcome = in_child(enter_and_fork, lambda: getattr(attacks, name)(victim))
    assert outcome.text, "the attacker said nothing"
    assert not outcome.gained, outcome


@needs_root
def test_another_user_alone(victim):
    os.chmod(victim.hidden, 0o600)
    for name in ("read_a_hidden_file", "kill_the_judge", "read_its_memory", "trace_it", "change_its_limits", "mount"):
        outcome = in_child(become_other_user, lambda n=name: getattr(attacks, n)(victim))
        assert not outcome.gained, name


@needs_root
def test_a_fork_bomb_ends_at_the_limit():
    def bomb():
        children = []
        try:
            while len(children) < 100:
                child = os.fork()
                if child == 0:
                    time.sleep(30)
                    os._exit(0)
                children.append(child)
        except BlockingIOError:
            return len(children)
        finally:
            for child in children:
                os.kill(child, signal.SIGKILL)

    outcome = in_child(lambda: apply(Limits(processes=16), device="cpu"), become_other_user, bomb)
    assert outcome.text == "15"


def test_limits_cannot_be_raised_again():
    def raise_it():
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))

    steps = [lambda: apply(Limits(open_files=64), device="cpu")]
    steps += [become_other_user] if os.geteuid() == 0 else []
    assert not in_child(*steps, raise_it).gained
    assert in_child(*steps, lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))).gained


def test_cuda_gets_the_address_space_that_its_driver_reserves():
    outcome = in_child(lambda: apply(Limits(), device="cuda:0"), lambda: resource.getrlimit(resource.RLIMIT_DATA)[0])
    assert int(outcome.text) == resource.getrlimit(resource.RLIMIT_DATA)[0]


@pytest.mark.skipif("pid" not in namespaces.available(), reason="no process-number namespaces for this user here")
def test_what_a_worker_leaves_behind_ends_with_its_namespace():
    """A process that has left its parent and its session dies all the same; its open pipe is how we know."""

    def launch():
        namespaces.enter()
        launcher = os.fork()
        if launcher:
            return os.waitpid(launcher, 0)[1]
        namespaces.mount_proc()
        first, second = (namespaces.new_pid_namespace_init() for _ in range(2))
        reader, writer = os.pipe()
        namespaces.join_pid_namespace(second)
        worker = os.fork()
        if worker == 0:
            if os.fork() == 0:
                os.setsid()
                os.write(writer, str(os.getpid()).encode())
                time.sleep(60)
            os._exit(0)
        namespaces.leave_pid_namespace()
        os.close(writer)
        os.waitpid(worker, 0)
        number = int(os.read(reader, 16))
        assert number in (2, 3), "numbers start anew in the namespace"
        os.kill(second, signal.SIGKILL)
        assert os.waitpid(second, 0)[1] == signal.SIGKILL
        assert os.read(reader, 16) == b""
        os.kill(first, 0)
        return os._exit(7)

    outcome = in_child(launch)
    assert outcome.text == str(7 << 8), outcome


def test_a_worker_dies_with_its_parent():
    reader, writer = os.pipe()

    def parent():
        ready, say = os.pipe()
        if os.fork() == 0:
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
            seccomp.install()
            os.write(say, b"x")
            time.sleep(60)
        os.read(ready, 1)

    assert in_child(parent).gained
    os.close(writer)
    begin = time.monotonic()
    assert os.read(reader, 1) == b""
    assert time.monotonic() - begin < 10


def become_other_user():
    os.setgroups([])
    os.setresgid(OTHER_USER, OTHER_USER, OTHER_USER)
    os.setresuid(OTHER_USER, OTHER_USER, OTHER_USER)
