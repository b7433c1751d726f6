"""A recurrent network with torch's parameter names, and its training in windows."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class RNN(nn.Module):
    """A tanh RNN of `num_layers` layers; layer k above the first reads the states of layer k - 1.

    Parameters of layer k, as in nn.RNN: weight_ih_lk (H, I), or (H, H) above the first layer; weight_hh_lk (H, H);
    bias_ih_lk and bias_hh_lk (H,). Nothing else is in the state_dict. Initial values are up to you.
    """

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1):
        super().__init__()
        raise NotImplementedError

    def forward(self, x: Tensor, h0: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """x: (B, T, I), T >= 1; h0: (L, B, H), the states before the first step, None for zeros.

        Returns the last layer's states of all steps (B, T, H) and every layer's state after the last step (L, B, H).
        """
        raise NotImplementedError


def train_truncated_bptt(
    model: nn.Module,
    head: nn.Module,
    x: Tensor,
    y: Tensor,
    window: int,
    optimizer: torch.optim.Optimizer,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
) -> list[float]:
    """One optimizer step for each window of consecutive steps, first to last, each on that window's gradient alone.

    model: called like RNN: (x, h0 or None) -> (output, h_n). head: applied to the output of a window.
    x: (B, T, I); y: (B, T, O), what head(output) is compared with by loss_fn(head(output), y) (0-dim).
    window: steps in a window; the last window may be shorter; window > T: one window; window < 1: ValueError.
    The state starts at None and goes on from window to window; gradients do not.
    Returns each window's loss, as it was before that window's step.
    """
    raise NotImplementedError


if __name__ == "__main__":
    net = RNN(1, 1)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(torch.ones_like(parameter) if parameter.dim() == 2 else torch.zeros_like(parameter))
    print(net(torch.tensor([[[1.0], [0.0]]])))  # expected: 0.7616, 0.6420, and the last state 0.6420
    x = torch.randn(4, 10, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    print(train_truncated_bptt(net, nn.Identity(), x, x.roll(1, 1), 4, optimizer, F.mse_loss))  # three losses
