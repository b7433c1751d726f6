"""The batch sorted by length and shrinking as sequences end; the result put back in order; einsum over gates."""

import torch
from torch import nn


class LSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        ih, hh = nn.Linear(input_size, 4 * hidden_size), nn.Linear(hidden_size, 4 * hidden_size)
        self.weight_ih, self.bias_ih, self.weight_hh, self.bias_hh = ih.weight, ih.bias, hh.weight, hh.bias

    def forward(self, x, state):
        h, c = state
        gates = torch.einsum("bi,ghi->gbh", x, self.weight_ih.unflatten(0, (4, -1)))
        gates = gates + torch.einsum("bk,ghk->gbh", h, self.weight_hh.unflatten(0, (4, -1)))
        gates = gates + self.bias_ih.view(4, 1, -1) + self.bias_hh.view(4, 1, -1)  # (4, B, H)
        i, f, o = gates[[0, 1, 3]].sigmoid()
        c = i * gates[2].tanh() + f * c
        return o * c.tanh(), c


class SequenceClassifier(nn.Module):
    def __init__(self, input_size, hidden_size, num_classes):
        super().__init__()
        self.cell = LSTMCell(input_size, hidden_size)
        self.fc = nn.Linear(hidden_size, num_classes)
        self.hidden_size = hidden_size

    def forward(self, x, lengths):
        lengths, order = lengths.cpu().sort(descending=True)
        x = x[order.to(x.device)]
        h = c = torch.zeros_like(x[:, 0, :1]).expand(-1, self.hidden_size)
        ended = []
        for step in range(int(lengths[0])):
            running = int((lengths > step).sum())
            ended.append(h[running:])
            h, c = self.cell(x[:running, step], (h[:running], c[:running]))
        last = torch.cat([h, *reversed(ended)])
        return self.fc(last)[order.argsort().to(x.device)]
