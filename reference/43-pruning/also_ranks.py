"""Another right way: ranks instead of indices, one flat vector for all weights, channels chosen by counting."""

import copy
import math

import torch
from torch import nn


def _ranks(values):
    """The rank of each value, 0 for the smallest; equal ones by index."""
    return values.sort(stable=True).indices.argsort()


def magnitude_mask(weight, sparsity):
    if sparsity < 0.0 or sparsity >= 1.0:
        raise ValueError(f"cannot prune a share of {sparsity}")
    flat = weight.detach().reshape(-1).abs()
    return (_ranks(flat) >= math.floor(len(flat) * sparsity)).reshape(weight.shape)


class Pruner:
    mask = None

    def __init__(self, model, sparsity):
        magnitude_mask(torch.ones(1), sparsity)
        self.share = sparsity
        prunable = [module.weight for module in model.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
        self.parameters = [p for p in dict.fromkeys(model.parameters()) if any(p is weight for weight in prunable)]
        self.parameters.sort(key=lambda p: next(i for i, weight in enumerate(prunable) if weight is p))

    def _flat(self):
        return nn.utils.parameters_to_vector(self.parameters).detach()

    def apply(self):
        self.mask = magnitude_mask(self._flat(), self.share)
        self.step()

    def step(self):
        if self.mask is None:
            return
        values, start = self._flat().where(self.mask, 0.0), 0
        for parameter in self.parameters:
            size = parameter.numel()
            parameter.detach().copy_(values[start : start + size].view_as(parameter))
            start += size

    def sparsity(self):
        return (self._flat() == 0).double().mean().item()


def prune_channels(conv, next_conv, keep):
    out = len(conv.weight)
    if keep < 1 or keep > out:
        raise ValueError("keep is out of range")
    norms = torch.stack([filters.abs().sum() for filters in conv.weight.detach()])
    index = torch.arange(out, device=norms.device)
    ahead = (norms[:, None] < norms) | ((norms[:, None] == norms) & (index[:, None] > index))  # who goes before whom
    chosen = ahead.sum(1) < keep
    first, second = copy.deepcopy(conv), copy.deepcopy(next_conv)
    with torch.no_grad():
        first.weight = nn.Parameter(conv.weight[chosen].clone())
        first.bias = None if conv.bias is None else nn.Parameter(conv.bias[chosen].clone())
        second.weight = nn.Parameter(next_conv.weight[:, chosen].clone())
    first.out_channels, second.in_channels = keep, keep
    return first, second, chosen.nonzero().flatten()
