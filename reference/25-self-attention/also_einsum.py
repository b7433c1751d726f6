"""Another right way: einsum, an additive mask, the softmax written out, functional projections."""

import math

import torch
from torch import nn
from torch.nn import functional as F


def scaled_dot_product_attention(q, k, v, mask=None):
    logits = torch.einsum("...qd,...kd->...qk", q / math.sqrt(q.size(-1)), k)
    if mask is None:
        mask = torch.ones((), dtype=torch.bool, device=q.device)
    floor = torch.finfo(q.dtype).min
    highest = torch.where(mask, logits, floor).amax(-1, keepdim=True).clamp(min=floor / 2)
    numerator = torch.where(mask, (torch.where(mask, logits, highest) - highest).exp(), torch.zeros_like(logits))
    total = numerator.sum(-1, keepdim=True)
    weights = numerator / torch.where(total == 0, torch.ones_like(total), total)
    return torch.einsum("...qk,...kd->...qd", weights, v), weights


class SelfAttention(nn.Module):
    def __init__(self, embed_dim, num_heads, dropout=0.0, bias=True):
        super().__init__()
        self.head_dim, rest = divmod(embed_dim, num_heads)
        if rest:
            raise ValueError("num_heads does not divide embed_dim")
        self._rate = dropout
        for name in ("out_proj", "v_proj", "k_proj", "q_proj"):
            self.add_module(name, nn.Linear(embed_dim, embed_dim, bias=bias))

    def forward(self, x, mask=None, causal=False):
        heads = [layer(x).unflatten(-1, (-1, self.head_dim)) for layer in (self.q_proj, self.k_proj, self.v_proj)]
        q, k, v = (head.movedim(-2, 1) for head in heads)
        steps = torch.arange(x.size(1), device=x.device)
        allowed = (steps[None, :] <= steps[:, None]) if causal else torch.ones_like(steps, dtype=torch.bool)[None]
        if mask is not None:
            allowed = allowed & mask[:, None, None]
        weights = F.dropout(scaled_dot_product_attention(q, k, v, allowed)[1], self._rate, self.training)
        return self.out_proj((weights @ v).movedim(1, -2).flatten(-2))
