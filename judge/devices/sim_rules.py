"""What the simulated accelerator must know of each operator: which devices may mix, and where the result goes.

Most of it is read from the operator's own schema (`read`); the tables hold what CUDA does and no schema says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from judge.devices.sim_kernels import KERNELS

aten = torch.ops.aten

# Copies between devices are what these are for.
TRANSFERS = {"copy_", "_copy_from", "_copy_from_and_resize", "_to_copy", "set_"}

# Positions of the arguments that may be CPU tensors beside accelerator tensors, as on CUDA.
CPU_MAY_JOIN: dict[str, frozenset[int]] = {
    "index": frozenset({1}),
    "index_put": frozenset({1}),
    "index_put_": frozenset({1}),
    "_index_put_impl_": frozenset({1}),
    "_unsafe_index": frozenset({1}),
    "_unsafe_index_put": frozenset({1}),
    "_pack_padded_sequence_backward": frozenset({2}),
    "_pad_packed_sequence": frozenset({1}),
}

# What torch calls without a SimTensor at hand: it makes one out of nothing, or has looked inside already.
WITHOUT_A_TENSOR = (
    aten.empty.memory_format,
    aten.empty_strided.default,
    aten._copy_from.default,
    aten._local_scalar_dense.default,
    aten.tril_indices.default,
    aten.triu_indices.default,
    aten.kaiser_window.default,
    aten.kaiser_window.periodic,
    aten.kaiser_window.beta,
    # These would come as `empty` and another operator; once is faster.
    aten.arange.default,
    aten.arange.start,
    aten.arange.start_step,
    aten.eye.default,
    aten.full.default,
    aten.linspace.default,
    aten.ones.default,
    aten.rand.default,
    aten.rand.generator,
    aten.randint.default,
    aten.randint.low,
    aten.randn.default,
    aten.randn.generator,
    aten.randperm.default,
    aten.randperm.generator,
    aten.zeros.default,
)

# What torch.autocast runs in half precision on a GPU, and what it keeps in float32.
AUTOCAST_TO_LOWER = (
    aten.linear.default,
    aten.matmul.default,
    aten.mm.default,
    aten.bmm.default,
    aten.addmm.default,
    aten.baddbmm.default,
    aten.convolution.default,
    aten.conv1d.default,
    aten.conv2d.default,
    aten.scaled_dot_product_attention.default,
)
AUTOCAST_TO_FLOAT32 = (
    aten.exp.default,
    aten.log.default,
    aten.pow.Tensor_Scalar,
    aten.softmax.int,
    aten.log_softmax.int,
    aten.layer_norm.default,
    aten.cross_entropy_loss.default,
    aten.nll_loss.default,
    aten.mse_loss.default,
    aten.binary_cross_entropy_with_logits.default,
    aten.cumsum.default,
    aten.norm.Scalar,
)

_COMPOSITE = torch._C.DispatchKey.CompositeImplicitAutograd


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator as the simulated accelerator sees it.

    compute: what computes it on the host tensors. instead: what takes it over, with the tensors as they are.
    in_place: it changes and returns its first argument. reshapes: that may change the sizes. outputs: the names of its
    `out=` arguments. transfers: it may mix devices. cpu_joins: positions at which a CPU tensor is welcome.
    cpu_scalars_in_lists: whether lists may hold CPU tensors without dimensions, as single arguments may.
    """

    name: str
    compute: Callable[..., Any]
    instead: Callable[..., Any] | None
    in_place: bool
    reshapes: bool
    outputs: tuple[str, ...]
    transfers: bool
    cpu_joins: frozenset[int]
    cpu_scalars_in_lists: bool


def read(operator: Any, instead: Callable[..., Any] | None) -> Operator:
    """Describe an operator from its schema and the tables above."""
    schema, name = operator._schema, operator.overloadpacket.__name__
    written = [argument for argument in schema.arguments if argument.alias_info and argument.alias_info.is_write]
    changes_first = bool(written) and written[0].name == schema.arguments[0].name and not written[0].kwarg_only
    returns_it = (
        len(schema.returns) == 1 and bool(schema.returns[0].alias_info) and schema.returns[0].alias_info.is_write
    )
    # Made of other operators, which come one by one. torch takes these apart before, except in inference mode.
    if instead is None and torch._C._dispatch_has_kernel_for_dispatch_key(operator.name(), _COMPOSITE):
        instead = partial(operator._op_dk, _COMPOSITE)
    return Operator(
        name=name,
        compute=KERNELS.get(operator, operator._op),
        instead=instead,
        in_place=changes_first and returns_it,
        reshapes=torch.Tag.inplace_view in operator.tags,
        outputs=tuple(argument.name for argument in written if argument.is_out),
        transfers=name in TRANSFERS,
        cpu_joins=CPU_MAY_JOIN.get(name, frozenset()),
        cpu_scalars_in_lists=name.startswith(("_foreach", "_fused")),
    )
