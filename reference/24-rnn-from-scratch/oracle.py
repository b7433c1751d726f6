"""torch's own RNN; the training cuts the graph by handing detached copies of tensors from window to window."""

from torch import nn


class RNN(nn.RNN):
    def __init__(self, input_size, hidden_size, num_layers=1):
        super().__init__(input_size, hidden_size, num_layers, nonlinearity="tanh", batch_first=True)

    def forward(self, x, h0=None):
        return super().forward(x, h0)


def train_truncated_bptt(model, head, x, y, window, optimizer, loss_fn):
    if window < 1:
        raise ValueError("window must be positive")
    state, losses = None, []
    for start in range(0, x.shape[1], window):
        optimizer.zero_grad()
        output, state = model(x[:, start : start + window], state)
        loss = loss_fn(head(output), y[:, start : start + window])
        loss.backward()
        optimizer.step()
        state = state.detach().clone()
        losses.append(loss.item())
    return losses
