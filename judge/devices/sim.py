"""The simulated accelerator: another device as far as torch can tell, computing on the CPU.

A solution that forgets `device=` works on the CPU and fails on a GPU. On a laptop without a GPU the judge finds that
here: `sim:0` refuses to mix its tensors with the CPU's in torch's own words, needs `.cpu()` before `.numpy()`, and
otherwise gives the CPU's answers. Four files:

    sim.py          registers the device with torch: its name, its module `torch.sim`, where operators go
    sim_tensor.py   the tensor, and what happens on every operator: check devices, compute on the CPU, wrap
    sim_rules.py    what must be known of each operator: which devices may mix, where its result goes
    sim_kernels.py  the few operators that torch has for GPUs only, written out

torch calls its slot for somebody else's device PrivateUse1 and lets Python fill it. Registering is for good, so only
forked workers do it, and the order matters: the autograd engine starts one thread for each device known at the first
backward. The nursery runs a backward first (if it runs one at all), and the device is registered afterwards, in the
child; the other way round every child would wait for a thread that the fork did not copy. From then on a backward
stays in the thread that asked for it (`_stay_in_one_thread`), so the missing engine thread is never needed.
"""

from __future__ import annotations

import threading
from contextlib import nullcontext
from typing import Any

import torch
from torch.utils import backend_registration

from judge.devices import DeviceUnavailable
from judge.devices.sim_kernels import ctc_loss
from judge.devices.sim_rules import AUTOCAST_TO_FLOAT32, AUTOCAST_TO_LOWER, FACTORIES
from judge.devices.sim_tensor import DEVICE, accelerator_generators, run

_libraries: list[torch.library.Library] = []


def why_unavailable() -> str | None:
    """Say why this torch cannot have a simulated accelerator, or None when it can."""
    if hasattr(backend_registration, "_setup_privateuseone_for_python_backend"):
        return None
    return f"torch {torch.__version__} does not let Python define a device; a newer torch does"


def enable() -> None:
    """Register `sim` with torch in this process; a second call changes nothing.

    Raises DeviceUnavailable where torch has no interface for it, or where another device holds the only slot.
    """
    if _libraries:
        return
    if reason := why_unavailable():
        raise DeviceUnavailable(reason)
    try:
        backend_registration._setup_privateuseone_for_python_backend("sim", backend_module=_DeviceModule())
    except RuntimeError as error:
        raise DeviceUnavailable(f"torch's only slot for a device of one's own is taken: {error}") from error
    _route_operators()
    _cast_under_autocast()
    _stay_in_one_thread()
    torch.serialization.register_package(0, lambda storage: None, _restore_storage)
    torch.Generator = Generator  # type: ignore[misc]


def _route_operators() -> None:
    # Operators on sim tensors arrive in SimTensor.__torch_dispatch__; what makes a tensor out of nothing arrives here.
    everything = torch.library.Library("_", "IMPL")
    everything.fallback(lambda operator, *args, **kwargs: run(operator, args, kwargs), "PrivateUse1")
    everything.fallback(torch.library.fallthrough_kernel, "AutocastPrivateUse1")
    # A fallback gives way to torch's generic kernels; these operators must not.
    aten = torch.library.Library("aten", "IMPL")
    for operator in FACTORIES:
        aten.impl(operator, _kernel(operator), "PrivateUse1")
    # Made of other operators, so torch takes it apart before it reaches the tensor; this comes earlier.
    aten.impl(torch.ops.aten.ctc_loss.Tensor, ctc_loss, "AutogradPrivateUse1")
    # torch would ask the device for pinned memory; ordinary memory serves.
    aten.impl(torch.ops.aten._pin_memory.default, lambda tensor, device=None: tensor.clone(), "CPU")
    _libraries.extend([everything, aten])


def _kernel(operator: torch._ops.OpOverload) -> Any:
    return lambda *args, **kwargs: run(operator, args, kwargs)


