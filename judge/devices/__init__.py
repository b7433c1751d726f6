"""Where a solution runs: the CPU, a GPU, or the simulated accelerator.

This room is about names and readiness. `parse` and `resolve` turn what the user asked for into device names, `prepare`
makes a device usable inside a worker, and `missing_operator` tells an accelerator's own gap from a candidate's error.
torch is imported inside the functions, never at the top: the command line reads names without paying for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

KNOWN_NAMES = "auto, cpu, cuda, cuda:0, cuda:1, ..., mps, sim"

_NAME = re.compile(r"cpu|cuda(:\d+)?|mps|sim")


class DeviceUnavailable(ValueError):
    """The device exists in principle and cannot be used here; the message says why."""


def parse(name: str) -> str:
    """Return the normalised name of a device: cpu, cuda, cuda:1, mps or sim.

    Raises ValueError, listing the names, for anything else. `auto` stands for several devices: see `resolve`.
    """
    normalised = name.strip().lower()
    if not _NAME.fullmatch(normalised):
        raise ValueError(f"no device is called '{name}'; choose from {KNOWN_NAMES}")
    return normalised


def resolve(names: Sequence[str]) -> list[str]:
    """Return the devices that the given names stand for, each once, in the order asked for.

    `auto` becomes the CPU and CUDA where there is a GPU, else the CPU and the simulated accelerator. Raises
    DeviceUnavailable when a device is asked for by name and this machine does not have it.
    """
    devices: list[str] = []
    for name in names:
        wanted = ["cpu", _best_accelerator()] if name.strip().lower() == "auto" else [parse(name)]
        for device in wanted:
            if reason := _why_absent(device):
                raise DeviceUnavailable(f"device '{device}' cannot be used here: {reason}")
            if device not in devices:
                devices.append(device)
    return devices


def is_accelerator(name: str) -> bool:
    """Whether tensors of this device live apart from the CPU's."""
    return parse(name) != "cpu"


def label(name: str) -> str:
    """What a report shows for a device; the star marks the simulated one."""
    return "sim*" if parse(name) == "sim" else parse(name)


def to_device_name(name: str) -> str:
    """The string that torch knows the device by."""
    return "sim:0" if parse(name) == "sim" else parse(name)


def prepare(name: str) -> None:
    """Make the device usable in this process, a freshly forked worker.

    `sim` is registered with torch, which cannot be undone. CUDA multiplies float32 in full precision from here on, so
    that its answers can be compared with the CPU's. Raises DeviceUnavailable where the device cannot be had.
    """
    device = parse(name)
    if reason := _why_absent(device):
        raise DeviceUnavailable(f"device '{device}' cannot be used here: {reason}")
    family = device.partition(":")[0]
    if family == "sim":
        from judge.devices import sim

        sim.enable()
    elif family == "cuda":
        import torch

        torch.set_float32_matmul_precision("highest")
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
        # cuDNN otherwise tries several algorithms and may choose another one each time.
        torch.backends.cudnn.benchmark = False


def missing_operator(name: str, error: BaseException) -> str | None:
    """Name the operator that `error` says the device lacks, or None when the error is the solution's own.

    What a device cannot do is "not judged there", never wrong. A solution's own `raise NotImplementedError` is not
    taken for a gap.
    """
    if not is_accelerator(name):
        return None
    if operator := getattr(error, "missing_operator", None):
        return str(operator)
    if not isinstance(error, RuntimeError):
        return None
    for pattern, operator in _GAPS:
        if found := pattern.search(str(error)):
            return operator or found.group(1)
    return None


# What torch says when an accelerator lacks something.
_GAPS: tuple[tuple[re.Pattern[str], str | None], ...] = (
    (re.compile(r"Could not run '([\w:.]+)' (?:with arguments )?from the '"), None),
    (re.compile(r"The operator '([\w:.]+)' is not currently implemented for the MPS device"), None),
    # The rest concerns `sim`, where Python stands in for a driver.
    (re.compile(r"implement `(\w+)` at the same time for PrivateUse1"), None),
    (re.compile(r"DispatchStub: missing kernel for sim"), "an operator without a kernel"),
    (re.compile(r"Backend doesn't support synchronizing"), "torch.accelerator.synchronize"),
    # A tensor changes its device in place, which two kinds of Python object cannot do.
    (re.compile(r"`variable` and `tensor` have incompatible tensor type"), "Tensor.data = a tensor of another device"),
    (re.compile(r"_apply\(\): Couldn't swap"), "Module.to after a forward pass"),
)


def _best_accelerator() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "sim"


def _why_absent(device: str) -> str | None:
    if device == "cpu":
        return None
    import torch

    family, _, index = device.partition(":")
    if family == "cuda":
        if not torch.backends.cuda.is_built():
            return "this torch was built without CUDA"
        if not torch.cuda.is_available():
            return "torch finds no NVIDIA GPU; try --device sim"
        count = torch.cuda.device_count()
        return f"this machine has {count} GPU(s), numbered from 0" if int(index or 0) >= count else None
    if family == "mps":
        if not torch.backends.mps.is_built():
            return "this torch was built without mps, which only Macs have"
        return None if torch.backends.mps.is_available() else "this Mac's GPU or system version does not support mps"
    from torch.utils import backend_registration

    if not hasattr(backend_registration, "_setup_privateuseone_for_python_backend"):
        return f"torch {torch.__version__} does not let Python define a device; newer versions do"
    return None
