"""A tensor of the simulated accelerator, and what happens when an operator meets it.

A SimTensor holds no numbers. It carries the sizes, strides and autograd history that torch sees, says that it lives on
`sim:0`, and keeps the numbers in `host`, an ordinary CPU tensor of the same sizes and strides. `run` is the whole
device: it refuses arguments that live elsewhere, computes with the host tensors, and wraps what comes out. Autograd
works above it and needs nothing from here. `run` is called for every operator, so it is written for speed where that
costs no clarity.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import torch

from judge.devices.sim_kernels import ctc_loss
from judge.devices.sim_rules import Operator, read

# torch knows the device by this name before `sim` is registered, and as sim:0 afterwards.
DEVICE = torch.device("privateuseone", 0)

# Generators made with device="sim", by address; kept alive, so that no address is used twice.
accelerator_generators: dict[int, torch._C.Generator] = {}


class Unsupported(RuntimeError):
    """The simulated accelerator cannot run an operator, through no fault of the solution."""

    def __init__(self, operator: str, reason: str) -> None:
        super().__init__(f"the simulated accelerator cannot run '{operator}': {reason}")
        self.missing_operator = operator


class SimTensor(torch.Tensor):
    """A tensor on `sim:0`; its numbers are in `host`."""

    host: torch.Tensor

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, operator: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        return run(operator, args, kwargs)

    # Module.to exchanges a parameter's content in place, as on CUDA, only for classes that have this pair of methods.
    def __tensor_flatten__(self) -> tuple[list[str], None]:
        return ["host"], None

    @staticmethod
    def __tensor_unflatten__(inner: dict[str, torch.Tensor], meta: None, size: Any, stride: Any) -> SimTensor:
        return wrap(inner["host"])

    @property
    def data(self) -> SimTensor:
        return wrap(self.host.detach())

    @data.setter
    def data(self, new: torch.Tensor) -> None:
        _exchange(self, new)
        self.host = new.host.detach()  # type: ignore[attr-defined]

    def tolist(self) -> Any:
        return self.host.tolist()

    def numpy(self, *, force: bool = False) -> Any:
        if force:
            return self.host.clone().numpy()
        raise TypeError(
            "can't convert sim:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first."
        )

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        return self.numpy()

    def data_ptr(self) -> int:
        return self.host.data_ptr()

    def untyped_storage(self) -> torch.UntypedStorage:
        return self.host.untyped_storage()

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        history = ""
        if self.grad_fn is not None:
            history = f", grad_fn=<{self.grad_fn.name()}>"
        elif self.requires_grad:
            history = ", requires_grad=True"
        text = f"{repr(self.host)[:-1]}, device='sim:0'{history})"
        return f"Parameter containing:\n{text}" if isinstance(self, torch.nn.Parameter) else text

    def __format__(self, spec: str) -> str:
        return format(self.host.item(), spec) if self.dim() == 0 else object.__format__(self, spec)

    def __deepcopy__(self, memo: dict[int, Any]) -> SimTensor:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user support the deepcopy protocol at the moment."
            )
        if id(self) in memo:
            return memo[id(self)]
        # Through the host tensor's own deepcopy, which keeps shared storage shared.
        twin = wrap(copy.deepcopy(self.host, memo))
        twin.requires_grad_(self.requires_grad)
        memo[id(self)] = twin
        twin.__dict__.update(copy.deepcopy({k: v for k, v in self.__dict__.items() if k != "host"}, memo))
        if self.grad is not None and not isinstance(self, torch.nn.Parameter):
            twin.grad = copy.deepcopy(self.grad, memo)
        return twin

    def __reduce_ex__(self, protocol: Any) -> Any:
        if isinstance(self, torch.nn.Parameter):
            return torch._utils._rebuild_parameter, (self.data, self.requires_grad, OrderedDict())
        on_cpu = self.host.clone()
        return torch._utils._rebuild_device_tensor_from_cpu_tensor, (on_cpu, self.dtype, "sim:0", self.requires_grad)


def wrap(host: torch.Tensor) -> SimTensor:
    """The tensor on `sim:0` whose numbers are `host`'s."""
    if host.layout is not torch.strided or host.is_nested:
        raise Unsupported("sparse and nested tensors", "they have no strides")
    tensor = _make(SimTensor, host.shape, host.stride(), host.storage_offset(), None, host.dtype, torch.strided, DEVICE)
    tensor.host = host
    return tensor  # type: ignore[no-any-return]


_make = torch.Tensor._make_wrapper_subclass
_exchange: Callable[[torch.Tensor, torch.Tensor], None] = torch.Tensor.data.__set__  # type: ignore[attr-defined]
_CPU = torch.device("cpu")

# Arguments of these types need no second look.
_PLAIN = {int, float, bool, complex, str, type(None), torch.dtype, torch.layout, torch.memory_format, torch.device}