def _cast_under_autocast() -> None:
    library = torch.library.Library("aten", "IMPL")
    for operator in AUTOCAST_TO_LOWER:
        library.impl(operator, _casting(operator, lower=True), "AutocastPrivateUse1")
    for operator in AUTOCAST_TO_FLOAT32:
        library.impl(operator, _casting(operator, lower=False), "AutocastPrivateUse1")
    _libraries.append(library)


def _casting(operator: torch._ops.OpOverload, *, lower: bool) -> Any:
    def cast(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [cast(each) for each in value]
        if isinstance(value, torch.Tensor) and value.is_floating_point() and value.dtype != torch.float64:
            return value.to(torch.get_autocast_dtype("sim") if lower else torch.float32)
        return value

    def kernel(*args: Any, **kwargs: Any) -> Any:
        with torch._C._ExcludeDispatchKeyGuard(torch._C.DispatchKeySet(torch._C.DispatchKey.AutocastPrivateUse1)):
            return operator(*(cast(value) for value in args), **{name: cast(value) for name, value in kwargs.items()})

    return kernel


def _stay_in_one_thread() -> None:
    """Let every backward run in its own thread, in this thread and in those that the solution starts.

    torch's switch is one per thread, so a thread's `run` is wrapped when it starts: that also reaches subclasses of
    Thread with a `run` of their own, and thread pools, which are made of Threads.
    """
    torch.autograd.set_multithreading_enabled(False)
    original_start = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        body = thread.run

        def run_in_one_thread() -> None:
            torch.autograd.set_multithreading_enabled(False)
            body()

        thread.run = run_in_one_thread  # type: ignore[method-assign]
        original_start(thread)

    threading.Thread.start = start  # type: ignore[method-assign]


class Generator(torch._C.Generator):
    """`torch.Generator` that also accepts device="sim"; it draws the CPU's numbers, as all of `sim` does."""

    def __new__(cls, device: torch.device | str = "cpu") -> Generator:
        here = torch.device(device).type == "sim"
        generator = super().__new__(cls, "cpu" if here else device)
        if here:
            accelerator_generators[generator._cdata] = generator
        return generator

    @property
    def device(self) -> torch.device:
        return DEVICE if self._cdata in accelerator_generators else super().device


class _Storage(torch.UntypedStorage):
    """Bytes on their way from a file to `sim`: the CPU's, but the tensor around them is made on `sim`."""

    @property
    def device(self) -> torch.device:
        return DEVICE

    def clone(self) -> torch.UntypedStorage:
        return torch.UntypedStorage(self.nbytes()).copy_(self)


def _restore_storage(storage: torch.UntypedStorage, location: str) -> torch.UntypedStorage | None:
    if location.partition(":")[0] != "sim":
        return None
    storage.__class__ = _Storage
    return storage


class _DeviceModule:
    """`torch.sim`: what generic code asks of `torch.cuda` or of `torch.get_device_module(device)`."""

    device = nullcontext

    def is_available(self) -> bool:
        return True

    def is_initialized(self) -> bool:
        return True

    def device_count(self) -> int:
        return 1

    def current_device(self) -> int:
        return 0

    def set_device(self, device: Any) -> None:
        pass

    def synchronize(self, device: Any = None) -> None:
        pass

    def empty_cache(self) -> None:
        pass

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16, torch.float16]

    # Random numbers come from the CPU's generator, which torch.manual_seed seeds by itself.
    def manual_seed(self, seed: int) -> None:
        torch.default_generator.manual_seed(seed)

    def manual_seed_all(self, seed: int) -> None:
        pass

    def get_rng_state(self, device: Any = None) -> torch.Tensor:
        return torch.get_rng_state()

    def set_rng_state(self, state: torch.Tensor, device: Any = None) -> None:
        torch.set_rng_state(state)

    def _is_in_bad_fork(self) -> bool:
        return False

    def _lazy_init(self) -> None:
        pass
