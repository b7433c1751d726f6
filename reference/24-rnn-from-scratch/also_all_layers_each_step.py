"""Time outside, layers inside: no stacked sequence between layers; gradients of the loss by torch.autograd.grad."""

import torch
from torch import nn
from torch.nn import functional as F


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, num_layers=1):
        super().__init__()
        self.layers = num_layers
        for index in reversed(range(num_layers)):
            cell_in = nn.Linear(hidden_size if index else input_size, hidden_size)
            cell_state = nn.Linear(hidden_size, hidden_size)
            setattr(self, f"bias_hh_l{index}", cell_state.bias)
            setattr(self, f"bias_ih_l{index}", cell_in.bias)
            setattr(self, f"weight_hh_l{index}", cell_state.weight)
            setattr(self, f"weight_ih_l{index}", cell_in.weight)
        self.register_buffer("nothing", torch.zeros(1, 1, hidden_size), persistent=False)

    def part(self, name, index):
        return self._parameters[f"{name}_l{index}"]

    def forward(self, x, h0=None):
        state = self.nothing.expand(self.layers, x.size(0), -1) if h0 is None else h0
        state, outputs = list(state.unbind(0)), []
        for below in x.unbind(1):
            for index in range(self.layers):
                old = F.linear(state[index], self.part("weight_hh", index), self.part("bias_hh", index))
                new = F.linear(below, self.part("weight_ih", index), self.part("bias_ih", index))
                below = state[index] = (old + new).tanh()
            outputs.append(below.unsqueeze(1))
        return torch.cat(outputs, 1), torch.stack(state)


def train_truncated_bptt(model, head, x, y, window, optimizer, loss_fn):
    if window <= 0:
        raise ValueError("window")
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    losses, hidden, start = [], (), 0
    while start < x.size(1):
        stop = min(start + window, x.size(1))
        out, new = model(x[:, start:stop], *hidden)
        loss = loss_fn(head(out), y[:, start:stop])
        for parameter, grad in zip(parameters, torch.autograd.grad(loss, parameters, allow_unused=True), strict=True):
            parameter.grad = grad
        optimizer.step()
        losses.append(float(loss.detach()))
        hidden, start = (new.data,), stop
    return losses
