"""Brute force: one matrix, written out entry by entry; modules replaced by comparing every pair of places."""

import math

import torch
from torch import nn


class LoRALinear(nn.Module):
    def __init__(self, base, rank, alpha, dropout=0.0):
        super().__init__()
        if rank not in range(1, min(base.weight.shape) + 1):
            raise ValueError("bad rank")
        self.base, self.rank, self.alpha, self.drop = base, rank, alpha, nn.Dropout(dropout)
        self.base.weight.requires_grad = False
        if base.bias is not None:
            self.base.bias.requires_grad = False
        self.lora_A = nn.Parameter(torch.empty_like(base.weight[:1]).repeat(rank, 1))
        self.lora_B = nn.Parameter(torch.zeros_like(base.weight[:, :1]).repeat(1, rank))
        nn.init.uniform_(self.lora_A, -1 / math.sqrt(base.in_features), 1 / math.sqrt(base.in_features))
        self.train(base.training)

    def forward(self, x):
        dropped, out = self.drop(x), self.base(x)
        for component in range(self.rank):
            along = (dropped * self.lora_A[component]).sum(-1, keepdim=True)
            out = out + along * self.lora_B[:, component] * self.alpha / self.rank
        return out

    def merge(self):
        eye = torch.eye(self.base.in_features, device=self.base.weight.device, dtype=self.base.weight.dtype)
        merged = nn.Linear(self.base.in_features, self.base.out_features, self.base.bias is not None).to(eye)
        with torch.no_grad():
            columns = [
                row * 0 + sum(self.lora_B[:, c] * self.lora_A[c, i] for c in range(self.rank)) * self.alpha / self.rank
                for i, row in enumerate(self.base.weight.T)
            ]
            merged.weight.copy_(self.base.weight + torch.stack(columns, 1))
            if self.base.bias is not None:
                merged.bias.copy_(self.base.bias)
        return merged


def inject_lora(model, targets, rank, alpha, dropout=0.0):
    inside = [id(module.base) for module in model.modules() if isinstance(module, LoRALinear)]
    slots = [(parent, name) for parent in list(model.modules()) for name in parent._modules]
    linears = {}
    for parent, name in slots:
        child = getattr(parent, name)
        if name in targets and isinstance(child, nn.Linear) and id(child) not in inside:
            linears[id(child)] = child
    if not linears:
        raise ValueError("nothing to wrap")
    made = {key: LoRALinear(linear, rank, alpha, dropout) for key, linear in linears.items()}
    for parent, name in slots:
        if id(getattr(parent, name)) in made:
            setattr(parent, name, made[id(getattr(parent, name))])
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            if not isinstance(module, LoRALinear):
                parameter.requires_grad = False
    return len(made)


def lora_state_dict(model):
    prefixes = [
        f"{name}." if name else ""
        for name, module in model.named_modules(remove_duplicate=False)
        if isinstance(module, LoRALinear)
    ]
    keys = {prefix + factor for prefix in prefixes for factor in ("lora_A", "lora_B")}
    return {key: tensor for key, tensor in model.state_dict().items() if key in keys}
