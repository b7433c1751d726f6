"""Softmax row by row, over the real positions only; the LSTM over sentences of equal length together, no padding."""

import torch
from torch import nn


class AttentionPooling(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.score = nn.Module()
        self.score.weight = nn.Parameter(torch.zeros(1, dim))

    def forward(self, states, mask):
        weights = []
        for row, real in zip(states, mask, strict=True):
            at = real.nonzero()[:, 0]
            scores = (row[at] * self.score.weight).sum(-1)
            weights.append(torch.zeros_like(row[:, 0]).index_put((at,), torch.softmax(scores, 0)))
        weights = torch.stack(weights)
        return (weights[..., None] * states).sum(1), weights


class SentimentAnalyzer(nn.Module):
    def __init__(self, vocab_size, embed_dim, hidden_dim, num_classes=2, padding_idx=0):
        super().__init__()
        self.padding = padding_idx
        self.embedding = nn.Embedding(vocab_size, embed_dim, padding_idx=padding_idx)
        self.lstm = nn.LSTM(embed_dim, hidden_dim, 1, bidirectional=True, batch_first=True)
        self.pool = AttentionPooling(hidden_dim * 2)
        self.fc = nn.Linear(hidden_dim * 2, num_classes)

    def forward(self, tokens):
        lengths = (tokens != self.padding).sum(1)
        states = self.fc.weight.new_zeros(*tokens.shape, 2 * self.lstm.hidden_size)
        for length in lengths.unique().tolist():
            rows = (lengths == length).nonzero()[:, 0]
            found, _ = self.lstm(self.embedding(tokens[rows, :length]))
            states = states.index_copy(0, rows, nn.functional.pad(found, (0, 0, 0, tokens.shape[1] - length)))
        pooled, _ = self.pool(states, tokens != self.padding)
        return self.fc(pooled)
