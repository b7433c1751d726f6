"""Another right way: lists and Python's sort, masks by parameter, gradients masked as well, layers built anew."""

import math

import torch
from torch import nn


def _fewest(values, count):
    """Indices of the `count` smallest, lower index first."""
    return sorted(range(len(values)), key=lambda index: values[index])[:count]


def magnitude_mask(weight, sparsity):
    if sparsity < 0 or sparsity >= 1:
        raise ValueError("sparsity is a share from 0 to below 1")
    mask = torch.full((weight.numel(),), True, device=weight.device)
    for index in _fewest(weight.abs().reshape(-1).tolist(), math.floor(weight.numel() * sparsity)):
        mask[index] = False
    return mask.reshape(weight.shape)


class Pruner:
    def __init__(self, model, sparsity):
        if not (sparsity >= 0 and sparsity < 1):
            raise ValueError("sparsity is a share from 0 to below 1")
        self.model, self.wanted, self.masks = model, sparsity, {}

    def _weights(self):
        seen = []
        for module in self.model.modules():
            if isinstance(module, (nn.Linear, nn.Conv2d)) and not any(module.weight is other for other in seen):
                seen.append(module.weight)
        return seen

    def apply(self):
        weights = self._weights()
        everything = torch.cat([weight.reshape(-1) for weight in weights])
        mask, start = magnitude_mask(everything, self.wanted), 0
        for weight in weights:
            part = mask[start : start + weight.numel()].view_as(weight)
            self.masks[weight] = part
            weight.register_hook(lambda grad, part=part: grad * part)
            weight.data *= part
            start += weight.numel()

    def step(self):
        for weight, mask in self.masks.items():
            weight.data.copy_(torch.where(mask, weight.data, torch.zeros_like(weight.data)))

    def sparsity(self):
        weights = self._weights()
        return 1 - sum(weight.count_nonzero().item() for weight in weights) / sum(map(torch.numel, weights))


def _rebuilt(conv, inputs, outputs, weight, bias):
    new = nn.Conv2d(
        inputs,
        outputs,
        conv.kernel_size,
        conv.stride,
        conv.padding,
        conv.dilation,
        bias=bias is not None,
        padding_mode=conv.padding_mode,
        device=weight.device,
        dtype=weight.dtype,
    )
    new.weight.data.copy_(weight)
    if bias is not None:
        new.bias.data.copy_(bias)
    return new


def prune_channels(conv, next_conv, keep):
    if keep not in range(1, conv.out_channels + 1):
        raise ValueError("keep at least one channel and at most all")
    norms = conv.weight.flatten(1).norm(p=1, dim=1).tolist()
    best = sorted(_fewest([-norm for norm in norms], keep))
    index = torch.tensor(best, device=conv.weight.device)
    bias = None if conv.bias is None else conv.bias[index]
    first = _rebuilt(conv, conv.in_channels, keep, conv.weight.index_select(0, index), bias)
    second = _rebuilt(next_conv, keep, next_conv.out_channels, next_conv.weight.index_select(1, index), next_conv.bias)
    return first, second, index
