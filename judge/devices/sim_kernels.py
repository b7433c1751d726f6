"""Operators that the CPU does not compute, written out for the simulated accelerator.

torch asks some operators of GPUs only, above all the fused steps of LSTM and GRU. The functions here compute them on
plain CPU tensors, below autograd. Gates are in torch's order: input, forget, cell, output for LSTM; reset, update, new
for GRU.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

aten = torch.ops.aten


def lstm_cell(
    from_input: Tensor, from_hidden: Tensor, cell: Tensor, bias: Tensor | None = None, bias_hidden: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """One step of an LSTM: (B, 4H) twice and the cell (B, H) in; hidden, cell and the gates' workspace (B, 4H) out."""
    gates = from_input + from_hidden
    if bias is not None and bias_hidden is not None:
        gates = gates + bias + bias_hidden
    i, f, g, o = gates.chunk(4, 1)
    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
    new_cell = f * cell + i * g
    return o * new_cell.tanh(), new_cell, torch.cat([i, f, g, o], 1)


def lstm_cell_backward(
    grad_hidden: Tensor | None,
    grad_cell: Tensor | None,
    cell: Tensor,
    new_cell: Tensor,
    workspace: Tensor,
    has_bias: bool,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Gradients of `lstm_cell`: of the gates (B, 4H), of the cell (B, H), of the bias (4H,)."""
    i, f, g, o = workspace.chunk(4, 1)
    squashed = new_cell.tanh()
    if grad_hidden is None:
        grad_hidden = torch.zeros_like(new_cell)
    into_cell = aten.tanh_backward(grad_hidden * o, squashed)
    if grad_cell is not None:
        into_cell = into_cell + grad_cell
    into_i = aten.sigmoid_backward(into_cell * g, i)
    into_f = aten.sigmoid_backward(into_cell * cell, f)
    into_g = aten.tanh_backward(into_cell * i, g)
    into_o = aten.sigmoid_backward(grad_hidden * squashed, o)
    grad_gates = torch.cat([into_i, into_f, into_g, into_o], 1)
    return grad_gates, into_cell * f, grad_gates.sum(0) if has_bias else None


def gru_cell(
    from_input: Tensor,
    from_hidden: Tensor,
    hidden: Tensor,
    bias: Tensor | None = None,
    bias_hidden: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """One step of a GRU: (B, 3H) twice and the hidden state (B, H) in; the new state and a workspace (B, 5H) out."""
    if bias is not None and bias_hidden is not None:
        from_input, from_hidden = from_input + bias, from_hidden + bias_hidden
    reset_input, update_input, new_input = from_input.chunk(3, 1)
    reset_hidden, update_hidden, new_hidden = from_hidden.chunk(3, 1)
    reset, update = (reset_input + reset_hidden).sigmoid(), (update_input + update_hidden).sigmoid()
    new = (new_input + reset * new_hidden).tanh()
    return new + update * (hidden - new), torch.cat([reset, update, new, hidden, new_hidden], 1)


def gru_cell_backward(
    grad: Tensor, workspace: Tensor, has_bias: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor | None, Tensor | None]:
    """Gradients of `gru_cell`: of both gates (B, 3H), of the hidden state (B, H), of both biases (3H,)."""
    reset, update, new, hidden, new_hidden = workspace.chunk(5, 1)
    into_new = aten.tanh_backward(grad * (1 - update), new)
    into_update = aten.sigmoid_backward(grad * (hidden - new), update)
    into_reset = aten.sigmoid_backward(into_new * new_hidden, reset)
    grad_input = torch.cat([into_reset, into_update, into_new], 1)
    grad_from_hidden = torch.cat([into_reset, into_update, into_new * reset], 1)
    biases = (grad_input.sum(0), grad_from_hidden.sum(0)) if has_bias else (None, None)
    return grad_input, grad_from_hidden, grad * update, *biases


def copy_from(source: Tensor, destination: Tensor, non_blocking: bool = False) -> Tensor:
    """What torch.tensor(..., device="sim") fills a new tensor with."""
    return destination.copy_(source)


def ctc_loss(
    log_probs: Tensor, targets: Tensor, input_lengths: Tensor, target_lengths: Tensor, *options: Any, **more: Any
) -> Tensor:
    """CTC loss with lengths on any device: torch brings them to the CPU, except for tensor subclasses such as ours."""
    return aten.ctc_loss.IntList(log_probs, targets, input_lengths.tolist(), target_lengths.tolist(), *options, **more)


# torch's operator -> what computes it here.
KERNELS: dict[Any, Callable[..., Any]] = {
    aten._thnn_fused_lstm_cell.default: lstm_cell,
    aten._thnn_fused_lstm_cell_backward_impl.default: lstm_cell_backward,
    aten._thnn_fused_gru_cell.default: gru_cell,
    aten._thnn_fused_gru_cell_backward.default: gru_cell_backward,
    aten._copy_from.default: copy_from,
    # The CPU conjugates lazily, by a mark on the host tensor that the tensor around it would not carry.
    aten._conj.default: torch.conj_physical,
}
