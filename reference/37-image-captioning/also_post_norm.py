"""Another right way: a learned-free extra key that stands for nothing, post-norm, sinusoidal positions, row by row."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class CrossAttention(nn.Module):
    def __init__(self, query_dim, context_dim, num_heads):
        if query_dim % num_heads != 0:
            raise ValueError("query_dim must be a multiple of num_heads")
        super().__init__()
        self.h = num_heads
        self.q_proj = nn.Linear(query_dim, query_dim)
        self.k_proj = nn.Linear(context_dim, query_dim)
        self.v_proj = nn.Linear(context_dim, query_dim)
        self.out_proj = nn.Linear(query_dim, query_dim)

    def forward(self, x, context, context_mask=None):
        (b, t, e), s = x.shape, context.shape[1]
        q = self.q_proj(x).reshape(b, t, self.h, -1).permute(0, 2, 1, 3)
        k = self.k_proj(context).reshape(b, s, self.h, e // self.h).permute(0, 2, 3, 1)
        v = self.v_proj(context).reshape(b, s, self.h, e // self.h).permute(0, 2, 1, 3)
        scores = q.matmul(k) / (e // self.h) ** 0.5
        if context_mask is None:
            context_mask = context.new_ones(b, s, dtype=torch.bool)
        # One more key of value 0: it is only attended to where nothing else may be.
        empty = ~context_mask.any(1)
        bias = torch.zeros(b, s + 1, dtype=x.dtype, device=x.device)
        bias[:, :s].masked_fill_(~context_mask, float("-inf"))
        bias[:, s].masked_fill_(~empty, float("-inf"))
        scores = torch.cat([scores, scores.new_zeros(b, self.h, t, 1)], -1) + bias[:, None, None, :]
        v = torch.cat([v, v.new_zeros(b, self.h, 1, e // self.h)], 2)
        return self.out_proj(F.softmax(scores, dim=-1).matmul(v).permute(0, 2, 1, 3).reshape(b, t, e))


class Block(nn.Module):
    def __init__(self, dim, context_dim, num_heads):
        super().__init__()
        self.own = CrossAttention(dim, dim, 1)
        self.other = CrossAttention(dim, context_dim, num_heads)
        self.wide, self.narrow = nn.Linear(dim, 2 * dim), nn.Linear(2 * dim, dim)
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(3))

    def forward(self, x, context, context_mask):
        steps = x.shape[1]
        past = [self.own(x[:, step : step + 1], x[:, : step + 1]) for step in range(steps)]
        x = self.norms[0](x + torch.cat(past, 1))
        x = self.norms[1](x + self.other(x, context, context_mask))
        return self.norms[2](x + self.narrow(self.wide(x).relu()))


class CaptionDecoder(nn.Module):
    def __init__(self, vocab_size, dim, context_dim, num_heads, max_len):
        super().__init__()
        self.words = nn.Embedding(vocab_size, dim)
        angles = torch.arange(max_len)[:, None] * torch.exp(torch.arange(dim) // 2 * 2 * (-math.log(1e4) / dim))
        self.register_buffer("places", torch.where(torch.arange(dim) % 2 == 0, angles.sin(), angles.cos()))
        self.blocks = nn.ModuleList(Block(dim, context_dim, num_heads) for _ in range(2))
        self.bias = nn.Parameter(torch.zeros(vocab_size))

    def forward(self, tokens, context, context_mask=None):
        if tokens.shape[1] > len(self.places):
            raise ValueError(f"at most {len(self.places)} tokens")
        x = self.words(tokens) + self.places[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x, context, context_mask)
        return x @ self.words.weight.T / math.sqrt(x.shape[-1]) + self.bias


@torch.no_grad()
def caption(model, context, bos, eos, max_len, context_mask=None):
    before = [module.training for module in model.modules()]
    captions = []
    try:
        model.train(False)
        for row in range(len(context)):
            mask = None if context_mask is None else context_mask[row : row + 1]
            words = [bos]
            while len(words) <= max_len:
                logits = model(torch.tensor([words], device=context.device), context[row : row + 1], mask)
                words.append(int(logits[0, -1].argmax()))
                if words[-1] == eos:
                    words.pop()
                    break
            captions.append(words[1:])
    finally:
        for module, training in zip(model.modules(), before, strict=True):
            module.training = training
    return captions
