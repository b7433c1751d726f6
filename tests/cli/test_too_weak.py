"""A machine that isolates too little for a class: refused in one line that says what to do."""

import json
import os
import subprocess
import sys

import pytest

# A machine without Landlock, made of this one: the kernel answers as if it had never heard of it (call 444 everywhere).
WITHOUT_LANDLOCK = """
import ctypes, os, struct, sys
steps = [(0x20, 0, 0, 0), (0x15, 0, 1, 444), (0x06, 0, 0, 0x00050000 | 38), (0x06, 0, 0, 0x7FFF0000)]
filters = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(filters)))
libc = ctypes.CDLL(None)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
    sys.exit("no seccomp")
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


NODE = """
import msgspec
from judge.classroom.engines.node import Node, Settings, versions
node = Node(msgspec.json.encode(Settings(["cpu"], 0, "secret", "L2", versions())))
print(node.start().decode())
node.close()
"""


def without_landlock(*arguments):
    """What Python does with these arguments where there is no Landlock."""
    if not sys.platform.startswith("linux"):
        pytest.skip("a kernel's answers can be changed on Linux only")
    command = [sys.executable, "-c", WITHOUT_LANDLOCK, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ), timeout=120)
    if "no seccomp" in done.stderr:
        pytest.skip("this machine has no seccomp")
    return done


def test_a_class_is_refused_with_the_way_to_docker_and_the_option_that_accepts_less(pack, desk):
    (desk / "class/ada").mkdir(parents=True)
    (desk / "class/ada/77-double.py").write_text("def double(x):\n    return 2 * x\n")

    def grade(*options):
        return without_landlock("-m", "judge", "grade", "class", "--device", "cpu", *options)

    done = grade()
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert "at level L1, L2 is required" in done.stderr
    assert "`judge doctor`" in done.stderr
    assert 'docker run --rm --init --network none -v "$PWD":/work judge grade ...' in done.stderr
    assert "--require-isolation L1 accepts less" in done.stderr
    accepted = grade("--require-isolation", "L1")
    assert accepted.returncode == 0, accepted.stderr
    assert "isolation L1" in accepted.stdout


def test_a_node_of_a_cluster_says_why_it_is_not_used():
    done = without_landlock("-c", NODE)
    assert done.returncode == 0, done.stderr
    ready = json.loads(done.stdout)
    assert ready["isolation"] == []
    assert "at level L1, L2 is required" in ready["refused"]
