"""torch's own attention, with rows that may attend to nothing set to 0 as the contract says."""

import torch
from torch import nn
from torch.nn import functional as F


def scaled_dot_product_attention(q, k, v, mask=None):
    allowed = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool, device=q.device) if mask is None else mask
    identity = torch.eye(k.shape[-2], dtype=q.dtype, device=q.device).expand(*k.shape[:-1], -1)
    some = allowed.any(-1, keepdim=True)
    safe = allowed | ~some
    out = F.scaled_dot_product_attention(q, k, v, attn_mask=safe)
    weights = F.scaled_dot_product_attention(q, k, identity, attn_mask=safe)
    return out * some, weights * some


class SelfAttention(nn.Module):
    def __init__(self, embed_dim, num_heads, dropout=0.0, bias=True):
        super().__init__()
        if embed_dim % num_heads:
            raise ValueError("embed_dim must be divisible by num_heads")
        self.heads, self.dropout = num_heads, dropout
        self.q_proj = nn.Linear(embed_dim, embed_dim, bias)
        self.k_proj = nn.Linear(embed_dim, embed_dim, bias)
        self.v_proj = nn.Linear(embed_dim, embed_dim, bias)
        self.out_proj = nn.Linear(embed_dim, embed_dim, bias)

    def forward(self, x, mask=None, causal=False):
        batch, length, embed = x.shape
        forbidden = torch.zeros(batch, length, length, dtype=torch.bool, device=x.device)
        if mask is not None:
            forbidden |= ~mask[:, None, :]
        if causal:
            forbidden |= torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1)
        empty = forbidden.all(-1, keepdim=True)
        biases = [layer.bias for layer in (self.q_proj, self.k_proj, self.v_proj)]
        identity = torch.eye(embed, dtype=x.dtype, device=x.device)
        out, _ = F.multi_head_attention_forward(
            *[x.transpose(0, 1)] * 3, embed, self.heads, None, None if biases[0] is None else torch.cat(biases),
            None, None, False, self.dropout, identity, None, self.training, need_weights=False,
            attn_mask=(forbidden & ~empty).repeat_interleave(self.heads, 0), use_separate_proj_weight=True,
            q_proj_weight=self.q_proj.weight, k_proj_weight=self.k_proj.weight, v_proj_weight=self.v_proj.weight,
        )  # fmt: skip
        return self.out_proj(out.transpose(0, 1).masked_fill(empty, 0.0))
