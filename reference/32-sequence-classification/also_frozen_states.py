"""The state stops where a sequence ends; the gates are cut by hand from one joint product; modules hold the weights."""

import torch
from torch import nn


class LSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.H = hidden_size
        for name, width in (("hh", hidden_size), ("ih", input_size)):
            self.register_parameter(f"bias_{name}", nn.Parameter(torch.zeros(4 * hidden_size)))
            weight = nn.init.xavier_uniform_(torch.empty(4 * hidden_size, width))
            self.register_parameter(f"weight_{name}", nn.Parameter(weight))

    def forward(self, x, state):
        joint = torch.cat([self.weight_ih, self.weight_hh], 1)
        gates = torch.cat([x, state[0]], 1) @ joint.T + (self.bias_ih + self.bias_hh)
        write, keep, show = (torch.sigmoid(gates[:, n * self.H : (n + 1) * self.H]) for n in (0, 1, 3))
        memory = torch.addcmul(keep * state[1], write, torch.tanh(gates[:, 2 * self.H : 3 * self.H]))
        return show * torch.tanh(memory), memory


class SequenceClassifier(nn.Module):
    def __init__(self, input_size, hidden_size, num_classes):
        super().__init__()
        self.fc = nn.Linear(hidden_size, num_classes)
        self.cell = LSTMCell(input_size, hidden_size)

    def forward(self, x, lengths):
        lengths = lengths.to(x.device).unsqueeze(1)
        state = (torch.zeros(x.size(0), self.cell.H, dtype=x.dtype, device=x.device),) * 2
        for step, values in enumerate(x.unbind(1)):
            new = self.cell(values, state)
            state = tuple(torch.where(step < lengths, *pair) for pair in zip(new, state, strict=True))
        return self.fc(state[0])
