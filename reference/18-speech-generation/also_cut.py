"""Another right way: convolutions padded on both sides and cut, no skip connections, weights normalised, draws by
inverting the cumulative distribution, modes kept by name."""

import contextlib
import math

import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm


def mu_law_encode(x, channels=256):
    mu = float(channels - 1)
    loud = torch.minimum(x.abs(), torch.ones_like(x))
    companded = torch.copysign(torch.log(1 + mu * loud) / math.log(channels), x)
    return torch.trunc((companded + 1) * mu / 2 + 0.5).to(torch.int64)


def mu_law_decode(codes, channels=256):
    mu = channels - 1
    companded = (codes.double() * 2 - mu) / mu
    loud = (torch.exp(math.log(1 + mu) * companded.abs()) - 1) / mu
    return torch.where(companded < 0, -loud, loud).to(torch.float32)


class CausalConv1d(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, dilation=1):
        super().__init__()
        reach = (kernel_size - 1) * dilation
        self.conv = nn.Conv1d(in_channels, out_channels, kernel_size, padding=reach, dilation=dilation)
        self.register_buffer("reach", torch.tensor(reach), persistent=False)

    def forward(self, x):
        return self.conv(x)[:, :, : x.size(2)]


class Block(nn.Sequential):
    def __init__(self, channels, dilation):
        super().__init__(nn.GLU(dim=1), nn.Conv1d(channels, channels, 1))
        self.signal = CausalConv1d(channels, channels, 2, dilation)
        self.gate = CausalConv1d(channels, channels, 2, dilation)

    def forward(self, x):
        halves = torch.cat([self.signal(x).tanh(), self.gate(x)], 1)
        return x + self[1](self[0](halves))


class WaveNet(nn.Module):
    def __init__(self, classes=256, channels=32, layers=4):
        super().__init__()
        self.levels = nn.Parameter(torch.randn(classes, channels))
        self.blocks = nn.Sequential(*(Block(channels, 1 << index) for index in range(layers)))
        self.last = weight_norm(nn.Conv1d(channels, 2 * channels, 1))
        self.logits = nn.Linear(2 * channels, classes)
        self.receptive_field = 1 << layers

    def forward(self, codes):
        hidden = self.last(self.blocks(self.levels[codes].permute(0, 2, 1)))
        return self.logits(nn.functional.silu(hidden).permute(0, 2, 1)).log_softmax(-1)


@contextlib.contextmanager
def evaluating(model):
    before = {name: module.training for name, module in model.named_modules()}
    try:
        yield model.train(False)
    finally:
        for name, module in model.named_modules():
            module.training = before[name]


def next_code(logits, temperature, generator):
    if temperature == 0:
        return torch.argmax(logits, dim=-1, keepdim=True)
    cumulative = torch.softmax(logits.double() / temperature, -1).cumsum(-1)
    device = logits.device if generator is None else generator.device
    drawn = torch.rand(len(logits), 1, dtype=torch.float64, generator=generator, device=device).to(logits.device)
    return (cumulative <= drawn * cumulative[:, -1:]).sum(-1, keepdim=True)


def generate(model, prompt, steps, temperature=1.0, generator=None):
    if temperature < 0:
        raise ValueError("the temperature is negative")
    columns = [prompt]
    with torch.no_grad(), evaluating(model):
        for _ in range(steps):
            logits = model(torch.cat(columns, 1))[:, -1, :]
            columns.append(next_code(logits, temperature, generator))
    return torch.cat(columns, 1)
