"""torch's scaled_dot_product_attention with one query; the LSTM run on sentences of equal length, never on padding."""

import torch
from torch import nn
from torch.nn import functional as F


class AttentionPooling(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.score = nn.Linear(dim, 1, bias=False)

    def forward(self, states, mask):
        some = mask.any(-1, keepdim=True)  # (B, 1)
        safe = (mask | ~some).unsqueeze(1)  # (B, 1, T)
        query = self.score.weight.expand(len(states), -1, -1)  # (B, 1, D)
        identity = torch.eye(states.shape[1], dtype=states.dtype, device=states.device).expand(len(states), -1, -1)
        out = F.scaled_dot_product_attention(query, states, states, attn_mask=safe, scale=1.0)
        weights = F.scaled_dot_product_attention(query, states, identity, attn_mask=safe, scale=1.0)
        return out[:, 0] * some, weights[:, 0] * some


class SentimentAnalyzer(nn.Module):
    def __init__(self, vocab_size, embed_dim, hidden_dim, num_classes=2, padding_idx=0):
        super().__init__()
        self.padding_idx = padding_idx
        self.embedding = nn.Embedding(vocab_size, embed_dim, padding_idx)
        self.lstm = nn.LSTM(embed_dim, hidden_dim, batch_first=True, bidirectional=True)
        self.pool = AttentionPooling(2 * hidden_dim)
        self.fc = nn.Linear(2 * hidden_dim, num_classes)

    def forward(self, tokens):
        lengths, pooled = (tokens != self.padding_idx).sum(1), []
        for length in lengths.unique().tolist():
            states, _ = self.lstm(self.embedding(tokens[lengths == length, :length]))
            pooled.append(self.pool(states, torch.ones_like(states[..., 0], dtype=torch.bool))[0])
        return self.fc(torch.cat(pooled)[lengths.argsort(stable=True).argsort()])
