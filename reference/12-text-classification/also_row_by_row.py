"""Each text alone, cut to its length; the padding row kept out of the graph by hand."""

import torch
from torch import nn
from torch.nn import functional as F


class Vectors(nn.Module):
    def __init__(self, count, dim, padding_idx):
        super().__init__()
        self.weight = nn.Parameter(0.1 * torch.randn(count, dim))
        self.padding_idx = padding_idx

    def forward(self, tokens):
        vectors = F.embedding(tokens, self.weight)
        return torch.where((tokens == self.padding_idx).unsqueeze(-1), vectors.detach(), vectors)


class TextClassifier(nn.Module):
    def __init__(self, vocab_size, embed_dim, hidden_dim, num_classes, padding_idx=0):
        super().__init__()
        self.fc = nn.Linear(hidden_dim, num_classes)
        self.lstm = nn.LSTM(embed_dim, hidden_dim, batch_first=True)
        self.embedding = Vectors(vocab_size, embed_dim, padding_idx)

    def forward(self, tokens, lengths):
        states = []
        for text, length in zip(tokens, lengths.tolist(), strict=True):
            _, (h, _) = self.lstm(self.embedding(text[:length]).unsqueeze(0))
            states.append(h.flatten())
        return self.fc(torch.stack(states))
