"""You multiply the scores by the mask.

That makes the padding's score 0, which is not small: exp(0) = 1. A score that gets no weight is minus infinity.
"""

from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class AttentionPooling(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.score = nn.Linear(dim, 1, bias=False)

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        scores = self.score(states).squeeze(-1)  # (B, T, D) -> (B, T)
        scores = scores * mask
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
