"""You read the mask the wrong way round.

True marks the real positions; yours pools over the padding.
"""

import math

from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class AttentionPooling(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.score = nn.Linear(dim, 1, bias=False)

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        mask = ~mask
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
        # Packed, the backward direction starts at each sentence's last word and not in the padding behind it.
        packed = pack_padded_sequence(self.embedding(tokens), mask.sum(1).cpu(), batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=tokens.shape[1])
        pooled, _ = self.pool(states, mask)  # (B, T, 2H) -> (B, 2H)
        return self.fc(pooled)
