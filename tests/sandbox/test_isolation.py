"""A worker shut in by all layers: a solution's ordinary work goes on, and nothing it tries gets out."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from judge.sandbox import isolation, kernel
from judge.sandbox.isolation import Layers

from . import attacks, whole

pytestmark = pytest.mark.skipif(not kernel.SUPPORTED, reason="needs 64-bit Linux")
MODES = {"root": [], "ordinary user": ["ordinary"], "ordinary user without namespaces": ["ordinary", "shared"]}


@pytest.fixture(scope="module", params=MODES)
def box(request):
    """What came of everything in one kind of box: how it is made is in whole.py."""
    if os.getuid() != 0 and request.param == "root":
        pytest.skip("the tests do not run as root")
    program = [sys.executable, whole.__file__, *MODES[request.param]]
    result = subprocess.run(program, capture_output=True, text=True, timeout=120)
    found = json.loads(result.stdout or "{}")
    assert found, result.stderr
    wanted = "L2" if "shared" in MODES[request.param] else "L3"
    if found["layers"] < wanted:
        pytest.skip(f"this machine gives {found['layers']} to this user, not {wanted}")
    return found


def test_ordinary_work_goes_on(box):
    assert {name: text for name, (gained, text) in box["work"].items() if not gained} == {}
    assert len(box["work"]) == len(whole.WORK)


def test_no_attack_gets_out(box):
    assert {name: text for name, (gained, text) in box["attacks"].items() if gained} == {}
    assert len(box["attacks"]) == len(attacks.EVERY)
    assert "Permission" in box["attacks"]["read_a_hidden_file"][1]


def test_a_crash_shows_its_signal(box):
    assert box["aborted by signal"] == signal.SIGABRT


def test_files_and_memory_are_bounded(box):
    assert "too large" in box["excess"]["fill_a_file"][1]
    assert "open files" in box["excess"]["open_many_files"][1]
    assert "can't allocate" in box["excess"]["take_memory"][1]


def test_threads_and_the_folder_are_bounded_by_a_namespace_or_user_of_its_own(box):
    if not box["entered"]:
        pytest.skip("without namespaces an ordinary user's processes all count together, and folders have no size")
    told, _, count = box["excess"]["start_many_threads"][1].rpartition("after ")
    assert "can't start new thread" in told
    assert 20 <= int(count) <= 23  # with the main one 24; the kernel may still count one that has just ended
    assert "No space left" in box["excess"]["fill_the_folder"][1]


def test_the_level_follows_from_the_layers():
    every = Layers(namespaces=True, landlock=7, seccomp=True, rlimits=True, other_user=True)
    assert isolation.level(every) == "L3"
    assert isolation.level(Layers(False, 3, True, True, False)) == "L2"
    assert isolation.level(Layers(True, 0, True, True, False)) == "L1"
    assert isolation.level(Layers(True, 7, False, True, False)) == "L0"


def test_doctor_explains_every_layer_whether_it_is_there_or_not():
    for layers in (isolation.detect(), Layers(False, 0, False, False, False)):
        rows = isolation.explain(layers)
        assert [name for name, _, _ in rows] == ["limits", "seccomp", "Landlock", "namespaces", "other user"]
        assert all(text for _, _, text in rows)


def test_the_tests_are_not_confined_themselves():
    assert os.listdir(Path(__file__).parent)
