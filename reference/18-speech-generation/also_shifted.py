"""Another right way: no padding in the convolutions but shifted copies, one-hot codes with a causal layer in front, the
boundaries between codes in a table, a buffer for the generated codes that the model always sees as a whole."""

import torch
from torch import nn
from torch.nn import functional as F


def grid(channels, codes):
    mu = channels - 1
    level = codes / mu * 2 - 1
    return torch.sign(level) * (torch.pow(torch.full_like(level, channels), level.abs()) - 1) / mu


def mu_law_encode(x, channels=256):
    boundaries = grid(channels, torch.arange(channels - 1, dtype=torch.float64, device=x.device) + 0.5)
    return torch.searchsorted(boundaries, x.double().contiguous(), right=True)


def mu_law_decode(codes, channels=256):
    table = grid(channels, torch.arange(channels, dtype=torch.float64, device=codes.device)).float()
    return table[codes]


def past(x, by):
    """x, later by so many steps, with zeros in front: (B, C, T) -> (B, C, T)."""
    steps = x.shape[-1]
    return torch.cat([x.new_zeros(*x.shape[:-1], min(by, steps)), x[..., : max(0, steps - by)]], -1)


class CausalConv1d(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, dilation=1):
        super().__init__()
        self.shifts = [dilation * tap for tap in reversed(range(kernel_size))]
        self.conv = nn.Module()
        self.conv.weight = nn.Parameter(torch.randn(out_channels, in_channels, kernel_size) / in_channels**0.5)
        self.conv.bias = nn.Parameter(torch.zeros(out_channels))

    def forward(self, x):
        taps = torch.stack([past(x, shift) for shift in self.shifts], -1)  # (B, C, T, K)
        return torch.einsum("bctk,ock->bot", taps, self.conv.weight) + self.conv.bias[:, None]


class WaveNet(nn.Module):
    def __init__(self, classes=256, channels=32, layers=4):
        super().__init__()
        self.classes = classes
        self.front = nn.Conv1d(classes, channels, 3)
        self.filters = nn.ModuleList([nn.Conv1d(channels, channels, 2, dilation=2**i) for i in range(layers)])
        self.gates = nn.ModuleList([nn.Conv1d(channels, channels, 2, dilation=2**i) for i in range(layers)])
        self.mix = nn.ModuleList([nn.Linear(channels, channels) for _ in range(layers)])
        self.norm = nn.LayerNorm(channels)  # over the channels of one step
        self.dropout = nn.Dropout(0.05)
        self.out = nn.Linear(channels, classes)
        nn.init.zeros_(self.out.weight)

    @property
    def receptive_field(self):
        return 3 + sum(conv.dilation[0] for conv in self.filters)

    def forward(self, codes):
        x = F.one_hot(codes, self.classes).to(self.out.weight.dtype).transpose(1, 2)
        x = self.front(F.pad(x, (2, 0)))
        for filters, gates, mix in zip(self.filters, self.gates, self.mix, strict=True):
            padded = F.pad(x, (filters.dilation[0], 0))
            gated = torch.tanh(filters(padded)) * torch.sigmoid(gates(padded))
            x = x + mix(gated.mT).mT
        return self.out(self.dropout(self.norm(x.mT)).relu())


def generate(model, prompt, steps, temperature=1.0, generator=None):
    if not temperature >= 0:
        raise ValueError("negative temperature")
    training = [module for module in model.modules() if module.training]
    model.eval()
    begin = prompt.shape[1]
    buffer = F.pad(prompt, (0, steps))
    with torch.inference_mode():
        for t in range(begin, begin + steps):
            logits = model(buffer)[:, t - 1]
            if temperature > 0:  # the largest of logits / temperature + Gumbel noise
                where = generator.device if generator is not None else logits.device
                noise = torch.empty(logits.shape, dtype=logits.dtype, device=where).exponential_(generator=generator)
                logits = logits / temperature - noise.log().to(logits.device)
            buffer[:, t] = logits.max(1).indices
    for module in training:
        module.training = True
    return buffer
