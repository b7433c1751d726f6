"""An LSTM cell with torch's parameter names, and a classifier of sequences of different lengths."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LSTMCell(nn.Module):
    """One step of an LSTM.

    Parameters, as in nn.LSTMCell: weight_ih (4H, I), weight_hh (4H, H), bias_ih (4H,), bias_hh (4H,); along the first
    dimension lie the gates i, f, g, o, H rows each. Nothing else is in the state_dict. Initial values are up to you.
    """

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        raise NotImplementedError

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """x: (B, I); state: (h, c), each (B, H). Returns the new (h, c)."""
        raise NotImplementedError


class SequenceClassifier(nn.Module):
    """Runs an LSTMCell over each sequence, from a zero state, and classifies the h after its last valid step.

    Parameters: cell.* (an LSTMCell) and fc.* (a linear map with bias, H -> num_classes); nothing else is in the
    state_dict.
    """

    def __init__(self, input_size: int, hidden_size: int, num_classes: int):
        super().__init__()
        raise NotImplementedError

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """x: (B, T, I); lengths: (B,) int64, from 1 to T, in any order, on any device. Returns logits (B, num_classes).

        What lies in x from step lengths[b] on is padding: it has no influence and gets gradient 0.
        """
        raise NotImplementedError


if __name__ == "__main__":
    cell = LSTMCell(1, 1)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.zero_()
        cell.bias_ih[2] = 100.0  # the gate g is 1
    print(cell(torch.zeros(1, 1), (torch.zeros(1, 1), torch.ones(1, 1))))  # expected: h = 0.3808, c = 1.0
    logits = SequenceClassifier(3, 8, 2)(torch.randn(4, 6, 3), torch.tensor([6, 1, 4, 2]))
    print(F.softmax(logits, -1))  # (4, 2)
