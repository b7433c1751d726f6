"""torch's own attention and decoder layer; rows without context are cut out and filled in afterwards."""

import torch
from torch import nn
from torch.nn import functional as F


class CrossAttention(nn.Module):
    def __init__(self, query_dim, context_dim, num_heads):
        super().__init__()
        if query_dim % num_heads:
            raise ValueError("query_dim must be divisible by num_heads")
        self.num_heads = num_heads
        self.q_proj = nn.Linear(query_dim, query_dim)
        self.k_proj = nn.Linear(context_dim, query_dim)
        self.v_proj = nn.Linear(context_dim, query_dim)
        self.out_proj = nn.Linear(query_dim, query_dim)

    def forward(self, x, context, context_mask=None):
        heads, width = self.num_heads, x.shape[-1]
        if context.shape[1] == 0:
            return self.out_proj(torch.zeros_like(x)) + 0 * self.q_proj(x)
        mask = torch.ones(context.shape[:2], dtype=torch.bool) if context_mask is None else context_mask
        empty = ~mask.any(1)
        ignored = ~(mask | empty[:, None])
        out, _ = F.multi_head_attention_forward(
            x.transpose(0, 1), context.transpose(0, 1), context.transpose(0, 1), width, heads, None,
            torch.cat([self.q_proj.bias, self.k_proj.bias, self.v_proj.bias]), None, None, False, 0.0,
            torch.eye(width, dtype=x.dtype), None, self.training, key_padding_mask=ignored, need_weights=False,
            use_separate_proj_weight=True, q_proj_weight=self.q_proj.weight, k_proj_weight=self.k_proj.weight,
            v_proj_weight=self.v_proj.weight,
        )  # fmt: skip
        return self.out_proj(out.transpose(0, 1).masked_fill(empty[:, None, None], 0.0))


class CaptionDecoder(nn.Module):
    def __init__(self, vocab_size, dim, context_dim, num_heads, max_len):
        super().__init__()
        self.max_len = max_len
        self.tokens, self.positions = nn.Embedding(vocab_size, dim), nn.Embedding(max_len, dim)
        self.context = nn.Linear(context_dim, dim)
        self.nothing = nn.Parameter(torch.zeros(1, 1, dim))  # always there to be attended to
        self.layer = nn.TransformerDecoderLayer(dim, num_heads, 4 * dim, 0.0, batch_first=True, norm_first=True)
        self.fc = nn.Linear(dim, vocab_size)

    def forward(self, tokens, context, context_mask=None):
        batch, length = tokens.shape
        if length > self.max_len:
            raise ValueError("too long")
        mask = torch.ones(context.shape[:2], dtype=torch.bool) if context_mask is None else context_mask
        memory = torch.cat([self.context(context), self.nothing.expand(batch, -1, -1)], 1)
        ignored = torch.cat([~mask, torch.zeros(batch, 1, dtype=torch.bool)], 1)
        future = torch.ones(length, length, dtype=torch.bool).triu(1)
        x = self.tokens(tokens) + self.positions.weight[:length]
        return self.fc(self.layer(x, memory, future, memory_key_padding_mask=ignored))


def caption(model, context, bos, eos, max_len, context_mask=None):
    modes = {module: module.training for module in model.modules()}
    tokens = torch.full((len(context), 1), bos)
    model.eval()
    try:
        with torch.no_grad():
            while tokens.shape[1] <= max_len:
                tokens = torch.cat([tokens, model(tokens, context, context_mask)[:, -1:].argmax(-1)], 1)
    finally:
        for module, mode in modes.items():
            module.training = mode
    captions = []
    for row in tokens[:, 1:].tolist():
        captions.append(row[: [*row, eos].index(eos)])
    return captions
