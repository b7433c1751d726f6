"""Image captioning: a causal transformer decoder (Vaswani et al., 2017) that attends to the features of an image."""

import math

import torch
from torch import Tensor, nn


def attention(q: Tensor, k: Tensor, v: Tensor, heads: int, mask: Tensor | None = None) -> Tensor:
    """q: (B, T, Q); k, v: (B, S, Q); mask broadcasts to (B, heads, T, S), True where attending is allowed."""
    q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (q, k, v))  # (B, T, Q) -> (B, H, T, D)
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])  # (B, H, T, S)
    if mask is not None:
        # Rows without anything to attend to would be nan after the softmax: they get finite scores here, 0 after it.
        scores = scores.masked_fill(~mask & mask.any(-1, keepdim=True), -math.inf)
    weights = scores.softmax(-1)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0.0)
    return (weights @ v).transpose(1, 2).flatten(-2)  # (B, H, T, D) -> (B, T, Q)


class CrossAttention(nn.Module):
    def __init__(self, query_dim: int, context_dim: int, num_heads: int):
        super().__init__()
        if query_dim % num_heads:
            raise ValueError(f"query_dim {query_dim} is not divisible by num_heads {num_heads}")
        self.num_heads = num_heads
        self.q_proj = nn.Linear(query_dim, query_dim)
        self.k_proj = nn.Linear(context_dim, query_dim)
        self.v_proj = nn.Linear(context_dim, query_dim)
        self.out_proj = nn.Linear(query_dim, query_dim)

    def forward(self, x: Tensor, context: Tensor, context_mask: Tensor | None = None) -> Tensor:
        mask = None if context_mask is None else context_mask[:, None, None, :]  # (B, S) -> (B, 1, 1, S)
        out = attention(self.q_proj(x), self.k_proj(context), self.v_proj(context), self.num_heads, mask)
        return self.out_proj(out)


class CaptionDecoder(nn.Module):
    def __init__(self, vocab_size: int, dim: int, context_dim: int, num_heads: int, max_len: int):
        super().__init__()
        self.max_len, self.num_heads = max_len, num_heads
        self.tokens, self.positions = nn.Embedding(vocab_size, dim), nn.Embedding(max_len, dim)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(dim), nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.cross = CrossAttention(dim, context_dim, num_heads)
        self.feed_forward = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))
        self.fc = nn.Linear(dim, vocab_size)

    def forward(self, tokens: Tensor, context: Tensor, context_mask: Tensor | None = None) -> Tensor:
        length = tokens.shape[1]
        if length > self.max_len:
            raise ValueError(f"{length} tokens are more than max_len {self.max_len}")
        past = torch.ones(length, length, dtype=torch.bool, device=tokens.device).tril()
        x = self.tokens(tokens) + self.positions.weight[:length]  # (B, T, E)
        x = x + self.out(attention(*self.qkv(self.norm1(x)).chunk(3, -1), self.num_heads, past))
        x = x + self.cross(self.norm2(x), context, context_mask)
        x = x + self.feed_forward(self.norm3(x))
        return self.fc(x)


@torch.no_grad()
def caption(
    model: nn.Module, context: Tensor, bos: int, eos: int, max_len: int, context_mask: Tensor | None = None
) -> list[list[int]]:
    modes = [(module, module.training) for module in model.modules()]
    tokens = torch.full((len(context), 1), bos, device=context.device)
    model.eval()
    try:
        for _ in range(max_len):
            new = model(tokens, context, context_mask)[:, -1].argmax(-1, keepdim=True)  # (B, 1)
            tokens = torch.cat([tokens, new], 1)
            if (tokens[:, 1:] == eos).any(1).all():
                break
    finally:
        for module, mode in modes:
            module.training = mode
    captions = tokens[:, 1:].tolist()
    return [row[: row.index(eos)] if eos in row else row for row in captions]
