import torch
from torch import Tensor, nn


def mu_law_encode(x: Tensor, channels: int = 256) -> Tensor:
    """Amplitudes as codes from 0 to channels - 1, int64, of the same shape; x is clamped to [-1, 1].

    With mu = channels - 1 and f(x) = sign(x) ln(1 + mu |x|) / ln(1 + mu) the code is
    floor((f(x) + 1) / 2 * mu + 0.5).
    """
    raise NotImplementedError


def mu_law_decode(codes: Tensor, channels: int = 256) -> Tensor:
    """Codes as amplitudes from -1 to 1, float32, of the same shape: the x for which (f(x) + 1) / 2 * mu is the code."""
    raise NotImplementedError


class CausalConv1d(nn.Module):
    """nn.Conv1d on an input with (kernel_size - 1) * dilation zeros put on its left; keys conv.weight, conv.bias."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, dilation: int = 1):
        super().__init__()
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, T) -> (B, out_channels, T); step t sees steps up to t only."""
        raise NotImplementedError


class WaveNet(nn.Module):
    """A causal model of codes: gated residual layers of kernel size 2 with dilations 1, 2, 4, ... Names are free."""

    receptive_field: int  # the true number of input codes that one output depends on

    def __init__(self, classes: int = 256, channels: int = 32, layers: int = 4):
        super().__init__()
        raise NotImplementedError

    def forward(self, codes: Tensor) -> Tensor:
        """codes: (B, T) int64. Returns logits (B, T, classes); those at t are for code t + 1, and see codes up to t."""
        raise NotImplementedError


def generate(
    model: nn.Module,
    prompt: Tensor,
    steps: int,
    temperature: float = 1.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Continues every row of the prompt by `steps` codes. prompt: (B, T) int64. Returns (B, T + steps) int64.

    model(codes (B, T)) -> logits (B, T, classes), causal, with the attribute receptive_field. Each code is drawn from
    the softmax of the last logits / temperature; temperature 0 takes the likeliest, one below 0 raises ValueError.
    generator: where all draws come from, on its own device; None: the global generator. Runs in evaluation mode,
    without gradients; afterwards every sub-module has the mode it had.
    """
    raise NotImplementedError


if __name__ == "__main__":
    print(mu_law_encode(torch.tensor([-1.0, 0.0, 0.2, 1.0]), 5))  # expected: 0, 2, 3, 4
    print(mu_law_decode(torch.arange(5), 5))  # expected: -1, -0.309, 0, 0.309, 1

    model = WaveNet(classes=16, channels=8, layers=3)
    print(model.receptive_field)  # expected: 8, more with extra layers
    print(generate(model, torch.randint(0, 16, (2, 10)), 5).shape)  # expected: (2, 15)
