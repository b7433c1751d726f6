"""torch's own clipping and initialisation."""

import math
from itertools import pairwise

import torch
from torch import nn


def global_grad_norm(parameters, norm_type=2.0):
    parameters = [parameters] if isinstance(parameters, torch.Tensor) else parameters
    return nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None], norm_type)


def clip_grad_norm(parameters, max_norm, norm_type=2.0):
    return nn.utils.clip_grad_norm_(parameters, max_norm, norm_type)


def deep_relu_mlp(sizes):
    layers = []
    for fan_in, fan_out in pairwise(sizes):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
        nn.init.kaiming_uniform_(layers[-2].weight, nonlinearity="relu")
        nn.init.zeros_(layers[-2].bias)
    return nn.Sequential(*layers[:-1])


def diagnose(grad_norms):
    ratio = torch.tensor(grad_norms[0], dtype=torch.float64) / torch.tensor(grad_norms[-1], dtype=torch.float64)
    if not all(map(math.isfinite, grad_norms)) or ratio > 1e3:
        return "exploding"
    return "vanishing" if ratio < 1e-3 else "healthy"
