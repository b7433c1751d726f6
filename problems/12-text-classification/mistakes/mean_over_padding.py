"""You average the outputs over all columns.

That takes the padding in, and it is not what is asked: the logits come from the hidden state after the last real
token.
"""

from torch import Tensor, nn


class TextClassifier(nn.Module):
    def __init__(self, vocab_size: int, embed_dim: int, hidden_dim: int, num_classes: int, padding_idx: int = 0):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim, padding_idx=padding_idx)  # that row gets no gradient
        self.lstm = nn.LSTM(embed_dim, hidden_dim, batch_first=True)
        self.fc = nn.Linear(hidden_dim, num_classes)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        outputs, _ = self.lstm(self.embedding(tokens))  # (B, T) -> (B, T, E) -> (B, T, H)
        last = outputs.mean(1)
        return self.fc(last)