def run(operator: Any, args: tuple, kwargs: dict[str, Any] | None) -> Any:
    """Compute one operator: check where its arguments live, run it on their host tensors, wrap the result.

    Raises RuntimeError when tensors of the CPU or of another device are mixed in, Unsupported when there is no way to
    compute it; what the CPU raises passes through.
    """
    known = _known.get(operator)
    if known is None:
        known = _known[operator] = read(operator, _INSTEAD.get(operator))
    if known.instead is not None:
        return known.instead(*args, **kwargs or {})
    on_sim = False
    stranger = None
    host_args = []
    for place, value in enumerate(args):
        kind = type(value)
        if kind is SimTensor:
            on_sim = True
            host_args.append(value.host)
            continue
        host_args.append(value)
        if kind in _PLAIN:
            continue
        if kind is list or kind is tuple:
            host_list, has_sim, other = _unwrap_list(value, known.cpu_scalars_in_lists)
            if has_sim:
                on_sim = True
                host_args[-1] = host_list
            if other is not None and place not in known.cpu_joins:
                stranger = other
        elif isinstance(value, torch.Tensor) and (value.dim() or not value.is_cpu) and place not in known.cpu_joins:
            stranger = value

    to_sim = on_sim
    host_kwargs: dict[str, Any] = {}
    if kwargs:
        host_kwargs = dict(kwargs)
        for name, value in kwargs.items():
            if type(value) is SimTensor:
                on_sim = to_sim = True
                host_kwargs[name] = value.host
            elif isinstance(value, torch.Tensor) and (value.dim() or not value.is_cpu or name in known.outputs):
                stranger = value
        device = kwargs.get("device")
        if device is not None:
            to_sim = device.type == DEVICE.type
            if to_sim:
                host_kwargs["device"] = _device_of_host(device)
        if (to_sim or on_sim) and kwargs.get("generator") is not None:
            _check_generator(kwargs["generator"])

    if on_sim and not known.transfers:
        if known.in_place and type(args[0]) is not SimTensor:
            stranger = args[0]
        if stranger is not None:
            _refuse_to_mix(stranger, known.name)

    try:
        result = known.compute(*host_args, **host_kwargs)
    except NotImplementedError as error:
        raise Unsupported(known.name, str(error).partition(". ")[0]) from None

    if known.in_place:
        if known.reshapes and on_sim:
            _follow_host(args[0])
        return args[0]
    if known.outputs:
        outputs = tuple(kwargs[name] for name in known.outputs)  # type: ignore[index]
        for output in outputs:
            if output.shape != output.host.shape:
                _follow_host(output)
        return outputs if len(outputs) > 1 else outputs[0]
    if not to_sim:
        return result
    return args[0] if host_args and result is host_args[0] else _wrap_result(result)


def _unwrap_list(values: Sequence[Any], scalars_may_join: bool) -> tuple[list[Any], bool, torch.Tensor | None]:
    """The list for the host, whether it held a SimTensor, and a tensor that lives elsewhere, if any."""
    host_values, has_sim, stranger = [], False, None
    for value in values:
        if type(value) is SimTensor:
            has_sim = True
            value = value.host
        elif isinstance(value, torch.Tensor) and not (scalars_may_join and value.dim() == 0 and value.is_cpu):
            stranger = value
        host_values.append(value)
    return host_values, has_sim, stranger


def _wrap_result(result: Any) -> Any:
    if isinstance(result, torch.Tensor):
        if torch.is_inference_mode_enabled() and not result.is_inference():
            # A view of a tensor that was made outside of inference mode is an ordinary tensor, as on the CPU.
            with torch.inference_mode(False):
                return wrap(result)
        return wrap(result)
    if isinstance(result, (tuple, list)):
        return type(result)(_wrap_result(each) for each in result)
    return result


def _follow_host(tensor: SimTensor) -> None:
    """Give a tensor whose host was resized, transposed or the like in place the sizes that its host has now."""
    _exchange(tensor, wrap(tensor.host))


def _device_of_host(device: torch.device) -> torch.device:
    if device.index not in (None, 0):
        raise RuntimeError(f"invalid device ordinal: there is one simulated accelerator, sim:0, not {device}")
    return _CPU


def _check_generator(generator: Any) -> None:
    if generator._cdata not in accelerator_generators:
        raise RuntimeError(f"Expected a 'sim' device type for generator but found '{generator.device.type}'")


def _refuse_to_mix(stranger: torch.Tensor, name: str) -> NoReturn:
    raise RuntimeError(
        "Expected all tensors to be on the same device, but found at least two devices, "
        f"sim:0 and {stranger.device}! (in {name})"
    )


def _pack_padded_sequence(data: SimTensor, lengths: torch.Tensor, batch_first: bool) -> tuple[SimTensor, torch.Tensor]:
    # Lengths and batch sizes of packed sequences are read by the CPU on every device, so they live there.
    if not lengths.is_cpu:
        raise RuntimeError(
            f"'lengths' argument should be a 1D CPU int64 tensor, but got {lengths.dim()}D sim:0 {lengths.dtype} tensor"
        )
    packed, batch_sizes = torch.ops.aten._pack_padded_sequence(data.host, lengths, batch_first)
    return wrap(packed), batch_sizes


def _can_exchange_storage(one: torch.Tensor, other: torch.Tensor) -> bool:
    return type(one) is type(other)


_known: dict[Any, Operator] = {}

_INSTEAD: dict[Any, Callable[..., Any]] = {
    torch.ops.aten._pack_padded_sequence.default: _pack_padded_sequence,
    torch.ops.aten._has_compatible_shallow_copy_type.default: _can_exchange_storage,
    torch.ops.aten.ctc_loss.Tensor: ctc_loss,
}
