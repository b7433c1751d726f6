"""You divide the first norm by the last one.

The last one may be 0, and then the division fails just when the network is at its worst. Compare first with 1e3 * last.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


def gradients_of(parameters: Iterable[Tensor] | Tensor) -> list[Tensor]:
    """A list, because the caller may pass a generator and clipping walks over the gradients twice."""
    if isinstance(parameters, Tensor):
        parameters = [parameters]
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


def norm_of(grads: list[Tensor], norm_type: float) -> Tensor:
    if not grads:
        return torch.tensor(0.0)
    # The norm of the norms is the norm of all entries together; it needs no copy of the gradients.
    return torch.stack([torch.linalg.vector_norm(grad, norm_type) for grad in grads]).norm(norm_type)


def global_grad_norm(parameters: Iterable[Tensor] | Tensor, norm_type: float = 2.0) -> Tensor:
    return norm_of(gradients_of(parameters), norm_type)


def clip_grad_norm(parameters: Iterable[Tensor] | Tensor, max_norm: float, norm_type: float = 2.0) -> Tensor:
    grads = gradients_of(parameters)
    norm = norm_of(grads, norm_type)
    # min(1, ...) stays on the device: an `if` would wait for the accelerator at every step.
    scale = (max_norm / (norm + 1e-6)).clamp(max=1.0)
    for grad in grads:
        grad.mul_(scale)
    return norm


def deep_relu_mlp(sizes: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(sizes):
        linear = nn.Linear(fan_in, fan_out)
        # A ReLU halves the second moment; a variance of 2 / fan_in gives it back in every layer.
        nn.init.normal_(linear.weight, std=math.sqrt(2 / fan_in))
        nn.init.zeros_(linear.bias)
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])  # no ReLU after the last one


def diagnose(grad_norms: Sequence[float]) -> str:
    first, last = grad_norms[0], grad_norms[-1]
    if not all(math.isfinite(norm) for norm in grad_norms) or first / last > 1e3:
        return "exploding"
    return "vanishing" if first / last < 1e-3 else "healthy"
