"""Sorted by length, packed, and put back; the result read from the padded output with gather."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class TextClassifier(nn.Module):
    def __init__(self, vocab_size, embed_dim, hidden_dim, num_classes, padding_idx=0):
        super().__init__()
        self.hidden_dim = hidden_dim
        self.embedding = nn.Embedding(vocab_size, embed_dim, padding_idx=padding_idx)
        self.lstm = nn.LSTM(embed_dim, hidden_dim, 1, batch_first=True)
        self.fc = nn.Linear(hidden_dim, num_classes)

    def forward(self, tokens, lengths):
        lengths, order = torch.sort(lengths.to(tokens.device), descending=True)
        packed = pack_padded_sequence(self.embedding(tokens[order]), lengths.cpu(), batch_first=True)
        outputs, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        at = (lengths - 1).view(-1, 1, 1).expand(-1, 1, self.hidden_dim)
        logits = self.fc(outputs.gather(1, at)[:, 0])
        return torch.empty_like(logits).index_copy(0, order, logits)
