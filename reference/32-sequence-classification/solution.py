"""An LSTM cell (Hochreiter and Schmidhuber, 1997; forget gate: Gers et al., 2000) and a classifier on top of it.

i, f, o = sigmoid, g = tanh of W_ih x + b_ih + W_hh h + b_hh;  c' = f c + i g;  h' = o tanh(c').
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LSTMCell(nn.Module):
    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.hidden_size = hidden_size
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(4 * hidden_size, hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(4 * hidden_size))
        self.bias_hh = nn.Parameter(torch.empty(4 * hidden_size))
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -1 / math.sqrt(hidden_size), 1 / math.sqrt(hidden_size))

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        h, c = state
        gates = F.linear(x, self.weight_ih, self.bias_ih) + F.linear(h, self.weight_hh, self.bias_hh)
        i, f, g, o = gates.chunk(4, -1)  # (B, 4H) -> four times (B, H)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        return h, c


class SequenceClassifier(nn.Module):
    def __init__(self, input_size: int, hidden_size: int, num_classes: int):
        super().__init__()
        self.cell = LSTMCell(input_size, hidden_size)
        self.fc = nn.Linear(hidden_size, num_classes)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        batch, length, _ = x.shape
        h = c = x.new_zeros(batch, self.cell.hidden_size)
        states = []
        for step in range(length):
            h, c = self.cell(x[:, step], (h, c))
            states.append(h)
        outputs = torch.stack(states, 1)  # T times (B, H) -> (B, T, H)
        # What the cell computes in the padding comes after the last valid step and is not looked at.
        rows = torch.arange(batch, device=x.device)
        return self.fc(outputs[rows, lengths.to(x.device) - 1])  # (B, H) -> (B, C)
