"""Attention pooling with a mask, and a sentiment classifier that pools the states of a bidirectional LSTM."""

import torch
from torch import Tensor, nn


class AttentionPooling(nn.Module):
    """The mean of the states weighed by the softmax of a learned score. Key: score.weight (1, dim); no bias."""

    def __init__(self, dim: int):
        super().__init__()
        raise NotImplementedError

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """states: (B, T, D); mask: (B, T) bool, True at real positions, which may be anywhere.

        Returns the weighted sum (B, D) and the weights (B, T): the softmax of the scores over the real positions, 0
        elsewhere. A row without any real position: weights and sum 0, and no nan in any gradient.
        """
        raise NotImplementedError


class SentimentAnalyzer(nn.Module):
    """Embedding, bidirectional LSTM, attention pooling, linear map.

    Parameters: embedding.weight (vocab_size, embed_dim); lstm.*, those of a one-layer bidirectional nn.LSTM with
    hidden_dim each way; pool.score.weight (1, 2 * hidden_dim); fc.*, a linear map with bias from 2 * hidden_dim to
    num_classes. Nothing else is in the state_dict. The row `padding_idx` of the embedding gets no gradient.
    """

    def __init__(self, vocab_size: int, embed_dim: int, hidden_dim: int, num_classes: int = 2, padding_idx: int = 0):
        super().__init__()
        raise NotImplementedError

    def forward(self, tokens: Tensor) -> Tensor:
        """tokens: (B, T) int64; `padding_idx` only after the end of a sentence, at least one real token a row.

        Returns logits (B, num_classes), which do not depend on the padding.
        """
        raise NotImplementedError


if __name__ == "__main__":
    pool = AttentionPooling(1)
    with torch.no_grad():
        pool.score.weight.fill_(1.0)
    states = torch.tensor([[[0.0], [3.0], [9.0]]]).log1p()  # scores 0, ln 4, ln 10
    print(pool(states, torch.tensor([[True, True, False]])))  # expected: 0.8 ln 4 = 1.1090; weights 0.2, 0.8, 0
    torch.manual_seed(0)
    model = SentimentAnalyzer(vocab_size=10, embed_dim=4, hidden_dim=8)
    print(model(torch.tensor([[5, 2]])))
    print(model(torch.tensor([[5, 2, 0, 0], [1, 9, 3, 4]]))[0])  # the same two numbers
