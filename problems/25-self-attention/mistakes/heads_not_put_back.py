"""You reshape (B, heads, T, head_dim) straight into (B, T, E), which mixes positions. Bring the heads back behind the
positions first: transpose, then reshape."""

import math

import torch
from torch import Tensor, nn


def scaled_dot_product_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])  # (..., Tq, D) @ (..., D, Tk) -> (..., Tq, Tk)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
        # A row without any allowed key would be softmax of -inf only, which is nan: give it finite scores, then zeros.
        scores = scores.masked_fill(~mask.any(-1, keepdim=True), 0.0)
    weights = scores.softmax(-1)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0.0)
    return weights @ v, weights


class SelfAttention(nn.Module):
    def __init__(self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True):
        super().__init__()
        if embed_dim % num_heads:
            raise ValueError(f"embed_dim {embed_dim} is not divisible by num_heads {num_heads}")
        self.num_heads = num_heads
        self.q_proj = nn.Linear(embed_dim, embed_dim, bias=bias)
        self.k_proj = nn.Linear(embed_dim, embed_dim, bias=bias)
        self.v_proj = nn.Linear(embed_dim, embed_dim, bias=bias)
        self.out_proj = nn.Linear(embed_dim, embed_dim, bias=bias)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None, causal: bool = False) -> Tensor:
        batch, length, embed = x.shape

        def split(features: Tensor) -> Tensor:  # (B, T, E) -> (B, H, T, E / H)
            return features.view(batch, length, self.num_heads, -1).transpose(1, 2)

        q, k, v = split(self.q_proj(x)), split(self.k_proj(x)), split(self.v_proj(x))
        allowed = None if mask is None else mask[:, None, None, :]  # (B, 1, 1, T): keys, for every query
        if causal:
            past = torch.ones(length, length, dtype=torch.bool, device=x.device).tril()
            allowed = past if allowed is None else allowed & past
        _, weights = scaled_dot_product_attention(q, k, v, allowed)
        out = self.dropout(weights) @ v  # (B, H, T, E / H)
        return self.out_proj(out.reshape(batch, length, embed))
