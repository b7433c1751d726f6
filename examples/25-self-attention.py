"""A right solution of 25-self-attention, as a candidate might write it."""

import torch
import torch.nn as nn


def scaled_dot_product_attention(q, k, v, mask=None):
    scores = torch.matmul(q, k.transpose(-1, -2)) * q.size(-1) ** -0.5
    if mask is None:
        weights = torch.softmax(scores, dim=-1)
    else:
        mask = mask.expand_as(scores)
        nothing_allowed = ~mask.any(dim=-1, keepdim=True)
        scores = scores.masked_fill(~(mask | nothing_allowed), float("-inf"))
        weights = torch.softmax(scores, dim=-1) * mask
    return torch.matmul(weights, v), weights


class SelfAttention(nn.Module):
    def __init__(self, embed_dim, num_heads, dropout=0.0, bias=True):
        super().__init__()
        if embed_dim % num_heads != 0:
            raise ValueError("embed_dim must be divisible by num_heads")
        self.num_heads = num_heads
        self.head_dim = embed_dim // num_heads
        self.q_proj = nn.Linear(embed_dim, embed_dim, bias=bias)
        self.k_proj = nn.Linear(embed_dim, embed_dim, bias=bias)
        self.v_proj = nn.Linear(embed_dim, embed_dim, bias=bias)
        self.out_proj = nn.Linear(embed_dim, embed_dim, bias=bias)
        self.attn_dropout = nn.Dropout(dropout)

    def forward(self, x, mask=None, causal=False):
        B, T, E = x.shape
        q = self.q_proj(x).view(B, T, self.num_heads, self.head_dim).transpose(1, 2)
        k = self.k_proj(x).view(B, T, self.num_heads, self.head_dim).transpose(1, 2)
        v = self.v_proj(x).view(B, T, self.num_heads, self.head_dim).transpose(1, 2)

        allowed = torch.ones(B, 1, T, T, dtype=torch.bool, device=x.device)
        if mask is not None:
            allowed = allowed & mask.view(B, 1, 1, T)
        if causal:
            allowed = allowed & torch.tril(torch.ones(T, T, dtype=torch.bool, device=x.device))

        _, weights = scaled_dot_product_attention(q, k, v, allowed)
        y = torch.matmul(self.attn_dropout(weights), v)
        return self.out_proj(y.transpose(1, 2).contiguous().view(B, T, E))
