"""Another right way: one weight at a time in forward, a recursive walk, merging into a copy of the base."""

import copy

import torch
import torch.nn.functional as F
from torch import nn


class LoRALinear(nn.Module):
    def __init__(self, base, rank, alpha, dropout=0.0):
        super().__init__()
        rows, columns = base.weight.shape
        if rank < 1 or rank > rows or rank > columns:
            raise ValueError("the rank must be at least 1 and at most both sizes of the weight")
        kind = {"device": base.weight.device, "dtype": base.weight.dtype}
        bound = columns**-0.5
        self.lora_B = nn.Parameter(torch.zeros(rows, rank, **kind))
        self.lora_A = nn.Parameter((torch.rand(rank, columns, **kind) * 2 - 1) * bound)
        self.add_module("base", base)
        for parameter in base.parameters():
            parameter.requires_grad = False
        self._alpha, self._dropout, self.training = alpha, dropout, base.training

    def _update(self):
        return self._alpha * (self.lora_B @ self.lora_A) / self.lora_A.shape[0]

    def forward(self, x):
        if self._dropout and self.training:
            return F.linear(x, self.base.weight, self.base.bias) + F.linear(F.dropout(x, self._dropout), self._update())
        return F.linear(x, self.base.weight + self._update(), self.base.bias)

    @torch.no_grad()
    def merge(self):
        merged = copy.deepcopy(self.base)
        merged.weight += self._update()
        return merged


def inject_lora(model, targets, rank, alpha, dropout=0.0):
    found = {}

    def walk(module, act, seen):
        if isinstance(module, LoRALinear) or module in seen:
            return
        seen.add(module)
        for name, child in list(module._modules.items()):
            if child is None:
                continue
            act(module, name, child)
            walk(child, act, seen)

    def choose(parent, name, child):
        if name in targets and isinstance(child, nn.Linear):
            found[child] = None

    def replace(parent, name, child):
        if child in found:
            parent._modules[name] = found[child]

    walk(model, choose, set())
    if not found:
        raise ValueError("nothing to wrap")
    for linear in found:
        found[linear] = LoRALinear(linear, rank, alpha, dropout)
    walk(model, replace, set())

    def freeze(module):
        for parameter in module._parameters.values():
            if parameter is not None and not isinstance(module, LoRALinear):
                parameter.requires_grad_(False)

    model.apply(freeze)
    return len(found)


def lora_state_dict(model):
    def belongs(key):
        owner, _, factor = key.rpartition(".")
        return factor in ("lora_A", "lora_B") and isinstance(model.get_submodule(owner), LoRALinear)

    return {key: tensor for key, tensor in model.state_dict().items() if belongs(key)}
