"""Device names: what the user may ask for, and what comes of it."""

import subprocess
import sys

import pytest
import torch

from judge import devices


@pytest.mark.parametrize("name", ["cpu", "cuda", "cuda:1", "mps", "sim", " CUDA:0 "])
def test_known_names_are_accepted(name):
    assert devices.parse(name) == name.strip().lower()


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "cpu:1", "", "sim:0"])
def test_an_unknown_name_is_answered_with_the_names_that_exist(name):
    with pytest.raises(ValueError, match="choose from auto, cpu, cuda"):
        devices.parse(name)


def test_auto_is_the_cpu_and_the_best_accelerator_here():
    assert devices.resolve(["auto"]) == ["cpu", "cuda" if torch.cuda.is_available() else "sim"]


def test_each_device_runs_once_in_the_order_asked_for():
    assert devices.resolve(["sim", "cpu", "SIM"]) == ["sim", "cpu"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_explained():
    with pytest.raises(devices.DeviceUnavailable, match=r"'cuda' cannot be used here: .*(GPU|CUDA)"):
        devices.resolve(["cuda"])
    with pytest.raises(devices.DeviceUnavailable):
        devices.prepare("cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_gpu_number_too_high_is_explained():
    with pytest.raises(devices.DeviceUnavailable, match="numbered from 0"):
        devices.resolve(["cuda:99"])


def test_reports_mark_the_simulated_device():
    assert [devices.label(name) for name in ("cpu", "cuda:1", "sim")] == ["cpu", "cuda:1", "sim*"]
    assert devices.to_device_name("sim") == "sim:0"
    assert [devices.is_accelerator(name) for name in ("cpu", "mps", "sim")] == [False, True, True]


def test_only_torchs_own_words_count_as_a_missing_operator():
    torchs = NotImplementedError("Could not run 'aten::foo' with arguments from the 'CUDA' backend. This could be ...")
    mps = NotImplementedError("The operator 'aten::bar' is not currently implemented for the MPS device. If you ...")
    assert devices.missing_operator("cuda", torchs) == "aten::foo"
    assert devices.missing_operator("mps", mps) == "aten::bar"
    assert devices.missing_operator("cpu", torchs) is None
    assert devices.missing_operator("sim", NotImplementedError("write me")) is None


def test_names_do_not_cost_an_import_of_torch():
    code = "import sys, judge.devices; judge.devices.parse('cuda'); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
