"""A multi-layer tanh RNN (Elman, 1990) and truncated backpropagation through time (Williams and Peng, 1990).

h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh); a layer above the first reads the states of the one below.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class RNN(nn.Module):
    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1):
        super().__init__()
        self.hidden_size, self.num_layers = hidden_size, num_layers
        bound = 1 / math.sqrt(hidden_size)
        for layer in range(num_layers):
            width = input_size if layer == 0 else hidden_size
            shapes = {
                "weight_ih": (hidden_size, width),
                "weight_hh": (hidden_size, hidden_size),
                "bias_ih": (hidden_size,),
                "bias_hh": (hidden_size,),
            }
            for name, shape in shapes.items():
                self.register_parameter(f"{name}_l{layer}", nn.Parameter(torch.empty(shape).uniform_(-bound, bound)))

    def forward(self, x: Tensor, h0: Tensor | None = None) -> tuple[Tensor, Tensor]:
        if h0 is None:
            h0 = x.new_zeros(self.num_layers, x.shape[0], self.hidden_size)
        sequence, last = x, []
        for layer in range(self.num_layers):
            weight_ih, weight_hh = getattr(self, f"weight_ih_l{layer}"), getattr(self, f"weight_hh_l{layer}")
            bias = getattr(self, f"bias_ih_l{layer}") + getattr(self, f"bias_hh_l{layer}")
            drive = F.linear(sequence, weight_ih, bias)  # (B, T, H): what needs no state, for all steps at once
            h, states = h0[layer], []  # (B, H)
            for step in range(x.shape[1]):
                h = torch.tanh(drive[:, step] + h @ weight_hh.T)
                states.append(h)
            sequence = torch.stack(states, 1)  # T times (B, H) -> (B, T, H), the input of the next layer
            last.append(h)
        return sequence, torch.stack(last)  # L times (B, H) -> (L, B, H)


def train_truncated_bptt(
    model: nn.Module,
    head: nn.Module,
    x: Tensor,
    y: Tensor,
    window: int,
    optimizer: torch.optim.Optimizer,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
) -> list[float]:
    if window < 1:
        raise ValueError(f"a window has at least one step, not {window}")
    state, losses = None, []
    for x_window, y_window in zip(x.split(window, 1), y.split(window, 1), strict=True):  # (B, window or less, ...)
        output, state = model(x_window, state)
        state = state.detach()  # the number goes on, the graph does not: it ends at the window's first step
        loss = loss_fn(head(output), y_window)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
