"""Pruning by magnitude (Han et al., 2015), over all layers at once, and of whole channels (Li et al., 2017)."""

import copy
import math

import torch
from torch import Tensor, nn


def check_sparsity(sparsity: float) -> None:
    if not 0 <= sparsity < 1:
        raise ValueError(f"sparsity must be at least 0 and less than 1, not {sparsity}")


def magnitude_mask(weight: Tensor, sparsity: float) -> Tensor:
    check_sparsity(sparsity)
    count = math.floor(weight.numel() * sparsity)
    # By rank, not by a threshold: of equal magnitudes exactly as many go as are needed, lower indices first.
    order = weight.abs().flatten().argsort(stable=True)
    kept = torch.ones_like(order, dtype=torch.bool)
    kept[order[:count]] = False
    return kept.view(weight.shape)


class Pruner:
    def __init__(self, model: nn.Module, sparsity: float):
        check_sparsity(sparsity)
        self.target = sparsity
        layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
        self.weights = list({id(layer.weight): layer.weight for layer in layers}.values())  # a shared one comes once
        self.masks: list[Tensor] = []  # none before `apply`

    def apply(self) -> None:
        magnitudes = torch.cat([weight.flatten() for weight in self.weights])
        parts = magnitude_mask(magnitudes, self.target).split([weight.numel() for weight in self.weights])
        self.masks = [part.view(weight.shape) for part, weight in zip(parts, self.weights, strict=True)]
        self.step()

    @torch.no_grad()
    def step(self) -> None:
        for weight, kept in zip(self.weights, self.masks, strict=False):
            weight.masked_fill_(~kept, 0.0)  # in place: the optimizer goes on with the same parameter

    def sparsity(self) -> float:
        zeros = sum(int((weight == 0).sum()) for weight in self.weights)
        return zeros / sum(weight.numel() for weight in self.weights)


def prune_channels(conv: nn.Conv2d, next_conv: nn.Conv2d, keep: int) -> tuple[nn.Conv2d, nn.Conv2d, Tensor]:
    if not 1 <= keep <= conv.out_channels:
        raise ValueError(f"keep must be from 1 to {conv.out_channels}, not {keep}")
    norms = conv.weight.abs().sum((1, 2, 3))  # (out, in, h, w) -> (out,)
    kept = norms.argsort(descending=True, stable=True)[:keep].sort().values
    first, second = copy.deepcopy(conv), copy.deepcopy(next_conv)
    first.out_channels = second.in_channels = keep
    first.weight = nn.Parameter(conv.weight[kept])  # nn.Parameter detaches
    if conv.bias is not None:
        first.bias = nn.Parameter(conv.bias[kept])
    second.weight = nn.Parameter(next_conv.weight[:, kept])  # its biases belong to outputs that stay
    return first, second, kept
