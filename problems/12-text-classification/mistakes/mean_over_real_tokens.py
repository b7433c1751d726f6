"""You average the outputs over the real tokens.

A sensible model, but another one: the logits come from the hidden state after the last real token.
"""

import torch
from torch import Tensor, nn


class TextClassifier(nn.Module):
    def __init__(self, vocab_size: int, embed_dim: int, hidden_dim: int, num_classes: int, padding_idx: int = 0):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim, padding_idx=padding_idx)  # that row gets no gradient
        self.lstm = nn.LSTM(embed_dim, hidden_dim, batch_first=True)
        self.fc = nn.Linear(hidden_dim, num_classes)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        outputs, _ = self.lstm(self.embedding(tokens))  # (B, T) -> (B, T, E) -> (B, T, H)
        real = torch.arange(tokens.shape[1], device=tokens.device) < lengths.to(tokens.device).unsqueeze(1)
        last = (outputs * real.unsqueeze(-1)).sum(1) / real.sum(1, keepdim=True)
        return self.fc(last)
