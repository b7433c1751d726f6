"""You set the vectors of the padding to 0 and run the LSTM over them.

A step of zeros still changes the state, through the biases and the state itself, and the backward direction begins
with such steps. Pack the sequences.
"""

import math

from torch import Tensor, nn


class AttentionPooling(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.score = nn.Linear(dim, 1, bias=False)

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        scores = self.score(states).squeeze(-1)  # (B, T, D) -> (B, T)
        scores = scores.masked_fill(~mask, -math.inf)
        # A row of -inf only would become nan, forwards and backwards: give it finite scores first, weights of 0 later.
        scores = scores.masked_fill(~mask.any(-1, keepdim=True), 0.0)
        weights = scores.softmax(-1).masked_fill(~mask, 0.0)
        return (weights.unsqueeze(1) @ states).squeeze(1), weights  # (B, 1, T) @ (B, T, D) -> (B, D)


class SentimentAnalyzer(nn.Module):
    def __init__(self, vocab_size: int, embed_dim: int, hidden_dim: int, num_classes: int = 2, padding_idx: int = 0):
        super().__init__()
        self.padding_idx = padding_idx
        self.embedding = nn.Embedding(vocab_size, embed_dim, padding_idx=padding_idx)
        self.lstm = nn.LSTM(embed_dim, hidden_dim, batch_first=True, bidirectional=True)
        self.pool = AttentionPooling(2 * hidden_dim)
        self.fc = nn.Linear(2 * hidden_dim, num_classes)

    def forward(self, tokens: Tensor) -> Tensor:
        mask = tokens != self.padding_idx  # (B, T)
        states, _ = self.lstm(self.embedding(tokens) * mask.unsqueeze(-1))
        pooled, _ = self.pool(states, mask)  # (B, T, 2H) -> (B, 2H)
        return self.fc(pooled)
