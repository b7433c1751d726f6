"""Speech as a sequence of classes: mu-law (ITU-T G.711) and WaveNet (van den Oord et al., 2016)."""

import math

import torch
from torch import Tensor, nn


def mu_law_encode(x: Tensor, channels: int = 256) -> Tensor:
    mu = channels - 1
    x = x.clamp(-1.0, 1.0)
    companded = x.sign() * torch.log1p(mu * x.abs()) / math.log1p(mu)  # in [-1, 1]
    return ((companded + 1) / 2 * mu + 0.5).floor().long()


def mu_law_decode(codes: Tensor, channels: int = 256) -> Tensor:
    mu = channels - 1
    companded = 2 * codes / mu - 1
    return companded.sign() * torch.expm1(companded.abs() * math.log1p(mu)) / mu


class CausalConv1d(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, dilation: int = 1):
        super().__init__()
        self.past = (kernel_size - 1) * dilation
        self.conv = nn.Conv1d(in_channels, out_channels, kernel_size, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(nn.functional.pad(x, (self.past, 0)))  # (B, C, T) -> (B, C, past + T) -> (B, out, T)


class GatedLayer(nn.Module):
    """tanh(filter) * sigmoid(gate) of a dilated convolution; returns the sum with the input, and what is skipped on."""

    def __init__(self, channels: int, dilation: int):
        super().__init__()
        self.dilated = CausalConv1d(channels, 2 * channels, 2, dilation)
        self.residual = nn.Conv1d(channels, channels, 1)
        self.skip = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        signal, gate = self.dilated(x).chunk(2, dim=1)  # (B, 2 C, T) -> twice (B, C, T)
        gated = signal.tanh() * gate.sigmoid()
        return x + self.residual(gated), self.skip(gated)


class WaveNet(nn.Module):
    def __init__(self, classes: int = 256, channels: int = 32, layers: int = 4):
        super().__init__()
        self.receptive_field = 2**layers  # 1 + 1 + 2 + 4 + ...
        self.embedding = nn.Embedding(classes, channels)
        self.layers = nn.ModuleList(GatedLayer(channels, 2**index) for index in range(layers))
        self.head = nn.Sequential(
            nn.ReLU(), nn.Conv1d(channels, channels, 1), nn.ReLU(), nn.Conv1d(channels, classes, 1)
        )

    def forward(self, codes: Tensor) -> Tensor:
        x, skipped = self.embedding(codes).transpose(1, 2), 0.0  # (B, T) -> (B, C, T)
        for layer in self.layers:
            x, skip = layer(x)
            skipped = skipped + skip
        return self.head(skipped).transpose(1, 2)  # (B, classes, T) -> (B, T, classes)


@torch.no_grad()
def generate(
    model: nn.Module,
    prompt: Tensor,
    steps: int,
    temperature: float = 1.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    if temperature < 0:
        raise ValueError(f"temperature should be at least 0, not {temperature}")
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    codes = prompt
    for _ in range(steps):
        logits = model(codes[:, -model.receptive_field :])[:, -1]  # (B, classes)
        if temperature == 0:
            new = logits.argmax(-1, keepdim=True)
        else:
            probabilities = (logits / temperature).softmax(-1)
            if generator is not None:
                probabilities = probabilities.to(generator.device)
            new = torch.multinomial(probabilities, 1, generator=generator).to(codes.device)
        codes = torch.cat([codes, new], 1)  # (B, T) -> (B, T + 1)
    for module, mode in modes:
        module.training = mode
    return codes
