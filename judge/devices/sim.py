"""The simulated accelerator: another device as far as torch can tell, computing on the CPU.

A solution that forgets `device=` works on the CPU and fails on a GPU. On a laptop without a GPU the judge finds that
here: `sim:0` refuses to mix its tensors with the CPU's in torch's own words, needs `.cpu()` before `.numpy()`, and
otherwise gives the CPU's answers. Five files:

    sim.py          registers the device with torch: its name, its module `torch.sim`, where operators go
    sim_tensor.py   the tensor, and what happens on every operator: check devices, compute on the CPU, wrap
    sim_rules.py    what must be known of each operator: which devices may mix, where its result goes
    sim_kernels.py  the few operators that torch has for GPUs only, written out
    sim_engine.py   how a backward runs, and how its errors come out

torch calls its slot for somebody else's device PrivateUse1 and lets Python fill it. Registering is for good, so only
forked workers do it, and the order matters: the autograd engine starts one thread for each device known at the first
backward. The nursery runs a backward first (if it runs one at all), and the device is registered afterwards, in the
child; the other way round every child would wait for a thread that the fork did not copy. sim_engine.py then keeps
every backward in the thread that asks for it, so the engine's thread for `sim` is never missed.
"""

from __future__ import annotations

from contextlib import nullcontext
from functools import cache
from typing import Any

import torch
from torch.utils import backend_registration

from judge.devices import DeviceUnavailable, sim_engine
from judge.devices.sim_kernels import ctc_loss
from judge.devices.sim_rules import AUTOCAST_TO_FLOAT32, AUTOCAST_TO_LOWER, WITHOUT_A_TENSOR
from judge.devices.sim_tensor import DEVICE, accelerator_generators, run

_AUTOCAST = torch._C.DispatchKeySet(torch._C.DispatchKey.AutocastPrivateUse1)  # type: ignore[attr-defined]
_libraries: list[torch.library.Library] = []


def enable() -> None:
    """Register `sim` with torch in this process; a second call changes nothing.

    Raises DeviceUnavailable where another device holds torch's only slot.
    """
    if _libraries:
        return
    try:
        backend_registration._setup_privateuseone_for_python_backend(
            "sim", backend_module=_DeviceModule(), device_guard=sim_engine.DeviceGuard()
        )
    except RuntimeError as error:
        raise DeviceUnavailable(f"torch's only slot for a device of one's own is taken: {error}") from error
    _route_operators()
    sim_engine.adapt()
    torch.serialization.register_package(0, lambda storage: None, _restore_storage)  # type: ignore[arg-type]
    torch.Generator = Generator  # type: ignore[assignment,misc]


def _route_operators() -> None:
    """Send the operators that do not reach SimTensor.__torch_dispatch__ to `run`.

    One by one: a fallback for all operators would be one line, and make every forked worker wait 20 ms while torch
    works out its tables anew.
    """
    aten = torch.library.Library("aten", "IMPL")
    for operator in WITHOUT_A_TENSOR:
        aten.impl(operator, _kernel(operator), "PrivateUse1")
    # Made of other operators, so torch takes it apart before it reaches the tensor; this comes earlier.
    aten.impl(torch.ops.aten.ctc_loss.Tensor, ctc_loss, "AutogradPrivateUse1")
    # torch would ask the device for pinned memory; ordinary memory serves.
    aten.impl(torch.ops.aten._pin_memory.default, lambda tensor, device=None: tensor.clone(), "CPU")
    _libraries.append(aten)


def _kernel(operator: torch._ops.OpOverload) -> Any:
    return lambda *args, **kwargs: run(operator, args, kwargs)


@cache
def _cast_under_autocast() -> None:
    everything = torch.library.Library("_", "IMPL")
    everything.fallback(torch.library.fallthrough_kernel, "AutocastPrivateUse1")
    aten = torch.library.Library("aten", "IMPL")
    for operator in AUTOCAST_TO_LOWER:
        aten.impl(operator, _casting(operator, lower=True), "AutocastPrivateUse1")
    for operator in AUTOCAST_TO_FLOAT32:
        aten.impl(operator, _casting(operator, lower=False), "AutocastPrivateUse1")
    _libraries.extend([everything, aten])


def _casting(operator: torch._ops.OpOverload, *, lower: bool) -> Any:
    def cast(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [cast(each) for each in value]
        if isinstance(value, torch.Tensor) and value.is_floating_point() and value.dtype != torch.float64:
            return value.to(torch.get_autocast_dtype("sim") if lower else torch.float32)
        return value

    def kernel(*args: Any, **kwargs: Any) -> Any:
        with torch._C._ExcludeDispatchKeyGuard(_AUTOCAST):
            return operator(*(cast(value) for value in args), **{name: cast(value) for name, value in kwargs.items()})

    return kernel


class Generator(torch._C.Generator):
    """`torch.Generator` that also accepts device="sim"; it draws the CPU's numbers, as all of `sim` does."""

    def __new__(cls, device: torch.device | str = "cpu") -> Any:
        here = torch.device(device).type == "sim"
        generator: Any = super().__new__(cls, "cpu" if here else device)  # type: ignore[call-arg]
        if here:
            accelerator_generators[generator._cdata] = generator
        return generator

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        address = self._cdata  # type: ignore[attr-defined]
        return DEVICE if address in accelerator_generators else super().device


class _Storage(torch.UntypedStorage):
    """Bytes on their way from a file to `sim`: the CPU's, but the tensor around them is made on `sim`."""

    @property
    def device(self) -> torch.device:  # type: ignore[override]
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
        # torch.autocast("sim") asks this first; few solutions do, so the rest need not wait for its preparation.
        _cast_under_autocast()
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
