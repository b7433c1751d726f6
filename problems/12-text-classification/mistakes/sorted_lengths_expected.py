"""You pack without enforce_sorted=False.

The lengths come in any order, so pack_padded_sequence raises an error as soon as a longer text follows a shorter
one.
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
        packed = nn.utils.rnn.pack_padded_sequence(self.embedding(tokens), lengths.cpu(), batch_first=True)
        outputs, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        # An LSTM that runs forward has not seen the padding yet when it is at the last real token.
        rows = torch.arange(tokens.shape[0], device=tokens.device)
        last = outputs[rows, lengths.to(tokens.device) - 1]  # (B, H)
        return self.fc(last)
