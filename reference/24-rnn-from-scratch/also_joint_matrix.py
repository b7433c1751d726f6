"""One joint matrix for input and state, outputs written into a preallocated tensor, orthogonal initial weights."""

import torch
from torch import nn


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, num_layers=1):
        super().__init__()
        self.sizes = [input_size] + [hidden_size] * num_layers
        for i, (inputs, outputs) in enumerate(zip(self.sizes, self.sizes[1:], strict=False)):
            for kind, width in (("ih", inputs), ("hh", outputs)):
                weight = nn.init.orthogonal_(torch.empty(outputs, width))
                setattr(self, f"weight_{kind}_l{i}", nn.Parameter(weight))
                setattr(self, f"bias_{kind}_l{i}", nn.Parameter(torch.zeros(outputs)))

    def run_layer(self, i, x, h):
        parameters = dict(self.named_parameters())
        w, u, b, c = (parameters[f"{name}_l{i}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        joint = torch.cat([w, u], 1)  # (H, I + H)
        out = x.new_empty(x.shape[0], x.shape[1], h.shape[1])
        for t in range(x.shape[1]):
            h = torch.einsum("bi,hi->bh", torch.cat([x[:, t], h], -1), joint).add(b).add(c).tanh()
            out[:, t] = h
        return out, h

    def forward(self, x, h0=None):
        finals = []
        for i, width in enumerate(self.sizes[1:]):
            start = torch.zeros(len(x), width, dtype=x.dtype, device=x.device) if h0 is None else h0[i]
            x, final = self.run_layer(i, x, start)
            finals.append(final)
        return x, torch.cat([final[None] for final in finals])


def train_truncated_bptt(model, head, x, y, window, optimizer, loss_fn):
    if window < 1:
        raise ValueError(f"window {window} < 1")
    state = None
    curve = []
    full, rest = divmod(x.shape[1], window)
    for i in range(full + bool(rest)):
        rows = slice(i * window, (i + 1) * window)
        if state is not None:
            state = state.detach().requires_grad_()
        optimizer.zero_grad(set_to_none=False)
        output, state = model(x[:, rows], state)
        loss = loss_fn(head(output), y[:, rows])
        loss.backward()
        optimizer.step()
        curve += [loss.tolist()]
    return curve
