"""All gradients in one vector; orthogonal weights; a branch instead of a clamp."""

import math

import torch
from torch import nn


def global_grad_norm(parameters, norm_type=2.0):
    if torch.is_tensor(parameters):
        parameters = (parameters,)
    flat = [p.grad.detach().reshape(-1).abs() for p in parameters if p.grad is not None]
    if not flat:
        return torch.zeros(())
    entries = torch.cat(flat)
    if math.isinf(norm_type):
        return entries.max()
    return entries.pow(norm_type).sum() ** (1 / norm_type)


@torch.no_grad()
def clip_grad_norm(parameters, max_norm, norm_type=2.0):
    parameters = [parameters] if torch.is_tensor(parameters) else [*parameters]
    norm = global_grad_norm(parameters, norm_type)
    factor = float(max_norm) / (norm.item() + 1e-6)
    if factor < 1:
        for p in parameters:
            if p.grad is not None:
                p.grad *= factor
    return norm


def deep_relu_mlp(sizes):
    net = nn.Sequential()
    for index in range(len(sizes) - 1):
        layer = nn.Linear(sizes[index], sizes[index + 1])
        nn.init.orthogonal_(layer.weight)
        with torch.no_grad():
            layer.weight *= math.sqrt(2 / sizes[index]) / layer.weight.square().mean().sqrt()
            layer.bias.fill_(0)
        if index:
            net.append(nn.ReLU(inplace=True))
        net.append(layer)
    return net


def diagnose(grad_norms):
    for norm in grad_norms:
        if norm != norm or norm in (math.inf, -math.inf):
            return "exploding"
    first, *_, last = [*grad_norms, grad_norms[-1]]
    if first > last * 1000:
        return "exploding"
    return "healthy" if first >= last / 1000 else "vanishing"
