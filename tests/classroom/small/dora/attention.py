import math

import torch
from torch import nn


def scaled_dot_product_attention(q, k, v, mask=None):
    scores = torch.einsum("...qd,...kd->...qk", q, k) / math.sqrt(q.size(-1))
    if mask is None:
        weights = torch.softmax(scores, dim=-1)
        return weights @ v, weights
    blocked = torch.finfo(scores.dtype).min
    weights = torch.softmax(torch.where(mask, scores, blocked), dim=-1) * mask
    return weights @ v, weights


class SelfAttention(nn.Module):
    def __init__(self, embed_dim, num_heads, dropout=0.0, bias=True):
        super().__init__()
        if embed_dim % num_heads != 0:
            raise ValueError("embed_dim must be divisible by num_heads")
        self.heads = num_heads
        self.head_dim = embed_dim // num_heads
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            setattr(self, name, nn.Linear(embed_dim, embed_dim, bias=bias))
        self.drop = nn.Dropout(dropout)

    def forward(self, x, mask=None, causal=False):
        b, t, e = x.shape
        q, k, v = (
            layer(x).reshape(b, t, self.heads, self.head_dim).permute(0, 2, 1, 3)
            for layer in (self.q_proj, self.k_proj, self.v_proj)
        )
        allowed = torch.ones(b, 1, t, t, dtype=torch.bool, device=x.device)
        if mask is not None:
            allowed = allowed & mask.reshape(b, 1, 1, t)
        if causal:
            position = torch.arange(t, device=x.device)
            allowed = allowed & (position[None, :] <= position[:, None])
        _, weights = scaled_dot_product_attention(q, k, v, allowed)
        mixed = self.drop(weights) @ v
        return self.out_proj(mixed.permute(0, 2, 1, 3).reshape(b, t, e))
