"""Vanishing and exploding gradients: measure them, clip them, start a deep network without them."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn


def global_grad_norm(parameters: Iterable[Tensor] | Tensor, norm_type: float = 2.0) -> Tensor:
    """The norm of all gradients together, as if they were one long vector.

    parameters: any iterable of parameters (also a generator, which can be read only once), or a single tensor.
        Those whose `.grad` is None are skipped.
    norm_type: p >= 1 of the p-norm, or math.inf for the largest absolute value.
    Returns a 0-dim tensor; 0 where nothing has a gradient.
    """
    raise NotImplementedError


def clip_grad_norm(parameters: Iterable[Tensor] | Tensor, max_norm: float, norm_type: float = 2.0) -> Tensor:
    """Multiplies all gradients, in place, by min(1, max_norm / (norm + 1e-6)).

    Takes the same parameters and norm types as `global_grad_norm`. Returns the norm before clipping (0-dim).
    """
    raise NotImplementedError


def deep_relu_mlp(sizes: Sequence[int]) -> nn.Sequential:
    """Linear, ReLU, Linear, ReLU, ..., Linear; sizes: the widths from input to output, at least two.

    Zero biases; weights of mean 0 and variance 2 / fan_in.
    """
    raise NotImplementedError


def diagnose(grad_norms: Sequence[float]) -> str:
    """ "vanishing", "exploding" or "healthy", from a non-empty list of gradient norms, first layer to last."""
    raise NotImplementedError


if __name__ == "__main__":
    net = deep_relu_mlp([8, 64, 64, 1])
    net(torch.randn(16, 8)).square().mean().backward()
    print("norm before clipping:", clip_grad_norm(net.parameters(), max_norm=0.5))
    print("norm after clipping: ", global_grad_norm(net.parameters()))
    print("it is", diagnose([layer.weight.grad.norm().item() for layer in net if isinstance(layer, nn.Linear)]))
